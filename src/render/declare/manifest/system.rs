//! Owns writing the specification of a system.

use super::reference;
use super::yaml::Node;
use crate::domain::account::objective::{ImpactType, System};
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::CheckRules;
use crate::domain::health::threshold::Thresholds;
use crate::domain::value::duration::write_millis;

/// The declaration of a system, without defaults.
pub(super) fn system_spec(system: &System) -> Node {
    let dependencies = system.dependencies.iter().map(|edge| {
        Node::map([
            ("targetRef", Some(reference("System", &edge.upstream))),
            ("impactType", (edge.impact != ImpactType::Degraded).then(|| Node::text(edge.impact.as_str()))),
            ("transitive", edge.transitive.then(|| Node::plain("true"))),
            ("label", edge.label.as_ref().map(Node::text)),
        ])
    });
    let members = system.members().iter().map(|member| reference("System", member)).collect();
    Node::map([
        ("staleAfter", system.stale_after_ms.map(|millis| Node::text(write_millis(millis)))),
        ("checks", Node::some(system.checks.iter().map(check).collect())),
        ("retiredAt", system.retired_at.map(|at| Node::plain(&at))),
        ("members", Node::some(members)),
        ("quorum", system.members.as_ref().and_then(|members| quorum(members.quorum))),
        ("dependencies", Node::some(dependencies.collect())),
    ])
}

fn check(check: &CheckRules) -> Node {
    Node::map([
        ("name", Some(Node::text(check.name.as_str()))),
        ("quorum", quorum(check.quorum)),
        ("staleAfter", check.stale_after_ms.map(|millis| Node::text(write_millis(millis)))),
        ("thresholds", check.thresholds.map(thresholds)),
        ("retiredAt", check.retired_at.map(|at| Node::plain(&at))),
    ])
}

fn quorum(quorum: Quorum) -> Option<Node> {
    match quorum {
        Quorum::All => None,
        Quorum::Number(number) => Some(Node::plain(&number)),
        word => Some(Node::text(word.to_string())),
    }
}

fn thresholds(thresholds: Thresholds) -> Node {
    let number = |number: u32| Some(Node::plain(&number));
    match thresholds {
        Thresholds::Consecutive { healthy, degraded, unhealthy } => Node::flow([
            ("mode", Some(Node::text("consecutive"))),
            ("healthy", number(healthy).filter(|_| healthy != 1 || (degraded, unhealthy) == (1, 1))),
            ("degraded", number(degraded).filter(|_| degraded != unhealthy)),
            ("unhealthy", number(unhealthy)),
        ]),
        Thresholds::Window { size, degraded, unhealthy } => Node::flow([
            ("mode", Some(Node::text("window"))),
            ("size", number(size)),
            ("degraded", number(degraded).filter(|_| degraded != unhealthy)),
            ("unhealthy", number(unhealthy)),
        ]),
    }
}
