//! Owns converting records: their values become rows, or the reason for a rejection.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::kind::{Kind, Slots};
use super::moments::Moments;
use crate::domain::health::feed::{Feed, Field, Meaning, Shape};
use crate::domain::health::interval::Interval;
use crate::domain::health::transition::Status;
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::value::duration::format_millis;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::feed::fields::{self, Fields, Value, quote};
use crate::feed::intern::Interner;
use crate::feed::names::{Names, checked};
use crate::feed::row::Row;
use crate::feed::{Batch, Options, Planned, Work};

/// The result of a valid record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    Something,
    /// Planned work.
    Planned,
    /// The feed skips such records.
    Nothing,
}

/// Converts the records of one input to rows.
pub(super) struct Sayer {
    moments: Moments,
    names: Names,
    pub(super) interner: Interner,
    /// Stream indices by the values of records, so that names are made only once.
    streams: HashMap<Box<[u8]>, u32>,
    /// The key of a record's stream, a reused buffer.
    called: Vec<u8>,
    /// Use this system for every record.
    system: Option<String>,
    /// Of the systems of the current record, the one that it is about now.
    part: Option<String>,
    options: Options,
    /// Whether incidents are requested instead of facts.
    pub(super) gathers: bool,
}

impl Sayer {
    pub(super) fn new(feed: &Feed, options: Options, names: Names, system: Option<String>) -> Self {
        Self {
            moments: Moments::of(feed),
            names,
            interner: Interner::new(),
            streams: HashMap::new(),
            called: Vec::new(),
            system,
            part: None,
            options,
            gathers: false,
        }
    }

    /// Restarts the numbering of streams.
    pub(super) fn restart(&mut self) {
        self.interner = Interner::new();
        self.streams.clear();
    }

    pub(super) fn into_names(self) -> Names {
        self.names
    }

    /// Adds a record to a batch, for each of its systems.
    ///
    /// # Errors
    /// With the reason when it is invalid; then nothing is added.
    pub(super) fn say(&mut self, kind: &Kind, slots: &Slots<'_>, batch: &mut Batch) -> Result<Said, String> {
        if kind.skip {
            return Ok(Said::Nothing);
        }
        let systems = if self.system.is_none() { kind.systems(slots)? } else { None };
        let Some(systems) = systems else { return self.say_once(kind, slots, batch) };
        for system in &systems {
            self.name(Some(system.as_bytes().into()), "system")?;
        }
        let (mut said, mut all) = (Said::Nothing, Batch::default());
        for system in systems {
            self.part = Some(system);
            let one = self.say_once(kind, slots, &mut all);
            self.part = None;
            said = one?;
        }
        batch.join(all);
        Ok(said)
    }

    fn say_once(&mut self, kind: &Kind, slots: &Slots<'_>, batch: &mut Batch) -> Result<Said, String> {
        if self.gathers && kind.shape == Shape::Intervals {
            return self.incident(kind, slots, batch);
        }
        let meaning = status(kind, slots)?;
        let status = match meaning {
            Meaning::Skip => return Ok(Said::Nothing),
            Meaning::Status(status) => status,
            Meaning::Maintenance | Meaning::Next | Meaning::Text(_) => Status::Unknown,
        };
        let start = self.moment(kind, Field::Ts, slots)?.ok_or_else(|| kind.missing(Field::Ts, slots))?;
        match kind.shape {
            Shape::Intervals => self.interval(kind, slots, (start, status), batch),
            Shape::Maintenance => self.planned(kind, slots, (start, &meaning), batch),
            Shape::Transitions | Shape::Observations => {
                self.in_time(Field::Ts, start)?;
                let note = note(kind, slots)?;
                let stream = self.stream(kind, slots, None)?;
                batch.keep(Row::new(stream, start, status), note.as_deref());
                Ok(Said::Something)
            }
        }
    }

