//! Owns checks across all documents: duplicates, missing references, cycles of dependencies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::envelope::{Draft, check_of, quorum_of};
use super::kind::reference::{Reference, Role};
use super::problem::{Position, Problem, Severity};
use super::wording::{closest, counted, did_you_mean};
use super::{Known, vain};
use crate::domain::account::correction::contradictions;
use crate::domain::account::objective::Objective;
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::CheckRules;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::cycle;
use crate::domain::value::name::Name;

/// The most names compared for suggestions, over all missing references.
const MOST_GUESSES: usize = 1_000_000;

/// How deep composite systems may be nested, as each level is evaluated within the next.
const MOST_NESTED: usize = 32;
const CYCLE_OF_MEMBERS: &str = "systems are members of, or depend on, each other";

/// All problems between documents. Their text does not depend on the order of the documents, only their position does.
///
/// `doubtful` names, found in unreadable documents, are not reported as missing.
pub(super) fn check(drafts: &[Draft], doubtful: &BTreeSet<Name>, known: &Known) -> Vec<Problem> {
    let declared = drafts.iter().filter(|draft| draft.kind == Kind::System).map(|draft| &draft.name);
    let systems = declared.chain(&known.systems).collect();
    let declared = drafts.iter().filter(|draft| draft.kind == Kind::Objective).map(|draft| &draft.name);
    let objectives = declared.chain(known.objectives.keys()).collect();
    let mut whole = Whole { drafts, known, systems, objectives, edges: BTreeMap::new(), problems: Vec::new() };
    whole.collect_edges();
    whole.duplicates();
    whole.dangling(doubtful);
    whole.cycles();
    whole.nesting();
    for draft in drafts.iter().filter(|draft| draft.kind == Kind::Objective) {
        whole.exclusions(draft);
        if !whole.check_of_composite(draft) {
            whole.unknown_reference(draft);
        }
    }
    for draft in drafts.iter().filter(|draft| draft.kind == Kind::System) {
        whole.facts_of_composite(draft);
        whole.unknown_settings(draft);
        whole.few_locations(draft);
    }
    for draft in drafts.iter().filter(|draft| draft.kind == Kind::Correction) {
        if !whole.check_of_composite(draft) {
            whole.unknown_reference(draft);
        }
    }
    whole.contradictions();
    whole.problems.extend(vain::check(drafts, known));
    whole.problems
}

struct Whole<'a> {
    drafts: &'a [Draft],
    known: &'a Known,
    /// The systems that have a manifest or a transition.
    systems: BTreeSet<&'a Name>,
    /// The objectives that have a manifest.
    objectives: BTreeSet<&'a Name>,
    edges: BTreeMap<&'a Name, Vec<Edge<'a>>>,
    problems: Vec<Problem>,
}

/// A dependency, and its reference if it is in one of the documents.
struct Edge<'a> {
    upstream: &'a Name,
    transitive: bool,
    excuses: bool,
    /// Whether the other system is a member, not a dependency.
    is_member: bool,
    written: Option<(&'a Draft, &'a Reference)>,
}

impl<'a> Whole<'a> {
    /// The resulting dependencies: those of the documents, and the stored ones of other systems.
    fn collect_edges(&mut self) {
        for draft in self.drafts.iter().filter(|draft| draft.kind == Kind::System) {
            let edges = self.edges.entry(&draft.name).or_default();
            for reference in &draft.references {
                let (transitive, excuses, is_member) = match reference.role {
                    Role::DependsOn { transitive, excuses } => (transitive, excuses, false),
                    Role::Contains => (false, false, true),
                    _ => continue,
                };
                let written = Some((draft, reference));
                edges.push(Edge { upstream: &reference.name, transitive, excuses, is_member, written });
            }
        }
        for (system, known) in &self.known.declared {
            // Whether a stored edge is transitive is unknown here; assuming so gives too few warnings, never wrong
            // ones.
            self.edges.entry(system).or_insert_with(|| {
                let edge = |upstream, is_member: bool| Edge {
                    upstream,
                    transitive: !is_member,
                    excuses: !is_member,
                    is_member,
                    written: None,
                };
                let members = known.members.iter().map(|member| edge(member, true));
                known.upstreams.iter().map(|upstream| edge(upstream, false)).chain(members).collect()
            });
        }
    }

