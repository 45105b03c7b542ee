//! Metrics: text that follows the grammar of `OpenMetrics`, and every value matches `status` and `health`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::Slo;
use crate::reference::calendar::{HOUR, MINUTE, instant, rfc3339};
use crate::world::strategy::worlds;
use crate::world::{Fact, Objective, Status, Window, World};

/// A name and its labels.
type Key = (String, BTreeMap<String, String>);
/// Samples by key: values with their timestamps in milliseconds, if any.
type Samples = BTreeMap<Key, Vec<(f64, Option<i64>)>>;

/// Reads gauges in `OpenMetrics` 1.0, only as far as Prometheus' own text format also allows. Refuses everything that
/// violates the specification's grammar or its rules on order and uniqueness.
fn read(text: &str) -> Result<Samples, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no EOF at the end")?;
    let (mut samples, mut families): (Samples, Vec<String>) = (BTreeMap::new(), Vec::new());
    let mut helped: Option<String> = None;
    let mut last: Option<Key> = None;
    for line in body.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').ok_or("HELP without a text")?;
            helped = Some(metric_name(name)?);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.strip_suffix(" gauge").ok_or(format!("{rest} is no gauge"))?;
            if helped.as_deref() != Some(name) {
                return Err(format!("{name} has a type before its help"));
            }
            if families.iter().any(|known| known == name) {
                return Err(format!("{name} comes twice"));
            }
            families.push(metric_name(name)?);
        } else {
            let (key, value, at) = sample(line)?;
            if families.last() != Some(&key.0) {
                return Err(format!("{line} stands outside of its family"));
            }
            // Samples of one metric come together, sorted by time.
            let of = samples.entry(key.clone()).or_default();
            let follows = of.last().is_none_or(|(_, before)| last.as_ref() == Some(&key) && *before < at);
            if !follows {
                return Err(format!("{line} comes again, or too late"));
            }
            of.push((value, at));
            last = Some(key);
        }
    }
    Ok(samples)
}

fn metric_name(text: &str) -> Result<String, String> {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    if first && rest { Ok(text.to_owned()) } else { Err(format!("{text} is no name")) }
}

fn sample(line: &str) -> Result<(Key, f64, Option<i64>), String> {
    let end = line.find(['{', ' ']).ok_or(format!("{line} has no value"))?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or(format!("{line} has a broken label"))?;
            if metric_name(label)?.contains(':') {
                return Err(format!("{label} is no name of a label"));
            }
            let (value, after) = quoted(after)?;
            if labels.insert(label.to_owned(), value).is_some() {
                return Err(format!("{line} has a label twice"));
            }
            match (after.strip_prefix(','), after.strip_prefix('}')) {
                (Some(more), _) => rest = more,
                (None, Some(end)) => {
                    rest = end;
                    break;
                }
                (None, None) => return Err(format!("{line} has labels without an end")),
            }
        }
    }
    let mut words = rest.strip_prefix(' ').ok_or(format!("{line} has no space before its value"))?.split(' ');
    let number = |word: &str| word.parse::<f64>().map_err(|_| format!("{word} is no number"));
    let value = number(words.next().unwrap())?;
    let at = words.next().map(number).transpose()?.map(|seconds| (seconds * 1000.0).round() as i64);
    if words.next().is_some() { Err(format!("{line} goes on")) } else { Ok(((metric_name(name)?, labels), value, at)) }
}

/// A text up to its quote, and the rest.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, plain @ ('\\' | '"'))) => value.push(plain),
                _ => return Err("an escape that is none".to_owned()),
            },
            plain => value.push(plain),
        }
    }
    Err("no quote at the end".to_owned())
}

/// The only value of a metric of an objective or a system, with these labels, too.
fn value(samples: &Samples, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted = |key: &Key| {
        key.0 == name && labels.iter().all(|(label, value)| key.1.get(*label).is_some_and(|is| is == value))
    };
    let mut found = samples.iter().filter(|(key, _)| wanted(key));
    let value = found.next().map(|(_, samples)| samples[0].0);
    assert!(found.next().is_none(), "{name} {labels:?} is there twice");
    value
}

fn same(found: Option<f64>, wanted: &Value, factor: f64) -> bool {
    let wanted = match wanted {
        Value::Null => None,
        Value::Bool(is) => Some(f64::from(u8::from(*is))),
        Value::String(at) => Some(instant(at) as f64 / 1000.0),
        number => Some(number.as_f64().unwrap() * factor),
    };
    match (found, wanted) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= 1e-12 * wanted.abs(),
        (found, wanted) => found == wanted,
    }
}