    fn interval(
        &mut self,
        kind: &Kind,
        slots: &Slots<'_>,
        (start, status): (Instant, Status),
        batch: &mut Batch,
    ) -> Result<Said, String> {
        let end = self.end(kind, slots, start)?;
        let updated = self.moment(kind, Field::Updated, slots)?;
        if end == Some(start) {
            return Ok(Said::Nothing);
        }
        if !status.is_outage() {
            return Err(format!("an incident is degraded or unhealthy, not {status}"));
        }
        self.in_time(Field::Ts, start)?;
        end.map_or(Ok(()), |end| self.in_time(Field::End, end))?;
        let note = note(kind, slots)?;
        let id = start.to_string();
        let stream = self.stream(kind, slots, Some(&id))?;
        batch.keep(Row::new(stream, start, status), note.as_deref());
        if let Some(end) = end {
            batch.keep(Row::new(stream, end, Status::Healthy), None);
        }
        // A record cannot have been updated in the future.
        let updated = updated.filter(|at| *at <= self.options.latest);
        batch.intervals.push((stream, Interval { start, end, updated, status }));
        Ok(Said::Something)
    }

    /// Adds the incident of a record to a batch, whatever its status.
    fn incident(&mut self, kind: &Kind, slots: &Slots<'_>, batch: &mut Batch) -> Result<Said, String> {
        if matches!(status(kind, slots), Ok(Meaning::Skip)) {
            return Ok(Said::Nothing);
        }
        let start = self.moment(kind, Field::Ts, slots)?.ok_or_else(|| kind.missing(Field::Ts, slots))?;
        let end = self.end(kind, slots, start)?;
        let updated = self.moment(kind, Field::Updated, slots)?.filter(|at| *at <= self.options.latest);
        let system = match self.system.as_ref().or(self.part.as_ref()) {
            Some(system) => Some(system.clone().into_bytes().into()),
            None => kind.text(Field::System, slots)?,
        };
        let text = |field| {
            kind.pick(field, slots)
                .filter(|text| !text.is_empty())
                .map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        let incident = Incident {
            id: text(Field::Id),
            episode: Episode { start, end },
            objective: self.name(kind.pick(Field::Objective, slots), "objective")?,
            system: self.name(system, "system")?,
            impact: text(Field::Impact).or_else(|| text(Field::Status)),
        };
        batch.incidents.push((incident, updated));
        Ok(Said::Something)
    }

    fn name(&mut self, text: Option<Cow<'_, [u8]>>, what: &str) -> Result<Option<Name>, String> {
        let Some(text) = text else { return Ok(None) };
        let name = self.names.read(fields::Field::System, b"", &text)?;
        checked(fields::Field::System, &name).map(Some).map_err(|reason| reason.replacen("system", what, 1))
    }

    fn planned(
        &mut self,
        kind: &Kind,
        slots: &Slots<'_>,
        (start, meaning): (Instant, &Meaning),
        batch: &mut Batch,
    ) -> Result<Said, String> {
        if !self.options.plans {
            return Ok(Said::Nothing);
        }
        let end = self.end(kind, slots, start)?;
        let what = match (end, meaning) {
            (Some(end), _) if end == start => return Ok(Said::Nothing),
            (Some(end), _) => Work::Until(end),
            (None, Meaning::Maintenance) => Work::Begins,
            (None, _) => Work::Ends,
        };
        let note = note(kind, slots)?.map(Into::into);
        let stream = self.stream(kind, slots, None)?;
        batch.planned.push(Planned { stream, at: start, what, note });
        Ok(Said::Planned)
    }

    fn end(&mut self, kind: &Kind, slots: &Slots<'_>, start: Instant) -> Result<Option<Instant>, String> {
        let end = self.moment(kind, Field::End, slots)?;
        match end.filter(|end| *end < start) {
            Some(end) => Err(format!("end {end} is before start {start}")),
            None => Ok(end),
        }
    }

    fn moment(&mut self, kind: &Kind, field: Field, slots: &Slots<'_>) -> Result<Option<Instant>, String> {
        let Some(value) = kind.pick(field, slots) else { return Ok(None) };
        self.moments.read(field.as_str(), &value).map(Some)
    }

    fn in_time(&self, field: Field, at: Instant) -> Result<(), String> {
        if at <= self.options.latest {
            return Ok(());
        }
        let ahead = format_millis(at.since(self.options.now));
        Err(format!(
            "{} {at} is {ahead} after this machine's clock; correct it, or allow more with --max-skew",
            field.as_str()
        ))
    }

    /// The stream index of a record; an interval without an id has the check `usual`.
    fn stream(&mut self, kind: &Kind, slots: &Slots<'_>, usual: Option<&str>) -> Result<u32, String> {
        let own = match self.system.as_ref().or(self.part.as_ref()) {
            Some(system) => Some(Cow::Borrowed(system.as_bytes())),
            None => kind.text(Field::System, slots)?,
        };
        let system = own.ok_or_else(|| kind.missing(Field::System, slots))?;
        let check = match usual {
            None => kind.text(Field::Check, slots)?,
            Some(usual) => Some(kind.pick(Field::Id, slots).unwrap_or(Cow::Borrowed(usual.as_bytes()))),
        };
        let location = kind.text(Field::Location, slots)?;
        let source = kind.text(Field::Source, slots)?;
        let source = source.or(usual.map(|_| Cow::Borrowed(&b"incident"[..])));
        self.called.clear();
        for text in [Some(&system), check.as_ref(), location.as_ref(), source.as_ref()] {
            self.called.extend_from_slice(text.map_or(&[][..], |text| text));
            // Not valid in names, so keys of streams are unambiguous.
            self.called.push(b'\n');
        }
        if let Some(stream) = self.streams.get(&*self.called) {
            return Ok(*stream);
        }
        if self.interner.is_full() {
            return Err("one record names too many streams; split it".to_owned());
        }
        let mut fields = Fields::default();
        let mut set = |field, value: Option<&Cow<'_, [u8]>>| {
            fields.set(field, value.map(|text| Value::Text(Cow::Owned(text.to_vec()))));
        };
        set(fields::Field::System, Some(&system));
        set(fields::Field::Check, check.as_ref());
        set(fields::Field::Location, location.as_ref());
        set(fields::Field::Source, source.as_ref());
        let stream = fields.stream(&mut self.interner, &mut self.names)?;
        self.streams.insert(self.called.as_slice().into(), stream);
        Ok(stream)
    }
}

