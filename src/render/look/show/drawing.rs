//! Owns the drawings of `slo show`: who caused the downtime, when it was, and the budget left day by day.

use crate::render::form::number::short_down;
use std::cmp::Ordering;

use super::outages::Seen;
use super::{BAR, HEAD, Portrait, beside};
use crate::domain::account::outage::Event;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::render::form::lines::flow;
use crate::render::form::moment::short_day;
use crate::render::form::sheet::paint;
use crate::render::look::status::remaining_percent;
use crate::render::{Canvas, Tone};

/// The most columns of a drawing of time.
const MOST_COLUMNS: usize = 112;

/// Who caused the downtime, as a stacked bar with its legend.
pub(super) fn blame(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let excluded = report.budget.tally.excluded_us;
    let whole: i64 = report.attribution.iter().map(|(_, micros)| micros).sum::<i64>() + excluded;
    if whole == 0 {
        return vec!["no downtime in the window".to_owned()];
    }
    let mut parts: Vec<(String, i64, &str)> = Vec::new();
    let mut upstream_marks = ["▓", "▒", "▚", "▞"].into_iter().cycle();
    for (system, micros) in &report.attribution {
        match system {
            None => parts.push(("self".to_owned(), *micros, "█")),
            Some(system) => parts.push((system.to_string(), *micros, upstream_marks.next().unwrap_or("▓"))),
        }
    }
    if excluded > 0 {
        parts.push(("maintenance (excluded)".to_owned(), excluded, "░"));
    }
    let (mut bar, mut legend, mut passed, mut drawn) = (String::new(), Vec::new(), 0, 0);
    for (name, micros, mark) in parts {
        passed += micros;
        let end = (i128::from(passed) * BAR as i128 / i128::from(whole)) as usize;
        // Every part is visible, at least as one mark, while there is room.
        let end = end.max(drawn + 1).min(BAR);
        bar.push_str(&mark.repeat(end.saturating_sub(drawn)));
        drawn = end.max(drawn);
        legend.push(format!("{mark} {name} {}", short_down(micros)));
    }
    std::iter::once(paint(&bar, Tone::Plain, canvas)).chain(flow(legend, "  ", beside(canvas))).collect()
}

/// The columns for a drawing beside the headings.
fn room(canvas: Canvas, most: usize) -> usize {
    canvas.width.map_or(most, |width| usize::from(width).saturating_sub(HEAD).clamp(10, most))
}

/// The columns of the timeline.
pub(super) fn columns(canvas: Canvas) -> usize {
    room(canvas, MOST_COLUMNS)
}

/// The timeline of a window in cells.
pub(super) struct Cells {
    elapsed: Span,
    /// The boundaries of the cells.
    edges: Vec<Instant>,
    /// The milliseconds of own and upstream downtime in each cell.
    shares: Vec<[i64; 2]>,
    has_upstream: bool,
}

impl Cells {
    pub(super) fn new(elapsed: Span, columns: usize) -> Self {
        let edge = |column: usize| {
            let passed = i128::from(elapsed.millis()) * column as i128 / columns as i128;
            elapsed.start.plus(i64::try_from(passed).unwrap_or(i64::MAX))
        };
        let edges = (0..=columns).map(edge).collect();
        Self { elapsed, edges, shares: vec![[0; 2]; columns], has_upstream: false }
    }

    /// Adds an event. One that has taken no time yet counts as one millisecond, so that every event is visible.
    pub(super) fn add(&mut self, event: &Event, as_of: Instant) {
        self.has_upstream |= event.upstream.is_some();
        let cause = usize::from(event.upstream.is_some());
        let span = event.span(as_of).intersect(self.elapsed);
        let start = span.start.min(self.elapsed.end.plus(-1));
        let span = Span::new(start, span.end.max(start.plus(1)));
        let first = self.edges.partition_point(|edge| *edge <= span.start).clamp(1, self.shares.len()) - 1;
        for (cell, bounds) in self.shares.iter_mut().zip(self.edges.windows(2)).skip(first) {
            if span.end <= bounds[0] {
                break;
            }
            cell[cause] += Span::new(bounds[0], bounds[1]).intersect(span).millis();
        }
    }
}

/// When the elapsed window had downtime: its own, and that of upstreams; every instant with downtime is visible.
pub(super) fn timeline(portrait: &Portrait, seen: &Seen, canvas: Canvas) -> Vec<String> {
    if seen.events == 0 {
        return Vec::new();
    }
    let elapsed = portrait.report.budget.elapsed;
    let Cells { shares, has_upstream, .. } = &seen.cells;
    let cells: Vec<(&str, Tone)> = shares
        .iter()
        .map(|[own, upstream]| match own.cmp(upstream) {
            _ if *own == 0 && *upstream == 0 => ("·", Tone::Faint),
            Ordering::Less => ("▓", Tone::Warning),
            // If they are equal, it shows its own, which can be fixed.
            Ordering::Equal | Ordering::Greater => ("█", Tone::Bad),
        })
        .collect();
    let line: String = cells
        .chunk_by(|one, next| one == next)
        .map(|run| paint(&run[0].0.repeat(run.len()), run[0].1, canvas))
        .collect();
    let (first, last) = (short_day(elapsed.start), short_day(portrait.as_of));
    let legend = if *has_upstream { "█ self  ▓ upstream" } else { "" };
    let gap = shares.len().saturating_sub(first.len() + last.len() + legend.chars().count());
    vec![line, format!("{first}{:before$}{legend}{:after$}{last}", "", "", before = gap / 2, after = gap - gap / 2)]
}

/// The budget left, day by day, in as many lines as necessary.
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
    let short = |snapshot: &Snapshot| snapshot.date.to_string().split_off("2026-".len());
    lines.push(format!("budget left, {} days from {} to {}", marks.len(), short(first), short(last)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::outage::Accounting;
    use crate::domain::health::transition::Source;
    use crate::domain::value::name::Name;

    #[test]
    fn cells_know_whose_most_of_their_downtime_is() {
        let at = Instant::from_millis;
        let name = |text: &str| Name::parse(text).unwrap();
        let event = |start: i64, end: Option<i64>, upstream: Option<&str>| Event {
            objective: name("shop-availability"),
            system: name("shop"),
            start: at(start),
            end: end.map(at),
            upstream: upstream.map(name),
            source: Source::Healthcheck,
            weight: 1000,
            accounting: Accounting::Charged,
            note: None,
        };
        let events = [
            event(-500, Some(50), None),
            event(100, Some(101), None),
            event(101, Some(150), Some("db")),
            event(180, Some(230), Some("db")),
            event(230, Some(231), None),
            event(400, None, None),
        ];
        let mut cells = Cells::new(Span::new(at(0), at(400)), 4);
        for event in &events {
            cells.add(event, at(400));
        }
        let cells = cells.shares;
        assert_eq!(cells, [[50, 0], [1, 69], [1, 30], [1, 0]]);
        assert_eq!(cells.iter().flatten().sum::<i64>(), 50 + 1 + 49 + 50 + 1 + 1);
    }
}