/// Metrics of an objective, with the field of `status` and the factor.
const FIELDS: [(&str, &str, f64); 28] = [
    ("slo_objective_target_ratio", "/target", 0.01),
    ("slo_objective_window_start_timestamp_seconds", "/window/start", 1.0),
    ("slo_objective_window_end_timestamp_seconds", "/window/end", 1.0),
    ("slo_objective_availability_ratio", "/currentAvailability", 0.01),
    ("slo_objective_strict_availability_ratio", "/strictAvailability", 0.01),
    ("slo_error_budget_total_seconds", "/errorBudgetTotalMinutes", 60.0),
    ("slo_error_budget_consumed_seconds", "/errorBudgetConsumedMinutes", 60.0),
    ("slo_error_budget_consumed_strict_seconds", "/errorBudgetConsumedStrictMinutes", 60.0),
    ("slo_error_budget_remaining_seconds", "/errorBudgetRemainingMinutes", 60.0),
    ("slo_error_budget_overspent_seconds", "/errorBudgetOverspentMinutes", 60.0),
    ("slo_error_budget_remaining_ratio", "/budgetRemainingPercent", 0.01),
    ("slo_objective_breaching", "/isBreaching", 1.0),
    ("slo_objective_down", "/hasOpenDowntime", 1.0),
    ("slo_objective_down_since_timestamp_seconds", "/downSince", 1.0),
    ("slo_objective_status_known", "/statusKnown", 1.0),
    ("slo_objective_excluded_seconds", "/excludedMinutes", 60.0),
    ("slo_objective_too_short_seconds", "/tooShortMinutes", 60.0),
    ("slo_objective_corrected_seconds", "/correctedMinutes", 60.0),
    ("slo_objective_not_counted_seconds", "/notCountedMinutes", 60.0),
    ("slo_objective_coverage_ratio", "/coveragePercent", 0.01),
    ("slo_objective_last_seen_timestamp_seconds", "/lastSeen", 1.0),
    ("slo_objective_fast_burn", "/fastBurn", 1.0),
    ("slo_objective_streak", "/currentStreak", 1.0),
    ("slo_objective_best_streak", "/bestStreak", 1.0),
    ("slo_objective_lost_streak", "/lostStreak", 1.0),
    ("slo_objective_exhausted_at_timestamp_seconds", "/forecast/exhaustedAt", 1.0),
    ("slo_objective_recovers_at_timestamp_seconds", "/forecast/recoversAt", 1.0),
    ("slo_objective_full_at_timestamp_seconds", "/forecast/fullAt", 1.0),
];

