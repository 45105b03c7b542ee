//! Checks messages about single values, and documents as other programs write them.

use super::*;

#[track_caller]
fn expect(text: &str, said: &str) {
    let found = shown(&read_text(text));
    assert!(found.contains(said), "{found}");
}

fn labelled(labels: &str) -> String {
    format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: web, labels: {{ {labels} }} }}\n")
}

fn stale(after: &str) -> String {
    format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: web }}\nspec: {{ staleAfter: {after} }}\n")
}

#[test]
fn a_value_that_is_missing_null_or_out_of_bounds_is_named_as_that() {
    expect(&labelled("a: "), "metadata.labels.a must be a string, but has no value; write \"\"\n");
    expect(&labelled("a: null"), "metadata.labels.a must be a string, not null; write \"null\"\n");
    expect(&stale("0s"), "spec.staleAfter must be a duration longer than zero, not \"0s\"; ");
    expect(&stale("4000d"), "spec.staleAfter must be a duration of at most 3650d, not \"4000d\"; ");
    expect(&stale("soon"), "spec.staleAfter must be a duration, not \"soon\"; ");
}

#[test]
fn a_name_that_is_too_long_is_shortened() {
    let text = |name: &str| format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\n");
    let long = "n".repeat(300);
    expect(&text(&long), &format!("this one has 300; write {}\n", &long[..253]));
    expect(&text(&"é".repeat(200)), &format!("0-9 . _ / : -; write {}\n", "e".repeat(200)));
}

#[test]
fn a_check_of_checkstack_is_read_with_its_own_version_only() {
    let text = "apiVersion: slo/v1\nkind: Healthcheck\nmetadata: { name: http }\nspec: { enabled: false }\n";
    expect(text, "kind \"Healthcheck\" is only read with apiVersion checkstack.io/v1alpha1; write apiVersion: check");
}

#[test]
fn json_may_write_any_character_with_escapes() {
    let json = r#"{"apiVersion": "slo/v1", "kind": "System", "metadata": {"name": "web", "title": "\ud83d\ude00 \u00fc"}, "spec": {}}"#;
    let reading = read_text(json);
    assert_eq!(shown(&reading), "");
    let Object::System(system) = &*reading.objects[0].object else { panic!("not a system") };
    assert_eq!(system.metadata.title.as_deref(), Some("😀 ü"));
    // Problems after it are where they are in the file.
    expect(&json.replace("\"spec\"", "\"spce\""), "slo.yaml:1:105: error: System web: unknown field \"spce\"");
}

#[test]
fn a_name_where_a_mapping_belongs_is_shown_as_that_mapping() {
    let system = |spec: &str| format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: web }}\nspec:\n  {spec}\n");
    for (spec, remedy) in [
        ("checks: [http]", "write { name: http }"),
        ("checks: http", "write [{ name: http }]"),
        ("dependencies: [db]", "write { targetRef: { kind: System, name: db } }"),
        ("dependencies: db", "write [{ targetRef: { kind: System, name: db } }]"),
        ("members: [a, { kind: System, name: b }]", "write { kind: System, name: a }"),
        ("members: a", "write [{ kind: System, name: a }]"),
    ] {
        expect(&system(spec), remedy);
    }
    expect("apiVersion: slo/v1\nkind: System\nmetadata: web\n", "write { name: web }");
}

#[test]
fn fields_of_the_specification_beside_it_are_to_be_indented() {
    let text = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\nspec:\nsystemRef: { kind: System, name: web }\ntarget: 99\n";
    expect(text, "5:1: error: SLO web: unknown field \"systemRef\"; indent it below spec:");
    let text = "apiVersion: slo/v1\nkind: System\nmetadata:\nname: web\n";
    expect(text, "4:1: error: System: unknown field \"name\"; indent it below metadata:");
    let text = "apiVersion: slo/v1\nkind: System\nmetadata: { name: web }\nspec: {}\n  staleAfter: 15m\n";
    expect(text, "the value above is {}, so nothing may be indented below it; remove the {}");
}

#[test]
fn hours_days_and_zones_are_corrected_if_their_meaning_is_clear() {
    let slo = |spec: &str| {
        format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: web }}\nspec:\n  systemRef: {{ kind: System, name: web }}\n  \
             target: 99\n  {spec}\n"
        )
    };
    for (spec, remedy) in [
        ("schedule: [{ after: 9:00 }]", "write \"09:00\""),
        ("schedule: [{ after: \"7\" }]", "write \"07:00\""),
        ("schedule: [{ after: 9 }]", "write \"09:00\""),
        ("schedule: [{ after: 0930 }]", "write \"09:30\""),
        ("schedule: [{ after: 09.00 }]", "write \"09:00\""),
        ("schedule: [{ weekday: [1] }]", "write Mon, Tue, Wed, Thu, Fri, Sat or Sun"),
        ("window: { calendar: month, timezone: GMT+1 }", "write an IANA name such as Europe/Berlin"),
        ("schedule: [{ after: 9am }]", "write hours and minutes, such as \"22:00\""),
        ("schedule: [{ weekday: Mon-Fri }]", "list the days: [Mon, Tue, Wed, Thu, Fri]"),
        ("schedule: [{ weekday: [Sat - monday] }]", "list the days: [Sat, Sun, Mon]"),
        (
            "schedule: Mon-Fri 9-17",
            "write [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\" }]",
        ),
        ("window: { calendar: month, timezone: zurich }", "did you mean Europe/Zurich?"),
        ("window: { calendar: month, timezone: New York }", "did you mean America/New_York?"),
        ("burnRateThresholds: { warningPercent: 0.5 }", "it is a percentage: 50 is half of the budget"),
    ] {
        expect(&slo(spec), remedy);
    }
}
