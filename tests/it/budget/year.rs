//! A year and its months: the monthly reports add up to the yearly one, and no outage counts twice.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::periods::moment;
use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{MINUTE, Ms, Zone, civil_from_days};
use crate::world::strategy::worlds;
use crate::world::{Objective, World};

/// Fields that add up for objectives, groups, and the total; for one objective, uncounted time does, too.
const SUMMED: [&str; 5] = [
    "errorBudgetConsumedMinutes",
    "errorBudgetConsumedStrictMinutes",
    "excludedMinutes",
    "tooShortMinutes",
    "correctedMinutes",
];

fn ask(slo: &Slo, world: &World, zone: Option<Zone>, period: &str) -> Option<Value> {
    let as_of = world.as_of_text();
    let mut args = vec!["report", "--period", period, "--as-of", &as_of, "--by", "system", "-o", "json"];
    args.extend(zone.iter().flat_map(|zone| ["--timezone", zone.name()]));
    let output = slo.run(&args, b"");
    if output.code == 2 {
        assert!(output.stderr.contains("has not begun"), "{period}: {}", output.stderr);
        return None;
    }
    Some(serde_json::from_str(&output.stdout).unwrap())
}

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap()
}

/// The rows of objectives, groups and the total, by name.
fn rows(report: &Value) -> BTreeMap<String, &Value> {
    let list = |key: &str| report[key].as_array().unwrap().iter().collect::<Vec<&Value>>();
    let objectives = list("objectives").into_iter().map(|row| (format!("objective {}", row["objectiveId"]), row));
    let groups = list("groups").into_iter().map(|row| (format!("system {}", row["group"]), row));
    objectives.chain(groups).chain([("all".to_owned(), &report["total"])]).collect()
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn the_months_of_a_year_come_to_the_year(
        world in worlds(), zone in proptest::option::of(select(Zone::ALL.to_vec())), place in any::<Index>(),
    ) {
        // In one zone, because outages shared by objectives of a system are only cut at the same times there.
        let own = world.objectives.first().map_or(Zone::Utc, Objective::zone);
        prop_assume!(zone.is_some() || world.objectives.iter().all(|objective| objective.zone() == own));
        let year = civil_from_days(zone.unwrap_or(own).date(moment(&world, place, 0))).0;
        let slo = Slo::with(&world.feed(), &world.manifests());
        let Some(whole) = ask(&slo, &world, zone, &format!("{year:04}")) else { return Ok(()) };
        let months: Vec<Value> = (1..=12).map_while(|month| ask(&slo, &world, zone, &format!("{year:04}-{month:02}"))).collect();
        // Hindsight may settle something after a month has closed, which the month did not know.
        let hindsight: Ms = world.objectives.iter().map(|it| it.minimum_outage.max(it.attribution_grace)).max().unwrap_or(0);
        let slack = (hindsight * 12 * world.objectives.len() as Ms) as f64 / MINUTE as f64 + 1e-6;
        let parts: Vec<BTreeMap<String, &Value>> = months.iter().map(rows).collect();
        // Totals are over objectives with data; unknown time that counts as down is in no total.
        let is_unseen = |report: &Value| {
            let lost = |row: &Value| row["result"] == "no-data" && SUMMED.iter().any(|field| number(row, field) > 0.0);
            report["objectives"].as_array().unwrap().iter().any(lost)
        };
        let unseen = months.iter().chain([&whole]).any(is_unseen);
        for (name, row) in rows(&whole).into_iter().filter(|(name, _)| !unseen || name.starts_with("objective")) {
            let alone = name.starts_with("objective").then_some("notCountedMinutes");
            for field in SUMMED.into_iter().chain(alone) {
                let sum: f64 = parts.iter().map(|part| number(part[&name], field)).sum();
                let said = number(row, field);
                prop_assert!((sum - said).abs() <= slack * if field == "correctedMinutes" { 0.0 } else { 1.0 } + 1e-6, "{name} {field}: {said} ≠ {sum}");
            }
            if hindsight == 0 {
                for field in ["outages", "downtimeMinutes"] {
                    let sum: f64 = parts.iter().map(|part| number(part[&name], field)).sum();
                    prop_assert!((sum - number(row, field)).abs() <= 1e-6, "{name} {field}: {} ≠ {sum}", row[field]);
                }
                let longest = parts.iter().filter_map(|part| part[&name]["longestSeconds"].as_i64()).max();
                prop_assert_eq!(row["longestSeconds"].as_i64(), longest, "{}", name);
            }
        }
        if months.len() == 12 {
            // Of each objective: a total has the budgets of objectives with data, which may be fewer in a month.
            for (name, row) in rows(&whole).into_iter().filter(|(name, _)| name.starts_with("objective")) {
                let sum: f64 = parts.iter().map(|part| number(part[&name], "errorBudgetTotalMinutes")).sum();
                let said = number(row, "errorBudgetTotalMinutes");
                prop_assert!((sum - said).abs() <= 1e-6 * said.max(1.0) + slack, "{name}: {said} ≠ {sum}");
            }
        }
        if hindsight == 0 {
            // The outages of the year are those of its months, each counted in the one in which it begins.
            let counted = |report: &Value| -> Vec<(String, String)> {
                let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
                let outages = report["outages"].as_array().unwrap().iter();
                outages.filter(|it| it["counted"] == true).map(|it| (text(it, "startTime"), text(it, "systemId"))).collect()
            };
            let mut parts: Vec<_> = months.iter().flat_map(counted).collect();
            parts.sort();
            let mut all = counted(&whole);
            all.sort();
            prop_assert_eq!(all, parts);
        }
    }
}
