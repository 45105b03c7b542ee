//! Owns random worlds that combine everything that can be declared: composites of composites over checks from several
//! locations with thresholds, under corrections, with objectives that have weights, hours, minimums and graces, around
//! a change of clocks.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{
    RawCheck, RawObjective, hindsight, quorum, raw_check, raw_objective, shift_of_schedule, thresholds, weights,
};
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, SECOND, Unit, Zone, instant};
use crate::world::{
    Correction, Dependency, Fact, Maintenance, Objective, Quorum, Status, System, Thresholds, Window, World,
};

/// Systems whose checks report from two locations.
const CHECKED: [&str; 2] = ["db", "cache"];
/// All systems, from the bottom up: two with checks, a composite of them, one more, a composite of both, and their
/// upstream.
const SYSTEMS: [&str; 6] = ["db", "cache", "fleet", "api", "cluster", "auth"];

/// A random fact: system, location, status, and the time since the one before.
fn raw_fact() -> impl Strategy<Value = (Index, bool, Status, Ms)> {
    let status = select(vec![
        Status::Healthy,
        Status::Healthy,
        Status::Unhealthy,
        Status::Unhealthy,
        Status::Degraded,
        Status::Unknown,
    ]);
    let step = select(vec![0, 1, SECOND, MINUTE, MINUTE, 5 * MINUTE, HOUR, HOUR, 3 * HOUR]);
    (any::<Index>(), any::<bool>(), status, step)
}

fn facts(raw: &[(Index, bool, Status, Ms)], as_of: Ms) -> Vec<Fact> {
    let mut at = as_of - raw.iter().map(|(.., step)| step).sum::<Ms>();
    let reporting = ["db", "db", "cache", "cache", "api", "auth", "cluster"];
    let fact = |(system, is_eu, status, step): &(Index, bool, Status, Ms)| {
        at += step;
        let system = *system.get(&reporting);
        let fact = Fact::new(at, system, *status);
        match system {
            "cluster" => fact.incident(),
            system if CHECKED.contains(&system) => fact.check("http").from(if *is_eu { "eu" } else { "us" }),
            _ => fact,
        }
    };
    let seen = SYSTEMS.iter().map(|system| Fact::new(as_of - 3 * DAY, system, Status::Healthy));
    let seen = seen.filter(|fact| !["fleet", "cluster"].contains(&&*fact.system));
    seen.chain(raw.iter().map(fact).collect::<Vec<_>>()).collect()
}

/// The rules of two checks, of both composites, and for silence.
type RawRules = ([(RawCheck, Thresholds); 2], [Quorum; 2], Option<Ms>);

fn rules() -> impl Strategy<Value = RawRules> {
    let check = || (raw_check("http"), thresholds());
    let silence = proptest::option::of(select(vec![5 * MINUTE, 2 * HOUR]));
    ([check(), check()], [quorum(), quorum()], silence)
}

fn systems((checks, quorums, silence): &RawRules) -> Vec<System> {
    let mut systems: Vec<System> = SYSTEMS.iter().map(|name| System::new(name)).collect();
    for (system, (raw, thresholds)) in systems.iter_mut().zip(checks) {
        let mut check = raw.check.clone();
        check.thresholds = Some(thresholds.clone());
        system.checks = vec![check];
        system.stale_after = *silence;
    }
    for (place, members, wanted) in [(2, ["db", "cache"], quorums[0]), (4, ["fleet", "api"], quorums[1])] {
        systems[place].members = members.map(str::to_owned).to_vec();
        systems[place].quorum = match wanted {
            Quorum::Number(number) => Quorum::Number(number.min(2)),
            word => word,
        };
    }
    systems[4].dependencies = vec![Dependency { target: "auth".to_owned(), impact: "critical", transitive: false }];
    systems
}

/// The target of a correction, its start and duration, and the status.
type RawCorrection = (Index, Index, Ms, Option<Status>);

