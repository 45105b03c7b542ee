//! Owns the JSON of downtime events and their totals, as `slo downtime` should print them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::budget::MICROS;
use super::calendar::{Ms, SECOND, civil_from_days, rfc3339};
use super::history::{DowntimeEvent, History, Outage};
use super::model::{Attribution, Model};
use crate::world::{Objective, Source, World};

/// Every outage of every objective up to `as-of` with a charge in `[since, until)`, and the events that overlap that
/// range.
pub(crate) fn outages(world: &World, since: Ms, until: Ms) -> Vec<(&Objective, Outage)> {
    let model = Model::new(world, world.as_of);
    let mut found = Vec::new();
    for objective in &world.objectives {
        for mut outage in History::new(&model, objective).outages(world.as_of) {
            outage
                .events
                .retain(|event| since < until && event.start < until && event.end.is_none_or(|end| end > since));
            if !outage.events.is_empty() {
                found.push((objective, outage));
            }
        }
    }
    found
}

/// Every charged downtime event of every objective up to `as-of`, oldest first, then by objective.
///
/// Time that maintenance excludes or that does not count belongs to no event; inside an outage, it splits the events of
/// that outage. An open event lasts until `as-of`.
pub(crate) fn downtime(world: &World) -> Vec<Value> {
    events(world, &outages(world, Ms::MIN, Ms::MAX))
}

/// The events of outages.
pub(crate) fn events(world: &World, outages: &[(&Objective, Outage)]) -> Vec<Value> {
    let mut events: Vec<(Ms, &String, Value)> = Vec::new();
    for (objective, outage) in outages {
        events
            .extend(outage.events.iter().map(|event| (event.start, &objective.name, printed(world, objective, event))));
    }
    events.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    events.into_iter().map(|(_, _, json)| json).collect()
}

/// All events with `--all`: for every instant that an objective is down, or was recorded as down before corrections,
/// how it is accounted for.
pub(crate) fn accounted(world: &World) -> Vec<Value> {
    let (as_of, mut events) = (world.as_of, Vec::new());
    let uncorrected = World { corrections: Vec::new(), ..world.clone() };
    let (model, recorded) = (Model::new(world, as_of), Model::new(&uncorrected, as_of));
    for objective in &world.objectives {
        let history = History::new(&model, objective);
        let edges = history.pieces.iter().map(|piece| piece.start).filter(|start| *start <= as_of);
        let edges: BTreeSet<Ms> = edges.chain(recorded.edges(&objective.system)).filter(|at| *at <= as_of).collect();
        let mut last: Option<(Ms, Option<Ms>, Fate)> = None;
        let ends = edges.iter().skip(1).map(|end| Some(*end)).chain([None]);
        for (start, end) in edges.iter().copied().zip(ends) {
            let fate = fate(&history, &model, &recorded, start);
            match (&mut last, fate) {
                (Some((_, until, known)), Some(fate)) if *known == fate && *until == Some(start) => *until = end,
                (last, fate) => {
                    let over = std::mem::replace(last, fate.map(|fate| (start, end, fate)));
                    events.extend(over.map(|over| (objective, over)));
                }
            }
        }
        events.extend(last.map(|last| (objective, last)));
    }
    events.sort_by(|(a, one), (b, other)| (one.0, &a.name).cmp(&(other.0, &b.name)));
    let print = |(objective, (start, end, fate)): (&Objective, (Ms, Option<Ms>, Fate))| {
        let (attribution, source, weight) = (fate.attribution, fate.source, fate.weight);
        let event = DowntimeEvent { start, end, attribution, source, weight };
        let mut json = printed(world, objective, &event);
        json["accounting"] = fate.accounting.into();
        json["because"] = json!(fate.because);
        if fate.accounting == "corrected" {
            json["attributionType"] = Value::Null;
        }
        json
    };
    events.into_iter().map(print).collect()
}

/// How an instant at which an objective is down is accounted for.
#[derive(PartialEq)]
struct Fate {
    attribution: Attribution,
    source: Source,
    weight: i128,
    accounting: &'static str,
    because: Vec<String>,
}

