//! Owns finding cycles of dependent systems, and how a cycle is printed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::value::name::Name;

/// From a system to its dependencies.
pub(crate) type Graph<'a> = BTreeMap<&'a Name, BTreeSet<&'a Name>>;

/// The most cycles reported of one graph; finding each costs a walk over it.
const MOST_CYCLES: usize = 20;
/// The most names of one cycle that are printed.
const MOST_NAMES: usize = 12;

/// Cycles of dependencies without a common edge, so each must be broken on its own. Every cycle begins with its first
/// name in order. A system that names itself is a cycle of length 1. The order of edges does not matter.
pub(crate) fn cycles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a Name>> {
    let mut rest = graph.clone();
    let mut found = Vec::new();
    prune(&mut rest);
    while found.len() < MOST_CYCLES {
        let Some(cycle) = on_a_cycle(&rest).and_then(|name| shortest_cycle(&rest, name)) else { break };
        for (index, name) in cycle.iter().enumerate() {
            let next = cycle[(index + 1) % cycle.len()];
            if let Some(upstreams) = rest.get_mut(name) {
                upstreams.remove(next);
            }
        }
        found.push(cycle);
        prune(&mut rest);
    }
    found
}

/// The names of a cycle as `a → b → a`, shortened in the middle if it is very long.
pub(crate) fn spell_out(names: &[impl AsRef<str>]) -> String {
    let mut parts: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
    if parts.len() > MOST_NAMES {
        let left_out = parts.len() - MOST_NAMES;
        parts.splice(MOST_NAMES / 2..MOST_NAMES / 2 + left_out, [format!("({left_out} more)")]);
    }
    parts.extend(names.first().map(|name| name.as_ref().to_owned()));
    parts.join(" → ")
}

/// Repeatedly removes systems without upstreams or without dependents: they are on no cycle.
fn prune(graph: &mut Graph<'_>) {
    let mut dependents: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
    let known: BTreeSet<&Name> = graph.keys().copied().collect();
    for (name, upstreams) in graph.iter_mut() {
        upstreams.retain(|upstream| known.contains(upstream));
        for upstream in upstreams.iter() {
            dependents.entry(upstream).or_default().push(name);
        }
    }
    let mut incoming: BTreeMap<&Name, usize> = dependents.iter().map(|(name, list)| (*name, list.len())).collect();
    let is_end = |name: &&Name, upstreams: &BTreeSet<&Name>| upstreams.is_empty() || !dependents.contains_key(*name);
    let mut ends: Vec<&Name> =
        graph.iter().filter(|(name, upstreams)| is_end(name, upstreams)).map(|(name, _)| *name).collect();
    while let Some(name) = ends.pop() {
        let Some(upstreams) = graph.remove(name) else { continue };
        for upstream in upstreams {
            let count = incoming.entry(upstream).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                ends.push(upstream);
            }
        }
        for dependent in dependents.get(name).into_iter().flatten() {
            if let Some(upstreams) = graph.get_mut(*dependent) {
                upstreams.remove(name);
                if upstreams.is_empty() {
                    ends.push(dependent);
                }
            }
        }
    }
}

/// A name on a cycle of a pruned graph, which may also have paths between cycles.
fn on_a_cycle<'a>(graph: &Graph<'a>) -> Option<&'a Name> {
    let mut name = *graph.keys().next()?;
    let mut seen = BTreeSet::new();
    // Every remaining name has an upstream, so the walk ends by meeting itself.
    while seen.insert(name) {
        name = graph.get(name)?.first()?;
    }
    Some(name)
}

/// The shortest cycle through `start`, the first in order among equals, rotated to begin with its first name.
fn shortest_cycle<'a>(graph: &Graph<'a>, start: &'a Name) -> Option<Vec<&'a Name>> {
    let mut reached_from: BTreeMap<&Name, &'a Name> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(name) = queue.pop_front() {
        for upstream in graph.get(name).into_iter().flatten() {
            if *upstream == start {
                let mut way = vec![name];
                let mut at = name;
                while at != start {
                    at = reached_from[at];
                    way.push(at);
                }
                way.reverse();
                let first = way.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
                way.rotate_left(first);
                return Some(way);
            }
            if !reached_from.contains_key(upstream) {
                reached_from.insert(upstream, name);
                queue.push_back(upstream);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(edges: &[(&str, &str)]) -> Vec<String> {
        let names: Vec<(Name, Name)> =
            edges.iter().map(|(from, to)| (Name::parse(from).unwrap(), Name::parse(to).unwrap())).collect();
        let mut graph = Graph::new();
        for (from, to) in &names {
            graph.entry(from).or_default().insert(to);
        }
        cycles(&graph).iter().map(|cycle| spell_out(cycle)).collect()
    }

    #[test]
    fn circles_are_found_once_and_begin_with_their_first_name() {
        assert_eq!(found(&[("a", "b"), ("b", "c"), ("a", "c")]), [] as [&str; 0]);
        assert_eq!(found(&[("c", "a"), ("a", "b"), ("b", "c"), ("z", "a"), ("b", "y")]), ["a → b → c → a"]);
        assert_eq!(found(&[("a", "a")]), ["a → a"]);
    }

    #[test]
    fn circles_that_share_no_edge_are_all_reported() {
        let edges = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c"), ("d", "a")];
        assert_eq!(found(&edges), ["a → b → a", "c → d → c"]);
    }

    #[test]
    fn what_leads_from_circle_to_circle_is_on_neither() {
        let edges = [("x", "y"), ("y", "x"), ("y", "m"), ("m", "b"), ("b", "c"), ("c", "b")];
        assert_eq!(found(&edges), ["b → c → b", "x → y → x"]);
    }

    #[test]
    fn long_chains_and_circles_need_no_deep_stack() {
        let name = |index: usize| Name::parse(&format!("s{index:06}")).unwrap();
        let names: Vec<Name> = (0..50_000).map(name).collect();
        let mut graph: Graph<'_> = names.windows(2).map(|pair| (&pair[0], BTreeSet::from([&pair[1]]))).collect();
        assert!(cycles(&graph).is_empty());
        graph.insert(&names[49_999], BTreeSet::from([&names[0]]));
        let spelled = spell_out(&cycles(&graph)[0]);
        assert!(spelled.contains("s000005 → (49988 more) → s049994"), "{spelled}");
    }
}
