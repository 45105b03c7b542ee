//! Conditions as declared objects: applied, compared, listed and deleted like every other kind.

use serde_json::Value;

use crate::harness::Slo;

const WORLD: &str = "\
apiVersion: slo/v1
kind: System
metadata: { name: db.eu }
spec: {}
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop, labels: { team: web } }
spec: { systemRef: { kind: System, name: db.eu }, target: 99.9, windowDays: 30 }
---
";

const FEED: &str = "{\"ts\":\"2026-11-01T00:00:00Z\",\"system\":\"db.eu\",\"status\":\"up\"}\n";

fn condition(spec: &str) -> String {
    format!("{WORLD}apiVersion: slo/v1\nkind: Condition\nmetadata: {{ name: c, labels: {{ a: b }} }}\nspec: {spec}\n")
}

fn listed(slo: &Slo) -> Vec<Value> {
    let shown = slo.pass(&["list", "conditions", "-o", "json"], b"");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    shown["conditions"].as_array().unwrap().clone()
}

#[test]
fn a_condition_is_applied_once_and_changes_field_by_field() {
    let slo = Slo::with(FEED, &condition("{ when: isBreaching, severity: info }"));
    let folder = slo.write_manifests(&condition("{ when: isBreaching, severity: info }"));
    let folder = folder.to_str().unwrap();
    assert!(slo.pass(&["plan", folder], b"").contains("no changes"));
    // Another spelling of the same expression is no change.
    slo.write_manifests(&condition(
        "{ when: { and: [{ expression: isBreaching == true }] }, severity: info, selector: }",
    ));
    assert!(slo.pass(&["plan", folder], b"").contains("no changes"));
    slo.write_manifests(&condition(
        "{ when: { not: { policy: page } }, for: 900s, selector: { matchLabels: { team: web } } }",
    ));
    let plan = slo.run(&["plan", folder], b"");
    assert_eq!(plan.code, 1, "{}", plan.stderr);
    assert!(plan.stdout.contains("~ Condition c\n"), "{}", plan.stdout);
    for change in [
        "spec.selector.matchLabels.team: (none) → web",
        "spec.when: isBreaching → !policy(\"page\")",
        "spec.for: (none) → 15m",
        "spec.severity: info → warning",
    ] {
        assert!(plan.stdout.contains(change), "{change}: {}", plan.stdout);
    }
    slo.pass(&["apply", folder], b"");
    assert!(slo.pass(&["plan", folder], b"").contains("no changes"));
    let row = listed(&slo).remove(0);
    assert_eq!(row["conditionId"], "c");
    assert_eq!(row["expression"], "(!policy(\"page\")) for 15m");
    assert_eq!(row["severity"], "warning");
    assert_eq!(row["labels"]["a"], "b");
    assert_eq!(row["spec"]["when"]["not"]["policy"], "page");
    assert_eq!(row["spec"]["for"], "15m");
    assert_eq!(row["spec"]["selector"]["matchLabels"]["team"], "web");
}

#[test]
fn the_burn_rates_of_a_policy_say_why_it_holds() {
    let slo = Slo::with(FEED, &condition("{ when: { policy: page } }"));
    let asked = ["check", "--when", "policy(\"page\") || isBreaching", "--explain", "-o", "json"];
    let answer = slo.pass(&[&asked[..], &["--as-of", "2026-11-10T00:00:00Z"]].concat(), b"");
    for rate in ["burnRates.1h", "burnRates.5m", "burnRates.6h", "burnRates.30m"] {
        // Among the values of the whole, and of its part.
        assert_eq!(answer.matches(&format!("\"{rate}\":")).count(), 2, "{rate}: {answer}");
    }
}

#[test]
fn what_is_gone_from_the_manifests_is_orphaned_and_pruned() {
    let slo = Slo::with(FEED, &condition("{ when: isBreaching }"));
    let folder = slo.write_manifests(WORLD);
    let folder = folder.to_str().unwrap();
    assert!(slo.run(&["plan", folder], b"").stdout.contains("? Condition c"));
    assert_eq!(listed(&slo).len(), 1);
    let pruned = slo.pass(&["apply", "--prune", folder], b"");
    assert!(pruned.contains("- Condition c"), "{pruned}");
    assert!(listed(&slo).is_empty());
}

