//! Owns the lines at the beginning of an input that has not shown yet that it is a feed: they are held back until one does,
//! and when none does there is one error that says what the input looks like.

use serde_json::Value as Json;

use super::csv::{incomplete_header, titles};
use super::fields::{Field, excerpt, renaming};
use super::unreadable::Unreadable;
use crate::domain::value::wording::or_list;
use crate::failure::Failure;

/// Lines that are held at the most, and their bytes, give or take one line.
const MOST_LINES: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
const TRANSITIONS: &str = "write one transition a line, such as {\"ts\": \"2026-11-20T14:05:00Z\", \"system\": \"checkout\", \
                           \"status\": \"down\"}, or CSV whose first line names ts, system and status";

/// What to do about a file in a form of its own.
fn describe() -> String {
    format!("describe it: slo feed try FILE > feed.yaml writes a feed to start from; or {TRANSITIONS}")
}

/// A line that is held back, and why it is rejected if it has to be.
pub(super) struct Held {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    pub(super) reason: String,
}

/// The lines held back so far.
pub(super) struct Opening {
    held: Vec<Held>,
    bytes: usize,
    /// Of records that have every other field, those that none of them has.
    lacking: Vec<Field>,
    /// Whether a line has shown what the input is.
    is_over: bool,
    /// Whether what is held are the items of a list, so that one by itself was not cut off.
    is_list: bool,
}

impl Opening {
    /// Of an input that has `to_tell` what it is, or one that is known.
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

    /// Whether what is held began as a document that goes on over lines.
    pub(super) fn is_document(&self) -> bool {
        let first = self.held.first().map(|held| held.raw.trim_ascii_start());
        self.lacking.is_empty() && first.is_some_and(|first| first.starts_with(b"{") || first.starts_with(b"["))
    }

    fn is_full(&self) -> bool {
        self.held.len() >= MOST_LINES || self.bytes >= MOST_BYTES
    }

    /// The error of an input of which no more lines may be held.
    pub(super) fn overflow(&self) -> Option<anyhow::Error> {
        if self.is_full() { self.error() } else { None }
    }

    /// Settles that the lines are the items of a list.
    pub(super) const fn settle_list(&mut self) {
        self.is_list = true;
    }

    pub(super) fn hold(&mut self, line: u64, raw: &[u8], reason: String) {
        self.bytes += raw.len();
        self.held.push(Held { line, raw: raw.to_vec(), reason });
    }

    /// Holds a record that lacks fields; `false` when that is no reason to hold it, for those held before lack others.
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

    /// Ends holding lines back; returns those that are held.
    pub(super) fn end(&mut self) -> Vec<Held> {
        self.is_over = true;
        self.release()
    }

    /// What is held, and no longer is.
    pub(super) fn release(&mut self) -> Vec<Held> {
        self.bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// The one error of an input that is no feed, as far as what is held says so: a single line of JSON may only be cut off.
    pub(super) fn error(&self) -> Option<anyhow::Error> {
        let first = self.held.first()?;
        if !self.lacking.is_empty() {
            // An object by itself that holds others is a document on one line.
            let is_document = || self.lacking.len() == Field::REQUIRED.len() && first.raw.contains(&b'[');
            let is_foreign = self.held.len() > 1 || self.is_list || is_document();
            return is_foreign.then(|| self.foreign_records());
        }
        let start = first.raw.trim_ascii_start();
        if start.starts_with(b"{") && self.held.len() == 1 {
            return None;
        }
        Some(self.explain(first, start))
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
                let error = incomplete_header(&missing, line);
                let hint = "if these are incidents, slo ingest --feed incidents reads those with columns system, start and end; \
                            slo backtest --against compares alerts with them";
                return Failure::new(at(error.to_string()), hint);
            }
            return incomplete_header(&missing, line).context(format!("line {}", first.line));
        }
        Failure::new(at(format!("neither a JSON object nor a CSV header: {}", excerpt(line))), describe())
    }

    /// The error of JSON Lines of which no record has the fields that are needed.
    fn foreign_records(&self) -> anyhow::Error {
        let names: Vec<&str> = self.lacking.iter().map(|field| field.as_str()).collect();
        let (first, line) = (&self.held[0], self.held[0].line);
        let count = match self.held.len() {
            1 if !self.is_list => "the record has",
            _ if self.is_full() => "the first records have",
            _ => "the records have",
        };
        let keys: Vec<String> = serde_json::from_slice(&first.raw).map(keys).unwrap_or_default();
        let rename = renaming(&self.lacking, &keys);
        let hint = rename.map_or_else(describe, |rename| format!("{rename}; or {}", describe()));
        Failure::new(format!("line {line}: {count} no {}: {}", or_list(names), excerpt(&first.raw)), hint)
    }

    /// What is held, as it was.
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

/// What to say of a JSON document that is not one object a line, and what to do about it.
fn document(text: &str) -> (String, String) {
    let what = "JSON over several lines or in an array, not one object a line";
    let text = text.trim_start();
    // The list of records: the document itself, or the first list in it.
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
        return (what.to_owned(), format!("jq -c '{path}' FILE | slo ingest"));
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

/// The keys of a record, as far as it is one.
fn keys(record: Json) -> Vec<String> {
    if let Json::Object(fields) = record { fields.into_iter().map(|(key, _)| key).collect() } else { Vec::new() }
}

/// The key of a record under which a field stands.
fn known(record: &Json, field: Field) -> Option<&str> {
    record.as_object()?.keys().map(String::as_str).find(|key| Field::named(key.as_bytes()) == Some(field))
}
