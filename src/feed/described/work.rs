//! Owns processing each record of an input read by a feed, however it was split off: its kind is found, its values are
//! read, and it is kept or rejected.

use std::borrow::Cow;
use std::io;
use std::rc::Rc;

use anyhow::Result;
use serde_json::Value;

use super::held::{self, Held};
use super::kind::{Kind, Place, Recipe, Slots};
use super::saying::{Said, Sayer};
use super::table::Tables;
use super::trace::Trace;
use super::tree::{Item, Tree};
use super::{Surroundings, flat, parsed, unfitting};
use crate::domain::health::feed::{Format, Shape};
use crate::domain::health::stream::StreamName;
use crate::domain::value::wording::or_list;
use crate::feed::fields::quote;
use crate::feed::json::{explain, on_one_line};
use crate::feed::names::Names;
use crate::feed::records::without_return;
use crate::feed::walk::{Found, LONGEST_VALUE};
use crate::feed::{Batch, LONGEST_LINE, Options, Reject};

/// The state of one input read by a feed.
pub(super) struct Work<'f> {
    recipe: &'f Recipe,
    /// The indices of its kinds.
    all: Rc<[usize]>,
    /// The only kind of its records, if known.
    only: Option<usize>,
    around: Surroundings,
    tables: Tables,
    sayer: Sayer,
    held: Held,
    pub(super) trace: Option<Trace>,
    /// Rows of the batch before the current record.
    before: usize,
    /// Rows of a database read so far.
    rows: u64,
    /// Whether the current records were already counted for their health.
    is_again: bool,
    /// Whether the current record was already rejected, for an item or as another kind.
    is_rejected: bool,
}

impl<'f> Work<'f> {
    pub(super) fn new(
        recipe: &'f Recipe,
        only: Option<usize>,
        around: Surroundings,
        options: Options,
        names: Names,
    ) -> Self {
        // The rows with planned work in a database are also read for health.
        let is_plan = |index: usize| recipe.kinds[index].shape == Shape::Maintenance;
        let is_again = only.is_some_and(is_plan) && !(0..recipe.kinds.len()).all(is_plan);
        let sayer = Sayer::new(&recipe.feed, options, names, around.system.clone());
        let all = (0..recipe.kinds.len()).collect();
        Self {
            recipe,
            all,
            only,
            around,
            tables: Tables::new(recipe.feed.delimiter),
            sayer,
            held: Held::new(),
            trace: None,
            before: 0,
            rows: 0,
            is_again,
            is_rejected: false,
        }
    }

    /// Returns incidents from here on, instead of facts.
    pub(super) fn gather(&mut self) {
        self.sayer.gathers = true;
    }

