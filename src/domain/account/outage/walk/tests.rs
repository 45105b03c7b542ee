//! Walks in parts, against looking at each millisecond.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::domain::account::outage::{Accounting, Event};
use crate::domain::account::small::{at, load, model, name, transitions};
use crate::domain::account::weights::FULL;
use crate::domain::health::transition::{Source, Status, Transition};

/// The last instant of the small histories.
const UNTIL: i64 = 80;

fn status(transitions: &[Transition], millis: i64) -> Option<Status> {
    transitions.iter().rev().find(|transition| transition.at <= at(millis)).map(|transition| transition.status)
}

fn is_out(transitions: &[Transition], millis: i64) -> bool {
    status(transitions, millis).is_some_and(Status::is_outage)
}

/// The outages that touch a range, found millisecond by millisecond.
fn slow([own, up]: &[Vec<Transition>; 2], range: Span, as_of: i64) -> Vec<Outage> {
    let cause = |millis: i64| is_out(own, millis).then(|| is_out(up, millis).then(|| name("up")));
    let mut found: Vec<Outage> = Vec::new();
    for millis in 0..=as_of {
        let Some(cause) = cause(millis) else { continue };
        let over = |end: i64| (end <= as_of).then_some(at(end));
        if found.last().is_none_or(|last| last.end != Some(at(millis))) {
            let (objective, system) = (name("slo"), name("one"));
            found.push(Outage {
                objective,
                system,
                start: at(millis),
                end: None,
                events: Vec::new(),
                uncharged: Vec::new(),
                too_short: false,
            });
        }
        let outage = found.last_mut().unwrap();
        outage.end = over(millis + 1);
        match outage.events.last_mut() {
            Some(event) if event.upstream == cause => event.end = over(millis + 1),
            _ => outage.events.push(Event {
                objective: name("slo"),
                system: name("one"),
                start: at(millis),
                end: over(millis + 1),
                upstream: cause,
                source: Source::Healthcheck,
                weight: FULL,
                accounting: Accounting::Charged,
                note: None,
            }),
        }
    }
    found.retain(|outage| outage.start < range.end && outage.end.is_none_or(|end| end > range.start));
    found
}

proptest! {
    #[test]
    fn in_whatever_parts_a_walk_meets_every_outage_once(
        own in transitions(1), up in transitions(1), as_of in 0..UNTIL, start in -5..UNTIL, length in 0..UNTIL,
        cuts in prop::collection::btree_set(0..UNTIL, 0..12), steps in prop::collection::btree_set(0..UNTIL, 0..5),
    ) {
        let (model, systems, range) = (model(), [own, up], Span::new(at(start), at(start + length)));
        let expected = if start + length <= start || start > as_of { Vec::new() } else { slow(&systems, range, as_of) };
        let pace = Pace::new(at(as_of), cuts.iter().map(|cut| at(*cut)).collect());
        let mut chronicle = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load(&systems, at(as_of), system, from, through))
        });
        let mut walk = Walk::over(range);
        let mut found = Vec::new();
        for step in steps.iter().copied().chain([2 * UNTIL]) {
            let part = walk.until(at(step), &model, &pace, &mut chronicle).unwrap();
            prop_assert!(part.iter().all(|outage| outage.start < at(step)));
            found.extend(part);
        }
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(super::super::outages(&model, range, at(as_of), &mut chronicle).unwrap(), expected);
    }
}
