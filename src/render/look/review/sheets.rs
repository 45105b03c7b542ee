//! Owns the tables of a review for people: groups, objectives, outages.

use crate::domain::account::weights::FULL;
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::level::{Interruptions, Outcome, Summary};
use crate::domain::budget::review::{Entry, Interruption, Review, Section};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::form::number::{counted, percent, short_down, short_time};
use crate::render::look::status::available;
use crate::render::{Cell, Sheet, Tone};

/// Digits of availabilities without a target of their own.
const DIGITS: u32 = 3;

/// One part of a review.
pub(super) struct Part {
    pub(super) title: String,
    pub(super) sheet: Sheet,
}

pub(super) fn parts(review: &Review) -> Vec<Part> {
    let mut parts = vec![Part { title: "Summary".to_owned(), sheet: summary(review) }];
    if review.sections.is_empty() || review.by == Some(GroupBy::Objective) {
        parts.push(Part { title: "Objectives".to_owned(), sheet: objectives(review, &review.total) });
    } else {
        let section = |section: &Section| Part { title: named(review, section), sheet: objectives(review, section) };
        parts.extend(review.sections.iter().map(section));
    }
    parts.push(Part { title: "Outages".to_owned(), sheet: outages(review, &review.total.outages) });
    parts
}

/// The name of a group, or the word for objectives without one.
pub(super) fn named(review: &Review, section: &Section) -> String {
    match (&section.name, &review.by) {
        (Some(name), _) => name.clone(),
        (None, Some(GroupBy::Label(key))) => format!("without {key}"),
        (None, _) => "all".to_owned(),
    }
}

pub(super) fn time(millis: Option<i64>) -> String {
    millis.map_or("–".to_owned(), short_time)
}

/// The sign and the word of an outcome; a running period is not met yet.
pub(super) fn outcome(outcome: Outcome, complete: bool) -> &'static str {
    match outcome {
        Outcome::Missed => "✖ missed",
        Outcome::Met if complete => "✔ met",
        Outcome::Met => "✔ on track",
        Outcome::NoData => "? no data",
    }
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Missed => Tone::Bad,
        Outcome::Met => Tone::Good,
        Outcome::NoData => Tone::Faint,
    }
}

/// The combined availability of some objectives, floored.
pub(super) fn availability(summary: &Summary) -> String {
    let (part, whole) = summary.available(summary.consumed_us);
    percent(part, whole, DIGITS)
}

/// The difference between two shares, in percentage points; of lost microseconds, and of durations in milliseconds.
pub(super) fn change(now: (i64, i64), before: (i64, i64)) -> String {
    let ((lost, length), (lost_before, length_before)) = (now, before);
    if length <= 0 || length_before <= 0 {
        return "–".to_owned();
    }
    let scaled = |lost: i64, length: i64| 100.0 * (1.0 - lost as f64 / (length * FULL) as f64);
    let change = scaled(lost, length) - scaled(lost_before, length_before);
    if change.abs() < 0.0005 { "±0".to_owned() } else { format!("{change:+.3}") }
}

/// Whether any time of the period is under a correction: only then a column shows it.
fn has_corrections(review: &Review) -> bool {
    review.entries.iter().any(|entry| entry.level.report.corrected_ms > 0)
}

/// Whether an MTBF is about several systems.
fn has_groups_of_systems(review: &Review) -> bool {
    let mut systems = review.entries.iter().map(|entry| &entry.level.report.system);
    let first = systems.next();
    review.total.summary.interruptions.mtbf_ms.is_some() && systems.any(|system| Some(system) != first)
}

fn with_corrections(sheet: Sheet, review: &Review) -> Sheet {
    if has_corrections(review) { sheet.right("CORRECTED").optional() } else { sheet }
}

