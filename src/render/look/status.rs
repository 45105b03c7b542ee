//! Owns how objectives' reports look: the table of `status`.

mod footer;
mod groups;
mod wire;

use std::collections::BTreeMap;

use super::health::ago;
use crate::domain::budget::balance::{Budget, ONE_HOUR, State};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::render::form::number::{counted, percent, rate, short_down, short_scaled, short_time, signed_percent};
use crate::render::part::down::{DOWN, Room, down_cell, down_now};
use crate::render::part::maintenance::{in_maintenance, maintained_besides, maintenance_cell};
use crate::render::part::period;
use crate::render::{Canvas, Cell, Sheet, Tone};
use footer::{blind_spots, last_data, outlooks};

pub(crate) use crate::domain::budget::printed::remaining_percent;
pub(crate) use groups::Grouped;
pub(crate) use wire::{document, values};

/// Marks objects that their set no longer declares.
const ORPHAN: &str = "∅";
/// The meaning of the mark.
const ORPHANS: &str = "∅ orphaned: no longer declared in its set; active until `slo apply --prune`";

/// How much the table shows of each objective.
#[derive(Clone, Copy)]
struct Detail {
    /// Whether the state is written out; else only its sign is shown, which the summary explains.
    named: bool,
    /// The width of the bar.
    bar: usize,
    wide: bool,
}

/// From the most informative table to the narrowest.
const DETAILS: [Detail; 5] = [
    Detail { named: true, bar: 20, wide: false },
    Detail { named: true, bar: 10, wide: false },
    Detail { named: true, bar: 5, wide: false },
    Detail { named: false, bar: 5, wide: false },
    Detail { named: false, bar: 0, wide: false },
];

/// The answer of `status` for people, as informative as the canvas allows.
pub(crate) fn sheet(reports: &[ObjectiveReport], besides: Besides<'_>, wide: bool, canvas: Canvas) -> Sheet {
    with(besides, reports, fitted(reports, besides.0.is_some(), wide, canvas))
}

/// The answer of `status` for a page.
pub(crate) fn markdown(reports: &[ObjectiveReport], besides: Besides<'_>) -> String {
    with(besides, reports, on_page(reports, besides.0.is_some())).markdown()
}

/// What the lines below a table also tell: the period, and the systems in maintenance that have no objective.
type Besides<'b> = (Option<&'b Frame>, &'b BTreeMap<Name, InMaintenance>);

fn with((frame, maintained): Besides<'_>, reports: &[ObjectiveReport], mut sheet: Sheet) -> Sheet {
    sheet.footer.extend(maintained_besides(maintained));
    sheet.footer.extend(frame.map(|frame| period::line(frame, reports)));
    sheet
}

/// For objectives' own periods, or a requested one.
fn fitted(reports: &[ObjectiveReport], is_requested: bool, wide: bool, canvas: Canvas) -> Sheet {
    let full = Detail { named: true, bar: 10, wide };
    if wide || canvas.width.is_none() {
        return drawn(reports, is_requested, full);
    }
    let mut best = drawn(reports, is_requested, DETAILS[0]);
    for detail in &DETAILS[1..] {
        if best.fits(canvas) {
            break;
        }
        best = drawn(reports, is_requested, *detail);
    }
    best
}

/// All of it, for a page.
fn on_page(reports: &[ObjectiveReport], is_requested: bool) -> Sheet {
    drawn(reports, is_requested, Detail { named: true, bar: 0, wide: false })
}

fn drawn(reports: &[ObjectiveReport], is_requested: bool, detail: Detail) -> Sheet {
    let mut sheet = Sheet::new().left(if detail.named { "STATE" } else { "" });
    // Being down now is shown next to any state; without it, the column is left out.
    let some_down = reports.iter().any(|report| report.down.is_some());
    if some_down {
        sheet = sheet.left(if detail.named { "DOWN SINCE" } else { "DOWN" });
    }
    // The answer first: columns that may disappear come last.
    sheet = sheet.left("OBJECTIVE").names().left("BUDGET LEFT").right("AVAIL").optional().right("TARGET").optional();
    sheet = sheet.right("BURN").optional().right("STREAK").optional().left("SYSTEM").optional();
    // Left out if there is nothing to say, like the column for being down.
    let some_maintained = reports.iter().any(|report| report.maintenance.is_some());
    if some_maintained {
        sheet = sheet.left("MAINTENANCE").optional();
    }
    if detail.wide {
        sheet = sheet.left("WINDOW").left("CHECK").right("CONSUMED").right("STRICT").right("1H BURN");
        sheet = sheet.right("BEST").right("COVERAGE").right("LAST SEEN").left("MODE").left("LABELS");
        sheet.overflows = true;
    }
    let room = match detail {
        Detail { wide: true, .. } => Room::All,
        Detail { named: true, .. } => Room::Some,
        Detail { named: false, .. } => Room::Little,
    };
    for report in reports {
        let mut cells = row(report, detail);
        if some_down {
            cells.insert(1, down_cell(report, room));
        }
        if some_maintained {
            cells.insert(ROW + usize::from(some_down), maintenance_cell(report));
        }
        sheet.push(cells);
    }
    sheet.footer.push(summary(reports));
    sheet.footer.extend(down_now(reports, reports.iter().any(ObjectiveReport::is_over)));
    sheet.footer.extend(in_maintenance(reports));
    sheet.footer.extend(outlooks(reports, is_requested));
    sheet.footer.extend(blind_spots(reports));
    sheet.footer.extend(last_data(reports));
    sheet.footer.extend(reports.iter().any(|report| report.orphaned).then(|| ORPHANS.to_owned()));
    sheet
}

