//! The gallery of errors: the exact output of `slo validate` for every manifest in `fixtures/manifests/invalid`.
//! `SLO_REWRITE=1` rewrites it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::world::{REWRITE, World, binary, repository};

/// `slo` in the folder of invalid manifests, without a database.
fn slo(world: &World, args: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.current_dir(repository("fixtures/manifests/invalid")).env_clear();
    command.env("SLO_DB", world.path().join("none.db")).args(args);
    command.output().unwrap()
}

fn manifests() -> Vec<PathBuf> {
    yaml_files("fixtures/manifests/invalid")
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_error_reads_as_written_beside_it() {
    let world = World::empty();
    let mut faults = Vec::new();
    for path in manifests() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let output = slo(&world, &["validate", name]);
        let shown = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os(REWRITE).is_some() {
            fs::write(path.with_extension("txt"), &shown).unwrap();
        }
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        let code = i32::from(shown.contains(": error: "));
        if shown != expected || !output.stderr.is_empty() || output.status.code() != Some(code) {
            faults.push(format!("{name}:\n{shown}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Errors that depend on reported facts: `facts.jsonl` is in the database.
#[test]
fn every_contradiction_to_the_journal_reads_as_written_beside_it() {
    let world = World::empty();
    let folder = repository("fixtures/manifests/against-facts");
    let run = |args: &[&str]| {
        let mut command = Command::new(binary());
        command.current_dir(&folder).env_clear().env("SLO_DB", world.path().join("slo.db")).args(args).output().unwrap()
    };
    let ingested = run(&["ingest", "facts.jsonl"]);
    assert!(ingested.status.success(), "{ingested:?}");
    for path in yaml_files("fixtures/manifests/against-facts") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let output = run(&["validate", name]);
        let shown = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os(REWRITE).is_some() {
            fs::write(path.with_extension("txt"), &shown).unwrap();
        }
        assert_eq!(shown, fs::read_to_string(path.with_extension("txt")).unwrap_or_default(), "{name}");
        assert_eq!(output.status.code(), Some(i32::from(shown.contains(": error: "))), "{name}");
        assert!(shown.contains(": error: ") || shown.contains(": warning: "), "{name}: {shown}");
    }
}

#[test]
fn all_of_it_comes_in_one_run() {
    let world = World::empty();
    let output = slo(&world, &["validate", "-o", "json", "."]);
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let files: std::collections::BTreeSet<&str> =
        all["problems"].as_array().unwrap().iter().map(|problem| problem["file"].as_str().unwrap()).collect();
    assert_eq!(files.len(), manifests().len(), "{files:?}");
}

#[test]
fn ci_gets_the_same_problems_in_its_own_forms() {
    let world = World::empty();
    let github = String::from_utf8(slo(&world, &["validate", "-o", "github", "targets.yaml"]).stdout).unwrap();
    let first = "::error file=targets.yaml,line=4,col=57,title=SLO t0::target 0.999 is 0.999%25%0Adid you mean 99.9?";
    assert_eq!(github.lines().next(), Some(first), "{github}");
    let junit = String::from_utf8(slo(&world, &["validate", "-o", "junit", "targets.yaml"]).stdout).unwrap();
    for part in [
        r#"<testsuites name="slo validate" "#,
        r#"<testcase name="SLO t0" classname="targets.yaml">"#,
        r#"<failure message="target 0.999 is 0.999%">"#,
        r#"<testcase name="SLO t13" classname="targets.yaml""#,
    ] {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    let refused = slo(&world, &["list", "systems", "-o", "junit"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
