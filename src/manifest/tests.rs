//! Owns the tests of reading manifests as a unit, mostly with the fixtures.

mod expressions;
mod messages;
mod places;
mod together;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn source(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source { name: name.into(), path: name.into(), bytes: bytes.into() }
}

fn read_text(text: &str) -> Reading {
    read_sources(&[source("slo.yaml", text)], &Known::default())
}

fn shown(reading: &Reading) -> String {
    let lines: Vec<_> = reading.problems.iter().map(ToString::to_string).collect();
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// The fixtures of a folder: path and result of each.
fn fixtures(folder: &str) -> Vec<(PathBuf, Reading)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    assert!(!files.is_empty());
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        read_sources(&[source(name, fs::read(path).unwrap())], &Known::default())
    };
    files.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

#[test]
fn valid_manifests_have_no_problems() {
    for (path, reading) in fixtures("valid") {
        assert_eq!(shown(&reading), "", "{}", path.display());
        // In OpenSLO, several documents may make one object, and one document several.
        let is_own = !path.to_string_lossy().contains("openslo");
        let declared = if is_own { reading.documents } else { reading.objects.len().max(1) };
        assert_eq!(reading.objects.len() + reading.feeds.len(), declared, "{}", path.display());
    }
}

/// The known state with these stored systems, without dependencies or checks.
fn known(systems: &[&str]) -> Known {
    let systems = systems.iter().map(|name| Name::parse(name).unwrap()).collect();
    Known { systems, ..Known::default() }
}

fn system(name: &str, upstreams: &[&str]) -> String {
    let upstreams: Vec<String> =
        upstreams.iter().map(|upstream| format!("{{ targetRef: {{ kind: System, name: {upstream} }} }}")).collect();
    let dependencies = upstreams.join(", ");
    format!(
        "---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{ dependencies: [{dependencies}] }}\n"
    )
}

fn objective(name: &str, system: &str, more: &str) -> String {
    format!(
        "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name} }}\nspec:\n  systemRef: {{ kind: System, name: {system} }}\n  target: 99.9\n  windowDays: 30\n{more}"
    )
}

#[test]
fn problems_of_all_files_come_in_their_order_and_duplicates_name_both_places() {
    let files =
        [source("b.yaml", format!("{}---\na: [1\n", system("web", &[]))), source("a.yaml", system("web", &["gone"]))];
    let reading = read_sources(&files, &Known::default());
    let expected = "b.yaml:8:1: error: not valid YAML: a [ ] list is not closed, or a comma is missing; it begins on line 7; add the \",\" or \"]\"\n\
         a.yaml:4:19: error: System web: declared twice, first at b.yaml:4:19; rename or remove one of them\n\
         a.yaml:5:59: error: System web: spec.dependencies[0].targetRef.name names the system gone, which has neither a \
         manifest nor a transition; declare it with kind: System, or ingest a transition of it first\n";
    assert_eq!(shown(&reading), expected);
    assert_eq!((reading.files, reading.documents, reading.objects.len()), (2, 3, 2));
    assert!(reading.has_errors() && !reading.has_unreadable());
}

#[test]
fn an_input_that_cannot_be_read_hides_nothing_of_the_others() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("web.yaml"), system("web", &[])).unwrap();
    let paths = [root.path().to_owned(), "-".into(), root.path().join("gone.yaml")];
    let stdin = objective("a", "web", "") + &objective("b", "wbe", "");
    let reading = Files::load(&paths, &mut stdin.as_bytes()).read(&Known::default());
    assert!(reading.has_unreadable());
    assert_eq!((reading.files, reading.documents, reading.objects.len()), (2, 3, 3));
    let problems: Vec<_> = reading.problems.iter().map(|problem| (problem.severity, problem.at.is_some())).collect();
    assert_eq!(problems, [(Severity::Unreadable, false), (Severity::Error, true)]);
    assert!(shown(&reading).contains("stdin:14:36: error: SLO b: "), "{}", shown(&reading));
}

