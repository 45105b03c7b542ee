//! Owns finding the latest outage of an objective and its notes.

use anyhow::Result;

use super::circumstances::circumstances;
use crate::domain::account::member::Member;
use crate::domain::account::outage::shared::shared;
use crate::domain::account::outage::{Outage, outages};
use crate::domain::budget::latest::{Latest, Note, Notes};
use crate::domain::budget::review::Interruption;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::evaluation::Evaluation;
use crate::store::{Store, Stored};

/// The outage in progress at an instant, charged or not; else the last of those `known` to be charged, which are given
/// oldest first.
pub(crate) fn latest(store: &Store, stored: Stored, last: Option<&Outage>, as_of: Instant) -> Result<Option<Latest>> {
    let mut evaluation = Evaluation::open(store, 1, as_of)?;
    let model = evaluation.resolver.model(stored)?;
    let now = Span::new(as_of, as_of.plus(1));
    let open = outages(&model, now, as_of, &mut evaluation.chronicle)?.pop();
    let Some(outage) = open.or_else(|| last.cloned()) else { return Ok(None) };
    let alone = shared([&outage]);
    let circumstances = circumstances(store, &alone, as_of)?.pop().unwrap_or_default();
    let outage = Interruption::of(&alone[0], circumstances, as_of, |seen| seen.span(as_of));
    let mut systems = Vec::new();
    with_members(&model.system, &mut systems);
    systems.extend(outage.causes.iter().flatten().cloned());
    let notes = notes(store, systems, Span::new(outage.start, outage.end.unwrap_or(as_of.plus(1))))?;
    Ok(Some(Latest { outage, notes }))
}

/// Adds a system and its members.
pub(in crate::evaluation) fn with_members(system: &Member, found: &mut Vec<Name>) {
    found.push(system.name.clone());
    let members = system.composition.iter().flat_map(|composition| &composition.members);
    members.for_each(|member| with_members(member, found));
}

/// The notes of facts other than `healthy` that were in force during a span.
fn notes(store: &Store, mut systems: Vec<Name>, span: Span) -> Result<Vec<Note>> {
    systems.sort();
    systems.dedup();
    let mut notes = Notes::default();
    for system in &systems {
        let Some(id) = store.system(system)? else { continue };
        store.each_noted_within(id, span, |fact, text| {
            if fact.status != Status::Healthy {
                notes.add(system, fact.at, text);
            }
        })?;
    }
    Ok(notes.in_order())
}
