//! Owns answers for programs: one serializable value as JSON, YAML or CSV.

mod table;

use anyhow::{Context, Result};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::Form;
use super::manifest::yaml::Node;
use crate::domain::value::instant::Instant;
use table::Table;
pub(super) use table::{is_formula, push_field};

/// The version of all documents' shapes; it grows when a field changes its meaning or goes away.
const SCHEMA_VERSION: u32 = 1;

/// An answer in the shape programs read: `schemaVersion`, `asOf`, then the answer's own fields.
pub(crate) struct Document {
    fields: Vec<(&'static str, Field)>,
    /// The field whose elements are the rows of the CSV form.
    rows: &'static str,
}

/// A value that is written where it belongs.
enum Field {
    Value(Value),
    /// One that is too large to be held a second time as a tree of values.
    Large(Box<dyn erased_serde::Serialize>),
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Large(rows) => erased_serde::serialize(rows.as_ref(), serializer),
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
    /// An answer as of a moment whose main field is a list.
    ///
    /// # Errors
    /// When the rows cannot be represented.
    pub(crate) fn list(as_of: Instant, name: &'static str, rows: &impl Serialize) -> Result<Self> {
        let mut document = Self::new(as_of);
        document.rows = name;
        document.set(name, rows)?;
        Ok(document)
    }

    /// An answer as of a moment whose main field is a list that may be long: it is written straight from `rows`.
    pub(crate) fn large_list(as_of: Instant, name: &'static str, rows: impl Serialize + 'static) -> Self {
        let mut document = Self::new(as_of);
        document.rows = name;
        document.fields.push((name, Field::Large(Box::new(rows))));
        document
    }

    /// An answer as of a moment that is one row by itself.
    pub(crate) fn new(as_of: Instant) -> Self {
        let fields = [("schemaVersion", SCHEMA_VERSION.into()), ("asOf", as_of.to_string().into())];
        Self { fields: fields.map(|(name, value)| (name, Field::Value(value))).into(), rows: "" }
    }

    /// Appends a field.
    ///
    /// # Errors
    /// When the value cannot be represented.
    pub(crate) fn set(&mut self, name: &'static str, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value).with_context(|| format!("writing {name}"))?;
        self.fields.push((name, Field::Value(value)));
        Ok(())
    }

    /// The answer in a form for programs.
    ///
    /// # Errors
    /// When it cannot be represented.
    pub(super) fn print(&self, form: Form) -> Result<String> {
        match form {
            Form::Yaml => Ok(Node::of_json(&serde_json::to_value(self)?).document()),
            Form::Csv { safe } => self.csv(safe),
            _ => Ok(serde_json::to_string_pretty(self)? + "\n"),
        }
    }

    /// One line a row; nested fields are named with dots, lists are written as JSON. A document without a list of rows is one.
    /// `safe`: texts that a spreadsheet would run as formulas begin with a `'`.
    fn csv(&self, safe: bool) -> Result<String> {
        let mut table = Table::new(safe);
        match self.fields.iter().find(|(name, _)| *name == self.rows) {
            Some((_, Field::Large(rows))) => table.push_each(rows.as_ref())?,
            Some((_, Field::Value(rows @ Value::Array(_)))) => table.push_each(rows)?,
            _ => table.push(self)?,
        }
        Ok(table.into_text())
    }
}
