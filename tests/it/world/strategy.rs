//! Owns random small worlds: few names, and instants from a handful per world, so that ties and boundaries are
//! frequent.

pub(crate) mod rich;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{
    Check, Correction, Dependency, Fact, Maintenance, Objective, Quorum, Returns, Shift, Source, Status, System,
    Thresholds, Window, World,
};
use crate::reference::budget::{WHOLE, window_bounds};
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, Unit, Zone, instant};

/// Chosen so that alphabetical order differs from the order of dependency.
const NAMES: [&str; 7] = ["db", "Cache", "fleet", "api", "web.eu", "auth", "cluster"];
/// Those composed of some before them.
const COMPOSITE: [&str; 2] = ["fleet", "cluster"];
const STALE: [Ms; 5] = [5 * MINUTE, 15 * MINUTE, 6 * HOUR, 2 * DAY, 20 * DAY];
const DAYS: [i64; 5] = [1, 2, 7, 30, 3650];
const TARGETS: [i128; 9] =
    [100_000_000, 99_999_999, 99_999_000, 99_990_000, 99_900_000, 99_000_000, 95_000_000, 50_000_000, 1_500_000];

/// Milliseconds by which anchors are moved: neighbors, stale times and lookbacks, and full budgets.
const MOVES: [Ms; 16] = [
    -1,
    1,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    6 * HOUR,
    12 * HOUR,
    2 * DAY,
    86_400,
    604_800,
    2_592_000,
    2_592_001,
    -HOUR,
    -5 * MINUTE,
];

fn base() -> Ms {
    instant("2026-09-08T00:00:00Z")
}

/// Starts of calendar periods in several zones, and changes of clocks.
fn landmarks() -> Vec<Ms> {
    let landmarks = [
        "2026-09-30T22:00:00Z",
        "2026-10-01T00:00:00Z",
        "2026-10-31T23:00:00Z",
        "2026-11-01T00:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
        "2026-10-26T00:00:00Z",
        "2026-06-30T22:00:00Z",
        "2025-12-31T23:00:00Z",
        "2026-01-01T00:00:00Z",
        // Lord Howe Island goes forward by half an hour, and its next day begins.
        "2026-10-03T15:30:00Z",
        "2026-10-04T13:00:00Z",
        // Beirut's last hour of the day is repeated, and ends; the Azores' midnight is repeated.
        "2026-10-24T21:00:00Z",
        "2026-10-25T00:00:00Z",
        // In spring, both skip it.
        "2026-03-28T22:00:00Z",
        "2026-03-29T01:00:00Z",
    ];
    landmarks.map(instant).to_vec()
}

fn anchor() -> impl Strategy<Value = Ms> {
    prop_oneof![
        6 => (0..60_i64, select(vec![0, 0, HOUR, 6 * HOUR, 12 * HOUR, 23 * HOUR + 30 * MINUTE]))
            .prop_map(|(days, hours)| base() + days * DAY + hours),
        2 => select(landmarks()),
        1 => (0..3500_i64).prop_map(|days| base() - days * DAY),
    ]
}

/// Zero as often as a move.
fn shift() -> impl Strategy<Value = Ms> {
    prop_oneof![3 => Just(0), 3 => select(MOVES.to_vec())]
}

#[derive(Clone, Debug)]
struct RawFact {
    at: Index,
    shift: Ms,
    system: Index,
    stream: usize,
    location: Option<&'static str>,
    status: Status,
}

fn raw_fact() -> impl Strategy<Value = RawFact> {
    let status = prop_oneof![
        4 => Just(Status::Healthy), 3 => Just(Status::Unhealthy), 2 => Just(Status::Degraded), 1 => Just(Status::Unknown),
    ];
    let location = option::weighted(0.4, select(vec!["eu", "us"]));
    (any::<Index>(), shift(), any::<Index>(), 0..5_usize, location, status).prop_map(
        |(at, shift, system, stream, location, status)| RawFact { at, shift, system, stream, location, status },
    )
}

