//! Owns answers for programs: one serializable value as JSON, YAML or CSV.

mod elements;
mod passing;
mod table;

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::domain::value::instant::Instant;
use crate::render::Form;
use crate::render::declare::manifest::yaml::Node;
use elements::{Elements, Failed, Take};
use passing::Passing;
pub(crate) use passing::Row;
use table::{Table, write_uniform};
pub(in crate::render) use table::{is_formula, push_field};

/// The version of all documents; it grows when a field changes its meaning or is removed.
const SCHEMA_VERSION: u32 = 1;

/// An answer for programs: `schemaVersion`, `asOf`, then the answer's own fields.
pub(crate) struct Document {
    fields: Vec<(&'static str, Field)>,
    /// The field whose elements are the rows of the CSV form.
    rows: &'static str,
    /// Why streamed rows ended early.
    failure: Failure,
}

/// An error that a serializer cannot carry.
type Failure = Rc<RefCell<Option<anyhow::Error>>>;

/// The value of a field.
enum Field {
    Value(Value),
    /// A list too large to be copied into a tree of values.
    Large(Box<dyn erased_serde::Serialize>),
    /// A list that is streamed, never in memory.
    Passing(Passing),
    /// A value that is known only after the fields before it are written.
    Late(Box<dyn Fn() -> Result<Value>>),
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Large(rows) => erased_serde::serialize(rows.as_ref(), serializer),
            Self::Passing(rows) => rows.serialize(serializer),
            Self::Late(value) => value().map_err(|error| S::Error::custom(format!("{error:#}")))?.serialize(serializer),
        }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Document {
    /// An answer whose main field is a list.
    ///
    /// # Errors
    /// If the rows cannot be represented.
    pub(crate) fn list(as_of: Instant, name: &'static str, rows: &impl Serialize) -> Result<Self> {
        let mut document = Self::new(as_of);
        document.rows = name;
        document.set(name, rows)?;
        Ok(document)
    }

    /// An answer whose main field is a list that may be long: it is written directly from `rows`.
    pub(crate) fn large_list(as_of: Instant, name: &'static str, rows: impl Serialize + 'static) -> Self {
        let mut document = Self::new(as_of);
        document.rows = name;
        document.fields.push((name, Field::Large(Box::new(rows))));
        document
    }

    /// An answer whose main field is a streamed list: `each` passes the rows one by one, once. All rows have the same
    /// fields, unless they `vary`.
    pub(crate) fn passing_list(
        as_of: Instant,
        name: &'static str,
        vary: bool,
        each: impl FnOnce(&mut Row<'_>) -> Result<()> + 'static,
    ) -> Self {
        let mut document = Self::new(as_of);
        document.rows = name;
        document.pass(name, vary, each);
        document
    }

    /// Appends a list whose rows are not held: `each` passes on one row after the other, once.
    pub(crate) fn set_passing(&mut self, name: &'static str, each: impl FnOnce(&mut Row<'_>) -> Result<()> + 'static) {
        self.pass(name, true, each);
    }

    fn pass(&mut self, name: &'static str, vary: bool, each: impl FnOnce(&mut Row<'_>) -> Result<()> + 'static) {
        let failure = Rc::clone(&self.failure);
        self.fields.push((name, Field::Passing(Passing::new(each, vary, failure))));
    }

    /// An answer that is one row by itself.
    pub(crate) fn new(as_of: Instant) -> Self {
        let fields = [("schemaVersion", SCHEMA_VERSION.into()), ("asOf", as_of.to_string().into())];
        let fields = fields.map(|(name, value)| (name, Field::Value(value))).into();
        Self { fields, rows: "", failure: Rc::default() }
    }

    /// Appends a field.
    ///
    /// # Errors
    /// If the value cannot be represented.
    pub(crate) fn set(&mut self, name: &'static str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value).with_context(|| format!("writing {name}"))?;
        self.fields.push((name, Field::Value(value)));
        Ok(())
    }

    /// Appends a field that is known only after the ones before it are written.
    pub(crate) fn set_late<T: Serialize>(&mut self, name: &'static str, value: impl Fn() -> Result<T> + 'static) {
        let value = move || serde_json::to_value(value()?).with_context(|| format!("writing {name}"));
        self.fields.push((name, Field::Late(Box::new(value))));
    }

    /// Makes the elements of a field the rows of the CSV form.
    pub(crate) fn with_rows(self, name: &'static str) -> Self {
        Self { rows: name, ..self }
    }

    /// Writes the answer in a form for programs.
    ///
    /// # Errors
    /// If it cannot be represented or written, and those of streamed rows.
    pub(in crate::render) fn write(&self, form: Form, out: &mut dyn Write) -> Result<()> {
        let written = match form {
            Form::Yaml => self.yaml(out),
            Form::Csv { safe } => self.csv(safe, out),
            _ => self.json(out),
        };
        written.map_err(|error| self.failure.take().unwrap_or(error))
    }

    fn json(&self, out: &mut dyn Write) -> Result<()> {
        // The serializer writes a few bytes at a time, so they are buffered here.
        let mut out = BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    fn yaml(&self, out: &mut dyn Write) -> Result<()> {
        for (name, field) in &self.fields {
            let node = match field {
                Field::Value(value) => Node::of_json(value),
                Field::Late(value) => Node::of_json(&value()?),
                Field::Large(_) | Field::Passing(_) => {
                    let mut items = Items { name, first: true, out };
                    field.serialize(Elements(&mut items)).map_err(|Failed(message)| anyhow!(message))?;
                    if !items.first {
                        continue;
                    }
                    Node::List(Vec::new())
                }
            };
            out.write_all(entry(name, node).as_bytes())?;
        }
        Ok(())
    }

    /// One line per row; nested fields have dotted names, lists are JSON. A document without a list of rows is one row.
    /// `safe`: texts that a spreadsheet would run as formulas begin with a `'`.
    fn csv(&self, safe: bool, out: &mut dyn Write) -> Result<()> {
        let mut table = Table::new(safe);
        match self.fields.iter().find(|(name, _)| *name == self.rows) {
            Some((_, Field::Passing(rows))) if rows.are_alike() => return write_uniform(rows, safe, out),
            Some((_, Field::Passing(rows))) => table.push_each(rows)?,
            Some((_, Field::Large(rows))) => table.push_each(rows.as_ref())?,
            Some((_, Field::Value(rows @ Value::Array(_)))) => table.push_each(rows)?,
            Some((_, Field::Late(rows))) => table.push_each(&rows()?)?,
            _ => table.push(self)?,
        }
        table.write(out)
    }
}

/// Writes the elements of a list under its name, one by one.
struct Items<'o> {
    name: &'static str,
    /// Whether none was written yet.
    first: bool,
    out: &'o mut dyn Write,
}

impl Take for Items<'_> {
    fn take<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        let element = Node::of_json(&serde_json::to_value(element).map_err(Failed::custom)?);
        let text = entry(self.name, Node::List(vec![element]));
        let item = text.find('\n').map_or(0, |end| end + 1);
        let item = if self.first { &text } else { &text[item..] };
        self.first = false;
        self.out.write_all(item.as_bytes()).map_err(Failed::custom)
    }
}

/// One field of a document in YAML.
fn entry(name: &str, value: Node) -> String {
    Node::Map(vec![(name.to_owned(), value)]).document()
}

#[cfg(test)]
mod tests;