#[test]
fn a_disabled_check_of_checkstack_is_retired_in_the_systems_beside_it() {
    let check = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: checkstack.io/v1alpha1\nkind: Healthcheck\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
        )
    };
    let own = "---\napiVersion: slo/v1\nkind: System\nmetadata: { name: db }\nspec:\n  checks: \
               [{ name: http, retiredAt: 2026-10-01 }, { name: ping, quorum: any }]\n";
    let text = [
        check("http", "{ strategy: http, intervalSeconds: 60, config: { url: x }, enabled: false }"),
        check("ping", "{ enabled: false }"),
        check("tcp, namespace: prod, labels: [5]", "{ strategy: tcp }\nstatus: { phase: running }"),
        own.to_owned(),
        system("web", &[]),
    ];
    let reading = read_sources(&[source("slo.yaml", text.concat())], &Known::default());
    assert_eq!(shown(&reading), "");
    let retired = |object: &Object| match object {
        Object::System(system) => system
            .checks
            .iter()
            .map(|check| format!("{} {:.10}", check.name, check.retired_at.unwrap().to_string()))
            .collect(),
        _ => Vec::new(),
    };
    let retired: Vec<Vec<String>> = reading.objects.iter().map(|declared| retired(&declared.object)).collect();
    assert_eq!(retired, [["http 2026-10-01", "ping 2000-01-01"], ["http 2000-01-01", "ping 2000-01-01"]]);

    let text = [check("http", "{ enabled: false }"), check("http", "{}"), check("ping", "{ enabled: maybe }")].concat();
    let expected = "slo.yaml:4:19: warning: Healthcheck http: http is disabled, but no system is declared beside it, so nothing \
                    follows from that; pass the systems together with it, or write retiredAt in spec.checks\n\
                    slo.yaml:9:19: error: Healthcheck http: declared twice, first at slo.yaml:4:19; rename or remove one of them\n\
                    slo.yaml:15:18: error: Healthcheck ping: spec.enabled must be true or false, not \"maybe\"\n";
    assert_eq!(shown(&read_sources(&[source("slo.yaml", text)], &Known::default())), expected);
}

#[test]
fn composite_systems_are_nested_only_so_deep() {
    let nested = |depth: usize| {
        let composite = |number: usize| {
            let below = number + 1;
            format!(
                "---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: s{number} }}\n\
                 spec: {{ members: [{{ kind: System, name: s{below} }}] }}\n"
            )
        };
        let text = (0..depth).map(composite).collect::<String>() + &system(&format!("s{depth}"), &[]);
        shown(&read_sources(&[source("slo.yaml", text)], &Known::default()))
    };
    assert_eq!(nested(32), "");
    let expected = "slo.yaml:5:41: error: System s0: s0 has members nested more than 32 deep; name the \
                    systems at the bottom as members\n";
    assert_eq!(nested(33), expected);
    assert!(nested(20_000).contains("more than 32 deep"));
}

#[test]
fn a_quorum_of_more_locations_than_have_reported_is_warned_about() {
    let mut known = known(&["web"]);
    let name = |text: &str| Name::parse(text).unwrap();
    known.locations.insert(name("web"), BTreeMap::from([(name("http"), 2), (name("ping"), 3)]));
    let text = "apiVersion: slo/v1\nkind: System\nmetadata: { name: web }\nspec:\n  checks: \
                [{ name: http, quorum: 3 }, { name: ping, quorum: 3 }, { name: new, quorum: 9 }]\n";
    let expected = "slo.yaml:5:34: warning: System web: the quorum of the check http is 3, but it has reported from 2 locations so \
                    far, so it is unknown; write at most 2, or report from more locations\n";
    assert_eq!(shown(&read_sources(&[source("slo.yaml", text)], &known)), expected);
}

/// Lines of a manifest, each with whether it is inside brackets, where any indentation means the same.
const BRACKETS: [(&str, bool); 14] = [
    ("apiVersion: slo/v1", false),
    ("kind: MaintenanceWindow", false),
    ("metadata: {", false),
    ("  \"name\": \"w\",", true),
    ("  title: it's [, # ]", true),
    ("  }", true),
    ("spec:", false),
    ("  systemRefs: [", false),
    ("    {", true),
    ("    \"kind\": 'System', name: \"web\"", true),
    ("    }", true),
    ("  ]", true),
    ("  start: 2026-11-20", false),
    ("  end: 2026-11-21", false),
];

proptest! {
    #[test]
    fn indentation_inside_brackets_means_nothing(indents in prop::collection::vec(0..9usize, BRACKETS.len()), typo: bool) {
        let line = |(index, (line, inside)): (usize, &(&str, bool))| match inside {
            true => format!("{}{}\n", " ".repeat(indents[index]), line.trim_start()),
            false => format!("{line}\n"),
        };
        let title = "title: it's [, # ]";
        let text: String = BRACKETS.iter().enumerate().map(line).collect();
        // An open bracket in a text would count as one, but not in a comment.
        let text = text.replace(title, if typo { "titel: \"it's [\" # ]" } else { "title: \"it's [\" # ]" });
        let reading = read_sources(&[source("slo.yaml", &*text)], &known(&["web"]));
        if typo {
            prop_assert_eq!(reading.problems.len(), 1, "{}", shown(&reading));
            let column = indents[4] as u32 + 1;
            prop_assert_eq!(reading.problems[0].at, Some(Position { line: 5, column }), "{}", text);
        } else {
            prop_assert_eq!(shown(&reading), "", "{}", text);
            let plain = BRACKETS.map(|(line, _)| line).join("\n").replace(title, "title: \"it's [\"");
            let plain = read_sources(&[source("slo.yaml", plain)], &known(&["web"]));
            prop_assert_eq!(&reading.objects[0].object, &plain.objects[0].object);
        }
    }
}

