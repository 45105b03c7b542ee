//! Owns a compiled feed: the values each kind of record needs, and how they are converted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use hashbrown::HashMap;
use regex::Regex;

use super::tree::Tree;
use crate::domain::health::feed::foreign;
use crate::domain::health::feed::{self, ANY_VALUE, FILE_NAME, Feed, Field, Meaning, Shape};
use crate::domain::value::wording::and_list;

/// The values of one record that its kind needs, in the order of [`Kind::wants`].
pub(super) type Slots<'r> = Vec<Option<Cow<'r, [u8]>>>;

/// A compiled feed.
pub(crate) struct Recipe {
    pub(super) feed: Feed,
    pub(super) kinds: Vec<Kind>,
    /// The names and paths of the values and records it uses, one on each line.
    pub(super) used: String,
}

/// A compiled kind of record.
pub(super) struct Kind {
    pub(super) shape: Shape,
    pub(super) skip: bool,
    /// The names of the required values, without duplicates.
    pub(super) wants: Vec<String>,
    pub(super) place: Place,
    origins: [Vec<Origin>; Field::ALL.len()],
    statuses: Option<HashMap<Box<[u8]>, Meaning>>,
    /// The same by words, for values in another spelling; without those that mean several things.
    words: HashMap<String, Option<Meaning>>,
    /// The name of the feed, if it is built in and can only be changed in a copy.
    built_in: Option<String>,
    texts: BTreeMap<Field, Texts>,
}

/// A map of texts.
type Texts = HashMap<Box<[u8]>, Box<[u8]>>;

/// Where the records of a kind are.
pub(super) enum Place {
    /// Every row of a table.
    Row,
    /// Every line that the expression matches, with the group of each required value.
    Line(Box<Regex>, Vec<Option<usize>>),
    Tree(Box<Tree>),
}

struct Origin {
    from: From,
    part: Option<Regex>,
    split: Option<String>,
}

enum From {
    Constant(Box<[u8]>),
    Slot(usize),
    Template(Vec<Piece>),
}

enum Piece {
    Text(Box<[u8]>),
    Slot(usize),
}

impl Recipe {
    /// Compiles a feed.
    ///
    /// # Errors
    /// When one of its expressions is invalid, which reading its manifest rules out.
    pub(crate) fn new(feed: Feed) -> Result<Self> {
        let kinds: Vec<Kind> = feed.kinds.iter().map(|kind| Kind::new(kind, &feed)).collect::<Result<_>>()?;
        let places = feed.kinds.iter().flat_map(|kind| kind.records.iter().chain(&kind.each));
        let used: Vec<&str> = places.chain(kinds.iter().flat_map(|kind| &kind.wants)).map(String::as_str).collect();
        let used = used.join("\n");
        Ok(Self { feed, kinds, used })
    }

    /// The same with another maximum gap between observations, if given.
    pub(crate) fn with_max_gap(mut self, max_gap_ms: Option<i64>) -> Self {
        self.feed.max_gap_ms = max_gap_ms.or(self.feed.max_gap_ms);
        self
    }

    /// The same as a built-in feed, which messages say to copy before it is changed.
    pub(crate) fn built_in(mut self) -> Self {
        let name = self.feed.name.as_str();
        self.kinds.iter_mut().for_each(|kind| kind.built_in = Some(name.to_owned()));
        self
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Whether it has observations.
    pub(crate) fn observes(&self) -> bool {
        self.kinds.iter().any(|kind| kind.shape == Shape::Observations)
    }

    /// Whether it has records of incidents.
    pub(crate) fn tells_incidents(&self) -> bool {
        self.kinds.iter().any(|kind| kind.shape == Shape::Intervals || kind.has(Field::Source))
    }
}

impl Kind {
    fn new(kind: &feed::Kind, feed: &Feed) -> Result<Self> {
        let mut wants = Vec::new();
        let mut origins = [const { Vec::new() }; Field::ALL.len()];
        for (field, own) in &kind.fields {
            let made = own.iter().map(|origin| Origin::new(origin, &mut wants)).collect::<Result<_>>()?;
            origins[*field as usize] = made;
        }
        let place = match (&kind.records, feed.format.is_tree()) {
            (records, true) => {
                let is_walked = feed.format.is_document();
                Place::Tree(Box::new(Tree::new(records.as_deref(), kind.each.as_deref(), &wants, is_walked)?))
            }
            (Some(expression), false) if feed.format == feed::Format::Text => {
                let regex = Regex::new(expression)?;
                let group = |want: &String| regex.capture_names().position(|name| name == Some(want));
                let groups = wants.iter().map(group).collect();
                Place::Line(Box::new(regex), groups)
            }
            _ => Place::Row,
        };
        let key = |key: &String| Box::from(key.as_bytes());
        let of_status = kind.values.get(&Field::Status);
        let mut words: HashMap<String, Option<Meaning>> = HashMap::new();
        for (from, to) in of_status.into_iter().flatten() {
            let known = words.entry(foreign::word(from)).or_insert_with(|| Some(to.clone()));
            *known = known.take().filter(|known| known == to);
        }
        let statuses = of_status.map(|map| map.iter().map(|(from, to)| (key(from), to.clone())).collect());
        let texts = kind.values.iter().filter(|(field, _)| **field != Field::Status);
        let texts = texts.map(|(field, map)| {
            let pairs = map.iter().filter_map(|(from, to)| match to {
                Meaning::Text(text) => Some((key(from), key(text))),
                _ => None,
            });
            (*field, pairs.collect())
        });
        let (shape, skip, texts) = (kind.shape, kind.skip, texts.collect());
        Ok(Self { shape, skip, wants, place, origins, statuses, words, built_in: None, texts })
    }

