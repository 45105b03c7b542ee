//! Owns applying a plan: it writes objects, their places, and the record of the apply.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::decision::{Given, Planned};
use crate::commands::Context;
use crate::domain::plan::applied::ApplyRecord;
use crate::domain::plan::object::{Identity, Kind, Object};
use crate::domain::plan::reconcile::Plan;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::settle_manifests;
use crate::render::form::number::counted;
use crate::repository::{Commit, Input, Place};
use crate::store::{Declaration, Store};

/// Applies a plan, in the transaction in which it was made. Deletions are reported first.
pub(super) fn carry_out(context: &mut Context<'_>, store: &Store, given: &Given, planned: &Planned) -> Result<()> {
    let (plan, now) = (&planned.plan, context.now()?);
    for identity in &plan.delete {
        let file = planned.files.get(identity).map_or("", String::as_str);
        context.note(&format!("deleting {identity} of the set {} (was in {file})", plan.set));
    }
    let own: BTreeSet<Key<'_>> = planned.wanted.iter().map(|object| key(object)).collect();
    let claimed = planned.held.iter().filter(|held| held.set.is_none() && own.contains(&key(&held.object))).count();
    if claimed > 0 {
        let claimed = counted(claimed, "object");
        context.note(&format!("note: set {} now owns {claimed} declared before sets existed", plan.set));
    }
    let commit = commit(context, given);
    let origins: BTreeMap<Key<'_>, _> = planned
        .reading
        .objects
        .iter()
        .map(|declared| (key(&declared.object), (given.home.place(&declared.origin.file), declared.origin.document)))
        .collect();
    for rename in &plan.rename {
        let new = rename.update.object.identity();
        store.rename_object(&Identity { kind: new.kind, name: rename.old_name.clone() }, &new.name)?;
    }
    for object in plan.written() {
        store.know_systems(object.systems().into_iter())?;
        store.put_object(object, declaration(plan, &origins[&key(object)], commit.as_deref(), now))?;
    }
    // Moving a document is no change, but its new place is stored.
    for identity in &plan.unchanged {
        store.place_object(
            identity,
            declaration(plan, &origins[&(identity.kind, &identity.name)], commit.as_deref(), now),
        )?;
    }
    for identity in &plan.delete {
        store.delete_object(identity)?;
    }
    for orphan in &plan.orphaned {
        store.orphan_object(&orphan.identity, now)?;
    }
    let changes = plan.changes();
    if !changes.is_empty() {
        let (set, author) = (plan.set.clone(), context.author());
        let unchanged = plan.unchanged.len();
        store.record_apply(&ApplyRecord {
            id: 0,
            applied_at: now,
            set,
            commit: commit.clone(),
            author,
            changes,
            unchanged,
        })?;
    }
    if plan.touches_objects() { settle_manifests(store, now) } else { Ok(()) }
}

/// Where an object is declared.
fn declaration<'p>(
    plan: &'p Plan,
    (Place { repository, file }, document): &'p (Place, usize),
    commit: Option<&'p str>,
    applied_at: Instant,
) -> Declaration<'p> {
    Declaration { set: &plan.set, repository: repository.as_ref(), file, document: *document, commit, applied_at }
}

/// Kind and name of an object, borrowed, because there may be very many.
type Key<'o> = (Kind, &'o Name);

fn key(object: &Object) -> Key<'_> {
    (object.kind(), object.name())
}

/// The commit of the manifests; reports what cannot be determined.
fn commit(context: &mut Context<'_>, given: &Given) -> Option<String> {
    let files = given.files.sources().iter();
    let inputs: Vec<Input<'_>> = files.map(|file| Input { path: &file.path, bytes: &file.bytes }).collect();
    let Commit { id, doubt } = given.home.commit(&inputs);
    if let Some(doubt) = doubt {
        context.warn(&format!("warning: {doubt}"));
    }
    id
}