/// One row per group, and one for all.
pub(super) fn summary(review: &Review) -> Sheet {
    let met = if review.is_complete() { "MET" } else { "ON TRACK" };
    let mut sheet = Sheet::new().left("GROUP").names().right("OBJECTIVES").right(met).right("MISSED").right("AVAIL");
    sheet = sheet.right("CHANGE").optional().right("DOWNTIME").right("OUTAGES").optional().right("LONGEST").optional();
    sheet = sheet.right("MTTR").optional().right("MTBF").optional();
    sheet = with_corrections(sheet.right("EXCLUDED").optional().right("COVERAGE").optional(), review);
    let is_grouped = review.by.as_ref().is_some_and(|by| *by != GroupBy::Objective);
    let sections = review.sections.iter().filter(|_| is_grouped);
    for (section, strong) in sections.map(|section| (section, true)).chain([(&review.total, false)]) {
        let (sum, outages) = (&section.summary, &section.summary.interruptions);
        let name = if strong { named(review, section) } else { "all".to_owned() };
        let mut row = vec![
            Cell::toned(name, Tone::Strong),
            Cell::plain(sum.objectives().to_string()),
            Cell::plain(sum.met.to_string()),
            Cell::toned(sum.missed.to_string(), if sum.missed > 0 { Tone::Bad } else { Tone::Plain }),
            Cell::plain(availability(sum)),
            Cell::plain(change(
                (sum.consumed_us, sum.length_ms),
                (section.before.consumed_us, section.before.length_ms),
            )),
        ];
        row.extend(interruptions(outages));
        row.push(Cell::plain(short_down(sum.excluded_us)));
        row.push(Cell::plain(covered(sum.known_ms, sum.elapsed_ms)));
        row.extend(has_corrections(review).then(|| Cell::plain(short_time(sum.corrected_ms))));
        sheet.push(row);
    }
    sheet.footer.push(format!(
        "each outage counts once per system, in the period in which it begins; changes are percentage points compared with {}",
        review.frame.previous()
    ));
    if has_groups_of_systems(review) {
        sheet.footer.push("MTBF of a group: the time of all its systems together, divided by their outages".to_owned());
    }
    sheet
}

/// The share of the elapsed time for which the status was known, in percent.
fn covered(known_ms: i64, elapsed_ms: i64) -> String {
    if elapsed_ms == 0 { "–".to_owned() } else { format!("{}%", percent(known_ms.into(), elapsed_ms.into(), 1)) }
}

/// Downtime, outages, longest, MTTR, MTBF.
fn interruptions(outages: &Interruptions) -> [Cell; 5] {
    let open = if outages.open > 0 { format!(" ({} open)", outages.open) } else { String::new() };
    [
        Cell::plain(short_down(outages.downtime_us)),
        Cell::plain(format!("{}{open}", outages.count)),
        Cell::plain(time(outages.longest_ms)),
        Cell::plain(time(outages.mttr_ms)),
        Cell::plain(time(outages.mtbf_ms)),
    ]
}

pub(super) fn objectives(review: &Review, section: &Section) -> Sheet {
    let mut sheet = Sheet::new().left("RESULT").left("OBJECTIVE").names().right("TARGET").optional().right("AVAIL");
    sheet =
        sheet.right("CHANGE").optional().right("BUDGET USED").right("DOWNTIME").optional().right("OUTAGES").optional();
    sheet = sheet.right("LONGEST").optional().right("MTTR").optional().right("MTBF").optional();
    sheet = sheet.right("EXCLUDED").optional().right("COVERAGE").optional();
    sheet = with_corrections(sheet, review);
    for place in &section.entries {
        let entry = &review.entries[*place];
        let mut row = objective(entry, review.is_complete());
        row.extend(has_corrections(review).then(|| Cell::plain(short_time(entry.level.report.corrected_ms))));
        sheet.push(row);
    }
    sheet
}

fn objective(entry: &Entry, complete: bool) -> Vec<Cell> {
    let (level, budget) = (&entry.level, &entry.level.report.budget);
    let result = level.outcome();
    let known = |cell: Cell| if result == Outcome::NoData { Cell::toned("–", Tone::Faint) } else { cell };
    let before = &entry.before.report.budget;
    let lost_before = if entry.before.outcome() == Outcome::NoData { 0 } else { before.elapsed_length_ms() };
    let change = change((budget.consumed_us(), budget.elapsed_length_ms()), (before.consumed_us(), lost_before));
    let mut row = vec![
        Cell::toned(outcome(result, complete), tone(result)),
        Cell::toned(level.report.objective.as_str(), Tone::Strong),
        Cell::plain(budget.target.percent().to_string()),
        known(Cell::plain(available(budget, budget.consumed_us()))),
        known(Cell::plain(change)),
        known(Cell::plain(used(entry))),
    ];
    row.extend(interruptions(&entry.interruptions));
    row.push(Cell::plain(short_down(budget.tally.excluded_us)));
    row.push(Cell::plain(covered(budget.known_ms(), budget.elapsed.millis())));
    row
}

