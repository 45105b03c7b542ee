//! The statements sent to a server are understood by every engine with PostgreSQL's protocol; checked in the server's
//! own log: each statement begins in a known way, calls known functions, and has no word that distributed engines lack.

use std::collections::BTreeSet;
use std::fs;

use super::faults::MANIFESTS;
use super::server::Server;
use crate::harness::Slo;

const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T00:00:00Z"];
/// How statements may begin.
const BEGINNINGS: [&str; 23] = [
    "BEGIN",
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    "BEGIN ISOLATION LEVEL REPEATABLE READ",
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "COMMIT",
    "ROLLBACK",
    "SELECT ",
    "WITH RECURSIVE ",
    "WITH known ",
    "INSERT INTO slo.",
    "UPDATE slo.",
    "DELETE FROM slo.",
    "CREATE SCHEMA IF NOT EXISTS slo",
    "CREATE TABLE slo.",
    "CREATE TABLE IF NOT EXISTS slo.",
    "CREATE SEQUENCE slo.",
    "CREATE VIEW slo.",
    "DROP VIEW IF EXISTS slo.",
    "DROP TABLE slo.",
    "SHOW server_encoding",
    "SHOW transaction_read_only",
    // Without a name, for one execution.
    "COPY slo.",
    "",
];
/// Words that may come before a bracket: functions, types, and keywords of SQL.
const CALLS: [&str; 38] = [
    "as",
    "by",
    "c",
    "coalesce",
    "count",
    "current_setting",
    "edge",
    "deciding",
    "encode",
    "extract",
    "exists",
    "from",
    "generate_series",
    "greatest",
    "in",
    "key",
    "lateral",
    "least",
    "length",
    "max",
    "min",
    "n",
    "nextval",
    "not",
    "pg_total_relation_size",
    "recovery",
    "select",
    "setval",
    "sum",
    "unique",
    "using",
    "values",
    "w",
    "conflict",
    "known",
    "materialized",
    "t",
    "where",
];
/// Words of features that distributed engines lack or implement differently.
const LACKING: [&str; 23] = [
    "advisory",
    "listen",
    "notify",
    "unlisten",
    "temp",
    "temporary",
    "unlogged",
    "serial",
    "bigserial",
    "trigger",
    "function",
    "procedure",
    "ctid",
    "oid",
    "xmin",
    "savepoint",
    "prepare",
    "deallocate",
    "discard",
    "cursor",
    "truncate",
    "vacuum",
    "merge",
];
/// Part of the one statement that may use other words: `db info` reads the server's own catalog.
const SIZES: &str = "pg_catalog.pg_class";

/// The statements in the log of a server that records all of them, without quoted texts.
fn heard(log: &str) -> BTreeSet<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut is_statement = false;
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if is_statement && let Some(last) = statements.last_mut() {
                last.push('\n');
                last.push_str(more);
            }
            continue;
        }
        let is_ours = line.starts_with("slo:");
        let found = line.split_once("LOG:  statement: ").or_else(|| line.split_once("LOG:  execute <unnamed>: "));
        let found = found.filter(|_| is_ours);
        is_statement = found.is_some();
        assert!(is_statement || !line.contains("LOG:  execute "), "a statement with a name: {line}");
        statements.extend(found.map(|(_, statement)| statement.to_owned()));
    }
    statements.iter().flat_map(|sent| without_quoted(sent).split(';').map(plain).collect::<Vec<_>>()).collect()
}

