//! Owns how a plan looks: what would be created, changed and deleted, field by field, and the effect on the budgets.

pub(in crate::render) mod budgets;
mod page;

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::problems::ProblemLine;
use crate::domain::plan::object::Identity;
use crate::domain::plan::reconcile::change::{Change, Deed};
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::domain::plan::reconcile::{FieldChange, Plan, Update};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::form::sheet::paint;
use crate::render::{Canvas, Document, Tone};
pub(crate) use page::{markdown, refusal_markdown};

/// A plan and what is shown with it.
pub(crate) struct Outlook {
    pub(crate) plan: Plan,
    /// The effect on the budgets, if requested.
    pub(crate) consequences: Option<Vec<Consequence>>,
    /// Warnings about the manifests.
    pub(crate) problems: Vec<ProblemLine>,
    pub(crate) as_of: Instant,
    /// Whether it was applied.
    pub(crate) done: bool,
}

#[derive(Serialize)]
struct WireIdentity {
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
struct WireUpdate {
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    changes: Vec<WireChange>,
}

#[derive(Serialize)]
pub(in crate::render) struct WireChange {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

fn identity(identity: &Identity) -> WireIdentity {
    WireIdentity { kind: identity.kind.as_str(), name: identity.name.to_string() }
}

pub(super) fn wire_change(change: &FieldChange) -> WireChange {
    WireChange { field: change.path.clone(), before: change.before.clone(), after: change.after.clone() }
}

fn wire_update(update: &Update, old_name: Option<&Name>) -> WireUpdate {
    WireUpdate {
        kind: update.object.kind().as_str(),
        name: update.object.name().to_string(),
        from: old_name.map(Name::to_string),
        changes: update.changes.iter().map(wire_change).collect(),
    }
}

pub(crate) fn document(outlook: &Outlook) -> Result<Document> {
    let plan = &outlook.plan;
    let identities = |list: &[Identity]| list.iter().map(identity).collect::<Vec<_>>();
    let create: Vec<_> = plan.create.iter().map(|object| identity(&object.identity())).collect();
    let rename = plan.rename.iter().map(|rename| wire_update(&rename.update, Some(&rename.old_name)));
    let update = plan.update.iter().map(|update| wire_update(update, None));
    let orphaned: Vec<_> = plan.orphaned.iter().map(|orphan| identity(&orphan.identity)).collect();
    let mut document = Document::new(outlook.as_of);
    document.set("set", &plan.set.as_str())?;
    document.set("valid", &true)?;
    document.set("create", &create)?;
    document.set("rename", &rename.collect::<Vec<_>>())?;
    document.set("update", &update.collect::<Vec<_>>())?;
    document.set("delete", &identities(&plan.delete))?;
    document.set("orphaned", &orphaned)?;
    document.set("unchanged", &identities(&plan.unchanged))?;
    if let Some(consequences) = &outlook.consequences {
        document.set("consequences", &budgets::wire(consequences))?;
    }
    document.set("problems", &outlook.problems)?;
    Ok(document)
}

/// For programs: why there is no plan.
pub(crate) fn refusal(set: &Name, problems: &[ProblemLine], as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("set", &set.as_str())?;
    document.set("valid", &false)?;
    document.set("problems", &problems)?;
    Ok(document)
}

pub(crate) fn text(outlook: &Outlook, canvas: Canvas) -> String {
    let plan = &outlook.plan;
    let mut text = String::new();
    for change in &plan.changes() {
        push_change(&mut text, change, "", canvas);
    }
    for orphan in plan.orphaned.iter().filter(|orphan| orphan.is_known) {
        let (deed, identity) = (Deed::Orphan, orphan.identity.clone());
        push_change(&mut text, &Change { deed, identity, old_name: None, fields: Vec::new() }, "", canvas);
    }
    if let Some(sheet) =
        outlook.consequences.as_ref().and_then(|consequences| budgets::sheet(consequences, outlook.as_of))
    {
        let _ = write!(text, "\n{}\n", sheet.table(canvas));
    }
    text.push_str(&summary(plan, outlook.done));
    text.push('\n');
    text
}

/// The effect on the budgets, for people.
pub(crate) fn effect(consequences: &[Consequence], as_of: Instant, canvas: Canvas) -> String {
    let none = "no budget depends on it\n".to_owned();
    budgets::sheet(consequences, as_of).map_or(none, |sheet| sheet.table(Canvas { color: false, ..canvas }))
}

/// One change: its sign and object, then its fields.
pub(super) fn push_change(text: &mut String, change: &Change, indent: &str, canvas: Canvas) {
    let (sign, tone) = sign(change.deed);
    let _ = writeln!(text, "{indent}{}", paint(&format!("{sign} {}", title(change)), tone, canvas));
    for field in &change.fields {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        let line = match change.deed {
            Deed::Create => format!("{}: {}", field.path, side(&field.after)),
            _ => format!("{}: {} → {}", field.path, side(&field.before), side(&field.after)),
        };
        let _ = writeln!(text, "{indent}    {}", one_line(&line));
    }
}

const fn sign(deed: Deed) -> (&'static str, Tone) {
    match deed {
        Deed::Create => ("+", Tone::Good),
        Deed::Rename => (">", Tone::Warning),
        Deed::Update => ("~", Tone::Warning),
        Deed::Delete => ("-", Tone::Bad),
        Deed::Orphan => ("?", Tone::Warning),
    }
}

/// The object, with what its sign alone does not say.
fn title(change: &Change) -> String {
    match (&change.old_name, change.deed) {
        (Some(old_name), _) => {
            format!("{} {old_name} → {} (renamed)", change.identity.kind, change.identity.name)
        }
        (None, Deed::Orphan) => {
            format!("{} (orphaned: no longer declared in its set; --prune deletes it)", change.identity)
        }
        (None, _) => change.identity.to_string(),
    }
}

fn summary(plan: &Plan, done: bool) -> String {
    let counts = [
        (plan.create.len(), if done { "created" } else { "to create" }),
        (plan.rename.len(), if done { "renamed" } else { "to rename" }),
        (plan.update.len(), if done { "updated" } else { "to update" }),
        (plan.delete.len(), if done { "deleted" } else { "to delete" }),
        (plan.orphaned.len(), "orphaned"),
        (plan.unchanged.len(), "unchanged"),
    ];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let parts = match (plan.is_drift(), parts.as_slice()) {
        (true, _) => parts.join(", "),
        (false, []) => "no changes".to_owned(),
        (false, _) => format!("no changes: {}", parts.join(", ")),
    };
    format!("{parts} in set {}", plan.set)
}
