//! Owns how objectives' reports look: the table of `status`, and its JSON shape.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::Result;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::number::{minutes, percent, rate, ratio_percent, scaled_minutes, short_time};
use super::{Cell, Document, Sheet, Tone};
use crate::domain::budget::{BurnRate, LOOKBACKS, State};
use crate::domain::instant::Instant;
use crate::domain::report::ObjectiveReport;
use crate::domain::target::WHOLE;
use crate::domain::window::Window;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireObjective<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    healthcheck: Option<&'a str>,
    labels: &'a BTreeMap<String, String>,
    target: f64,
    window_days: Option<u32>,
    window: WireWindow,
    dependency_exclusion: &'static str,
    error_budget_total_minutes: f64,
    error_budget_consumed_strict_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_remaining_minutes: f64,
    error_budget_overspent_minutes: f64,
    budget_remaining_percent: f64,
    current_availability: Option<f64>,
    strict_availability: Option<f64>,
    is_breaching: bool,
    has_open_downtime: bool,
    attribution: Vec<WireAttribution<'a>>,
    excluded_minutes: f64,
    not_counted_minutes: f64,
    coverage_percent: Option<f64>,
    state: &'static str,
    budget_tier: &'static str,
    burn_rate: Option<f64>,
    burn_rates: WireBurnRates,
    fast_burn: bool,
    current_streak: u32,
    best_streak: u32,
    streak_start: Option<String>,
    best_streak_end: Option<String>,
    forecast: WireForecast,
}

/// Burn rates by the names of their lookbacks.
struct WireBurnRates([Option<f64>; 7]);

impl Serialize for WireBurnRates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for ((name, _), rate) in LOOKBACKS.iter().zip(&self.0) {
            map.serialize_entry(name, rate)?;
        }
        map.end()
    }
}

/// All rows of the answer, made one after the other as they are written.
struct WireObjectives(Rc<[ObjectiveReport]>);

impl Serialize for WireObjectives {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireObjective::of))
    }
}

#[derive(Serialize)]
struct WireWindow {
    r#type: &'static str,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAttribution<'a> {
    source_type: &'static str,
    system_id: Option<&'a str>,
    minutes: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireForecast {
    exhausted_at: Option<String>,
    recovers_at: Option<String>,
    full_at: Option<String>,
}

impl<'a> WireObjective<'a> {
    fn of(report: &'a ObjectiveReport) -> Self {
        let budget = &report.budget;
        let (elapsed, length) = (budget.elapsed.millis(), budget.elapsed_length_ms());
        let text = |at: Option<Instant>| at.map(|at| at.to_string());
        let availability = |down: i64| ratio_percent(i128::from(length - down), i128::from(length));
        let (window_days, kind, calendar, timezone) = match report.window_kind {
            Window::Rolling { days } => (Some(days), "rolling", None, None),
            Window::Calendar { unit, zone } => (None, "calendar", Some(unit.as_str()), Some(zone.name())),
        };
        Self {
            objective_id: report.objective.as_str(),
            system_id: report.system.as_str(),
            healthcheck: report.healthcheck.as_ref().map(|name| name.as_str()),
            labels: &report.labels,
            target: budget.target.percent().to_f64(),
            window_days,
            window: WireWindow {
                r#type: kind,
                start: budget.window.start.to_string(),
                end: budget.window.end.to_string(),
                calendar,
                timezone,
            },
            dependency_exclusion: budget.exclusion.as_str(),
            error_budget_total_minutes: scaled_minutes(budget.total()),
            error_budget_consumed_strict_minutes: minutes(budget.tally.strict_ms()),
            error_budget_consumed_minutes: minutes(budget.consumed_ms()),
            error_budget_remaining_minutes: scaled_minutes(budget.remaining()),
            error_budget_overspent_minutes: scaled_minutes(budget.overspent()),
            budget_remaining_percent: remaining_percent(report),
            current_availability: availability(budget.consumed_ms()),
            strict_availability: availability(budget.tally.strict_ms()),
            is_breaching: budget.is_breaching(),
            has_open_downtime: report.has_open_downtime,
            attribution: report.attribution.iter().map(|(system, ms)| attribution(system.as_ref(), *ms)).collect(),
            excluded_minutes: minutes(budget.tally.excluded_ms),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            coverage_percent: ratio_percent(i128::from(elapsed - budget.tally.unknown_ms), i128::from(elapsed)),
            state: report.state.as_str(),
            budget_tier: report.tier.as_str(),
            burn_rate: report.burn_rate.value(),
            burn_rates: WireBurnRates(report.burn_rates.map(BurnRate::value)),
            fast_burn: report.fast_burn,
            current_streak: report.streak.current,
            best_streak: report.streak.best,
            streak_start: text(report.streak.start),
            best_streak_end: text(report.streak.best_end),
            forecast: WireForecast {
                exhausted_at: text(report.forecast.exhausted_at),
                recovers_at: text(report.forecast.recovers_at),
                full_at: text(report.forecast.full_at),
            },
        }
    }
}

fn attribution(system: Option<&crate::domain::name::Name>, millis: i64) -> WireAttribution<'_> {
    let source_type = if system.is_some() { "upstream" } else { "self" };
    WireAttribution { source_type, system_id: system.map(|name| name.as_str()), minutes: minutes(millis) }
}

/// `budgetRemainingPercent`: 100 or 0 when there is no budget at all.
pub(crate) fn remaining_percent(report: &ObjectiveReport) -> f64 {
    let whole = if report.budget.consumed_ms() == 0 { 100.0 } else { 0.0 };
    ratio_percent(report.budget.remaining(), report.budget.total()).unwrap_or(whole)
}

