//! Corrections in numbers: what they change and what not, and the document that `slo correct` proposes.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::Slo;

const AS_OF: &str = "2026-11-20T00:00:00Z";
const OBJECTIVES: &str = "apiVersion: slo/v1
kind: System
metadata: { name: shop }
spec: {}
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability }
spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 30 }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-http }
spec: { systemRef: { kind: System, name: shop }, healthcheckRef: { kind: Healthcheck, name: http }, target: 99, windowDays: 30 }
";

/// Down for 20 minutes by one check, with a budget of 432; and an open incident of a mistyped check.
fn shop() -> Slo {
    let slo = Slo::new();
    slo.ingest(
        r#"{"ts":"2026-10-01T00:00:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-11-12T10:00:00Z","system":"shop","check":"http","status":"down"}
{"ts":"2026-11-12T10:20:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-11-19T23:00:00Z","system":"shop","check":"htpp","status":"down"}
"#,
    );
    slo.apply(OBJECTIVES);
    slo
}

fn correction(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: slo/v1\nkind: Correction\nmetadata: {{ name: {name} }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {spec} }}\n"
    )
}

fn consumed(slo: &Slo) -> [Value; 2] {
    let rows = slo.objectives(AS_OF);
    ["shop-availability", "shop-http"]
        .map(|name| rows.iter().find(|row| row["objectiveId"] == name).unwrap()["errorBudgetConsumedMinutes"].clone())
}

#[test]
fn a_false_alarm_of_twenty_minutes_is_taken_back_and_a_mistyped_check_disappears() {
    let slo = shop();
    assert_eq!(consumed(&slo), [json!(80.0), json!(20.0)]);
    let health = |slo: &Slo| slo.health(AS_OF)["systems"][0].clone();
    assert_eq!((&health(&slo)["status"], &health(&slo)["totalChecks"]), (&json!("unhealthy"), &json!(2)));
    let ignored = correction("mistyped", "check: htpp, status: ignored");
    slo.apply(&[OBJECTIVES, &ignored].concat());
    assert_eq!(consumed(&slo), [json!(20.0), json!(20.0)]);
    assert_eq!((&health(&slo)["status"], &health(&slo)["totalChecks"]), (&json!("healthy"), &json!(1)));
    let alarm = correction(
        "false-alarm",
        "check: http, start: 2026-11-12T10:00:00Z, end: 2026-11-12T10:20:00Z, status: healthy",
    );
    let folder = slo.write_manifests(&[OBJECTIVES, &ignored, &alarm].concat());
    let plan = slo.run(&["plan", folder.to_str().unwrap(), "--as-of", AS_OF, "-o", "markdown"], b"");
    assert_eq!((plan.code, plan.stdout.as_str()), (1, COMMENT));
    slo.apply(&[OBJECTIVES, &ignored, &alarm].concat());
    assert_eq!(consumed(&slo), [json!(0.0), json!(0.0)]);
    slo.pass(&["db", "verify"], b"");
    let rows = slo.objectives(AS_OF);
    // The mistyped check is corrected for the entire window, the other one for 20 minutes.
    let corrected: Vec<&Value> = rows.iter().map(|row| &row["correctedMinutes"]).collect();
    assert!(corrected.contains(&&json!(43_200.0)) && corrected.contains(&&json!(20.0)), "{corrected:?}");
    let show = |name: &str| slo.pass(&["show", name, "--as-of", AS_OF], b"");
    assert!(show("shop-http").contains("time under a correction: 20m (false-alarm)"));
    assert!(show("shop-availability").contains("time under a correction: 30d (false-alarm, mistyped)"));
    let shown: Value =
        serde_json::from_str(&slo.pass(&["show", "shop-availability", "--as-of", AS_OF, "-o", "json"], b"")).unwrap();
    assert_eq!(shown["accounting"]["corrections"], json!(["false-alarm", "mistyped"]));
    // Each transition with the correction that changes its status; the one that ends a corrected span has none.
    let history = ["history", "shop", "--as-of", AS_OF, "--since", "2026-10-01", "-o", "json"];
    let history: Value = serde_json::from_str(&slo.pass(&history, b"")).unwrap();
    let corrected: Vec<&Value> =
        history["transitions"].as_array().unwrap().iter().map(|row| &row["correctedBy"]).collect();
    assert_eq!(corrected, [&Value::Null, &json!("false-alarm"), &Value::Null, &json!("mistyped")]);
    let table = slo.run(&["history", "shop", "--as-of", AS_OF, "--since", "2026-10-01"], b"");
    assert!(table.stdout.contains("CORRECTED BY") && table.stdout.contains("false-alarm"), "{}", table.stdout);
    assert!(table.stderr.contains("note: corrected by mistyped: htpp ignored\n"), "{}", table.stderr);
    let listed = slo.pass(&["list", "corrections"], b"");
    assert!(listed.contains("false-alarm") && listed.contains("2026-11-12 10:20"), "{listed}");
    // Exported, and applied elsewhere, it means the same.
    let exported = slo.pass(&["export", "manifests"], b"");
    let copy = Slo::with(&slo.pass(&["export", "journal"], b""), &exported);
    assert_eq!(copy.status(AS_OF), slo.status(AS_OF));
    // After deleting it, everything is as before.
    slo.apply(OBJECTIVES);
    assert_eq!(consumed(&slo), [json!(80.0), json!(20.0)]);
    slo.pass(&["db", "verify"], b"");
}