/// The share of the period's budget that is used.
pub(super) fn used(entry: &Entry) -> String {
    let budget = &entry.level.report.budget;
    if budget.total() == 0 {
        return short_down(budget.consumed_us());
    }
    // An overspent budget never looks as if it were just spent.
    let shows =
        |digits: &u32| budget.consumed() * 100 * 10_i128.pow(*digits) / budget.total() > 100 * 10_i128.pow(*digits);
    let digits = (0..4).find(|digits| !budget.is_breaching() || shows(digits));
    match digits {
        Some(digits) => format!("{}%", percent(budget.consumed(), budget.total(), digits)),
        None => ">100%".to_owned(),
    }
}

/// How much of an outage is charged, or why none is.
fn charged(outage: &Interruption) -> String {
    match outage.charged_us {
        0 if outage.excluded_ms > 0 => "excluded".to_owned(),
        0 if outage.too_short => "too short".to_owned(),
        0 => "outside the schedule".to_owned(),
        micros => short_down(micros),
    }
}

pub(super) fn outages(review: &Review, places: &[usize]) -> Sheet {
    let outages: Vec<&Interruption> = places.iter().map(|place| &review.outages[*place]).collect();
    let mut sheet = Sheet::new().left("SYSTEM").names().left("START").left("END");
    // It says which outages are ongoing.
    if outages.iter().all(|outage| outage.end.is_some()) {
        sheet = sheet.optional();
    }
    sheet = sheet.right("LASTED").optional().right("DOWNTIME").left("CAUSE").names().left("SOURCE").optional();
    sheet = sheet.left("PLANNED").optional().left("NOTE").optional();
    for outage in &outages {
        let end = outage.end.map_or(Cell::toned("open", Tone::Bad), Cell::at);
        sheet.push(vec![
            Cell::toned(outage.system.as_str(), Tone::Strong),
            Cell::at(outage.start),
            end,
            Cell::plain(short_time(outage.span(review.as_of).millis())),
            Cell::plain(charged(outage)),
            Cell::plain(causes(outage)),
            Cell::plain(sources(outage)),
            Cell::plain(planned(outage, review.as_of)),
            Cell::plain(outage.circumstances.note.clone().unwrap_or_default()),
        ]);
    }
    let before = outages.iter().filter(|outage| outage.began_before).count();
    let free = outages.iter().filter(|outage| outage.charged_us == 0).count();
    let of_them =
        |count: usize, what: &str| if count == 0 { String::new() } else { format!(", {count} of them {what}") };
    let (before, free) = (of_them(before, "began before the period"), of_them(free, "not charged"));
    sheet.footer.push(match outages.len() {
        0 => "no outages".to_owned(),
        count => format!("{}{before}{free}", counted(count, "outage")),
    });
    sheet
}

pub(super) fn causes(outage: &Interruption) -> String {
    let causes: Vec<&str> = outage.causes.iter().map(|cause| cause.as_ref().map_or("self", Name::as_str)).collect();
    if causes.is_empty() { "–".to_owned() } else { causes.join(", ") }
}

pub(super) fn sources(outage: &Interruption) -> String {
    outage.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(", ")
}

/// The maintenance during an outage, and for how much of it unless all.
pub(super) fn planned(outage: &Interruption, as_of: Instant) -> String {
    let known = &outage.circumstances;
    let names = known.maintenance.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let is_part = !names.is_empty() && known.planned_ms < outage.span(as_of).millis();
    if is_part { format!("{names} ({})", short_time(known.planned_ms)) } else { names }
}
