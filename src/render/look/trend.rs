//! Owns how daily snapshots look.

use crate::render::form::number::{counted, down_minutes, percent, rate, short_down};
use anyhow::Result;
use serde::Serialize;

use crate::domain::budget::balance::Budget;
use crate::domain::budget::printed::availability_percent;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSnapshot {
    objective_id: String,
    /// The day that ends with the snapshot, in the objective's zone.
    date: String,
    availability_percent: Option<f64>,
    budget_consumed_minutes: f64,
    budget_remaining_percent: f64,
    burn_rate: Option<f64>,
    streak_days: u32,
}

fn available(budget: &Budget) -> (i128, i128) {
    budget.available(budget.consumed_us())
}

pub(in crate::render) fn rows(snapshots: &[Snapshot]) -> impl Serialize {
    let wire = |snapshot: &Snapshot| WireSnapshot {
        objective_id: snapshot.objective.to_string(),
        date: snapshot.date.to_string(),
        availability_percent: availability_percent(&snapshot.budget, snapshot.budget.consumed_us()),
        budget_consumed_minutes: down_minutes(snapshot.budget.consumed_us()),
        budget_remaining_percent: super::status::remaining_percent(&snapshot.budget),
        burn_rate: snapshot.budget.burn_rate().value(),
        streak_days: snapshot.streak,
    };
    snapshots.iter().map(wire).collect::<Vec<_>>()
}

/// The snapshots for programs, oldest first.
pub(crate) fn document(snapshots: &[Snapshot], as_of: Instant) -> Result<Document> {
    Document::list(as_of, "snapshots", &rows(snapshots))
}

/// The snapshots for people, objective by objective, oldest first.
pub(crate) fn sheet(snapshots: &[Snapshot]) -> Sheet {
    const WIDTH: usize = 20;
    let mut named: Vec<&Name> = snapshots.iter().map(|snapshot| &snapshot.objective).collect();
    named.dedup();
    let many = named.len() > 1;
    let mut sheet = if many { Sheet::new().left("OBJECTIVE").names() } else { Sheet::new() };
    sheet = sheet.left("DAY").right("AVAIL").optional().left("BUDGET LEFT").bars().right("");
    sheet = sheet.right("CONSUMED").optional().right("BURN").optional().right("STREAK").optional();
    for snapshot in snapshots {
        let budget = &snapshot.budget;
        let (part, whole) = available(budget);
        let left = super::status::remaining_percent(budget);
        let filled = ((left / 100.0 * WIDTH as f64).ceil() as usize).min(WIDTH);
        let tone = match () {
            () if budget.is_breaching() => Tone::Bad,
            () if budget.is_at_risk() => Tone::Warning,
            () => Tone::Good,
        };
        let name = many.then(|| Cell::toned(snapshot.objective.as_str(), Tone::Strong));
        let cells = vec![
            Cell::plain(snapshot.date.to_string()),
            Cell::plain(percent(part, whole, 3)),
            Cell::toned(format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH - filled)), tone),
            Cell::plain(format!("{}%", left.floor())),
            Cell::plain(short_down(budget.consumed_us())),
            Cell::plain(rate(budget.burn_rate().value())),
            Cell::plain(format!("{}d", snapshot.streak)),
        ];
        sheet.push(name.into_iter().chain(cells).collect());
    }
    if let Some(last) = snapshots.last() {
        let whose = if many { counted(named.len(), "objective") } else { last.objective.to_string() };
        sheet.footer.push(format!("{whose}: {}, each at its close", counted(snapshots.len(), "day")));
    }
    sheet
}
