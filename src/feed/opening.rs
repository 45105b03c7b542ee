//! Owns the lines at the beginning of an input whose format is unknown: they are held back until one shows it. If none
//! does, one error says what the input looks like.

use serde_json::Value as Json;

use super::csv::{incomplete_header, titles};
use super::fields::{Field, Sample, excerpt, renaming};
use super::unreadable::Unreadable;
use crate::domain::value::wording::or_list;
use crate::failure::Failure;

/// The most lines held, and their bytes, plus or minus one line.
const MOST_LINES: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
const TRANSITIONS: &str = "write one transition per line, such as {\"ts\": \"2026-11-20T14:05:00Z\", \"system\": \"checkout\", \
                           \"status\": \"down\"}, or CSV whose first line names ts, system and status";

/// The remedy for a file in an unknown format.
fn describe() -> String {
    format!("describe it: `slo feed try FILE > feed.yaml` writes a feed to start from; or {TRANSITIONS}")
}

/// A held line, and why it would be rejected.
pub(super) struct Held {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    pub(super) reason: String,
}

/// The lines held back so far.
pub(super) struct Opening {
    held: Vec<Held>,
    bytes: usize,
    /// The fields missing from all held records, each of which has all other fields.
    lacking: Vec<Field>,
    /// Whether the format is known.
    is_over: bool,
    /// Whether the held lines are items of a list, so that a single one is complete.
    is_list: bool,
}