    /// Whether a field has an origin.
    pub(super) fn has(&self, field: Field) -> bool {
        !self.origins[field as usize].is_empty()
    }

    /// Whether a field has several origins.
    pub(super) fn has_choice(&self, field: Field) -> bool {
        self.origins[field as usize].len() > 1
    }

    /// Whether a record is invalid without this field.
    pub(super) fn needs(&self, field: Field) -> bool {
        match field {
            Field::Ts | Field::System => true,
            Field::Status => matches!(self.shape, Shape::Transitions | Shape::Observations),
            Field::End => self.shape == Shape::Intervals,
            _ => false,
        }
    }

    /// The names of the values that a field may come from.
    pub(super) fn named(&self, field: Field) -> impl Iterator<Item = &str> {
        let origins = self.origins[field as usize].iter();
        origins.flat_map(Origin::slots).map(|slot| self.wants[slot].as_str())
    }

    /// Whether an origin of a field has all its values, according to `is_there`.
    pub(super) fn can_have(&self, field: Field, is_there: &impl Fn(usize) -> bool) -> bool {
        self.origins[field as usize].iter().any(|origin| origin.slots().iter().all(|slot| is_there(*slot)))
    }

    /// The value of a field, unless it is empty.
    pub(super) fn pick<'s>(&'s self, field: Field, slots: &'s Slots<'_>) -> Option<Cow<'s, [u8]>> {
        self.origins[field as usize].iter().find_map(|origin| origin.pick(slots)).filter(|value| !value.is_empty())
    }

    /// The value of a text field, mapped if it has a map.
    ///
    /// # Errors
    /// When the map lacks the value.
    pub(super) fn text<'s>(&'s self, field: Field, slots: &'s Slots<'_>) -> Result<Option<Cow<'s, [u8]>>, String> {
        let value = self.pick(field, slots);
        let Some(map) = self.texts.get(&field) else { return Ok(value) };
        let key = value.as_deref().unwrap_or_default();
        match map.get(key).or_else(|| map.get(ANY_VALUE.as_bytes())) {
            Some(text) => Ok(Some(Cow::Borrowed(text))),
            None if value.is_none() => Ok(None),
            None => Err(self.unmapped(field, key)),
        }
    }

    /// The systems of a record, if its value is split into several.
    ///
    /// # Errors
    /// When the map lacks one of them.
    pub(super) fn systems(&self, slots: &Slots<'_>) -> Result<Option<Vec<String>>, String> {
        let origins = &self.origins[Field::System as usize];
        if origins.iter().all(|origin| origin.split.is_none()) {
            return Ok(None);
        }
        let found = origins.iter().find_map(|origin| Some((origin.pick(slots)?, origin.split.as_deref())));
        let Some((value, Some(split))) = found else { return Ok(None) };
        let map = self.texts.get(&Field::System);
        let named = |part: &str| {
            let Some(map) = map else { return Ok(part.to_owned()) };
            let found = map.get(part.as_bytes()).or_else(|| map.get(ANY_VALUE.as_bytes()));
            let found = found.ok_or_else(|| self.unmapped(Field::System, part.as_bytes()))?;
            Ok(String::from_utf8_lossy(found).into_owned())
        };
        let text = String::from_utf8_lossy(&value);
        let parts = text.split(split).map(str::trim).filter(|part| !part.is_empty());
        let mut systems = parts.map(named).collect::<Result<Vec<String>, String>>()?;
        systems.sort_unstable();
        systems.dedup();
        Ok(Some(systems).filter(|systems| !systems.is_empty()))
    }

    /// The meaning of a record's status by its first value that says one; `None` if the kind has no map.
    ///
    /// # Errors
    /// When the map lacks the value.
    pub(super) fn mapped(&self, slots: &Slots<'_>) -> Option<Result<Meaning, String>> {
        let map = self.statuses.as_ref().filter(|_| self.has(Field::Status))?;
        let any = || map.get(ANY_VALUE.as_bytes());
        let of_word = |value: &[u8]| self.words.get(&foreign::word(std::str::from_utf8(value).ok()?))?.as_ref();
        let values = self.origins[Field::Status as usize].iter().filter_map(|origin| origin.pick(slots));
        let mut values = values.filter(|value| !value.is_empty()).map(|value| {
            let found = map.get(&*value).or_else(|| of_word(&value)).or_else(any);
            found.cloned().ok_or_else(|| self.unmapped(Field::Status, &value))
        });
        let said = values.find(|meaning| *meaning != Ok(Meaning::Next));
        let none = || map.get(&b""[..]).or_else(any).cloned().ok_or_else(|| self.missing(Field::Status, slots));
        Some(said.unwrap_or_else(none))
    }

    /// How a meaning is added to the feed.
    pub(super) fn adding(&self, what: &str) -> String {
        match &self.built_in {
            Some(name) => format!("copy the feed with `slo feed show {name} > my-feed.yaml` and {what}"),
            None => what.to_owned(),
        }
    }

    fn unmapped(&self, field: Field, value: &[u8]) -> String {
        let (name, quoted) = (field.as_str(), crate::feed::fields::quote(value));
        let meant = if field == Field::Status { foreign::meant(&String::from_utf8_lossy(value)) } else { None };
        let such = meant.map(|status| format!(", such as {quoted}: {status}")).unwrap_or_default();
        format!("{name} {quoted} has no entry in the feed's values.{name}; {}{such}", self.adding("add what it means"))
    }

    /// Why a record without a field is rejected.
    pub(super) fn missing(&self, field: Field, slots: &Slots<'_>) -> String {
        let is_missing = |slot: &usize| slots[*slot].as_deref().is_none_or(<[u8]>::is_empty);
        // Of a template, all values are needed.
        let name = |origin: &Origin| {
            let all = origin.slots();
            let missing: Vec<usize> = all.iter().copied().filter(is_missing).collect();
            // Otherwise, its expression does not match.
            let named = if missing.is_empty() { all } else { missing };
            and_list(named.into_iter().map(|slot| self.wants[slot].as_str()))
        };
        let mut names: Vec<String> = self.origins[field as usize].iter().map(name).collect();
        names.retain(|name| !name.is_empty());
        names.dedup();
        match names.split_first() {
            None => format!("missing {}", field.as_str()),
            Some((first, [])) => format!("missing {first}"),
            Some((first, others)) => format!("missing {first} (also called {})", others.join(", ")),
        }
    }
}

