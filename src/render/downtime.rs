//! Owns how downtime events and their sums look.

use anyhow::Result;
use serde::Serialize;

use super::health::minute;
use super::number::{short_down, short_time};
use super::{Cell, Document, Sheet, Tone};
use crate::domain::account::outage::totals::{By, Totals, groups};
use crate::domain::account::outage::{Event, Outage};
use crate::domain::account::weights::{FULL, written};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// By what outages are summed up, and the range of which their time counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grouping {
    pub(crate) by: By,
    pub(crate) range: Span,
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

/// The events of outages, oldest first, then by objective.
fn events(outages: &[Outage]) -> Vec<&Event> {
    let mut events: Vec<&Event> = outages.iter().flat_map(|outage| &outage.events).collect();
    events.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
    events
}

/// The events in the shape programs read.
pub(super) fn rows(outages: &[Outage], as_of: Instant) -> impl Serialize {
    events(outages).into_iter().map(|event| WireEvent::of(event, as_of)).collect::<Vec<_>>()
}

/// The answer of `downtime` for programs.
pub(crate) fn document(outages: &[Outage], grouping: Option<Grouping>, as_of: Instant) -> Result<Document> {
    let mut document = Document::list(as_of, "events", &rows(outages, as_of))?;
    document.set("totals", &WireTotals::of(&Totals::of(outages, as_of)))?;
    if let Some(Grouping { by, range }) = grouping {
        let groups = groups(outages, by, range, as_of).into_iter();
        let groups = groups.map(|(key, totals)| WireGroup { key, totals: WireTotals::of(&totals) });
        document.set("groups", &groups.collect::<Vec<_>>())?;
    }
    Ok(document)
}

/// The events for people, which touch the range.
pub(crate) fn sheet(outages: &[Outage], range: Span, as_of: Instant) -> Sheet {
    let mut sheet = Sheet::new()
        .left("OBJECTIVE")
        .names()
        .left("START")
        .left("END")
        .right("LASTED")
        .left("CAUSE")
        .left("SOURCE")
        .optional();
    for event in events(outages) {
        let end = event.end.map_or(Cell::toned("open", Tone::Bad), |end| Cell::plain(minute(end)));
        sheet.push(vec![
            Cell::toned(event.objective.as_str(), Tone::Strong),
            Cell::plain(minute(event.start)),
            end,
            Cell::plain(lasted(event, as_of)),
            Cell::plain(event.upstream.as_ref().map_or("self", |name| name.as_str())),
            Cell::plain(event.source.as_str()),
        ]);
    }
    sheet.footer.push(format!("events from {} to {}", minute(range.start), minute(range.end.min(as_of))));
    sheet.footer.push(line(&Totals::of(outages, as_of)));
    sheet
}

/// How long an event lasted, with its weight where that is not 1: `10m × 0.5`.
pub(super) fn lasted(event: &Event, as_of: Instant) -> String {
    let time = short_time(event.span(as_of).millis());
    if event.weight == FULL { time } else { format!("{time} × {}", written(event.weight)) }
}

/// The sums for people.
pub(crate) fn sums(outages: &[Outage], Grouping { by, range }: Grouping, as_of: Instant) -> Sheet {
    let title = match by {
        By::Objective => "OBJECTIVE",
        By::System => "SYSTEM",
        By::Upstream => "CAUSE",
        By::Day => "DAY",
    };
    let mut sheet = Sheet::new().left(title).right("OUTAGES").right("TOTAL").right("LONGEST").right("MTTR");
    for (key, totals) in groups(outages, by, range, as_of) {
        sheet.push(vec![
            Cell::toned(key, Tone::Strong),
            Cell::plain(totals.outages.to_string()),
            Cell::plain(short_down(totals.total_us)),
            Cell::plain(time(totals.longest_ms)),
            Cell::plain(time(totals.mttr_ms)),
        ]);
    }
    sheet.footer.push(line(&Totals::of(outages, as_of)));
    sheet
}

fn time(millis: Option<i64>) -> String {
    millis.map_or("–".to_owned(), short_time)
}

fn line(totals: &Totals) -> String {
    let several = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let open = if totals.open > 0 { format!(" ({} open)", totals.open) } else { String::new() };
    let events =
        if totals.count == totals.outages { String::new() } else { format!(" in {}", several(totals.count, "event")) };
    format!(
        "{}{open}{events}, {} in all, longest {}, mean time to recovery {}",
        several(totals.outages, "outage"),
        short_down(totals.total_us),
        time(totals.longest_ms),
        time(totals.mttr_ms),
    )
}
