//! Owns how the log of applies looks.

use anyhow::Result;
use serde::Serialize;

use super::plan::{WireChange, push_change, wire_change};
use crate::domain::health::rewrite::{Rewrite, RewriteRecord};
use crate::domain::health::transition::Source;
use crate::domain::plan::applied::Logged;
use crate::domain::plan::reconcile::change::{Change, Deed};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::form::moment::zoned;
use crate::render::form::sheet::paint;
use crate::render::maintain::rewrite::{heading, logged};
use crate::render::{Canvas, Cell, Document, Sheet, Tone};

/// Changes shown for each apply, unless all are wanted.
const MOST_CHANGES: usize = 20;
/// How many characters of a commit people need.
const SHORT_COMMIT: usize = 12;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry<'a> {
    apply_id: i64,
    applied_at: String,
    set: &'a str,
    commit: Option<&'a str>,
    author: Option<&'a str>,
    unchanged: usize,
    changes: Vec<WireDeed<'a>>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireRewrite<'a> {
    done_at: String,
    author: Option<&'a str>,
    deed: &'static str,
    ingest: Option<i64>,
    file: Option<&'a str>,
    system_id: Option<&'a str>,
    check: Option<&'a str>,
    location: Option<&'a str>,
    source: Option<&'static str>,
    new_system_id: Option<&'a str>,
    transitions: u64,
    notes: u64,
}

#[derive(Serialize)]
struct WireDeed<'a> {
    change: &'static str,
    kind: &'static str,
    name: &'a str,
    from: Option<&'a str>,
    fields: Vec<WireChange>,
}

pub(crate) fn document(entries: &[Logged], as_of: Instant) -> Result<Document> {
    let applies = entries.iter().filter_map(|entry| if let Logged::Apply(apply) = entry { Some(apply) } else { None });
    let rows = applies.map(|entry| WireEntry {
        apply_id: entry.id,
        applied_at: entry.applied_at.to_string(),
        set: entry.set.as_str(),
        commit: entry.commit.as_deref(),
        author: entry.author.as_deref(),
        unchanged: entry.unchanged,
        changes: entry.changes.iter().map(wire_deed).collect(),
    });
    let mut document = Document::list(as_of, "applies", &rows.collect::<Vec<_>>())?;
    let rewrites =
        entries.iter().filter_map(|entry| if let Logged::Rewrite(it) = entry { Some(wire_rewrite(it)) } else { None });
    document.set("rewrites", &rewrites.collect::<Vec<_>>())?;
    Ok(document)
}

fn wire_rewrite(record: &RewriteRecord) -> WireRewrite<'_> {
    let mut wire = WireRewrite {
        done_at: record.done_at.to_string(),
        author: record.author.as_deref(),
        deed: record.rewrite.as_str(),
        transitions: record.transitions,
        notes: record.notes,
        ..WireRewrite::default()
    };
    match &record.rewrite {
        Rewrite::ForgetIngest { ingest, file } => (wire.ingest, wire.file) = (Some(ingest.0), Some(file.as_str())),
        Rewrite::ForgetStreams(streams) => {
            (wire.system_id, wire.check) = (Some(streams.system.as_str()), streams.check.as_ref().map(Name::as_str));
            wire.source = streams.source.map(Source::as_str);
            wire.location = streams.location.as_ref().map(Name::as_str);
        }
        Rewrite::RenameSystem { old, new } => {
            (wire.system_id, wire.new_system_id) = (Some(old.as_str()), Some(new.as_str()));
        }
    }
    wire
}

fn wire_deed(change: &Change) -> WireDeed<'_> {
    WireDeed {
        change: change.deed.as_str(),
        kind: change.identity.kind.as_str(),
        name: change.identity.name.as_str(),
        from: change.old_name.as_ref().map(Name::as_str),
        fields: change.fields.iter().map(wire_change).collect(),
    }
}

/// The log for people, newest first: for each apply who and what; `all` changes or the first ones.
pub(crate) fn text(entries: &[Logged], all: bool, canvas: Canvas) -> String {
    let mut text = String::new();
    for entry in entries {
        if !text.is_empty() {
            text.push('\n');
        }
        let entry = match entry {
            Logged::Apply(entry) => entry,
            Logged::Rewrite(record) => {
                text.push_str(&paint(&one_line(&heading(record)), Tone::Strong, canvas));
                text.push_str(&format!("\n  {}\n", one_line(&logged(record))));
                continue;
            }
        };
        let mut head = vec![zoned(entry.applied_at), format!("set {}", entry.set)];
        head.extend(entry.commit.as_deref().map(|commit| format!("commit {}", short(commit))));
        head.extend(entry.author.as_ref().map(|author| format!("by {author}")));
        text.push_str(&paint(&one_line(&head.join("  ")), Tone::Strong, canvas));
        text.push('\n');
        let most = if all { usize::MAX } else { MOST_CHANGES };
        for change in entry.changes.iter().take(most) {
            push_change(&mut text, change, "  ", canvas);
        }
        let rest = entry.changes.len().saturating_sub(most);
        if rest > 0 {
            text.push_str(&format!("  … and {rest} more; -o wide shows them all\n"));
        }
    }
    text
}

/// The log as a table, for markdown.
pub(crate) fn sheet(entries: &[Logged]) -> Sheet {
    let mut sheet = Sheet::new().left("APPLIED").left("SET").left("COMMIT").left("BY").left("CHANGES");
    for entry in entries {
        let entry = match entry {
            Logged::Apply(entry) => entry,
            Logged::Rewrite(record) => {
                let by = record.author.clone().unwrap_or_default();
                let cells = [zoned(record.done_at), String::new(), String::new(), by, logged(record)];
                sheet.push(cells.into_iter().map(Cell::plain).collect());
                continue;
            }
        };
        sheet.push(vec![
            Cell::at(entry.applied_at),
            Cell::plain(entry.set.as_str()),
            Cell::plain(entry.commit.as_deref().map_or_else(String::new, short)),
            Cell::plain(entry.author.clone().unwrap_or_default()),
            Cell::plain(counts(&entry.changes)),
        ]);
    }
    sheet
}

/// `2 create, 1 update`.
fn counts(changes: &[Change]) -> String {
    let counted = Deed::ALL.into_iter().filter_map(|deed| {
        let count = changes.iter().filter(|change| change.deed == deed).count();
        (count > 0).then(|| format!("{count} {}", deed.as_str()))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// The start of a commit's id, and its mark if it has one.
pub(crate) fn short(commit: &str) -> String {
    let (name, mark) =
        commit.split_once('-').map_or((commit, String::new()), |(name, mark)| (name, format!("-{mark}")));
    format!("{}{mark}", name.get(..SHORT_COMMIT).unwrap_or(name))
}
