//! Commands that do more than one query: they follow a pipe, run other programs, or keep what the server could not
//! store.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::server::{Server, schema, skip};
use crate::harness::Slo;

const UP: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","check":"http","status":"up"}"#;
const DOWN: &str = r#"{"ts":"2026-11-10T10:00:00Z","system":"shop","check":"http","status":"down"}"#;
const UP_AGAIN: &str = r#"{"ts":"2026-11-10T10:30:00Z","system":"shop","check":"http","status":"up"}"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T00:00:00Z"];

/// A process on a database.
fn command(slo: &Slo, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    command.args(args).env_clear().env("SLO_DB", slo.db()).env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whether a database gets this many facts within ten seconds.
fn comes_to_hold(slo: &Slo, facts: usize) -> bool {
    (0..200).any(|_| {
        let holds = slo.run(&["export", "journal"], b"").stdout.lines().count() == facts;
        if !holds {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        holds
    })
}

fn say(child: &mut Child, line: &str) {
    let pipe = child.stdin.as_mut().unwrap();
    writeln!(pipe, "{line}").unwrap();
    pipe.flush().unwrap();
}

/// A server that can be crashed, with an empty database.
fn mortal(more: &str) -> Option<(Server, Slo)> {
    Server::any()?;
    let server = Server::start("-c fsync=off -c max_connections=20").unwrap();
    let slo = Slo::at(format!("host={} user=slo dbname=postgres {more}", server.folder().display()));
    Some((server, slo))
}

#[test]
fn what_a_pipe_sends_is_stored_as_it_comes_also_when_the_server_restarts_meanwhile() {
    let Some((mut server, slo)) = mortal("retry_for=60s") else { return };
    slo.ingest("");
    let mut following = command(&slo, &["ingest", "--follow", "-"]).spawn().unwrap();
    say(&mut following, UP);
    assert!(comes_to_hold(&slo, 1), "the first line is stored while the pipe is open");
    server.crash();
    say(&mut following, DOWN);
    server.restart();
    assert!(comes_to_hold(&slo, 2), "the second line is stored after the restart");
    say(&mut following, "nonsense");
    say(&mut following, UP_AGAIN);
    assert!(comes_to_hold(&slo, 3), "a rejected line does not end it");
    drop(following.stdin.take());
    let output = following.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("4 lines read: 3 new") && told.contains("1 rejected"), "{told}");
}

#[test]
fn a_pipe_that_is_silent_for_longer_than_the_server_allows_is_stored_on() {
    // Before PostgreSQL 14, servers do not know this limit.
    let Some((_server, slo)) = mortal("retry_for=60s options='-c idle_session_timeout=200ms'") else { return };
    if slo.run(&["ingest", "-q", "-"], b"").stderr.contains("unrecognized") {
        return skip("the server has no idle_session_timeout");
    }
    let mut following = command(&slo, &["ingest", "--follow", "-"]).spawn().unwrap();
    for (facts, line) in [UP, DOWN, UP_AGAIN].into_iter().enumerate() {
        say(&mut following, line);
        assert!(comes_to_hold(&slo, facts + 1), "{line}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    drop(following.stdin.take());
    let output = following.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn whoever_writes_waits_for_a_server_that_starts() {
    let Some((mut server, slo)) = mortal("retry_for=60s") else { return };
    slo.ingest(UP);
    for (args, text) in [
        (&["ingest", "-"][..], UP),
        (&["apply", "--set", "web", "-"], MANIFESTS),
        (&["compute", "--as-of", "2026-11-20T00:00:00Z"], ""),
    ] {
        server.crash();
        let mut writing = command(&slo, args).spawn().unwrap();
        say(&mut writing, text);
        drop(writing.stdin.take());
        std::thread::sleep(std::time::Duration::from_millis(300));
        server.restart();
        let output = writing.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_note_of_any_characters_is_published_and_copied() {
    let Some(server) = Server::any() else { return };
    let noted = DOWN.replace("\"down\"", "\"down\",\"note\":\"a\\u0000b\"");
    let (file, shared, copied) = (Slo::in_file(), Slo::on(server), Slo::on(server));
    for slo in [&file, &shared] {
        slo.ingest(&[UP, &noted, UP_AGAIN].join("\n"));
        slo.apply(MANIFESTS);
        slo.pass(&[&["compute", "-q"], &AS_OF[..]].concat(), b"");
        slo.pass(&["db", "verify"], b"");
    }
    let (from, to) = (file.db(), copied.db());
    file.pass(&["db", "copy", from.to_str().unwrap(), to.to_str().unwrap()], b"");
    for slo in [&shared, &copied] {
        assert_eq!(slo.pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
        let address = slo.db().to_str().unwrap().to_owned();
        let schema = schema(&address);
        assert_eq!(server.sql("slo", &format!("SELECT note FROM {schema}.downtime_event")), "a\u{fffd}b\n");
    }
}

#[test]
fn a_strict_ingest_and_a_dry_run_keep_nothing_on_both() {
    let Some(server) = Server::any() else { return };
    let (file, shared) = (Slo::in_file(), Slo::on(server));
    let good = [UP, DOWN, UP_AGAIN].join("\n");
    let bad = format!("{good}\nnonsense\n");
    for slo in [&file, &shared] {
        slo.ingest("");
    }
    for (args, feed, code, facts) in [
        (&["ingest", "--strict", "-"][..], &bad, 1, 0),
        (&["ingest", "--dry-run", "-"], &good, 0, 0),
        (&["ingest", "--strict", "-"], &good, 0, 3),
        (&["ingest", "--strict", "-"], &bad, 1, 3),
    ] {
        let (is, should) = (shared.run(args, feed.as_bytes()), file.run(args, feed.as_bytes()));
        assert_eq!((is.code, &is.stdout, &is.stderr), (should.code, &should.stdout, &should.stderr), "{args:?}");
        assert_eq!(is.code, code, "{args:?}: {}", is.stderr);
        let journal = shared.pass(&["export", "journal"], b"");
        assert_eq!(journal, file.pass(&["export", "journal"], b""), "{args:?}");
        assert_eq!(journal.lines().count(), facts, "{args:?}");
    }
}

#[test]
fn a_probe_spools_its_result_while_the_server_is_down_and_stores_it_with_the_next_one() {
    let Some((mut server, slo)) = mortal("retry_for=1s") else { return };
    slo.ingest("");
    let spool = slo.path("spool");
    let probe = |end: &str| {
        let spool = spool.to_str().unwrap();
        let args = ["probe", "shop", "--check", "http", "--spool", spool, "--", "sh", "-c", end];
        let output = command(&slo, &args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(probe("exit 0"), (0, String::new()));
    server.crash();
    for attempt in 1..=2 {
        let (code, told) = probe("echo it hurts; exit 2");
        assert_eq!(code, 2, "{told}");
        assert!(told.contains("kept in") && told.contains("cannot connect"), "{told}");
        assert_eq!(std::fs::read_to_string(&spool).unwrap().lines().count(), attempt);
    }
    server.restart();
    assert_eq!(probe("exit 0"), (0, String::new()));
    assert_eq!(std::fs::read_to_string(&spool).unwrap(), "");
    let journal = slo.pass(&["export", "journal"], b"");
    let statuses: Vec<&str> = journal.lines().filter_map(|line| line.split("\"status\":\"").nth(1)).collect();
    assert_eq!(statuses.len(), 4, "{journal}");
    let is_down = |status: &&str| status.starts_with("unhealthy");
    assert_eq!(statuses.iter().map(is_down).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(journal.matches("it hurts").count(), 2, "{journal}");
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn a_correction_is_drafted_with_the_same_effect_on_both() {
    let Some(server) = Server::any() else { return };
    let (file, shared) = (Slo::in_file(), Slo::on(server));
    let args = [
        &["correct", "shop", "--check", "http", "--status", "healthy", "--reason", "a false alarm"][..],
        &["--since", "2026-11-10T10:00Z", "--until", "2026-11-10T10:30Z"],
        &AS_OF,
    ]
    .concat();
    let [is, should] = [&shared, &file].map(|slo| {
        slo.ingest(&[UP, DOWN, UP_AGAIN].join("\n"));
        slo.apply(MANIFESTS);
        let drafted = slo.run(&args, b"");
        let folder = slo.path("manifests");
        std::fs::write(folder.join("correction.yaml"), &drafted.stdout).unwrap();
        slo.pass(&["apply", folder.to_str().unwrap()], b"");
        (drafted.code, drafted.stdout, drafted.stderr, slo.status(AS_OF[1]))
    });
    assert_eq!(is, should);
    assert!(is.0 == 0 && is.1.contains("kind: Correction") && is.2.contains("healthy"), "{is:?}");
    assert!(
        is.3.contains("\"errorBudgetConsumedMinutes\": 0.0") && is.3.contains("\"correctedMinutes\": 30.0"),
        "{}",
        is.3
    );
}

/// A command is told of each change once, in order; after a failure, it is told again by the next run.
#[test]
fn a_command_is_told_of_each_change_once_on_both() {
    let Some(server) = Server::any() else { return };
    let told = [Slo::in_file(), Slo::on(server)].map(|slo| {
        slo.ingest(&[UP, DOWN].join("\n"));
        slo.apply(MANIFESTS);
        let (heard, broken) = (slo.path("heard"), slo.path("broken"));
        let exec = format!("if [ -e {0} ]; then exit 3; fi; cat >> {1}", broken.display(), heard.display());
        let compute = |as_of: &str| {
            let args = ["compute", "-q", "--exec", &exec, "--exec-name", "pager", "--as-of", as_of];
            let output = command(&slo, &args).output().unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
        };
        let lines = || std::fs::read_to_string(&heard).unwrap_or_default();
        let first = (compute("2026-11-12T00:00:00Z"), lines());
        let nothing_new = (compute("2026-11-12T00:00:00Z"), lines());
        std::fs::write(&broken, "").unwrap();
        slo.ingest(UP_AGAIN);
        let failed = (compute("2026-11-13T00:00:00Z"), lines());
        std::fs::remove_file(&broken).unwrap();
        let after = (compute("2026-11-13T00:00:00Z"), lines());
        assert!(!first.1.is_empty() && first.0.0 == 0, "{first:?}");
        assert_eq!(nothing_new, first);
        assert_eq!((failed.0.0, &failed.1), (1, &first.1), "{failed:?}");
        assert!(after.0.0 == 0 && after.1.starts_with(&first.1) && after.1.len() > first.1.len(), "{after:?}");
        let sequences: Vec<&str> = after.1.lines().filter_map(|line| line.split(',').next()).collect();
        assert!(sequences.is_sorted_by_key(|text| text.rsplit(':').next().unwrap().parse::<u64>().unwrap()));
        [first.1, failed.0.1, after.1]
    });
    assert_eq!(told[0], told[1]);
}

/// The candidates that a shell is offered for the last of `words`.
fn offered(slo: &Slo, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let more = [
        ("COMPLETE", "bash"),
        ("_CLAP_IFS", "\n"),
        ("_CLAP_COMPLETE_COMP_TYPE", "9"),
        ("_CLAP_COMPLETE_INDEX", &index),
        ("_CLAP_COMPLETE_SPACE", "true"),
    ];
    let output = command(slo, &[&["--"], words].concat()).envs(more).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|word| word.trim().to_owned()).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is about time that passes")]
fn names_complete_from_a_server_and_one_that_says_nothing_does_not_hold_up_the_shell() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(UP);
    slo.apply(MANIFESTS);
    assert_eq!(offered(&slo, &["slo", "status", "shop"]), ["shop-availability"]);
    assert_eq!(offered(&slo, &["slo", "health", "s"]), ["shop"]);
    assert_eq!(offered(&slo, &["slo", "check", "-l", "team="]), ["team=web"]);
    let address = slo.db().to_str().unwrap().to_owned();
    assert_eq!(offered(&Slo::in_file(), &["slo", "status", "--db", &address, "shop"]), ["shop-availability"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = Slo::at(PathBuf::from(format!("postgres://u@127.0.0.1:{port}/d")));
    let began = std::time::Instant::now();
    assert_eq!(offered(&silent, &["slo", "status", "shop"]), Vec::<String>::new());
    assert!(began.elapsed().as_secs() < 5);
}

#[test]
fn the_size_of_a_database_on_a_server_is_not_said_of_a_file() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(&[UP, DOWN].join("\n"));
    let text = slo.pass(&["db", "info"], b"");
    assert!(text.starts_with("database     postgres://slo@") && !text.contains("pages"), "{text}");
    assert!(text.contains("\nschema       ") && text.contains("2 transitions"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&slo.pass(&["db", "info", "-o", "json"], b"")).unwrap();
    assert!(json["pages"].is_null() && json["freePages"].is_null() && json["bytes"].as_i64() > Some(0), "{json}");
    let file = Slo::in_file();
    file.ingest(UP);
    assert!(file.pass(&["db", "info"], b"").starts_with("file         /"));
}

/// As cron does it, with only `SLO_DB` from the crontab, a short path and a home.
#[test]
fn the_crontab_for_a_server_runs_as_printed_and_has_no_password() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server).having(UP, MANIFESTS);
    let init = |db: &str| {
        let mut init = command(&slo, &["init", "--cron"]);
        init.current_dir(slo.path("")).env("SLO_DB", db).env("PGAPPNAME", "a b").output().unwrap()
    };
    let output = init(&format!("{} password='top secret'", slo.db().display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let crontab = std::fs::read_to_string(slo.path("slo.crontab")).unwrap();
    std::fs::remove_file(slo.path("slo.crontab")).unwrap();
    assert!(!crontab.contains("secret") && crontab.contains("~/.pgpass"), "{crontab}");
    let db = crontab.lines().find_map(|line| line.strip_prefix("SLO_DB=")).unwrap();
    assert!(db.contains("application_name=a%20b") && db.contains("retry_for=60s") && db.contains("schema="), "{db}");
    let lines: Vec<&str> =
        crontab.lines().filter(|line| line.starts_with(|c: char| c == '*' || c.is_ascii_digit())).collect();
    assert_eq!(lines.len(), 4, "{crontab}");
    for line in lines {
        let mut words = line.split_whitespace();
        let command = words.by_ref().skip(5).collect::<Vec<_>>().join(" ").replace("\\%", "%");
        // The probed page is not there.
        let command = command.replace("curl -fsS https://shop.example.com/health", "true");
        let mut cron = Command::new("sh");
        cron.args(["-c", &command]).env_clear().env("SLO_DB", db).env("PATH", "/usr/bin:/bin");
        let output = cron.env("HOME", slo.path("")).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let copies = std::fs::read_dir(slo.path("")).unwrap();
    let is_copy = |name: &str| name.strip_suffix(".db").is_some_and(|name| name.starts_with("slo-"));
    assert_eq!(copies.filter(|entry| is_copy(entry.as_ref().unwrap().file_name().to_str().unwrap())).count(), 1);
    // What is no address is written into no file.
    let output = init("postgres://u:top/secret@h/d");
    assert!(output.status.code() == Some(2) && !slo.path("slo.crontab").exists());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));
}

/// Files of an environment, such as those of Docker, keep the quotes.
#[test]
fn an_address_in_quotes_or_blanks_is_the_same_address_and_a_wrong_one_is_not_repeated() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(UP);
    let address = slo.db().to_str().unwrap().to_owned();
    for around in [[" ", "\n"], ["\"", "\""], ["'", "' "]] {
        let same = Slo::at(around.join(&address));
        assert_eq!(same.pass(&["export", "journal"], b""), slo.pass(&["export", "journal"], b""), "{around:?}");
    }
    for wrong in [
        "SLO_DB=postgres://u:topsecret@h/d",
        "psql postgresql://u:topsecret@h/d",
        "\"postgres://u:topsecret@h/d",
        "postgres://u:top/secret@h/d",
        "postgres://u:topsecret",
    ] {
        for args in [&["status"][..], &["ingest", "-"], &["db", "copy", wrong, "x.db"], &["db", "merge", wrong]] {
            let output = Slo::at(wrong).run(args, b"");
            assert!(output.code == 2 && !output.stderr.contains("secret"), "{wrong} {args:?}: {}", output.stderr);
        }
    }
    // A schema that would need quotes is refused before anything is sent.
    let reserved = Slo::at(format!("{address} schema=user")).run(&["ingest", "-"], UP.as_bytes());
    assert!(reserved.code == 2 && reserved.stderr.contains("SQL reserves this word"), "{}", reserved.stderr);
}