    fn duplicates(&mut self) {
        let mut first: BTreeMap<(Kind, &Name), &Draft> = BTreeMap::new();
        for draft in self.drafts {
            let earlier = *first.entry((draft.kind, &draft.name)).or_insert(draft);
            if !std::ptr::eq(earlier, draft) {
                let Position { line, column } = earlier.name_at;
                let message = format!("declared twice, first at {}:{line}:{column}", earlier.file);
                self.note(Severity::Error, draft, draft.name_at, message, "rename or remove one of them");
            }
        }
    }

    fn dangling(&mut self, doubtful: &BTreeSet<Name>) {
        let mut guesses = MOST_GUESSES;
        for draft in self.drafts {
            for reference in draft.references.iter().filter(|reference| reference.role != Role::Checks) {
                let Reference { role, name, path, at } = reference;
                let is_objective = *role == Role::Judges;
                let known = if is_objective { &self.objectives } else { &self.systems };
                if known.contains(name) || doubtful.contains(name) {
                    continue;
                }
                let candidates = known.iter().map(|name| name.as_str()).take(guesses);
                guesses -= candidates.len();
                let guess = closest(name.as_str(), candidates);
                let (lack, otherwise) = if is_objective {
                    (format!("{path} names the objective {name}, which has no manifest"), "declare it with kind: SLO")
                } else {
                    let lack = format!("{path} names the system {name}, which has neither a manifest nor a transition");
                    (lack, "declare it with kind: System, or ingest a transition of it first")
                };
                let remedy = guess.map_or_else(|| otherwise.to_owned(), |guess| format!("did you mean {guess}?"));
                self.note(Severity::Error, draft, *at, lack, &remedy);
            }
        }
    }

    fn cycles(&mut self) {
        let graph: cycle::Graph<'_> = self
            .edges
            .iter()
            .map(|(system, edges)| (*system, edges.iter().map(|edge| edge.upstream).collect()))
            .collect();
        for names in cycle::cycles(&graph) {
            let next = names.iter().cycle().skip(1);
            let written = names.iter().zip(next).find_map(|(system, next)| {
                self.edges.get(*system)?.iter().find(|edge| edge.upstream == *next)?.written
            });
            // These documents do not cause a cycle among stored systems only.
            let Some((draft, reference)) = written else { continue };
            let has_members = names
                .iter()
                .zip(names.iter().cycle().skip(1))
                .any(|(system, next)| self.edges[*system].iter().any(|edge| edge.is_member && edge.upstream == *next));
            let (what, remedy) = if has_members {
                (CYCLE_OF_MEMBERS, "remove one of these members or dependencies")
            } else {
                ("systems depend on each other", "remove one of these dependencies")
            };
            let message = format!("{what}: {}", cycle::spell_out(&names));
            self.note(Severity::Error, draft, reference.at, message, remedy);
        }
    }

    /// Rejects composite systems that are nested too deep.
    fn nesting(&mut self) {
        let members = |system: &&'a Name| self.edges.get(*system).into_iter().flatten().filter(|edge| edge.is_member);
        let mut deep: BTreeSet<&Name> =
            self.edges.keys().copied().filter(|system| members(system).next().is_some()).collect();
        for _ in 0..MOST_NESTED {
            // Each round keeps the systems with a member kept in the round before.
            deep = deep.iter().copied().filter(|of| members(of).any(|edge| deep.contains(edge.upstream))).collect();
        }
        let too_deep: Vec<_> =
            deep.into_iter().flat_map(|system| members(&system)).filter_map(|edge| edge.written).collect();
        // Cycles have been reported as such.
        let has_cycle = self.problems.iter().any(|problem| problem.message.contains(CYCLE_OF_MEMBERS));
        if let (Some((draft, reference)), false) = (too_deep.first(), has_cycle) {
            let message = format!("{} has members nested more than {MOST_NESTED} deep", draft.name);
            self.note(Severity::Error, draft, reference.at, message, "name the systems at the bottom as members");
        }
    }

