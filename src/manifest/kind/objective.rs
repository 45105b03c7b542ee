//! Owns reading the specification of an `SLO`.

mod counted;
mod schedule;
mod spec;
mod window;

use chrono_tz::Tz;

use super::reference::{self, Reference, Role};
use crate::domain::account::hindsight::LONGEST_HINDSIGHT_MS;
use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted, Objective};
use crate::domain::account::weights::Weights;
use crate::domain::health::transition::Status;
use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::decimal::{Decimal, DecimalError};
use crate::domain::value::target::{Target, TargetError};
use crate::domain::value::window::{LONGEST_DAYS, Window};
use crate::manifest::advice;
use crate::manifest::mapping::fields::{Field, Fields, literal};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::Value;
pub(in crate::manifest) use spec::SPEC;
use spec::{THRESHOLDS, WINDOW};
use window::Meant;

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Objective> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let system = fields.require("systemRef", "write systemRef: { kind: System, name: … }", report);
    let system = system.and_then(|field| reference::read(&field, "System", Role::Covers, report));
    let check = fields.get("healthcheckRef");
    let check = check.and_then(|field| reference::read(&field, "Healthcheck", Role::Checks, report));
    let target_field = fields.require("target", "write a percentage such as 99.9", report);
    let target = target_field.as_ref().and_then(|field| read_target(field, report));
    let window = read_window(&fields, report);
    let schedule = schedule::read(&fields, window.map(|window| window.calendar().zone), report);
    let modes = DependencyExclusion::ALL.map(|mode| (mode.as_str(), mode));
    let dependency_exclusion = fields.word("dependencyExclusion", DependencyExclusion::Strict, &modes, report);
    let excluded = reference::read_systems(&fields, "excludedDependencyRefs", Role::Excludes, report);
    let exclude_maintenance_windows = fields.flag("excludeMaintenanceWindows", report);
    let counts_as_down = counted::read(&fields, report);
    let minimum_outage_ms = read_hindsight(&fields, "minimumOutage", report);
    let attribution_grace_ms = read_hindsight(&fields, "attributionGrace", report);
    let not_counted = read_not_counted(&fields, counts_as_down, report);
    let thresholds = read_thresholds(&fields, report);
    if let (Some(field), Some(target), Some(window)) = (&target_field, target, window) {
        let multiplier = fields.get("burnRateThresholds").map_or(field.at, |thresholds| thresholds.at);
        let fast_burn = thresholds.fast_burn_multiplier;
        advice::on_target(target, window, counts_as_down, fast_burn, (field.at, multiplier), report);
    }
    let objective = || {
        Some(Objective {
            metadata: metadata?,
            system: system.as_ref()?.name.clone(),
            healthcheck: check.as_ref().map(|check| check.name.clone()),
            target: target?,
            window: window?,
            dependency_exclusion,
            excluded_dependencies: excluded.iter().map(|reference| reference.name.clone()).collect(),
            exclude_maintenance_windows,
            counts_as_down,
            minimum_outage_ms,
            attribution_grace_ms,
            not_counted,
            schedule: schedule.clone()?,
            thresholds,
        })
    };
    let objective = objective();
    references.extend(system.into_iter().chain(check).chain(excluded));
    objective
}

fn read_target(field: &Field<'_>, report: &mut Report) -> Option<Target> {
    let Some(text) = field.scalar() else {
        field.expected("a percentage such as 99.9", "", report);
        return None;
    };
    if let Some(percent) = as_ratio(text) {
        let shown = literal(text).map_or_else(|| quote(text), |_| text.to_owned());
        report.error(field.at, format!("target {shown} is {text}%"), format!("did you mean {percent}?"));
        return None;
    }
    let (cause, remedy) = match Target::parse(text) {
        Ok(target) if target.percent() > Decimal::whole(1) => return Some(target),
        Ok(target) => (
            format!("is {}%, which is almost certainly a mistake", target.percent()),
            "a target is a percentage above 1, such as 99.9".to_owned(),
        ),
        Err(TargetError::OutOfRange | TargetError::Decimal(DecimalError::TooLarge)) => {
            ("is out of range".to_owned(), "a target is above 1 and at most 100 percent".to_owned())
        }
        Err(TargetError::Decimal(DecimalError::TooFine)) => {
            ("has more than 6 decimals".to_owned(), "targets are exact to a millionth of a percent".to_owned())
        }
        Err(TargetError::Decimal(DecimalError::NotANumber)) => {
            let plainer = text.trim().trim_end_matches('%').trim_end().replace(',', ".");
            let ratio = as_ratio(&plainer).map(|percent| format!("did you mean {percent}?"));
            let remedy = acceptable(&plainer).map(|_| format!("write {plainer}")).or(ratio);
            let remedy = remedy.unwrap_or_else(|| "write a percentage such as 99.9".to_owned());
            ("is not a plain decimal number".to_owned(), remedy)
        }
    };
    let shown = if literal(text) == Some("a number") { text.to_owned() } else { quote(text) };
    report.error(field.at, format!("target {shown} {cause}"), remedy);
    None
}

