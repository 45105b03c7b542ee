//! Owns the JSON of downtime events and what they come to, as `slo downtime` should print them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::budget::MICROS;
use super::calendar::{DAY, Ms, SECOND, civil_from_days, rfc3339};
use super::history::{DowntimeEvent, History, Outage};
use super::model::{Attribution, Model};
use crate::world::{Objective, Source, World};

/// Every outage of every objective up to `as-of` of which something is charged in `[since, until)`, with the events that touch
/// that range.
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
/// Time that maintenance excludes or that is not counted belongs to no event; where it lies inside an outage, it parts events of
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
    })
}

/// One outage as far as a sum sees it: its events, what is charged, and how long it lasted if it is over, or has lasted so far.
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

fn millis(world: &World, start: Ms, end: Option<Ms>) -> Ms {
    end.unwrap_or(world.as_of) - start
}

/// What outages come to.
pub(crate) fn totals(world: &World, outages: &[(&Objective, Outage)]) -> Value {
    let seen = |(_, outage): &(&Objective, Outage)| Seen {
        events: outage.events.len(),
        charged: outage
            .events
            .iter()
            .map(|event| i128::from(millis(world, event.start, event.end)) * event.weight)
            .sum(),
        lasted: millis(world, outage.start, outage.end),
        open: outage.end.is_none(),
    };
    sums(&outages.iter().map(seen).collect::<Vec<_>>())
}

/// The same by objective or system: of each all its outages.
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

/// The same by parts of events: for each key, what of each outage belongs to it.
pub(crate) fn parts_by(
    outages: &[(&Objective, Outage)],
    parts: impl Fn(&DowntimeEvent) -> Vec<(String, Ms)>,
) -> BTreeMap<String, Value> {
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for (_, outage) in outages {
        let weighted = |event: &DowntimeEvent| {
            let weight = event.weight;
            parts(event).into_iter().map(move |(key, millis)| (key, (millis, i128::from(millis) * weight)))
        };
        let all: Vec<(String, (Ms, i128))> = outage.events.iter().flat_map(weighted).collect();
        for key in all.iter().map(|(key, _)| key).collect::<BTreeSet<_>>() {
            let mine: Vec<(Ms, i128)> = all.iter().filter(|(of, _)| of == key).map(|(_, part)| *part).collect();
            let charged = mine.iter().map(|(_, micros)| micros).sum();
            let lasted = mine.iter().map(|(millis, _)| millis).sum();
            let one = Seen { events: mine.len(), charged, lasted, open: outage.end.is_none() };
            seen.entry(key.clone()).or_default().push(one);
        }
    }
    seen.into_iter().map(|(key, seen)| (key, sums(&seen))).collect()
}

/// Whose an event is, and for how long.
pub(crate) fn by_cause(world: &World, event: &DowntimeEvent) -> Vec<(String, Ms)> {
    let cause = match &event.attribution {
        Attribution::Own => "self".to_owned(),
        Attribution::Upstream(system) => system.clone(),
    };
    vec![(cause, millis(world, event.start, event.end))]
}

/// The UTC days on which an event lies within `[since, until)`, and for how long.
pub(crate) fn by_day(world: &World, (since, until): (Ms, Ms), event: &DowntimeEvent) -> Vec<(String, Ms)> {
    let (start, end) = (event.start.max(since), event.end.unwrap_or(world.as_of).min(until));
    let days = start.div_euclid(DAY)..=(end - 1).div_euclid(DAY);
    let part = |day: i64| {
        let (year, month, date) = civil_from_days(day);
        (format!("{year:04}-{month:02}-{date:02}"), end.min((day + 1) * DAY) - start.max(day * DAY))
    };
    if end <= start { Vec::new() } else { days.map(part).collect() }
}
