//! Checks the arrows of ARCHITECTURE.md: which part of the code may use which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::repository;

/// The most lines of a file before it is split by noun; files with only tests may be longer.
const MOST_LINES: usize = 450;

/// Crates with one owner, and where they may be used.
const OWNED: [(&str, &[&str]); 29] = [
    ("serde_json", &["feed", "fuzzing", "manifest", "render", "store"]),
    ("rusqlite", &["store"]),
    ("comfy_table", &["render"]),
    ("unicode_width", &["render"]),
    ("quick_junit", &["render/form/junit"]),
    ("clap", &["cli", "run", "commands/registry", "commands/maintain/completions", "commands/maintain/man"]),
    ("clap_complete", &["commands/maintain/completions"]),
    ("clap_mangen", &["commands/maintain/man"]),
    ("indicatif", &["commands/record/ingest/source"]),
    ("rustix", &["process", "signals", "store/database/open"]),
    ("signal_hook", &["signals"]),
    ("csv_core", &["feed"]),
    ("serde_json_path", &["feed/described", "manifest/kind/feed"]),
    ("regex", &["feed/described", "manifest/kind/feed"]),
    ("flate2", &["feed", "repository", "store/soundness/crc"]),
    ("lzma_rust2", &["feed/input"]),
    ("ruzstd", &["feed/input"]),
    ("sha1", &["repository/object"]),
    ("sha2", &["repository/object", "store/published/changes"]),
    ("saphyr_parser", &["feed/described/yaml", "manifest"]),
    ("smallvec", &["domain/account/tally"]),
    ("strsim", &["domain/value/wording"]),
    ("hashbrown", &["feed"]),
    ("memchr", &["feed"]),
    ("erased_serde", &["render/form/document"]),
    ("postgres", &["store/shared"]),
    ("rustls", &["store/shared/encryption"]),
    ("rustls_native_certs", &["store/shared/encryption"]),
    ("tokio_postgres_rustls", &["store/shared/encryption"]),
];

/// Crates that any part may use.
const EVERYWHERE: [&str; 4] = ["anyhow", "chrono", "chrono_tz", "serde"];

/// What each part of the crate may use, besides itself.
const MAY_USE: [(&str, &[&str]); 17] = [
    ("domain", &[]),
    ("exit", &[]),
    ("failure", &[]),
    ("file", &["failure"]),
    ("signals", &["exit"]),
    ("clock", &["domain", "exit", "failure", "signals"]),
    ("process", &["clock", "exit", "signals"]),
    ("cli", &["domain"]),
    ("manifest", &["domain", "failure"]),
    ("feed", &["domain", "failure"]),
    ("store", &["clock", "domain", "failure", "file"]),
    ("render", &["domain"]),
    ("repository", &["domain"]),
    ("fuzzing", &["domain", "feed", "manifest", "store"]),
    ("evaluation", &["domain", "store"]),
    (
        "commands",
        &[
            "cli",
            "clock",
            "domain",
            "evaluation",
            "exit",
            "failure",
            "feed",
            "file",
            "manifest",
            "process",
            "render",
            "repository",
            "signals",
            "store",
        ],
    ),
    ("run", &["cli", "clock", "commands", "domain", "exit", "failure", "render"]),
];

/// Commands that use another one, each for a reason given in ARCHITECTURE.md.
const SIBLINGS: &[(&str, &str)] = &[
    ("apply", "validate"),
    ("feed", "feeds"),
    ("feeds", "validate"),
    ("ingest", "feeds"),
    ("list", "feeds"),
    ("backtest", "expression"),
    ("backtest", "feeds"),
    ("backtest", "selection"),
    ("badge", "selection"),
    ("report", "selection"),
    ("completions", "registry"),
    ("man", "registry"),
    ("check", "expression"),
    ("expression", "selection"),
    ("demo", "apply"),
    ("demo", "ingest"),
    ("demo", "status"),
    ("probe", "ingest"),
    ("check", "selection"),
    ("export", "selection"),
    ("health", "check"),
    ("health", "selection"),
    ("status", "selection"),
    ("list", "selection"),
    ("achievements", "selection"),
    ("digest", "selection"),
    ("downtime", "selection"),
    ("history", "selection"),
    ("show", "selection"),
    ("correct", "selection"),
    ("streaks", "selection"),
    ("trend", "selection"),
    ("badge", "period"),
    ("check", "period"),
    ("downtime", "period"),
    ("export", "period"),
    ("report", "period"),
    ("status", "period"),
    ("backtest", "range"),
    ("correct", "range"),
    ("downtime", "range"),
    ("export", "range"),
    ("history", "range"),
    ("trend", "range"),
];

/// Crates that the domain may use.
const DOMAIN_CRATES: [&str; 6] = ["chrono", "chrono_tz", "smallvec", "strsim", "std", "core"];

struct Source {
    /// Path below `src`, without `.rs`.
    name: String,
    text: String,
}