/// With single spaces.
fn plain(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Quoted texts are data.
fn without_quoted(sql: &str) -> String {
    let (mut plain, mut letters, mut is_quoted) = (String::new(), sql.chars(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if is_quoted => drop(letters.next()),
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            _ => plain.push(letter),
        }
    }
    plain
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// What is wrong with a statement.
fn faults(statement: &str) -> Vec<String> {
    let begins = |beginning: &&str| {
        if beginning.ends_with([' ', '.']) { statement.starts_with(beginning) } else { statement == *beginning }
    };
    let mut faults = Vec::new();
    if !BEGINNINGS.iter().any(begins) {
        faults.push("begins in an unknown way".to_owned());
    }
    let pieces: Vec<&str> = statement.split('(').collect();
    for before in pieces.iter().take(pieces.len().saturating_sub(1)).map(|piece| piece.trim_end()) {
        let name =
            before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').next().unwrap_or_default();
        // The table and its columns.
        if !name.is_empty() && !name.starts_with("slo.") && !CALLS.contains(&name.to_lowercase().as_str()) {
            faults.push(format!("calls {name}"));
        }
    }
    let lacking = words(statement).filter(|word| LACKING.contains(&word.as_str()));
    faults
        .extend(lacking.filter(|word| word != "oid" || !statement.contains(SIZES)).map(|word| format!("says {word}")));
    faults
}

/// Does everything that a database can do.
fn do_everything(server: &Server, slo: &Slo) {
    let day = |day: u32, status: &str, check: &str| {
        format!(
            "{{\"ts\":\"2026-11-{day:02}T10:00:00Z\",\"system\":\"host-{}\",\"check\":\"{check}\",\"status\":\"{status}\",\"note\":\"n\"}}\n",
            day % 3
        )
    };
    let feed: String = (1..19).map(|number| day(number, if number % 2 == 0 { "down" } else { "up" }, "http")).collect();
    let ask = |args: &[&str], stdin: &str| {
        let output = slo.run(args, stdin.as_bytes());
        assert!(output.code < 2, "{args:?}: {}", output.stderr);
    };
    ask(&["ingest", "-"], &feed);
    let version = super::rights::age(server, "slo");
    ask(&["ingest", "--strict", "-"], &day(5, "up", "tcp"));
    assert_eq!(server.sql("slo", "SELECT version FROM slo.about WHERE id = 1"), version);
    ask(&["ingest", "--follow", "-"], &day(6, "down", "tcp"));
    ask(&["probe", "host-1", "--", "true"], "");
    let window = "---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: { name: planned }\nspec: { systemRefs: [{ kind: System, name: host-0 }], start: 2026-11-10T11:00:00Z, end: 2026-11-10T13:00:00Z }\n---\napiVersion: slo/v1\nkind: Condition\nmetadata: { name: low }\nspec: { when: budgetRemainingPercent < 50 }\n";
    let folder = slo.write_manifests(&(MANIFESTS.to_owned() + window));
    let folder = folder.to_str().unwrap();
    ask(&["plan", folder], "");
    ask(&["apply", "--prune", folder], "");
    ask(&[&["compute", "-q", "--exec", "cat > /dev/null"][..], &AS_OF].concat(), "");
    // Late facts, which cut caches back, and a computation after them.
    ask(&["ingest", "-"], &day(3, "down", "late"));
    ask(&[&["compute", "-q"][..], &AS_OF].concat(), "");
    for question in super::PLAIN {
        ask(&[question, &AS_OF].concat(), "");
    }
    for question in [
        &["show", "of-0"][..],
        &["status", "of-0"],
        &["trend", "of-0"],
        &["history", "host-0", "--since", "90d"],
        &["db", "info"],
        &[
            "correct",
            "host-0",
            "--status",
            "healthy",
            "--reason",
            "r",
            "--since",
            "2026-11-10T10:00Z",
            "--until",
            "2026-11-10T11:00Z",
        ],
    ] {
        ask(&[question, &AS_OF].concat(), "");
    }
    let (copy, address) = (slo.path("copy.db"), slo.db());
    let (copy, address) = (copy.to_str().unwrap(), address.to_str().unwrap());
    ask(&["db", "copy", address, copy], "");
    ask(&["db", "merge", copy], "");
    ask(&["db", "forget", "--ingest", "2", "--yes"], "");
    ask(&["db", "forget", "--system", "host-2", "--check", "http", "--yes"], "");
    ask(&["db", "rename-system", "host-1", "renamed", "--yes"], "");
    server.sql("slo", "UPDATE slo.streak_row SET checksum = checksum + 1");
    ask(&["db", "verify", "--repair"], "");
    server.sql("slo", "DROP SCHEMA slo CASCADE");
    ask(&["db", "copy", copy, address], "");
    let reader = Slo::at(format!("{address} target_session_attrs=read-write"));
    assert_eq!(reader.run(&["db", "verify"], b"").code, 0);
}

#[test]
fn a_server_hears_nothing_that_only_some_engines_know() {
    if Server::any().is_none() {
        return;
    }
    let server =
        Server::start("-c fsync=off -c log_statement=all -c log_line_prefix=%a: -c max_connections=20").unwrap();
    let slo = Slo::at(server.of("slo"));
    do_everything(&server, &slo);
    let log = fs::read_to_string(server.folder().join("log")).unwrap();
    let heard = heard(&log);
    assert!(heard.len() > 100, "{}", heard.len());
    let found: Vec<String> = heard
        .iter()
        .flat_map(|statement| faults(statement).into_iter().map(move |fault| format!("{fault}: {statement:.300}")))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The test above finds what it looks for.
#[test]
fn statements_beyond_the_subset_are_seen() {
    for (sent, fault) in [
        ("SELECT pg_advisory_xact_lock(7)", "calls pg_advisory_xact_lock"),
        ("LISTEN changes", "says listen"),
        ("CREATE TEMP TABLE x (id bigint)", "begins in an unknown way"),
        ("CREATE TABLE slo.x (id BIGSERIAL)", "says bigserial"),
        ("DELETE FROM slo.x WHERE ctid = '(0,1)'", "says ctid"),
        ("LOCK TABLE slo.x", "begins in an unknown way"),
    ] {
        assert!(faults(&plain(&without_quoted(sent))).iter().any(|found| found == fault), "{sent}");
    }
    let log = "slo:LOG:  statement: SELECT 'listen; (x)'\n\tFROM slo.a;\nslo:LOG:  other\n\tLISTEN\npsql:LOG:  statement: LISTEN x\n";
    assert_eq!(heard(log), BTreeSet::from([String::new(), "SELECT FROM slo.a".to_owned()]));
}