/// An outage of an objective's system that spends some of its budget, placed where it matters for its window.
#[derive(Clone, Debug)]
struct RawOutage {
    objective: Index,
    /// An upstream's outage instead, at the same time.
    upstream: Option<Index>,
    /// Percent of the budget.
    percent: i128,
    place: Place,
    shift: Ms,
    status: Status,
    stream: usize,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Ends at `as-of`.
    Over,
    /// Half of it is still ahead.
    Open,
    Middle,
    /// Begins with the window.
    Entering,
    /// Half of it has left the window.
    Leaving,
}

fn raw_outage() -> impl Strategy<Value = RawOutage> {
    let percent = select(vec![10, 25, 40, 50, 80, 80, 90, 100, 100, 160]);
    let place = select(vec![Place::Over, Place::Open, Place::Middle, Place::Middle, Place::Entering, Place::Leaving]);
    let shift = prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(-1)];
    let status = select(vec![Status::Unhealthy, Status::Unhealthy, Status::Degraded]);
    let which = (any::<Index>(), option::weighted(0.4, any::<Index>()));
    (which, percent, place, shift, status, 0..5_usize).prop_map(
        |((objective, upstream), percent, place, shift, status, stream)| RawOutage {
            objective,
            upstream,
            percent,
            place,
            shift,
            status,
            stream,
        },
    )
}

