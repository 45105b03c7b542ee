//! Owns how a plan looks: what would be created, changed and deleted, field by field.

// Writing to a string cannot fail, so the results of `write!` are not looked at.
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::sheet::paint;
use super::{Canvas, Document, Tone};
use crate::domain::instant::Instant;
use crate::domain::object::Identity;
use crate::domain::reconcile::{FieldChange, Plan};

#[derive(Serialize)]
struct WireIdentity {
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
struct WireUpdate {
    kind: &'static str,
    name: String,
    changes: Vec<WireChange>,
}

#[derive(Serialize)]
struct WireChange {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

fn identity(identity: &Identity) -> WireIdentity {
    WireIdentity { kind: identity.kind.as_str(), name: identity.name.to_string() }
}

fn change(change: &FieldChange) -> WireChange {
    WireChange { field: change.path.clone(), before: change.before.clone(), after: change.after.clone() }
}

/// The plan for programs.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn document(plan: &Plan, as_of: Instant) -> Result<Document> {
    let identities = |list: &[Identity]| list.iter().map(identity).collect::<Vec<_>>();
    let create: Vec<_> = plan.create.iter().map(|object| identity(&object.identity())).collect();
    let update = plan.update.iter().map(|update| WireUpdate {
        kind: update.object.kind().as_str(),
        name: update.object.name().to_string(),
        changes: update.changes.iter().map(change).collect(),
    });
    let mut document = Document::new(as_of);
    document.set("create", &create)?;
    document.set("update", &update.collect::<Vec<_>>())?;
    document.set("delete", &identities(&plan.delete))?;
    document.set("orphaned", &identities(&plan.orphaned))?;
    document.set("unchanged", &identities(&plan.unchanged))?;
    Ok(document)
}

/// The plan for people; `done` tells whether it has been carried out.
pub(crate) fn text(plan: &Plan, canvas: Canvas, done: bool) -> String {
    let paint = |tone: Tone, text: &str| paint(text, tone, canvas);
    let mut text = String::new();
    for object in &plan.create {
        text.push_str(&paint(Tone::Good, &format!("+ {}", object.identity())));
        text.push('\n');
    }
    for update in &plan.update {
        text.push_str(&paint(Tone::Warning, &format!("~ {}", update.object.identity())));
        text.push('\n');
        for change in &update.changes {
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
            let _ = writeln!(text, "    {}: {} → {}", change.path, side(&change.before), side(&change.after));
        }
    }
    for identity in &plan.delete {
        text.push_str(&paint(Tone::Bad, &format!("- {identity}")));
        text.push('\n');
    }
    for identity in &plan.orphaned {
        text.push_str(&paint(
            Tone::Faint,
            &format!("? {identity} (in the database, not in the manifests; --prune deletes it)"),
        ));
        text.push('\n');
    }
    text.push_str(&summary(plan, done));
    text.push('\n');
    text
}

fn summary(plan: &Plan, done: bool) -> String {
    let counts = [
        (plan.create.len(), if done { "created" } else { "to create" }),
        (plan.update.len(), if done { "updated" } else { "to update" }),
        (plan.delete.len(), if done { "deleted" } else { "to delete" }),
        (plan.orphaned.len(), "orphaned"),
        (plan.unchanged.len(), "unchanged"),
    ];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if plan.has_changes() { parts.join(", ") } else { format!("no changes: {}", parts.join(", ")) }
}
