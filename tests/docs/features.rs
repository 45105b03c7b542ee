//! Tests that `slo` can be built without the shared store: its stand-in offers everything that other code uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The text of all source files in a folder, except the shared store and its stand-in.
fn users(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_store =
            path.parent().unwrap().ends_with("store") && ["shared", "shared.rs", "no_shared.rs"].contains(&name);
        if path.is_dir() && !is_store && name != "conformance" {
            text += &users(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_store {
            text += &fs::read_to_string(&path).unwrap();
        }
    }
    text
}

/// The names that begin right after each place of `prefix`.
fn names_after<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    let end = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    text.split(prefix).skip(1).map(move |rest| &rest[..end(rest)]).filter(|name| !name.is_empty())
}

#[test]
fn what_stands_in_for_the_shared_store_offers_all_that_others_use_of_it() {
    let text = users(Path::new("src"));
    let no_shared = fs::read_to_string("src/store/no_shared.rs").unwrap();
    let mut used: BTreeSet<&str> = names_after(&text, " shared.").chain(names_after(&text, "| shared.")).collect();
    used.extend(names_after(&text, "store::shared::"));
    for list in text.split("store::shared::{").skip(1) {
        used.extend(list.split('}').next().unwrap().split(',').map(str::trim));
    }
    // Names that belong to other code.
    let elsewhere = fs::read_to_string("src/domain/account/blame/shared/tests.rs").unwrap();
    used.retain(|name| !elsewhere.contains(&format!("shared.{name}(")));
    assert!(used.len() > 15 && used.contains("fill_about") && used.contains("Taking"), "{used:?}");
    let offers = |name: &str| {
        let kinds = ["fn ", "struct ", "enum "];
        kinds.iter().any(|kind| names_after(&no_shared, kind).any(|offered| offered == name))
    };
    let missing: Vec<&str> = used.into_iter().filter(|name| !offers(name)).collect();
    assert!(missing.is_empty(), "src/store/no_shared.rs has no {missing:?}");
}

#[test]
#[ignore = "it checks everything once more"]
fn without_the_shared_store_everything_compiles_without_a_warning() {
    let mut check = Command::new(env!("CARGO"));
    check.args([
        "clippy",
        "--no-default-features",
        "--all-targets",
        "--target-dir",
        "target/without",
        "--",
        "-D",
        "warnings",
    ]);
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
