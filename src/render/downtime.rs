//! Owns how downtime events and their sums look.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::health::minute;
use super::number::{counted, short_down, short_time};
use super::period::zone;
use super::{Cell, Document, Sheet, Tone};
use crate::domain::account::outage::totals::{By, Part, Totals, groups};
use crate::domain::account::outage::{Event, Outage};
use crate::domain::account::weights::{FULL, written};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;

/// The range in which outages are looked at.
#[derive(Clone, Debug)]
pub(crate) enum Range {
    /// All of an outage counts that touches it.
    Between(Span),
    /// A period, and when it is for each objective. Only what lies within it counts, and outages count that begin in it.
    Period(Frame, BTreeMap<Name, Span>),
}

/// Outages as asked for.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) outages: Vec<Outage>,
    pub(crate) range: Range,
    pub(crate) by: Option<By>,
    pub(crate) as_of: Instant,
}

impl Found {
    fn within(&self, outage: &Outage) -> Span {
        match &self.range {
            Range::Between(span) => *span,
            Range::Period(_, spans) => spans.get(&outage.objective).copied().unwrap_or(outage.span(self.as_of)),
        }
    }

    /// What `sum` makes of the outages and the part of them that counts.
    fn summed<T>(&self, sum: impl FnOnce(&[Outage], Part<'_>) -> T) -> T {
        let within = |outage: &Outage| self.within(outage);
        sum(&self.outages, Part { within: &within, clipped: matches!(self.range, Range::Period(..)) })
    }

    fn totals(&self) -> Totals {
        self.summed(|outages, part| Totals::of(outages, part, self.as_of))
    }

    /// The events in the range, oldest first, then by objective.
    fn events(&self) -> Vec<&Event> {
        let touching = |outage| self.summed(|_, part| part.events(outage).collect::<Vec<_>>());
        let mut events: Vec<&Event> = self.outages.iter().flat_map(touching).collect();
        events.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
        events
    }

    fn groups(&self, by: &By) -> BTreeMap<String, Totals> {
        self.summed(|outages, part| groups(outages, by, part, self.as_of))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    start_time: String,
    end_time: Option<String>,
    duration_seconds: i64,
    attribution_type: &'static str,
    upstream_system_id: Option<&'a str>,
    source: &'static str,
    /// How much of the time is downtime.
    weight: f64,
}

impl<'a> WireEvent<'a> {
    fn of(event: &'a Event, as_of: Instant) -> Self {
        Self {
            objective_id: event.objective.as_str(),
            system_id: event.system.as_str(),
            start_time: event.start.to_string(),
            end_time: event.end.map(|end| end.to_string()),
            duration_seconds: event.span(as_of).millis() / 1000,
            attribution_type: if event.upstream.is_some() { "upstream" } else { "self" },
            upstream_system_id: event.upstream.as_ref().map(Name::as_str),
            source: event.source.as_str(),
            weight: event.weight as f64 / FULL as f64,
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
    /// Mean time to recovery, of outages that are over.
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
            mttr_seconds: totals.mttr_ms.map(|ms| ms / 1000),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    key: String,
    #[serde(flatten)]
    totals: WireTotals,
}

/// The events of outages in the shape programs read, oldest first, then by objective.
pub(super) fn rows(outages: &[Outage], as_of: Instant) -> impl Serialize {
    let mut events: Vec<&Event> = outages.iter().flat_map(|outage| &outage.events).collect();
    events.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
    events.into_iter().map(|event| WireEvent::of(event, as_of)).collect::<Vec<_>>()
}

/// The answer of `downtime` for programs. In CSV its rows are groups, where there are any.
pub(crate) fn document(found: &Found) -> Result<Document> {
    let events: Vec<_> = found.events().into_iter().map(|event| WireEvent::of(event, found.as_of)).collect();
    let totals = WireTotals::of(&found.totals());
    let Some(by) = &found.by else {
        let mut document = Document::list(found.as_of, "events", &events)?;
        document.set("totals", &totals)?;
        return Ok(document);
    };
    let groups = found.groups(by).into_iter();
    let groups: Vec<_> = groups.map(|(key, totals)| WireGroup { key, totals: WireTotals::of(&totals) }).collect();
    let mut document = Document::list(found.as_of, "groups", &groups)?;
    document.set("events", &events)?;
    document.set("totals", &totals)?;
    Ok(document)
}

/// The events for people.
pub(crate) fn sheet(found: &Found) -> Sheet {
    let mut sheet = Sheet::new()
        .left("OBJECTIVE")
        .names()
        .left("START")
        .left("END")
        .right("LASTED")
        .left("CAUSE")
        .left("SOURCE")
        .optional();
    for event in found.events() {
        let end = event.end.map_or(Cell::toned("open", Tone::Bad), |end| Cell::plain(minute(end)));
        sheet.push(vec![
            Cell::toned(event.objective.as_str(), Tone::Strong),
            Cell::plain(minute(event.start)),
            end,
            Cell::plain(lasted(event, found.as_of)),
            Cell::plain(event.upstream.as_ref().map_or("self", |name| name.as_str())),
            Cell::plain(event.source.as_str()),
        ]);
    }
    sheet.footer.push(match &found.range {
        Range::Between(range) if range.start == Instant::MIN => {
            format!("events up to {}", minute(range.end.min(found.as_of)))
        }
        Range::Between(range) => {
            format!("events from {} to {}", minute(range.start), minute(range.end.min(found.as_of)))
        }
        Range::Period(frame, _) => format!("events in {}, in {}", frame.period, zone(frame, [])),
    });
    sheet.footer.push(line(found));
    sheet
}

/// How long an event lasted, with its weight where that is not 1: `10m × 0.5`.
pub(super) fn lasted(event: &Event, as_of: Instant) -> String {
    let time = short_time(event.span(as_of).millis());
    if event.weight == FULL { time } else { format!("{time} × {}", written(event.weight)) }
}

/// The sums for people.
pub(crate) fn sums(found: &Found) -> Sheet {
    let Some(by) = &found.by else { return sheet(found) };
    let title = match by {
        By::Objective => "OBJECTIVE",
        By::System => "SYSTEM",
        By::Label(..) => "GROUP",
        By::Upstream => "CAUSE",
        By::Day(_) => "DAY",
    };
    let mut sheet = Sheet::new().left(title).right("OUTAGES").right("TOTAL").right("LONGEST").right("MTTR");
    for (key, totals) in found.groups(by) {
        let key = match by {
            By::Label(label, _) if key.is_empty() => format!("without {label}"),
            _ => key,
        };
        sheet.push(vec![
            Cell::toned(key, Tone::Strong),
            Cell::plain(totals.outages.to_string()),
            Cell::plain(short_down(totals.total_us)),
            Cell::plain(time(totals.longest_ms)),
            Cell::plain(time(totals.mttr_ms)),
        ]);
    }
    sheet.footer.push(line(found));
    sheet
}

fn time(millis: Option<i64>) -> String {
    millis.map_or("–".to_owned(), short_time)
}

fn line(found: &Found) -> String {
    let totals = found.totals();
    let open = if totals.open > 0 { format!(" ({} open)", totals.open) } else { String::new() };
    let events =
        if totals.count == totals.outages { String::new() } else { format!(" in {}", counted(totals.count, "event")) };
    // What began before a period counts in the one before.
    let within = if matches!(found.range, Range::Period(..)) { " within the period" } else { " in all" };
    format!(
        "{}{open}{events}, {}{within}, longest {}, mean time to recovery {}",
        counted(totals.outages, "outage"),
        short_down(totals.total_us),
        time(totals.longest_ms),
        time(totals.mttr_ms),
    )
}
