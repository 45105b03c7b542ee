//! Rights of users, owners of schemas, and the errors about them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::PLAIN;
use super::server::{Server, schema};
use crate::harness::Slo;

const FEED: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-11-10T10:00:00Z","system":"shop","status":"down","note":"the disk is full"}
{"ts":"2026-11-10T10:30:00Z","system":"shop","status":"up"}
"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T00:00:00Z"];

#[test]
fn a_reader_may_ask_everything_and_write_nothing() {
    let Some(server) = Server::any() else { return };
    let owner = Slo::on(server);
    owner.ingest(FEED);
    owner.apply(MANIFESTS);
    owner.pass(&[&["compute", "-q"][..], &AS_OF].concat(), b"");
    let address = owner.db().to_str().unwrap().to_owned();
    let schema = schema(&address).to_owned();
    server.sql(
        "slo",
        &format!(
            "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA {schema} TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader;
             ALTER ROLE reader SET default_transaction_read_only = on"
        ),
    );
    let reader = Slo::at(address.replace("user=slo", "user=reader"));
    let manifests = owner.path("manifests");
    let of_one: [&[&str]; 6] = [
        &["show", "shop-availability", "-o", "json"],
        &["trend", "shop-availability", "-o", "json"],
        &["badge", "shop-availability"],
        &["history", "shop", "--since", "90d", "-o", "json"],
        &["db", "info", "-o", "json"],
        &["plan", manifests.to_str().unwrap()],
    ];
    for question in PLAIN.iter().copied().chain(of_one) {
        let args = [question, &AS_OF].concat();
        let (is, should) = (reader.run(&args, b""), owner.run(&args, b""));
        let same = |text: &str| text.replace("postgres://reader@", "postgres://slo@");
        assert_eq!((is.code, same(&is.stdout)), (should.code, should.stdout), "{question:?}: {}", is.stderr);
        assert!(is.code < 2, "{question:?}: {}", is.stderr);
    }
    for denied in [&["ingest", "-"][..], &["compute"]] {
        let output = reader.run(denied, FEED.as_bytes());
        assert_eq!(output.code, 2, "{denied:?}: {}", output.stderr);
    }
    let typed = format!(
        "SELECT labels ->> 'team', window_end - window_start, is_breaching FROM {schema}.objective_status;
         SELECT max(date) FROM {schema}.daily_snapshot"
    );
    assert_eq!(server.sql("reader", &typed), "web|30 days|f\n2026-11-19\n");
    assert_eq!(server.sql("slo", &format!("SELECT is_current FROM {schema}.computation")), "t\n");
    owner.ingest(r#"{"ts":"2026-11-11T10:00:00Z","system":"shop","status":"up"}"#);
    assert_eq!(server.sql("slo", &format!("SELECT is_current FROM {schema}.computation")), "f\n");
}

#[test]
fn a_missing_database_and_a_newer_one_are_refused_by_name() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    let output = slo.run(&["status"], b"");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("has no tables of slo"), "{}", output.stderr);
    slo.ingest(FEED);
    let address = slo.db().to_str().unwrap().to_owned();
    let schema = schema(&address).to_owned();
    server.sql("slo", &format!("UPDATE {schema}.about SET version = version + 1 WHERE id = 1"));
    for args in [&["status"][..], &["ingest", "-"]] {
        let output = slo.run(args, b"");
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("written by a newer slo"), "{}", output.stderr);
    }
}

/// Downgrades the tables to schema 16: later additions are removed. Returns the version that they had.
pub(super) fn age(server: &Server, schema: &str) -> String {
    let version = server.sql("slo", &format!("SELECT version FROM {schema}.about WHERE id = 1"));
    server.sql(
        "slo",
        &format!(
            "DROP VIEW {schema}.objective_status; ALTER TABLE {schema}.objective_status_row DROP COLUMN corrected_minutes;
             DROP VIEW {schema}.daily_snapshot; DROP TABLE {schema}.snapshot_run_row;
             DROP VIEW {schema}.downtime_event; DROP TABLE {schema}.downtime_event_row;
             DROP VIEW {schema}.change_log; ALTER TABLE {schema}.change_log_row DROP COLUMN view;
             CREATE TABLE {schema}.daily_snapshot_row (objective_id text, date text, availability_percent double precision,
               budget_consumed_minutes double precision NOT NULL, budget_remaining_percent double precision NOT NULL,
               burn_rate double precision, streak_days bigint NOT NULL, checksum bigint NOT NULL, PRIMARY KEY (objective_id, date));
             ALTER TABLE {schema}.rewrite_log DROP COLUMN location; ALTER TABLE {schema}.condition_logged DROP COLUMN logged_from;
             UPDATE {schema}.about SET version = 16 WHERE id = 1"
        ),
    );
    version
}

