//! Owns the JSON that `status` and `health` should print.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::budget::{Budget, LOOKBACKS, Ratio, burn_rate, streak};
use super::calendar::{DAY, HOUR, MINUTE, Ms, SECOND, rfc3339};
use super::forecast::forecast;
use super::history::History;
use super::model::{Attribution, Model};
use super::recurrence::occurrences;
use crate::world::{Objective, Status, Window, World};

/// Microseconds × 10⁸ in a minute.
const MINUTE_WHOLE: i128 = MINUTE as i128 * super::budget::WHOLE * super::budget::MICROS;

fn minutes(millis: i128) -> f64 {
    Ratio::new(millis, i128::from(MINUTE)).to_f64()
}

fn down_minutes(micros: i128) -> f64 {
    Ratio::new(micros, i128::from(MINUTE) * super::budget::MICROS).to_f64()
}

fn instant_or_null(at: Option<Ms>) -> Value {
    at.map_or(Value::Null, |at| rfc3339(at).into())
}

fn ratio_or_null(ratio: Option<Ratio>) -> Value {
    ratio.map_or(Value::Null, |ratio| ratio.to_f64().into())
}

/// Whole seconds since an instant.
fn age(seen: Option<Ms>, as_of: Ms) -> Value {
    seen.map_or(Value::Null, |seen| (as_of - seen).div_euclid(SECOND).into())
}

struct Row {
    rank: usize,
    remaining: Ratio,
    name: String,
    json: Value,
}

/// One objective at the close of what ends at `as-of`.
pub(crate) fn at_close(world: &World, objective: &Objective) -> Value {
    row(&Model::new(world, world.as_of), objective, Budget::at_close).json
}

/// The `objectives` of `slo status -o json --as-of`, in their order.
pub(crate) fn objectives(world: &World) -> Vec<Value> {
    let model = Model::new(world, world.as_of);
    let mut rows: Vec<Row> = world.objectives.iter().map(|objective| row(&model, objective, Budget::new)).collect();
    rows.sort_by(|a, b| {
        let by_rank = a.rank.cmp(&b.rank);
        by_rank.then_with(|| a.remaining.compare(b.remaining)).then_with(|| a.name.cmp(&b.name))
    });
    rows.into_iter().map(|row| row.json).collect()
}

const STATES: [&str; 5] = ["no-data", "breaching", "down", "at-risk", "healthy"];

