//! Owns the one screen about one objective: budget, burn, blame, events, trend, streak, forecast, and the accounting.

use anyhow::Result;
use serde::Serialize;

use super::health::minute;
use super::number::{minutes, percent, rate, short_time};
use super::sheet::paint;
use super::status::{remaining_percent, symbol, tone, values};
use super::{Canvas, Document, Tone};
use crate::domain::achievement::Unlocked;
use crate::domain::budget::{LOOKBACKS, State};
use crate::domain::event::Event;
use crate::domain::instant::{DAY_MS, Instant};
use crate::domain::objective::Objective;
use crate::domain::policy::{Burn, POLICY};
use crate::domain::report::ObjectiveReport;
use crate::domain::snapshot::Snapshot;
use crate::domain::target::WHOLE;

/// Width of the bars.
const BAR: usize = 30;
/// Downtime events shown, the latest ones.
const MOST_EVENTS: usize = 5;
/// Width of the headings.
const HEAD: usize = 11;

/// All that is known of one objective.
pub(crate) struct Portrait {
    pub(crate) objective: Objective,
    pub(crate) report: ObjectiveReport,
    /// Of the window, oldest first.
    pub(crate) events: Vec<Event>,
    /// The last days, oldest first.
    pub(crate) snapshots: Vec<Snapshot>,
    /// Of its system, oldest first.
    pub(crate) achievements: Vec<Unlocked>,
    pub(crate) as_of: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRule {
    rule: String,
    factor: f64,
    budget_percent: i64,
    long: Option<f64>,
    short: Option<f64>,
    burn: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAccounting {
    window_start: String,
    window_end: String,
    unknown_minutes: f64,
    excluded_minutes: f64,
    not_counted_minutes: f64,
    counts_as_down: Vec<&'static str>,
    not_counted: Vec<&'static str>,
    exclude_maintenance_windows: bool,
    dependency_exclusion: &'static str,
    excluded_dependencies: Vec<String>,
}

impl Portrait {
    fn rules(&self) -> impl Iterator<Item = WireRule> {
        let window_ms = self.report.budget.window.millis();
        POLICY.into_iter().map(move |rule| WireRule {
            rule: rule.name(),
            factor: rule.factor(window_ms).to_f64(),
            budget_percent: rule.budget_percent,
            long: self.report.burn_rates[rule.long].value(),
            short: self.report.burn_rates[rule.short].value(),
            burn: rule.judge(&self.report.burn_rates, window_ms).as_str(),
        })
    }

    fn not_counted(&self) -> Vec<&'static str> {
        let not_counted = self.objective.not_counted;
        let parts = [(not_counted.maintenance, "maintenance"), (not_counted.unknown, "unknown")];
        parts.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
    }

    fn counts_as_down(&self) -> Vec<&'static str> {
        self.objective.counts_as_down.iter().map(crate::domain::transition::Status::as_str).collect()
    }

    fn excluded_dependencies(&self) -> Vec<String> {
        self.objective.excluded_dependencies.iter().map(ToString::to_string).collect()
    }
}

/// The screen for programs.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn document(portrait: &Portrait) -> Result<Document> {
    let budget = &portrait.report.budget;
    let mut document = Document::new(portrait.as_of);
    document.set("objective", &values(&portrait.report)?)?;
    document.set("multiwindow", &portrait.rules().collect::<Vec<_>>())?;
    document.set("events", &super::downtime::rows(&portrait.events, portrait.as_of))?;
    document.set("snapshots", &super::trend::rows(&portrait.snapshots))?;
    document.set("achievements", &super::achievements::rows(&portrait.achievements))?;
    document.set(
        "accounting",
        &WireAccounting {
            window_start: budget.window.start.to_string(),
            window_end: budget.window.end.to_string(),
            unknown_minutes: minutes(budget.tally.unknown_ms),
            excluded_minutes: minutes(budget.tally.excluded_ms),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            counts_as_down: portrait.counts_as_down(),
            not_counted: portrait.not_counted(),
            exclude_maintenance_windows: portrait.objective.exclude_maintenance_windows,
            dependency_exclusion: budget.exclusion.as_str(),
            excluded_dependencies: portrait.excluded_dependencies(),
        },
    )?;
    Ok(document)
}

/// The screen for people.
pub(crate) fn text(portrait: &Portrait, canvas: Canvas) -> String {
    let report = &portrait.report;
    let state = paint(&format!("{} {}", symbol(report.state), report.state.as_str()), tone(report.state), canvas);
    let mut screen = Screen { text: String::new(), canvas };
    screen.line(&format!("{}  {state}", paint(report.objective.as_str(), Tone::Strong, canvas)));
    if let Some(title) = &portrait.objective.metadata.title {
        screen.line(title);
    }
    let check = report.healthcheck.as_ref().map_or(String::new(), |check| format!(", check {check}"));
    let target = report.budget.target.percent();
    screen.line(&format!("{target} % of {}{check}, window {}", report.system, report.window_kind));
    screen.line("");
    if report.state == State::NoData {
        screen.part("Budget", vec![format!("{} has not reported anything yet", report.system)]);
    } else {
        screen.part("Budget", budget(portrait, canvas));
        screen.part("Forecast", forecast(portrait));
        screen.part("Burn rate", burn(portrait, canvas));
        screen.part("Blame", blame(portrait, canvas));
        screen.part("Downtime", events(portrait));
        screen.part("Trend", trend(portrait));
        screen.part("Streak", vec![streak(report)]);
        screen.part("Achieved", achieved(portrait));
    }
    screen.part("Accounting", accounting(portrait));
    screen.text
}

