//! Owns how systems' health looks.

use std::borrow::Cow;

use anyhow::Result;
use serde::Serialize;

use crate::domain::health::report::Health;
use crate::domain::health::transition::Status;
use crate::domain::value::duration::write_millis;
use crate::domain::value::instant::{HOUR_MS, Instant};
use crate::render::form::number::{counted, short_time};
use crate::render::part::maintenance::{WireMaintenance, in_words};
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireHealth<'a> {
    system_id: &'a str,
    status: &'static str,
    healthy_checks: usize,
    total_checks: usize,
    in_status_since: Option<String>,
    in_status_for_seconds: Option<i64>,
    transitions_in_window: usize,
    last_seen: Option<String>,
    data_age_seconds: Option<i64>,
    in_maintenance: Option<WireMaintenance<'a>>,
    retired: bool,
}

pub(crate) fn document(healths: &[Health], as_of: Instant) -> Result<Document> {
    let text = |at: Option<Instant>| at.map(|at| at.to_string());
    let rows: Vec<_> = healths
        .iter()
        .map(|health| WireHealth {
            system_id: health.system.as_str(),
            status: health.status.as_str(),
            healthy_checks: health.healthy_checks,
            total_checks: health.total_checks,
            in_status_since: text(health.in_status_since),
            in_status_for_seconds: health.in_status_for_seconds(),
            transitions_in_window: health.transitions_in_window,
            last_seen: text(health.last_seen),
            data_age_seconds: health.data_age_ms().map(|age| age / 1000),
            in_maintenance: health.maintenance.as_ref().map(WireMaintenance::of),
            retired: health.is_retired,
        })
        .collect();
    Document::list(as_of, "systems", &rows)
}

/// The column of changes names its lookback.
pub(crate) fn sheet(healths: &[Health], lookback_ms: i64) -> Sheet {
    let mut sheet = Sheet::new().left("STATUS").left("SYSTEM").names().right("CHECKS").right("FOR");
    sheet = sheet.left("SINCE").optional();
    sheet = sheet.right(changes_title(lookback_ms)).minor().right("LAST SEEN").optional();
    // Only shown if there is something to say.
    let has_notes = healths.iter().any(|health| health.maintenance.is_some() || health.is_retired);
    if has_notes {
        sheet = sheet.left("NOTE").texts();
    }
    for health in healths {
        let (symbol, tone) = match health.status {
            Status::Unhealthy => ("✖", Tone::Bad),
            Status::Degraded => ("▼", Tone::Warning),
            Status::Unknown => ("?", Tone::Faint),
            Status::Healthy => ("✔", Tone::Good),
        };
        let held = health.in_status_since.map_or("–".to_owned(), |since| short_time(health.as_of.since(since)));
        let mut row = vec![
            Cell::toned(format!("{symbol} {}", health.status), tone),
            Cell::toned(health.system.as_str(), Tone::Strong),
            Cell::plain(format!("{}/{}", health.healthy_checks, health.total_checks)),
            Cell::plain(held),
            health.in_status_since.map_or_else(|| Cell::plain("–"), Cell::at),
            Cell::plain(health.transitions_in_window.to_string()),
            Cell::plain(ago(health.data_age_ms())),
        ];
        if has_notes {
            row.push(Cell::toned(note(health), Tone::Faint));
        }
        sheet.push(row);
    }
    let count = |status| healths.iter().filter(|health| health.status == status).count();
    let parts = [Status::Unhealthy, Status::Degraded, Status::Unknown, Status::Healthy];
    let parts = parts.iter().filter(|status| count(**status) > 0).map(|status| format!("{} {status}", count(*status)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let all = counted(healths.len(), "system");
    sheet.footer.push(if healths.is_empty() { "no systems".to_owned() } else { format!("{all}: {parts}") });
    sheet
}

/// `CHANGES/H`, or `CHANGES/6h` for another lookback than an hour.
fn changes_title(lookback_ms: i64) -> Cow<'static, str> {
    match lookback_ms {
        HOUR_MS => Cow::Borrowed("CHANGES/H"),
        other => Cow::Owned(format!("CHANGES/{}", write_millis(other))),
    }
}

/// Other remarks about a system: that it is retired, or in maintenance and until when.
fn note(health: &Health) -> String {
    let maintenance = health.maintenance.as_ref().map(in_words);
    let retired = health.is_retired.then(|| "retired".to_owned());
    retired.into_iter().chain(maintenance).collect::<Vec<_>>().join(", ")
}

/// How long ago something was seen: `2m ago`, `never`.
pub(super) fn ago(age_ms: Option<i64>) -> String {
    age_ms.map_or("never".to_owned(), |age| short_time(age) + " ago")
}