/// The comment on the pull request that corrects the false alarm.
const COMMENT: &str = "\
**slo plan**: 1 to create, 4 unchanged in set manifests

| OBJECTIVE | TARGET | BUDGET LEFT | STATE |
| :-- | :-- | :-- | :-- |
| shop-availability | 99 | 95% → 100% | ✔ healthy |
| shop-http | 99 | 95% → 100% | ✔ healthy |

budgets as of 2026-11-20 00:00 UTC

```diff
+ Correction false-alarm
+     spec.systemRef: shop
+     spec.check: http
+     spec.start: 2026-11-12T10:00:00.000Z
+     spec.end: 2026-11-12T10:20:00.000Z
+     spec.status: healthy
```
";

#[test]
fn the_effective_status_is_corrected_to_the_millisecond() {
    let slo = shop();
    let quiet = correction("quiet", "check: htpp, status: ignored");
    let spec = "start: 2026-11-12T10:05:00.001Z, end: 2026-11-12T10:15:00Z, status: healthy";
    slo.apply(&[OBJECTIVES, &quiet, &correction("partly", spec)].concat());
    // The objective on one check uses that check, not the effective status.
    let [all, http] = consumed(&slo);
    assert_eq!(http, json!(20.0));
    assert!((all.as_f64().unwrap() - (10.0 + 0.001 / 60.0)).abs() < 1e-9, "{all}");
    for (at, status) in [
        ("2026-11-12T10:05:00.000Z", "unhealthy"),
        ("2026-11-12T10:05:00.001Z", "healthy"),
        ("2026-11-12T10:14:59.999Z", "healthy"),
        ("2026-11-12T10:15:00.000Z", "unhealthy"),
    ] {
        assert_eq!(slo.health(at)["systems"][0]["status"], json!(status), "{at}");
    }
    let worse = correction("worse", "start: 2026-11-01T00:00:00Z, end: 2026-11-01T01:00:00Z, status: degraded");
    slo.apply(&[OBJECTIVES, &quiet, &worse].concat());
    assert_eq!(consumed(&slo), [json!(80.0), json!(20.0)]);
}