impl Origin {
    fn new(origin: &feed::Origin, wants: &mut Vec<String>) -> Result<Self> {
        let mut slot = |name: &str| {
            wants.iter().position(|want| want == name).unwrap_or_else(|| {
                wants.push(name.to_owned());
                wants.len() - 1
            })
        };
        let from = match &origin.from {
            feed::From::Constant(text) => From::Constant(text.as_bytes().into()),
            feed::From::Value(name) => From::Slot(slot(name)),
            feed::From::Template(pieces) => From::Template(
                pieces
                    .iter()
                    .map(|piece| match piece {
                        feed::Piece::Text(text) => Piece::Text(text.as_bytes().into()),
                        feed::Piece::Value(name) => Piece::Slot(slot(name)),
                    })
                    .collect(),
            ),
        };
        let part = origin.part.as_deref().map(Regex::new).transpose().map_err(|error| anyhow!("match: {error}"))?;
        Ok(Self { from, part, split: origin.split.clone() })
    }

    fn slots(&self) -> Vec<usize> {
        match &self.from {
            From::Constant(_) => Vec::new(),
            From::Slot(slot) => vec![*slot],
            From::Template(pieces) => {
                let slot = |piece: &Piece| if let Piece::Slot(slot) = piece { Some(*slot) } else { None };
                pieces.iter().filter_map(slot).collect()
            }
        }
    }

    fn pick<'s>(&'s self, slots: &'s Slots<'_>) -> Option<Cow<'s, [u8]>> {
        let value = match &self.from {
            From::Constant(text) => Cow::Borrowed(&**text),
            From::Slot(slot) => Cow::Borrowed(slots[*slot].as_deref()?),
            From::Template(pieces) => {
                let mut text = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(own) => text.extend_from_slice(own),
                        // Without one of its parts the text would be another one.
                        Piece::Slot(slot) => {
                            text.extend_from_slice(slots[*slot].as_deref().filter(|it| !it.is_empty())?);
                        }
                    }
                }
                Cow::Owned(text)
            }
        };
        if value.is_empty() {
            return None;
        }
        let Some(part) = &self.part else { return Some(value) };
        let text = std::str::from_utf8(&value).ok()?;
        let found = part.captures(text)?.get(1)?;
        Some(Cow::Owned(found.as_str().as_bytes().to_vec()))
    }
}

/// Whether a required value is the name of the file.
pub(super) fn is_file_name(want: &str) -> bool {
    want == FILE_NAME
}