struct Screen {
    text: String,
    canvas: Canvas,
}

impl Screen {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// A heading with lines beside it; nothing when there are none.
    fn part(&mut self, head: &str, lines: Vec<String>) {
        for (index, line) in lines.into_iter().enumerate() {
            let head = format!("{:<HEAD$}", if index == 0 { head } else { "" });
            let head = if index == 0 { paint(&head, Tone::Faint, self.canvas) } else { head };
            self.line(&format!("{head}{line}"));
        }
    }
}

fn budget(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let budget = &portrait.report.budget;
    let left = remaining_percent(budget);
    let filled = ((left / 100.0 * BAR as f64) as usize).max(usize::from(left > 0.0)).min(BAR);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    let bar = paint(&bar, tone(portrait.report.state), canvas);
    let whole = |scaled: i128| short_time((scaled / i128::from(WHOLE)) as i64);
    let rest = if budget.is_breaching() {
        format!("overspent by {}", whole(budget.overspent()))
    } else {
        format!("{:.0} % left, {}", left.floor(), whole(budget.remaining()))
    };
    let length = i128::from(budget.elapsed_length_ms());
    let available = |down: i64| percent(length - i128::from(down), length, 4);
    vec![
        format!("{bar}  {rest} of {}", whole(budget.total())),
        format!("available {} %, strictly {} %", available(budget.consumed_ms()), available(budget.tally.strict_ms())),
        format!(
            "{} of the budget consumed, {} of downtime in all; tier {}",
            short_time(budget.consumed_ms()),
            short_time(budget.tally.strict_ms()),
            portrait.report.tier.as_str(),
        ),
    ]
}

fn forecast(portrait: &Portrait) -> Vec<String> {
    let forecast = portrait.report.forecast;
    let until = |at: Instant| format!("{} (in {})", minute(at), short_time(at.since(portrait.as_of)));
    let mut lines = Vec::new();
    lines.extend(forecast.exhausted_at.map(|at| format!("if it stays down, spent at {}", until(at))));
    lines.extend(forecast.recovers_at.map(|at| format!("if it stays up, within budget again {}", until(at))));
    lines.extend(forecast.full_at.map(|at| format!("if it stays up, the budget is whole again {}", until(at))));
    lines
}

fn burn(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let rates = LOOKBACKS.iter().zip(&report.burn_rates);
    let mut parts: Vec<String> = rates.map(|((name, _), burn)| format!("{name} {}", rate(burn.value()))).collect();
    parts.push(format!("window {}", rate(report.burn_rate.value())));
    let mut lines = vec![parts.join(" · ")];
    let window_ms = report.budget.window.millis();
    for rule in POLICY {
        let verdict = rule.judge(&report.burn_rates, window_ms);
        let tone = match verdict {
            Burn::Critical => Tone::Bad,
            Burn::Increasing | Burn::Recovering => Tone::Warning,
            Burn::Acceptable => Tone::Good,
        };
        let [long, short] = [rule.long, rule.short].map(|index| rate(report.burn_rates[index].value()));
        let limit = rate(Some(rule.factor(window_ms).to_f64()));
        let (over, under) = (LOOKBACKS[rule.long].0, LOOKBACKS[rule.short].0);
        lines.push(format!(
            "{over:>3} {long:>5}, {under:>3} {short:>5}, limit {limit:>4}: {}",
            paint(verdict.as_str(), tone, canvas),
        ));
    }
    lines
}

/// Whose the downtime is, as a stacked bar with its legend.
fn blame(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let excluded = report.budget.tally.excluded_ms;
    let whole: i64 = report.attribution.iter().map(|(_, millis)| millis).sum::<i64>() + excluded;
    if whole == 0 {
        return vec!["no downtime in the window".to_owned()];
    }
    let mut parts: Vec<(String, i64, &str)> = Vec::new();
    let mut upstream_marks = ["▓", "▒", "▚", "▞"].into_iter().cycle();
    for (system, millis) in &report.attribution {
        match system {
            None => parts.push(("itself".to_owned(), *millis, "█")),
            Some(system) => parts.push((system.to_string(), *millis, upstream_marks.next().unwrap_or("▓"))),
        }
    }
    if excluded > 0 {
        parts.push(("maintenance (excluded)".to_owned(), excluded, "░"));
    }
    let (mut bar, mut legend, mut passed, mut drawn) = (String::new(), Vec::new(), 0, 0);
    for (name, millis, mark) in parts {
        passed += millis;
        let end = (i128::from(passed) * BAR as i128 / i128::from(whole)) as usize;
        // Everything there is shows, if only as one mark, as long as there is room.
        let end = end.max(drawn + 1).min(BAR);
        bar.push_str(&mark.repeat(end.saturating_sub(drawn)));
        drawn = end.max(drawn);
        legend.push(format!("{mark} {name} {}", short_time(millis)));
    }
    vec![paint(&bar, Tone::Plain, canvas), legend.join("  ")]
}

