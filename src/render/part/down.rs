//! Owns how being down now looks, in any state: a sign, and since when.

use crate::domain::budget::balance::State;
use crate::domain::budget::report::{Down, Excuse, ObjectiveReport};
use crate::domain::value::instant::Instant;
use crate::render::form::moment::{clock, minute, zoned};
use crate::render::form::number::short_time;
use crate::render::{Cell, Tone};

/// Down, spending the budget.
pub(in crate::render) const DOWN: &str = "▼";
/// Down, without spending the budget.
const FREE: &str = "▽";
/// The most objectives named below the table.
const MOST_NAMED: usize = 3;

/// The width of an objective's cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum Room {
    /// For the time without a sign.
    Little,
    Some,
    /// For the full time.
    All,
}

/// The cell of an objective: empty if it is not down.
pub(in crate::render) fn down_cell(report: &ObjectiveReport, room: Room) -> Cell {
    let Some(down) = &report.down else { return Cell::default() };
    let since = if room == Room::All { minute(down.since) } else { clock(down.since, as_of(report)) };
    match down.excuse {
        None if room == Room::Little => Cell::toned(since, Tone::Bad),
        None => Cell::toned(format!("{DOWN} {since}"), Tone::Bad),
        Some(_) => Cell::toned(format!("{FREE} {since}"), Tone::Faint),
    }
}

fn as_of(report: &ObjectiveReport) -> Instant {
    report.budget.elapsed.end
}

/// `down since 2026-11-20 13:41 UTC`, and why it spends no budget if it does not; `None` if the objective is not down.
pub(in crate::render) fn in_words(report: &ObjectiveReport) -> Option<String> {
    let down = report.down.as_ref()?;
    let why = match &down.excuse {
        None => String::new(),
        Some(Excuse::Maintenance) => ", excused by maintenance".to_owned(),
        Some(Excuse::Schedule) => ", outside its schedule: spends no budget".to_owned(),
        Some(Excuse::TooShort) => ", too short to count so far".to_owned(),
        Some(Excuse::Upstream(name)) => format!(", caused by {name}: spends no budget"),
    };
    Some(format!("down since {}{why}", zoned(down.since)))
}

/// An objective's state, and since when it is down, in any state.
pub(in crate::render) fn standing(report: &ObjectiveReport) -> String {
    match (in_words(report), report.state) {
        (Some(down), State::Down) => down,
        (Some(down), state) => format!("{}, {down}", state.as_str()),
        (None, state) => state.as_str().to_owned(),
    }
}

/// The objectives that are down now, or were at the close of what is over, since when and for how long: a line for
/// those that spend budget and one for the others.
pub(in crate::render) fn down_now<'r>(
    reports: impl IntoIterator<Item = &'r ObjectiveReport>,
    is_over: bool,
) -> Vec<String> {
    let (counted, free): (Vec<_>, Vec<_>) = reports
        .into_iter()
        .filter_map(|report| Some((report, report.down.as_ref()?)))
        .partition(|(_, down)| down.excuse.is_none());
    let named = |(report, down): &(&ObjectiveReport, &Down)| {
        let why = match &down.excuse {
            None => short_time(as_of(report).since(down.since)),
            Some(Excuse::Maintenance) => "maintenance".to_owned(),
            Some(Excuse::Schedule) => "outside schedule".to_owned(),
            Some(Excuse::TooShort) => "too short so far".to_owned(),
            Some(Excuse::Upstream(name)) => format!("upstream {name}"),
        };
        format!("{} since {} ({why})", report.objective, zoned(down.since))
    };
    let line = |head: String, down: Vec<(&ObjectiveReport, &Down)>| {
        let mut names: Vec<String> = down.iter().take(MOST_NAMED).map(named).collect();
        if down.len() > MOST_NAMED {
            names.push(format!("{} more", down.len() - MOST_NAMED));
        }
        (!names.is_empty()).then(|| format!("{head}: {}", names.join(", ")))
    };
    let head = if is_over { "down at the close" } else { "down now" };
    let lines = [line(format!("{DOWN} {head}"), counted), line(format!("{FREE} down, spends no budget"), free)];
    lines.into_iter().flatten().collect()
}