/// The cells of a row that is not wide.
const ROW: usize = 8;

fn row(report: &ObjectiveReport, detail: Detail) -> Vec<Cell> {
    let budget = &report.budget;
    let tone = tone(report.state);
    let no_data = report.state == State::NoData;
    let known = |cell: Cell| if no_data { Cell::toned("–", Tone::Faint) } else { cell };
    let sign = symbol(report.state);
    let state = if detail.named { format!("{sign} {}", report.state.as_str()) } else { sign.to_owned() };
    let mut cells = vec![
        Cell::toned(state, tone),
        Cell::toned(marked(report.objective.as_str(), report.orphaned), Tone::Strong),
        known(Cell::toned(bar(report, detail.bar), tone)),
        known(Cell::plain(available(budget, budget.consumed_us()))),
        Cell::plain(budget.target.percent().to_string()),
        known(Cell::plain(rate(report.burn_rate.value()))),
        Cell::plain(format!("{}d", report.streak.current)),
        Cell::plain(report.system.as_str()),
    ];
    if detail.wide {
        let labels: Vec<String> = report.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let known = budget.known_ms();
        cells.extend([
            Cell::plain(report.window_kind.to_string()),
            Cell::plain(report.healthcheck.as_ref().map_or("", |name| name.as_str())),
            Cell::plain(short_down(budget.consumed_us())),
            Cell::plain(short_down(budget.tally.strict_us())),
            Cell::plain(rate(report.burn_rates()[ONE_HOUR].value())),
            Cell::plain(format!("{}d", report.streak.best)),
            Cell::plain(signed_percent(i128::from(known), i128::from(budget.elapsed.millis()), 1)),
            Cell::plain(ago(report.data_age_ms())),
            Cell::plain(budget.exclusion.as_str()),
            Cell::plain(labels.join(",")),
        ]);
    }
    cells
}

/// The share of the budget left, as a bar and a number; negative if overspent.
fn bar(report: &ObjectiveReport, width: usize) -> String {
    let budget = &report.budget;
    let left = remaining_percent(budget);
    // Floored, but the last of it is still visible.
    let filled = ((left / 100.0 * width as f64) as usize).max(usize::from(left > 0.0)).min(width);
    let gap = if width == 0 { "" } else { " " };
    let drawn = format!("{}{}{gap}", "█".repeat(filled), "░".repeat(width - filled));
    let (share, time) = budget_left(budget);
    format!("{drawn}{share:>3}% {time:>5}")
}

/// The budget left, in whole percent and as time; negative if overspent.
pub(super) fn budget_left(budget: &Budget) -> (String, String) {
    if budget.is_breaching() {
        ("0".to_owned(), format!("-{}", short_scaled(budget.overspent())))
    } else if budget.total() == 0 {
        (format!("{:.0}", remaining_percent(budget)), short_time(0))
    } else {
        (percent(budget.remaining(), budget.total(), 0), short_scaled(budget.remaining()))
    }
}

/// The availability of an objective over the elapsed window, floored to the digits of its target, at least two.
pub(super) fn available(budget: &Budget, down_us: i64) -> String {
    let decimals = budget.target.percent().to_string().split_once('.').map_or(0, |(_, digits)| digits.len() as u32);
    let (part, whole) = budget.available(down_us);
    percent(part, whole, decimals.max(2))
}

/// A name, marked if its set no longer declares it.
pub(crate) fn marked(name: &str, orphaned: bool) -> String {
    if orphaned { format!("{name} {ORPHAN}") } else { name.to_owned() }
}

/// A sign for each state, readable without color.
pub(crate) const fn symbol(state: State) -> &'static str {
    match state {
        State::NoData => "?",
        State::Breaching => "✖",
        State::Down => DOWN,
        State::AtRisk => "!",
        State::Healthy => "✔",
    }
}

pub(crate) const fn tone(state: State) -> Tone {
    match state {
        State::NoData => Tone::Faint,
        State::Breaching => Tone::Bad,
        State::Down | State::AtRisk => Tone::Warning,
        State::Healthy => Tone::Good,
    }
}

fn summary(reports: &[ObjectiveReport]) -> String {
    let states = State::ALL.into_iter().filter_map(|state| {
        let count = reports.iter().filter(|report| report.state == state).count();
        (count > 0).then(|| format!("{count} {} {}", symbol(state), state.as_str()))
    });
    let states: Vec<String> = states.collect();
    if reports.is_empty() {
        return "no objectives".to_owned();
    }
    format!("{}: {}", counted(reports.len(), "objective"), states.join(", "))
}
