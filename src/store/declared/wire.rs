//! Owns the JSON in which declared objects are stored. This and every later version can read it.

mod correction;
mod maintenance;
mod system;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::account::hindsight::LONGEST_HINDSIGHT_MS;
use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted, Objective};
use crate::domain::account::schedule::{Schedule, Shift};
use crate::domain::account::weights::{FULL, Weights};
use crate::domain::health::transition::Status;
use crate::domain::rules::condition::{Condition, Scope, Severity, Term};
use crate::domain::value::calendar::{CalendarUnit, Date};
use crate::domain::value::decimal::Decimal;
use crate::domain::value::hours::{Hours, parse_time, parse_weekday};
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;
use crate::store::database::open::Unreadable;
use crate::store::facts::history::stored_name;
pub(in crate::store) use correction::{read_correction, write_correction};
pub(in crate::store) use maintenance::{read_covered, read_maintenance, read_schedule, write_maintenance};
pub(in crate::store) use system::{read_system, write_system};

#[derive(Serialize, Deserialize)]
struct WireMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl WireMetadata {
    fn of(metadata: &Metadata) -> Self {
        let Metadata { name: _, title, description, labels, annotations } = metadata.clone();
        let labels = labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { title, description, labels, annotations }
    }

    fn named(self, name: &str) -> Result<Metadata> {
        let Self { title, description, labels, annotations } = self;
        Ok(Metadata { name: stored_name(name)?, title, description, labels: labels.into(), annotations })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireObjective {
    metadata: WireMetadata,
    system: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    healthcheck: Option<String>,
    /// Millionths of a percent.
    target: i64,
    window: WireWindow,
    /// Zone of its days; calendar windows have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    dependency_exclusion: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    excluded_dependencies: Vec<String>,
    exclude_maintenance_windows: bool,
    counts_as_down: Vec<String>,
    /// Of these statuses, in thousandths; empty if all count in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<i64>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    minimum_outage: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    attribution_grace: i64,
    not_counted_maintenance: bool,
    not_counted_unknown: bool,
    /// In the zone of the objective's days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<WireShift>,
    /// Millionths.
    warning_percent: i64,
    critical_percent: i64,
    fast_burn_multiplier: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireShift {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weekdays: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    except_dates: Vec<String>,
}

impl WireShift {
    fn of(shift: &Shift) -> Self {
        let hours = &shift.hours;
        Self {
            weekdays: hours.weekdays.iter().map(ToString::to_string).collect(),
            after: hours.after.map(Hours::clock),
            before: hours.before.map(Hours::clock),
            except_dates: shift.except.iter().map(ToString::to_string).collect(),
        }
    }

    fn in_zone(self, zone: Tz) -> Result<Shift> {
        let time = |text: Option<String>| {
            text.map(|text| parse_time(&text).map_err(|_| unknown("time of day", &text))).transpose()
        };
        let weekday = |text: String| parse_weekday(&text).map_err(|_| unknown("weekday", &text));
        let weekdays = self.weekdays.into_iter().map(weekday).collect::<Result<_>>()?;
        let hours = Hours::new(time(self.after)?, time(self.before)?, weekdays, zone);
        let except = dates(self.except_dates)?;
        Ok(Shift { hours: hours.map_err(|(message, _)| unknown("schedule", &message))?, except })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WireWindow {
    RollingDays(u32),
    Calendar { unit: String, timezone: String },
}

fn dates(texts: Vec<String>) -> Result<Vec<Date>> {
    texts.into_iter().map(|text| Date::parse(&text).ok_or_else(|| unknown("date", &text))).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on references")]
fn is_zero(millis: &i64) -> bool {
    *millis == 0
}

/// Checks a duration of an objective.
fn hindsight(millis: i64) -> Result<i64> {
    let known = Some(millis).filter(|millis| (0..=LONGEST_HINDSIGHT_MS).contains(millis));
    known.ok_or_else(|| unknown("length of time", &millis.to_string()))
}

pub(super) fn write_objective(objective: &Objective) -> Result<String> {
    let (window, timezone) = match objective.window {
        Window::Rolling { days, zone } => {
            (WireWindow::RollingDays(days), (zone != Tz::UTC).then(|| zone.name().to_owned()))
        }
        Window::Calendar { unit, zone } => {
            (WireWindow::Calendar { unit: unit.as_str().to_owned(), timezone: zone.name().to_owned() }, None)
        }
    };
    let thresholds = objective.thresholds;
    let weights = objective.counts_as_down.iter().map(|(_, weight)| weight);
    Ok(serde_json::to_string(&WireObjective {
        metadata: WireMetadata::of(&objective.metadata),
        system: objective.system.to_string(),
        healthcheck: objective.healthcheck.as_ref().map(Name::to_string),
        target: objective.target.percent().millionths(),
        window,
        timezone,
        dependency_exclusion: objective.dependency_exclusion.as_str().to_owned(),
        excluded_dependencies: objective.excluded_dependencies.iter().map(Name::to_string).collect(),
        exclude_maintenance_windows: objective.exclude_maintenance_windows,
        counts_as_down: objective.counts_as_down.iter().map(|(status, _)| status.as_str().to_owned()).collect(),
        weights: if objective.counts_as_down.are_full() { Vec::new() } else { weights.collect() },
        minimum_outage: objective.minimum_outage_ms,
        attribution_grace: objective.attribution_grace_ms,
        not_counted_maintenance: objective.not_counted.maintenance,
        not_counted_unknown: objective.not_counted.unknown,
        schedule: objective.schedule.shifts().iter().map(WireShift::of).collect(),
        warning_percent: thresholds.warning_percent.millionths(),
        critical_percent: thresholds.critical_percent.millionths(),
        fast_burn_multiplier: thresholds.fast_burn_multiplier.millionths(),
    })?)
}

pub(super) fn read_objective(name: &str, body: &str) -> Result<Objective> {
    let wire: WireObjective = serde_json::from_str(body).with_context(|| format!("the stored SLO {name}"))?;
    let target =
        Target::new(Decimal::from_millionths(wire.target)).map_err(|_| unknown("target", &wire.target.to_string()))?;
    let read_zone = |zone: &str| zone.parse().map_err(|_| unknown("timezone", zone));
    let window = match wire.window {
        WireWindow::RollingDays(days) => {
            Window::Rolling { days, zone: wire.timezone.as_deref().map_or(Ok(Tz::UTC), read_zone)? }
        }
        WireWindow::Calendar { unit, timezone } => Window::Calendar {
            unit: CalendarUnit::parse(&unit).ok_or_else(|| unknown("calendar", &unit))?,
            zone: read_zone(&timezone)?,
        },
    };
    let exclusion = &wire.dependency_exclusion;
    let weight = |index: usize| wire.weights.get(index).copied().unwrap_or(FULL);
    let counts_as_down =
        wire.counts_as_down.iter().enumerate().try_fold(Weights::default(), |known, (index, text)| {
            let weight = Some(weight(index)).filter(|weight| (1..=FULL).contains(weight));
            let status = Status::parse(text.as_bytes()).ok_or_else(|| unknown("status", text))?;
            Ok::<_, anyhow::Error>(known.with(status, weight.ok_or_else(|| unknown("weight of", text))?))
        })?;
    let shift = |shift: WireShift| shift.in_zone(window.calendar().zone);
    let shifts = wire.schedule.into_iter().map(shift).collect::<Result<_>>()?;
    Ok(Objective {
        metadata: wire.metadata.named(name)?,
        system: stored_name(&wire.system)?,
        healthcheck: wire.healthcheck.as_deref().map(stored_name).transpose()?,
        target,
        window,
        dependency_exclusion: DependencyExclusion::parse(exclusion)
            .ok_or_else(|| unknown("dependencyExclusion", exclusion))?,
        excluded_dependencies: wire
            .excluded_dependencies
            .iter()
            .map(|name| stored_name(name))
            .collect::<Result<_>>()?,
        exclude_maintenance_windows: wire.exclude_maintenance_windows,
        counts_as_down,
        minimum_outage_ms: hindsight(wire.minimum_outage)?,
        attribution_grace_ms: hindsight(wire.attribution_grace)?,
        not_counted: NotCounted { maintenance: wire.not_counted_maintenance, unknown: wire.not_counted_unknown },
        schedule: Schedule::of(shifts),
        thresholds: BurnRateThresholds {
            warning_percent: Decimal::from_millionths(wire.warning_percent),
            critical_percent: Decimal::from_millionths(wire.critical_percent),
            fast_burn_multiplier: Decimal::from_millionths(wire.fast_burn_multiplier),
        },
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCondition {
    metadata: WireMetadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objective: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selector: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// Labels of systems; empty selects all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system_selector: Option<String>,
    /// The expression on one line.
    expression: String,
    severity: String,
}

pub(super) fn write_condition(condition: &Condition) -> Result<String> {
    let scope = &condition.scope;
    let text = |found: Option<&dyn ToString>| found.map(ToString::to_string);
    Ok(serde_json::to_string(&WireCondition {
        metadata: WireMetadata::of(&condition.metadata),
        objective: text(if let Scope::Objective(name) = scope { Some(name) } else { None }),
        selector: text(if let Scope::Matching(selector) = scope { Some(selector) } else { None }),
        system: text(if let Scope::System(name) = scope { Some(name) } else { None }),
        system_selector: text(if let Scope::Systems(selector) = scope { Some(selector) } else { None }),
        expression: condition.when.to_string(),
        severity: condition.severity.as_str().to_owned(),
    })?)
}

pub(in crate::store) fn read_condition(name: &str, body: &str) -> Result<Condition> {
    let wire: WireCondition = serde_json::from_str(body).with_context(|| format!("the stored Condition {name}"))?;
    let selector = |text: &str| match text {
        "" => Ok(Selector::labels(&BTreeMap::new())),
        labels => Selector::parse(labels).map_err(|_| unknown("selector", labels)),
    };
    let scope = match &wire {
        WireCondition { objective: Some(objective), .. } => Scope::Objective(stored_name(objective)?),
        WireCondition { selector: Some(labels), .. } => Scope::Matching(selector(labels)?),
        WireCondition { system: Some(system), .. } => Scope::System(stored_name(system)?),
        WireCondition { system_selector: Some(labels), .. } => Scope::Systems(selector(labels)?),
        _ => Scope::All,
    };
    Ok(Condition {
        metadata: wire.metadata.named(name)?,
        when: Term::parse(&wire.expression, scope.owner()).map_err(|_| unknown("expression", &wire.expression))?,
        scope,
        severity: Severity::parse(&wire.severity).ok_or_else(|| unknown("severity", &wire.severity))?,
    })
}

fn unknown(field: &str, value: &str) -> anyhow::Error {
    Unreadable(format!("stored {field} {value:?} is not one this version knows")).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rules::condition::Owner;
    use crate::domain::rules::condition::tests::term_for;

    proptest! {
        #[test]
        fn a_stored_condition_reads_back_as_it_was(
            own in term_for(Owner::Objective),
            of_system in term_for(Owner::System),
            scope in 0..6,
            severity in 0..3usize,
        ) {
            let name = Name::parse("some").unwrap();
            let labels = BTreeMap::from([("a.b/c".to_owned(), "x".to_owned()), ("d".to_owned(), String::new())]);
            let scope = match scope {
                0 => Scope::All,
                1 => Scope::Objective(name.clone()),
                2 => Scope::Matching(Selector::labels(&labels)),
                3 => Scope::System(name.clone()),
                4 => Scope::Systems(Selector::labels(&labels)),
                _ => Scope::Systems(Selector::labels(&BTreeMap::new())),
            };
            let term = if scope.owner() == Owner::System { of_system } else { own };
            let (title, description) = (Some("t".to_owned()), None);
            let metadata = Metadata { name, title, description, labels: labels.into(), annotations: BTreeMap::new() };
            let condition = Condition { metadata, scope, when: term, severity: Severity::ALL[severity] };
            let body = write_condition(&condition).unwrap();
            prop_assert_eq!(read_condition("some", &body).unwrap(), condition, "{}", body);
        }
    }
}
