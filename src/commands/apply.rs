//! Owns `slo plan` and `slo apply`: the same value, shown or carried out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Context;
use super::validate::{known, no_manifest, outcome, problem_lines};
use crate::cli::Apply;
use crate::domain::maintenance::MaintenanceWindow;
use crate::domain::name::Name;
use crate::domain::object::{Identity, Kind, Object};
use crate::domain::reconcile::{Plan, conflicts, diff, idle_windows, outcome as outcome_of};
use crate::evaluation::settle_manifests;
use crate::exit::ExitStatus;
use crate::manifest::{Known, Reading, read};
use crate::render::Form;
use crate::render::plan::{document, text};
use crate::render::problems::lines;
use crate::store::{Access, Declaration, Store};

/// What reading manifests against a database led to.
enum Decision {
    Refused(ExitStatus),
    Planned(Plan, Reading),
}

pub(super) fn plan(context: &mut Context<'_>, args: &Apply) -> Result<ExitStatus> {
    let exists = context.db_path()?.exists();
    let store = context.store(if exists { Access::Read } else { Access::Scratch })?;
    match decide(context, args, &store)? {
        Decision::Refused(status) => Ok(status),
        Decision::Planned(plan, _) => {
            show(context, &plan, false)?;
            Ok(ExitStatus::holds(!plan.has_changes()))
        }
    }
}

pub(super) fn run(context: &mut Context<'_>, args: &Apply) -> Result<ExitStatus> {
    let is_new = !context.db_path()?.exists();
    let mut store = context.store(Access::Create)?;
    if is_new {
        context.note(&format!("note: there was no database at {}; it has been made", store.path().display()));
    }
    let decision = store.write(|store| {
        let decision = decide(context, args, store)?;
        if let Decision::Planned(plan, reading) = &decision {
            carry_out(context, store, plan, reading)?;
        }
        Ok(decision)
    })?;
    match decision {
        Decision::Refused(status) => Ok(status),
        Decision::Planned(plan, _) => {
            show(context, &plan, true)?;
            Ok(ExitStatus::Pass)
        }
    }
}

fn decide(context: &mut Context<'_>, args: &Apply, store: &Store) -> Result<Decision> {
    let mut stored = Vec::new();
    for kind in Kind::ALL {
        stored.extend(store.objects(kind)?.into_iter().map(|stored| stored.object));
    }
    let mut known = known(store)?;
    if args.prune {
        forget_unreported(&mut known, store)?;
    }
    let reading = read(&args.paths.paths, &mut context.stdin, &known);
    let problems = problem_lines(&reading);
    if !problems.is_empty() {
        let text = lines(&problems, context.canvas);
        context.warn(text.trim_end());
    }
    let status = outcome(&reading);
    if status != ExitStatus::Pass {
        context.warn("nothing was changed: all manifests must be valid");
        return Ok(Decision::Refused(status));
    }
    if reading.objects.is_empty() {
        return Err(no_manifest());
    }
    let wanted: Vec<Object> = reading.objects.iter().map(|declared| declared.object.clone()).collect();
    let plan = diff(&wanted, &stored, args.prune);
    let faults = conflicts(&outcome_of(&wanted, &stored, args.prune), &reported(store)?);
    if !faults.is_empty() {
        for fault in &faults {
            context.warn(&format!("error: {fault}"));
        }
        context.warn("nothing was changed: the outcome would not hold together");
        return Ok(Decision::Refused(ExitStatus::Fail));
    }
    let outcome = outcome_of(&wanted, &stored, args.prune);
    let declared = |window: &MaintenanceWindow| {
        let mut changed = plan.create.iter().chain(plan.update.iter().map(|update| &update.object));
        changed.any(|object| object.kind() == Kind::MaintenanceWindow && *object.name() == window.metadata.name)
    };
    for window in idle_windows(&outcome).into_iter().filter(|window| declared(window)) {
        let systems: Vec<&str> = window.systems.iter().map(Name::as_str).collect();
        context.note(&format!(
            "note: maintenance window {} excuses nothing: no objective of {} has excludeMaintenanceWindows: true or \
             notCounted: [maintenance]",
            window.metadata.name,
            systems.join(", ")
        ));
    }
    Ok(Decision::Planned(plan, reading))
}

/// With pruning, what only a manifest knew may be gone afterwards: then the manifests must stand by themselves.
fn forget_unreported(known: &mut Known, store: &Store) -> Result<()> {
    let reported = reported(store)?;
    known.systems.retain(|name| reported.contains(name));
    known.dependencies.clear();
    known.objectives.clear();
    Ok(())
}

/// The systems that have at least one transition.
fn reported(store: &Store) -> Result<BTreeSet<Name>> {
    let streams = store.all_streams()?;
    let systems = store.systems()?.into_iter().filter(|(_, id)| streams.contains_key(id));
    Ok(systems.map(|(name, _)| name).collect())
}

fn carry_out(context: &Context<'_>, store: &Store, plan: &Plan, reading: &Reading) -> Result<()> {
    let origins: BTreeMap<Identity, _> =
        reading.objects.iter().map(|declared| (declared.object.identity(), &declared.origin)).collect();
    let changed = plan.create.iter().chain(plan.update.iter().map(|update| &update.object));
    for object in changed {
        store.know_systems(object.systems().into_iter())?;
        let origin = &origins[&object.identity()];
        let declared = Declaration { file: &origin.file, document: origin.document, applied_at: context.now };
        store.put_object(object, declared)?;
    }
    // Moving a document is no change, yet the database remembers where it is now.
    for identity in &plan.unchanged {
        store.move_object(identity, &origins[identity].file, origins[identity].document)?;
    }
    for identity in &plan.delete {
        store.delete_object(identity)?;
    }
    if plan.has_changes() { settle_manifests(store, context.now) } else { Ok(()) }
}

fn show(context: &mut Context<'_>, plan: &Plan, done: bool) -> Result<()> {
    let shown = text(plan, context.canvas, done);
    match context.form() {
        Form::Table | Form::Wide => context.say(&shown),
        Form::Markdown => context.say(&format!("```diff\n{shown}```\n")),
        _ => context.answer(&document(plan, context.as_of)?, |_| crate::render::Sheet::new()),
    }
}
