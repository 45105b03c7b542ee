//! Owns the CSV form: rows become cells while they are serialized, each once, and only their text is kept.

mod cells;

use std::collections::HashMap;
use std::io::{self, Write};

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use serde::ser::Error as _;

use super::elements::{Elements, Failed, Take};
use cells::Row;

/// A table in progress. Rows may have different fields (labels), so the header is the union of them, in the order of
/// first appearance.
pub(super) struct Table {
    header: Vec<String>,
    places: HashMap<String, usize>,
    /// The cells of the current row, in the order of the header.
    cells: Vec<String>,
    /// Where the next cell is expected: fields come in the header's order, but some may be missing.
    next: usize,
    /// The name of the current field; nested ones are dotted.
    path: String,
    lines: String,
    /// Where each line ends, and how many cells it has.
    ends: Vec<(usize, usize)>,
    /// Whether texts that a spreadsheet would run as formulas begin with a `'`.
    safe: bool,
}

/// A table whose rows all have the fields of the first one, so that no line waits for the header.
struct Uniform<'o> {
    table: Table,
    out: &'o mut dyn Write,
    /// The number of columns, once the header is written.
    columns: Option<usize>,
}

impl Take for Table {
    fn take<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<(), Failed> {
        self.add(row)?;
        self.ends.push((self.lines.len(), self.cells.len()));
        Ok(())
    }
}

impl Take for Uniform<'_> {
    fn take<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<(), Failed> {
        self.table.add(row)?;
        let columns = self.table.header.len();
        if *self.columns.get_or_insert(0) == 0 {
            self.out.write_all(self.table.titles().as_bytes()).map_err(Failed::custom)?;
            self.columns = Some(columns);
        } else if self.columns != Some(columns) {
            return Err(Failed(format!("a row has the new field {:?}", self.table.header.last())));
        }
        self.out.write_all(self.table.lines.as_bytes()).map_err(Failed::custom)?;
        self.table.lines.clear();
        Ok(())
    }
}

/// Writes a table whose rows all have the same fields, one by one.
///
/// # Errors
/// If the rows are not a list, differ in their fields, or cannot be represented or written.
pub(super) fn write_uniform(rows: &dyn erased_serde::Serialize, safe: bool, out: &mut dyn Write) -> Result<()> {
    let mut uniform = Uniform { table: Table::new(safe), out, columns: None };
    erased_serde::serialize(rows, Elements(&mut uniform)).map_err(|Failed(message)| anyhow!(message))
}

