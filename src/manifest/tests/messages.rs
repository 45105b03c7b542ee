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
