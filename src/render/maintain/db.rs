//! Owns how the figures of the database file and the result of its verification look.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use super::rewrite::counted;
use crate::domain::health::figures::{Figures, Pages};
use crate::domain::health::ingest::IngestRecord;
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::one_line;
use crate::render::Document;
use crate::render::form::moment::range;
use crate::render::record::ingest::thousands;

/// The fewest transitions for a meaningful average: with fewer, the fixed parts of the file dominate.
const MANY: i64 = 10_000;

pub(crate) fn info_document(path: &str, info: &Figures, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("path", &path)?;
    document.set("bytes", &info.bytes)?;
    document.set("bytesPerTransition", &info.bytes_per_transition())?;
    document.set("schema", &info.schema)?;
    document.set("pageBytes", &info.pages.map(|pages| pages.bytes))?;
    document.set("pages", &info.pages.map(|pages| pages.count))?;
    document.set("freePages", &info.pages.map(|pages| pages.free))?;
    document.set("systems", &info.systems)?;
    document.set("streams", &info.streams)?;
    document.set("segments", &info.segments)?;
    document.set("transitions", &info.transitions)?;
    document.set("segmentBytes", &info.segment_bytes)?;
    document.set("notes", &info.notes)?;
    document.set("ingests", &info.ingests)?;
    document.set("manifests", &info.manifests)?;
    document.set("ledgers", &info.ledgers)?;
    document.set("ledgerBytes", &info.ledger_bytes)?;
    let span = info.span.map(|span| json!({"first": span.start.to_string(), "last": span.end.to_string()}));
    document.set("span", &span)?;
    Ok(document)
}

pub(crate) fn info_text(path: &str, info: &Figures) -> String {
    let number = |number: i64| thousands(number.unsigned_abs());
    let counted = |count: i64, noun| counted(count.unsigned_abs(), noun);
    let each = info.bytes_per_transition().filter(|_| info.transitions >= MANY);
    let each = each.map_or(String::new(), |bytes| format!(", {bytes:.1} bytes per transition"));
    let span = info.span.map_or("none".to_owned(), range);
    let pages = info.pages.map_or(String::new(), |Pages { bytes, count, free }| {
        format!(", pages of {bytes} bytes, {} of {} free", number(free), number(count))
    });
    let lines = [
        (if info.pages.is_some() { "file" } else { "database" }, one_line(path).into_owned()),
        ("size", format!("{} bytes{each}", number(info.bytes))),
        ("schema", format!("{}{pages}", info.schema)),
        (
            "journal",
            format!(
                "{} in {} ({} bytes), {}",
                counted(info.transitions, "transition"),
                counted(info.segments, "segment"),
                number(info.segment_bytes),
                counted(info.notes, "note")
            ),
        ),
        ("streams", format!("{}, of {}", number(info.streams), counted(info.systems, "system"))),
        ("span", span),
        ("ingests", number(info.ingests)),
        ("manifests", number(info.manifests)),
        (
            "sealed days",
            match info.ledgers {
                0 => "none".to_owned(),
                count => format!("of {}, {} bytes", counted(count, "objective"), number(info.ledger_bytes)),
            },
        ),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text
}

pub(crate) fn backup_document(path: &str, bytes: u64, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("path", &path)?;
    document.set("bytes", &bytes)?;
    Ok(document)
}

pub(crate) fn backup_text(path: &str, bytes: u64) -> String {
    let path = if path == "-" { "standard output".into() } else { one_line(path) };
    format!("{path}: {} bytes, checked\n", thousands(bytes))
}

pub(crate) fn copy_document(to: &str, figures: &Figures, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("path", &to)?;
    document.set("transitions", &figures.transitions)?;
    document.set("notes", &figures.notes)?;
    document.set("manifests", &figures.manifests)?;
    Ok(document)
}

pub(crate) fn copy_text(to: &str, figures: &Figures) -> String {
    let transitions = counted(figures.transitions.unsigned_abs(), "transition");
    let manifests = counted(figures.manifests.unsigned_abs(), "declared object");
    format!("{}: {transitions}, {manifests}\n", one_line(to))
}

pub(crate) fn compact_document(before: i64, after: i64, joined: usize, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("bytesBefore", &before)?;
    document.set("bytesAfter", &after)?;
    document.set("segmentsJoined", &joined)?;
    Ok(document)
}

pub(crate) fn compact_text(before: i64, after: i64, joined: usize) -> String {
    let number = |number: i64| thousands(number.unsigned_abs());
    let segments = counted(joined as u64, "segment");
    format!("{} bytes, {} before; {segments} fewer\n", number(after), number(before))
}

pub(crate) fn merge_document(mergers: &[IngestRecord], as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    let list: Vec<_> = mergers
        .iter()
        .map(|merger| {
            json!({
                "file": merger.file, "read": merger.read, "inserted": merger.inserted,
                "duplicates": merger.duplicates, "conflicts": merger.conflicts,
            })
        })
        .collect();
    document.set("merged", &list)?;
    Ok(document)
}

pub(crate) fn merge_text(mergers: &[IngestRecord]) -> String {
    let mut text = String::new();
    for IngestRecord { file, read, inserted, duplicates, conflicts, .. } in mergers {
        let count = |number: &u64| thousands(*number);
        let _ = write!(
            text,
            "{}: {}, {} new, {} already known",
            one_line(file),
            counted(*read, "transition"),
            count(inserted),
            count(duplicates)
        );
        if *conflicts > 0 {
            let _ = write!(text, ", {} in conflict (the worse status won)", count(conflicts));
        }
        text.push('\n');
    }
    text
}

pub(crate) fn verify_document(repaired: &[String], differences: &[String], as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("ok", &differences.is_empty())?;
    document.set("differences", &differences)?;
    document.set("repaired", &repaired)?;
    Ok(document)
}

pub(crate) fn verify_text(repaired: &[String], differences: &[String]) -> String {
    let mut text = first_of("repaired", repaired) + &first_of("difference", differences);
    if differences.is_empty() {
        text.push_str("ok: the database is sound, segments are in order, and every cache matches a recomputation\n");
    }
    text
}

/// The first lines, each after a word for its kind.
fn first_of(word: &str, lines: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = String::new();
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "{word}: {}", one_line(line));
    }
    if lines.len() > SHOWN {
        text.push_str(&format!("… and {} more\n", lines.len() - SHOWN));
    }
    text
}