#[test]
fn a_condition_keeps_what_it_names_from_being_pruned() {
    let slo = Slo::with(FEED, &condition("{ when: isBreaching, objectiveRef: { kind: SLO, name: shop } }"));
    let alone = condition("{ when: isBreaching, objectiveRef: { kind: SLO, name: shop } }").replace(WORLD, "");
    let folder = slo.write_manifests(&alone);
    let folder = folder.to_str().unwrap();
    // By themselves, these manifests resolve against what is stored; with pruning, nothing would be left to resolve
    // against.
    slo.pass(&["validate", folder], b"");
    // The objective is no longer declared in its set; it stays active.
    assert!(slo.run(&["plan", folder], b"").stdout.contains("? SLO shop"));
    let refused = slo.run(&["apply", "--prune", folder], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("spec.objectiveRef.name names the objective shop"), "{}", refused.stderr);
    assert_eq!(slo.objectives("2026-11-02T00:00:00Z").len(), 1);
}

#[test]
fn the_yaml_that_is_listed_applies_as_the_same_condition() {
    for when in [
        "budgetRemainingPercent < 20 && (burnRates.1h > 14.4 || currentStreak == 0)",
        "((health[\"db.eu\"].status == \"unhealthy\") for 10m) at least 3 times in 1h",
        "((isBreaching) at least 2 times in 1d) for 5m",
        "!time(after: \"22:00\", before: \"06:00:30\", weekday: [Sat, Sun], timezone: \"Europe/Berlin\")",
        "errorBudgetRemainingMinutes > 0.000001 && errorBudgetRemainingMinutes < 1h30m",
        "slo.shop.currentAvailability < slo.shop.target",
    ] {
        let slo = Slo::with(FEED, &condition(&format!("{{ when: {} }}", serde_json::json!(when))));
        let before = listed(&slo).remove(0);
        assert_eq!(before["expression"], when);
        let yaml = slo.pass(&["list", "conditions", "-o", "yaml"], b"");
        let spec = yaml.split_once("  spec:\n").unwrap().1.split_once("  appliedAt:").unwrap().0;
        slo.apply(&condition(&format!("\n{spec}")));
        let after = listed(&slo).remove(0);
        assert_eq!((&after["expression"], &after["spec"]), (&before["expression"], &before["spec"]), "{yaml}");
        // Nothing was written, because nothing changed.
        assert_eq!(after["appliedAt"], before["appliedAt"]);
    }
}

#[test]
fn fields_and_policies_are_listed_without_a_database() {
    let slo = Slo::new();
    let fields = slo.pass(&["list", "fields", "-o", "json"], b"");
    let fields: Value = serde_json::from_str(&fields).unwrap();
    let fields = fields["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["field"] == "budgetRemainingPercent" && field["nullWhen"].is_null()));
    assert!(fields.iter().any(|field| field["field"] == "health.NAME.inStatusFor" && field["type"] == "duration"));
    let policies = slo.pass(&["list", "policies", "-o", "json"], b"");
    let policies: Value = serde_json::from_str(&policies).unwrap();
    // SRE workbook, table 5-8: for 30 days, the factors are 14.4, 6 and 1; the fourth is Sloth's.
    let factors: Vec<f64> =
        policies["policies"].as_array().unwrap().iter().map(|rule| rule["factors"]["30d"].as_f64().unwrap()).collect();
    assert_eq!(factors, [14.4, 6.0, 3.0, 1.0]);
}

/// Conditions use the fields that programs see, and vice versa.
#[test]
fn every_field_is_one_that_status_or_health_prints() {
    let slo = Slo::with(FEED, WORLD);
    let at = "2026-11-10T00:00:00Z";
    let (objective, health) = (slo.objective(at), slo.health(at)["systems"][0].clone());
    let fields: Value = serde_json::from_str(&slo.pass(&["list", "fields", "-o", "json"], b"")).unwrap();
    let mut names: Vec<String> = Vec::new();
    for field in fields["fields"].as_array().unwrap() {
        let name = field["field"].as_str().unwrap();
        let (document, name) = match name.strip_prefix("health.NAME.") {
            Some(name) => (&health, name),
            None => (&objective, name),
        };
        names.push(name.split('.').next().unwrap().to_owned());
        if ["inStatusFor", "inMaintenance"].contains(&name) {
            // In JSON, these are seconds, or a window or null.
            continue;
        }
        let found = name.split('.').fold(document, |value, key| &value[key]);
        let present = match field["type"].as_str().unwrap() {
            "number" => found.is_number(),
            "boolean" => found.is_boolean(),
            _ => found.is_string(),
        };
        assert!(present || (found.is_null() && !field["nullWhen"].is_null()), "{name}: {found}");
    }
    for (key, value) in objective.as_object().unwrap().iter().chain(health.as_object().unwrap()) {
        // Being orphaned is irrelevant for the state of an objective, and retired systems are not evaluated.
        let is_aside = ["orphaned", "retired"].contains(&key.as_str());
        if (value.is_number() || value.is_boolean()) && !is_aside {
            assert!(names.contains(key), "{key} is printed, and no condition can look at it");
        }
    }
}
