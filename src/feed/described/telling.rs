//! Owns detecting from the beginning of an input which feeds can read it.

use std::borrow::Cow;

use super::cut::closed;
use super::kind::{Kind, Place, Recipe};
use super::table::Table;
use super::text::Text;
use super::ways;
use crate::domain::health::feed::{self, Field, Format, Meaning, Shape, Step};
use crate::domain::value::wording::or_list;
use crate::feed::input::Input;
use crate::feed::records::without_return;
use crate::feed::walk::Walk;
use serde_json::Value;

/// The most lines examined.
const MOST_LINES: usize = 200;
/// The bytes in which an answer of Prometheus says what it is.
const MOST_BYTES: usize = 1000;

/// The feeds that the beginning of an input fits; never those of databases.
pub(crate) fn tell<'f>(beginning: &[u8], recipes: &'f [Recipe]) -> Vec<&'f Recipe> {
    recipes.iter().filter(|recipe| recipe.fits(beginning)).collect()
}

/// The feed that an input without fitting records is probably meant for: by the place of its records, or by its format.
pub(crate) fn likely<'f>(beginning: &[u8], recipes: &'f [Recipe]) -> Option<&'f Recipe> {
    let first = beginning.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_line = first.starts_with(b"{") && serde_json::from_slice::<Value>(first).is_ok();
    let is_json = is_json(first);
    let of = |format| recipes.iter().find(move |recipe| recipe.feed.format == format);
    let placed = recipes.iter().find(|recipe| recipe.has_place(beginning));
    let placed = placed.or_else(|| if is_line { of(Format::Jsonl) } else { None });
    let known = placed.or_else(|| recipes.iter().find(|recipe| recipe.knows(first)));
    known.or_else(|| if is_json { None } else { of(Format::Csv) })
}

/// What feeds of one name read: their formats, those of documents with the places of records.
pub(crate) fn expected(recipes: &[Recipe]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for format in [Format::Sqlite, Format::Csv, Format::Jsonl, Format::Text, Format::Json, Format::Yaml] {
        let mut feeds = recipes.iter().filter(|recipe| recipe.feed.format == format).peekable();
        if feeds.peek().is_none() {
            continue;
        }
        let mut places: Vec<String> = feeds.flat_map(|recipe| recipe.feed.kinds.iter().filter_map(place)).collect();
        places.dedup();
        let places = or_list(places.iter().map(String::as_str));
        let records = if places.is_empty() { places } else { format!(" with records at {places}") };
        let (name, records) = match format {
            Format::Csv => ("CSV", ""),
            Format::Jsonl => ("JSON Lines", ""),
            Format::Json => ("JSON", records.as_str()),
            Format::Yaml => ("YAML", records.as_str()),
            Format::Text => ("text", ""),
            Format::Sqlite => ("a SQLite database", ""),
        };
        forms.push(format!("{name}{records}"));
    }
    or_list(forms.iter().map(String::as_str))
}

/// Where the records of a kind are, or its items, without what filters require of them.
fn place(kind: &feed::Kind) -> Option<String> {
    let records = kind.records.as_deref()?;
    let filter = records.find("[?");
    let records = filter.map_or_else(|| records.to_owned(), |start| format!("{}[*]", &records[..start]));
    let items = kind.each.as_deref().and_then(|each| each.strip_prefix('$')).unwrap_or_default();
    Some(records + items)
}

/// Whether an input begins like the answer of Prometheus with one value per series.
pub(crate) fn is_instant_query(beginning: &[u8]) -> bool {
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let start: Vec<u8> = beginning.iter().take(MOST_BYTES).filter(|byte| !blank(byte)).copied().collect();
    start.starts_with(b"{") && String::from_utf8_lossy(&start).contains("\"resultType\":\"vector\"")
}

/// Whether an input begins like JSON; 0x1e separates the texts of a JSON sequence.
fn is_json(beginning: &[u8]) -> bool {
    let first = beginning.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0x1e);
    matches!(first, Some(b'{' | b'['))
}

impl Recipe {
    /// Whether an input with this beginning may be in the feed's format.
    pub(crate) fn may_read(&self, beginning: &[u8]) -> bool {
        match self.feed.format {
            Format::Json => is_json(beginning),
            Format::Csv => !is_json(beginning) || self.fits(beginning),
            Format::Jsonl | Format::Yaml | Format::Text => true,
            Format::Sqlite => false,
        }
    }

