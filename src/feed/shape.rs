//! Owns what an input turns out to be: its format, its columns, and which of its fields nobody needs.

use anyhow::Result;

use super::Format;
use super::csv::{self, Columns};
use super::fields::{Fields, excerpt};
use super::json;
use super::records::without_return;

/// Names of ignored fields that are remembered.
const MOST_IGNORED: usize = 16;
/// Lines at the start of an input that may tell nothing about its format.
const MOST_UNTOLD: u64 = 1000;

/// What is known of an input.
pub(super) struct Shape {
    format: Format,
    columns: Option<Columns>,
    /// Whether the next line may be a record.
    settled: bool,
    ignored: Vec<String>,
    /// The first line that told nothing, and how many did.
    untold: (String, u64),
}

/// What a line turned out to be.
pub(super) enum Told {
    Header,
    Record,
    /// Neither a header nor a record of any format.
    Nothing,
}

impl Shape {
    pub(super) fn new(format: Format) -> Self {
        let settled = format == Format::Jsonl;
        Self { format, columns: None, settled, ignored: Vec::new(), untold: (String::new(), 0) }
    }

    /// Whether every line from here on is a record.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// What stands between the fields of a record, if that is CSV.
    pub(super) fn delimiter(&self) -> Option<u8> {
        self.columns.as_ref().map(Columns::delimiter)
    }

    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Learns from a line what the input is.
    ///
    /// # Errors
    /// When it is a header without the columns that are needed, or too many lines have told nothing.
    pub(super) fn learn(&mut self, raw: &[u8]) -> Result<Told> {
        let line = without_return(raw);
        if self.format == Format::Auto {
            let Some(format) = csv::tell(line)? else {
                self.untold.1 += 1;
                if self.untold.1 == 1 {
                    self.untold.0 = excerpt(line);
                }
                return if self.untold.1 > MOST_UNTOLD {
                    Err(csv::unknown_format(&self.untold.0))
                } else {
                    Ok(Told::Nothing)
                };
            };
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
                json::parse(raw, fields, &mut |name| remember(&mut self.ignored, name))
            }
        }
    }

    /// What is wrong with an input that ends here.
    ///
    /// # Errors
    /// When it had lines, and none told what they are.
    pub(super) fn end(&self) -> Result<()> {
        if self.format == Format::Auto && self.untold.1 > 0 { Err(csv::unknown_format(&self.untold.0)) } else { Ok(()) }
    }
}

fn remember(names: &mut Vec<String>, name: &str) {
    if names.len() < MOST_IGNORED && !names.iter().any(|known| known == name) {
        let shown = excerpt(name.as_bytes());
        if !names.contains(&shown) {
            names.push(shown);
        }
    }
}
