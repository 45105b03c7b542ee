//! Inputs in the format of other programs, one folder per built-in feed, and the content of a world after ingesting
//! one.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::Slo;

/// An input and its feed.
pub(super) struct Input {
    pub(super) feed: String,
    pub(super) path: PathBuf,
}

impl Input {
    /// Its path in a world; a database is made from its statements.
    pub(super) fn place(&self, slo: &Slo) -> PathBuf {
        let to = slo.path(self.path.file_name().unwrap().to_str().unwrap());
        if self.is_database() {
            let to = to.with_extension("db");
            let _ = fs::remove_file(&to);
            Connection::open(&to).unwrap().execute_batch(&fs::read_to_string(&self.path).unwrap()).unwrap();
            return to;
        }
        fs::copy(&self.path, &to).unwrap();
        to
    }

    pub(super) fn is_database(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "sql")
    }

    pub(super) fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    pub(super) fn expected(&self) -> PathBuf {
        PathBuf::from(format!("{}.expected", self.path.display()))
    }
}

pub(super) fn inputs() -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let entries = |folder: &Path| {
        let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    let mut found = Vec::new();
    for folder in entries(&root) {
        let feed = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let files = entries(&folder).into_iter().filter(|path| path.extension().is_none_or(|end| end != "expected"));
        found.extend(files.map(|path| Input { feed: feed.clone(), path }));
    }
    found
}

/// The content of a world after ingesting a text as the input of a feed.
pub(super) fn journal(input: &Input, text: &str) -> String {
    let slo = Slo::new();
    let path = slo.path(input.path.file_name().unwrap().to_str().unwrap());
    fs::write(&path, text).unwrap();
    slo.pass(&["ingest", "--feed", &input.feed, path.to_str().unwrap()], b"");
    exported(&slo)
}

pub(super) fn exported(slo: &Slo) -> String {
    let mut lines: Vec<String> = slo.pass(&["export", "journal"], b"").lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| serde_json::from_str::<Value>(line).unwrap()["system"].to_string());
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The messages of an ingest, the journal after it, and the maintenance found.
pub(super) fn outcome(slo: &Slo, input: &Input, path: &str) -> String {
    let plans = slo.path("plans.yaml");
    let told = slo.pass(&["ingest", "--feed", &input.feed, path, "--maintenance", plans.to_str().unwrap()], b"");
    told + &exported(slo) + &fs::read_to_string(&plans).unwrap()
}
