//! Verdicts in every form, for people, programs and CI, and without anything to check.

use serde_json::Value;

use crate::harness::Slo;

/// A shop that is down, a search that has spent half of its budget, and a system that never reported.
const FEED: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-11-20T10:00:00Z","system":"shop","status":"down"}
{"ts":"2026-11-01T00:00:00Z","system":"search","status":"up"}
{"ts":"2026-11-10T10:00:00Z","system":"search","status":"down"}
{"ts":"2026-11-10T10:21:36Z","system":"search","status":"up"}
"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: search, labels: { team: find } }
spec: { systemRef: { kind: System, name: search }, target: 99.9, windowDays: 30 }
---
apiVersion: slo/v1
kind: System
metadata: { name: mute }
spec: { dependencies: [] }
---
apiVersion: slo/v1
kind: Condition
metadata: { name: freeze }
spec:
  selector: { matchLabels: { team: find } }
  when: { numeric_state: { value: budgetRemainingPercent, below: 60 } }
  severity: warning
";
const NOW: &str = "2026-11-20T10:30:00Z";

fn world() -> Slo {
    Slo::with(FEED, MANIFESTS)
}

fn check(slo: &Slo, args: &[&str]) -> (u8, String, String) {
    let args = [&["check", "--as-of", NOW][..], args].concat();
    let output = slo.run(&args, b"");
    (output.code, output.stdout, output.stderr)
}

fn results(slo: &Slo, args: &[&str]) -> Vec<Value> {
    let (code, stdout, stderr) = check(slo, &[args, &["-o", "json"]].concat());
    assert!(code <= 1, "{stderr}");
    let verdict: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(verdict["verdict"], ["pass", "fail"][usize::from(code)]);
    verdict["results"].as_array().unwrap().clone()
}

#[test]
fn since_when_and_what_clears_it_are_exact() {
    // 0.1% of 30 days is 43 min 12 s: the shop is down from 10:00 on, and the search has half of its budget left.
    let slo = world();
    let found = results(&slo, &["shop", "--when", "budgetRemainingPercent < 50"]);
    // Half of the budget is spent after exactly 21 min 36 s, and one millisecond later, less than half is left.
    assert_eq!(found[0]["since"], "2026-11-20T10:21:36.001Z");
    assert_eq!(found[0]["firing"], true);
    assert_eq!(found[0]["clearsAt"], Value::Null);
    let found = results(&slo, &["search", "--when", "budgetRemainingPercent <= 50"]);
    assert_eq!(found[0]["since"], "2026-11-10T10:21:36.000Z");
    // What was spent first leaves first, thirty days later.
    assert_eq!(found[0]["clearsAt"], "2026-12-10T10:00:00.001Z");
    let found = results(&slo, &["shop", "--when", "(state == \"down\") for 10m", "--when", "currentStreak == 0"]);
    assert_eq!((&found[0]["firing"], &found[0]["since"]), (&true.into(), &"2026-11-20T10:10:00.000Z".into()));
    assert_eq!((&found[1]["firing"], &found[1]["since"]), (&false.into(), &"2026-11-02T00:00:00.000Z".into()));
}

#[test]
fn declared_conditions_are_judged_where_they_are_about() {
    let slo = world();
    let found = results(&slo, &["--condition", "freeze"]);
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["objectiveId"], &found[0]["severity"]), (&"search".into(), &"warning".into()));
    assert_eq!(found[0]["expression"], "budgetRemainingPercent < 60");
    assert_eq!(found[0]["values"]["budgetRemainingPercent"], 50.0);
    assert_eq!(results(&slo, &["--all"]), found);
    let (code, _, stderr) = check(&slo, &["shop", "--condition", "freeze"]);
    assert_eq!((code, stderr.contains("nothing to check")), (2, true), "{stderr}");
    let (code, _, stderr) = check(&slo, &["--condition", "freze"]);
    assert_eq!((code, stderr.contains("did you mean freeze?")), (2, true), "{stderr}");
}

