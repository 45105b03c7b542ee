//! docs/how-to/gitops.md's way to keep objectives in Git, with a bare repository and its script for CI: pull requests
//! that lower a target, delete a file and misspell a field, and the effect of merging them.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::world::{World, repository};

const OBJECTIVE: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability }
spec:
  systemRef: { kind: System, name: shop }
  target: 99.9
  windowDays: 30
";

/// A bare repository, a clone to work in, a database with history, and CI.
struct Forge {
    world: World,
}

impl Forge {
    /// `None`, with a message, if Git is missing.
    #[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
    fn new() -> Option<Self> {
        let forge = Self { world: World::empty() };
        if !forge.git_command(&["--version"]).output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no git");
            return None;
        }
        fs::create_dir(forge.world.path().join("srv")).unwrap();
        forge.git_at(".", &["init", "-q", "--bare", "-b", "main", "srv/objectives.git"]);
        forge.git_at(".", &["clone", "-q", "srv/objectives.git", "checkout"]);
        forge.git(&["checkout", "-q", "-b", "main"]);
        // Keeps what `gh` would post.
        let gh = forge.world.path().join(".bin/gh");
        drop(forge.world.bare("slo"));
        fs::write(&gh, "#!/bin/sh\n[ \"$1 $2\" = \"pr comment\" ] && cp \"$5\" \"$HOME/comment.md\"\n").unwrap();
        let mode = forge.world.bare("chmod").args(["+x", ".bin/gh"]).status().unwrap();
        assert!(mode.success());
        let feed = "{\"ts\":\"2026-10-01\",\"system\":\"shop\",\"status\":\"up\"}\n\
                    {\"ts\":\"2026-11-02T10:00:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n\
                    {\"ts\":\"2026-11-02T10:25:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n";
        fs::write(forge.world.path().join("feed.jsonl"), feed).unwrap();
        assert!(forge.slo(&["ingest", "feed.jsonl"]).status.success());
        Some(forge)
    }

    fn git_command(&self, args: &[&str]) -> Command {
        let mut git = self.world.bare("git");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
        }
        git.args(args);
        git
    }

    #[track_caller]
    fn git_at(&self, folder: &str, args: &[&str]) -> String {
        let output = self.git_command(args).current_dir(self.world.path().join(folder)).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        self.git_at("checkout", args)
    }

    fn slo(&self, args: &[&str]) -> Output {
        self.world.command(args).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.slo(&[args, &["-o", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Opens a branch with a changed or removed file, and stays on it.
    fn propose(&self, branch: &str, file: &str, text: Option<&str>) {
        self.git(&["checkout", "-q", "-B", branch]);
        let path = self.world.path().join("checkout").join(file);
        match text {
            Some(text) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            None => fs::remove_file(path).unwrap(),
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", branch]);
        self.git(&["push", "-q", "origin", branch]);
    }

    /// Merges a branch into main, which stays checked out; returns the commit.
    fn merge(&self, branch: &str) -> String {
        self.git(&["checkout", "-q", "-B", "main"]);
        self.git(&["merge", "-q", branch]);
        self.git(&["push", "-q", "origin", "main"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs the page's script as CI would: a fresh clone in a folder of any name, with a shell that stops at failures.
    /// Returns the exit code, the output, and the posted comment.
    fn ci(&self, branch: &str) -> (i32, String, String) {
        let home = self.world.path();
        drop(fs::remove_dir_all(home.join("build-42")));
        drop(fs::remove_file(home.join("comment.md")));
        self.git_at(".", &["clone", "-q", "-b", branch, "srv/objectives.git", "build-42"]);
        let mut shell = self.world.bare("sh");
        shell.args(["-e", "-c", &script()]).current_dir(home.join("build-42"));
        shell.env("SLO_DB", home.join("demo/slo.db")).env("SLO_AS_OF", crate::world::MOMENT);
        shell.env("BRANCH", branch).env("PR", "7").env("GITHUB_ACTOR", "ci-bot");
        let output = shell.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let comment = fs::read_to_string(home.join("comment.md")).unwrap_or_default();
        (output.status.code().unwrap(), printed, comment)
    }
}

/// The script on the page, which has at most five lines.
fn script() -> String {
    let text = fs::read_to_string(repository("docs/how-to/gitops.md")).unwrap();
    let start = text.find("```bash\n").expect("the script") + 8;
    let script = &text[start..start + text[start..].find("```").unwrap()];
    assert!(script.lines().count() <= 5, "{script}");
    script.to_owned()
}

#[test]
fn a_repository_of_objectives_with_the_script_of_the_page() {
    let Some(forge) = Forge::new() else { return };

    // The first pull request: new objectives.
    forge.propose("start", "slo/shop.yaml", Some(OBJECTIVE));
    forge.propose("start", "slo/more.yaml", Some(&OBJECTIVE.replace("shop-availability", "shop-more")));
    let (code, printed, comment) = forge.ci("start");
    assert_eq!(code, 0, "{printed}");
    assert!(comment.contains("2 to create in set objectives"), "{comment}");
    assert!(comment.contains("| shop-availability | 99.9 | 42% | ✔ healthy (new) |"), "{comment}");
    assert_eq!(forge.json(&["status"])["objectives"], Value::Array(vec![]), "a plan writes nothing");
    let commit = forge.merge("start");
    let (code, printed, comment) = forge.ci("main");
    assert_eq!((code, &*comment), (0, ""), "{printed}");
    let entry = &forge.json(&["log"])["applies"][0];
    assert_eq!((&entry["set"], &entry["author"]), (&"objectives".into(), &"ci-bot".into()));
    assert_eq!(entry["commit"], *commit);
    let row = &forge.json(&["list", "objectives"])["objectives"][0];
    assert_eq!((&row["file"], &row["set"]), (&"slo/shop.yaml".into(), &"objectives".into()));

    // One that raises the target beyond what was met.
    let (before, after) = ("target: 99.9", "target: 99.95");
    forge.propose("raise", "slo/shop.yaml", Some(&OBJECTIVE.replace(before, after)));
    let (code, _, comment) = forge.ci("raise");
    assert_eq!(code, 0);
    let row = "| shop-availability | 99.9 → 99.95 | 42% → 0% -3.4m | ✔ healthy → ✖ breaching |";
    for part in [row, "~ SLO shop-availability\n-     spec.target: 99.9\n+     spec.target: 99.95\n"] {
        assert!(comment.contains(part), "{part}: {comment}");
    }

    // One that lowers the target, based on main.
    forge.git(&["checkout", "-q", "main"]);
    forge.propose("lower", "slo/shop.yaml", Some(&OBJECTIVE.replace(before, "target: 99")));
    let (code, _, comment) = forge.ci("lower");
    assert_eq!(code, 0);
    assert!(comment.contains("| shop-availability | 99.9 → 99 | 42% → 94% | ✔ healthy |"), "{comment}");
    let commit = forge.merge("lower");
    assert_eq!(forge.ci("main").0, 0);
    let entry = &forge.json(&["log", "-n", "1"])["applies"][0];
    assert_eq!(entry["commit"], *commit);
    assert_eq!(entry["changes"][0]["fields"][0]["after"], "99");

    // One with a typo: the comment shows the place, and the check fails.
    forge.propose("typo", "slo/shop.yaml", Some(&OBJECTIVE.replace(before, "targt: 99.9")));
    let (code, _, comment) = forge.ci("typo");
    assert_ne!(code, 0);
    assert!(comment.contains("slo/shop.yaml:6") && comment.contains("did you mean target?"), "{comment}");

    // One that deletes a file.
    forge.git(&["checkout", "-q", "main"]);
    forge.propose("drop", "slo/more.yaml", None);
    let (code, _, comment) = forge.ci("drop");
    assert_eq!(code, 0);
    assert!(comment.contains("! SLO shop-more (orphaned"), "{comment}");
    forge.merge("drop");
    assert_eq!(forge.ci("main").0, 0);
    let status = forge.json(&["status"]);
    let orphaned: Vec<(&Value, &Value)> = status["objectives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|objective| (&objective["objectiveId"], &objective["orphaned"]))
        .collect();
    assert_eq!(orphaned, [(&"shop-more".into(), &true.into()), (&"shop-availability".into(), &false.into())]);
    // From any clone, with any name.
    assert_eq!(forge.slo(&["plan", "checkout/slo"]).status.code(), Some(1));
    assert_eq!(forge.slo(&["apply", "--prune", "checkout/slo"]).status.code(), Some(0));
    assert_eq!(forge.slo(&["plan", "build-42/slo"]).status.code(), Some(0));
    assert_eq!(forge.json(&["status"])["objectives"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_applied_before_it_is_committed_is_marked() {
    let Some(forge) = Forge::new() else { return };
    forge.propose("start", "slo/shop.yaml", Some(OBJECTIVE));
    let commit = forge.git(&["rev-parse", "HEAD"]);
    fs::write(forge.world.path().join("checkout/slo/more.yaml"), OBJECTIVE.replace("shop-availability", "more"))
        .unwrap();
    assert_eq!(forge.slo(&["apply", "checkout/slo"]).status.code(), Some(0));
    assert_eq!(forge.json(&["log"])["applies"][0]["commit"], format!("{commit}-dirty"));
    // Objects that were not given are not compared.
    assert_eq!(forge.slo(&["apply", "--set", "other", "--adopt", "checkout/slo/shop.yaml"]).status.code(), Some(0));
    assert_eq!(forge.json(&["log"])["applies"][0]["commit"], *commit);
}
