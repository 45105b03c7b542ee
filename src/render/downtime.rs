//! Owns how downtime events and their sums look.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::health::minute;
use super::number::short_time;
use super::{Cell, Document, Sheet, Tone};
use crate::domain::event::Event;
use crate::domain::instant::{DAY_MS, Instant};
use crate::domain::name::Name;
use crate::domain::span::Span;

/// By what events are summed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Objective,
    System,
    Upstream,
    Day,
}

/// By what events are summed up, and the range of which their time counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grouping {
    pub(crate) by: By,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
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
    /// Mean time to recovery, of events that are over.
    mttr_seconds: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    key: String,
    #[serde(flatten)]
    totals: WireTotals,
}

/// A stretch of one objective's downtime.
#[derive(Clone)]
struct Part {
    objective: Name,
    span: Span,
    /// Whether it is still going on.
    open: bool,
}

/// What events come to. An outage is events of one objective without a gap, whoever is to blame for each: recovery ends it.
struct Totals {
    count: usize,
    outages: usize,
    open: usize,
    total_ms: i64,
    longest_ms: Option<i64>,
    mttr_ms: Option<i64>,
}

impl Totals {
    fn of(parts: &[Part]) -> Self {
        let outages = outages(parts);
        let over: Vec<i64> = outages.iter().filter(|part| !part.open).map(|part| part.span.millis()).collect();
        Self {
            count: parts.len(),
            outages: outages.len(),
            open: outages.len() - over.len(),
            total_ms: outages.iter().map(|part| part.span.millis()).sum(),
            longest_ms: outages.iter().map(|part| part.span.millis()).max(),
            mttr_ms: over.iter().sum::<i64>().checked_div(over.len() as i64),
        }
    }

    fn wire(&self) -> WireTotals {
        WireTotals {
            count: self.count,
            outages: self.outages,
            open: self.open,
            total_seconds: self.total_ms / 1000,
            longest_seconds: self.longest_ms.map(|ms| ms / 1000),
            mttr_seconds: self.mttr_ms.map(|ms| ms / 1000),
        }
    }

    fn line(&self) -> String {
        let several = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let time = |ms: Option<i64>| ms.map_or("–".to_owned(), short_time);
        let open = if self.open > 0 { format!(" ({} open)", self.open) } else { String::new() };
        let events =
            if self.count == self.outages { String::new() } else { format!(" in {}", several(self.count, "event")) };
        format!(
            "{}{open}{events}, {} in all, longest {}, mean time to recovery {}",
            several(self.outages, "outage"),
            short_time(self.total_ms),
            time(self.longest_ms),
            time(self.mttr_ms),
        )
    }
}

/// Joins stretches of one objective that follow each other without a gap.
fn outages(parts: &[Part]) -> Vec<Part> {
    let mut sorted: Vec<&Part> = parts.iter().collect();
    sorted.sort_by(|a, b| (&a.objective, a.span).cmp(&(&b.objective, b.span)));
    let mut joined: Vec<Part> = Vec::new();
    for part in sorted {
        match joined.last_mut() {
            Some(last) if last.objective == part.objective && last.span.end == part.span.start => {
                last.span.end = part.span.end;
                last.open = part.open;
            }
            _ => joined.push(part.clone()),
        }
    }
    joined
}

fn whole(events: &[Event], as_of: Instant) -> Vec<Part> {
    let part =
        |event: &Event| Part { objective: event.objective.clone(), span: event.span(as_of), open: event.end.is_none() };
    events.iter().map(part).collect()
}

/// The events in the shape programs read.
pub(super) fn rows(events: &[Event], as_of: Instant) -> impl Serialize {
    events.iter().map(|event| WireEvent::of(event, as_of)).collect::<Vec<_>>()
}

/// The answer of `downtime` for programs.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn document(events: &[Event], grouping: Option<Grouping>, as_of: Instant) -> Result<Document> {
    let mut document = Document::list(as_of, "events", &rows(events, as_of))?;
    document.set("totals", &Totals::of(&whole(events, as_of)).wire())?;
    if let Some(grouping) = grouping {
        let groups = groups(events, grouping, as_of).into_iter();
        let groups = groups.map(|(key, parts)| WireGroup { key, totals: Totals::of(&parts).wire() });
        document.set("groups", &groups.collect::<Vec<_>>())?;
    }
    Ok(document)
}

/// The events for people, which touch the range from `since` to `until`.
pub(crate) fn sheet(events: &[Event], since: Instant, until: Instant, as_of: Instant) -> Sheet {
    let mut sheet = Sheet::new()
        .left("OBJECTIVE")
        .names()
        .left("START")
        .left("END")
        .right("LASTED")
        .left("BECAUSE OF")
        .left("SOURCE")
        .optional();
    for event in events {
        let end = event.end.map_or(Cell::toned("open", Tone::Bad), |end| Cell::plain(minute(end)));
        sheet.push(vec![
            Cell::toned(event.objective.as_str(), Tone::Strong),
            Cell::plain(minute(event.start)),
            end,
            Cell::plain(short_time(event.span(as_of).millis())),
            Cell::plain(event.upstream.as_ref().map_or("itself", |name| name.as_str())),
            Cell::plain(event.source.as_str()),
        ]);
    }
    sheet.footer.push(format!("events from {} to {}", minute(since), minute(until)));
    sheet.footer.push(Totals::of(&whole(events, as_of)).line());
    sheet
}

/// The sums for people.
pub(crate) fn sums(events: &[Event], grouping: Grouping, as_of: Instant) -> Sheet {
    let title = match grouping.by {
        By::Objective => "OBJECTIVE",
        By::System => "SYSTEM",
        By::Upstream => "BECAUSE OF",
        By::Day => "DAY",
    };
    let mut sheet = Sheet::new().left(title).right("OUTAGES").right("TOTAL").right("LONGEST").right("MTTR");
    for (key, parts) in groups(events, grouping, as_of) {
        let totals = Totals::of(&parts);
        let time = |ms: Option<i64>| Cell::plain(ms.map_or("–".to_owned(), short_time));
        sheet.push(vec![
            Cell::toned(key, Tone::Strong),
            Cell::plain(totals.outages.to_string()),
            time(Some(totals.total_ms)),
            time(totals.longest_ms),
            time(totals.mttr_ms),
        ]);
    }
    sheet.footer.push(Totals::of(&whole(events, as_of)).line());
    sheet
}

/// Events by key; days share an event that spans them, and hold only the part within the range.
fn groups(events: &[Event], grouping: Grouping, as_of: Instant) -> BTreeMap<String, Vec<Part>> {
    let mut groups: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for event in events {
        let (objective, span, open) = (event.objective.clone(), event.span(as_of), event.end.is_none());
        let key = match grouping.by {
            By::Objective => event.objective.to_string(),
            By::System => event.system.to_string(),
            By::Upstream => event.upstream.as_ref().map_or("itself".to_owned(), ToString::to_string),
            By::Day => {
                let range = Span::new(grouping.since, grouping.until).intersect(span);
                let mut day = range.start.day_start();
                while day < range.end {
                    let part = Span::new(day, day.plus(DAY_MS)).intersect(range);
                    let date = day.to_chrono().format("%Y-%m-%d").to_string();
                    let open = open && part.end == range.end;
                    groups.entry(date).or_default().push(Part { objective: objective.clone(), span: part, open });
                    day = day.plus(DAY_MS);
                }
                continue;
            }
        };
        groups.entry(key).or_default().push(Part { objective, span, open });
    }
    groups
}