fn row(model: &Model, objective: &Objective, budget: fn(&History, Ms) -> Budget) -> Row {
    let as_of = model.world.as_of;
    let history = History::new(model, objective);
    let budget = budget(&history, as_of);
    let open = history.spends_at(as_of);
    let holds = [history.first.is_none(), budget.is_breaching(), open, budget.is_at_risk(), true];
    let rank = holds.into_iter().position(|holds| holds).unwrap();
    let tier = if budget.is_exhausted() {
        "exhausted"
    } else if budget.reaches(objective.critical_percent) {
        "critical"
    } else if budget.reaches(objective.warning_percent) {
        "warning"
    } else {
        "ok"
    };
    let totals = &budget.totals;
    let coverage = (budget.elapsed > 0).then(|| Ratio::new(100 * totals.known, budget.elapsed));
    let streak = streak(&history, as_of);
    let forecast = forecast(model.world, &history);
    let (rates, fast_burn) = burn_rates(&history, as_of);
    let mut json = described(objective, &budget);
    let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
    put("errorBudgetTotalMinutes", Ratio::new(budget.allowed, MINUTE_WHOLE).to_f64().into());
    put("errorBudgetConsumedStrictMinutes", down_minutes(totals.strict).into());
    put("errorBudgetConsumedMinutes", down_minutes(totals.consumed).into());
    put("errorBudgetRemainingMinutes", Ratio::new(budget.remaining(), MINUTE_WHOLE).to_f64().into());
    put("errorBudgetOverspentMinutes", Ratio::new(budget.overspent(), MINUTE_WHOLE).to_f64().into());
    put("budgetRemainingPercent", budget.remaining_percent().to_f64().into());
    put("currentAvailability", ratio_or_null(budget.availability(totals.consumed)));
    put("strictAvailability", ratio_or_null(budget.availability(totals.strict)));
    put("isBreaching", budget.is_breaching().into());
    put("hasOpenDowntime", open.into());
    put("downSince", instant_or_null(history.down_since(as_of)));
    // After the end of a period, no maintenance is active any more.
    let over = matches!(objective.window, Window::Calendar { .. }) && budget.end <= as_of;
    put("inMaintenance", if over { Value::Null } else { in_maintenance(model, &objective.system) });
    put("statusKnown", (history.class_at(as_of).status != Status::Unknown).into());
    put("attribution", attribution(&budget));
    put("excludedMinutes", down_minutes(totals.excluded).into());
    put("tooShortMinutes", down_minutes(totals.too_short).into());
    put("notCountedMinutes", minutes(totals.not_counted).into());
    let start = history.first.unwrap_or(as_of).max(budget.start).min(as_of);
    let corrected = model.corrected_time(&objective.system, objective.healthcheck.as_deref(), (start, as_of));
    put("correctedMinutes", minutes(corrected.into()).into());
    put("coveragePercent", ratio_or_null(coverage));
    let seen = model.last_seen(&objective.system, objective.healthcheck.as_deref(), as_of);
    put("lastSeen", instant_or_null(seen));
    put("dataAgeSeconds", age(seen, as_of));
    put("state", STATES[rank].into());
    put("budgetTier", tier.into());
    put("burnRate", ratio_or_null(burn_rate(objective.target_micro, totals.consumed, budget.counted())));
    put("burnRates", rates);
    put("fastBurn", fast_burn.into());
    put("currentStreak", streak.current.into());
    put("bestStreak", streak.best.into());
    put("streakStart", instant_or_null(streak.start));
    put("bestStreakEnd", instant_or_null(streak.best_end));
    put("lostStreak", streak.lost.into());
    put(
        "forecast",
        json!({
            "exhaustedAt": instant_or_null(forecast.exhausted),
            "recoversAt": instant_or_null(forecast.recovers),
            "fullAt": instant_or_null(forecast.full),
        }),
    );
    Row { rank, remaining: budget.remaining_percent(), name: objective.name.clone(), json: Value::Object(json) }
}

