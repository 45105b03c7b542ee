//! Owns how deleting or moving facts looks: which ones, how many, and the effect on the budgets.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use crate::domain::health::rewrite::{Extent, Rewrite, RewriteRecord, Streams};
use crate::domain::health::transition::Source;
use crate::domain::plan::object::Kind;
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::declare::plan::budgets;
use crate::render::form::markdown;
use crate::render::form::moment::zoned;
use crate::render::form::sheet::paint;
use crate::render::record::ingest::thousands;
use crate::render::{Canvas, Document, Tone};

/// The most systems, or objects, listed by name.
const MOST_NAMED: usize = 5;

/// A rewrite of the journal, and what is shown with it.
pub(crate) struct Outcome {
    pub(crate) rewrite: Rewrite,
    pub(crate) extent: Extent,
    pub(crate) consequences: Vec<Consequence>,
    /// Systems without transitions that are still named by manifests.
    pub(crate) named_by: Vec<(Name, Vec<StoredObject>)>,
    /// Whether it was done.
    pub(crate) done: bool,
    pub(crate) as_of: Instant,
}

impl Outcome {
    /// What manifests must follow, one line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let told = self.named_by.iter().filter_map(|(system, objects)| match &self.rewrite {
            Rewrite::RenameSystem { new, .. } => {
                Some(format!("note: still refers to {system}, which now has no history: {}; change it to {new}", listed(objects)))
            }
            _ if objects.iter().any(|stored| stored.held.object.kind() == Kind::System && stored.held.object.name() == system) => None,
            _ => Some(format!(
                "note: {system} now has neither a manifest nor a transition, but is named by {}; declare it, or remove these references",
                listed(objects)
            )),
        });
        told.collect()
    }
}

/// The first few objects with their files, and the number of others.
fn listed(objects: &[StoredObject]) -> String {
    let shown = objects.iter().take(MOST_NAMED);
    let shown: Vec<String> =
        shown.map(|stored| format!("{} ({})", stored.held.object.identity(), stored.file)).collect();
    let more = objects.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

pub(crate) fn document(outcome: &Outcome) -> Result<Document> {
    let Outcome { rewrite, extent, consequences, named_by, done, as_of } = outcome;
    let mut document = Document::new(*as_of);
    document.set("deed", &rewrite.as_str())?;
    document.set("done", done)?;
    document.set("ingest", &if let Rewrite::ForgetIngest { ingest, .. } = rewrite { Some(ingest.0) } else { None })?;
    document
        .set("newSystemId", &if let Rewrite::RenameSystem { new, .. } = rewrite { Some(new.as_str()) } else { None })?;
    document.set("transitions", &extent.transitions)?;
    document.set("settled", &extent.settled)?;
    document.set("notes", &extent.notes)?;
    let systems = extent.systems.iter();
    let systems = systems.map(|(system, count)| json!({"systemId": system.as_str(), "transitions": count}));
    document.set("systems", &systems.collect::<Vec<_>>())?;
    let named = named_by.iter().flat_map(|(system, objects)| {
        objects.iter().map(|stored| {
            let object = &stored.held.object;
            json!({"systemId": system.as_str(), "kind": object.kind().as_str(), "name": object.name().as_str(), "file": stored.file})
        })
    });
    document.set("stillNamedBy", &named.collect::<Vec<_>>())?;
    document.set("consequences", &budgets::wire(consequences))?;
    Ok(document)
}

pub(crate) fn text(outcome: &Outcome, canvas: Canvas) -> String {
    let mut text = format!("{}\n", paint(&one_line(&title(&outcome.rewrite)), Tone::Strong, canvas));
    if let Some(sheet) = budgets::sheet(&outcome.consequences, outcome.as_of) {
        let _ = write!(text, "\n{}\n", sheet.table(canvas));
    }
    let _ = writeln!(text, "{}", summary(outcome));
    text
}

/// The outcome for people on a page.
pub(crate) fn markdown(outcome: &Outcome) -> String {
    let mut text = format!("**{}**\n", markdown::text(&title(&outcome.rewrite)));
    if let Some(sheet) = budgets::sheet(&outcome.consequences, outcome.as_of) {
        let _ = write!(text, "\n{}", sheet.markdown());
    }
    let _ = writeln!(text, "\n{}", markdown::text(&summary(outcome)));
    text
}

/// The subject of the rewrite.
fn title(rewrite: &Rewrite) -> String {
    match rewrite {
        Rewrite::ForgetIngest { ingest, file } => format!("forget ingest {ingest} ({file})"),
        Rewrite::ForgetStreams(Streams { system, source, check, location }) => {
            let location = location.as_ref().map_or(String::new(), |location| format!(", location {location}"));
            let source = source.map_or(String::new(), |source: Source| format!(", source {}", source.as_str()));
            let check = check.as_ref().map_or(String::new(), |check| format!(", check {check}"));
            format!("forget system {system}{check}{location}{source}")
        }
        Rewrite::RenameSystem { old, new } => format!("rename system {old} → {new}"),
    }
}

pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

fn summary(outcome: &Outcome) -> String {
    let Outcome { rewrite, extent, done, .. } = outcome;
    let mut text = counted(extent.transitions, "transition");
    if extent.notes > 0 {
        let _ = write!(text, " and {}", counted(extent.notes, "note"));
    }
    if !matches!(rewrite, Rewrite::RenameSystem { .. }) && extent.systems.len() > 1 {
        let named = extent.systems.iter().take(MOST_NAMED);
        let named: Vec<String> = named.map(|(system, count)| format!("{system} {}", thousands(*count))).collect();
        let more = extent.systems.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(text, " of {} systems ({}{more})", thousands(extent.systems.len() as u64), named.join(", "));
    }
    let verb = match (rewrite, done) {
        (Rewrite::RenameSystem { .. }, true) => "moved",
        (Rewrite::RenameSystem { .. }, false) => "to move",
        (_, true) => "deleted for good",
        (_, false) => "to delete for good",
    };
    let _ = write!(text, " {verb}");
    match (rewrite, extent.settled) {
        (_, 0) => {}
        (Rewrite::RenameSystem { new, .. }, settled) => {
            let _ = write!(
                text,
                "; {new} has a transition at the same moment as {} of them, and the worse status wins",
                thousands(settled)
            );
        }
        (_, settled) => {
            let _ = write!(text, "; at {} of these times, what another ingest said applies again", thousands(settled));
        }
    }
    text
}

/// A line of the log.
pub(in crate::render) fn logged(record: &RewriteRecord) -> String {
    let notes = if record.notes > 0 { format!(" and {}", counted(record.notes, "note")) } else { String::new() };
    format!("{}: {}{notes}", title(&record.rewrite), counted(record.transitions, "transition"))
}

/// When, and by whom.
pub(in crate::render) fn heading(record: &RewriteRecord) -> String {
    let by = record.author.as_ref().map_or(String::new(), |author| format!("  by {author}"));
    format!("{}  journal{by}", zoned(record.done_at))
}
