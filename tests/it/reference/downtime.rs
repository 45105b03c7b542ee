//! Owns the JSON of downtime events, as `slo downtime` should list them.

use serde_json::{Value, json};

use super::calendar::{SECOND, rfc3339};
use super::history::History;
use super::model::{Attribution, Model};
use crate::world::{Source, World};

/// Every charged downtime event of every objective up to `as-of`, oldest first, then by objective.
///
/// Time that maintenance excludes or that is not counted belongs to no event; where it lies inside an outage, it splits it. An
/// open event lasts until `as-of`.
pub(crate) fn downtime(world: &World) -> Vec<Value> {
    let model = Model::new(world, world.as_of);
    let mut events = Vec::new();
    for objective in &world.objectives {
        for event in History::new(&model, objective).events(world.as_of) {
            let (kind, upstream) = match event.attribution {
                Attribution::Own => ("self", None),
                Attribution::Upstream(system) => ("upstream", Some(system)),
            };
            let end = event.end.unwrap_or(world.as_of);
            let json = json!({
                "objectiveId": objective.name,
                "systemId": objective.system,
                "startTime": rfc3339(event.start),
                "endTime": event.end.map(rfc3339),
                "durationSeconds": (end - event.start).div_euclid(SECOND),
                "attributionType": kind,
                "upstreamSystemId": upstream,
                "source": match event.source {
                    Source::Healthcheck => "healthcheck",
                    Source::Incident => "incident",
                },
            });
            events.push((event.start, objective.name.clone(), json));
        }
    }
    events.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    events.into_iter().map(|(_, _, json)| json).collect()
}
