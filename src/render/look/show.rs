//! Owns the screen about one objective: the answer first, then its outages, days, rates, and the accounting.

mod accounting;
mod answer;
mod drawing;
mod outages;
mod rates;
mod wire;

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::Result;

use super::status::{symbol, tone};
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::objective::Objective;
use crate::domain::account::weights::{FULL, written};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::balance::State;
use crate::domain::budget::latest::Latest;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::one_line;
use crate::render::form::lines::{broken, flow, push_wrapped};
use crate::render::form::moment::{day, minute};
use crate::render::form::sheet::paint;
use crate::render::{Canvas, Tone};
use drawing::{blame, columns, timeline, trend};
pub(crate) use outages::Outages;
use outages::Seen;

pub(crate) use wire::document;

/// Width of the bars.
const BAR: usize = 30;
/// Downtime events shown, the latest ones.
const MOST_EVENTS: usize = 5;
/// Width of the headings.
const HEAD: usize = 11;

/// Everything about one objective.
pub(crate) struct Portrait {
    pub(crate) objective: Objective,
    pub(crate) report: ObjectiveReport,
    /// Those that affect its input within the window up to `as_of`; sorted by name.
    pub(crate) corrections: Vec<DeclaredCorrection>,
    /// Outages with a charge in the window, oldest first.
    pub(crate) outages: Rc<Outages>,
    /// The ongoing outage, else the last one charged.
    pub(crate) latest: Option<Latest>,
    /// The last days, oldest first.
    pub(crate) snapshots: Vec<Snapshot>,
    /// Of its system, oldest first.
    pub(crate) achievements: Vec<Unlocked>,
    pub(crate) as_of: Instant,
}

impl Portrait {
    /// The hours that count; empty if all do.
    fn schedule(&self) -> Vec<String> {
        self.objective.schedule.shifts().iter().map(ToString::to_string).collect()
    }

    /// What reduces the length of the window.
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

    /// The statuses that count as down, e.g. `degraded at 0.5`.
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

pub(crate) fn text(portrait: &Portrait, canvas: Canvas) -> Result<String> {
    let seen = Seen::of(portrait, columns(canvas))?;
    let report = &portrait.report;
    let state = paint(&format!("{} {}", symbol(report.state), report.state.as_str()), tone(report.state), canvas);
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
    screen.line(&format!("{target}% of {}{check}, window {}", report.system, report.window_kind));
    screen.line("");
    if report.state == State::NoData {
        screen.part("Now", vec![format!("{} has not reported anything yet", report.system)]);
    } else {
        screen.part("Now", vec![answer::now(portrait)]);
        screen.part("Cause", answer::cause(portrait));
        screen.part("Notes", answer::notes(portrait));
        screen.part("Planned", answer::planned(portrait));
        screen.part("Budget", answer::budget(portrait, canvas));
        screen.part("Forecast", answer::forecast(portrait, &seen));
        screen.line("");
        screen.part("Downtime", [timeline(portrait, &seen, canvas), events(portrait, &seen)].concat());
        screen.part("Causes", blame(portrait, canvas));
        screen.part("Trend", trend(portrait, canvas));
        screen.part("Streak", vec![streak(report)]);
        screen.part("Achieved", achieved(portrait, canvas));
        screen.line("");
        screen.part("Burn rate", rates::burn(portrait, canvas));
    }
    screen.part("Accounting", accounting::accounting(portrait));
    Ok(screen.text)
}

/// The screen as a block of markdown.
pub(crate) fn markdown(portrait: &Portrait, canvas: Canvas) -> Result<String> {
    Ok(crate::render::form::markdown::block("text", &text(portrait, canvas)?))
}

/// The columns beside the headings.
fn beside(canvas: Canvas) -> usize {
    canvas.width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(HEAD))
}

struct Screen {
    text: String,
    canvas: Canvas,
}

impl Screen {
    fn line(&mut self, text: &str) {
        push_wrapped(&mut self.text, text, self.canvas.width.map_or(usize::MAX, usize::from));
    }

    /// A heading with lines beside it; nothing without lines.
    fn part(&mut self, head: &str, lines: Vec<String>) {
        let room = beside(self.canvas);
        for (index, line) in lines.into_iter().enumerate() {
            let head = format!("{:<HEAD$}", if index == 0 { head } else { "" });
            let head = if index == 0 { paint(&head, Tone::Faint, self.canvas) } else { head };
            for (place, part) in broken(&line, room, 2).into_iter().enumerate() {
                let before = if place == 0 { head.clone() } else { format!("{:HEAD$}  ", "") };
                self.text.push_str(format!("{before}{part}").trim_end());
                self.text.push('\n');
            }
        }
    }
}

fn events(portrait: &Portrait, seen: &Seen) -> Vec<String> {
    let mut lines: Vec<String> = seen
        .last
        .iter()
        .rev()
        .map(|event| {
            let lasted = super::downtime::lasted(event, portrait.as_of);
            let lasted = match event.end {
                Some(_) => format!("down {lasted:>5}"),
                None => format!("down {lasted} so far"),
            };
            let cause = event.upstream.as_ref().map_or("self", |name| name.as_str());
            format!("{}  {lasted}, cause: {cause} ({})", minute(event.start), event.source.as_str())
        })
        .collect();
    if seen.events > MOST_EVENTS {
        let name = &portrait.report.objective;
        let more = seen.events - MOST_EVENTS;
        lines.push(format!("… and {more} more in the window: `slo downtime {name}`"));
    }
    lines
}

fn streak(report: &ObjectiveReport) -> String {
    let streak = &report.streak;
    let date = |at: Instant| report.window_kind.calendar().date(at);
    let since = streak.start.map_or(String::new(), |start| format!(" since {}", date(start.plus(-1))));
    let best = match streak.best_end {
        Some(end) => format!(", best {} days, ended {}", streak.best, date(end.plus(-1))),
        None if streak.best > 0 => ", the best so far".to_owned(),
        None => String::new(),
    };
    format!("{} days{since}{best}", streak.current)
}

/// The achievements of its system, oldest first.
fn achieved(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let text = |unlocked: &Unlocked| format!("{} {}", unlocked.achievement.as_str(), day(unlocked.unlocked_at));
    let pairs = portrait.achievements.chunks(2);
    pairs.flat_map(|some| flow(some.iter().map(text).collect(), " · ", beside(canvas))).collect()
}