#[test]
fn a_proposed_correction_applies_as_it_is() {
    let slo = shop();
    let path = slo.path("manifests").join("corrections.yaml");
    let args = [
        "correct",
        "shop",
        "--check",
        "http",
        "--since",
        "2026-11-12T10:00:00Z",
        "--until",
        "2026-11-12T10:20:00Z",
        "--status",
        "healthy",
        "--reason",
        "The probe's own DNS was broken",
        "--as-of",
        AS_OF,
    ];
    let proposed = slo.run(&args, b"");
    assert_eq!(proposed.code, 0, "{}", proposed.stderr);
    assert!(proposed.stdout.contains("name: shop-http-2026-11-12-1000\n"), "{}", proposed.stdout);
    assert!(proposed.stderr.contains("95% → 100%"), "{}", proposed.stderr);
    for number in 1..=2 {
        let written =
            slo.run(&[&args[..], &["--write", path.to_str().unwrap(), "--name", &format!("c{number}")]].concat(), b"");
        assert_eq!((written.code, written.stdout.as_str()), (0, ""), "{}", written.stderr);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches("kind: Correction").count(), 2);
    assert_eq!(consumed(&slo), [json!(80.0), json!(20.0)], "nothing is applied by it");
    slo.pass(&["apply", slo.path("manifests").to_str().unwrap()], b"");
    assert_eq!(consumed(&slo), [json!(60.0), json!(0.0)]);
    // The next one gets another name, and must not contradict the first.
    let again = slo.run(&[&args[..9], &["degraded", "--reason", "x"]].concat(), b"");
    assert!(again.stderr.contains("the correction c1 says healthy for the same streams"), "{}", again.stderr);
    assert!(again.stderr.contains("help: change that one in manifests/corrections.yaml (set "), "{}", again.stderr);
    // One that says less of the same is covered.
    let less = slo.run(&[&args[..7], &["2026-11-12T10:10:00Z"], &args[8..]].concat(), b"");
    let expected = "note: no budget would change, because the correction c1 covers this already; to shorten or change \
                    that one, edit it in manifests/corrections.yaml (set ";
    assert!(less.code == 0 && less.stderr.contains(expected), "{}", less.stderr);
    for (args, expected) in [
        (&["correct", "shop", "--status", "fine", "--reason", "x"][..], "unknown status \"fine\"; expected healthy"),
        (&["correct", "shp", "--status", "healthy", "--reason", "x"], "did you mean shop"),
        (
            &["correct", "shop", "--check", "htpp", "--status", "healthy", "--reason", "x", "--as-of", "2026-11-13"],
            "shop has no transitions of the check htpp\nhelp: it has http",
        ),
        (
            &["correct", "shop", "--check", "tcp", "--status", "healthy", "--reason", "x"],
            "has no transitions of the check tcp",
        ),
        (
            &["correct", "shop", "--status", "healthy", "--reason", "x", "--since", "1d", "--until", "2d"],
            "is after --until",
        ),
    ] {
        let refused = slo.run(args, b"");
        assert_eq!(refused.code, 2, "{args:?}");
        assert!(refused.stderr.contains(expected), "{args:?}: {}", refused.stderr);
    }
}