#[test]
fn an_older_schema_is_brought_up_to_date_by_whoever_comes_first() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(FEED);
    slo.apply(MANIFESTS);
    let args = [&["status", "-o", "json"][..], &AS_OF].concat();
    let expected = slo.pass(&args, b"");
    let address = slo.db().to_str().unwrap().to_owned();
    let schema = schema(&address).to_owned();
    let version = age(server, &schema);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let one = Slo::at(&address);
                assert_eq!(one.pass(&args, b""), expected);
            });
        }
    });
    assert_eq!(server.sql("slo", &format!("SELECT version FROM {schema}.about WHERE id = 1")), version);
    slo.pass(&[&["compute", "-q"][..], &AS_OF].concat(), b"");
    slo.pass(&["db", "verify"], b"");
    assert_eq!(server.sql("slo", &format!("SELECT count(*) FROM {schema}.objective_status")), "1\n");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is about time that passes")]
fn a_server_that_says_nothing_ends_in_time_and_one_that_is_not_there_at_once() {
    if Server::any().is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = Slo::at(format!("postgres://u:topsecret@127.0.0.1:{port}/d?connect_timeout=2&retry_for=0"));
    let began = Instant::now();
    for args in [&["status"][..], &["ingest", "-"]] {
        let output = silent.run(args, b"");
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("has not answered within 2 s"), "{}", output.stderr);
        assert!(!output.stderr.contains("secret"), "{}", output.stderr);
    }
    assert!(began.elapsed() < Duration::from_secs(15));
    drop(listener);
    let gone = Slo::at(format!("postgres://u:topsecret@127.0.0.1:{port}/d"));
    let began = Instant::now();
    let output = gone.run(&["status"], b"");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("cannot connect") && !output.stderr.contains("secret"), "{}", output.stderr);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_password_on_the_command_line_is_warned_of_and_never_printed() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(FEED);
    let address = format!("{} password=topsecret", slo.db().display());
    for args in [
        &["db", "info"][..],
        &["status"],
        &["db", "verify"],
        &["db", "copy", &address, &address],
        &["demo"],
        &["report", "--html", "missing/page.html"],
        &["db", "backup", "missing/copy.db"],
    ] {
        let output = slo.run(&[args, &["--db", &address]].concat(), b"");
        assert!(output.stderr.contains("other users of this host can see the password"), "{}", output.stderr);
        assert!(!format!("{}{}", output.stdout, output.stderr).contains("secret"), "{args:?}");
    }
}

#[test]
fn what_only_files_can_do_says_what_to_do_instead() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(FEED);
    let copy = slo.path("copy.db");
    for (args, told) in [
        (&["db", "backup", copy.to_str().unwrap()][..], "pg_dump"),
        (&["db", "backup", "-"], "pg_dump"),
        (&["db", "compact"], "VACUUM"),
    ] {
        let output = slo.run(args, b"");
        assert_eq!(output.code, 2, "{args:?}");
        assert!(output.stderr.contains(told), "{args:?}: {}", output.stderr);
    }
    assert!(!copy.exists());
    let info = slo.pass(&["db", "info", "-o", "json"], b"");
    assert!(info.contains("\"transitions\": 3") && info.contains("\"notes\": 1"), "{info}");
}

/// Wherever a password comes from, no command prints it, neither on success nor in an error.
#[test]
fn a_password_of_the_environment_or_a_file_is_never_printed() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    slo.ingest(FEED);
    let address = slo.db().to_str().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let passfile = slo.write("pgpass", "*:*:*:*:topsecret\n");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&passfile, closed).unwrap();
    let passfile = passfile.to_str().unwrap();
    let folder = server.folder().display().to_string().replace('/', "%2F");
    let schema = schema(&address);
    for (url, more) in [
        (format!("postgres://slo:topsecret@{folder}/postgres?schema={schema}"), ("PGAPPNAME", "x")),
        (format!("postgres://slo:topsecret@127.0.0.1:{port}/d?retry_for=0"), ("PGAPPNAME", "x")),
        (format!("{address} password=topsecret"), ("PGAPPNAME", "x")),
        (address.clone(), ("PGPASSWORD", "topsecret")),
        (address.clone(), ("PGPASSFILE", passfile)),
        (format!("host=127.0.0.1 port={port} user=slo retry_for=0"), ("PGPASSWORD", "topsecret")),
        (format!("host=127.0.0.1 port={port} user=slo retry_for=0"), ("PGPASSFILE", passfile)),
        (
            format!("host=127.0.0.1 port={port} user=slo retry_for=0 sslmode=topsecrets password=topsecret"),
            ("PGUSER", "x"),
        ),
    ] {
        let one = Slo::at(&url);
        for args in
            [&["db", "info"][..], &["db", "info", "-o", "json"], &["status"], &["db", "verify"], &["ingest", "-"]]
        {
            let output = one.run_where(&[more], args, b"");
            let told = format!("{}{}", output.stdout, output.stderr).replace("topsecrets", "");
            assert!(!told.contains("secret"), "{url} {more:?} {args:?}: {told}");
        }
    }
}
