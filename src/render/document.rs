//! Owns answers for programs: one serializable value as JSON, YAML or CSV.

mod rows;

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::Form;
use super::manifest::yaml::Node;
use crate::domain::value::instant::Instant;

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

    /// One line a row; nested fields are named with dots, lists are written as JSON. Rows are made twice, for the header and for the
    /// lines, and none is kept. `safe`: texts that a spreadsheet would run as formulas begin with a `'`.
    fn csv(&self, safe: bool) -> Result<String> {
        // Rows may have different fields (labels), so the header is the union, in order of first appearance.
        let mut header: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.each_row(&mut |row| {
            // Fields come in the header's order, with some left out: most stand where the one before leads to.
            let mut next = 0;
            for (name, _) in flatten(row, safe)? {
                if header.get(next) != Some(&name) {
                    next = *places.entry(name).or_insert_with_key(|name| {
                        header.push(name.clone());
                        header.len() - 1
                    });
                }
                next += 1;
            }
            Ok(())
        })?;
        let mut text = String::new();
        push_line(&mut text, header.iter().map(String::as_str));
        let mut cells: Vec<String> = vec![String::new(); header.len()];
        self.each_row(&mut |row| {
            cells.iter_mut().for_each(String::clear);
            let mut next = 0;
            for (name, value) in flatten(row, safe)? {
                if header.get(next) != Some(&name) {
                    next = places.get(&name).copied().unwrap_or_default();
                }
                cells[next] = value;
                next += 1;
            }
            push_line(&mut text, cells.iter().map(String::as_str));
            Ok(())
        })?;
        Ok(text)
    }

    /// Hands on each row of the CSV form; a document without a list of them is one.
    fn each_row(&self, each: &mut dyn FnMut(&Value) -> Result<()>) -> Result<()> {
        match self.fields.iter().find(|(name, _)| *name == self.rows) {
            Some((_, Field::Large(rows))) => rows::each_element(rows.as_ref(), each),
            Some((_, Field::Value(Value::Array(rows)))) => rows.iter().try_for_each(each),
            _ => each(&serde_json::to_value(self)?),
        }
    }
}

fn flatten(row: &Value, safe: bool) -> Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    flatten_into("", row, &mut fields)?;
    if safe {
        for text in fields.iter_mut().flat_map(|(name, value)| [name, value]).filter(|text| is_formula(text)) {
            text.insert(0, '\'');
        }
    }
    Ok(fields)
}

fn is_number(cell: &str) -> bool {
    cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && cell.parse::<f64>().is_ok()
}

/// Whether a spreadsheet would run the content of a cell instead of showing it. A number is shown, whatever its sign.
pub(super) fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) && !is_number(cell)
}

fn flatten_into(name: &str, value: &Value, fields: &mut Vec<(String, String)>) -> Result<()> {
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten_into(&name, value, fields)?;
            }
        }
        Value::Null => fields.push((name.to_owned(), String::new())),
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        Value::Array(_) => fields.push((name.to_owned(), serde_json::to_string(value)?)),
        Value::Bool(_) | Value::Number(_) => fields.push((name.to_owned(), value.to_string())),
    }
    Ok(())
}

fn push_line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_field(text, field);
    }
    text.push('\n');
}

/// Writes one CSV field, quoted where RFC 4180 asks for it.
pub(super) fn push_field(text: &mut String, field: &str) {
    if field.contains([',', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(field);
    }
}
