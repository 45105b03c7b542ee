//! Owns the one screen about one objective: budget, burn, blame, events, trend, streak, forecast, and the accounting.

mod accounting;
mod drawing;

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::down::standing;
use super::forecast::{next_period, overspending};
use super::health::minute;
use super::number::{down_minutes, minutes, percent, rate, short_down, short_time};
use super::sheet::paint;
use super::status::{remaining_percent, symbol, tone, values};
use super::{Canvas, Document, Tone};
use crate::domain::account::objective::Objective;
use crate::domain::account::outage::{Event, Outage};
use crate::domain::account::weights::{FULL, written};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::balance::{LOOKBACKS, SCALED_MS, State};
use crate::domain::budget::policy::{Burn, POLICY};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::one_line;
use accounting::accounting;
use drawing::{blame, timeline, trend};

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
    /// Those of which something is charged in the window, oldest first.
    pub(crate) outages: Vec<Outage>,
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
    weights: BTreeMap<&'static str, f64>,
    schedule: Vec<String>,
    not_counted: Vec<&'static str>,
    exclude_maintenance_windows: bool,
    dependency_exclusion: &'static str,
    excluded_dependencies: Vec<String>,
}

impl Portrait {
    fn rules(&self) -> impl Iterator<Item = WireRule> {
        let nominal_ms = self.report.window_kind.nominal_ms();
        POLICY.into_iter().map(move |rule| WireRule {
            rule: rule.name(),
            factor: rule.factor(nominal_ms),
            budget_percent: rule.budget_percent,
            long: self.report.burn_rates[rule.long].value(),
            short: self.report.burn_rates[rule.short].value(),
            burn: rule.judge(&self.report.burn_rates, nominal_ms).as_str(),
        })
    }

    /// The charged parts of outages, oldest first.
    fn events(&self) -> Vec<&Event> {
        self.outages.iter().flat_map(|outage| &outage.events).collect()
    }

    /// The hours that are counted; none: all of them.
    fn schedule(&self) -> Vec<String> {
        self.objective.schedule.shifts().iter().map(ToString::to_string).collect()
    }

    /// What takes time out of the window's length.
    fn leaves(&self) -> Vec<&'static str> {
        let outside = (!self.objective.schedule.is_always()).then_some("outside the schedule");
        self.not_counted().into_iter().chain(outside).collect()
    }

    fn not_counted(&self) -> Vec<&'static str> {
        let not_counted = self.objective.not_counted;
        let parts = [(not_counted.maintenance, "maintenance"), (not_counted.unknown, "unknown")];
        parts.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
    }

    fn counts_as_down(&self) -> Vec<&'static str> {
        self.objective.counts_as_down.iter().map(|(status, _)| status.as_str()).collect()
    }

    /// The weights of the statuses that count as down.
    fn weights(&self) -> BTreeMap<&'static str, f64> {
        let each = self.objective.counts_as_down.iter();
        each.map(|(status, weight)| (status.as_str(), weight as f64 / FULL as f64)).collect()
    }

    /// The statuses that count as down: `degraded at 0.5`.
    fn weighted(&self) -> Vec<String> {
        let word = |(status, weight): (Status, i64)| match weight {
            FULL => status.to_string(),
            weight => format!("{status} at {}", written(weight)),
        };
        self.objective.counts_as_down.iter().map(word).collect()
    }

    fn excluded_dependencies(&self) -> Vec<String> {
        self.objective.excluded_dependencies.iter().map(ToString::to_string).collect()
    }
}

