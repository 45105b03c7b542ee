//! SPEC 8 for the objects of a set in one repository: whose file was given, and which are orphaned.

use std::collections::{BTreeMap, BTreeSet};

/// A repository's files, each with the names of the systems it declares.
pub(crate) type Files = BTreeMap<String, BTreeSet<String>>;

/// The expected objects of a set in the database: each with its file, and whether it is orphaned.
pub(crate) type Held = BTreeMap<String, (String, bool)>;

/// Applies what is at or under `given` (a file, a folder, or the root, which is empty).
pub(crate) fn apply(held: &mut Held, files: &Files, given: &str, prune: bool) {
    let is_given = |file: &str| given.is_empty() || file == given || file.starts_with(&format!("{given}/"));
    let mut declared = BTreeMap::new();
    for (file, names) in files.iter().filter(|(file, _)| is_given(file)) {
        declared.extend(names.iter().map(|name| (name.clone(), file.clone())));
    }
    let orphans: Vec<String> = held
        .iter()
        .filter(|(name, (file, _))| !declared.contains_key(*name) && (is_given(file) || !files.contains_key(file)))
        .map(|(name, _)| name.clone())
        .collect();
    for name in orphans {
        if prune {
            held.remove(&name);
        } else if let Some((_, orphaned)) = held.get_mut(&name) {
            *orphaned = true;
        }
    }
    held.extend(declared.into_iter().map(|(name, file)| (name, (file, false))));
}

/// 1. of five objects in two files, applying one file touches neither the other file nor what it declares; 2. an object that moves
///    between files is none's orphan once both are applied; 3. a file that is gone orphans what it declared, whatever is given.
#[test]
fn files_of_a_repository_by_hand() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut files = Files::from([("slo/a".into(), names(&["1", "2", "3"])), ("slo/b".into(), names(&["4", "5"]))]);
    let mut held = Held::new();
    apply(&mut held, &files, "slo", false);
    let orphans =
        |held: &Held| held.iter().filter(|(_, object)| object.1).map(|(name, _)| name.clone()).collect::<Vec<_>>();
    files.insert("slo/a".into(), names(&["1", "2"]));
    files.insert("slo/b".into(), names(&["3", "4"]));
    apply(&mut held, &files, "slo/a", false);
    assert_eq!(orphans(&held), ["3"]);
    apply(&mut held, &files, "slo/b", false);
    assert_eq!(orphans(&held), ["5"]);
    files.remove("slo/a");
    apply(&mut held, &files, "slo/b", true);
    assert_eq!(held.keys().cloned().collect::<Vec<_>>(), ["3", "4"]);
}
