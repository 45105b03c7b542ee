//! Accounts read in parts, compared to accounts read at once.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::domain::account::small::{at, load, load_some, models, transitions};
use crate::domain::value::instant::{DAY_MS, HOUR_MS};

/// Slightly more than an hour, so that changes lie before, at and after midnights.
const UNIT_MS: i64 = HOUR_MS + 7 * 60_000;

proptest! {
    #[test]
    fn what_is_read_in_parts_comes_to_the_same(
        model in models(), own in transitions(UNIT_MS), up in transitions(UNIT_MS), most in 1..6_usize,
        as_of in 0..260_i64, sealed in 0..12_i64, spans in prop::collection::vec((0..260_i64, 0..100_i64), 4),
    ) {
        let (systems, as_of) = ([own, up], at(as_of * HOUR_MS));
        let mut whole = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load(&systems, as_of, system, from, through))
        });
        let mut parts = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load_some(most, &systems, as_of, system, from, through))
        });
        let expected = Assessment::open(&model, None, as_of, &mut whole).unwrap();
        let mut known = expected.settled().into_owned();
        known.truncate(at(sealed * DAY_MS));
        for sealed in [None, Some(known)] {
            let found = Assessment::open(&model, sealed, as_of, &mut parts).unwrap();
            prop_assert_eq!(&found.ledger, &expected.ledger);
            prop_assert_eq!((found.first, found.last_seen), (expected.first, expected.last_seen));
            prop_assert_eq!(found.now().map(|piece| (piece.down, piece.charge)), expected.now().map(|piece| (piece.down, piece.charge)));
            for (start, length) in &spans {
                let start = at(start * HOUR_MS).min(as_of);
                let span = Span::new(start, start.plus(length * HOUR_MS).min(as_of));
                prop_assert_eq!(found.tally(span, &mut parts).unwrap(), expected.tally(span, &mut whole).unwrap());
            }
            let report = ObjectiveReport::draw(&found, &mut parts).unwrap();
            prop_assert_eq!(report, ObjectiveReport::draw(&expected, &mut whole).unwrap());
        }
    }
}