    fn fits(&self, beginning: &[u8]) -> bool {
        let mut lines = beginning.split(|byte| *byte == b'\n').map(without_return);
        let mut lines = lines.by_ref().filter(|line| !line.trim_ascii().is_empty()).take(MOST_LINES);
        match self.feed.format {
            Format::Csv => {
                lines.next().is_some_and(|line| Table::read(line, self.feed.delimiter, &self.kinds[0], false).is_ok())
            }
            Format::Text => {
                let mut lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
                let mut kinds = self.kinds.iter().filter(|kind| !kind.skip);
                let lines: Vec<&str> = lines.by_ref().collect();
                kinds.any(|kind| matches!(&kind.place, Place::Line(regex, _) if lines.iter().any(|line| regex.is_match(line))))
            }
            Format::Jsonl => lines.any(|line| self.kinds.iter().any(|kind| kind.fits(line, None))),
            Format::Json | Format::Yaml => self.has_record(beginning),
            Format::Sqlite => false,
        }
    }

    /// Whether the feed knows a line, even if it skips it.
    fn knows(&self, line: &[u8]) -> bool {
        let Ok(line) = std::str::from_utf8(line) else { return false };
        self.kinds.iter().any(|kind| matches!(&kind.place, Place::Line(regex, _) if regex.is_match(line)))
    }

    /// Whether the available part of a document has a place for records of the feed.
    fn has_place(&self, beginning: &[u8]) -> bool {
        let is_object = beginning.trim_ascii_start().starts_with(b"{");
        let ways = ways(self);
        // Any object has values that look like records of a list.
        if !self.feed.format.is_document() || is_object && ways.iter().all(|way| way.first() == Some(&Step::Each)) {
            return false;
        }
        if self.feed.format == Format::Json && !is_json(beginning) {
            return false;
        }
        let mut walk = Walk::new(Text::new(Input::new(beginning), self.feed.format), ways);
        drop(walk.next().map(drop));
        walk.has_content() && walk.has_reached()
    }

    /// Whether the available part of a document has a record of the feed.
    fn has_record(&self, beginning: &[u8]) -> bool {
        if self.feed.format == Format::Json && !is_json(beginning) {
            return false;
        }
        // A single record may be longer than the beginning.
        let is_json = self.feed.format == Format::Json;
        let whole = if is_json { closed(beginning) } else { Cow::Borrowed(beginning) };
        let mut walk = Walk::new(Text::new(Input::new(&*whole), self.feed.format), ways(self));
        for _ in 0..MOST_LINES {
            match walk.next() {
                Ok(Some(found)) => {
                    let mut kinds = found.ways.iter().map(|way| &self.kinds[*way]);
                    if kinds.any(|kind| kind.fits(found.raw, found.key.as_deref())) {
                        return true;
                    }
                }
                Ok(None) | Err(_) => return false,
            }
        }
        false
    }
}

impl Kind {
    /// Whether a record has what this kind requires.
    fn fits(&self, raw: &[u8], key: Option<&str>) -> bool {
        let Place::Tree(place) = &self.place else { return false };
        let Ok(value) = serde_json::from_slice::<Value>(raw) else { return false };
        let mut fits = false;
        // One item decides.
        let _one: Result<usize, ()> = place.items(value, key, |item| {
            let item = item.map_err(drop)?;
            let is_there = |slot: usize| place.is_there(slot, item);
            let needed: &[Field] = match self.shape {
                Shape::Intervals => &[Field::Ts, Field::End, Field::System],
                Shape::Maintenance if self.has(Field::End) => &[Field::Ts, Field::End, Field::System],
                Shape::Transitions | Shape::Observations | Shape::Maintenance => {
                    &[Field::Ts, Field::Status, Field::System]
                }
            };
            let has_all = needed.iter().all(|field| self.can_have(*field, &is_there));
            let slots = place.slots(item, &self.wants, "x").ok();
            let means = |field| slots.as_ref().and_then(|slots| self.pick(field, slots).map(Cow::into_owned));
            let is_known = slots.as_ref().and_then(|slots| self.mapped(slots)).is_none_or(|meaning| match meaning {
                Ok(Meaning::Status(status)) => self.shape != Shape::Intervals || status.is_outage(),
                other => other.is_ok(),
            });
            fits = has_all && is_known && means(Field::Ts).is_some();
            Err(())
        });
        fits
    }
}
