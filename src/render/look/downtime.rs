//! Owns how downtime events and their totals look.

mod reading;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use anyhow::Result;
use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::account::outage::totals::{By, Range, Totals};
use crate::domain::account::outage::{Accounting, Event};
use crate::domain::account::weights::{FULL, written};
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;
use crate::render::form::moment::{self, minute, zoned};
use crate::render::form::number::{counted, short_down, short_time};
use crate::render::part::period::zone;
use crate::render::{Cell, Document, Sheet, Tone};
pub(crate) use reading::{Reading, Source};

/// The most events shown to people, the last ones, unless a number is given.
const MOST_ROWS: usize = 10_000;

/// The requested outages.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) range: Range,
    /// The period, if the range is one.
    pub(crate) frame: Option<Frame>,
    pub(crate) by: Option<By>,
    /// Whether uncharged downtime is included.
    pub(crate) all: bool,
    /// Only ongoing events.
    pub(crate) open: bool,
    /// Only this many outages of systems, the last ones.
    pub(crate) last: Option<usize>,
    pub(crate) as_of: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireEvent<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    start_time: String,
    end_time: Option<String>,
    duration_seconds: i64,
    attribution_type: Option<&'static str>,
    upstream_system_id: Option<&'a str>,
    source: &'static str,
    /// The downtime as a share of the time.
    weight: f64,
    accounting: &'static str,
    /// The maintenance windows or corrections that excuse it.
    because: Vec<&'a str>,
    /// The last note of the outage until the end of the event.
    note: Option<&'a str>,
}