/// The screen for programs.
pub(crate) fn document(portrait: &Portrait) -> Result<Document> {
    let budget = &portrait.report.budget;
    let mut document = Document::new(portrait.as_of);
    document.set("objective", &values(&portrait.report)?)?;
    document.set("multiwindow", &portrait.rules().collect::<Vec<_>>())?;
    document.set("events", &super::downtime::rows(&portrait.outages, portrait.as_of))?;
    document.set("snapshots", &super::trend::rows(&portrait.snapshots))?;
    document.set("achievements", &super::achievements::rows(&portrait.achievements))?;
    document.set(
        "accounting",
        &WireAccounting {
            window_start: budget.window.start.to_string(),
            window_end: budget.window.end.to_string(),
            unknown_minutes: minutes(budget.tally.unknown_ms),
            excluded_minutes: down_minutes(budget.tally.excluded_us),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            counts_as_down: portrait.counts_as_down(),
            weights: portrait.weights(),
            schedule: portrait.schedule(),
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
    let state = paint(&format!("{} {}", symbol(report.state), standing(report)), tone(report.state), canvas);
    let mut screen = Screen { text: String::new(), canvas };
    screen.line(&format!("{}  {state}", paint(report.objective.as_str(), Tone::Strong, canvas)));
    if let Some(title) = &portrait.objective.metadata.title {
        screen.line(&one_line(title));
    }
    if report.orphaned {
        screen.line("orphaned: no longer declared in its set; active until `slo apply --prune`");
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
        screen.part("Causes", blame(portrait, canvas));
        screen.part("Downtime", [timeline(portrait, canvas), events(portrait)].concat());
        screen.part("Trend", trend(portrait, canvas));
        screen.part("Streak", vec![streak(report)]);
        screen.part("Achieved", achieved(portrait));
    }
    screen.part("Accounting", accounting(portrait));
    screen.text
}

/// The screen as a block of markdown.
pub(crate) fn markdown(portrait: &Portrait, canvas: Canvas) -> String {
    super::markdown::block("text", &text(portrait, canvas))
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
            let room = self.canvas.width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(HEAD));
            let mut broken = broken(&line, room).into_iter();
            self.line(&format!("{head}{}", broken.next().unwrap_or_default()));
            for rest in broken {
                self.line(&format!("{:HEAD$}  {rest}", ""));
            }
        }
    }
}

/// A line in parts that are no wider than the room where it has spaces to break at; all but the first leave two columns.
fn broken(line: &str, room: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let width = visible_width(word.trim_end());
        if used > 0 && used + width > room {
            parts.push(String::new());
            used = 2;
        }
        if let Some(part) = parts.last_mut() {
            part.push_str(word);
        }
        used += width + word.len() - word.trim_end().len();
    }
    parts
}

/// The columns that a text takes; what colours it takes none.
fn visible_width(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width())).sum::<usize>()
}

fn budget(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let budget = &portrait.report.budget;
    let left = remaining_percent(budget);
    let filled = ((left / 100.0 * BAR as f64) as usize).max(usize::from(left > 0.0)).min(BAR);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    let bar = paint(&bar, tone(portrait.report.state), canvas);
    let whole = |scaled: i128| short_time((scaled / SCALED_MS) as i64);
    let rest = if budget.is_breaching() {
        format!("overspent by {}", whole(budget.overspent()))
    } else {
        format!("{:.0} % left, {}", left.floor(), whole(budget.remaining()))
    };
    let available = |down_us: i64| {
        let (part, whole) = budget.available(down_us);
        percent(part, whole, 4)
    };
    vec![
        format!("{bar}  {rest} of {}", whole(budget.total())),
        format!("available {} %, strictly {} %", available(budget.consumed_us()), available(budget.tally.strict_us())),
        format!(
            "{} of the budget consumed, {} of downtime in all; tier {}",
            short_down(budget.consumed_us()),
            short_down(budget.tally.strict_us()),
            portrait.report.tier.as_str(),
        ),
    ]
}

fn forecast(portrait: &Portrait) -> Vec<String> {
    let report = &portrait.report;
    let forecast = report.forecast;
    let until = |at: Instant| format!("in {}, at {}", short_time(at.since(portrait.as_of)), minute(at));
    let leaves =
        |at: Instant| {
            // What leaves the window then is what lies at its start.
            let start = at.plus(-portrait.report.budget.window.millis());
            let leaving = |outage: &&Outage| outage.start < start && outage.end.is_none_or(|end| start <= end);
            portrait.outages.iter().find(leaving).map_or(String::new(), |outage| {
                format!(", when the outage of {} leaves the window", minute(outage.start))
            })
        };
    // While it is down, what ends its downtime is maintenance.
    let then = if report.has_open_downtime() { "if nothing else happens" } else { "if it stays up" };
    let mut lines = Vec::new();
    lines.extend(overspending(report).map(|words| format!("if it stays down, {words}")));
    lines.extend(forecast.exhausted_at.map(|at| format!("if it stays down, spent {}", until(at))));
    lines.extend(forecast.recovers_at.map(|at| format!("{then}, stops breaching {}{}", until(at), leaves(at))));
    lines.extend(forecast.full_at.map(|at| format!("{then}, fully restored {}{}", until(at), leaves(at))));
    lines.extend(next_period(report).map(|at| format!("a new period begins {} UTC, with a full budget", until(at))));
    if lines.is_empty() {
        lines.push("no change expected".to_owned());
    }
    lines
}