#[derive(Clone, Debug)]
struct RawSystem {
    stale_after: Option<Ms>,
    checks: Vec<RawCheck>,
    retired: Option<(Index, Ms)>,
    /// Of a composite system, among the systems before it.
    members: Vec<Index>,
    quorum: Quorum,
    /// To the systems before this one.
    edges: Vec<Option<(&'static str, bool)>>,
}

fn raw_system() -> impl Strategy<Value = RawSystem> {
    let impact = select(vec!["critical", "degraded", "degraded", "informational"]);
    let edges = vec(option::weighted(0.6, (impact, any::<bool>())), NAMES.len());
    let checks = (option::weighted(0.4, raw_check("http")), option::weighted(0.2, raw_check("ping")));
    let composition = (vec(any::<Index>(), 1..4), quorum());
    (option::weighted(0.3, select(STALE.to_vec())), edges, checks, retired(0.15), composition).prop_map(
        |(stale_after, edges, (http, ping), retired, (members, quorum))| RawSystem {
            stale_after,
            checks: http.into_iter().chain(ping).collect(),
            retired,
            members,
            quorum,
            edges,
        },
    )
}

#[derive(Clone, Debug)]
struct RawCheck {
    check: Check,
    retired: Option<(Index, Ms)>,
}

fn raw_check(name: &'static str) -> impl Strategy<Value = RawCheck> {
    let thresholds = option::weighted(0.6, thresholds());
    (quorum(), option::weighted(0.3, select(STALE.to_vec())), thresholds, retired(0.25)).prop_map(
        move |(quorum, stale_after, thresholds, retired)| {
            let check = Check { quorum, stale_after, thresholds, ..Check::new(name) };
            RawCheck { check, retired }
        },
    )
}

fn quorum() -> impl Strategy<Value = Quorum> {
    prop_oneof![Just(Quorum::All), Just(Quorum::Any), Just(Quorum::Majority), (1..4_usize).prop_map(Quorum::Number),]
}

/// Occasionally, a time at which something is retired.
fn retired(weight: f64) -> impl Strategy<Value = Option<(Index, Ms)>> {
    option::weighted(weight, (any::<Index>(), shift()))
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    let one = || option::weighted(0.7, 1..4_usize);
    let consecutive = (one(), one(), one()).prop_map(|(healthy, degraded, unhealthy)| match (degraded, unhealthy) {
        (Some(one), Some(other)) => {
            let (degraded, unhealthy) = (Some(one.min(other)), Some(one.max(other)));
            Thresholds::Consecutive { healthy, degraded, unhealthy }
        }
        (None, None) => Thresholds::Consecutive { healthy: healthy.or(Some(2)), degraded, unhealthy },
        _ => Thresholds::Consecutive { healthy, degraded, unhealthy },
    });
    let window = (1..5_usize, one(), 1..5_usize).prop_map(|(degraded, unhealthy, more)| {
        let worst = unhealthy.map_or(degraded, |unhealthy| unhealthy.max(degraded));
        let unhealthy = unhealthy.map(|_| worst);
        Thresholds::Window { size: worst + more - 1, degraded: Some(degraded), unhealthy }
    });
    prop_oneof![2 => consecutive, 1 => window]
}

#[derive(Clone, Debug)]
struct RawMaintenance {
    systems: Vec<Index>,
    at: Index,
    shift: Ms,
    duration: Ms,
    returns: Option<(Returns, Ms)>,
    except: Vec<Except>,
    cancelled: bool,
}

/// A date on which maintenance does not return: that of an occurrence after the first one, or any.
#[derive(Clone, Copy, Debug)]
enum Except {
    Turn(i64),
    Day(i64),
}

/// The zone of recurring maintenance.
fn plain_zone() -> impl Strategy<Value = Zone> {
    prop_oneof![Just(Zone::Utc), Just(Zone::Berlin)]
}

fn zone() -> impl Strategy<Value = Zone> {
    select(Zone::ALL.to_vec())
}

fn raw_maintenance() -> impl Strategy<Value = RawMaintenance> {
    let durations = vec![1, 5 * MINUTE, HOUR, HOUR, 6 * HOUR, DAY, 10 * DAY, 40 * DAY];
    // They include local times that are skipped and repeated when clocks change.
    let local = select(vec![0, HOUR, 2 * HOUR, 2 * HOUR + 30 * MINUTE, 3 * HOUR, 22 * HOUR, 23 * HOUR + 30 * MINUTE]);
    let returns = (plain_zone(), select(vec![7, 7, 7, 1, 2, 5]), any::<bool>())
        .prop_map(|(zone, days, by_end)| Returns { zone, days, by_end });
    let returns = option::weighted(0.3, (returns, local));
    let except = prop_oneof![3 => (0..6_i64).prop_map(Except::Turn), 1 => (0..70_i64).prop_map(Except::Day)];
    let except = prop_oneof![1 => Just(Vec::new()), 1 => vec(except, 1..4)];
    (vec(any::<Index>(), 1..3), any::<Index>(), shift(), select(durations), returns, except, prop::bool::weighted(0.2))
        .prop_map(|(systems, at, shift, duration, returns, except, cancelled)| RawMaintenance {
            systems,
            at,
            shift,
            duration,
            returns,
            except,
            cancelled,
        })
}

fn window() -> impl Strategy<Value = Window> {
    let rolling = || select(DAYS.to_vec()).prop_map(|days| Window::Rolling { days });
    let calendar = (select(Unit::ALL.to_vec()), zone()).prop_map(|(unit, zone)| Window::Calendar { unit, zone });
    prop_oneof![2 => rolling(), 2 => calendar]
}

/// The statuses that count as down, and those that do not count; `unknown` is never both.
fn counting() -> impl Strategy<Value = (Vec<Status>, bool, bool)> {
    let down = [
        vec![Status::Degraded, Status::Unhealthy],
        vec![Status::Degraded, Status::Unhealthy],
        vec![Status::Unhealthy],
        vec![Status::Degraded],
        vec![Status::Unhealthy, Status::Unknown],
        vec![Status::Degraded, Status::Unhealthy, Status::Unknown],
        vec![Status::Unknown],
    ];
    (select(down.to_vec()), prop::bool::weighted(0.25), prop::bool::weighted(0.35)).prop_map(
        |(down, maintenance, unknown)| {
            let unknown = unknown && !down.contains(&Status::Unknown);
            (down, maintenance, unknown)
        },
    )
}

/// The minimum of an outage, and the grace of attribution; usually neither.
fn hindsight() -> impl Strategy<Value = (Ms, Ms)> {
    let length = || prop_oneof![2 => Just(0), 1 => select(vec![1, 86_400, MINUTE, 5 * MINUTE, HOUR, 12 * HOUR, DAY])];
    (length(), length())
}

/// As many weights as statuses that count, or none.
fn weights(count: usize) -> impl Strategy<Value = Vec<i128>> {
    prop_oneof![2 => Just(Vec::new()), 1 => vec(select(vec![1000_i128, 500, 500, 250, 333, 1, 999]), count)]
}

/// Hours of a schedule. They include local times that are skipped and repeated when clocks change.
fn shift_of_schedule() -> impl Strategy<Value = Shift> {
    let time = || option::weighted(0.8, select(vec![0, 60, 120, 150, 180, 540, 1020, 1320, 1410]));
    let days = vec![vec![], vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4], vec![5, 6], vec![6], vec![0, 2, 4]];
    let except = prop_oneof![2 => Just(Vec::new()), 1 => vec(0..70_i64, 1..4)];
    (time(), time(), select(days), except).prop_map(|(after, before, days, mut except)| {
        let (after, before) = if after == before { (Some(540), None) } else { (after, before) };
        except.sort_unstable();
        except.dedup();
        let except = except.into_iter().map(|day| base() / DAY + day).collect();
        Shift { days, after, before, except }
    })
}