#[test]
fn what_cannot_be_answered_is_no_pass() {
    let slo = world();
    for (args, said) in [
        (&["--when", "budgetRemaining < 20"][..], "  ^^^^^^^^^^^^^^^\n"),
        (&["--when", "isBreaching &&"], "column 15"),
        (&["--when", "health.postgre.status == \"healthy\""], "there is no system"),
        (&["--when", "slo.shpo.isBreaching"], "did you mean shop?"),
        (&["-l", "team=nobody"], "nothing to check"),
    ] {
        let (code, stdout, stderr) = check(&slo, args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains(said) && stderr.contains("help: "), "{args:?}: {stderr}");
    }
    for form in ["junit", "github"] {
        let output = slo.run(&["status", "-o", form], b"");
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        assert!(
            output.stderr.contains("only for `slo check`, `slo validate` and `slo health --fail-on`"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn an_explanation_is_the_tree_with_its_values() {
    let slo = world();
    let when = "(budgetRemainingPercent < 60 && !isBreaching) for 5m || currentStreak == 0";
    let (code, stdout, _) = check(&slo, &["search", "--when", when, "--explain"]);
    let expected = "\
✖ search failed: (budgetRemainingPercent < 60 && !isBreaching) for 5m || currentStreak == 0
  yes any of
    yes for 5m
      yes all of
        yes budgetRemainingPercent < 60    budgetRemainingPercent=50
        yes not
          no  isBreaching    isBreaching=false
    no  currentStreak == 0    currentStreak=19
    since 2026-11-10 10:22 UTC
    clears 2026-12-10 10:04 UTC if no status changes
✖ fail: 1 of 1 objective failed
";
    assert_eq!((code, stdout.as_str()), (1, expected));
    let found = results(&slo, &["search", "--when", when, "--explain"]);
    let part = &found[0]["explanation"]["parts"][1];
    assert_eq!((&part["met"], &part["values"]["currentStreak"]), (&false.into(), &19.into()));
}

#[test]
fn github_gets_annotations_and_a_summary_of_the_job() {
    let slo = world();
    let summary = slo.path("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let env = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let args = ["check", "--as-of", NOW, "--when", "errorBudgetConsumedMinutes > 25", "--all", "-o", "github"];
    let output = slo.run_where(&env, &args, b"");
    assert_eq!(output.code, 1, "{}", output.stderr);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", output.stdout);
    let error = "::error title=shop failed%3A errorBudgetConsumedMinutes > 25::\
                 errorBudgetConsumedMinutes=30%0Asince 2026-11-20 10:25";
    assert!(lines[0].starts_with(error), "{}", lines[0]);
    assert!(
        lines[1].starts_with("::warning title=search failed%3A freeze::budgetRemainingPercent < 60%0A"),
        "{}",
        lines[1]
    );
    let page = std::fs::read_to_string(&summary).unwrap();
    assert!(page.starts_with("before\n### Error budgets\n\n| VERDICT | OBJECTIVE |"), "{page}");
    assert!(
        page.contains("| ✖ fail | search | freeze |") && page.trim_end().ends_with("✖ fail: 2 of 2 objectives failed")
    );
    // A failure to write it changes no verdict.
    let gone = slo.path("gone/summary.md");
    let output = slo.run_where(&[("GITHUB_STEP_SUMMARY", gone.to_str().unwrap())], &args, b"");
    assert_eq!((output.code, output.stderr.contains("the summary was not written")), (1, true), "{}", output.stderr);
}

/// An element: its name, its attributes, and its depth.
type Element = (String, Vec<(String, String)>, usize);

/// The elements of an XML text, in order; panics if it is not well-formed.
fn elements(xml: &str) -> Vec<Element> {
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    let (mut found, mut open): (Vec<Element>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>') && !rest[..start].contains("& "), "{rest}");
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut known = Vec::new();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, others) = value.split_once('"').unwrap();
            known.push((key.trim().to_owned(), value.to_owned()));
            attributes = others;
        }
        assert_eq!(attributes.trim(), "");
        found.push((name.to_owned(), known, open.len()));
        if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty());
    found
}

/// What the schema of Jenkins' xunit plugin (junit-10.xsd) allows: elements, their parents and their attributes.
#[test]
fn junit_is_what_readers_of_junit_expect() {
    let slo = world();
    let when = "budgetRemainingPercent < 60 && objectiveId != \"a\"";
    let (code, xml, stderr) = check(&slo, &["--when", when, "--fail-on", "breaching,down", "-o", "junit"]);
    // The report goes to a file, so the log gets the summary.
    assert_eq!((code, &*stderr), (1, "✖ fail: 2 of 2 objectives failed\n"));
    assert_eq!(check(&slo, &["--when", when, "-q", "-o", "junit"]).2, "");
    assert_eq!(check(&slo, &["--fail-on", "unknown", "-o", "junit"]).2, "");
    assert_eq!(check(&slo, &["--when", when, "-o", "json"]).2, "");
    let elements = elements(&xml);
    let shape = [
        ("testsuites", 0, &["name", "tests", "failures", "errors"][..], &["time", "disabled"][..]),
        ("testsuite", 1, &["name", "tests", "failures", "errors"], &["skipped", "timestamp", "time", "hostname", "id"]),
        ("testcase", 2, &["name", "classname"], &["time"]),
        ("failure", 3, &["message", "type"], &[]),
    ];
    for (name, attributes, depth) in &elements {
        let (_, at, needed, allowed) = shape.iter().find(|(known, ..)| known == name).unwrap();
        assert_eq!(depth, at, "{name}");
        let has = |key: &&str| attributes.iter().any(|(known, _)| known == key);
        assert!(needed.iter().all(has), "{name}: {attributes:?}");
        let may = |key: &str| needed.contains(&key) || allowed.contains(&key);
        assert!(attributes.iter().all(|(key, _)| may(key)), "{name}: {attributes:?}");
    }
    let count = |name: &str| elements.iter().filter(|(known, ..)| known == name).count();
    assert_eq!((count("testsuites"), count("testsuite"), count("testcase"), count("failure")), (1, 3, 6, 3));
    let number = |element: &Element, key: &str| -> usize {
        element.1.iter().find(|(known, _)| known == key).unwrap().1.parse().unwrap()
    };
    let suites: Vec<&Element> = elements.iter().filter(|(name, ..)| name == "testsuite").collect();
    let sums = |key: &str| suites.iter().map(|suite| number(suite, key)).sum::<usize>();
    assert_eq!((number(&elements[0], "tests"), number(&elements[0], "failures")), (sums("tests"), sums("failures")));
    assert_eq!((sums("tests"), sums("failures")), (6, 3));
    assert!(xml.contains("budgetRemainingPercent &lt; 60 &amp;&amp; objectiveId != &quot;a&quot;"), "{xml}");
}

/// Days sealed from the entire journal must not replace days that are forecast from what was known.
#[test]
fn what_is_foretold_of_streaks_knows_nothing_of_later_facts() {
    let objective = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: o }\n\
                     spec: { systemRef: { kind: System, name: a }, target: 50, windowDays: 1 }\n";
    let slo = Slo::with("{\"ts\":\"2026-09-21T14:00:00Z\",\"system\":\"a\",\"status\":\"up\"}\n", objective);
    let clears = || {
        let args = ["check", "--when", "currentStreak < 4", "--as-of", "2026-09-21T15:00:00Z", "-o", "json"];
        let answer: Value = serde_json::from_str(&slo.run(&args, b"").stdout).unwrap();
        answer["results"][0]["clearsAt"].clone()
    };
    assert_eq!(clears(), "2026-09-25T00:00:00.000Z");
    slo.ingest("{\"ts\":\"2026-09-21T16:00:00Z\",\"system\":\"a\",\"status\":\"down\"}\n");
    assert_eq!(clears(), "2026-09-25T00:00:00.000Z");
}

/// Systems of two teams, without any objective: `db` is down since 10:00 with a blip of ten seconds at 10:20, `cache`
/// is degraded, `mute` never reported.
const SYSTEMS: &str = r#"{"ts":"2026-11-20T09:00:00Z","system":"db","check":"tcp","status":"up"}
{"ts":"2026-11-20T09:00:00Z","system":"db","check":"sql","status":"up"}
{"ts":"2026-11-20T10:00:00Z","system":"db","check":"sql","status":"down"}
{"ts":"2026-11-20T10:20:00Z","system":"db","check":"sql","status":"up"}
{"ts":"2026-11-20T10:20:10Z","system":"db","check":"sql","status":"down"}
{"ts":"2026-11-20T10:05:00Z","system":"cache","status":"degraded"}
"#;
const DECLARED: &str = "apiVersion: slo/v1
kind: System
metadata: { name: db, labels: { tier: one } }
spec: {}
---
apiVersion: slo/v1
kind: System
metadata: { name: mute, labels: { tier: one } }
spec: {}
---
apiVersion: slo/v1
kind: Condition
metadata: { name: page-tier-one }
spec:
  systemSelector: { matchLabels: { tier: one } }
  when: { and: [{ state: { status: [degraded, unhealthy], for: 10m } }, '!inMaintenance'] }
  severity: critical
---
apiVersion: slo/v1
kind: Condition
metadata: { name: half-of-db }
spec: { systemRef: { kind: System, name: db }, when: { numeric_state: { value: healthyChecks, equals: 1 } }, severity: info }
";

#[test]
fn conditions_about_systems_need_no_objective() {
    let slo = Slo::with(SYSTEMS, DECLARED);
    // The blip ended at 10:20:10, so ten minutes without a gap are over at 10:30:10.
    let found = results(&slo, &["--all", "--no-data", "pass"]);
    let said: Vec<(&str, &str, bool, &str)> = found
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap_or("–");
            (text("systemId"), text("condition"), it["firing"].as_bool().unwrap(), text("severity"))
        })
        .collect();
    let expected = [
        ("db", "half-of-db", true, "info"),
        ("db", "page-tier-one", false, "critical"),
        ("mute", "no-data", false, "critical"),
        ("mute", "page-tier-one", false, "critical"),
    ];
    assert_eq!(said, expected);
    assert_eq!(found[0]["since"], "2026-11-20T10:20:10.000Z");
    assert_eq!(found[0]["values"]["healthyChecks"], 1);
    let later = |at: &str| {
        let output =
            slo.run(&["check", "--condition", "page-tier-one", "--system", "db", "-o", "json", "--as-of", at], b"");
        (output.code, serde_json::from_str::<Value>(&output.stdout).unwrap()["results"][0]["since"].clone())
    };
    assert_eq!(later("2026-11-20T10:30:09.999Z").0, 0);
    assert_eq!(later("2026-11-20T10:31:00Z"), (1, "2026-11-20T10:30:10.000Z".into()));
    // A system that never reported fails, unless told to pass.
    let (code, text, _) = check(&slo, &["--condition", "page-tier-one"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("mute failed: no-data\n    nothing has been reported\n")
            && text.ends_with("fail: 1 of 2 systems failed\n"),
        "{text}"
    );
    let (code, text, _) = check(&slo, &["--when", "totalChecks == 2", "--system", "db"]);
    assert_eq!((code, text.contains("db failed: totalChecks == 2")), (1, true), "{text}");
    let (code, _, stderr) = check(&slo, &["--condition", "half-of-db", "-l", "tier=two"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("the condition half-of-db selects none of these systems"), "{stderr}");
    let (code, _, stderr) = check(&slo, &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no objective is declared"), "{stderr}");
    let folder = slo
        .write_manifests(&DECLARED.replace("equals: 1", "below: 2").replace("{ tier: one } }\n  when", "{} }\n  when"));
    let plan = slo.run(&["plan", folder.to_str().unwrap()], b"");
    assert_eq!(plan.code, 1, "{}", plan.stderr);
    for change in
        ["spec.when: healthyChecks == 1 → healthyChecks < 2", "spec.systemSelector.matchLabels.tier: one → (none)"]
    {
        assert!(plan.stdout.contains(change), "{change}: {}", plan.stdout);
    }
    let exported = slo.pass(&["export", "manifests"], b"");
    slo.write_manifests(&exported);
    let plan = slo.run(&["plan", folder.to_str().unwrap()], b"");
    assert_eq!(plan.code, 0, "{} {} {exported}", plan.stdout, plan.stderr);
    slo.apply(&DECLARED.replace("matchLabels: { tier: one }", "matchLabels: {}"));
    let exported = slo.pass(&["export", "manifests"], b"");
    slo.write_manifests(&exported);
    let plan = slo.run(&["plan", folder.to_str().unwrap()], b"");
    assert_eq!(plan.code, 0, "{} {} {exported}", plan.stdout, plan.stderr);
}

#[test]
fn a_verdict_on_health_is_exact_and_has_every_form() {
    let slo = Slo::with(SYSTEMS, DECLARED);
    let health = |args: &[&str]| slo.run(&[&["health", "--as-of", NOW][..], args].concat(), b"");
    for (args, code) in [
        (&["db", "--fail-on", "unhealthy"][..], 1),
        (&["db", "--fail-on", "unhealthy", "--for", "9m50s"], 1),
        (&["db", "--fail-on", "unhealthy", "--for", "9m51s"], 0),
        (&["cache", "--fail-on", "unhealthy"], 0),
        (&["cache", "--fail-on", "degraded", "--for", "25m"], 1),
        (&["cache", "--fail-on", "degraded", "--for", "26m"], 0),
        (&["mute", "--fail-on", "unhealthy,degraded"], 0),
        (&["mute", "--fail-on", "unknown", "--for", "7d"], 1),
        (&["--fail-on", "unknown"], 1),
    ] {
        let output = health(args);
        assert_eq!(output.code, code, "{args:?}: {} {}", output.stdout, output.stderr);
    }
    let text = health(&["--fail-on", "unhealthy,unknown"]).stdout;
    assert!(
        text.contains("✖ db failed: unhealthy,unknown\n    unhealthy for 9.8m\n    since 2026-11-20 10:20 UTC\n"),
        "{text}"
    );
    assert!(text.ends_with("✖ fail: 2 of 3 systems failed\n"), "{text}");
    let json: Value = serde_json::from_str(&health(&["--fail-on", "unhealthy", "-o", "json"]).stdout).unwrap();
    assert_eq!((&json["verdict"], &json["results"][0]["systemId"]), (&"fail".into(), &"db".into()));
    assert_eq!(json["results"][0]["since"], "2026-11-20T10:20:10.000Z");
    assert!(health(&["--fail-on", "unhealthy", "-o", "junit"]).stdout.contains("<testcase name=\"db\""));
    assert!(health(&["-o", "junit"]).stderr.contains("are for verdicts only"));
    assert_eq!(health(&["--for", "10m"]).code, 2);
}

#[test]
fn show_calls_burn_rate_rules_what_check_calls_them() {
    let slo = world();
    let show = |as_of: &str| slo.pass(&["show", "shop", "--as-of", as_of], b"");
    let during = show(NOW);
    for line in [
        "page    1h   500,  5m  1000, limit  14.4: firing, both over",
        "page    6h    83, 30m  1000, limit   6.0: firing, both over",
        "ticket  1d    20,  2h   250, limit   3.0: firing, both over",
    ] {
        assert!(during.contains(line), "{during}");
    }
    assert!(show("2026-11-20T10:00:10Z").contains("5m    33, limit  14.4: starting, 1h still under"));
    slo.ingest("{\"ts\":\"2026-11-20T10:40:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n");
    let after = show("2026-11-20T10:50:00Z");
    assert!(after.contains("5m     0, limit  14.4: ending, 5m is back under"), "{after}");
    assert!(show("2026-11-19T10:00:00Z").contains("limit  14.4: quiet, both under"));
}

#[test]
fn why_an_objective_fails_is_said_in_words() {
    let slo = world();
    for (at, args, why) in [
        ("10:30", &["--fail-on", "down"][..], "down now, 30% of the budget left"),
        ("10:30", &["--fail-on", "at-risk"], "down now, 30% of the budget left"),
        ("10:30", &["--fail-on", "warning"], "spent 30m of a 43m12s budget"),
        ("10:30", &["--fail-on", "fast-burn"], "burn rate 500 over 1h"),
        ("10:30", &["--fail-on", "page"], "burn rate 500 over 1h, 1000 over 5m, 83 over 6h, 1000 over 30m"),
        ("10:30", &["--fail-on", "ticket"], "burn rate 20 over 1d, 250 over 2h, 6.94 over 3d, 83 over 6h"),
        ("10:30", &["--max-age", "15m"], "last data 30m ago, older than 15m"),
        // Known since the first of the month, in a window that began ten days and 10:30 hours earlier.
        ("10:30", &["--min-coverage", "99"], "status known for 64.7% of the elapsed window, at least 99% expected"),
        ("10:50", &["--fail-on", "breaching"], "spent 50m of a 43m12s budget, 6m48s over"),
        ("10:50", &["--fail-on", "down"], "breaching, down now, 0% of the budget left"),
        ("10:50", &["--fail-on", "critical"], "spent 50m of a 43m12s budget"),
        ("10:50", &["--fail-on", "exhausted"], "spent 50m of a 43m12s budget"),
    ] {
        let at = format!("2026-11-20T{at}:00Z");
        let output = slo.run(&[&["check", "shop", "--as-of", &at][..], args].concat(), b"");
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!((output.code, lines.get(1)), (1, Some(&format!("    {why}").as_str())), "{}", output.stdout);
        // The same words in the forms for CI.
        for form in ["github", "junit", "markdown"] {
            let output = slo.run(&[&["check", "shop", "--as-of", &at, "-o", form][..], args].concat(), b"");
            let text = output.stdout.replace("%25", "%");
            assert!(output.code == 1 && text.contains(why), "{form}: {}", output.stdout);
        }
    }
    let over = ["check", "shop", "--period", "2026-11-20", "--fail-on", "down", "--as-of", "2026-11-22T00:00:00Z"];
    let output = slo.run(&over, b"");
    assert!(output.stdout.contains("down at the close, 0% of the budget left"), "{}", output.stdout);
}
