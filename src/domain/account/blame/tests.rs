//! Worked examples of attribution, and its definition.

use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::domain::health::timeline::END;

pub(super) fn outage(start: i64, end: i64) -> Outage {
    Outage { start: Instant::from_millis(start), end: Instant::from_millis(end) }
}

pub(super) fn span(start: i64, end: i64) -> Span {
    Span::new(Instant::from_millis(start), Instant::from_millis(end))
}

pub(super) fn member(number: i64) -> Member {
    let name = Name::parse(&format!("s{:03}", 500 - number)).unwrap();
    Member::new(SystemId(number), name, Rc::default(), None)
}

pub(super) fn plain(blamed: &[Blamed]) -> Vec<(i64, i64, i64)> {
    blamed.iter().map(|part| (part.span.start.millis(), part.span.end.millis(), part.upstream.0)).collect()
}

#[test]
fn the_outage_that_began_first_is_to_blame_while_it_lasts() {
    let (one, two) = (member(1), member(2));
    let known = [(&one, &[outage(10, 45)][..]), (&two, &[outage(0, 20), outage(40, 50)][..])];
    assert_eq!(plain(&among(&known, &[span(5, 60)], 0)), [(5, 20, 2), (20, 45, 1), (45, 50, 2)]);
    assert_eq!(plain(&among(&known, &[span(5, 7), span(44, 46)], 0)), [(5, 7, 2), (44, 45, 1), (45, 46, 2)]);
}

#[test]
fn it_does_not_matter_which_system_failed_first_and_ties_go_by_name() {
    let (one, two) = (member(1), member(2));
    // Same start: the name decides.
    let known = [(&one, &[outage(10, 25)][..]), (&two, &[outage(10, 20)][..])];
    assert_eq!(plain(&among(&known, &[span(5, 30)], 0)), [(10, 20, 2), (20, 25, 1)]);
}

#[test]
fn with_grace_outages_reach_further_and_what_is_known_first_has_the_blame() {
    let (one, two) = (member(1), member(2));
    let known = [(&one, &[outage(20, 30), outage(34, 40)][..]), (&two, &[outage(10, 18)][..])];
    let blamed = among(&known, &[span(0, 60)], 5);
    assert_eq!(plain(&blamed), [(5, 10, 2), (10, 23, 2), (23, 35, 1), (35, 45, 1)]);
    let known_from: Vec<Option<i64>> = blamed.iter().map(|part| part.known_from.map(Instant::millis)).collect();
    assert_eq!(known_from, [Some(10), None, None, None]);
}

/// Outages as gaps and lengths; the last one may have no end.
pub(super) fn outages() -> impl Strategy<Value = Vec<Outage>> {
    (prop::collection::vec((1..40i64, 1..40i64), 0..6), any::<bool>()).prop_map(|(parts, endless)| {
        let mut at = 0;
        let mut found: Vec<Outage> = Vec::new();
        for (gap, length) in parts {
            found.push(outage(at + gap, at + gap + length));
            at += gap + length;
        }
        if let Some(last) = found.last_mut().filter(|_| endless) {
            last.end = END;
        }
        found
    })
}

proptest! {
    /// At every millisecond the cause is the outage in progress that began first, as SPEC defines it.
    #[test]
    fn at_each_moment_it_is_the_outage_in_force_that_began_first(
        systems in prop::collection::vec(outages(), 0..9),
        asked in outages(),
        grace_ms in prop_oneof![Just(0), 1..30i64],
    ) {
        let members: Vec<Member> = (0..systems.len() as i64).map(member).collect();
        let known: Vec<_> = members.iter().zip(&systems).map(|(member, outages)| (member, &outages[..])).collect();
        let asked: Vec<Span> = asked.iter().map(|part| Span::new(part.start, part.end)).collect();
        let blamed = among(&known, &asked, grace_ms);
        prop_assert!(blamed.is_sorted_by(|one, next| one.span.end <= next.span.start));
        for at in (0..500).map(Instant::from_millis) {
            let in_force = |(member, outages): &(&Member, &[Outage])| {
                let reaches = |outage: &&Outage| outage.start.plus(-grace_ms) <= at && at < outage.end.plus(grace_ms);
                let outage = outages.iter().find(reaches)?;
                Some((outage.start, member.name.clone(), member.id))
            };
            let is_asked = asked.iter().any(|span| span.start <= at && at < span.end);
            let expected = known.iter().filter_map(in_force).min().filter(|_| is_asked);
            let expected = expected.map(|(start, _, id)| (id, (at < start).then_some(start)));
            let told = blamed.iter().find(|part| part.span.start <= at && at < part.span.end);
            prop_assert_eq!(told.map(|part| (part.upstream, part.known_from)), expected, "at {}", at.millis());
        }
    }
}