#[derive(Clone, Debug)]
struct RawObjective {
    system: Index,
    objective: Objective,
    excluded: Vec<Index>,
}

fn raw_objective() -> impl Strategy<Value = RawObjective> {
    let check = option::weighted(0.35, select(vec!["http", "ping", "never"]));
    let thresholds = select(vec![(50, 80, 5000), (10, 90, 14_400), (25, 50, 1000), (50, 80, 1), (1, 100, 720_000)]);
    let timezone = prop_oneof![1 => Just(Zone::Utc), 1 => zone()];
    let shape = (select(TARGETS.to_vec()), (window(), timezone), check, thresholds, counting());
    let flags = (any::<bool>(), any::<bool>(), option::weighted(0.3, select(vec!["payments", "search"])));
    let excluded = prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<Index>(), 1..3)];
    let schedule = prop_oneof![2 => Just(Vec::new()), 1 => vec(shift_of_schedule(), 1..3)];
    let parts = (any::<Index>(), shape, flags, excluded, schedule, weights(3), hindsight());
    parts.prop_map(|(system, shape, flags, excluded, schedule, mut weights, (minimum_outage, attribution_grace))| {
        let (target, (window, timezone), check, (warning, critical, fast), (down, maintenance, unknown)) = shape;
        let (self_only, exclude_maintenance, team) = flags;
        weights.truncate(down.len());
        let objective = Objective {
            timezone,
            labels: team.map(|team| ("team".to_owned(), team.to_owned())).into_iter().collect(),
            healthcheck: check.map(str::to_owned),
            self_only,
            exclude_maintenance,
            counts_as_down: down,
            weights,
            minimum_outage,
            attribution_grace,
            not_counted_maintenance: maintenance,
            not_counted_unknown: unknown,
            schedule,
            warning_percent: warning,
            critical_percent: critical,
            fast_burn_milli: fast,
            ..Objective::new("", "", target, window)
        };
        RawObjective { system, objective, excluded }
    })
}

#[derive(Clone, Debug)]
struct RawManifests {
    systems: Vec<RawSystem>,
    objectives: Vec<RawObjective>,
    maintenance: Vec<RawMaintenance>,
    corrections: Vec<RawCorrection>,
}

#[derive(Clone, Debug)]
struct RawCorrection {
    system: Index,
    check: Option<&'static str>,
    source: Option<Source>,
    location: Option<&'static str>,
    start: Option<(Index, Ms)>,
    end: Option<(Index, Ms)>,
    status: Option<Status>,
}

