//! Manifests that are broken, hostile, many or unreachable: reported with their place, and nothing is changed.

use std::fs;

use crate::harness::{OBJECTIVE, World};

/// Validation fails with this code and message, and apply changes nothing.
#[track_caller]
fn refused(world: &World, paths: &[&str], code: i32, what: &str) {
    let before = world.kept();
    let validated = world.run(&[&["validate"], paths].concat());
    assert_eq!(validated.code, code, "{}{}", validated.text(), validated.stderr);
    assert!(validated.text().contains(what), "{what:?} is missing: {}", validated.text());
    // A plan that cannot be made is not drift.
    for (command, code) in [("plan", 2), ("apply", code)] {
        let output = world.run(&[&[command], paths].concat());
        assert_eq!((output.code, &*output.text()), (code, ""), "{command}: {}", output.stderr);
        assert!(output.stderr.contains(what), "{what:?} is missing: {}", output.stderr);
        let end = if command == "plan" { "there is no plan" } else { "nothing was changed" };
        assert!(output.stderr.contains(end), "{}", output.stderr);
    }
    assert!(world.kept() == before);
}

#[test]
fn broken_manifests_change_nothing() {
    let world = World::lived_in();
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(9);
            text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        text
    };
    for (name, text, what) in [
        ("open.yaml", "kind: [System\n".to_owned(), "open.yaml:"),
        ("tabs.yaml", "kind:\n\t- x\n".to_owned(), "tabs.yaml:"),
        ("binary.yaml", "\u{0}\u{1}\u{2}".to_owned(), "binary.yaml:"),
        ("bomb.yaml", bomb, "bomb.yaml:"),
        ("deep.yaml", "[".repeat(200_000), "deep.yaml:"),
        ("deeper.yaml", "a: ".repeat(100_000), "deeper.yaml:"),
        (
            "twice.yaml",
            OBJECTIVE.replace("target: 99.9", "target: 99.9\n  target: 99"),
            "twice.yaml:7:3: error: SLO shop-availability: the key \"target\" is written twice",
        ),
        ("unknown.yaml", OBJECTIVE.replace("target: 99.9", "target: 99.9\n  targt: 99"), "unknown.yaml:7:3: error: "),
        ("fraction.yaml", OBJECTIVE.replace("99.9", "0.999"), "did you mean 99.9"),
    ] {
        world.write(name, text);
        refused(&world, &[name], 1, what);
        refused(&world, &["shop.yaml", name], 1, what);
    }
}

#[test]
fn what_cannot_be_read_is_no_empty_manifest() {
    let world = World::lived_in();
    refused(&world, &["missing.yaml"], 2, "missing.yaml: error: cannot be read: No such file");
    refused(&world, &["shop.yaml", "missing.yaml"], 2, "missing.yaml: error: cannot be read: No such file");
    fs::create_dir(world.path("empty")).unwrap();
    world.write("blank/blank.yaml", "# nothing\n---\n");
    for path in ["empty", "blank"] {
        world.run(&["apply", path]).refuses("no manifest found");
        world.run(&["apply", "--prune", path]).refuses("no manifest found");
    }
    assert!(world.pass(&["list", "objectives"]).contains("shop-availability"));
}

#[cfg(unix)]
#[test]
fn what_a_folder_cannot_contribute_is_told_before_anything_is_pruned() {
    let world = World::lived_in();
    world.write("set/shop.yaml", OBJECTIVE);
    world.write("elsewhere/more.yaml", OBJECTIVE.replace("shop-availability", "more"));
    world.pass(&["apply", "--set", "s", "--adopt", "set", "elsewhere"]);
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("set/linked")).unwrap();
    refused(&world, &["set"], 2, "set/linked: error: a link to a directory, which is not followed");
    let pruned = world.run(&["apply", "--set", "s", "--prune", "set"]);
    assert_eq!(pruned.code, 2, "{}", pruned.stderr);
    assert!(world.pass(&["list", "objectives"]).contains("more"));
    fs::remove_file(world.path("set/linked")).unwrap();
    // A link to a file is read, a pipe is read only if named.
    std::os::unix::fs::symlink(world.path("elsewhere/more.yaml"), world.path("set/more.yaml")).unwrap();
    assert!(world.pass(&["validate", "set"]).contains("2 documents in 2 files"));
    let pipe = world.path("set/pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&world, &["set"], 2, "set/pipe.yaml: error: neither a file nor a link to one");
    let writer = std::thread::spawn(move || fs::write(pipe, OBJECTIVE));
    assert!(world.pass(&["validate", "set/pipe.yaml"]).contains("1 document in 1 file"));
    writer.join().unwrap().unwrap();
}