    /// Warns about excluded systems that could not excuse the objective anyway.
    fn exclusions(&mut self, draft: &'a Draft) {
        let mut excluded = draft.references.iter().filter(|reference| reference.role == Role::Excludes).peekable();
        let covered = draft.references.iter().find(|reference| reference.role == Role::Covers);
        let (Some(_), Some(system)) = (excluded.peek(), covered) else { return };
        let upstreams = self.upstreams(&system.name);
        for Reference { name, path, at, .. } in excluded {
            // A missing system has been reported as such.
            if upstreams.contains(name) || !self.systems.contains(name) {
                continue;
            }
            let (message, remedy) = if *name == system.name {
                (format!("{path} names {name} itself, which never excuses its own objectives"), "remove it")
            } else {
                let message =
                    format!("{path} names {name}, which is not an upstream that could excuse {}", system.name);
                (message, "remove it, or declare the dependency")
            };
            self.note(Severity::Warning, draft, *at, message, remedy);
        }
    }

    /// Systems that may excuse an objective of the given one: its dependencies, and theirs over transitive edges.
    fn upstreams(&self, system: &'a Name) -> BTreeSet<&'a Name> {
        let mut found = BTreeSet::new();
        let mut followed = BTreeSet::from([system]);
        let mut queue = VecDeque::from([system]);
        while let Some(system) = queue.pop_front() {
            for edge in self.edges.get(system).into_iter().flatten().filter(|edge| edge.excuses) {
                found.insert(edge.upstream);
                if edge.transitive && followed.insert(edge.upstream) {
                    queue.push_back(edge.upstream);
                }
            }
        }
        found
    }

    /// Whether a system is composite, once the documents are applied.
    fn is_composite(&self, system: &Name) -> bool {
        self.edges.get(system).is_some_and(|edges| edges.iter().any(|edge| edge.is_member))
    }

    /// Rejects an objective that uses a check of a composite system, which has none.
    fn check_of_composite(&mut self, draft: &'a Draft) -> bool {
        let role = |role| draft.references.iter().find(move |reference| reference.role == role);
        let (Some(check), Some(system)) = (role(Role::Checks), role(Role::Covers)) else { return false };
        if !self.is_composite(&system.name) {
            return false;
        }
        let message = format!("{} is a composite system, which has no check {}", system.name, check.name);
        let field = if draft.kind == Kind::Correction { "check" } else { "healthcheckRef" };
        let remedy = format!("remove {field}, or name the member that has the check");
        self.note(Severity::Error, draft, check.at, message, &remedy);
        true
    }

    /// Rejects a composite system with facts of its own, or with a stored objective on one of its checks.
    fn facts_of_composite(&mut self, draft: &'a Draft) {
        let Some(member) = draft.references.iter().find(|reference| reference.role == Role::Contains) else { return };
        let name = &draft.name;
        if let Some(checks) = self.known.reporting.get(name) {
            let checks: Vec<&str> = checks.iter().map(|check| check.as_ref().map_or("(none)", Name::as_str)).collect();
            let message = format!(
                "{name} is composite but has checks of its own: {}; only incidents of a composite system count",
                checks.join(", ")
            );
            let remedy = format!(
                "give the composite system another name, and make {name} a member; or delete these facts: \
                 slo db forget --system {name} --source healthcheck"
            );
            self.note(Severity::Error, draft, member.at, message, &remedy);
        }
        let given = |name: &Name| self.drafts.iter().any(|draft| draft.kind == Kind::Objective && draft.name == *name);
        let looks = |objective: &&Objective| objective.system == *name && objective.healthcheck.is_some();
        let looking = self.known.objectives.values().filter(looks).find(|objective| !given(&objective.metadata.name));
        if let Some(objective) = looking {
            let objective = &objective.metadata.name;
            let message = format!("{name} is composite, but the objective {objective} looks at one of its checks");
            self.note(Severity::Error, draft, member.at, message, "change that objective first");
        }
    }

    /// Warns about checks whose quorum exceeds the number of reporting locations.
    fn few_locations(&mut self, draft: &'a Draft) {
        let Some(Object::System(system)) = draft.object.as_deref() else { return };
        let Some(known) = self.known.locations.get(&draft.name) else { return };
        for CheckRules { name, quorum, .. } in &system.checks {
            if let (Quorum::Number(number), Some(count)) = (quorum, known.get(name))
                && (*number as usize) > *count
            {
                let locations = counted(*count, "location");
                let message = format!(
                    "the quorum of the check {name} is {number}, but it has reported from {locations} so far, so it is unknown"
                );
                let remedy = format!("write at most {count}, or report from more locations");
                self.note(Severity::Warning, draft, draft.place(&quorum_of(name.as_str())), message, &remedy);
            }
        }
    }

    /// Rejects corrections that contradict each other for the same streams and time.
    fn contradictions(&mut self) {
        let declared = self.drafts.iter().filter_map(|draft| match draft.object.as_deref() {
            Some(Object::Correction(correction)) => Some((draft, correction)),
            _ => None,
        });
        let (drafts, corrections): (Vec<&Draft>, Vec<_>) = declared.unzip();
        for (earlier, later) in contradictions(&corrections) {
            let (other, draft) = (drafts[earlier], drafts[later]);
            let Position { line, column } = other.name_at;
            let (is, was) = (corrections[later].correction.status, corrections[earlier].correction.status);
            let message = format!(
                "says {} where {} at {}:{line}:{column} says {}, for the same streams at the same time",
                is.as_str(),
                other.subject(),
                other.file,
                was.as_str()
            );
            let remedy = "change one of them, or end one where the other starts";
            self.note(Severity::Error, draft, draft.name_at, message, remedy);
        }
    }

    /// Warns about a reference to an unknown check.
    fn unknown_reference(&mut self, draft: &'a Draft) {
        let role = |role| draft.references.iter().find(move |reference| reference.role == role);
        if let (Some(check), Some(system)) = (role(Role::Checks), role(Role::Covers)) {
            self.unknown_check(draft, &system.name, &check.name, check.at, "remove healthcheckRef");
        }
    }

    /// Warns about settings of an unknown check.
    fn unknown_settings(&mut self, draft: &'a Draft) {
        let Some(Object::System(system)) = draft.object.as_deref() else { return };
        for CheckRules { name, .. } in &system.checks {
            self.unknown_check(draft, &draft.name, name, draft.place(&check_of(name.as_str())), "remove it");
        }
    }

    /// Warns about a check that was never seen although others of its system were, and about an incident.
    fn unknown_check(&mut self, draft: &Draft, system: &Name, check: &Name, at: Position, removal: &str) {
        let known = self.known;
        let of_system = |seen: &'a BTreeMap<Name, BTreeSet<Name>>| seen.get(system).into_iter().flatten();
        let seen: BTreeSet<&str> = of_system(&known.checks).map(Name::as_str).collect();
        let is_incident = of_system(&known.incidents).any(|incident| incident == check);
        if seen.contains(check.as_str()) || seen.is_empty() && !is_incident {
            return;
        }
        let (message, otherwise) = if is_incident {
            let message = format!("{check} is an incident of {system}, not a check");
            (message, format!("{removal}; incidents count in any case"))
        } else {
            (format!("{system} has no transitions of the check {check} so far"), String::new())
        };
        let remedy = match did_you_mean(check.as_str(), seen) {
            empty if empty.is_empty() => otherwise,
            guess => guess,
        };
        self.note(Severity::Warning, draft, at, message, &remedy);
    }

    fn note(&mut self, severity: Severity, draft: &Draft, at: Position, message: String, remedy: &str) {
        self.problems.push(draft.problem(severity, at, message, remedy));
    }
}
