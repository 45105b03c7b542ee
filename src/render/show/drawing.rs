//! Owns what `slo show` draws: whose the downtime is, when it was, and what was left day by day.

use super::super::number::short_time;
use super::super::sheet::paint;
use super::super::status::remaining_percent;
use super::super::{Canvas, Tone};
use super::{BAR, HEAD, Portrait};
use crate::domain::instant::{DAY_MS, Instant};
use crate::domain::snapshot::Snapshot;

/// The most columns of a drawing of time.
const MOST_COLUMNS: usize = 112;

/// Whose the downtime is, as a stacked bar with its legend.
pub(super) fn blame(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
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

/// The columns beside the headings that a drawing may take.
fn room(canvas: Canvas, most: usize) -> usize {
    canvas.width.map_or(most, |width| usize::from(width).saturating_sub(HEAD).clamp(10, most))
}

/// When the elapsed window had downtime: its own, and that of upstreams, each moment with downtime showing.
pub(super) fn timeline(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    if portrait.events.is_empty() {
        return Vec::new();
    }
    let elapsed = portrait.report.budget.elapsed;
    let columns = room(canvas, MOST_COLUMNS);
    let column = |at: Instant| {
        let passed = i128::from(at.since(elapsed.start).max(0)) * columns as i128 / i128::from(elapsed.millis().max(1));
        (passed as usize).min(columns - 1)
    };
    let mut cells = vec![("·", Tone::Faint); columns];
    for event in &portrait.events {
        let span = event.span(portrait.as_of).intersect(elapsed);
        let last = if span.is_empty() { span.start } else { span.end.plus(-1) };
        for cell in &mut cells[column(span.start)..=column(last)] {
            // Where both are in one column, its own is what can be mended.
            if event.upstream.is_none() {
                *cell = ("█", Tone::Bad);
            } else if cell.0 == "·" {
                *cell = ("▓", Tone::Warning);
            }
        }
    }
    let line: String = cells
        .chunk_by(|one, next| one == next)
        .map(|run| paint(&run[0].0.repeat(run.len()), run[0].1, canvas))
        .collect();
    let (first, last) = (day(elapsed.start), day(portrait.as_of));
    let legend =
        if portrait.events.iter().any(|event| event.upstream.is_some()) { "█ itself  ▓ upstream" } else { "" };
    let gap = columns.saturating_sub(first.len() + last.len() + legend.chars().count());
    vec![line, format!("{first}{:before$}{legend}{:after$}{last}", "", "", before = gap / 2, after = gap - gap / 2)]
}

fn day(at: Instant) -> String {
    at.to_chrono().format("%m-%d").to_string()
}

/// What was left of the budget, day by day, in as many lines as it takes.
pub(super) fn trend(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (Some(first), Some(last)) = (portrait.snapshots.first(), portrait.snapshots.last()) else { return Vec::new() };
    let mark = |snapshot: &Snapshot| {
        let breaching = snapshot.budget.is_breaching();
        let tone = if breaching { Tone::Bad } else { Tone::Plain };
        (MARKS[((remaining_percent(&snapshot.budget) / 100.0 * 7.0) as usize).min(7)], tone)
    };
    let marks: Vec<(char, Tone)> = portrait.snapshots.iter().map(mark).collect();
    let painted = |line: &[(char, Tone)]| -> String {
        let runs = line.chunk_by(|one, next| one.1 == next.1);
        runs.map(|run| paint(&run.iter().map(|(mark, _)| *mark).collect::<String>(), run[0].1, canvas)).collect()
    };
    // Weeks are easier to count than days.
    let columns = room(canvas, MOST_COLUMNS) / 7 * 7;
    let mut lines: Vec<String> = marks.chunks(columns.max(7)).map(painted).collect();
    let ended = |snapshot: &Snapshot| day(snapshot.at.plus(-DAY_MS));
    lines.push(format!("budget left, {} days from {} to {}", marks.len(), ended(first), ended(last)));
    lines
}
