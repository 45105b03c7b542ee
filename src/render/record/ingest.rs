//! Owns how the result of an ingest looks.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::fmt::Write as _;

use anyhow::Result;

use crate::domain::value::instant::Instant;
use crate::render::Document;
use crate::render::form::moment::stretch;

/// The result of an ingest, over all its files.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct IngestReport {
    pub(crate) read: u64,
    pub(crate) inserted: u64,
    pub(crate) duplicates: u64,
    pub(crate) conflicts: u64,
    pub(crate) rejected: u64,
    /// Records that the feed ignores.
    pub(crate) skipped: u64,
    /// Records of planned work only.
    pub(crate) maintenance: u64,
    /// How many of the inserted facts are not in a record: between distant observations, the status is unknown.
    pub(crate) gaps: u64,
    /// Whether a feed described the records, so that they are not called lines.
    pub(crate) is_described: bool,
    /// The number of systems in accepted lines.
    pub(crate) systems: usize,
    pub(crate) first: Option<Instant>,
    pub(crate) last: Option<Instant>,
    /// Whether anything was kept.
    pub(crate) kept: bool,
}

pub(crate) fn document(report: &IngestReport, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("read", &report.read)?;
    document.set("inserted", &report.inserted)?;
    document.set("duplicates", &report.duplicates)?;
    document.set("conflicts", &report.conflicts)?;
    document.set("rejected", &report.rejected)?;
    document.set("skipped", &report.skipped)?;
    document.set("maintenance", &report.maintenance)?;
    document.set("gaps", &report.gaps)?;
    document.set("systems", &report.systems)?;
    document.set("firstTs", &report.first.map(|at| at.to_string()))?;
    document.set("lastTs", &report.last.map(|at| at.to_string()))?;
    Ok(document)
}

pub(crate) fn text(report: &IngestReport, dry_run: bool) -> String {
    let count = |number: u64, what: &str| format!("{} {what}", thousands(number));
    // A record may yield several facts, such as the start and the end of an incident.
    let inserted = report.inserted - report.gaps;
    let new = match (report.is_described, inserted) {
        (false, _) => "new",
        (true, 1) => "new transition",
        (true, _) => "new transitions",
    };
    let mut parts = vec![count(inserted, new), count(report.duplicates, "already known")];
    if report.conflicts > 0 {
        parts.push(count(report.conflicts, "in conflict (the worse status won)"));
    }
    if report.rejected > 0 {
        parts.push(count(report.rejected, "rejected"));
    }
    if report.skipped > 0 {
        parts.push(count(report.skipped, "skipped by the feed"));
    }
    if report.maintenance > 0 {
        parts.push(count(report.maintenance, "of maintenance"));
    }
    if report.gaps > 0 {
        let noun = if report.gaps == 1 { "gap" } else { "gaps" };
        parts.push(format!("and {} {noun} between observations marked unknown", thousands(report.gaps)));
    }
    let noun = if report.is_described { "record" } else { "line" };
    let noun = if report.read == 1 { noun.to_owned() } else { format!("{noun}s") };
    let mut text = format!("{} {noun} read: {}\n", thousands(report.read), parts.join(", "));
    if let (Some(first), Some(last)) = (report.first, report.last) {
        let noun = if report.systems == 1 { "system" } else { "systems" };
        let _ = writeln!(text, "{} {noun}, {}", thousands(report.systems as u64), stretch(first, last));
    }
    if dry_run {
        text.push_str("dry run: nothing was kept\n");
    } else if !report.kept {
        text.push_str("strict: a line was rejected, so nothing was kept\n");
    }
    text
}

/// A number with separated thousands: `10 000 000`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