proptest! {
    /// Every metric matches `status` and `health`, and there are no others.
    #[test]
    fn metrics_equal_status_and_health(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let samples = read(&slo.pass(&["export", "metrics", "--as-of", &as_of], b"")).map_err(TestCaseError::fail)?;
        for objective in slo.objectives(&as_of) {
            let name = objective["objectiveId"].as_str().unwrap();
            let system = objective["systemId"].as_str().unwrap();
            let of = |metric: &str, more: &[(&str, &str)]| {
                value(&samples, metric, &[&[("objective", name), ("system", system)], more].concat())
            };
            for (metric, field, factor) in FIELDS {
                let wanted = objective.pointer(field).unwrap();
                prop_assert!(same(of(metric, &[]), wanted, factor), "{metric} of {name}: {wanted}");
            }
            for (metric, label, field) in
                [("slo_objective_state", "state", "state"), ("slo_objective_budget_tier", "tier", "budgetTier")]
            {
                let is = objective[field].as_str().unwrap();
                prop_assert_eq!(of(metric, &[(label, is)]), Some(1.0));
                let all: f64 = samples.iter().filter(|(key, _)| key.0 == metric && key.1["objective"] == name).map(|(_, of)| of[0].0).sum();
                prop_assert_eq!(all.to_bits(), 1.0_f64.to_bits());
            }
            let rates = objective["burnRates"].as_object().unwrap().iter().map(|(window, rate)| (window.as_str(), rate));
            for (window, rate) in rates.chain([("window", &objective["burnRate"])]) {
                prop_assert!(same(of("slo_objective_burn_rate", &[("window", window)]), rate, 1.0), "{name} {window}");
            }
            let parts = objective["attribution"].as_array().unwrap();
            for part in parts {
                let cause = part["systemId"].as_str().unwrap_or(system);
                let labels = [("source_type", part["sourceType"].as_str().unwrap()), ("cause", cause)];
                prop_assert!(same(of("slo_objective_downtime_seconds", &labels), &part["minutes"], 60.0));
            }
            // The same numbers with Sloth's names.
            let id = format!("{system}-{name}");
            let sloth = |metric: &str| value(&samples, metric, &[("sloth_id", &id), ("sloth_slo", name), ("sloth_service", system)]);
            let target = objective["target"].as_f64().unwrap() / 100.0;
            prop_assert!((sloth("slo:objective:ratio").unwrap() - target).abs() < 1e-15);
            prop_assert!((sloth("slo:error_budget:ratio").unwrap() - (1.0 - target)).abs() < 1e-15);
            prop_assert!(same(sloth("slo:current_burn_rate:ratio"), &objective["burnRates"]["5m"], 1.0));
            if let Some(left) = sloth("slo:period_error_budget_remaining:ratio") {
                let percent = objective["budgetRemainingPercent"].as_f64().unwrap();
                prop_assert!((left.max(0.0) * 100.0 - percent).abs() < 1e-9, "{name}: {left} {percent}");
            }
        }
        let health = slo.health(&as_of);
        for row in health["systems"].as_array().unwrap() {
            let system = row["systemId"].as_str().unwrap();
            let of = |metric: &str| value(&samples, metric, &[("system", system)]);
            prop_assert_eq!(value(&samples, "slo_system_status", &[("system", system), ("status", row["status"].as_str().unwrap())]), Some(1.0));
            for (metric, field) in [
                ("slo_system_checks", "totalChecks"), ("slo_system_healthy_checks", "healthyChecks"),
                ("slo_system_in_status_since_timestamp_seconds", "inStatusSince"),
                ("slo_system_transitions_in_window", "transitionsInWindow"),
                ("slo_system_last_seen_timestamp_seconds", "lastSeen"),
            ] {
                prop_assert!(same(of(metric), &row[field], 1.0), "{metric} of {system}: {}", row[field]);
            }
            let planned = f64::from(u8::from(!row["inMaintenance"].is_null()));
            prop_assert_eq!(of("slo_system_in_maintenance"), Some(planned));
        }
        let systems: BTreeSet<&String> = samples.keys().filter(|key| key.0 == "slo_system_status").map(|key| &key.1["system"]).collect();
        prop_assert_eq!(systems.len(), health["systems"].as_array().unwrap().len());
    }
}

/// A shop that was down for half an hour.
fn shop() -> World {
    let mut world = World::new(instant("2026-11-20T14:05:00Z"), &["shop"]);
    for (time, status) in [("00:00", Status::Healthy), ("12:00", Status::Unhealthy), ("12:30", Status::Healthy)] {
        world.facts.push(Fact::new(instant(&format!("2026-11-20T{time}:00Z")), "shop", status));
    }
    let mut objective = Objective::new("shop", "shop", 99_900_000, Window::Rolling { days: 30 });
    objective.labels = vec![("app.io/team".to_owned(), "web".to_owned()), ("app-io.team".to_owned(), "ops".to_owned())];
    world.objectives.push(objective);
    world
}

#[test]
fn metrics_in_numbers() {
    let slo = Slo::with(&shop().feed(), &shop().manifests());
    let samples = read(&slo.pass(&["export", "metrics", "--as-of", "2026-11-20T12:30:00Z"], b"")).unwrap();
    let of = |name: &str| value(&samples, name, &[("objective", "shop")]);
    // 99.9% of 30 days allows 2592 seconds.
    assert_eq!(of("slo_error_budget_total_seconds"), Some(2592.0));
    assert_eq!(of("slo_error_budget_consumed_seconds"), Some(1800.0));
    assert_eq!(of("slo_objective_down"), Some(0.0));
    assert_eq!(of("slo_objective_down_since_timestamp_seconds"), None);
    let sloth =
        |name: &str, window: &str| value(&samples, name, &[("sloth_id", "shop-shop"), ("sloth_window", window)]);
    assert_eq!(sloth("slo:sli_error:ratio_rate1h", "1h"), Some(0.5));
    assert_eq!(sloth("slo:sli_error:ratio_rate30d", "30d"), Some(1800.0 / 2_592_000.0));
    // Keys that differ only in characters that a label name cannot have.
    let info = samples.keys().find(|key| key.0 == "slo_objective_info").unwrap();
    assert_eq!(info.1["label_app_io_team"], "ops");
    assert_eq!(info.1["label_app_io_team_1"], "web");
    assert_eq!(info.1["window"], "30d");
}