impl Source {
    fn part(&self) -> &str {
        self.name.split('/').next().unwrap()
    }

    /// The lines of code, without comments and items for tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        // The indentation of the item that is being skipped.
        let mut skipped: Option<usize> = None;
        self.text.lines().filter_map(move |line| {
            let indent = line.len() - line.trim_start().len();
            let code = line.split("//").next().unwrap_or_default();
            match skipped {
                Some(_) if line.is_empty() => None,
                Some(depth) => {
                    if indent == depth && (code.ends_with(';') || code.ends_with('}')) {
                        skipped = None;
                    }
                    None
                }
                None if code.trim() == "#[cfg(test)]" => {
                    skipped = Some(indent);
                    None
                }
                None => Some(code),
            }
        })
    }

    /// The modules that contain this one, and itself, from the crate's root.
    fn module(&self) -> Vec<&str> {
        self.name.split('/').collect()
    }

    /// The modules that its code names, as far as each path goes.
    fn named_modules(&self) -> BTreeSet<Vec<String>> {
        let own = self.module();
        let mut found = BTreeSet::new();
        for line in self.code() {
            let supers = (1..=own.len()).map(|depth| ("super::".repeat(depth), own[..own.len() - depth].to_vec()));
            for (prefix, base) in supers.chain([("crate::".to_owned(), Vec::new())]) {
                for path in paths_after(line, &prefix) {
                    found.insert(base.iter().map(|&name| name.to_owned()).chain(path).collect());
                }
            }
        }
        found
    }
}

/// The paths after `prefix` in a line, each as its names: `crate::a::{b, c}` gives `a, b` and `a, c` after `crate::`.
fn paths_after(line: &str, prefix: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        if line[..at].ends_with(|c: char| is_word(c) || c == ':') {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        let end = rest.find(|c: char| !is_word(c) && c != ':').unwrap_or(rest.len());
        let stem: Vec<String> = rest[..end].split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if stem.first().is_some_and(|name| name == "super") {
            continue;
        }
        let list = rest[end..].strip_prefix('{').map(|list| list.split('}').next().unwrap_or(list));
        match list {
            None => found.push(stem),
            Some(list) => found.extend(list.split(',').map(|name| {
                let names = name.split_whitespace().next().unwrap_or_default().split("::").map(str::to_owned);
                stem.iter().cloned().chain(names).collect()
            })),
        }
    }
    found
}

fn sources() -> Vec<Source> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = repository("src");
    let mut found = Vec::new();
    gather(&root, &mut found);
    found.sort();
    let source = |path: &PathBuf| Source {
        name: path.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    };
    found.iter().map(source).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names after `prefix` in a line: `crate::domain::…` after `crate::` gives `domain`.
fn named_after<'t>(line: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    line.match_indices(prefix).flat_map(move |(at, _)| {
        let free = !line[..at].ends_with(|c: char| is_word(c) || c == ':');
        let rest = &line[at + prefix.len()..];
        let list = rest.strip_prefix('{').map(|list| list.split('}').next().unwrap_or(list));
        let names: Vec<&str> = list.map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
        names
            .into_iter()
            .map(|name| name.split(|c| !is_word(c)).next().unwrap_or_default())
            .filter(move |name| free && !name.is_empty())
    })
}