/// Sorts reports worst first: by state, then remaining budget, then name.
pub(crate) fn sort(reports: &mut [ObjectiveReport]) {
    reports.sort_by(|a, b| {
        let remaining = remaining_percent(a).total_cmp(&remaining_percent(b));
        a.state.cmp(&b.state).then(remaining).then_with(|| a.objective.cmp(&b.objective))
    });
}

/// The values of one report by their JSON names.
///
/// # Errors
/// When they cannot be represented.
pub(crate) fn values(report: &ObjectiveReport) -> Result<Value> {
    Ok(serde_json::to_value(WireObjective::of(report))?)
}

/// The answer of `status` for programs.
pub(crate) fn document(reports: &Rc<[ObjectiveReport]>, as_of: Instant) -> Document {
    Document::large_list(as_of, "objectives", WireObjectives(Rc::clone(reports)))
}

/// The answer of `status` for people.
pub(crate) fn sheet(reports: &[ObjectiveReport], wide: bool) -> Sheet {
    let mut sheet = Sheet::new().left("STATE").left("OBJECTIVE").left("SYSTEM").right("TARGET").right("AVAIL");
    sheet = sheet.left("BUDGET LEFT").right("BURN").right("STREAK");
    if wide {
        sheet = sheet.left("WINDOW").left("CHECK").right("CONSUMED").right("STRICT").right("1H BURN");
        sheet = sheet.right("BEST").right("COVERAGE").left("MODE").left("LABELS");
    }
    for report in reports {
        sheet.push(row(report, wide));
    }
    sheet.footer.push(summary(reports));
    sheet
}

fn row(report: &ObjectiveReport, wide: bool) -> Vec<Cell> {
    let budget = &report.budget;
    let decimals = budget.target.percent().to_string().split_once('.').map_or(0, |(_, digits)| digits.len() as u32);
    let length = i128::from(budget.elapsed_length_ms());
    let tone = tone(report.state);
    let no_data = report.state == State::NoData;
    let faint = |text: String| Cell::toned(text, if no_data { Tone::Faint } else { Tone::Plain });
    let available = percent(length - i128::from(budget.consumed_ms()), length, decimals.max(2));
    let mut cells = vec![
        Cell::toned(format!("{} {}", symbol(report.state), report.state.as_str()), tone),
        Cell::toned(report.objective.as_str(), Tone::Strong),
        Cell::plain(report.system.as_str()),
        Cell::plain(budget.target.percent().to_string()),
        if no_data { faint("–".to_owned()) } else { Cell::plain(available) },
        if no_data { faint("–".to_owned()) } else { Cell::toned(bar(report, if wide { 20 } else { 5 }), tone) },
        if no_data { faint("–".to_owned()) } else { Cell::plain(rate(report.burn_rate.value())) },
        Cell::plain(format!("{}d", report.streak.current)),
    ];
    if wide {
        let labels: Vec<String> = report.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let known = budget.elapsed.millis() - budget.tally.unknown_ms;
        cells.extend([
            Cell::plain(report.window_kind.to_string()),
            Cell::plain(report.healthcheck.as_ref().map_or("", |name| name.as_str())),
            Cell::plain(short_time(budget.consumed_ms())),
            Cell::plain(short_time(budget.tally.strict_ms())),
            Cell::plain(rate(report.burn_rates[crate::domain::budget::ONE_HOUR].value())),
            Cell::plain(format!("{}d", report.streak.best)),
            Cell::plain(percent(i128::from(known), i128::from(budget.elapsed.millis()), 1) + "%"),
            Cell::plain(budget.exclusion.as_str()),
            Cell::plain(labels.join(",")),
        ]);
    }
    cells
}

/// The share of the budget that is left, drawn and in numbers; what is overspent has a minus.
fn bar(report: &ObjectiveReport, width: usize) -> String {
    let budget = &report.budget;
    let left = remaining_percent(report);
    let filled = ((left / 100.0 * width as f64).ceil() as usize).min(width);
    let drawn = format!("{}{}", "█".repeat(filled), "░".repeat(width - filled));
    if budget.is_breaching() {
        let over = (budget.overspent() / i128::from(WHOLE)) as i64;
        return format!("{drawn} -{}", short_time(over.max(1)));
    }
    let share = if budget.total() == 0 { "100".to_owned() } else { percent(budget.remaining(), budget.total(), 0) };
    let time = short_time((budget.remaining() / i128::from(WHOLE)) as i64);
    format!("{drawn} {share:>3}% {time}")
}

/// A sign for each state that reads without colour.
pub(crate) const fn symbol(state: State) -> &'static str {
    match state {
        State::NoData => "?",
        State::Breaching => "✖",
        State::Degraded => "▼",
        State::AtRisk => "!",
        State::Healthy => "✔",
    }
}

const fn tone(state: State) -> Tone {
    match state {
        State::NoData => Tone::Faint,
        State::Breaching => Tone::Bad,
        State::Degraded | State::AtRisk => Tone::Warning,
        State::Healthy => Tone::Good,
    }
}

fn summary(reports: &[ObjectiveReport]) -> String {
    let counted = State::ALL.into_iter().filter_map(|state| {
        let count = reports.iter().filter(|report| report.state == state).count();
        (count > 0).then(|| format!("{count} {}", state.as_str()))
    });
    let counted: Vec<String> = counted.collect();
    let plural = if reports.len() == 1 { "" } else { "s" };
    format!("{} objective{plural}: {}", reports.len(), counted.join(", "))
}
