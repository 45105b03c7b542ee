//! Worked examples of blame.

use std::rc::Rc;

use super::*;
use crate::domain::value::name::Name;

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
    assert_eq!(plain(&among(&known, span(5, 60), 0)), [(5, 20, 2), (20, 45, 1), (45, 50, 2)]);
}

#[test]
fn it_does_not_matter_which_system_failed_first_and_ties_go_by_name() {
    let (one, two) = (member(1), member(2));
    // The second one's name comes first.
    let known = [(&one, &[outage(10, 25)][..]), (&two, &[outage(10, 20)][..])];
    assert_eq!(plain(&among(&known, span(5, 30), 0)), [(10, 20, 2), (20, 25, 1)]);
}

#[test]
fn with_grace_outages_reach_further_and_what_is_known_first_has_the_blame() {
    let (one, two) = (member(1), member(2));
    let known = [(&one, &[outage(20, 30), outage(34, 40)][..]), (&two, &[outage(10, 18)][..])];
    let blamed = among(&known, span(0, 60), 5);
    assert_eq!(plain(&blamed), [(5, 10, 2), (10, 23, 2), (23, 45, 1)]);
    let known_from: Vec<Option<i64>> = blamed.iter().map(|part| part.known_from.map(Instant::millis)).collect();
    assert_eq!(known_from, [Some(10), None, None]);
}
