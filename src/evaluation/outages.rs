//! Owns finding outages of objectives in parts of time, so that memory does not grow with the history.

pub(super) mod circumstances;
pub(super) mod latest;
pub(super) mod notes;
pub(super) mod sparing;
mod windows;

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Evaluation, MANY};
use crate::domain::account::member::{Member, SystemId};
use crate::domain::account::model::Model;
use crate::domain::account::outage::totals::Range;
use crate::domain::account::outage::walk::{Pace, Walk};
use crate::domain::account::outage::{Outage, charged};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Store, Stored};
use notes::Notes;
use sparing::Sparing;

/// Calls `hand` with the outages of objectives that touch their range, with their true starts and ends as of an
/// instant, by start, then by objective, until `hand` fails. Events are the charged parts; with `all`, uncharged parts
/// and recorded outages that did not happen are included.
pub(crate) fn each_outage(
    store: &Store,
    objectives: Vec<Stored>,
    range: &Range,
    (as_of, all): (Instant, bool),
    hand: &mut dyn FnMut(Outage) -> Result<()>,
) -> Result<()> {
    store.expect_objectives(&objectives)?;
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let models = objectives.into_iter().map(|stored| evaluation.resolver.model(stored));
    let models = models.collect::<Result<Vec<Model>>>()?;
    let systems = systems(&models);
    let cuts = store.cuts(Some(&systems).filter(|systems| systems.len() < MANY), as_of)?;
    let pace = Pace::new(as_of, cuts);
    let ranges: Vec<Span> = models.iter().map(|model| range.of(&model.objective.metadata.name)).collect();
    let own: BTreeSet<&Name> = models.iter().map(|model| &model.system.name).collect();
    let mut sparing = if all { Some(Sparing::open(store, models.len(), Some(&own), as_of)?) } else { None };
    let begin = |sparing: &mut Sparing<'_>| {
        models.iter().zip(&ranges).map(|(model, range)| sparing.begin(model, *range)).collect::<Result<Vec<_>>>()
    };
    let mut spared = sparing.as_mut().map(begin).transpose()?.unwrap_or_default();
    let mut notes = Notes::new(store, as_of);
    let mut walks: Vec<Walk> = ranges.iter().map(|range| Walk::over(*range)).collect();
    let Some(first) = ranges.iter().map(|range| range.start).max() else { return Ok(()) };
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(first);
    // All ranges have begun by the end of the first part, so later parts only return outages that begin in them.
    for end in pace.ends(first, last) {
        let mut found = Vec::new();
        for (place, (model, walk)) in models.iter().zip(&mut walks).enumerate() {
            // A clone of the model drops what only downtime needs afterwards.
            let mut of_it = walk.until(end, &model.clone(), &pace, &mut evaluation.chronicle)?;
            if let Some(sparing) = &mut sparing {
                sparing.add(&mut spared[place], &mut of_it, (end, &pace), &mut evaluation.chronicle)?;
            }
            notes.add(model, &mut of_it)?;
            found.extend(of_it);
        }
        found.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
        found.into_iter().try_for_each(&mut *hand)?;
    }
    Ok(())
}

/// Calls `hand` with the outages of an objective that have charged downtime within `range`, and their events that touch it,
/// as of an instant; oldest first.
pub(crate) fn each_charged(
    store: &Store,
    stored: Stored,
    range: Span,
    as_of: Instant,
    hand: &mut dyn FnMut(Outage) -> Result<()>,
) -> Result<()> {
    each_outage(store, vec![stored], &Range::Touching(range), (as_of, false), &mut |outage| {
        charged(vec![outage], range).into_iter().try_for_each(&mut *hand)
    })
}

/// The systems whose facts evaluating objectives may read.
pub(super) fn systems(models: &[Model]) -> BTreeSet<SystemId> {
    let mut found = BTreeSet::new();
    for model in models {
        add(&model.system, &mut found);
    }
    // All models resolved together share the graph.
    if let Some(model) = models.first() {
        for node in model.dependencies.nodes().iter() {
            add(&node.member, &mut found);
        }
    }
    found
}

/// The systems whose facts evaluating one objective may read.
pub(super) fn systems_of(model: &Model, found: &mut BTreeSet<SystemId>) {
    add(&model.system, found);
    model.upstreams().iter().for_each(|place| add(&model.dependencies.member(*place), found));
}

fn add(member: &Member, systems: &mut BTreeSet<SystemId>) {
    systems.insert(member.id);
    for member in member.composition.iter().flat_map(|composition| &composition.members) {
        add(member, systems);
    }
}