fn raw_correction() -> impl Strategy<Value = RawCorrection> {
    let what = (
        option::weighted(0.5, select(vec!["http", "ping"])),
        option::weighted(0.2, select(vec![Source::Healthcheck, Source::Incident])),
        option::weighted(0.2, select(vec!["eu", "us"])),
    );
    let side = || option::weighted(0.8, (any::<Index>(), shift()));
    let status = select(vec![
        None,
        None,
        Some(Status::Healthy),
        Some(Status::Healthy),
        Some(Status::Degraded),
        Some(Status::Unhealthy),
        Some(Status::Unknown),
    ]);
    (any::<Index>(), what, side(), side(), status).prop_map(
        |(system, (check, source, location), start, end, status)| RawCorrection {
            system,
            check,
            source,
            location,
            start,
            end,
            status,
        },
    )
}

/// The corrections that do not contradict an earlier one.
fn build_corrections(raw: &[RawCorrection], names: &[&str], instants: &[Ms]) -> Vec<Correction> {
    let mut built: Vec<Correction> = Vec::new();
    for (number, raw) in raw.iter().enumerate() {
        let system = *raw.system.get(names);
        let side = |side: &Option<(Index, Ms)>| side.as_ref().map(|(at, shift)| *at.get(instants) + shift);
        let (start, end) = (side(&raw.start), side(&raw.end));
        let (start, end) = if start.zip(end).is_some_and(|(start, end)| end <= start) {
            (end, start.filter(|start| Some(*start) != end))
        } else {
            (start, end)
        };
        // A composite system has no checks.
        let is_incident = COMPOSITE.contains(&system) && raw.check.is_some();
        let correction = Correction {
            check: raw.check.map(str::to_owned),
            source: if is_incident { Some(Source::Incident) } else { raw.source },
            location: raw.location.map(str::to_owned),
            ..Correction::new(&format!("c{number}"), system, raw.status, start, end)
        };
        if !built.iter().any(|other| other.contradicts(&correction)) {
            built.push(correction);
        }
    }
    built
}

fn raw_manifests(systems: usize) -> impl Strategy<Value = RawManifests> {
    // Most worlds have none.
    let corrections = prop_oneof![3 => Just(Vec::new()), 2 => vec(raw_correction(), 1..5)];
    (vec(raw_system(), systems), vec(raw_objective(), 1..4), vec(raw_maintenance(), 0..5), corrections).prop_map(
        |(systems, objectives, maintenance, corrections)| RawManifests {
            systems,
            objectives,
            maintenance,
            corrections,
        },
    )
}

/// Any possible world; one in four combines everything that can be declared.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    prop_oneof![3 => revised_worlds().prop_map(|(world, _)| world), 1 => rich::rich_worlds()]
}

/// A world, and the same world with different manifests for the same systems.
pub(crate) fn revised_worlds() -> impl Strategy<Value = (World, World)> {
    let moments = (vec(anchor(), 1..9), anchor(), shift());
    // Either anything anywhere, or long quiet systems with few outages.
    let facts = prop_oneof![
        1 => (vec(raw_fact(), 0..41), Just(0_usize), vec(raw_outage(), 0..2)),
        1 => (vec(raw_fact(), 0..6), Just(NAMES.len()), vec(raw_outage(), 0..8)),
    ];
    let manifests = (1..=NAMES.len()).prop_flat_map(|count| (raw_manifests(count), raw_manifests(count)));
    (moments, facts, manifests).prop_map(|((anchors, as_of, shift), (facts, quiet, outages), manifests)| {
        let (before, after) = manifests;
        let as_of = as_of + shift;
        let instants = instants(&anchors, as_of);
        let mut world = build(&before, &[], &instants, as_of);
        let mut all: Vec<Fact> = facts.iter().map(|fact| build_fact(fact, &instants, before.systems.len())).collect();
        let quiet = world.systems.iter().take(quiet).filter(|system| system.members.is_empty());
        all.extend(quiet.map(|system| Fact::new(as_of - 80 * DAY, &system.name, Status::Healthy)));
        all.extend(outages.iter().flat_map(|outage| build_outage(outage, &world)));
        world.facts = all;
        let revised = build(&after, &world.facts, &instants, as_of);
        (world, revised)
    })
}

