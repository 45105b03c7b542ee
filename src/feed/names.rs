//! Owns names from feeds: checked as they are, or converted so that no two texts become one name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::fields::{Field, quote};
use crate::domain::value::name::{self, Name};

/// A converted name: its field, the system for a check or a location, and the name.
type Made = (Field, Box<str>, Name);

/// How names are read, for all inputs of an ingest.
#[derive(Default)]
pub(crate) struct Names {
    /// The source text of each converted name; `None` if names are not converted.
    made: Option<HashMap<Made, Box<str>>>,
    /// Whether texts that become the same name are one name.
    merges: bool,
}

impl Names {
    /// Names that stay as they are, or with `slug` are converted to valid ones.
    pub(crate) fn new(slug: bool) -> Self {
        Self { made: slug.then(HashMap::new), merges: false }
    }

    /// The same, converting names from here on.
    pub(crate) fn slugging(self) -> Self {
        Self { made: self.made.or_else(|| Some(HashMap::new())), ..self }
    }

    /// The same, with texts that become the same name allowed if `merges` is set.
    pub(crate) fn merging(self, merges: bool) -> Self {
        Self { merges, ..self }
    }

    /// The name for a field's text; checks and locations belong to their `system`.
    ///
    /// # Errors
    /// With the reason when it cannot be converted, or another text has the same name.
    pub(super) fn read<'t>(&mut self, field: Field, system: &[u8], text: &'t [u8]) -> Result<Cow<'t, [u8]>, String> {
        let Some(made) = &mut self.made else { return Ok(Cow::Borrowed(text)) };
        let raw = std::str::from_utf8(text).map_err(|_| format!("{} {} is not UTF-8", field.as_str(), quote(text)))?;
        let Some(name) = Name::like(raw) else {
            return Err(format!("{} {} has no character that is allowed in a name", field.as_str(), quote(text)));
        };
        let system = String::from_utf8_lossy(system);
        let slug = name.as_str().as_bytes().to_vec();
        match made.entry((field, system.into(), name)) {
            Entry::Vacant(free) => drop(free.insert(raw.into())),
            Entry::Occupied(known) if self.merges || **known.get() == *raw => {}
            Entry::Occupied(known) => {
                let (other, name) = (quote(known.get().as_bytes()), &known.key().2);
                let (field, text) = (field.as_str(), quote(text));
                return Err(format!("{field} {text} would become {name}, like {other}; rename one of the two"));
            }
        }
        Ok(Cow::Owned(slug))
    }
}

/// Checks a name that is not converted.
///
/// # Errors
/// With the reason and a valid name.
pub(super) fn checked(field: Field, bytes: &[u8]) -> Result<Name, String> {
    let text = String::from_utf8_lossy(bytes);
    Name::parse(&text).map_err(|error| {
        let like = Name::like(&text).filter(|_| error == name::NameError::Character);
        let remedy = like.map_or_else(String::new, |like| format!("; write {like}, or use --slug"));
        format!("{} {}: {error}{remedy}", field.as_str(), quote(bytes))
    })
}
