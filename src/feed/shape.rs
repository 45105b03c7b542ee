//! Owns what an input turns out to be: its format, its columns, and which of its fields nobody needs.

use anyhow::Result;

use super::Format;
use super::csv::{self, Columns};
use super::fields::{Fields, excerpt};
use super::json;
use super::records::without_return;

/// Names of ignored fields that are remembered.
const MOST_IGNORED: usize = 16;

/// What is known of an input.
pub(super) struct Shape {
    format: Format,
    columns: Option<Columns>,
    /// Whether the next line may be a record.
    settled: bool,
    ignored: Vec<String>,
}

/// What a line turned out to be.
pub(super) enum Told {
    /// What the columns are.
    Header,
    Record,
    /// Neither a header nor a record of any format.
    Nothing,
}

impl Shape {
    pub(super) fn new(format: Format) -> Self {
        let settled = format == Format::Jsonl;
        Self { format, columns: None, settled, ignored: Vec::new() }
    }

    /// Settles that the input is a list of JSON objects.
    pub(super) const fn settle_list(&mut self) {
        (self.format, self.settled) = (Format::Jsonl, true);
    }

    /// Whether every line from here on is a record.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether the input is JSON Lines.
    pub(super) fn is_json(&self) -> bool {
        self.settled && self.columns.is_none()
    }

    /// What stands between the fields of a record, if that is CSV.
    pub(super) fn delimiter(&self) -> Option<u8> {
        self.columns.as_ref().map(Columns::delimiter)
    }

    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Learns from a line what the input is; `is_first` when nothing came before it.
    ///
    /// # Errors
    /// When it is a header without the columns that are needed.
    pub(super) fn learn(&mut self, raw: &[u8], is_first: bool) -> Result<Told> {
        let line = without_return(raw);
        if self.format == Format::Auto {
            if is_separator(line) {
                return Ok(Told::Header);
            }
            let Some(format) = csv::tell(line, is_first)? else { return Ok(Told::Nothing) };
            self.format = format;
        }
        self.settled = true;
        if self.format == Format::Jsonl {
            return Ok(Told::Record);
        }
        let columns = Columns::read(line)?;
        columns.ignored().for_each(|name| remember(&mut self.ignored, name));
        self.columns = Some(columns);
        Ok(Told::Header)
    }

    /// The fields of a record; `broken` when its quotes do not pair.
    ///
    /// # Errors
    /// With the reason for which it has none.
    pub(super) fn split<'v>(&mut self, raw: &'v [u8], broken: bool, fields: &mut Fields<'v>) -> Result<(), String> {
        match &mut self.columns {
            Some(_) if broken => Err("a quote is not closed, or text follows a closing one".to_owned()),
            Some(columns) => columns.split(without_return(raw), fields),
            None if json::scan(raw, fields) => Ok(()),
            None => {
                *fields = Fields::default();
                let inner = json::unquoted(raw);
                let line = inner.as_deref().unwrap_or(raw);
                json::parse(line, fields, &mut |name| remember(&mut self.ignored, name))
            }
        }
    }
}

/// Whether a line tells spreadsheets, and nobody else, what separates the columns.
pub(super) fn is_separator(line: &[u8]) -> bool {
    let line =
        line.trim_ascii().strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line.trim_ascii());
    line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=")
}

fn remember(names: &mut Vec<String>, name: &str) {
    if names.len() < MOST_IGNORED && !names.iter().any(|known| known == name) {
        let shown = excerpt(name.as_bytes());
        if !names.contains(&shown) {
            names.push(shown);
        }
    }
}
