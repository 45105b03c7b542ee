//! Owns the first part of `slo show`: whether it is down and since when, why, the notes, whether it was planned, and
//! the budget left.

use super::outages::Seen;
use super::{BAR, Portrait};
use crate::domain::budget::latest::Note;
use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::Canvas;
use crate::render::form::moment::{minute, range, zoned};
use crate::render::form::number::{short_down, short_scaled, short_time, signed_percent};
use crate::render::form::sheet::paint;
use crate::render::look::health::ago;
use crate::render::look::status::{remaining_percent, tone};
use crate::render::part::forecast::{next_period, overspending};
use crate::render::part::{down, maintenance};

/// Notes shown, the last ones.
const MOST_NOTES: usize = 3;

/// Whether it is down now, and since when; else when it was last down.
pub(super) fn now(portrait: &Portrait) -> String {
    let report = &portrait.report;
    if let (Some(down), Some(words)) = (&report.down, down::in_words(report)) {
        return format!("{words}; {} so far", short_time(portrait.as_of.since(down.since)));
    }
    let status = if report.known_now {
        "up".to_owned()
    } else {
        let last = report.data_age_ms().map_or("no data yet".to_owned(), |age| format!("last data {}", ago(Some(age))));
        format!("status unknown, {last}")
    };
    match &portrait.latest {
        Some(latest) => {
            let span = latest.outage.span(portrait.as_of);
            format!("{status}; last outage from {}, {}", range(span), short_time(span.millis()))
        }
        None => format!("{status}; no outage in the window"),
    }
}

/// Who is charged for the latest outage; empty if nobody is.
pub(super) fn cause(portrait: &Portrait) -> Vec<String> {
    let Some(latest) = &portrait.latest else { return Vec::new() };
    let causes: Vec<&str> =
        latest.outage.causes.iter().map(|cause| cause.as_ref().map_or("self", Name::as_str)).collect();
    let sources: Vec<&str> = latest.outage.sources.iter().copied().map(Source::as_str).collect();
    if causes.is_empty() { Vec::new() } else { vec![format!("{} ({})", causes.join(" and "), sources.join(" and "))] }
}

/// The notes of the latest outage, the last ones.
pub(super) fn notes(portrait: &Portrait) -> Vec<String> {
    let notes = portrait.latest.as_ref().map_or(&[][..], |latest| &latest.notes);
    let line = |note: &Note| {
        let whose = if note.system == portrait.report.system { String::new() } else { format!("{}: ", note.system) };
        let often = if note.count > 1 { format!(" ({} times)", note.count) } else { String::new() };
        format!("{}  {whose}{}{often}", minute(note.last), one_line(&note.text))
    };
    let hidden = notes.len().saturating_sub(MOST_NOTES);
    let earlier = format!("and {hidden} earlier: `slo history {}`", portrait.report.system);
    let shown = notes[hidden..].iter().rev().map(line);
    shown.chain((hidden > 0).then_some(earlier)).collect()
}

/// Whether the latest outage was planned, and which maintenance is active now.
pub(super) fn planned(portrait: &Portrait) -> Vec<String> {
    let report = &portrait.report;
    let in_force = report.maintenance.as_ref().map(maintenance::in_words);
    let names = portrait.latest.as_ref().map(|latest| &latest.outage.circumstances.maintenance);
    let answer = match (in_force, names.map(Vec::as_slice)) {
        (Some(open), _) if report.has_open_downtime() => format!("yes: {open}; still spends the budget"),
        (Some(open), _) if report.down.is_some() => format!("yes: {open}"),
        (Some(open), _) => format!("in {open}"),
        (None, Some(_)) => over(portrait),
        (None, None) => return Vec::new(),
    };
    vec![answer]
}

/// Whether the latest outage was planned, if no maintenance is active.
fn over(portrait: &Portrait) -> String {
    let Some(outage) = portrait.latest.as_ref().map(|latest| &latest.outage) else { return "no".to_owned() };
    let known = &outage.circumstances;
    if known.maintenance.is_empty() {
        return "no".to_owned();
    }
    let names = known.maintenance.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let lasted = outage.span(portrait.as_of).millis();
    let effect = match &portrait.objective {
        objective if objective.exclude_maintenance_windows => "excused",
        objective if objective.not_counted.maintenance => "not counted",
        _ => "not excused",
    };
    if known.planned_ms < lasted {
        format!("{} of {}: maintenance {names}; {effect}", short_time(known.planned_ms), short_time(lasted))
    } else {
        format!("yes: maintenance {names}; {effect}")
    }
}

pub(super) fn budget(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let budget = &portrait.report.budget;
    let left = remaining_percent(budget);
    let filled = ((left / 100.0 * BAR as f64) as usize).max(usize::from(left > 0.0)).min(BAR);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    let bar = paint(&bar, tone(portrait.report.state), canvas);
    let rest = if budget.is_breaching() {
        format!("overspent by {}; the budget is {}", short_scaled(budget.overspent()), short_scaled(budget.total()))
    } else {
        format!("{:.0}% left, {} of {}", left.floor(), short_scaled(budget.remaining()), short_scaled(budget.total()))
    };
    let available = |down_us: i64| {
        let (part, whole) = budget.available(down_us);
        signed_percent(part, whole, 4)
    };
    vec![
        format!("{bar}  {rest}"),
        format!("available {}, strict {}", available(budget.consumed_us()), available(budget.tally.strict_us())),
        format!(
            "{} consumed, {} of downtime in all; tier {}",
            short_down(budget.consumed_us()),
            short_down(budget.tally.strict_us()),
            portrait.report.tier.as_str(),
        ),
    ]
}

pub(super) fn forecast(portrait: &Portrait, seen: &Seen) -> Vec<String> {
    let report = &portrait.report;
    let forecast = report.forecast;
    let until = |at: Instant| format!("in {}, at {}", short_time(at.since(portrait.as_of)), zoned(at));
    let leaves = |at: Instant| {
        let start = seen.leaving(at);
        start.map_or(String::new(), |start| format!(", when the outage of {} leaves the window", minute(start)))
    };
    let then = if report.down.is_some() { "if no status changes" } else { "if it stays up" };
    let mut lines = Vec::new();
    lines.extend(overspending(report).map(|words| format!("if it stays down, {words}")));
    lines.extend(forecast.exhausted_at.map(|at| format!("if it stays down, spent {}", until(at))));
    lines.extend(forecast.recovers_at.map(|at| format!("{then}, stops breaching {}{}", until(at), leaves(at))));
    lines.extend(forecast.full_at.map(|at| format!("{then}, fully restored {}{}", until(at), leaves(at))));
    lines.extend(next_period(report).map(|at| format!("a new period begins {}, with a full budget", until(at))));
    if lines.is_empty() {
        lines.push("no change expected".to_owned());
    }
    lines
}