fn events(portrait: &Portrait) -> Vec<String> {
    let events = &portrait.events;
    let mut lines: Vec<String> = events
        .iter()
        .rev()
        .take(MOST_EVENTS)
        .map(|event| {
            let lasted = short_time(event.span(portrait.as_of).millis());
            let open = if event.end.is_none() { " and goes on" } else { "" };
            let whose = event.upstream.as_ref().map_or("itself", |name| name.as_str());
            format!("{}  lasted {lasted:>5}{open}, because of {whose} ({})", minute(event.start), event.source.as_str())
        })
        .collect();
    if events.len() > MOST_EVENTS {
        let name = &portrait.report.objective;
        let more = events.len() - MOST_EVENTS;
        lines.push(format!("… and {more} more in the window: `slo downtime {name}`"));
    }
    lines
}

/// What was left of the budget, day by day.
fn trend(portrait: &Portrait) -> Vec<String> {
    const MARKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let (Some(first), Some(last)) = (portrait.snapshots.first(), portrait.snapshots.last()) else { return Vec::new() };
    let line: String = portrait
        .snapshots
        .iter()
        .map(|snapshot| MARKS[((remaining_percent(&snapshot.budget) / 100.0 * 7.0) as usize).min(7)])
        .collect();
    let day = |snapshot: &Snapshot| snapshot.at.plus(-DAY_MS).to_chrono().format("%m-%d").to_string();
    vec![format!("{line}  budget left, {} to {}", day(first), day(last))]
}

fn streak(report: &ObjectiveReport) -> String {
    let streak = &report.streak;
    let date = |at: Instant| at.to_chrono().format("%Y-%m-%d").to_string();
    let since = streak.start.map_or(String::new(), |start| format!(" since {}", date(start)));
    let best = match streak.best_end {
        Some(end) => format!(", best {} days, ended {}", streak.best, date(end)),
        None if streak.best > 0 => ", the best so far".to_owned(),
        None => String::new(),
    };
    format!("{} days{since}{best}", streak.current)
}

/// What its system has achieved, oldest first.
fn achieved(portrait: &Portrait) -> Vec<String> {
    let day = |at: Instant| at.to_chrono().format("%Y-%m-%d").to_string();
    let text = |unlocked: &Unlocked| format!("{} {}", unlocked.achievement.as_str(), day(unlocked.unlocked_at));
    portrait.achievements.chunks(3).map(|some| some.iter().map(text).collect::<Vec<_>>().join(" · ")).collect()
}

/// What was counted and what was not, and why.
fn accounting(portrait: &Portrait) -> Vec<String> {
    let (report, objective) = (&portrait.report, &portrait.objective);
    let budget = &report.budget;
    let tally = &budget.tally;
    let elapsed = budget.elapsed.millis();
    let known = i128::from(elapsed - tally.unknown_ms);
    let mut lines = vec![
        format!(
            "from {} to {}, as of {}",
            minute(budget.window.start),
            minute(budget.window.end),
            minute(portrait.as_of)
        ),
        format!(
            "status known {} % of the time, unknown {}",
            percent(known, i128::from(elapsed), 1),
            short_time(tally.unknown_ms)
        ),
        if objective.exclude_maintenance_windows || objective.not_counted.maintenance {
            format!("downtime excluded by maintenance: {}", short_time(tally.excluded_ms))
        } else {
            "maintenance does not excuse downtime of this objective".to_owned()
        },
        match portrait.not_counted()[..] {
            [] => "all time counts into the window's length".to_owned(),
            [..] => {
                let what = portrait.not_counted().join(" and ");
                format!("taken out of the window's length ({what}): {}", short_time(tally.not_counted_ms))
            }
        },
    ];
    let mode = match budget.exclusion {
        crate::domain::objective::DependencyExclusion::Strict => "strict: all downtime spends the budget",
        crate::domain::objective::DependencyExclusion::SelfOnly => {
            "self-only: downtime that belongs to an upstream is free"
        }
    };
    lines.push(format!("down is {}; {mode}", portrait.counts_as_down().join(" or ")));
    let excluded = portrait.excluded_dependencies();
    if !excluded.is_empty() {
        lines.push(format!("never an excuse: {}", excluded.join(", ")));
    }
    lines
}