#[test]
fn corrections_written_on_one_day_have_names_of_their_own() {
    let slo = shop();
    let folder = slo.write_manifests(OBJECTIVES);
    let path = folder.join("corrections.yaml");
    let correct = |more: &[&str]| {
        let args = ["correct", "shop", "--check", "http", "--reason", "x", "--as-of", AS_OF];
        slo.run(&[&args[..], &["--write", path.to_str().unwrap()], more].concat(), b"")
    };
    let at = |since: &'static str, until: &'static str| ["--status", "healthy", "--since", since, "--until", until];
    for (since, until) in [
        ("2026-11-12T10:00:00Z", "2026-11-12T10:20:00Z"),
        ("2026-11-12T15:00:00Z", "2026-11-12T15:20:00Z"),
        // The same time once more gets a number.
        ("2026-11-12T15:00:00Z", "2026-11-12T15:30:00Z"),
        ("2026-11-13", "2026-11-13T00:00:07Z"),
        ("2026-11-13T00:00:07Z", "2026-11-13T00:01:00Z"),
    ] {
        let written = correct(&at(since, until));
        assert_eq!(written.code, 0, "{}", written.stderr);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("name: shop-http-")).collect();
    assert_eq!(names, ["2026-11-12-1000", "2026-11-12-1500", "2026-11-12-1500-2", "2026-11-13", "2026-11-13-000007"]);
    slo.pass(&["validate", folder.to_str().unwrap()], b"");
    // What the file declares counts as if it were applied.
    let other = ["--status", "degraded", "--since", "2026-11-12T10:10:00Z", "--until", "2026-11-12T10:15:00Z"];
    for (args, expected) in [
        (&other[..], "the correction shop-http-2026-11-12-1000 says healthy for the same streams"),
        (&["--status", "healthy", "--name", "shop-http-2026-11-13"], "the file already declares the correction"),
    ] {
        let refused = correct(args);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    slo.pass(&["apply", folder.to_str().unwrap()], b"");
    // Nothing changed at these times. The zone is only doubtful if a time has none.
    for (times, remark) in
        [(("2026-11-14T10:00:00Z", "5d"), ""), (("2026-11-16 10:00", "3d"), "; times without an offset")]
    {
        let noted = correct(&at(times.0, times.1)).stderr;
        assert!(noted.contains(&format!("note: no budget would change{remark}")), "{noted}");
        assert_eq!(noted.contains("offset"), !remark.is_empty(), "{noted}");
    }
}

#[test]
fn a_correction_without_an_end_says_that_it_covers_what_comes() {
    let slo = shop();
    let correct = |more: &[&str]| {
        let args = ["correct", "shop", "--check", "http", "--reason", "x", "--as-of", AS_OF];
        slo.run(&[&args[..], more].concat(), b"").stderr
    };
    let since = ["--since", "2026-11-12T10:05:00Z"];
    let note = "note: without --until, this also replaces everything that is reported later, future outages too";
    let noted = correct(&[&since[..], &["--status", "healthy"]].concat());
    let recovered = "; shop was up again from 2026-11-12 10:20 UTC on: --until 2026-11-12T10:20:00.000Z\n";
    assert!(noted.contains(&[note, recovered].concat()), "{noted}");
    let noted = correct(&["--since", "2026-11-10", "--status", "unknown"]);
    assert!(noted.contains(&[note, "; end it with --until TIME\n"].concat()), "{noted}");
    for more in [
        &["--status", "ignored"][..],
        &["--status", "healthy", "--until", "2026-11-12T10:20:00Z"],
        &["--status", "healthy", "-q"],
    ] {
        let noted = correct(&[&since[..], more].concat());
        assert!(!noted.contains("without --until"), "{more:?}: {noted}");
    }
    // Without a check, everything that is ever reported would be ignored.
    let args = ["correct", "shop", "--status", "ignored", "--reason", "x", "--as-of", AS_OF];
    assert!(slo.run(&args, b"").stderr.contains("this covers all time, past and future"));
}

/// A correction of the future is known in advance, like maintenance.
#[test]
fn a_forecast_knows_when_a_correction_ends() {
    let slo = Slo::new();
    slo.ingest("{\"ts\":\"2026-11-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n");
    let daily = OBJECTIVES.replace("target: 99, windowDays: 30", "target: 99.9, windowDays: 1");
    let until = "start: 2026-11-19T23:00:00Z, end: 2026-11-25T00:00:00Z, status: degraded";
    slo.apply(&[&daily, &*correction("known", until)].concat());
    let row = |as_of: &str| {
        let rows = slo.objectives(as_of);
        rows.into_iter().find(|row| row["objectiveId"] == "shop-availability").unwrap()
    };
    // 86.4 s of budget: everything else has left the window a day after the end.
    let forecast = row(AS_OF)["forecast"].clone();
    assert_eq!(forecast["recoversAt"], json!("2026-11-25T23:58:33.600Z"));
    assert_eq!(forecast["fullAt"], json!("2026-11-26T00:00:00.000Z"));
    assert_eq!(row("2026-11-25T23:58:33.599Z")["isBreaching"], json!(true));
    assert_eq!(row("2026-11-25T23:58:33.600Z")["isBreaching"], json!(false));
    assert_eq!(row("2026-11-26T00:00:00Z")["errorBudgetConsumedMinutes"], json!(0.0));
}

#[test]
fn corrections_that_contradict_stored_ones_are_refused_with_their_names() {
    let slo = shop();
    slo.apply(&[OBJECTIVES, &correction("a", "check: http, start: 2026-11-12T10:00:00Z, status: healthy")].concat());
    let other = correction("b", "location: eu, end: 2026-11-13T00:00:00Z, status: ignored");
    let refused = slo.run(&["apply", "--set", "other", "-"], other.as_bytes());
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("it contradicts Correction"), "{}", refused.stderr);
    // If one ends when the other starts, they do not contradict.
    let later = correction("b", "location: eu, end: 2026-11-12T10:00:00Z, status: ignored");
    slo.pass(&["apply", "--set", "other", "-"], later.as_bytes());
}