/// A valid target for a manifest.
fn acceptable(text: &str) -> Option<Target> {
    Target::parse(text).ok().filter(|target| target.percent() > Decimal::whole(1))
}

/// The percentage for a text that is almost certainly a ratio: above 0 and up to 1. Moves the point in the text, as a
/// ratio may have more decimals than a percentage.
fn as_ratio(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.trim_start_matches('0');
    if fraction.len() > 20 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{fraction:0<2}");
    let percent = match whole {
        "" => format!("{}.{}", &digits[..2], &digits[2..]),
        "1" if fraction.trim_end_matches('0').is_empty() => "100".to_owned(),
        _ => return None,
    };
    Some(acceptable(&percent)?.percent().to_string())
}

fn read_window(fields: &Fields<'_>, report: &mut Report) -> Option<Window> {
    let shape = "write windowDays: 30, or window: { calendar: month }";
    let timezone = fields.get("timezone");
    let zone = timezone.as_ref().and_then(|field| field.zone(report));
    match (fields.get("windowDays"), fields.get("window")) {
        (Some(days), None) => {
            let days = read_days(&days, report);
            Some(Window::Rolling { days: days?, zone: zone.unwrap_or(Tz::UTC) })
        }
        (None, Some(window)) => read_calendar(&window, (timezone.as_ref(), zone), report),
        (Some(days), Some(window)) => {
            report.error(window.at, "spec.window and spec.windowDays contradict each other", "keep one of them");
            read_days(&days, report);
            read_calendar(&window, (timezone.as_ref(), zone), report);
            None
        }
        (None, None) => {
            if !fields.has_misspelled("windowDays") && !fields.has_misspelled("window") {
                report.error(fields.at, "spec.windowDays is missing", shape);
            }
            None
        }
    }
}

fn read_days(field: &Field<'_>, report: &mut Report) -> Option<u32> {
    let shape = format!("a whole number from 1 to {LONGEST_DAYS}");
    let Value::Scalar { text, plain } = &field.node.value else {
        field.expected(&shape, "", report);
        return None;
    };
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let days = text.parse().ok().filter(|days| is_whole && (1..=LONGEST_DAYS).contains(days));
    match days {
        Some(days) if *plain => Some(days),
        Some(_) => {
            field.expected(&shape, "remove the quotes", report);
            None
        }
        None => {
            let meant = window::meant(text).filter(|_| !is_whole);
            let remedy = match meant {
                Some(Meant::Days(days)) => format!("write {days}"),
                Some(meant @ Meant::Period(_)) => format!("write {meant} instead"),
                None => String::new(),
            };
            field.expected(&shape, &remedy, report);
            None
        }
    }
}

/// Reads a calendar window. `spec.timezone` is its zone as well, and is passed with its parsed value.
fn read_calendar(
    field: &Field<'_>,
    (timezone, zone): (Option<&Field<'_>>, Option<Tz>),
    report: &mut Report,
) -> Option<Window> {
    if let Some(text) = field.scalar() {
        let meant = window::meant(text).map(|meant| format!("write {meant}"));
        let remedy = meant.unwrap_or_else(|| "write window: { calendar: month }, or windowDays: 30".to_owned());
        field.expected("a mapping", &remedy, report);
        return None;
    }
    let fields = Fields::of(field, &WINDOW, report)?;
    let own = fields.get("timezone");
    let own_zone = own.as_ref().and_then(|field| field.zone(report));
    if let (Some(field), Some(own), Some(zone), Some(own_zone)) = (timezone, &own, zone, own_zone)
        && zone != own_zone
    {
        let message = format!("{} {own_zone} and {} {zone} contradict each other", own.path, field.path);
        report.error(own.at, message, format!("keep {}; periods begin at midnights of that zone", field.path));
    }
    let zone = zone.or(own_zone).unwrap_or(Tz::UTC);
    let units = CalendarUnit::ALL.map(|unit| (unit.as_str(), unit));
    let unit = fields.require("calendar", "write day, week, month, quarter or year", report)?.word(&units, report);
    Some(Window::Calendar { unit: unit?, zone })
}

/// A hindsight duration in milliseconds; 0 if absent.
fn read_hindsight(fields: &Fields<'_>, name: &'static str, report: &mut Report) -> i64 {
    let Some(field) = fields.get(name).filter(|field| !field.scalar().is_some_and(is_no_length)) else { return 0 };
    match field.millis(report) {
        Some(millis) if millis > LONGEST_HINDSIGHT_MS => {
            let shown = field.scalar().map(quote).unwrap_or_default();
            let message = format!("{} {shown} is longer than a day", field.path);
            report.error(field.at, message, "write at most 1d; a few seconds or minutes are usual");
            0
        }
        millis => millis.unwrap_or(0),
    }
}

/// Whether a duration is 0, such as `0s`.
fn is_no_length(text: &str) -> bool {
    let number = ["ms", "s", "m", "h", "d", "w"].iter().find_map(|unit| text.trim().strip_suffix(unit));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit == b'0'))
}

