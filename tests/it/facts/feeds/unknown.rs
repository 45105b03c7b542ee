//! Exports of programs without a built-in feed: from the file to a status, by way of the draft made for it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::inputs::exported;
use crate::harness::Slo;

/// Exports of programs without a built-in feed, each in a folder with the draft, the feed made from it, and the result.
fn unknown() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/unknown");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let export = |folder: &Path| {
        ["csv", "json", "log"].map(|end| folder.join(format!("export.{end}"))).into_iter().find(|it| it.exists())
    };
    folders.into_iter().map(|folder| (export(&folder).unwrap(), folder)).collect()
}

/// The draft made for an export, and the result of the export with the finished feed.
fn described(slo: &Slo, export: &Path, folder: &Path) -> (String, String) {
    let path = slo.path(export.file_name().unwrap().to_str().unwrap());
    fs::copy(export, &path).unwrap();
    let (name, feed) = (path.file_name().unwrap().to_str().unwrap(), folder.join("feed.yaml"));
    let refused = slo.run(&["ingest", path.to_str().unwrap()], b"");
    assert_eq!((refused.code, refused.stderr.lines().count()), (2, 2), "{}", refused.stderr);
    assert!(refused.stderr.contains("slo feed try FILE > feed.yaml"), "{}", refused.stderr);
    let tried = slo.run(&["feed", "try", path.to_str().unwrap()], b"");
    assert_eq!(tried.code, 1, "{}", tried.stderr);
    let draft = tried.stdout.replace(path.to_str().unwrap(), name);
    let (feed, path) = (feed.to_str().unwrap(), path.to_str().unwrap());
    assert_eq!(slo.run(&["feed", "try", "--feed", feed, path], b"").code, 0, "{feed}");
    let told = slo.pass(&["ingest", "--feed", feed, path], b"");
    (draft, told + &exported(slo))
}

#[test]
#[ignore = "writes what is expected anew"]
fn rewrite_unknown() {
    for (export, folder) in unknown() {
        let (draft, outcome) = described(&Slo::new(), &export, &folder);
        fs::write(folder.join("draft.yaml"), draft).unwrap();
        fs::write(folder.join("expected"), outcome).unwrap();
    }
}

#[test]
fn an_unknown_export_comes_from_file_to_status_by_its_draft() {
    let all = unknown();
    assert_eq!(all.len(), 10);
    for (export, folder) in all {
        let slo = Slo::new();
        let (draft, outcome) = described(&slo, &export, &folder);
        assert_eq!(draft, fs::read_to_string(folder.join("draft.yaml")).unwrap(), "{}", folder.display());
        assert_eq!(outcome, fs::read_to_string(folder.join("expected")).unwrap(), "{}", folder.display());
        let manifests = slo.path("slo.yaml");
        slo.pass(&["init", manifests.to_str().unwrap()], b"");
        slo.pass(&["apply", manifests.to_str().unwrap()], b"");
        let status: Value =
            serde_json::from_str(&slo.pass(&["status", "-o", "json", "--as-of", "2026-10-06"], b"")).unwrap();
        assert!(!status["objectives"].as_array().unwrap().is_empty(), "{status}");
    }
}