fn fate(history: &History<'_>, model: &Model<'_>, recorded: &Model<'_>, at: Ms) -> Option<Fate> {
    let objective = history.objective;
    let piece = history.pieces.iter().find(|piece| piece.start <= at && at < piece.end)?;
    let class = &piece.class;
    let Some((attribution, source)) = class.unexcused.clone() else {
        let (_, source) = recorded.class(objective, at).unexcused?;
        let weight = recorded.class(objective, at).weight;
        let check = objective.healthcheck.as_deref();
        let because = model.corrections_in_force(&objective.system, check, at, true);
        return Some(Fate { attribution: Attribution::Own, source, weight, accounting: "corrected", because });
    };
    let is_known = class.known_from <= model.world.as_of;
    let attribution = if is_known { attribution } else { Attribution::Own };
    let (accounting, because) = if history.charged(piece, model.world.as_of).is_some() {
        ("charged", Vec::new())
    } else if class.outside {
        ("not-counted", Vec::new())
    } else if class.excluded {
        ("excluded", model.windows_in_force(&objective.system, at))
    } else {
        ("too-short", Vec::new())
    };
    Some(Fate { attribution, source, weight: class.weight, accounting, because })
}

fn printed(world: &World, objective: &Objective, event: &DowntimeEvent) -> Value {
    let (kind, upstream) = match &event.attribution {
        Attribution::Own => ("self", None),
        Attribution::Upstream(system) => ("upstream", Some(system)),
    };
    json!({
        "objectiveId": objective.name,
        "systemId": objective.system,
        "startTime": rfc3339(event.start),
        "endTime": event.end.map(rfc3339),
        "durationSeconds": (event.end.unwrap_or(world.as_of) - event.start).div_euclid(SECOND),
        "attributionType": kind,
        "upstreamSystemId": upstream,
        "source": match event.source {
            Source::Healthcheck => "healthcheck",
            Source::Incident => "incident",
        },
        "weight": event.weight as f64 / 1000.0,
        "accounting": "charged",
        "because": [],
        "note": null,
    })
}

/// One outage for the totals: its events, the charge, and its duration, so far if it is ongoing.
struct Seen {
    events: usize,
    /// In microseconds.
    charged: i128,
    lasted: Ms,
    open: bool,
}

fn sums(seen: &[Seen]) -> Value {
    let over: Vec<Ms> = seen.iter().filter(|outage| !outage.open).map(|outage| outage.lasted).collect();
    let mean = (!over.is_empty()).then(|| over.iter().sum::<Ms>() / over.len() as Ms);
    json!({
        "count": seen.iter().map(|outage| outage.events).sum::<usize>(),
        "outages": seen.len(),
        "open": seen.len() - over.len(),
        "totalSeconds": (seen.iter().map(|outage| outage.charged).sum::<i128>() / (MICROS * i128::from(SECOND))) as i64,
        "longestSeconds": seen.iter().map(|outage| outage.lasted).max().map(|lasted| lasted.div_euclid(SECOND)),
        "mttrSeconds": mean.map(|mean| mean.div_euclid(SECOND)),
    })
}

/// Outages of several objectives of one system, linked by common instants.
pub(crate) type Joined<'o, 'w> = Vec<&'o (&'w Objective, Outage)>;

