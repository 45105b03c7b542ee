//! Owns the content of a digest and its order: the same words and tables in every form for people.

use crate::domain::budget::balance::State;
use crate::domain::budget::digest::{Digest, Downtime};
use crate::domain::budget::report::ObjectiveReport;
use crate::render::form::moment::zoned;
use crate::render::form::number::{counted, percent, short_down};
use crate::render::look::status::{remaining_percent, symbol, tone};
use crate::render::part::down::down_now;
use crate::render::{Cell, Sheet, Tone};

/// One part of a digest.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    /// Sentences before the table.
    pub(super) lead: Vec<String>,
    /// May be empty.
    pub(super) sheet: Sheet,
}

/// The headline of the digest.
pub(super) fn headline(digest: &Digest) -> String {
    let span = digest.week.span();
    let so_far =
        if digest.is_complete() { String::new() } else { format!(", in progress as of {}", zoned(digest.until)) };
    let day = |at: crate::domain::value::instant::Instant| at.to_chrono().format("%Y-%m-%d").to_string();
    format!("Week {}: {} to {}{so_far}", digest.week, day(span.start), day(span.end.plus(-1)))
}

pub(super) fn chapters(digest: &Digest) -> Vec<Chapter> {
    let mut chapters = vec![Chapter { title: "Objectives", lead: objectives(digest), sheet: Sheet::new() }];
    if !digest.changes.is_empty() {
        chapters.push(Chapter { title: "Changed since the previous week", lead: Vec::new(), sheet: changes(digest) });
    }
    chapters.push(downtime(digest));
    if !digest.worst.is_empty() {
        chapters.push(Chapter { title: "Least budget left", lead: Vec::new(), sheet: standings(&digest.worst) });
        chapters.push(Chapter { title: "Most available", lead: Vec::new(), sheet: standings(&digest.top) });
    }
    if !digest.unlocked.is_empty() {
        chapters.push(Chapter { title: "Achievements", lead: Vec::new(), sheet: unlocked(digest) });
    }
    chapters
}

/// The states of the objectives, and which of them are down.
fn objectives(digest: &Digest) -> Vec<String> {
    std::iter::once(counts(digest)).chain(down_now(&digest.down, digest.is_complete())).collect()
}

/// How many objectives have which state, and the number a week before if it differs.
fn counts(digest: &Digest) -> String {
    let (now, before) = (digest.counts, digest.counts_before);
    let part = |state: State| {
        let (count, was) = (now.of_state(state), before.of_state(state));
        let was = if count == was { String::new() } else { format!(" (was {was})") };
        let shown = count > 0 || !was.is_empty();
        shown.then(|| format!("{count} {} {}{was}", symbol(state), state.as_str()))
    };
    let parts: Vec<String> = State::ALL.into_iter().filter_map(part).collect();
    format!(
        "{}: {}",
        counted(now.total(), "objective"),
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    )
}

fn changes(digest: &Digest) -> Sheet {
    let mut sheet = Sheet::new().left("OBJECTIVE").names().left("SYSTEM").names().minor().left("WAS").left("IS");
    let state = |state: State| Cell::toned(format!("{} {}", symbol(state), state.as_str()), tone(state));
    for change in &digest.changes {
        sheet.push(vec![
            Cell::toned(change.objective.as_str(), Tone::Strong),
            Cell::plain(change.system.as_str()),
            state(change.before),
            state(change.after),
        ]);
    }
    sheet
}

fn downtime(digest: &Digest) -> Chapter {
    let told = |downtime: &Downtime| match downtime.outages {
        0 => "none".to_owned(),
        count => format!("{} in {}", short_down(downtime.micros), counted(count, "outage")),
    };
    let lead = vec![format!(
        "Each outage counted once: {}; the previous week: {}",
        told(&digest.downtime),
        told(&digest.downtime_before)
    )];
    let mut sheet = Sheet::new().left("CAUSE").names().right("DOWNTIME").right("SHARE").left("SEEN BY").optional();
    for part in &digest.downtime.parts {
        sheet.push(vec![
            Cell::toned(part.system.as_str(), Tone::Strong),
            Cell::plain(short_down(part.micros)),
            Cell::plain(format!("{}%", percent(part.micros.into(), digest.downtime.micros.into(), 0))),
            Cell::plain(format!(
                "{}{}",
                counted(part.objectives, "objective"),
                if part.own { "" } else { " downstream" }
            )),
        ]);
    }
    Chapter { title: "Downtime of the week", lead, sheet }
}

fn standings(reports: &[ObjectiveReport]) -> Sheet {
    let mut sheet = Sheet::new()
        .left("OBJECTIVE")
        .names()
        .left("SYSTEM")
        .names()
        .minor()
        .right("AVAILABLE")
        .optional()
        .right("BUDGET LEFT")
        .right("STREAK")
        .optional()
        .left("STATE");
    for report in reports {
        let budget = &report.budget;
        let (part, whole) = budget.available(budget.consumed_us());
        let available = percent(part, whole, 3);
        sheet.push(vec![
            Cell::toned(report.objective.as_str(), Tone::Strong),
            Cell::plain(report.system.as_str()),
            Cell::plain(if whole > 0 { format!("{available}%") } else { available }),
            Cell::plain(format!("{}%", remaining_percent(budget).floor())),
            Cell::plain(format!("{}d", report.streak.current)),
            Cell::toned(
                format!("{} {}{}", symbol(report.state), report.state.as_str(), down(report)),
                tone(report.state),
            ),
        ]);
    }
    sheet
}

/// Marks what is down although its state is another one.
fn down(report: &ObjectiveReport) -> &'static str {
    if report.has_open_downtime() && report.state != State::Down { " ▼ down" } else { "" }
}

fn unlocked(digest: &Digest) -> Sheet {
    let mut sheet = Sheet::new().left("UNLOCKED").left("SYSTEM").names().left("ACHIEVEMENT").left("FOR").optional();
    for unlocked in &digest.unlocked {
        sheet.push(vec![
            Cell::at(unlocked.unlocked_at),
            Cell::toned(unlocked.system.as_str(), Tone::Strong),
            Cell::toned(unlocked.achievement.as_str(), Tone::Good),
            Cell::plain(unlocked.achievement.meaning()),
        ]);
    }
    sheet
}
