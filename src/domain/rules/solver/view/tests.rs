//! Views from strips of an account, compared to views from all of it.

use std::convert::Infallible;

use proptest::prelude::*;

use super::super::signal::Reading;
use super::*;
use crate::domain::account::small::{at, load, load_some, models, transitions};
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::value::instant::{DAY_MS, HOUR_MS, MINUTE_MS};

/// Slightly more than an hour, so that changes lie before, at and after midnights and ends of lookbacks.
const UNIT_MS: i64 = HOUR_MS + 7 * MINUTE_MS;

/// The days of a model as of an instant, and a week without changes.
fn days<F>(model: &Rc<Model>, as_of: Instant, chronicle: &mut Chronicle<F>) -> Days
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, Infallible>,
{
    let assessment = Assessment::open(model, None, as_of, chronicle).unwrap();
    let end = model.objective.window.calendar().day_start(as_of.plus(7 * DAY_MS));
    let later = Span::new(assessment.settled().end(), end);
    let later: Vec<Tally> = chronicle.day_tallies(model, later).unwrap();
    Days::draw(Rc::clone(model), &assessment, &later)
}

/// Queries about an account.
fn asked() -> Vec<What> {
    let properties = Property::ALL.into_iter().map(What::Property).filter(|what| !what.is_of_streaks());
    properties.chain(Urgency::ALL.map(What::Policy)).collect()
}

fn same(one: &Reading, other: &Reading) -> bool {
    match (one, other) {
        (Reading::Number(one), Reading::Number(other)) => one.compare(*other).is_eq(),
        (Reading::Text(one), Reading::Text(other)) => one == other,
        (Reading::Boolean(one), Reading::Boolean(other)) => one == other,
        (one, other) => matches!((one, other), (Reading::Null, Reading::Null)),
    }
}

proptest! {
    #[test]
    fn strips_tell_what_the_whole_account_tells(
        model in models(), own in transitions(UNIT_MS), up in transitions(UNIT_MS), most in 1..6_usize,
        as_of in 0..260_i64, (start, length) in (0..300_i64, 1..200_i64), first in 0..4_usize,
    ) {
        let (model, systems, as_of) = (Rc::new(model), [own, up], at(as_of * HOUR_MS));
        let mut whole = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load(&systems, as_of, system, from, through))
        });
        let mut parts = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load_some(most, &systems, as_of, system, from, through))
        });
        let stretch = Span::new(at(start * HOUR_MS), at((start + length) * HOUR_MS));
        let days = days(&model, as_of, &mut parts);
        let expected = View::whole(&model, stretch, &mut whole).unwrap().unwrap();
        for what in asked() {
            let signal = expected.signal(what);
            let mut last: Option<View> = None;
            let mut from = stretch.start;
            while from < stretch.end {
                let rest = Span::new(from, stretch.end);
                let next = last.as_ref().and_then(|last| last.next(what, rest, &mut parts).unwrap());
                let view = next.unwrap_or_else(|| {
                    // A view computed for other queries can answer this one, too.
                    let other = View::part(&model, (asked()[first], None), rest, &days, &mut parts).unwrap();
                    View::part(&model, (what, Some(&other)), rest, &days, &mut parts).unwrap()
                });
                prop_assert!(view.tells(what) && view.span().start == from && from < view.span().end);
                let found = view.signal(what);
                let moments = (0..).map(|step| from.plus(step * 20 * MINUTE_MS)).take_while(|at| *at < view.span().end);
                let edges = systems.iter().flatten().flat_map(|fact| [fact.at.plus(-1), fact.at, fact.at.plus(1)]);
                let within = edges.filter(|at| from <= *at && *at < view.span().end);
                for at in moments.chain(within).chain([view.span().end.plus(-1)]) {
                    prop_assert!(same(&found.at(at), &signal.at(at)), "{:?} {}: {:?}, not {:?}", what, at, found.at(at), signal.at(at));
                }
                from = view.span().end;
                last = Some(view);
            }
        }
    }
}
