//! `slo completions`: the committed scripts are its output, and names come from the database.

use std::fs;

use crate::world::{REWRITE, World, repository};

#[test]
fn the_committed_scripts_are_what_slo_prints() {
    let world = World::empty();
    for (shell, file) in
        [("bash", "slo.bash"), ("zsh", "_slo"), ("fish", "slo.fish"), ("elvish", "slo.elv"), ("powershell", "_slo.ps1")]
    {
        let script = world.stdout(&["completions", shell]);
        let path = repository("completions").join(file);
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, &script).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), script, "{shell}");
    }
}

/// The candidates that a shell is offered for the last of `words`.
fn offered(world: &World, db: &str, words: &[&str]) -> Vec<String> {
    let mut command = world.command(&["--"]);
    command.args(words).env("SLO_DB", world.path().join(db));
    command.env("COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_COMP_TYPE", "9");
    command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string()).env("_CLAP_COMPLETE_SPACE", "true");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|word| word.trim().to_owned()).collect()
}

#[test]
fn names_complete_from_the_database() {
    let world = World::new();
    let db = "demo/slo.db";
    assert_eq!(offered(&world, db, &["slo", "status", "check"]), ["checkout-availability", "checkout-payment"]);
    assert_eq!(offered(&world, db, &["slo", "health", "s"]), ["search", "storefront"]);
    assert_eq!(offered(&world, db, &["slo", "check", "--system", "m"]), ["mail"]);
    assert_eq!(offered(&world, db, &["slo", "export", "journal", "--system", "p"]), ["postgres"]);
    assert_eq!(offered(&world, db, &["slo", "trend", "check"]), ["checkout-availability", "checkout-payment"]);
    assert_eq!(offered(&world, db, &["slo", "history", "m"]), ["mail"]);
    assert_eq!(offered(&world, "none.db", &["slo", "status", "--db", db, "mail"]), ["mail-delivery"]);
    assert_eq!(offered(&world, "none.db", &["slo", "status", "mail"]), Vec::<String>::new());
    assert_eq!(offered(&world, "none.db", &["slo", "sta"]), ["status"]);
}

#[test]
fn whatever_stands_for_something_in_the_database_completes() {
    let world = World::new();
    let db = "demo/slo.db";
    let manifest =
        "apiVersion: slo/v1\nkind: Condition\nmetadata: { name: mail-slow }\nspec: { when: 'burnRate > 1' }\n";
    fs::write(world.path().join("more.yaml"), manifest).unwrap();
    let applied = world.slo(&["apply", "more.yaml", "--set", "extra"]);
    assert!(applied.status.success(), "{applied:?}");
    for (words, completed) in [
        (&["badge", "mail"][..], &["mail-delivery"][..]),
        (&["status", "--by", "label:"], &["label:team", "label:tier"]),
        (&["check", "-l", "team=p"], &["team=payments", "team=platform"]),
        (&["backtest", "mail"], &["mail-delivery"]),
        (&["backtest", "--condition", "m"], &["mail-slow"]),
        (&["check", "--condition", "none,m"], &["none,mail-slow"]),
        (&["report", "--html", "x", "--system", "m"], &["mail"]),
        (&["export", "manifests", "--system", "p"], &["postgres"]),
        (&["plan", "--set", "e"], &["extra"]),
        (&["log", "--set", "e"], &["extra"]),
        (&["log", "mail-"], &["mail-delivery", "mail-slow"]),
        (&["status", "-l", "tie"], &["tier=critical"]),
        (
            &["export", "manifests", "-l", "tier=critical,team=p"],
            &["tier=critical,team=payments", "tier=critical,team=platform"],
        ),
    ] {
        let words: Vec<&str> = ["slo"].iter().chain(words).copied().collect();
        assert_eq!(offered(&world, db, &words), completed, "{words:?}");
    }
}

#[test]
fn what_is_probed_is_a_check_and_what_is_corrected_may_be_an_incident() {
    let world = World::new();
    let fact = r#"{"ts":"2026-11-19T07:30:00Z","system":"mail","check":"smtp","status":"down","source":"SOURCE"}"#;
    let facts =
        [fact.replace("SOURCE", "healthcheck"), fact.replace("SOURCE", "incident").replace("smtp", "smtp-4711")];
    fs::write(world.path().join("facts.jsonl"), facts.join("\n")).unwrap();
    let ingested = world.slo(&["ingest", "facts.jsonl"]);
    assert!(ingested.status.success(), "{ingested:?}");
    let check = |command: &str| offered(&world, "demo/slo.db", &["slo", command, "mail", "--check", "smtp"]);
    assert_eq!(check("probe"), ["smtp"]);
    assert_eq!(check("correct"), ["smtp", "smtp-4711"]);
}

/// What a shell prints when it runs `script` in the world, if the shell is installed.
fn in_shell(world: &World, shell: &str, script: &str) -> Option<String> {
    let mut command = world.bare(shell);
    command.args(["-c", script]).env("SLO_DB", world.path().join("demo/slo.db"));
    command.env("SCRIPTS", repository("completions"));
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_scripts_complete_names_in_real_shells() {
    let world = World::new();
    let bash = r#"source "$SCRIPTS/slo.bash"
COMP_WORDS=(slo status check) COMP_CWORD=2 COMP_TYPE=9
function=$(complete -p slo | sed -n 's/.*-F \([^ ]*\).*/\1/p')
"$function" slo check status 2>/dev/null
echo "${COMPREPLY[@]}""#;
    if let Some(words) = in_shell(&world, "bash", bash) {
        assert_eq!(words.split_whitespace().collect::<Vec<_>>(), ["checkout-availability", "checkout-payment"]);
    }
    let fish = r#"source "$SCRIPTS/slo.fish"; complete -C "slo health s""#;
    if let Some(words) = in_shell(&world, "fish", fish) {
        assert_eq!(words.split_whitespace().collect::<Vec<_>>(), ["search", "storefront"]);
    }
}
