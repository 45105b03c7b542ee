//! Owns how maintenance of a system looks: which window, and until when.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::value::name::Name;
use crate::render::form::moment::{clock, zoned};
use crate::render::form::number::counted;
use crate::render::{Cell, Tone};

/// The most systems named below the table.
const MOST_NAMED: usize = 3;

/// The active window.
#[derive(Serialize)]
pub(in crate::render) struct WireMaintenance<'a> {
    name: &'a str,
    end: String,
}

impl<'a> WireMaintenance<'a> {
    pub(in crate::render) fn of(maintenance: &'a InMaintenance) -> Self {
        Self { name: maintenance.window.as_str(), end: maintenance.until.to_string() }
    }
}

/// `maintenance postgres-upgrade until 2026-11-15 02:45 UTC`.
pub(in crate::render) fn in_words(maintenance: &InMaintenance) -> String {
    format!("maintenance {} until {}", maintenance.window, zoned(maintenance.until))
}

/// The cell of an objective in the table: the end of its system's maintenance, as short as possible.
pub(in crate::render) fn maintenance_cell(report: &ObjectiveReport) -> Cell {
    let until = |open: &InMaintenance| format!("until {}", clock(open.until, report.budget.elapsed.end));
    report.maintenance.as_ref().map_or_else(Cell::default, |open| Cell::toned(until(open), Tone::Faint))
}

/// The systems in maintenance now, in one line; `None` if there are none.
pub(in crate::render) fn in_maintenance<'r>(reports: impl IntoIterator<Item = &'r ObjectiveReport>) -> Option<String> {
    let open = reports.into_iter().filter_map(|report| Some((&report.system, report.maintenance.as_ref()?)));
    listed("in maintenance now", &open.collect())
}

/// The systems in maintenance now that have no objective, in one line; `None` if there are none.
pub(in crate::render) fn maintained_besides(systems: &BTreeMap<Name, InMaintenance>) -> Option<String> {
    listed("in maintenance now, without objectives", &systems.iter().collect())
}

fn listed(head: &str, systems: &BTreeMap<&Name, &InMaintenance>) -> Option<String> {
    let named = systems.iter().take(MOST_NAMED);
    let named = named.map(|(system, open)| format!("{system} until {} ({})", zoned(open.until), open.window));
    let more = systems.len().checked_sub(MOST_NAMED).filter(|more| *more > 0).map(|more| counted(more, "more system"));
    let parts: Vec<String> = named.chain(more).collect();
    (!parts.is_empty()).then(|| format!("{head}: {}", parts.join(", ")))
}