#[test]
fn arrows_point_one_way() {
    let mut faults = BTreeSet::new();
    for source in sources() {
        let Some((part, allowed)) = MAY_USE.iter().find(|(part, _)| *part == source.part()) else { continue };
        for name in source.code().flat_map(|line| named_after(line, "crate::")) {
            // `crate::Invocation` and other types are the crate's own interface.
            let is_module = name.starts_with(|c: char| c.is_ascii_lowercase());
            if is_module && name != *part && !allowed.contains(&name) {
                faults.insert(format!("{} uses {name}", source.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_part_has_its_arrows() {
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(part, _)| *part).chain(["lib", "main"]).collect();
    let parts: BTreeSet<String> = sources().iter().map(|source| source.part().to_owned()).collect();
    let unknown: Vec<&String> = parts.iter().filter(|part| !known.contains(part.as_str())).collect();
    assert!(unknown.is_empty(), "say in this test and in ARCHITECTURE.md what these may use: {unknown:?}");
}

/// The rooms of the domain, in the order in which facts pass through them.
const ROOMS: [&str; 6] = ["value", "health", "account", "budget", "rules", "plan"];

#[test]
fn rooms_of_the_domain_know_only_earlier_ones() {
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    let mut faults = BTreeSet::new();
    for source in sources().iter().filter(|source| source.name.starts_with("domain/")) {
        let own = place(source.module()[1]).unwrap_or_else(|| panic!("{} is in no room", source.name));
        for named in source.named_modules().iter().filter(|named| named.len() > 1 && named[0] == "domain") {
            match place(&named[1]) {
                Some(other) if other <= own => {}
                _ => drop(faults.insert(format!("{} uses {}", source.name, named[..2].join("::")))),
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Of two neighbors in the domain, files or folders beside each other, at most one uses the other, directly or
/// indirectly.
#[test]
fn neighbors_do_not_know_each_other_in_circles() {
    let sources: Vec<Source> = sources().into_iter().filter(|source| source.part() == "domain").collect();
    let mut edges: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in &sources {
        let own = source.module();
        for named in source.named_modules() {
            let shared = own.iter().zip(&named).take_while(|(left, right)| *left == *right).count();
            let (Some(from), Some(to)) = (own.get(shared), named.get(shared)) else { continue };
            let folder = own[..shared].iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
            let path = folder.iter().map(String::as_str).chain([to.as_str()]).collect::<Vec<_>>().join("/");
            if sources.iter().any(|source| source.name == path) {
                edges.entry(folder).or_default().entry((*from).to_owned()).or_default().insert(to.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (folder, known) in &edges {
        for start in known.keys() {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(name) = open.pop() {
                for next in known.get(name).into_iter().flatten() {
                    if reached.insert(next) {
                        open.push(next);
                    }
                }
            }
            if reached.contains(start) {
                circles.push(format!("{}/{start}", folder.join("/")));
            }
        }
    }
    assert!(circles.is_empty(), "these reach themselves again: {circles:#?}");
}

/// The groups of commands, each with a file per command, in the order of the help.
const GROUPS: [&str; 6] = ["record", "declare", "look", "decide", "publish", "maintain"];

/// The command that a module below `commands` belongs to.
fn command<'n>(names: &[&'n str]) -> Option<&'n str> {
    names.iter().copied().find(|name| !GROUPS.contains(name))
}

#[test]
fn commands_stand_by_themselves() {
    let sources: Vec<Source> = sources().into_iter().filter(|source| source.name.starts_with("commands/")).collect();
    let commands: BTreeSet<&str> = sources.iter().filter_map(|source| command(&source.module()[1..])).collect();
    let mut faults = BTreeSet::new();
    for source in &sources {
        let Some(own) = command(&source.module()[1..]) else { continue };
        for named in source.named_modules().iter().filter(|named| named[0] == "commands") {
            let named: Vec<&str> = named[1..].iter().map(String::as_str).collect();
            let Some(name) = command(&named) else { continue };
            if commands.contains(name) && name != own && !SIBLINGS.contains(&(own, name)) {
                faults.insert(format!("{} uses {name}", source.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn crates_have_one_owner() {
    let mut faults = BTreeSet::new();
    for source in sources() {
        for line in source.code() {
            for (name, owners) in OWNED {
                let used = line
                    .match_indices(&format!("{name}::"))
                    .any(|(at, _)| !line[..at].ends_with(|c: char| is_word(c) || c == ':'));
                let owned =
                    owners.iter().any(|owner| source.name == *owner || source.name.starts_with(&format!("{owner}/")));
                if used && !owned {
                    faults.insert(format!("{} uses {name}", source.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The crates under the headings of `Cargo.toml` that name dependencies of the program.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let mut found = BTreeSet::new();
    let mut is_there = false;
    for line in manifest.lines() {
        match line.strip_prefix('[') {
            Some(heading) => is_there = heading.ends_with("dependencies]") && !heading.starts_with("dev-"),
            None if is_there && !line.is_empty() && !line.starts_with('#') => {
                found.insert(line.split([' ', '=']).next().unwrap().replace('-', "_"));
            }
            None => {}
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

#[test]
fn every_crate_has_an_owner_or_is_for_all() {
    let known = OWNED.iter().map(|(name, _)| *name).chain(EVERYWHERE);
    assert_eq!(known.map(str::to_owned).collect::<BTreeSet<_>>(), dependencies());
}

#[test]
fn the_middle_is_pure() {
    let crates = dependencies();
    let mut faults = BTreeSet::new();
    for source in sources().iter().filter(|source| source.part() == "domain") {
        for line in source.code() {
            for name in crates.iter().filter(|name| !DOMAIN_CRATES.contains(&name.as_str())) {
                if line.contains(&format!("{name}::")) {
                    faults.insert(format!("{} uses {name}", source.name));
                }
            }
            for world in
                ["std::fs", "std::env", "std::io", "std::process", "std::net", "std::time", "println!", "Serialize"]
            {
                if line.contains(world) {
                    faults.insert(format!("{} uses {world}", source.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_file_says_what_it_owns_and_stays_short() {
    let mut faults = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            faults.push(format!("{} does not begin with a sentence of what it owns", source.name));
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES && !source.name.ends_with("/tests") {
            faults.push(format!("{} has {lines} lines; split it by noun", source.name));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn there_are_no_drawers_for_odds_and_ends() {
    let odd: Vec<String> = sources()
        .into_iter()
        .map(|source| source.name)
        .filter(|name| name.split('/').any(|part| ["utils", "util", "helpers", "common", "manager"].contains(&part)))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}
