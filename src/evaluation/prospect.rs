//! Owns what a plan would do to the numbers of objectives: evaluated before and after as of one instant, without
//! writing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::backtests::past;
use super::{Evaluation, is_most};
use crate::domain::account::model::Model;
use crate::domain::account::objective::Objective;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::Plan;
use crate::domain::plan::reconcile::consequence::{Consequence, worst_first};
use crate::domain::rules::backtest::historic::{Past, last_windows};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::evaluation::resolver::Resolver;
use crate::store::{Store, Stored};

/// Every objective whose model the plan changes, even if only through something it refers to; worst first. `outcome` is
/// all objects after the plan.
pub(crate) fn consequences(
    store: &Store,
    plan: &Plan,
    outcome: &[&Object],
    as_of: Instant,
) -> Result<Vec<Consequence>> {
    if !plan.touches_objects() {
        return Ok(Vec::new());
    }
    let objectives = objectives_among(outcome.iter().copied());
    let mut stored: BTreeMap<Name, Stored> =
        store.objectives()?.into_iter().map(|stored| (stored.objective.metadata.name.clone(), stored)).collect();
    let old_names: BTreeMap<&Name, &Name> = objective_renames(plan).collect();
    let touched = touched(plan);
    let objectives: Vec<&Objective> = objectives
        .filter(|objective| touched.as_ref().is_none_or(|names| names.contains(&objective.metadata.name)))
        .collect();
    let mut before = Evaluation::open(store, objectives.len(), as_of)?;
    let resolver = Resolver::of(store, outcome.iter().copied().cloned());
    let mut after = Evaluation::with(store, resolver, is_most(store, objectives.len())?, as_of)?;
    let mut found = Vec::new();
    for objective in objectives {
        let name = &objective.metadata.name;
        let model = after.resolver.declared(objective.clone())?;
        let known = stored.remove(*old_names.get(name).unwrap_or(&name));
        let was = match known {
            Some(known) if before.resolver.declared(known.objective.clone())?.fingerprint() == model.fingerprint() => {
                continue;
            }
            Some(known) => Some(before.assess(known, ObjectiveReport::draw)?),
            None => None,
        };
        let will_be = Some(after.judge(&model)?);
        found.push(Consequence { objective: name.clone(), before: was, after: will_be });
    }
    for identity in plan.delete.iter().filter(|identity| identity.kind == Kind::Objective) {
        let Some(known) = stored.remove(&identity.name) else { continue };
        let was = Some(before.assess(known, ObjectiveReport::draw)?);
        found.push(Consequence { objective: identity.name.clone(), before: was, after: None });
    }
    worst_first(&mut found);
    Ok(found)
}

/// The results of objectives that are not declared yet: over a window that ends at `as_of`, or since the first
/// transition if that is later than its start; empty without transitions. `outcome` includes them and everything they
/// refer to.
pub(crate) fn trials(store: &Store, outcome: &[Object], as_of: Instant) -> Result<Vec<Past>> {
    let objectives = objectives_among(outcome);
    let resolver = Resolver::of(store, outcome.iter().cloned());
    let mut evaluation = Evaluation::with(store, resolver, is_most(store, outcome.len())?, as_of)?;
    let draw = |objective: &Objective| {
        let model = evaluation.resolver.declared(objective.clone())?;
        let assessment = Assessment::open(&model, None, as_of, &mut evaluation.chronicle)?;
        // A window in which nothing was reported, such as after the end of an old export, says nothing.
        let whole = |until| last_windows(objective.window, until, 1).into_iter();
        let is_silent = |span: Span| assessment.last_seen.filter(|seen| *seen < span.start);
        let until = whole(as_of).find_map(is_silent).unwrap_or(as_of);
        let whole = whole(until);
        let known = whole.filter_map(|span| Some(Span::new(span.start.max(assessment.first?), span.end)));
        past(&assessment, known, &mut evaluation.chronicle)
    };
    objectives.map(draw).collect()
}

impl Evaluation<'_> {
    /// The report of an objective under a model without sealed days.
    fn judge(&mut self, model: &Model) -> Result<ObjectiveReport> {
        let assessment = Assessment::open(model, None, self.as_of, &mut self.chronicle)?;
        ObjectiveReport::draw(&assessment, &mut self.chronicle)
    }
}

fn objectives_among<'o>(objects: impl IntoIterator<Item = &'o Object>) -> impl Iterator<Item = &'o Objective> {
    objects.into_iter().filter_map(|object| match object {
        Object::Objective(objective) => Some(objective),
        _ => None,
    })
}

fn objective_renames(plan: &Plan) -> impl Iterator<Item = (&Name, &Name)> {
    let renames = plan.rename.iter().filter(|rename| rename.update.object.kind() == Kind::Objective);
    renames.map(|rename| (rename.update.object.name(), &rename.old_name))
}

/// The objectives that the plan writes, if it touches only objectives; `None` if it may affect any.
fn touched(plan: &Plan) -> Option<BTreeSet<&Name>> {
    let only_objectives = plan.written().all(|object| object.kind() == Kind::Objective)
        && plan.delete.iter().all(|identity| identity.kind == Kind::Objective);
    only_objectives.then(|| plan.written().map(Object::name).collect())
}