    pub(super) fn feed(&self) -> &'f str {
        self.recipe.feed.name.as_str()
    }

    pub(super) fn unit(&self) -> &'static str {
        self.recipe.feed.format.unit()
    }

    /// The number of a record that begins on this line: for a database its row, as nobody sees its lines.
    pub(super) fn number(&mut self, line: u64) -> u64 {
        if self.recipe.feed.format != Format::Sqlite {
            return line;
        }
        self.rows += 1;
        self.rows
    }

    pub(super) fn into_names(self) -> Names {
        self.sayer.into_names()
    }

    pub(super) fn max_gap_ms(&self) -> Option<i64> {
        self.recipe.feed.max_gap_ms.filter(|_| self.recipe.observes())
    }

    pub(super) fn restart(&mut self) {
        self.sayer.restart();
    }

    pub(super) fn streams(&self) -> usize {
        self.sayer.interner.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.sayer.interner.is_full()
    }

    pub(super) fn streams_from(&self, known: usize) -> Vec<StreamName> {
        self.sayer.interner.keys_from(known)
    }

    /// The delimiter between columns, if any.
    pub(super) fn delimiter(&self) -> Option<u8> {
        let is_table = matches!(self.recipe.feed.format, Format::Csv | Format::Sqlite);
        is_table.then(|| self.tables.delimiter())
    }

    /// Processes a line, or a row of a table.
    pub(super) fn line(
        &mut self,
        raw: &[u8],
        (line, broken): (u64, bool),
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        if raw.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let recipe = self.recipe;
        let mut line = line;
        self.is_rejected = false;
        let said = match recipe.feed.format {
            Format::Csv | Format::Sqlite => {
                let kind = &recipe.kinds[self.only.unwrap_or(0)];
                let gathers = self.sayer.gathers;
                let Some(table) = self.tables.current() else {
                    let begun = self.tables.begin(raw, kind, gathers);
                    return begun.map_err(|what| unfitting(self.feed(), &what));
                };
                let said = if broken {
                    Err("a quote is not closed, or text follows a closing one".to_owned())
                } else {
                    let slots = table.slots(without_return(raw), kind, &self.around.file);
                    slots.and_then(|slots| say(&mut self.sayer, &mut self.trace, kind, &slots, batch))
                };
                if said.is_err() && recipe.feed.format == Format::Csv && self.tables.turn(raw, kind, gathers) {
                    return Ok(());
                }
                line = self.number(line);
                said
            }
            Format::Text => self.text(raw, batch),
            Format::Jsonl | Format::Json | Format::Yaml => {
                let all = Rc::clone(&self.all);
                return self.node(raw, line, None, &all, batch, on_reject);
            }
        };
        self.done(said, (line, raw), batch, on_reject)
    }

    fn text(&mut self, raw: &[u8], batch: &mut Batch) -> Result<Said, String> {
        let line = std::str::from_utf8(without_return(raw))
            .map_err(|error| format!("not UTF-8 from byte {} on: {}", error.valid_up_to() + 1, quote(raw)))?;
        for kind in &self.recipe.kinds {
            let Place::Line(regex, groups) = &kind.place else { continue };
            let Some(found) = regex.captures(line) else { continue };
            let value = |(want, group): (&String, &Option<usize>)| {
                let value = group.and_then(|group| found.get(group)).map(|value| value.as_str());
                let value = if super::kind::is_file_name(want) { Some(self.around.file.as_str()) } else { value };
                value.map(|value| Cow::Borrowed(value.as_bytes()))
            };
            let slots = kind.wants.iter().zip(groups).map(value).collect();
            return say(&mut self.sayer, &mut self.trace, kind, &slots, batch);
        }
        Err(format!("no expression of the feed matches: {}", quote(raw)))
    }

    /// Processes a value found by walking JSON.
    pub(super) fn found(
        &mut self,
        found: &Found<'_>,
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        self.is_rejected = false;
        if found.is_cut {
            let reason = format!(
                "longer than {} MiB; if it holds many records, let records lead to them, and each to nothing",
                LONGEST_VALUE >> 20
            );
            return self.done(Err(reason), (found.line, found.raw), batch, on_reject);
        }
        self.node(found.raw, found.line, found.key.as_deref(), &found.ways, batch, on_reject)
    }

    /// Processes a tree for each of these kinds.
    fn node(
        &mut self,
        raw: &[u8],
        line: u64,
        key: Option<&str>,
        kinds: &[usize],
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        let recipe = self.recipe;
        let mut tree: Option<Value> = None;
        let mut count = 0;
        // A record with health counts once, not again for its planned work.
        let (health, plans): (Vec<&Kind>, Vec<&Kind>) =
            kinds.iter().map(|index| &recipe.kinds[*index]).partition(|kind| kind.shape != Shape::Maintenance);
        for (index, kind) in health.iter().chain(&plans).enumerate() {
            if index == health.len() {
                self.is_again = count > 0;
            }
            let Place::Tree(place) = &kind.place else { continue };
            if let Some(keys) = place.flat_keys() {
                let said =
                    flat::read(raw, keys).and_then(|slots| say(&mut self.sayer, &mut self.trace, kind, &slots, batch));
                self.done(said, (line, raw), batch, on_reject)?;
                count += 1;
                continue;
            }
            let value = match tree.take() {
                Some(value) => value,
                None => match parsed::parse(raw, &recipe.used) {
                    Ok(value) => value,
                    Err(error) => return self.done(Err(explain(&error)), (line, raw), batch, on_reject),
                },
            };
            if kinds.len() > 1 {
                tree = Some(value.clone());
            }
            count += place.items(value, key, |item| match item {
                Ok(item) => self.item(kind, place, item, (line, raw), batch, on_reject),
                // Planned work is optional.
                Err(_) if kind.skip || kind.shape == Shape::Maintenance => Ok(()),
                Err(reason) => self.done(Err(reason), (line, raw), batch, on_reject),
            })?;
        }
        self.is_again = false;
        // A record without items is skipped.
        if count == 0 { self.done(Ok(Said::Nothing), (line, raw), batch, on_reject) } else { Ok(()) }
    }

    fn item(
        &mut self,
        kind: &Kind,
        place: &Tree,
        item: Item<'_>,
        (line, raw): (u64, &[u8]),
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        let said = if kind.skip {
            Ok(Said::Nothing)
        } else {
            let file = self.around.file.clone();
            place
                .slots(item, &kind.wants, &file)
                .and_then(|slots| say(&mut self.sayer, &mut self.trace, kind, &slots, batch))
        };
        self.done(said, (line, raw), batch, on_reject)
    }

    /// Counts a record, or rejects it.
    fn done(
        &mut self,
        said: Result<Said, String>,
        (line, raw): (u64, &[u8]),
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        // Skipped records are counted, not shown.
        if let Some(trace) = self.trace.as_mut().filter(|_| !matches!(said, Ok(Said::Nothing))) {
            let before = self.before.min(batch.rows.len());
            let stream = |index: usize| self.sayer.interner.key(index).clone();
            trace.record(line, (batch, before), said.as_ref().err(), stream);
        }
        self.before = batch.rows.len();
        match said {
            Ok(said) => {
                let counted = u64::from(!self.is_again);
                batch.read += counted;
                batch.skipped += if said == Said::Nothing { counted } else { 0 };
                batch.maintenance += if said == Said::Planned { counted } else { 0 };
                self.release(batch, on_reject)
            }
            Err(reason) => {
                // Of several items, the fields of their record are needed, too, but only once.
                let is_again = std::mem::replace(&mut self.is_rejected, true);
                let raw = match self.recipe.feed.format {
                    _ if is_again => Cow::default(),
                    format if format.is_tree() => on_one_line(raw),
                    _ => Cow::Borrowed(raw),
                };
                let reject = Reject { line, reason: Some(reason), raw: &raw, header: None, complete: true };
                self.reject(reject, batch, on_reject)
            }
        }
    }

    /// Rejects a record, or holds it back until one is accepted.
    pub(super) fn reject(
        &mut self,
        reject: Reject<'_>,
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        if !self.held.holds() || !reject.complete || reject.reason.is_none() {
            self.release(batch, on_reject)?;
            batch.read += u64::from(reject.reason.is_some());
            batch.rejected += u64::from(reject.reason.is_some());
            on_reject(&Reject { header: self.tables.header().as_deref(), ..reject })?;
            return Ok(());
        }
        let Reject { line, reason, raw, .. } = reject;
        let (reason, header) = (reason.unwrap_or_default(), self.tables.header());
        let has_room = self.held.hold(held::Record { line, reason, raw: raw.to_vec(), header });
        if has_room { Ok(()) } else { Err(self.nothing_fits()) }
    }

    /// Ends an input.
    pub(super) fn finish(
        &mut self,
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<()> {
        if self.held.are_many() {
            return Err(self.nothing_fits());
        }
        self.release(batch, on_reject)
    }

    /// Rejects the held records and holds no more back.
    fn release(&mut self, batch: &mut Batch, on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>) -> Result<()> {
        for held::Record { line, reason, raw, header } in self.held.take() {
            batch.read += 1;
            batch.rejected += 1;
            let (reason, header) = (Some(reason), header.as_deref());
            on_reject(&Reject { line, reason, raw: &raw, header, complete: true })?;
        }
        Ok(())
    }

    /// The error for an input whose records were all rejected.
    fn nothing_fits(&mut self) -> anyhow::Error {
        let (held, unit) = (self.held.take(), self.unit());
        let first = held.first().map(|held| format!("; {unit} {}: {}", held.line, held.reason)).unwrap_or_default();
        let what = format!("none of the first {} records fits{first}", held.len());
        unfitting(self.recipe.feed.name.as_str(), &what)
    }

    /// The error for a document without a place for records.
    pub(super) fn no_records(&self) -> anyhow::Error {
        let paths = self.recipe.feed.kinds.iter().filter_map(|kind| kind.records.as_deref());
        // Show only where records begin; their filters were never reached.
        let mut places: Vec<&str> = paths.map(|path| path.split("[?").next().unwrap_or(path)).collect();
        places.dedup();
        unfitting(self.recipe.feed.name.as_str(), &format!("nothing is at {}", or_list(places)))
    }
}

/// Adds a record to a batch, and its values to the trace.
fn say(
    sayer: &mut Sayer,
    trace: &mut Option<Trace>,
    kind: &Kind,
    slots: &Slots<'_>,
    batch: &mut Batch,
) -> Result<Said, String> {
    if let Some(trace) = trace {
        trace.values(kind, slots);
    }
    sayer.say(kind, slots, batch)
}

/// Why a line that is too long to hold is rejected.
pub(super) fn longest() -> String {
    format!("longer than {} MiB", LONGEST_LINE >> 20)
}