/// Fields copied from the manifest.
fn described(objective: &Objective, budget: &Budget) -> Map<String, Value> {
    let zone = objective.zone().name();
    let mut window = json!({ "start": rfc3339(budget.start), "end": rfc3339(budget.end), "timezone": zone });
    let days = match objective.window {
        Window::Rolling { days } => {
            window["type"] = "rolling".into();
            days.into()
        }
        Window::Calendar { unit, .. } => {
            window["type"] = "calendar".into();
            window["calendar"] = unit.name().into();
            Value::Null
        }
    };
    let labels: Map<String, Value> =
        objective.labels.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    let described = json!({
        "objectiveId": objective.name,
        "systemId": objective.system,
        "healthcheck": objective.healthcheck,
        "labels": labels,
        "orphaned": false,
        "target": Ratio::new(objective.target_micro, 1_000_000).to_f64(),
        "windowDays": days,
        "window": window,
        "dependencyExclusion": if objective.self_only { "self-only" } else { "strict" },
    });
    match described {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn attribution(budget: &Budget) -> Value {
    let mut parts: Vec<(&Attribution, i128)> =
        budget.totals.by.iter().map(|(whose, millis)| (whose, *millis)).collect();
    // `Own` orders before every upstream, and upstreams order by name.
    parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let parts = parts.into_iter().map(|(whose, micros)| match whose {
        Attribution::Own => json!({ "sourceType": "self", "systemId": null, "minutes": down_minutes(micros) }),
        Attribution::Upstream(system) => {
            json!({ "sourceType": "upstream", "systemId": system, "minutes": down_minutes(micros) })
        }
    });
    Value::Array(parts.collect())
}

fn burn_rates(history: &History, as_of: Ms) -> (Value, bool) {
    let objective = history.objective;
    let rate = |lookback: Ms| {
        let consumed = history.totals(as_of - lookback, as_of).consumed;
        burn_rate(objective.target_micro, consumed, i128::from(lookback))
    };
    let rates: Map<String, Value> =
        LOOKBACKS.iter().map(|(name, lookback)| ((*name).to_owned(), ratio_or_null(rate(*lookback)))).collect();
    let threshold = Ratio::new(objective.fast_burn_milli, 1000);
    let fast_burn = rate(HOUR).is_some_and(|rate| rate.compare(threshold) != Ordering::Less);
    (Value::Object(rates), fast_burn)
}

/// The `systems` of `slo health -o json --as-of`, in their order.
pub(crate) fn health(world: &World) -> Vec<Value> {
    let mut systems = all_health(world, HOUR);
    systems.retain(|system| system["retired"] == false);
    systems
}

/// Those of `slo health --all --window`.
pub(crate) fn all_health(world: &World, window: Ms) -> Vec<Value> {
    let model = Model::new(world, world.as_of);
    let names: BTreeSet<&String> =
        world.systems.iter().map(|system| &system.name).chain(model.streams.keys()).collect();
    let mut systems: Vec<(usize, &String, Value)> = names
        .into_iter()
        .map(|name| {
            let status = model.effective(name, world.as_of);
            let worst_first = [Status::Unhealthy, Status::Degraded, Status::Unknown, Status::Healthy];
            let rank = worst_first.iter().position(|listed| *listed == status).unwrap();
            (rank, name, system_health(&model, name, window))
        })
        .collect();
    systems.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    systems.into_iter().map(|(_, _, json)| json).collect()
}

fn system_health(model: &Model, name: &str, window: Ms) -> Value {
    let as_of = model.world.as_of;
    let status = model.effective(name, as_of);
    let checks = model.checks(name, as_of);
    let healthy = checks.iter().filter(|(_, status)| *status == Status::Healthy).count();
    let edges: Vec<Ms> = model.edges(name).into_iter().filter(|edge| *edge <= as_of).collect();
    let changes: Vec<Ms> =
        edges.into_iter().filter(|edge| model.effective(name, *edge) != model.effective(name, edge - 1)).collect();
    // A system that has only ever reported "unknown" has had that status since its first report.
    let since = changes.last().copied().or(model.first_transition(name));
    let recent = changes.iter().filter(|change| as_of - window < **change).count();
    // SPEC does not define how seconds become whole; like every other output, they are truncated, not rounded.
    json!({
        "systemId": name,
        "status": status.name(),
        "healthyChecks": healthy,
        "totalChecks": checks.len(),
        "inStatusSince": instant_or_null(since),
        "inStatusForSeconds": since.map(|since| (as_of - since).div_euclid(SECOND)),
        "transitionsInWindow": recent,
        "lastSeen": instant_or_null(model.last_seen(name, None, as_of)),
        "dataAgeSeconds": age(model.last_seen(name, None, as_of), as_of),
        "inMaintenance": in_maintenance(model, name),
        "retired": model.retired(name, as_of),
    })
}

/// Of the open windows, the one that ends last or, for equal ends, is first by name.
fn in_maintenance(model: &Model, name: &str) -> Value {
    let as_of = model.world.as_of;
    let windows = model.world.maintenance.iter().filter(|window| !window.cancelled);
    let windows = windows.filter(|window| window.systems.iter().any(|system| system == name));
    let open = windows.filter_map(|window| {
        let open = occurrences(window, as_of + DAY).into_iter().filter(|(start, end)| *start <= as_of && as_of < *end);
        open.map(|(_, end)| (end, window.name.clone())).max()
    });
    let last = open.min_by(|(end, name), (other_end, other)| other_end.cmp(end).then_with(|| name.cmp(other)));
    last.map_or(Value::Null, |(end, name)| json!({ "name": name, "end": rfc3339(end) }))
}