#[test]
fn ten_thousand_corrections_are_applied_and_leave_others_alone() {
    let slo = shop();
    let mut many = String::new();
    for number in 0..10_000 {
        let (day, minute) = (1 + number / 1_000, number % 1_000);
        let start = format!("2026-10-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60);
        write!(
            many,
            "---\napiVersion: slo/v1\nkind: Correction\nmetadata: {{ name: c{number} }}\nspec:\n  systemRef: {{ kind: System, name: other }}\n  \
             start: {start}\n  end: {}\n  status: healthy\n",
            start.replace(":00Z", ":30Z")
        )
        .unwrap();
    }
    slo.ingest("{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"other\",\"status\":\"down\"}\n");
    let before = slo.status(AS_OF);
    slo.pass(&["apply", "--set", "many", "-"], many.as_bytes());
    assert_eq!(slo.status(AS_OF), before);
    // For many objectives at once, the corrections of each system are looked up as for one objective.
    let mut objectives = String::new();
    for number in 0..80 {
        let system = ["other", "shop"][number % 2];
        write!(
            objectives,
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: o{number} }}\nspec: {{ systemRef: {{ kind: System, name: {system} }}, \
             target: 50, windowDays: 60 }}\n"
        )
        .unwrap();
    }
    slo.pass(&["apply", "--set", "objectives", "-", "--as-of", AS_OF], objectives.as_bytes());
    let all = slo.objectives(AS_OF);
    let of = |name: &str| all.iter().find(|row| row["objectiveId"] == name).unwrap();
    for name in ["o0", "o1"] {
        let alone = slo.pass(&["status", name, "--as-of", AS_OF, "-o", "json"], b"");
        assert_eq!(serde_json::from_str::<Value>(&alone).unwrap()["objectives"][0], *of(name));
    }
    // Down for 50 days, except 10 000 times half a minute; the mistyped check and the false alarm of the shop still
    // count.
    assert_eq!(
        (&of("o0")["errorBudgetConsumedMinutes"], &of("o0")["correctedMinutes"]),
        (&json!(67_000.0), &json!(5_000.0))
    );
    assert_eq!(of("o1")["errorBudgetConsumedMinutes"], json!(80.0));
    slo.pass(&["db", "verify"], b"");
    // Damage to the tables of systems with corrections does not change the answer.
    for sql in ["UPDATE input_digest SET windows = 0", "DELETE FROM maintenance_input", "DELETE FROM input_digest"] {
        rusqlite::Connection::open(slo.file()).unwrap().execute(sql, []).unwrap();
        assert_eq!(slo.objectives(AS_OF), all, "{sql}");
    }
}
