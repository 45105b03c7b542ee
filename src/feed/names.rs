//! Owns names as feeds write them: checked as they are, or made into names, of which no two may become one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::fields::{Field, quote};
use crate::domain::value::name::{self, Name};

/// A name that was made: what it names, of a check or a location its system, and the name.
type Made = (Field, Box<str>, Name);

/// How the names of feeds are read, over all inputs of an ingest.
#[derive(Default)]
pub(crate) struct Names {
    /// The text that each name was made of; `None` when names stay as they are.
    made: Option<HashMap<Made, Box<str>>>,
    /// Whether texts that become one name mean the same.
    merges: bool,
}

impl Names {
    /// Names that stay as they are, or with `slug` become such as would do.
    pub(crate) fn new(slug: bool) -> Self {
        Self { made: slug.then(HashMap::new), merges: false }
    }

    /// The same, with names made from here on.
    pub(crate) fn slugging(self) -> Self {
        Self { made: self.made.or_else(|| Some(HashMap::new())), ..self }
    }

    /// The same, where texts that become one name mean the same if `merges` says so.
    pub(crate) fn merging(self, merges: bool) -> Self {
        Self { merges, ..self }
    }

    /// The name that a field's text stands for; a check's and a location's is one of its `system`.
    ///
    /// # Errors
    /// With the reason, when it is none, none can be made of it, or the same one was made of another text.
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

/// Checks a name that is read as it is.
///
/// # Errors
/// With the reason, and the name that would do.
pub(super) fn checked(field: Field, bytes: &[u8]) -> Result<Name, String> {
    let text = String::from_utf8_lossy(bytes);
    Name::parse(&text).map_err(|error| {
        let like = Name::like(&text).filter(|_| error == name::NameError::Character);
        let remedy = like.map_or_else(String::new, |like| format!("; write {like}, or use --slug"));
        format!("{} {}: {error}{remedy}", field.as_str(), quote(bytes))
    })
}