/// The instants of one world: its anchors, `as_of`, and the starts of the windows and lookbacks that end there.
fn instants(anchors: &[Ms], as_of: Ms) -> Vec<Ms> {
    let back = [0, HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 3650 * DAY];
    // Anchors are as frequent as boundaries, and come first so that shrinking leads to them.
    let anchors = anchors.iter().cycle().take(anchors.len().max(10)).copied();
    anchors.chain(back.into_iter().map(|back| as_of - back)).collect()
}

/// A stream of a system: the system itself, its checks, and its incidents; a composite system has only incidents.
pub(super) fn stream(system: &str, number: usize) -> (Source, Option<String>) {
    let number = if COMPOSITE.contains(&system) { 3 + number % 2 } else { number };
    let (source, check) = match number {
        0 => (Source::Healthcheck, None),
        1 => (Source::Healthcheck, Some("http")),
        2 => (Source::Healthcheck, Some("ping")),
        3 => (Source::Incident, None),
        _ => (Source::Incident, Some("http")),
    };
    (source, check.map(str::to_owned))
}

fn build_outage(raw: &RawOutage, world: &World) -> [Fact; 2] {
    let objective = raw.objective.get(&world.objectives);
    let (start, end) = window_bounds(objective.window, world.as_of);
    let length = end - start;
    let budget = (WHOLE - objective.target_micro) * i128::from(length) / WHOLE;
    let duration = (budget * raw.percent / 100) as Ms + raw.shift.max(1 - budget as Ms);
    let from = match raw.place {
        Place::Over => world.as_of - duration,
        Place::Open => world.as_of - duration / 2,
        Place::Middle => start + (world.as_of - start) / 2,
        Place::Entering => start,
        Place::Leaving => start - duration / 2,
    };
    // The end of an open outage may be years ahead, where no fact can be: the last day is soon enough.
    let to = (from + duration.max(1)).min(instant("2026-11-20T00:00:00Z"));
    let upstreams = upstreams(&world.systems, &objective.system);
    let upstream = raw.upstream.filter(|_| !upstreams.is_empty()).map(|index| index.get(&upstreams));
    let system = upstream.unwrap_or(&objective.system);
    let (source, check) = stream(system, raw.stream);
    let fact = |ts, status| Fact { source, check: check.clone(), ..Fact::new(ts, system, status) };
    [fact(from, raw.status), fact(to, Status::Healthy)]
}

fn build_fact(raw: &RawFact, instants: &[Ms], systems: usize) -> Fact {
    // One more than declared: a system may be known only from the journal.
    let system = ["ghost"].iter().chain(&NAMES[..systems]).nth(raw.system.index(systems + 1)).unwrap();
    let (source, check) = stream(system, raw.stream);
    let location = raw.location.map(str::to_owned);
    Fact { source, check, location, ..Fact::new(*raw.at.get(instants) + raw.shift, system, raw.status) }
}

fn build(raw: &RawManifests, facts: &[Fact], instants: &[Ms], as_of: Ms) -> World {
    let names = &NAMES[..raw.systems.len()];
    let name = |index: &Index| (*index.get(names)).to_owned();
    let systems: Vec<System> =
        names.iter().zip(&raw.systems).map(|(name, system)| build_system(name, system, instants)).collect();
    let objectives = raw.objectives.iter().enumerate().map(|(number, raw)| {
        let system = name(&raw.system);
        let upstreams = upstreams(&systems, &system);
        let mut excluded: Vec<String> =
            raw.excluded.iter().filter(|_| !upstreams.is_empty()).map(|index| index.get(&upstreams).clone()).collect();
        excluded.sort();
        excluded.dedup();
        let healthcheck = raw.objective.healthcheck.clone().filter(|_| !COMPOSITE.contains(&&*system));
        let name = format!("o{number}");
        Objective { name, system, healthcheck, excluded_dependencies: excluded, ..raw.objective.clone() }
    });
    let maintenance = raw.maintenance.iter().enumerate().map(|(number, raw)| {
        let mut systems: Vec<String> = raw.systems.iter().map(name).collect();
        systems.sort();
        systems.dedup();
        let at = *raw.at.get(instants) + raw.shift;
        let (start, duration, returns) = match raw.returns {
            None => (at, raw.duration, None),
            Some((returns, local)) => returning(at, raw.duration, returns, local),
        };
        let except = returns.map_or(Vec::new(), |returns| excepted(start, returns, &raw.except));
        Maintenance { name: format!("m{number}"), systems, start, duration, returns, except, cancelled: raw.cancelled }
    });
    World {
        as_of,
        facts: facts.to_vec(),
        objectives: objectives.collect(),
        maintenance: maintenance.collect(),
        corrections: build_corrections(&raw.corrections, names, instants),
        systems,
    }
}

