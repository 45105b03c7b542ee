//! Names and texts that are made to be more than text: in paths, manifests and feeds, in every form that people, forges
//! and spreadsheets read.

use std::fs;

use crate::harness::{OBJECTIVE, World};

/// A text that clears the screen, starts a workflow command on a line of its own, and reverses the writing direction.
const HOSTILE: &str = "\u{1b}[2J\n::error::fake\r\u{202e}\u{2066}\u{61c}\u{200f}\u{2028}\u{9b}31m";
/// The same in YAML and JSON.
const ESCAPED: &str = r"\u001b[2J\n::error::fake\r\u202e\u2066\u061c\u200f\u2028\u009b31m";

/// Output for people has no control characters, and no line that begins with foreign text.
#[track_caller]
fn is_plain(what: &str, text: &str) {
    let hidden = |c: char| {
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (c.is_control() && c != '\n') || turns
    };
    let found = text.chars().find(|c| hidden(*c));
    assert_eq!(found, None, "{what}: {text:?}");
    let begins = text.lines().find(|line| line.starts_with("::error::fake"));
    assert_eq!(begins, None, "{what}: {text:?}");
}

#[cfg(unix)]
#[test]
fn paths_are_shown_and_do_nothing() {
    let world = World::in_file().live();
    let name = HOSTILE.replace('\u{9b}', "");
    let (folder, file) = (format!("m/{name}"), format!("m/{name}/{name}.yaml"));
    world.write(&file, "kind: Nope\n");
    for form in ["table", "wide", "markdown", "github", "junit"] {
        let output = world.run(&["validate", "m", "-o", form]);
        assert_eq!(output.code, 1, "{form}: {}", output.stderr);
        is_plain(form, &output.text());
        let shown = if form == "github" { "%0A%3A%3Aerror%3A%3Afake%0D" } else { r"\n::error::fake\r\u{202e}" };
        assert!(output.text().contains(shown), "{form}: {}", output.text());
    }
    assert_eq!(
        world.run(&["validate", "m", "-o", "json"]).json()["problems"][0]["file"],
        file,
        "programs get the path"
    );
    for args in [
        &["plan", "m"][..],
        &["apply", "m"],
        &["apply", &format!("{folder}/none.yaml")],
        &["ingest", &format!("{folder}/none.csv")],
        &["ingest", &file],
        &["init", &file],
        &["status", "--db", &format!("{folder}/none.db")],
        &["status", "--db", &file],
        &["db", "backup", &file],
        &["db", "merge", &file],
        &["report", "--html", &folder],
        &["demo", "--db", &file],
        &["status", &name],
        &["health", &name],
        &["status", "-l", &name],
        &["check", "--when", &name],
        &["status", "--as-of", &name],
        &["status", "-o", &name],
        &[&name],
    ] {
        let output = world.run(args);
        assert_ne!(output.code, 0, "{args:?}");
        is_plain(&format!("{args:?}"), &(output.text() + &output.stderr));
    }
    // A stored object with such a name is reported and listed like any other.
    world.write(&file, OBJECTIVE);
    let output = world.run(&["apply", "--adopt", "--set", "s", &folder]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    is_plain("apply", &(output.text() + &output.stderr));
    for kind in ["objectives", "ingests", "sets"] {
        is_plain(kind, &world.pass(&["list", kind, "-o", "wide"]));
    }
    world.write("other/empty.yaml", OBJECTIVE.replace("shop-availability", "else"));
    for args in [&["plan", "--set", "t", &folder][..], &["apply", "--set", "s", "--prune", "other"]] {
        let output = world.run(args);
        assert!(output.stderr.contains(r"\n::error::fake"), "{}", output.stderr);
        is_plain(&format!("{args:?}"), &(output.text() + &output.stderr));
    }
    fs::write(world.path(&format!("{folder}/feed.jsonl")), "nonsense\n").unwrap();
    let feed = format!("{folder}/feed.jsonl");
    let output = world.run(&["ingest", &feed]);
    is_plain("ingest", &(output.text() + &output.stderr));
    is_plain("list ingests", &world.pass(&["list", "ingests"]));
    let copy = format!("{folder}/copy.db");
    is_plain("backup", &world.pass(&["db", "backup", &copy]));
    is_plain("merge", &world.pass(&["db", "merge", &copy]));
    is_plain("info", &world.pass(&["db", "info", "--db", &copy]));
}

#[test]
fn texts_of_manifests_and_feeds_are_shown_and_do_nothing() {
    let world = World::lived_in();
    let metadata = format!(
        "name: shop-availability, title: \"{ESCAPED}\", description: \"{ESCAPED}\", annotations: {{ a: \"{ESCAPED}\" }} }}"
    );
    let window = format!(
        "---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: {{ name: w, title: \"{ESCAPED}\" }}\nspec:\n  systemRefs: [{{ kind: System, name: shop }}]\n  \
         start: 2024-03-19T00:00:00Z\n  end: 2024-03-20T00:00:00Z\n  reason: \"{ESCAPED}\"\n"
    );
    world.write("shop.yaml", OBJECTIVE.replace("name: shop-availability }", &metadata) + &window);
    world.ingest(&format!(
        "{{\"ts\":\"2024-03-19T12:00:00Z\",\"system\":\"shop\",\"status\":\"down\",\"note\":\"{ESCAPED}\"}}\n"
    ));
    for form in ["table", "markdown"] {
        let output = world.run(&["plan", "shop.yaml", "-o", form]);
        is_plain(form, &(output.text() + &output.stderr));
        assert!(output.text().contains(r"\u{1b}[2J\n::error::fake"), "{}", output.text());
    }
    world.write("author", "");
    let output = world.command(&["apply", "shop.yaml"]).env("SLO_AUTHOR", HOSTILE).output().unwrap();
    assert!(output.status.success());
    for args in [
        &["log"][..],
        &["show", "shop-availability"],
        &["status"],
        &["history", "shop"],
        &["downtime"],
        &["list", "maintenance"],
        &["list", "objectives"],
        &["digest", "--week", "2024-W12"],
    ] {
        for form in ["table", "wide", "markdown"] {
            let output = world.run(&[args, &["-o", form, "--as-of", "2024-03-21"]].concat());
            assert_eq!(output.code, 0, "{args:?} {form}: {}", output.stderr);
            is_plain(&format!("{args:?} {form}"), &(output.text() + &output.stderr));
        }
    }
    world.pass(&["report", "--html", "page.html", "--as-of", "2024-03-21"]);
    is_plain("report", &fs::read_to_string(world.path("page.html")).unwrap());
}

#[test]
fn a_page_of_a_pull_request_mentions_nobody_and_loads_nothing() {
    let world = World::lived_in();
    let objective = "apiVersion: slo/v1
kind: SLO
metadata: { name: www.evil.example, title: \"![p](https://e.example/p.png) @acme/oncall\" }
spec:
  systemRef: { kind: System, name: \"@acme/oncall <img src=x>\" }
  target: 99.9
  windowDays: 7
  \"fixes #12 | [x](//e.example) `\": 1
";
    world.write("m/bad.yaml", objective);
    let output = world.run(&["plan", "m", "-o", "markdown"]);
    assert_eq!(output.code, 2);
    let expected = "**slo plan**: ✖ no plan for set m: the manifests are not valid

| SEVERITY | PLACE | OBJECT | PROBLEM | REMEDY |
| :-- | :-- | :-- | :-- | :-- |
| error | m/bad.yaml:5 | `SLO www.evil.example` | `spec.systemRef.name \"@acme/oncall <img src=x>\": REASON` | write acme/oncall-img-src-x |
| error | m/bad.yaml:8 | `SLO www.evil.example` | ``unknown field \"fixes #12 \\| [x](//e.example) `\" in spec`` | HELP |
";
    // Reason and remedy are taken from the output, whatever their wording.
    let text = output.text();
    let reason = text.split("src=x>\": ").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let help =
        text.lines().last().and_then(|line| line.trim_end_matches(" |").rsplit(" | ").next()).unwrap_or_default();
    assert_eq!(text, expected.replace("REASON", reason).replace("HELP", help));
    world.write("m/bad.yaml", OBJECTIVE.replace("shop-availability }", "www.evil.example, title: \"``` @acme\" }"));
    let output = world.run(&["plan", "m", "-o", "markdown"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.text().contains("| `www.evil.example` | 99.9 |"), "{}", output.text());
    assert!(output.text().ends_with("\n```diff\n+ SLO www.evil.example\n```\n"), "{}", output.text());
    world.pass(&["apply", "m"]);
    let shown = world.pass(&["show", "www.evil.example", "-o", "markdown"]);
    assert!(shown.starts_with("````text\n") && shown.ends_with("\n````\n"), "{shown}");
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_quoted_where_asked() {
    let world = World::lived_in();
    let notes = ["=1+1", "+1", "-cmd", "@SUM(A1)", "-5.2", "plain", "=a,\"b\""];
    for (at, note) in notes.iter().enumerate() {
        let note = serde_json::to_string(note).unwrap();
        world.ingest(&format!(
            "{{\"ts\":\"2024-03-20T0{at}:00:00Z\",\"system\":\"shop\",\"status\":\"up\",\"note\":{note}}}\n"
        ));
    }
    let args = ["history", "shop", "--since", "2024-03-20", "--as-of", "2024-03-21", "-o", "csv"];
    let (plain, safe) = (world.pass(&args), world.pass(&[&args[..], &["--csv-safe"]].concat()));
    for cell in [",=1+1,", ",+1,", ",-cmd,", ",@SUM(A1),", ",-5.2,", ",plain,", ",\"=a,\"\"b\"\"\","] {
        assert!(plain.contains(cell), "{cell}: {plain}");
    }
    for cell in [",'=1+1,", ",+1,", ",'-cmd,", ",'@SUM(A1),", ",-5.2,", ",plain,", ",\"'=a,\"\"b\"\"\","] {
        assert!(safe.contains(cell), "{cell}: {safe}");
    }
    let journal = ["export", "journal", "-o", "csv"];
    assert!(world.pass(&journal).contains(",=1+1\n"));
    assert!(world.pass(&[&journal[..], &["--csv-safe"]].concat()).contains(",'=1+1\n"));
}