fn correction() -> impl Strategy<Value = RawCorrection> {
    let status = select(vec![None, Some(Status::Healthy), Some(Status::Degraded), Some(Status::Unhealthy)]);
    (any::<Index>(), any::<Index>(), select(vec![1, MINUTE, HOUR, 6 * HOUR, DAY]), status)
}

fn corrections(raw: &[RawCorrection], facts: &[Fact]) -> Vec<Correction> {
    let mut made: Vec<Correction> = Vec::new();
    for (number, (system, at, length, status)) in raw.iter().enumerate() {
        let (system, start) = (*system.get(&["db", "db", "cache", "fleet", "cluster", "api"]), at.get(facts).ts);
        let name = format!("c{number}");
        let check = CHECKED.contains(&system).then(|| "http".to_owned());
        let correction =
            Correction { check, ..Correction::new(&name, system, *status, Some(start), Some(start + length)) };
        if !made.iter().any(|other| other.contradicts(&correction)) {
            made.push(correction);
        }
    }
    made
}

/// An objective with every option declared.
fn objective() -> impl Strategy<Value = Objective> {
    let zone = || select(vec![Zone::Berlin, Zone::Berlin, Zone::Azores, Zone::LordHowe, Zone::Utc]);
    let rolling = select(vec![1, 2]).prop_map(|days| Window::Rolling { days });
    let calendar = (select(vec![Unit::Day, Unit::Week, Unit::Month]), zone());
    let window = prop_oneof![rolling, calendar.prop_map(|(unit, zone)| Window::Calendar { unit, zone })];
    let hours = vec(shift_of_schedule(), 1..3);
    let short = select(vec![1, MINUTE, 5 * MINUTE, HOUR]);
    (raw_objective(), window, zone(), hours, weights(3), hindsight(), short).prop_map(
        |(RawObjective { objective, .. }, window, timezone, schedule, weights, (minimum, grace), short)| {
            let weights = if weights.is_empty() { vec![500, 1000, 250] } else { weights };
            let weights = weights.into_iter().take(objective.counts_as_down.len()).collect();
            let minimum_outage = if minimum == 0 { short } else { minimum };
            let attribution_grace = if grace == 0 { short } else { grace };
            Objective { window, timezone, weights, minimum_outage, attribution_grace, schedule, ..objective }
        },
    )
}

/// Worlds that combine everything.
pub(crate) fn rich_worlds() -> impl Strategy<Value = World> {
    let clocks = select(vec!["2026-10-25T01:00:00Z", "2026-03-29T01:00:00Z", "2026-10-03T15:30:00Z"]);
    let as_of = (clocks, 0..30_i64, -1..2_i64).prop_map(|(clocks, hours, past)| instant(clocks) + hours * HOUR + past);
    let corrections_of = vec(correction(), 1..4);
    (as_of, vec(raw_fact(), 8..40), rules(), corrections_of, vec(objective(), 3), any::<Index>()).prop_map(
        |(as_of, raw, rules, corrected, objectives, planned)| {
            let facts = facts(&raw, as_of);
            let start = planned.get(&facts).ts;
            let maintenance = Maintenance {
                name: "m".to_owned(),
                systems: vec!["cluster".to_owned(), "fleet".to_owned()],
                start,
                duration: HOUR,
                returns: None,
                except: Vec::new(),
                cancelled: false,
            };
            let objectives = ["cluster", "fleet", "db"].iter().zip(objectives).enumerate();
            let objectives = objectives.map(|(number, (system, objective))| {
                let healthcheck = objective.healthcheck.filter(|_| *system == "db").map(|_| "http".to_owned());
                Objective { name: format!("o{number}"), system: (*system).to_owned(), healthcheck, ..objective }
            });
            World {
                as_of,
                objectives: objectives.collect(),
                systems: systems(&rules),
                maintenance: vec![maintenance],
                corrections: corrections(&corrected, &facts),
                facts,
            }
        },
    )
}
