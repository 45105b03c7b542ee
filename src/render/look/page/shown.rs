//! Owns the values of a page: their text for people, and the value of `status -o json` beside it for programs.

use std::fmt::Display;

use anyhow::Result;
use serde_json::Value;

use crate::domain::budget::report::ObjectiveReport;
use crate::render::form::markup::Markup;
use crate::render::look::status::values;

/// The values of one objective by their JSON names.
pub(super) struct Shown(Value);

impl Shown {
    /// # Errors
    /// If they cannot be represented.
    pub(super) fn of(report: &ObjectiveReport) -> Result<Self> {
        Ok(Self(values(report)?))
    }

    /// Writes a value as `text`. `field` is its JSON name; dots separate nested names.
    pub(super) fn write(&self, page: &mut Markup, element: &'static str, field: &str, text: impl Display) {
        let value = self.0.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Value::Null);
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        page.element(element, &[("data-field", &field), ("data-value", &value)], text);
    }
}