impl Opening {
    /// `to_tell` says whether the format is unknown.
    pub(super) const fn new(to_tell: bool) -> Self {
        Self { held: Vec::new(), bytes: 0, lacking: Vec::new(), is_over: !to_tell, is_list: false }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether nothing is held.
    pub(super) const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether the held lines began as a multi-line document.
    pub(super) fn is_document(&self) -> bool {
        let first = self.held.first().map(|held| held.raw.trim_ascii_start());
        self.lacking.is_empty() && first.is_some_and(|first| first.starts_with(b"{") || first.starts_with(b"["))
    }

    fn is_full(&self) -> bool {
        self.held.len() >= MOST_LINES || self.bytes >= MOST_BYTES
    }

    /// The error when no more lines may be held.
    pub(super) fn overflow(&self) -> Option<anyhow::Error> {
        if self.is_full() { self.error() } else { None }
    }

    /// Declares that the lines are items of a list.
    pub(super) const fn settle_list(&mut self) {
        self.is_list = true;
    }

    pub(super) fn hold(&mut self, line: u64, raw: &[u8], reason: String) {
        self.bytes += raw.len();
        self.held.push(Held { line, raw: raw.to_vec(), reason });
    }

    /// Holds a record that lacks fields; `false` if the records held before lack other ones.
    pub(super) fn hold_record(
        &mut self,
        line: u64,
        raw: &[u8],
        reason: &str,
        lacking: impl FnOnce() -> Vec<Field>,
    ) -> bool {
        if self.is_over {
            return false;
        }
        if self.is_document() {
            self.hold(line, raw, reason.to_owned());
            return true;
        }
        let mut lacking = lacking();
        if !self.held.is_empty() {
            lacking.retain(|field| self.lacking.contains(field));
        }
        if lacking.is_empty() {
            return false;
        }
        self.lacking = lacking;
        self.hold(line, raw, reason.to_owned());
        true
    }

    /// Stops holding lines; returns the held ones.
    pub(super) fn end(&mut self) -> Vec<Held> {
        self.is_over = true;
        self.release()
    }

    /// Takes the held lines.
    pub(super) fn release(&mut self) -> Vec<Held> {
        self.bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// The error for an input that is not a feed, if the held lines show that; a single line of JSON may only be cut
    /// off.
    pub(super) fn error(&self) -> Option<anyhow::Error> {
        let first = self.held.first()?;
        if !self.lacking.is_empty() {
            // A single object without most fields, and with a list or an object in it, is a document on one line.
            let is_nested =
                || first.raw.contains(&b'[') || first.raw.iter().filter(|byte| **byte == b'{').nth(1).is_some();
            let is_document = || self.lacking.len() > 1 && is_nested();
            let is_foreign = self.held.len() > 1 || self.is_list || is_document();
            return is_foreign.then(|| self.foreign_records(first));
        }
        let start = first.raw.trim_ascii_start();
        if start.starts_with(b"{") && self.held.len() == 1 {
            return None;
        }
        Some(self.explain(first, start))
    }

    /// The error for a first line that is too long, if it is a document, which may be of any length.
    pub(super) fn overlong(&mut self, line: u64, piece: &[u8], knows: impl Fn(&[u8]) -> bool) -> Option<anyhow::Error> {
        let is_document = piece.trim_ascii_start().starts_with(b"[") || self.is_empty() && knows(piece);
        if !is_document {
            return None;
        }
        self.hold(line, piece, String::new());
        self.foreign()
    }

    /// The error for a single line that is a file of another program, if `knows` says so.
    pub(super) fn known(&self, knows: impl Fn(&[u8]) -> bool) -> Option<anyhow::Error> {
        let is_single = self.held.len() == 1 && !self.is_list;
        if is_single && knows(&self.bytes()) { self.foreign() } else { None }
    }

    /// The error for held lines that are not a feed.
    fn foreign(&self) -> Option<anyhow::Error> {
        let first = self.held.first()?;
        let is_other = self.lacking.is_empty();
        Some(if is_other { self.explain(first, first.raw.trim_ascii_start()) } else { self.foreign_records(first) })
    }

    /// Says what the input looks like.
    fn explain(&self, first: &Held, start: &[u8]) -> anyhow::Error {
        let at = |text: String| format!("line {}: {text}", first.line);
        if let Some(what) = Unreadable::told(&self.bytes()) {
            return what.failure();
        }
        if let Some(b'[') = start.first()
            && start[1..].iter().take_while(|byte| byte.is_ascii_digit()).count() > 0
            && !start[1..].trim_ascii_end().ends_with(b"]")
        {
            let what = format!("a log, and slo reads JSON Lines and CSV: {}", excerpt(start));
            return Failure::new(at(what), describe());
        }
        if let Some(b'[' | b'{') = start.first() {
            let (what, hint) = document(&self.text());
            return Failure::new(at(what), hint);
        }
        let line = first.raw.strip_suffix(b"\r").unwrap_or(&first.raw);
        if let Some(titles) = titles(line) {
            let missing: Vec<Field> = Field::REQUIRED.into_iter().filter(|field| !names(&titles, *field)).collect();
            if titles.iter().any(|title| title.starts_with("start")) {
                let error = incomplete_header(&missing, line, None);
                let hint = "if these are incidents, `slo ingest --feed incidents` reads those with columns system, start and end; \
                            `slo backtest --against` compares alerts with them";
                return Failure::new(at(error.to_string()), hint);
            }
            let record = self.held.get(1).map(|held| held.raw.as_slice());
            return incomplete_header(&missing, line, record).context(format!("line {}", first.line));
        }
        Failure::new(at(format!("expected a JSON object or a CSV header: {}", excerpt(line))), describe())
    }

    /// The error for JSON Lines without the required fields.
    fn foreign_records(&self, first: &Held) -> anyhow::Error {
        let names: Vec<&str> = self.lacking.iter().map(|field| field.as_str()).collect();
        let line = first.line;
        let count = match self.held.len() {
            1 if !self.is_list => "the record has",
            _ if self.is_full() => "the first records have",
            _ => "the records have",
        };
        let keys: Vec<Sample> = serde_json::from_slice(&first.raw).map(keys).unwrap_or_default();
        let hint = match renaming(&self.lacking, &keys) {
            Ok(Some(rename)) => format!("{rename}; or {}", describe()),
            Ok(None) | Err(_) => describe(),
        };
        Failure::new(format!("line {line}: {count} no {}: {}", or_list(names), excerpt(&first.raw)), hint)
    }

    /// The held bytes, unchanged.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let (before, behind): (&[u8], &[u8]) = if self.is_list { (b"[", b",\n") } else { (b"", b"\n") };
        before.iter().chain(self.held.iter().flat_map(|held| held.raw.iter().chain(behind))).copied().collect()
    }

    fn text(&self) -> String {
        let lines: Vec<_> = self.held.iter().map(|held| String::from_utf8_lossy(&held.raw)).collect();
        lines.join("\n")
    }
}

fn names(titles: &[String], field: Field) -> bool {
    titles.iter().any(|title| Field::named(title.as_bytes()) == Some(field))
}

/// The problem with a JSON document that is not one object per line, and the remedy.
fn document(text: &str) -> (String, String) {
    let what = "JSON over several lines or in an array, not one object per line";
    let text = text.trim_start();
    // The list of records: the document itself, or its first list.
    let list = if text.starts_with('[') { Some((0, ".[]".to_owned())) } else { first_list(text) };
    let record = list.and_then(|(at, path)| {
        let inner = &text[at + 1..];
        let begins = inner.find('{').filter(|at| inner[..*at].trim().is_empty())?;
        let record = serde_json::Deserializer::from_str(&inner[begins..]).into_iter::<Json>().next()?.ok()?;
        Some((record, path))
    });
    let Some((record, path)) = record else { return (what.to_owned(), describe()) };
    let lacking = |field: &Field| known(&record, *field).is_none();
    let lacking: Vec<&str> =
        Field::REQUIRED.iter().filter(|field| lacking(field)).map(|field| field.as_str()).collect();
    if lacking.is_empty() {
        return (what.to_owned(), format!("`jq -c '{path}' FILE | slo ingest`"));
    }
    (format!("{what}; its records have no {}", or_list(lacking)), describe())
}

/// Where the first list of an object begins, and the path of its items.
fn first_list(text: &str) -> Option<(usize, String)> {
    let at = text.find('[')?;
    let key = text[..at].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?.rsplit('"').next()?;
    let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_plain.then(|| (at, format!(".{key}[]")))
}

/// The keys and values of a record, if it is an object.
fn keys(record: Json) -> Vec<Sample> {
    let text = |value: Json| if let Json::String(text) = value { text } else { value.to_string() };
    match record {
        Json::Object(fields) => fields.into_iter().map(|(key, value)| (key, Some(text(value)))).collect(),
        _ => Vec::new(),
    }
}

/// The key of a field in a record.
fn known(record: &Json, field: Field) -> Option<&str> {
    record.as_object()?.keys().map(String::as_str).find(|key| Field::named(key.as_bytes()) == Some(field))
}
