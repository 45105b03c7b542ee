//! Owns collecting the incidents of inputs read by a feed, or the reasons why records have none.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use anyhow::Result;

use super::Described;
use crate::domain::health::interval::{self, Interval};
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::failure::Failure;
use crate::feed::names::Names;

/// The most invalid records that are listed individually.
const MOST_NAMED: u64 = 10;

/// An incident of one record, and when the record was last changed.
type Told = (Incident, Option<Instant>);

/// The incidents collected so far.
#[derive(Default)]
pub(crate) struct Gathered {
    told: Vec<Told>,
    /// Facts of incident streams, from a feed with a record for each change.
    facts: BTreeMap<StreamName, Vec<Transition>>,
    bad: Vec<String>,
    rejected: u64,
}

impl Gathered {
    /// Reads an entire input; returns the names for the next one.
    ///
    /// # Errors
    /// When it cannot be read, or has no records of the feed.
    pub(crate) fn take<R: Read>(&mut self, reader: Described<'_, R>) -> Result<Names> {
        let mut reader = reader.gathering();
        let mut streams: Vec<StreamName> = Vec::new();
        let (bad, rejected, unit) = (&mut self.bad, &mut self.rejected, reader.unit());
        let mut on_reject = |reject: &crate::feed::Reject<'_>| {
            if let Some(reason) = &reject.reason {
                *rejected += 1;
                if *rejected <= MOST_NAMED {
                    bad.push(format!("{unit} {}: {reason}", reject.line));
                }
            }
            Ok(())
        };
        while let Some(batch) = reader.next_batch(&mut on_reject)? {
            if batch.restart {
                streams.clear();
            }
            streams.extend(batch.new_streams);
            self.told.extend(batch.incidents);
            for row in batch.rows {
                let stream = &streams[row.stream()];
                if stream.source == Source::Incident {
                    let fact = Transition { at: row.at(), status: row.status() };
                    self.facts.entry(stream.clone()).or_default().push(fact);
                }
            }
        }
        Ok(reader.into_names())
    }

    /// Every incident once, even if several records describe it: those with one id are combined as an ingest combines
    /// them.
    ///
    /// # Errors
    /// When a record has no valid incident; up to ten are listed with the reason.
    pub(crate) fn incidents(self) -> Result<Vec<Incident>> {
        if let Some(more) = self.rejected.checked_sub(1) {
            let mut bad = self.bad;
            if more >= MOST_NAMED {
                bad.push(format!("and {} more", self.rejected - MOST_NAMED));
            }
            let noun = if more == 0 { "record" } else { "records" };
            return Err(Failure::with_excerpt(
                format!("{} invalid {noun}", self.rejected),
                bad.join("\n"),
                "check the records with `slo feed try FILE --feed NAME`; an incident needs at least a start",
            ));
        }
        let mut found: Vec<Incident> = groups(self.told).into_iter().flat_map(followed).collect();
        found.extend(self.facts.into_iter().flat_map(|(stream, facts)| of_stream(&stream, facts)));
        Ok(found)
    }
}

/// The records of each incident, in order of their first ones.
fn groups(told: Vec<Told>) -> Vec<Vec<Told>> {
    let mut groups: Vec<Vec<Told>> = Vec::new();
    let mut known: HashMap<(Option<Name>, Option<Name>, String), usize> = HashMap::new();
    for one in told {
        let incident = &one.0;
        let Some(id) = incident.id.clone() else {
            groups.push(vec![one]);
            continue;
        };
        let key = (incident.objective.clone(), incident.system.clone(), id);
        match known.get(&key) {
            Some(index) => groups[*index].push(one),
            None => {
                known.insert(key, groups.len());
                groups.push(vec![one]);
            }
        }
    }
    groups
}

/// The incident of several records; if it was reopened, several incidents.
fn followed(mut told: Vec<Told>) -> Vec<Incident> {
    told.sort_by_key(|(_, updated)| *updated);
    let lasts = |incident: &Incident| incident.episode.end != Some(incident.episode.start);
    let interval = |(incident, updated): &Told| {
        let Episode { start, end } = incident.episode;
        Interval { start, end, updated: *updated, status: Status::Unhealthy }
    };
    let intervals: Vec<Interval> = told.iter().filter(|(incident, _)| lasts(incident)).map(interval).collect();
    let one_by_one = told.len() == 1 || intervals.is_empty();
    let Some((last, _)) = told.pop() else { return Vec::new() };
    if one_by_one {
        return vec![last];
    }
    let facts = interval::facts(&[], &intervals).facts();
    episodes(&facts).into_iter().map(|episode| Incident { episode, ..last.clone() }).collect()
}

/// The incidents of a stream with a record for each change.
fn of_stream(stream: &StreamName, mut facts: Vec<Transition>) -> Vec<Incident> {
    // Of several statuses at one instant the worst counts.
    facts.sort_unstable_by_key(|fact| (fact.at, std::cmp::Reverse(fact.status)));
    facts.dedup_by_key(|fact| fact.at);
    let incident = |episode| Incident {
        id: stream.check.as_ref().map(|check| check.as_str().to_owned()),
        episode,
        objective: None,
        system: Some(stream.system.clone()),
        impact: None,
    };
    episodes(&facts).into_iter().map(incident).collect()
}

/// The spans in which facts, sorted and one per instant, report a problem.
fn episodes(facts: &[Transition]) -> Vec<Episode> {
    let mut found = Vec::new();
    let mut since = None;
    for fact in facts {
        match (since, fact.status.is_outage()) {
            (None, true) => since = Some(fact.at),
            (Some(start), false) => {
                found.push(Episode { start, end: Some(fact.at) });
                since = None;
            }
            _ => {}
        }
    }
    found.extend(since.map(|start| Episode { start, end: None }));
    found
}