/// Every ratio is rounded once, so that the same share is the same text under both names.
#[test]
fn ratios_are_exact_decimals() {
    for (target_micro, ratio) in [(99_900_000, "0.999"), (99_990_000, "0.9999"), (99_999_999, "0.99999999")] {
        let mut world = shop();
        world.objectives[0].target_micro = target_micro;
        let slo = Slo::with(&world.feed(), &world.manifests());
        let text = slo.pass(&["export", "metrics", "--as-of", "2026-11-20T12:30:00Z"], b"");
        for name in ["slo_objective_target_ratio{", "slo:objective:ratio{"] {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line.ends_with(&format!(" {ratio}")), "{line}");
        }
    }
    // 2 h 24 min are 10% of the day, and half of a budget of 20%.
    let mut world = World::new(instant("2026-11-21T00:00:00Z"), &["shop"]);
    for (time, status) in [("00:00", Status::Healthy), ("12:00", Status::Unhealthy), ("14:24", Status::Healthy)] {
        world.facts.push(Fact::new(instant(&format!("2026-11-20T{time}:00Z")), "shop", status));
    }
    world.objectives.push(Objective::new("shop", "shop", 80_000_000, Window::Rolling { days: 1 }));
    let slo = Slo::with(&world.feed(), &world.manifests());
    let text = slo.pass(&["export", "metrics", "--as-of", &world.as_of_text()], b"");
    for (name, ratio) in [
        ("slo_objective_availability_ratio{", "0.9"),
        ("slo_objective_coverage_ratio{", "1"),
        ("slo_error_budget_remaining_ratio{", "0.5"),
        ("slo:period_burn_rate:ratio{", "0.5"),
        ("slo:period_error_budget_remaining:ratio{", "0.5"),
    ] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.ends_with(&format!(" {ratio}")), "{line}");
    }
}

#[test]
fn a_backfill_says_at_each_moment_what_was_known_then() {
    let slo = Slo::with(&shop().feed(), &shop().manifests());
    let args = ["export", "metrics", "--since", "2h", "--step", "15m", "--as-of", "2026-11-20T13:10:00Z"];
    let backfill = read(&slo.pass(&args, b"")).unwrap();
    for steps in 0..=8 {
        let at = instant("2026-11-20T13:10:00Z") - steps * 15 * MINUTE;
        let now = read(&slo.pass(&["export", "metrics", "--as-of", &rfc3339(at)], b"")).unwrap();
        for (key, samples) in &now {
            let then = backfill[key].iter().find(|(_, moment)| *moment == Some(at)).unwrap();
            assert_eq!(then.0.to_bits(), samples[0].0.to_bits(), "{key:?} at {}", rfc3339(at));
        }
        let there = backfill.values().filter(|samples| samples.iter().any(|(_, moment)| *moment == Some(at))).count();
        assert_eq!(there, now.len(), "{}", rfc3339(at));
    }
    let moments = backfill.values().map(Vec::len).max();
    assert_eq!(moments, Some(9));
    // A period, without timestamps: October is over, and the shop began later.
    let october =
        read(&slo.pass(&["export", "metrics", "--period", "2026-11-20", "--as-of", "2026-11-21T12:00:00Z"], b""))
            .unwrap();
    assert_eq!(value(&october, "slo_error_budget_total_seconds", &[("objective", "shop")]), Some(86.4));
    assert_eq!(value(&october, "slo_objective_breaching", &[("objective", "shop")]), Some(1.0));
    for (args, said) in [
        (&["export", "metrics", "--since", "2000-01-01"][..], "but at most 50000 are allowed"),
        (&["export", "metrics", "--since", "2027-01-01"], "is after"),
        (&["export", "metrics", "-o", "json"], "metrics are written as OpenMetrics"),
        (&["export", "metrics", "--step", "1h"], "--since"),
        (&["status", "-o", "openmetrics"], "only for `slo export metrics`"),
    ] {
        let output = slo.run(&[args, &["--as-of", "2026-11-20T14:05:00Z"]].concat(), b"");
        assert!(output.code == 2 && output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
    assert!(slo.run(&["export", "metrics", "-o", "openmetrics", "--as-of", "2026-11-20T14:05:00Z"], b"").code == 0);
}

#[test]
fn every_metric_is_documented() {
    let page = include_str!("../../../docs/reference/metrics.md");
    let mut world = shop();
    // Down and over budget: metrics that have a value only then have one.
    world.facts.push(Fact::new(world.as_of - HOUR, "shop", Status::Unhealthy));
    let slo = Slo::with(&world.feed(), &world.manifests());
    let text = slo.pass(&["export", "metrics", "--as-of", &world.as_of_text()], b"");
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" gauge")).collect();
    assert!(names.len() > 45, "{}", names.len());
    for name in names {
        assert!(page.contains(&format!("`{name}`")) || name.starts_with("slo:sli_error:ratio_rate"), "{name}");
    }
}
