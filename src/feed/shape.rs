//! Owns the detected form of an input: its format, its columns, and its unused fields.

use anyhow::Result;

use super::Format;
use super::csv::{self, Columns};
use super::fields::{Fields, excerpt};
use super::json;
use super::records::without_return;

/// The most names of ignored fields kept.
const MOST_IGNORED: usize = 16;

/// The known form of an input.
pub(super) struct Shape {
    format: Format,
    columns: Option<Columns>,
    /// The line that names the columns, as it is.
    header: Option<Vec<u8>>,
    /// Whether the next line may be a record.
    settled: bool,
    ignored: Vec<String>,
}

/// The role of a line.
pub(super) enum Told {
    /// It names the columns.
    Header,
    Record,
    /// Neither a header nor a record of any format.
    Nothing,
}

impl Shape {
    pub(super) fn new(format: Format) -> Self {
        let settled = format == Format::Jsonl;
        Self { format, columns: None, header: None, settled, ignored: Vec::new() }
    }

    /// Declares that the input is a list of JSON objects.
    pub(super) const fn settle_list(&mut self) {
        (self.format, self.settled) = (Format::Jsonl, true);
    }

    /// Whether all following lines are records.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether the input is JSON Lines.
    pub(super) fn is_json(&self) -> bool {
        self.settled && self.columns.is_none()
    }

    /// The delimiter of a record's fields, if it is CSV.
    pub(super) fn delimiter(&self) -> Option<u8> {
        self.columns.as_ref().map(Columns::delimiter)
    }

    /// The line that names the columns, if it is CSV.
    pub(super) fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Detects the form of the input from a line; `is_first` if nothing came before it.
    ///
    /// # Errors
    /// When it is a header without the required columns.
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
        self.begin(columns, raw);
        Ok(Told::Header)
    }

    fn begin(&mut self, columns: Columns, header: &[u8]) {
        columns.ignored().for_each(|name| remember(&mut self.ignored, name));
        (self.columns, self.header) = (Some(columns), Some(header.to_vec()));
    }

    /// Begins another table if a line of CSV that is not a record is a header; returns whether it is.
    pub(super) fn turn(&mut self, raw: &[u8]) -> bool {
        let found = self.columns.is_some().then(|| Columns::read(without_return(raw)));
        let Some(Ok(columns)) = found else { return false };
        self.begin(columns, raw);
        true
    }

    /// The fields of a record; `broken` if its quotes are unbalanced.
    ///
    /// # Errors
    /// With the reason when it cannot be split.
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

/// Whether a line only tells spreadsheets the delimiter.
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
