//! Attribution across a graph equals that of each system alone.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::account::blame::among;
use crate::domain::account::blame::tests::{member, outages, plain, span};
use crate::domain::account::dependencies::Edge;
use crate::domain::account::member::{Member, SystemId};

proptest! {
    #[test]
    fn in_a_whole_graph_it_is_as_among_the_systems_that_may_excuse(
        systems in prop::collection::vec((outages(), prop::collection::btree_map(0..12usize, any::<bool>(), 0..4)), 1..12),
        (from, length) in (-10..150i64, 1..200i64),
        asked in outages(),
        grace_ms in prop_oneof![Just(0), 1..30i64],
    ) {
        let graph = Rc::new(Dependencies::default());
        for number in 0..systems.len() {
            prop_assert_eq!(graph.add(member(number as i64)), number);
        }
        for (place, (_, edges)) in systems.iter().enumerate() {
            // Edges lead only to earlier systems, so the graph has no cycle.
            let edges = edges.iter().filter(|(upstream, _)| **upstream < place);
            let edges: Vec<Edge> = edges.map(|(&upstream, &transitive)| Edge { upstream, transitive }).collect();
            if !edges.is_empty() {
                graph.connect(place, edges);
            }
        }
        let whole = span(from, from + length);
        let within = asked.iter().map(|part| Span::new(part.start, part.end).intersect(whole));
        let asked: Vec<Span> = within.filter(|span| !span.is_empty()).collect();
        let mut shared = SharedBlame::new(&graph);
        let from = shared.to_read(whole.start.plus(-grace_ms)).unwrap();
        prop_assert!(from <= whole.start);
        let mut gathered = Gathered::default();
        for (place, (outages, _)) in systems.iter().enumerate() {
            gathered.add(place, outages, Span::new(from, END));
        }
        shared.read(from, gathered);
        prop_assert_eq!(shared.to_read(whole.start.plus(-grace_ms)), None);
        for place in 0..systems.len() {
            let closure = graph.closure(SystemId(place as i64), &BTreeSet::new());
            let members: Vec<Member> = closure.iter().map(|place| graph.member(*place)).collect();
            let upstreams: Vec<(&Member, &[Outage])> =
                members.iter().zip(closure.iter().map(|place| &systems[*place].0[..])).collect();
            let together = shared.tell(&closure, &asked, grace_ms).unwrap();
            prop_assert_eq!(plain(&together), plain(&among(&upstreams, &asked, grace_ms)));
        }
    }
}