/// Outages of systems: two with a common instant are joined, repeatedly until nothing changes.
pub(crate) fn joined<'o, 'w>(outages: &'o [(&'w Objective, Outage)]) -> Vec<Joined<'o, 'w>> {
    let end = |outage: &Outage| outage.end.unwrap_or(Ms::MAX);
    let meet = |(of, one): &(&Objective, Outage), (of_other, other): &(&Objective, Outage)| {
        of.system == of_other.system && one.start.max(other.start) < end(one).min(end(other))
    };
    let mut sets: Vec<Joined<'_, '_>> = outages.iter().map(|outage| vec![outage]).collect();
    loop {
        let pairs = (0..sets.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let found =
            pairs.into_iter().find(|(a, b)| sets[*a].iter().any(|one| sets[*b].iter().any(|other| meet(one, other))));
        let Some((a, b)) = found else { return sets };
        let gone = sets.remove(a);
        sets[b].extend(gone);
    }
}

/// The microseconds covered by spans, each instant with the greatest of their weights.
pub(crate) fn weighed(stretches: &[(Ms, Ms, i128)]) -> i128 {
    let edges: BTreeSet<Ms> = stretches.iter().flat_map(|(start, end, _)| [*start, *end]).collect();
    let edges: Vec<Ms> = edges.into_iter().collect();
    let greatest = |at: Ms| {
        stretches.iter().filter(|(start, end, _)| *start <= at && at < *end).map(|(_, _, weight)| *weight).max()
    };
    edges.windows(2).map(|pair| i128::from(pair[1] - pair[0]) * greatest(pair[0]).unwrap_or(0)).sum()
}

/// The milliseconds covered by any of some spans.
pub(crate) fn covered(stretches: &[(Ms, Ms)]) -> Ms {
    let mut edges: Vec<Ms> = stretches.iter().flat_map(|(start, end)| [*start, *end]).collect();
    edges.sort_unstable();
    let inside = |pair: &&[Ms]| stretches.iter().any(|(start, end)| *start <= pair[0] && pair[1] <= *end);
    edges.windows(2).filter(inside).map(|pair| pair[1] - pair[0]).sum()
}

/// From the first start to the last end of some outages, which is `now` while one is ongoing.
pub(crate) fn hull(set: &[&(&Objective, Outage)], now: Ms) -> (Ms, Ms) {
    let start = set.iter().map(|(_, outage)| outage.start).min().unwrap();
    (start, set.iter().map(|(_, outage)| outage.end.unwrap_or(now)).max().unwrap())
}

/// The totals of outages, each counted once for all objectives of its system.
pub(crate) fn totals(world: &World, outages: &[(&Objective, Outage)]) -> Value {
    let seen = |set: &Joined<'_, '_>| {
        let events: Vec<&DowntimeEvent> = set.iter().flat_map(|(_, outage)| &outage.events).collect();
        let charged: Vec<_> =
            events.iter().map(|event| (event.start, event.end.unwrap_or(world.as_of), event.weight)).collect();
        let (start, end) = hull(set, world.as_of);
        let open = set.iter().any(|(_, outage)| outage.end.is_none());
        Seen { events: events.len(), charged: weighed(&charged), lasted: end - start, open }
    };
    sums(&joined(outages).iter().map(seen).collect::<Vec<_>>())
}

/// The same by objective or system: for each, all its outages.
pub(crate) fn totals_by(
    world: &World,
    outages: &[(&Objective, Outage)],
    key: impl Fn(&Objective) -> String,
) -> BTreeMap<String, Value> {
    let keys: BTreeSet<String> = outages.iter().map(|(objective, _)| key(objective)).collect();
    let of = |wanted: &String| {
        let mine: Vec<_> = outages.iter().filter(|(objective, _)| key(objective) == *wanted).cloned().collect();
        totals(world, &mine)
    };
    keys.iter().map(|key| (key.clone(), of(key))).collect()
}

/// The same by parts of events: for each key, its part of each outage.
pub(crate) fn parts_by(
    outages: &[(&Objective, Outage)],
    parts: impl Fn(&Objective, &DowntimeEvent) -> Vec<(String, (Ms, Ms))>,
) -> BTreeMap<String, Value> {
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for set in joined(outages) {
        let events =
            set.iter().flat_map(|(objective, outage)| outage.events.iter().map(move |event| (objective, event)));
        let weighted = |(objective, event): (&&Objective, &DowntimeEvent)| {
            let weight = event.weight;
            parts(objective, event).into_iter().map(move |(key, (start, end))| (key, (start, end, weight)))
        };
        let all: Vec<(String, (Ms, Ms, i128))> = events.flat_map(weighted).collect();
        for key in all.iter().map(|(key, _)| key).collect::<BTreeSet<_>>() {
            let mine: Vec<(Ms, Ms, i128)> =
                all.iter().filter(|(of, _)| of == key).map(|(_, stretch)| *stretch).collect();
            let spans: Vec<(Ms, Ms)> = mine.iter().map(|(start, end, _)| (*start, *end)).collect();
            let lasted = covered(&spans);
            let (charged, open) = (weighed(&mine), set.iter().any(|(_, outage)| outage.end.is_none()));
            seen.entry(key.clone()).or_default().push(Seen { events: mine.len(), charged, lasted, open });
        }
    }
    seen.into_iter().map(|(key, seen)| (key, sums(&seen))).collect()
}

/// The cause of an event, with its span.
pub(crate) fn by_cause(world: &World, event: &DowntimeEvent) -> Vec<(String, (Ms, Ms))> {
    let cause = match &event.attribution {
        Attribution::Own => "self".to_owned(),
        Attribution::Upstream(system) => system.clone(),
    };
    vec![(cause, (event.start, event.end.unwrap_or(world.as_of)))]
}

/// The days of an objective's zone on which an event is within `[since, until)`, and the span on each.
pub(crate) fn by_day(
    world: &World,
    (since, until): (Ms, Ms),
    objective: &Objective,
    event: &DowntimeEvent,
) -> Vec<(String, (Ms, Ms))> {
    let zone = objective.zone();
    let (start, end) = (event.start.max(since), event.end.unwrap_or(world.as_of).min(until));
    let days = zone.date(start)..=zone.date(end - 1);
    let part = |day: i64| {
        let (year, month, date) = civil_from_days(day);
        let (first, next) = (zone.start_of(day), zone.start_of(day + 1));
        (format!("{year:04}-{month:02}-{date:02}"), (start.max(first), end.min(next)))
    };
    if end <= start { Vec::new() } else { days.map(part).collect() }
}
