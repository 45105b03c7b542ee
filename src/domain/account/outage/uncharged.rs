//! Owns downtime that is not charged: what it would be charged to otherwise, and what excuses each part.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Accounting, Event, Outage};
use crate::domain::account::downtime::Uncharged;
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::model::Model;
use crate::domain::account::objective::{NotCounted, Objective};
use crate::domain::account::schedule::{Schedule, Timetable};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{END, Span};

/// A name and when it is in force, in sorted, disjoint spans.
pub(crate) type Named = (Name, Vec<Span>);

/// The objective without excuses: all of its downtime is charged.
pub(crate) fn unexcused(model: &Model) -> Model {
    let objective = Objective {
        exclude_maintenance_windows: false,
        not_counted: NotCounted::default(),
        schedule: Schedule::default(),
        minimum_outage_ms: 0,
        ..model.objective.clone()
    };
    let (none, always) = (MaintenanceCalendar::of([]), Timetable::of(Schedule::default()));
    Model::new(objective, model.system.clone(), Rc::clone(&model.dependencies), Rc::new(none), Rc::new(always))
}

/// The same without corrections either. All downtime is charged to its own system.
pub(crate) fn uncorrected(model: &Model) -> Model {
    let bare = unexcused(model);
    Model::new(bare.objective, model.system.uncorrected(), Rc::default(), bare.maintenance, bare.timetable)
}

/// The uncharged parts of an outage, oldest first, given the same outage without excuses. `windows` returns when the
/// maintenance windows of its system are in force.
pub(crate) fn uncharged(
    outage: &Outage,
    unexcused: &Outage,
    as_of: Instant,
    mut windows: impl FnMut(Span) -> Vec<Named>,
) -> Vec<Event> {
    let mut found = Vec::new();
    for (span, why) in &outage.uncharged {
        let mut add = |span: Span, accounting: &Accounting| {
            let parts = unexcused.events.iter().map(|event| part(event, span, accounting.clone()));
            found.extend(parts.flatten());
        };
        match why {
            Uncharged::Schedule => add(*span, &Accounting::NotCounted),
            Uncharged::TooShort => add(*span, &Accounting::TooShort),
            Uncharged::Maintenance => {
                for (span, names) in in_force(*span, as_of, &mut windows) {
                    add(span, &Accounting::Excluded(names));
                }
            }
        }
    }
    found
}

/// The parts of a recorded outage that did not happen, oldest first: those outside `down` with corrections in force.
/// The spans are sorted and disjoint.
pub(crate) fn corrected(recorded: &Outage, down: &[Span], as_of: Instant, corrections: &[Named]) -> Vec<Event> {
    let mut found = Vec::new();
    for event in &recorded.events {
        let whole = Span::new(event.start, event.end.unwrap_or(END));
        for span in without(whole, down) {
            let parts = in_force(span, as_of, |_| corrections.to_vec()).into_iter();
            for (span, names) in parts.filter(|(_, names)| !names.is_empty()) {
                found.extend(part(event, span, Accounting::Corrected(names)));
            }
        }
    }
    found
}

/// The part of an event within a span. A span that ends at [`END`] is ongoing.
fn part(event: &Event, span: Span, accounting: Accounting) -> Option<Event> {
    let part = Span::new(event.start, event.end.unwrap_or(END)).intersect(span);
    let end = (part.end < END).then_some(part.end);
    (!part.is_empty()).then(|| Event { start: part.start, end, accounting, ..event.clone() })
}

/// Splits a span where the names in force change, each part with its names. The last part keeps those of `as_of` if it
/// is ongoing.
fn in_force(whole: Span, as_of: Instant, named: impl FnOnce(Span) -> Vec<Named>) -> Vec<(Span, Vec<Name>)> {
    // A fact at `as_of` is in force for a millisecond.
    let span = Span::new(whole.start, whole.end.min(as_of.plus(1)));
    let named = named(span);
    let touching = named.iter().flat_map(|(_, spans)| spans).map(|known| known.intersect(span));
    let edges = touching.filter(|known| !known.is_empty()).flat_map(|known| [known.start, known.end]);
    let edges: Vec<_> = edges.chain([span.start, span.end]).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: Vec<(Span, Vec<Name>)> = Vec::new();
    for pair in edges.windows(2) {
        let holds = |spans: &[Span]| {
            let next = spans.partition_point(|known| known.end <= pair[0]);
            spans.get(next).is_some_and(|known| known.start <= pair[0])
        };
        let names: BTreeSet<&Name> = named.iter().filter(|(_, spans)| holds(spans)).map(|(name, _)| name).collect();
        let names: Vec<Name> = names.into_iter().cloned().collect();
        match found.last_mut() {
            Some((last, known)) if *known == names => last.end = pair[1],
            _ => found.push((Span::new(pair[0], pair[1]), names)),
        }
    }
    found.last_mut().into_iter().for_each(|(last, _)| last.end = whole.end);
    found
}

/// A span without others, which are sorted and disjoint.
fn without(span: Span, others: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut from = span.start;
    let first = others.partition_point(|other| other.end <= span.start);
    for other in others[first..].iter().take_while(|other| other.start < span.end) {
        found.push(Span::new(from, other.start.max(from)));
        from = other.end;
    }
    found.push(Span::new(from, span.end.max(from)));
    found.retain(|part| !part.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span::new(Instant::from_millis(start), Instant::from_millis(end))
    }

    #[test]
    fn a_span_is_cut_where_other_windows_are_in_force() {
        let name = |text: &str| Name::parse(text).unwrap();
        let named =
            [(name("b"), vec![span(0, 15), span(40, 50)]), (name("a"), vec![span(12, 20)]), (name("c"), vec![])];
        let as_of = Instant::from_millis(44);
        let found: Vec<(Span, String)> = in_force(Span::new(span(10, 11).start, END), as_of, |_| named.to_vec())
            .into_iter()
            .map(|(span, names)| (span, names.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")))
            .collect();
        let expected = [(10, 12, "b"), (12, 15, "a b"), (15, 20, "a"), (20, 40, "")]
            .map(|(start, end, names)| (span(start, end), names.to_owned()));
        let lasts = (Span::new(Instant::from_millis(40), END), "b".to_owned());
        assert_eq!(found, expected.into_iter().chain([lasts]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_left_of_a_span_is_what_no_other_covers() {
        let others = [span(0, 5), span(8, 9), span(20, 30)];
        assert_eq!(without(span(3, 25), &others), [span(5, 8), span(9, 20)]);
        assert_eq!(without(span(9, 20), &others), [span(9, 20)]);
        assert_eq!(without(span(21, 29), &others), []);
    }
}