fn burn(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let rates = LOOKBACKS.iter().zip(&report.burn_rates);
    let mut parts: Vec<String> = rates.map(|((name, _), burn)| format!("{name} {}", rate(burn.value()))).collect();
    parts.push(format!("window {}", rate(report.burn_rate.value())));
    let mut lines = vec![parts.join(" · ")];
    let nominal_ms = report.window_kind.nominal_ms();
    for rule in POLICY {
        let verdict = rule.judge(&report.burn_rates, nominal_ms);
        let tone = match verdict {
            Burn::Critical => Tone::Bad,
            Burn::Increasing | Burn::Recovering => Tone::Warning,
            Burn::Acceptable => Tone::Good,
        };
        let [long, short] = [rule.long, rule.short].map(|index| rate(report.burn_rates[index].value()));
        let limit = format!("{:.1}", (rule.short_factor(nominal_ms).to_f64() * 10.0).floor() / 10.0);
        let (over, under) = (LOOKBACKS[rule.long].0, LOOKBACKS[rule.short].0);
        let meaning = match verdict {
            Burn::Critical => "both over",
            Burn::Increasing => "only the short one over",
            Burn::Recovering => "only the long one over",
            Burn::Acceptable => "both under",
        };
        lines.push(format!(
            "{over:>3} {long:>5}, {under:>3} {short:>5}, limit {limit:>5}: {}, {meaning}",
            paint(verdict.as_str(), tone, canvas),
        ));
    }
    lines
}

fn events(portrait: &Portrait) -> Vec<String> {
    let events = portrait.events();
    let mut lines: Vec<String> = events
        .iter()
        .rev()
        .take(MOST_EVENTS)
        .map(|event| {
            let lasted = super::downtime::lasted(event, portrait.as_of);
            let lasted = match event.end {
                Some(_) => format!("lasted {lasted:>5}"),
                None => format!("ongoing, {lasted} so far"),
            };
            let cause = event.upstream.as_ref().map_or("self", |name| name.as_str());
            format!("{}  {lasted}, cause: {cause} ({})", minute(event.start), event.source.as_str())
        })
        .collect();
    if events.len() > MOST_EVENTS {
        let name = &portrait.report.objective;
        let more = events.len() - MOST_EVENTS;
        lines.push(format!("… and {more} more in the window: `slo downtime {name}`"));
    }
    lines
}

fn streak(report: &ObjectiveReport) -> String {
    let streak = &report.streak;
    let date = |at: Instant| report.window_kind.calendar().date(at);
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
    let date = |at: Instant| at.to_chrono().format("%Y-%m-%d").to_string();
    let text = |unlocked: &Unlocked| format!("{} {}", unlocked.achievement.as_str(), date(unlocked.unlocked_at));
    portrait.achievements.chunks(2).map(|some| some.iter().map(text).collect::<Vec<_>>().join(" · ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_colours_take_no_room() {
        assert_eq!(broken("one two three", 7), ["one two ", "three"]);
        assert_eq!(broken("one two three", 13), ["one two three"]);
        assert_eq!(broken("\u{1b}[31mone\u{1b}[0m two", 7), ["\u{1b}[31mone\u{1b}[0m two"]);
        assert_eq!(broken("   aligned", 4), ["   ", "aligned"]);
        assert_eq!(visible_width("\u{1b}[1;31m✖ bad\u{1b}[0m"), 5);
    }
}