/// The dates on which a window does not return, sorted.
fn excepted(start: Ms, returns: Returns, raw: &[Except]) -> Vec<i64> {
    let first = returns.zone.to_local(start).div_euclid(DAY);
    let date = |raw: &Except| match raw {
        Except::Turn(turn) => first + turn * returns.days,
        Except::Day(day) => base() / DAY + day,
    };
    raw.iter().map(date).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Start, duration and repetition of a window on the day of `at`; if clocks show the start twice, either is used.
fn returning(at: Ms, duration: Ms, returns: Returns, local: Ms) -> (Ms, Ms, Option<Returns>) {
    let zone = returns.zone;
    let shown = zone.to_local(at).div_euclid(DAY) * DAY + local;
    let hours = [shown - 2 * HOUR, shown - HOUR, shown];
    let starts: Vec<Ms> = hours.into_iter().filter(|start| zone.to_local(*start) == shown).collect();
    // A skipped time is not a start; the hour after it is one.
    let start = starts.get(at as usize % starts.len().max(1)).copied().unwrap_or(shown - HOUR);
    let duration = duration.clamp(MINUTE, DAY);
    // No end may be at or before the start in local time.
    let by_end = returns.by_end && zone.to_local(start + duration) > zone.to_local(start);
    (start, duration, Some(Returns { by_end, ..returns }))
}

fn build_system(name: &str, raw: &RawSystem, instants: &[Ms]) -> System {
    let moment = |(at, shift): &(Index, Ms)| *at.get(instants) + shift;
    let earlier: Vec<&str> = NAMES.iter().copied().take_while(|earlier| *earlier != name).collect();
    let is_composite = COMPOSITE.contains(&name);
    let mut members: Vec<String> =
        raw.members.iter().filter(|_| is_composite).map(|index| (*index.get(&earlier)).to_owned()).collect();
    members.sort();
    members.dedup();
    let quorum = match raw.quorum {
        Quorum::Number(number) => Quorum::Number(number.min(members.len().max(1))),
        word => word,
    };
    let check = |raw: &RawCheck| Check { retired_at: raw.retired.as_ref().map(moment), ..raw.check.clone() };
    let checks = raw.checks.iter().filter(|_| !is_composite).map(check).collect();
    let edges = NAMES.iter().take_while(|earlier| **earlier != name).zip(&raw.edges);
    let dependencies = edges.filter_map(|(target, edge)| {
        edge.map(|(impact, transitive)| Dependency { target: (*target).to_owned(), impact, transitive })
    });
    let (stale_after, retired_at) = (raw.stale_after, raw.retired.as_ref().map(moment));
    let dependencies = dependencies.collect();
    System { name: name.to_owned(), stale_after, checks, retired_at, members, quorum, dependencies }
}

/// Every system reached by some path of dependencies.
fn upstreams(systems: &[System], system: &str) -> Vec<String> {
    let direct = systems.iter().filter(|declared| declared.name == system);
    let direct = direct.flat_map(|declared| declared.dependencies.iter().map(|edge| edge.target.clone()));
    let mut all: Vec<String> =
        direct.flat_map(|target| [vec![target.clone()], upstreams(systems, &target)].concat()).collect();
    all.sort();
    all.dedup();
    all
}