#[test]
fn a_path_that_does_not_exist_is_told_as_that_wherever_it_is() {
    let world = World::lived_in();
    for command in ["plan", "apply"] {
        world.run(&[command, "/nonexist"]).refuses("/nonexist does not exist");
    }
}

#[test]
fn a_manifest_begun_among_others_is_applied_alone_and_leaves_them() {
    let world = World::lived_in();
    fs::create_dir(world.path("alone")).unwrap();
    for file in ["alone/new.yaml", "new.yaml", "alone/b.yaml"] {
        let output = world.feed(&["init", file, "--db", "none.db"], "");
        let advice = format!("apply {file}` applies it");
        assert!(output.code == 0 && output.stderr.contains(&advice), "{file}: {}", output.stderr);
    }
    let objectives = || world.pass(&["list", "objectives", "-o", "csv"]).lines().count();
    let before = objectives();
    world.pass(&["apply", "new.yaml"]);
    assert_eq!(objectives(), before + 1);
}

#[test]
fn ten_thousand_documents_are_read_and_one_bad_one_is_found() {
    let world = World::lived_in();
    let document =
        |number: usize| format!("---\n{}", OBJECTIVE.replace("shop-availability", &format!("objective-{number}")));
    let mut text: String = (0..10_000).map(document).collect();
    world.write("many.yaml", &text);
    let validated = world.pass(&["validate", "many.yaml"]);
    assert!(validated.contains("10 000 ") || validated.contains("10000 "), "{validated}");
    text.push_str(&document(5_000));
    world.write("many.yaml", &text);
    refused(&world, &["many.yaml"], 1, "objective-5000");
}

#[test]
fn so_many_problems_are_enough_and_it_is_said_that_there_are_more() {
    let world = World::lived_in();
    let wrong = |from: usize, count: usize| -> String {
        let document = |number: usize| format!("---\nkind: Nope{number}\n");
        (from..from + count).map(document).collect()
    };
    world.write("few.yaml", wrong(0, 10));
    let few = world.run(&["validate", "few.yaml", "-o", "json"]).json();
    assert_eq!(few["complete"], true);
    world.write("set/a.yaml", wrong(0, 4_000));
    world.write("set/b.yaml", wrong(4_000, 4_000));
    // The last document is valid, but it may refer to one that was not read.
    world.write("set/c.yaml", OBJECTIVE.replace("name: shop }", "name: elsewhere }"));
    let validated = world.run(&["validate", "set"]);
    assert_eq!(validated.code, 1);
    let told = "stopped after 5000 problems: fix these, then validate again";
    assert!(validated.text().ends_with(&format!("; {told}\n")), "{}", validated.text().lines().last().unwrap());
    assert!(!validated.text().contains("elsewhere"), "what was not read is not judged");
    let json = world.run(&["validate", "set", "-o", "json"]).json();
    let problems = json["problems"].as_array().unwrap();
    assert_eq!((problems.len(), &json["complete"]), (5_000, &serde_json::Value::Bool(false)));
    assert!(world.run(&["validate", "set", "-o", "github"]).text().ends_with(&format!("\n::warning::{told}\n")));
    for (command, code) in [("plan", 2), ("apply", 1)] {
        let output = world.run(&[command, "set"]);
        assert_eq!(output.code, code);
        assert!(output.stderr.contains(&format!("\n{told}\n")), "{}", output.stderr.lines().last().unwrap());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_follows_the_files_and_not_what_is_wrong_with_them() {
    let world = World::new();
    let repeated = |document: &str| -> String {
        let one = |number: usize| format!("---\n{document}{number}\n");
        (0..150_000).map(one).collect()
    };
    for (name, document) in [
        ("kind.yaml", "foo: bar\nkind: Nope"),
        ("syntax.yaml", "a: [\nb: "),
        ("openslo.yaml", "apiVersion: openslo/v1\nkind: SLO\nspec: "),
        ("metadata.yaml", "apiVersion: openslo/v1\nkind: SLO\nmetadata: { labels: [] }\nspec: "),
        ("system.yaml", "apiVersion: slo/v1\nkind: System\nspec: {}\nmetadata: a"),
    ] {
        world.write(name, repeated(document));
        let mut shell = std::process::Command::new("sh");
        let script = "ulimit -v 400000; exec \"$SLO\" validate \"$0\"";
        let output = shell
            .args(["-c", script, name])
            .env_clear()
            .env("SLO", crate::harness::SLO)
            .env("SLO_DB", world.place())
            .current_dir(world.root())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("stopped after 5000 problems"), "{name}");
    }
}
