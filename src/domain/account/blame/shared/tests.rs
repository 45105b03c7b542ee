//! Blame computed for all systems at once equals that of each alone.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::account::blame::among;
use crate::domain::account::blame::tests::{member, outage, plain, span};
use crate::domain::health::timeline::END;

/// Outages as gaps and lengths, the last of which may last for ever.
fn outages() -> impl Strategy<Value = Vec<Outage>> {
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
    #[test]
    fn all_systems_at_once_are_blamed_as_each_alone(
        systems in prop::collection::vec((outages(), prop::collection::btree_map(0..12usize, any::<bool>(), 0..4)), 1..12),
        (from, length) in (-10..150i64, 1..200i64),
        asked in outages(),
        cut in 1..8usize,
    ) {
        let graph = Dependencies::default();
        for number in 0..systems.len() {
            prop_assert_eq!(graph.add(member(number as i64)), number);
        }
        for (place, (_, edges)) in systems.iter().enumerate() {
            // An edge leads to a system before; not every system has any.
            let edges = edges.iter().filter(|(upstream, _)| **upstream < place);
            let edges: Vec<Edge> = edges.map(|(&upstream, &transitive)| Edge { upstream, transitive }).collect();
            if !edges.is_empty() {
                graph.connect(place, edges);
            }
        }
        let whole = span(from, from + length);
        let asked: Vec<Span> = asked.iter().map(|part| Span::new(part.start, part.end)).collect();
        let known = |(outages, _): &(Vec<Outage>, _)| Known { outages: outages.clone(), asked: asked.clone() };
        let known: Vec<Known> = systems.iter().map(known).collect();
        let all = walk(&graph.nodes(), &known, whole, cut);
        for (place, together) in all.iter().enumerate() {
            let closure = graph.closure(SystemId(place as i64), &BTreeSet::new());
            let members: Vec<Member> = closure.iter().map(|place| graph.member(*place)).collect();
            let upstreams: Vec<(&Member, &[Outage])> =
                members.iter().zip(closure.iter().map(|place| &systems[*place].0[..])).collect();
            let mut alone = Vec::new();
            for wanted in &asked {
                alone.extend(among(&upstreams, whole, 0).into_iter().filter_map(|part| {
                    let span = part.span.intersect(*wanted);
                    (!span.is_empty()).then_some(Blamed { span, ..part })
                }));
            }
            prop_assert_eq!(plain(together), plain(&alone));
        }
    }
}