/// The meaning of a record's status.
fn status(kind: &Kind, slots: &Slots<'_>) -> Result<Meaning, String> {
    let value = match kind.mapped(slots) {
        Some(Ok(Meaning::Next)) => None,
        Some(mapped) => return mapped,
        None => kind.pick(Field::Status, slots),
    };
    let Some(value) = value else {
        return match kind.shape {
            // An incident without a status is an outage.
            Shape::Intervals => Ok(Meaning::Status(Status::Unhealthy)),
            Shape::Maintenance => Ok(Meaning::Maintenance),
            Shape::Transitions | Shape::Observations => Err(kind.missing(Field::Status, slots)),
        };
    };
    if value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) || is_truth(&value) {
        return Err(format!(
            "status {} is a code, which some programs mean one way and some the other; {} into the feed's values.status",
            quote(&value),
            kind.adding("write what it means")
        ));
    }
    if value.eq_ignore_ascii_case(b"maintenance") {
        return Ok(Meaning::Maintenance);
    }
    Status::parse(&value).map(Meaning::Status).ok_or_else(|| {
        let adding = kind.adding("write what it means");
        format!("unknown status {}; {adding} into the feed's values.status", quote(&value))
    })
}

fn is_truth(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"true") || value.eq_ignore_ascii_case(b"false")
}

fn note<'s>(kind: &'s Kind, slots: &'s Slots<'_>) -> Result<Option<Cow<'s, str>>, String> {
    let Some(note) = kind.pick(Field::Note, slots) else { return Ok(None) };
    let text = match note {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    text.map(Some).ok_or_else(|| "note is not UTF-8".to_owned())
}