impl Table {
    pub(super) fn new(safe: bool) -> Self {
        Self {
            header: Vec::new(),
            places: HashMap::new(),
            cells: Vec::new(),
            next: 0,
            path: String::new(),
            lines: String::new(),
            ends: Vec::new(),
            safe,
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If it cannot be represented.
    pub(super) fn push(&mut self, row: &impl Serialize) -> Result<()> {
        self.take(row).map_err(|Failed(message)| anyhow!(message))
    }

    /// Adds a row for each element of a serialized list.
    ///
    /// # Errors
    /// If it is not a list, or an element cannot be represented.
    pub(super) fn push_each(&mut self, list: &dyn erased_serde::Serialize) -> Result<()> {
        erased_serde::serialize(list, Elements(self)).map_err(|Failed(message)| anyhow!(message))
    }

    fn add(&mut self, row: &(impl Serialize + ?Sized)) -> Result<(), Failed> {
        self.cells.iter_mut().for_each(String::clear);
        self.next = 0;
        row.serialize(Row { table: self })?;
        push_cells(&mut self.lines, &self.cells);
        self.lines.push('\n');
        Ok(())
    }

    /// The cell of the current field.
    fn cell(&mut self) -> &mut String {
        if self.header.get(self.next) != Some(&self.path) {
            self.next = match self.places.get(&self.path) {
                Some(place) => *place,
                None => {
                    self.places.insert(self.path.clone(), self.header.len());
                    self.header.push(self.path.clone());
                    self.cells.push(String::new());
                    self.header.len() - 1
                }
            };
        }
        self.next += 1;
        let cell = &mut self.cells[self.next - 1];
        cell.clear();
        cell
    }

    /// Writes a text into the cell of the current field.
    fn put(&mut self, text: &str) {
        let quoted = self.safe && is_formula(text);
        let cell = self.cell();
        if quoted {
            cell.push('\'');
        }
        cell.push_str(text);
    }

    /// Writes a field nested in the current one.
    fn within<T>(&mut self, name: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.path.len();
        if outer > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let written = write(self);
        self.path.truncate(outer);
        written
    }

    fn titles(&self) -> String {
        let safe = |name: &String| if self.safe && is_formula(name) { format!("'{name}") } else { name.clone() };
        let mut text = String::new();
        push_cells(&mut text, &self.header.iter().map(safe).collect::<Vec<_>>());
        text + "\n"
    }

    /// Writes the table: the header, then one line per row. Lines from before a field first appeared get an empty cell
    /// for it. Without rows, the header is unknown, and nothing is written.
    pub(super) fn write(&self, out: &mut dyn Write) -> Result<()> {
        self.write_lines(out).context("writing a table")
    }

    fn write_lines(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        out.write_all(self.titles().as_bytes())?;
        let columns = self.header.len();
        let short = self.ends.partition_point(|(_, cells)| *cells < columns);
        let commas = ",".repeat(columns);
        let mut start = 0;
        for (end, cells) in &self.ends[..short] {
            out.write_all(&self.lines.as_bytes()[start..end - 1])?;
            out.write_all(&commas.as_bytes()[(*cells).max(1)..])?;
            out.write_all(b"\n")?;
            start = *end;
        }
        out.write_all(&self.lines.as_bytes()[start..])
    }
}

fn push_cells(text: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_field(text, cell);
    }
}

/// Writes one CSV field, quoted if RFC 4180 requires it.
pub(in crate::render) fn push_field(text: &mut String, field: &str) {
    if field.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        text.push('"');
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(field);
    }
}

fn is_number(cell: &str) -> bool {
    cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && cell.parse::<f64>().is_ok()
}

/// Whether a spreadsheet would run the content of a cell instead of showing it. A number is shown, with any sign.
pub(in crate::render) fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) && !is_number(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6_f64).prop_map(Value::from),
            "[-=a,\"\n ]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[ab=]{1,2}", inner), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn any_row() -> impl Strategy<Value = Value> {
        prop::collection::vec(("[abc]{1,2}", any_value()), 1..5)
            .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
    }

    /// The cells of a row by name, from the value itself.
    fn flat(name: &str, value: &Value, safe: bool) -> Vec<(String, String)> {
        let text = match value {
            Value::Object(fields) => {
                let join = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
                return fields.iter().flat_map(|(key, value)| flat(&join(key), value, safe)).collect();
            }
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        vec![(name.to_owned(), if safe && is_formula(&text) { format!("'{text}") } else { text })]
    }

    proptest! {
        #[test]
        fn every_value_stands_under_its_name(rows in prop::collection::vec(any_row(), 1..6), safe: bool) {
            let mut table = Table::new(safe);
            table.push_each(&rows).unwrap();
            let mut text = Vec::new();
            table.write(&mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            let mut header: Vec<String> = Vec::new();
            let flat: Vec<_> = rows.iter().map(|row| flat("", row, safe)).collect();
            for (name, _) in flat.iter().flatten() {
                if !header.contains(name) {
                    header.push(name.clone());
                }
            }
            let line = |cells: Vec<String>| {
                let mut text = String::new();
                push_cells(&mut text, &cells);
                text + "\n"
            };
            let shown = |name: &String| if safe && is_formula(name) { format!("'{name}") } else { name.clone() };
            let mut expected = line(header.iter().map(shown).collect());
            for row in &flat {
                let cell = |name: &String| {
                    row.iter().find(|(known, _)| known == name).map_or_else(String::new, |(_, text)| text.clone())
                };
                expected.push_str(&line(header.iter().map(cell).collect()));
            }
            prop_assert_eq!(text, expected);
        }
    }
}