fn read_not_counted(fields: &Fields<'_>, counts_as_down: Weights, report: &mut Report) -> NotCounted {
    let mut not_counted = NotCounted::default();
    for item in fields.list("notCounted", report) {
        let Some(is_maintenance) = item.word(&[("maintenance", true), ("unknown", false)], report) else { continue };
        let listed = if is_maintenance { &mut not_counted.maintenance } else { &mut not_counted.unknown };
        if *listed {
            let word = item.scalar().unwrap_or_default();
            report.error(item.at, format!("spec.notCounted lists {word} twice"), "remove one of them");
        }
        *listed = true;
        if !is_maintenance && counts_as_down.contains(Status::Unknown) {
            let message = "unknown is both in spec.countsAsDown and in spec.notCounted";
            report.error(item.at, message, "time is either down or not counted; keep one of them");
        }
    }
    not_counted
}

fn read_thresholds(fields: &Fields<'_>, report: &mut Report) -> BurnRateThresholds {
    let mut thresholds = BurnRateThresholds::default();
    let Some(field) = fields.get("burnRateThresholds") else { return thresholds };
    let Some(fields) = Fields::of(&field, &THRESHOLDS, report) else {
        return thresholds;
    };
    let hundred = Some(Decimal::whole(100));
    let warning = fields.get("warningPercent").and_then(|field| read_threshold(&field, hundred, report));
    let critical = fields.get("criticalPercent").and_then(|field| read_threshold(&field, hundred, report));
    for (key, value) in [("warningPercent", warning), ("criticalPercent", critical)] {
        if let Some((field, value)) = fields.get(key).zip(value.filter(|value| *value <= Decimal::whole(1))) {
            let message = format!("spec.burnRateThresholds.{key} is {value}% of the budget");
            report.warn(field.at, message, "it is a percentage: 50 is half of the budget");
        }
    }
    let multiplier = fields.get("fastBurnMultiplier").and_then(|field| read_threshold(&field, None, report));
    thresholds.warning_percent = warning.unwrap_or(thresholds.warning_percent);
    thresholds.critical_percent = critical.unwrap_or(thresholds.critical_percent);
    thresholds.fast_burn_multiplier = multiplier.unwrap_or(thresholds.fast_burn_multiplier);
    let is_read = |name, found: Option<Decimal>| found.is_some() || fields.get(name).is_none();
    let comparable = is_read("warningPercent", warning) && is_read("criticalPercent", critical);
    if comparable && thresholds.critical_percent < thresholds.warning_percent {
        let BurnRateThresholds { warning_percent, critical_percent, .. } = thresholds;
        let said = |value: Option<Decimal>| if value.is_none() { " (the default)" } else { "" };
        let (of_critical, of_warning) = (said(critical), said(warning));
        let message = format!(
            "criticalPercent {critical_percent}{of_critical} is below warningPercent {warning_percent}{of_warning}"
        );
        let at = fields.get("criticalPercent").or(fields.get("warningPercent")).map_or(field.at, |field| field.at);
        report.error(at, message, "warningPercent must come first");
    }
    thresholds
}

fn read_threshold(field: &Field<'_>, most: Option<Decimal>, report: &mut Report) -> Option<Decimal> {
    let parsed = match &field.node.value {
        Value::Scalar { text, plain: true } => Decimal::parse(text).ok(),
        _ => None,
    };
    let zero = Decimal::whole(0);
    let found = parsed.filter(|number| *number > zero && most.is_none_or(|most| *number <= most));
    if found.is_none() {
        let shape = match most {
            Some(most) => format!("a number above 0 and at most {most}, with at most 6 decimals"),
            None => "a number above 0, with at most 6 decimals".to_owned(),
        };
        let quoted = field.scalar().is_some_and(|text| Decimal::parse(text).is_ok()) && parsed.is_none();
        field.expected(&shape, if quoted { "remove the quotes" } else { "" }, report);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_told_from_percentages() {
        for (text, percent) in [
            ("0.999", Some("99.9")),
            ("0.9999999", Some("99.99999")),
            (".5", Some("50")),
            ("1", Some("100")),
            ("1.0", Some("100")),
            ("0.02", Some("2")),
            ("0.01", None),
            ("0.001", None),
            ("0", None),
            ("0.0", None),
            ("1.5", None),
            ("99.9", None),
            ("-0.5", None),
            ("0.x", None),
            ("0.9999999999", None),
        ] {
            assert_eq!(as_ratio(text).as_deref(), percent, "{text}");
        }
    }
}
