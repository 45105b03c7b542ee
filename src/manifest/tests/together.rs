//! Checks that one problem hides no other of its document.

use super::*;

/// The messages of a document's problems, with the object and the position left out.
fn problems(text: &str) -> Vec<String> {
    let mut known = known(&["web"]);
    known.objectives = read_text(&objective("kept", "web", ""))
        .objects
        .iter()
        .filter_map(|declared| match &*declared.object {
            Object::Objective(objective) => Some((objective.metadata.name.clone(), objective.clone())),
            _ => None,
        })
        .collect();
    let reading = read_sources(&[source("slo.yaml", text)], &known);
    reading.problems.iter().map(|problem| problem.message.clone()).collect()
}

fn document(kind: &str, spec: &str) -> String {
    format!("apiVersion: slo/v1\nkind: {kind}\nmetadata: {{ name: x }}\nspec:\n{spec}")
}

/// Expects a problem for each beginning, and no others.
#[track_caller]
fn expect(text: &str, beginnings: &[&str]) {
    let found = problems(text);
    assert_eq!(found.len(), beginnings.len(), "{found:#?}");
    for beginning in beginnings {
        assert!(found.iter().any(|message| message.starts_with(beginning)), "{beginning}: {found:#?}");
    }
}

#[test]
fn a_maintenance_window_with_several_problems_says_all_of_them() {
    let window =
        |spec: &str| document("MaintenanceWindow", &format!("  systemRefs: [{{ kind: System, name: web }}]\n{spec}"));
    expect(
        &window("  start: 2026-11-20\n  duration: 2 hours\n  rrule: every monday\n"),
        &["spec.duration must be a duration", "spec.rrule \"every monday\" is not valid"],
    );
    expect(
        &window("  start: soon\n  end: later\n  duration: long\n  rrule: FREQ=HOURLY\n  timezone: Mars\n"),
        &[
            "spec.start \"soon\" is not a time",
            "spec.end and spec.duration contradict each other",
            "spec.end \"later\" is not a time",
            "spec.duration must be a duration",
            "spec.rrule \"FREQ=HOURLY\" is not valid",
            "spec.timezone \"Mars\" is not a known time zone",
        ],
    );
}

#[test]
fn a_feed_with_an_unknown_format_says_what_else_is_wrong() {
    let spec = "  format: cvs\n  shape: transition\n  maxGap: long\n  timezone: Mars\n  records: x\n  fields: { ts: a, sytem: b, status: \
                { from: c, match: d } }\n  values: { status: { up: ok } }\n";
    expect(
        &document("Feed", spec),
        &[
            "spec.format must be csv",
            "spec.shape must be",
            "spec.maxGap must be a duration",
            "spec.timezone \"Mars\" is not a known time zone",
            "unknown field \"sytem\" in spec.fields",
            "spec.fields.status.match \"d\" has no group",
            "spec.values.status.up must be healthy",
        ],
    );
    // A field that is missing is reported beside other problems.
    expect(
        &document("Feed", "  format: csv\n  delimiter: \";;\"\n  fields: { ts: a, system: b }\n"),
        &["spec.delimiter \";;\" is not one character", "spec.fields.status is missing"],
    );
}

#[test]
fn a_condition_with_several_problems_says_all_of_them() {
    expect(
        &document(
            "Condition",
            "  when: { numeric_state: { above: much, equals: 3 } }\n  severity: loud\n  for: long\n",
        ),
        &[
            "spec.when.numeric_state.value is missing",
            "spec.when.numeric_state has equals beside another limit",
            "spec.when.numeric_state.above: \"much\" is neither",
            "spec.severity must be",
            "spec.for must be a duration",
        ],
    );
    expect(
        &document("Condition", "  when: { state: { status: bad, for: long }, policy: paeg, for: longer }\n"),
        &[
            "spec.when has both",
            "spec.when.state.entity is missing",
            "spec.when.state.status must be",
            "spec.when.state.for must be a duration",
            "spec.when.policy must be",
            "spec.when.for must be a duration",
        ],
    );
    expect(
        &document(
            "Condition",
            "  when: { state: { entity: wbe, status: down } }\n  selector: { team: a }\n  objectiveRef: { kind: SLO, name: none }\n",
        ),
        &[
            "spec.when.state.entity names the system wbe",
            "spec.when.state.status must be",
            "spec.selector and spec.objectiveRef contradict each other",
            "unknown field \"team\" in spec.selector",
            "spec.objectiveRef.name names the objective none",
        ],
    );
}

#[test]
fn a_system_with_several_problems_says_all_of_them() {
    let thresholds =
        "  checks: [{ name: http, thresholds: { mode: consecutive, size: 3, degraded: 5, unhealthy: 2 } }]\n";
    expect(
        &document("System", thresholds),
        &["spec.checks[0].thresholds.size has no meaning", "spec.checks[0].thresholds.degraded is 5"],
    );
    let members = "  members: [{ kind: System, name: web }]\n  quorum: 4\n  checks: [{ name: http }]\n";
    expect(
        &document("System", members),
        &["spec.quorum is 4, but there is only 1 member", "spec.checks and spec.members contradict each other"],
    );
    // A value that is no list is one problem, and an invalid reference does not lower the quorum that is possible.
    expect(&document("System", "  members: web\n  quorum: 4\n"), &["spec.members must be a list"]);
    let members = "  members: [{ kind: System, name: web }, { kind: Sytem, name: a b }]\n  quorum: 2\n";
    expect(&document("System", members), &["spec.members[1].kind must be System", "spec.members[1].name \"a b\""]);
}

#[test]
fn an_objective_with_several_problems_says_all_of_them() {
    let spec = "  systemRef: { kind: System, name: web }\n  target: 99.9\n  windowDays: 0\n  window: { calendar: fortnight }\n  \
                schedule: [{ weekday: [], after: 9 }]\n  countsAsDown: { healthy: 1, degraded: 2 }\n";
    expect(
        &document("SLO", spec),
        &[
            "spec.window and spec.windowDays contradict each other",
            "spec.windowDays must be a whole number",
            "spec.window.calendar must be",
            "spec.schedule[0].weekday is empty",
            "spec.schedule[0].after: \"9\" is not a time of day",
            "spec.countsAsDown contains healthy",
            "spec.countsAsDown.degraded must be a weight",
        ],
    );
}

#[test]
fn an_openslo_document_with_several_problems_says_all_of_them() {
    let source = "metricSource: { type: HealthTransitions, spec: { system: a b, states: [bad] } }";
    let text = format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{ name: x, annotations: {{ slo/minimumOutage: long }} }}\nspec:\n  service: web\n  \
         indicator: {{ spec: {{ thresholdMetric: {{ {source} }} }} }}\n  budgetingMethod: RatioTimeslices\n  \
         timeWindow: [{{ duration: soon, calendar: {{ timeZone: Mars }} }}]\n  objectives: [{{ target: 2, targetPercent: 100 }}]\n"
    );
    expect(
        &text,
        &[
            "spec.indicator.spec.thresholdMetric.metricSource.spec.system \"a b\"",
            "spec.indicator.spec.thresholdMetric.metricSource.spec.states[0] must be",
            "spec.timeWindow[0].duration must be",
            "spec.timeWindow[0].calendar.timeZone \"Mars\"",
            "spec.objectives[0].targetPercent and target are both written",
            "spec.objectives[0].target 2",
            "spec.objectives[0].targetPercent 100",
            "slo/minimumOutage must be a duration",
        ],
    );
}