#[test]
fn a_bracket_too_many_is_still_said_and_soon() {
    for text in ["spec:\n  a: [\n1\n", "spec:\n  a: [\n1,\n2\n}\nb: 1\n", "spec:\n  a: {\nb: [\n}\n"] {
        let reading = read_text(text);
        assert!(shown(&reading).contains("not valid YAML"), "{text}: {}", shown(&reading));
        assert_eq!(reading.problems.len(), 1, "{}", shown(&reading));
    }
    // Thousands of them are fixed while that is cheap, and then reported one by one.
    let many = "  k: [\n1\n]\n".repeat(60_000);
    let reading = read_text(&format!("spec:\n{many}"));
    assert!(shown(&reading).contains("indented less than the key before them; indent the line"), "{}", shown(&reading));
}

#[test]
fn references_resolve_against_what_is_stored() {
    let text = objective("a", "stored", "");
    assert!(read_text(&text).has_errors());
    let reading = read_sources(&[source("slo.yaml", text)], &known(&["stored"]));
    assert_eq!(shown(&reading), "");
    let Origin { file, document, line } = &reading.objects[0].origin;
    assert_eq!((&**file, *document, *line), ("slo.yaml", 1, 4));
}

#[test]
fn circles_through_stored_systems_are_found_unless_the_documents_break_them() {
    let name = |text| Name::parse(text).unwrap();
    let mut known = known(&["a", "b", "x", "y"]);
    for (from, to) in [("a", "b"), ("x", "y"), ("y", "x")] {
        let upstreams = BTreeSet::from([name(to)]);
        known.declared.insert(name(from), KnownSystem { upstreams, members: BTreeSet::new() });
    }
    let read = |text: String| shown(&read_sources(&[source("slo.yaml", text)], &known));
    let expected =
        "slo.yaml:5:59: error: System b: systems depend on each other: a → b → a; remove one of these dependencies\n";
    assert_eq!(read(system("b", &["a"])), expected);
    assert_eq!(read(system("b", &["a"]) + &system("a", &[])), "");
}

#[test]
fn a_check_the_journal_does_not_know_is_a_warning_once_it_knows_others() {
    let mut known = known(&["web"]);
    let check = "  healthcheckRef: { kind: Healthcheck, name: htpp }\n";
    let read = |known: &Known| shown(&read_sources(&[source("slo.yaml", objective("a", "web", check))], known));
    assert_eq!(read(&known), "");
    let http = Name::parse("http").unwrap();
    known.checks.insert(Name::parse("web").unwrap(), BTreeSet::from([http]));
    let expected =
        "slo.yaml:9:46: warning: SLO a: web has no transitions of the check htpp so far; did you mean http?\n";
    assert_eq!(read(&known), expected);
    // So are its settings in the manifest of the system.
    let system = "apiVersion: slo/v1\nkind: System\nmetadata: { name: web }\nspec:\n  checks: [{ name: http }, { name: htpp }]\n";
    let expected =
        "slo.yaml:5:36: warning: System web: web has no transitions of the check htpp so far; did you mean http?\n";
    assert_eq!(shown(&read_sources(&[source("slo.yaml", system.to_owned())], &known)), expected);
}

#[test]
fn an_incident_is_no_check() {
    let mut known = known(&["web"]);
    let [web, http, incident] = ["web", "http", "INC-1"].map(|name| Name::parse(name).unwrap());
    known.incidents.insert(web.clone(), BTreeSet::from([incident]));
    let read = |known: &Known, name: &str| {
        let check = format!("  healthcheckRef: {{ kind: Healthcheck, name: {name} }}\n");
        shown(&read_sources(&[source("slo.yaml", objective("a", "web", &check))], known))
    };
    assert_eq!(read(&known, "http"), "");
    let expected =
        |remedy: &str| format!("slo.yaml:9:46: warning: SLO a: INC-1 is an incident of web, not a check; {remedy}\n");
    assert_eq!(read(&known, "INC-1"), expected("remove healthcheckRef; incidents count in any case"));
    known.checks.insert(web, BTreeSet::from([http]));
    assert_eq!(read(&known, "INC-1"), expected("known: http"));
    let unknown = "slo.yaml:9:46: warning: SLO a: web has no transitions of the check INC-2 so far; known: http\n";
    assert_eq!(read(&known, "INC-2"), unknown);
}

#[test]
fn what_a_broken_document_may_declare_is_not_missing() {
    let broken = "---\nkind: System\nmetadata: { name: web, x\nspec: {}\n";
    let reading = read_text(&(objective("a", "web", "") + broken));
    assert_eq!(reading.problems.len(), 1, "{}", shown(&reading));
}