impl<'a> WireEvent<'a> {
    pub(in crate::render) fn of(event: &'a Event, as_of: Instant) -> Self {
        Self {
            objective_id: event.objective.as_str(),
            system_id: event.system.as_str(),
            start_time: event.start.to_string(),
            end_time: event.end.map(|end| end.to_string()),
            duration_seconds: event.span(as_of).millis() / 1000,
            attribution_type: event.attribution(),
            upstream_system_id: event.upstream.as_ref().map(Name::as_str),
            source: event.source.as_str(),
            weight: event.weight as f64 / FULL as f64,
            accounting: event.accounting.as_str(),
            because: event.accounting.because().iter().map(Name::as_str).collect(),
            note: event.note.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTotals {
    /// Of events.
    count: usize,
    outages: usize,
    open: usize,
    total_seconds: i64,
    longest_seconds: Option<i64>,
    /// Mean time to recovery of finished outages.
    mttr_seconds: Option<i64>,
}

impl WireTotals {
    fn of(totals: &Totals) -> Self {
        Self {
            count: totals.count,
            outages: totals.outages,
            open: totals.open,
            total_seconds: totals.total_us / (1000 * FULL),
            longest_seconds: totals.longest_ms.map(|ms| ms / 1000),
            mttr_seconds: totals.mttr_ms().map(|ms| ms / 1000),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireUncharged {
    accounting: &'static str,
    /// Of events.
    count: usize,
    total_seconds: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    key: String,
    #[serde(flatten)]
    totals: WireTotals,
}

/// The answer of `downtime` for programs. In CSV, the rows are groups if there are any.
pub(crate) fn document(reading: &Rc<Reading>) -> Result<Document> {
    let as_of = reading.asked().as_of;
    let (events, groups, totals) = (Rc::clone(reading), Rc::clone(reading), Rc::clone(reading));
    let mut document = Document::passing_list(as_of, "events", false, move |row| {
        events.read(|event| row(&WireEvent::of(event, as_of)))
    });
    let grouped = reading.asked().by.is_some();
    if let Some(By::Day(calendars)) = &reading.asked().by {
        document.set("timezone", &days_of(calendars).map(Tz::name))?;
    }
    if grouped {
        document.set_late("groups", move || {
            let group =
                |(key, totals): (&String, &Totals)| WireGroup { key: key.clone(), totals: WireTotals::of(totals) };
            Ok(groups.sums()?.groups.iter().map(group).collect::<Vec<_>>())
        });
    }
    document.set_late("totals", move || Ok(WireTotals::of(&totals.sums()?.totals)));
    if reading.asked().all {
        let uncharged = Rc::clone(reading);
        document.set_late("uncharged", move || {
            let row = |(accounting, totals): &(&'static str, Totals)| WireUncharged {
                accounting,
                count: totals.count,
                total_seconds: totals.total_us / (1000 * FULL),
            };
            Ok(uncharged.sums()?.uncharged.iter().map(row).collect::<Vec<_>>())
        });
    }
    Ok(if grouped { document.with_rows("groups") } else { document })
}

/// The events for people: the last ones, unless a number is given.
pub(crate) fn sheet(reading: &Reading) -> Result<Sheet> {
    let Asked { range, frame, all, last, as_of, .. } = reading.asked();
    let mut shown: VecDeque<Event> = VecDeque::new();
    let mut earlier = 0_usize;
    reading.read(|event| {
        if last.is_none() && shown.len() == MOST_ROWS {
            shown.pop_front();
            earlier += 1;
        }
        shown.push_back(event.clone());
        Ok(())
    })?;
    let mut sheet = Sheet::new().left("OBJECTIVE").names().left("START").left("END");
    // It says which outages are ongoing.
    if shown.iter().all(|event| event.end.is_some()) {
        sheet = sheet.optional();
    }
    sheet = sheet.right("DOWNTIME").left("CAUSE").names().left("SOURCE").optional();
    if *all {
        sheet = sheet.left("NOT CHARGED").texts();
    }
    let has_notes = shown.iter().any(|event| event.note.is_some());
    if has_notes {
        sheet = sheet.left("NOTE").optional();
    }
    for event in &shown {
        let end = event.end.map_or(Cell::toned("open", Tone::Bad), Cell::at);
        let cause = event.attribution().map_or("–", |_| event.upstream.as_ref().map_or("self", Name::as_str));
        let mut row = vec![
            Cell::toned(event.objective.as_str(), Tone::Strong),
            Cell::at(event.start),
            end,
            Cell::plain(lasted(event, *as_of)),
            Cell::plain(cause),
            Cell::plain(event.source.as_str()),
        ];
        row.extend(all.then(|| Cell::plain(reason(&event.accounting))));
        row.extend(has_notes.then(|| Cell::plain(event.note.as_deref().unwrap_or_default())));
        sheet.push(row);
    }
    if earlier > 0 {
        sheet.footer.push(format!("{} not shown; -o csv prints all", counted(earlier, "earlier event")));
    }
    sheet.footer.push(match (frame, range) {
        (Some(frame), _) => format!("events in {}, in {}", frame.period, zone(frame, [])),
        (None, range) => events_in(range, *as_of, shown.is_empty()),
    });
    sheet.footer.push(line(reading)?);
    if *all {
        let sums = reading.sums()?;
        let has_none = sums.totals.count == 0 && sums.uncharged.iter().all(|(_, totals)| totals.count == 0);
        sheet.footer.push(if has_none { "no downtime".to_owned() } else { uncharged(&sums.uncharged) });
    }
    Ok(sheet)
}

/// Why downtime is not charged; empty if it is.
fn reason(accounting: &Accounting) -> String {
    let names = accounting.because().iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    match accounting {
        Accounting::Charged => String::new(),
        Accounting::Excluded(_) => format!("maintenance {names}"),
        Accounting::NotCounted => "outside the schedule".to_owned(),
        Accounting::TooShort => "too short".to_owned(),
        Accounting::Corrected(_) => format!("corrected by {names}"),
    }
}

/// The totals of uncharged downtime, in one line.
fn uncharged(sums: &[(&str, Totals)]) -> String {
    let said = |(word, totals): &(&str, Totals)| match *word {
        "excluded" => format!("{} excluded by maintenance", short_down(totals.total_us)),
        "not-counted" => format!("{} outside the schedule", short_down(totals.total_us)),
        word => format!("{} {}", short_down(totals.total_us), word.replace('-', " ")),
    };
    let parts: Vec<String> = sums.iter().filter(|(_, totals)| totals.count > 0).map(said).collect();
    if parts.is_empty() { "all of it is charged".to_owned() } else { format!("not charged: {}", parts.join(", ")) }
}

/// How long an event lasted, with its weight unless 1: `10m × 0.5`.
pub(in crate::render) fn lasted(event: &Event, as_of: Instant) -> String {
    let time = short_time(event.span(as_of).millis());
    if event.weight == FULL { time } else { format!("{time} × {}", written(event.weight)) }
}

/// The range of the events. Only a table with times names their zone below.
fn events_in(range: &Range, as_of: Instant, is_empty: bool) -> String {
    let (start, end) = match range {
        Range::Touching(range) => (range.start, range.end.min(as_of)),
        Range::Within(_) => (Instant::MIN, as_of),
    };
    match (start > Instant::MIN, is_empty) {
        (true, false) => format!("events from {} to {}", minute(start), minute(end)),
        (true, true) => format!("events from {}", moment::range(Span::new(start, end))),
        (false, false) => format!("events up to {}", minute(end)),
        (false, true) => format!("events up to {}", zoned(end)),
    }
}

/// The totals for people.
pub(crate) fn sums(reading: &Reading) -> Result<Sheet> {
    let by = reading.asked().by.as_ref();
    let title = match by {
        None | Some(By::Objective) => "OBJECTIVE",
        Some(By::System) => "SYSTEM",
        Some(By::Label(..)) => "GROUP",
        Some(By::Upstream) => "CAUSE",
        Some(By::Day(_)) => "DAY",
    };
    let mut sheet = Sheet::new().left(title).names().right("OUTAGES").right("TOTAL");
    sheet = sheet.right("LONGEST").optional().right("MTTR").optional();
    for (key, totals) in &reading.sums()?.groups {
        let key = match by {
            Some(By::Label(label, _)) if key.is_empty() => format!("without {label}"),
            _ => key.clone(),
        };
        sheet.push(vec![
            Cell::toned(key, Tone::Strong),
            Cell::plain(totals.outages.to_string()),
            Cell::plain(short_down(totals.total_us)),
            Cell::plain(time(totals.longest_ms)),
            Cell::plain(time(totals.mttr_ms())),
        ]);
    }
    if let Some(By::Day(calendars)) = by {
        sheet.footer.push(format!("days in {}", days_of(calendars).map_or("the zone of each objective", Tz::name)));
    }
    sheet.footer.push(line(reading)?);
    Ok(sheet)
}

/// The zone of the days, if it is the same for all objectives.
fn days_of(calendars: &BTreeMap<Name, Calendar>) -> Option<Tz> {
    let mut zones = calendars.values().map(|calendar| calendar.zone);
    let first = zones.next().unwrap_or(Tz::UTC);
    zones.all(|zone| zone == first).then_some(first)
}

fn time(millis: Option<i64>) -> String {
    millis.map_or("–".to_owned(), short_time)
}

/// The overall totals, in one line.
fn line(reading: &Reading) -> Result<String> {
    let totals = &reading.sums()?.totals;
    let open = if totals.open > 0 { format!(" ({} open)", totals.open) } else { String::new() };
    let events =
        if totals.count == totals.outages { String::new() } else { format!(" in {}", counted(totals.count, "event")) };
    // What began before a period counts in the one before.
    let within = if reading.asked().frame.is_some() { " within the period" } else { " in all" };
    Ok(format!(
        "{}{open}{events}, {}{within}; longest outage {}, mean time to recovery {}",
        counted(totals.outages, "outage"),
        short_down(totals.total_us),
        time(totals.longest_ms),
        time(totals.mttr_ms()),
    ))
}