#[test]
fn an_empty_input_has_no_documents_and_no_problems() {
    for text in ["", "\n# nothing\n", "---\n---\n...\n", "~", "\u{feff}"] {
        let reading = read_text(text);
        assert_eq!((reading.documents, reading.problems.len()), (0, 0), "{text:?}");
    }
}

#[test]
fn exact_texts_become_exact_values() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/valid/everything.yaml"));
    let reading = read_text(&text.unwrap());
    let kinds: Vec<_> = reading.objects.iter().map(|declared| declared.object.identity().to_string()).collect();
    assert_eq!(kinds, ["System edge/eu-1:proxy", "SLO monthly", "MaintenanceWindow patch-night", "SLO from-json"]);
    let Object::Objective(monthly) = &*reading.objects[1].object else { panic!("{kinds:?}") };
    assert_eq!(monthly.target.percent().to_string(), "99.999999");
    assert_eq!(monthly.thresholds.fast_burn_multiplier.to_string(), "14.4");
    assert_eq!(monthly.window.to_string(), "calendar month Europe/Berlin");
}

#[test]
fn ten_thousand_documents_are_read_together() {
    let mut text = String::new();
    for index in 0..5000 {
        // Each system depends on the one before, so the chain contains all systems.
        let upstream = if index == 0 { "first".to_owned() } else { format!("system-{}", index - 1) };
        text += &system(&format!("system-{index}"), &[&upstream]);
        text += &objective(
            &format!("objective-{index}"),
            &format!("system-{index}"),
            &EVERYTHING.replace("first", &upstream),
        );
    }
    let reading = read_sources(&[source("slo.yaml", text + &system("first", &[]))], &Known::default());
    assert_eq!(shown(&reading), "");
    assert_eq!(reading.objects.len(), 10_001);
}

/// The optional fields of an objective.
const EVERYTHING: &str = "  healthcheckRef: { kind: Healthcheck, name: http }
  dependencyExclusion: self-only
  excludedDependencyRefs: [{ kind: System, name: first }]
  excludeMaintenanceWindows: true
  countsAsDown: [unhealthy]
  notCounted: [maintenance]
  burnRateThresholds: { warningPercent: 50, criticalPercent: 80, fastBurnMultiplier: 14.4 }
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_reading_fail_other_than_with_problems(
        fixture in 0..FIXTURES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, prop::sample::select(FRAGMENTS.to_vec())), 1..6),
    ) {
        let mut bytes = FIXTURES[fixture].as_bytes().to_vec();
        for (at, length, fragment) in edits {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, fragment.bytes());
        }
        let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u32;
        let reading = read_sources(&[source("fuzz.yaml", bytes)], &Known::default());
        prop_assert!(reading.has_errors() || reading.objects.len() == reading.documents);
        for problem in &reading.problems {
            prop_assert!(problem.at.is_some_and(|at| at.line >= 1 && at.line <= lines + 1 && at.column >= 1), "{problem}");
        }
    }

    #[test]
    fn the_order_of_documents_changes_no_verdict(order in Just(documents()).prop_shuffle()) {
        let messages = |documents: &[String]| {
            let reading = read_text(&documents.concat());
            let mut messages: Vec<_> =
                reading.problems.iter().map(|problem| (problem.subject.clone(), problem.message.clone())).collect();
            messages.sort();
            let mut objects: Vec<_> = reading.objects.into_iter().map(|declared| declared.object.identity()).collect();
            objects.sort();
            (messages, objects)
        };
        prop_assert_eq!(messages(&order), messages(&documents()));
    }
}

const FIXTURES: [&str; 4] = [
    include_str!("../../fixtures/manifests/valid/everything.yaml"),
    include_str!("../../fixtures/manifests/valid/spec-example.yaml"),
    include_str!("../../fixtures/manifests/invalid/syntax.yaml"),
    include_str!("../../fixtures/manifests/invalid/maintenance.yaml"),
];

const FRAGMENTS: [&str; 34] = [
    "", "\n", "\t", " ", "  ", "-", "- ", ": ", ":", "{", "}", "[", "]", ",", "\"", "'", "#", "&a ", "*a", "!",
    "!!str ", "|", ">", "|2-", "%", "@", "?", "? ", "---\n", "...\n", "\r", "\u{feff}", "\u{2028}", "\\u",
];

fn documents() -> Vec<String> {
    vec![
        system("a", &["b"]),
        system("b", &["c", "gone"]),
        system("c", &["a"]),
        objective("d", "a", ""),
        objective("e", "nowhere", ""),
        objective("f", "a", "  excludedDependencyRefs: [{ kind: System, name: c }]\n"),
    ]
}
