//! Damaged rows of a server are noticed, reported and repaired as those of a file.

use super::server::{self, Server};
use crate::harness::{Output, Slo};

const FEED: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-11-10T10:00:00Z","system":"shop","check":"http","status":"down"}
{"ts":"2026-11-10T10:30:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-11-02T00:00:00Z","system":"shop","check":"tcp","status":"up"}
"#;
/// Overruled by what is there.
const MILDER: &str = r#"{"ts":"2026-11-10T10:00:00Z","system":"shop","check":"http","status":"degraded"}"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T00:00:00Z"];

fn made(slo: Slo) -> Slo {
    slo.ingest(FEED);
    slo.ingest(MILDER);
    slo.apply(MANIFESTS);
    slo.pass(&[&["compute", "-q"][..], &AS_OF].concat(), b"");
    slo
}

fn schema(slo: &Slo) -> String {
    server::schema(slo.db().to_str().unwrap()).to_owned()
}

fn ask(slo: &Slo, args: &[&str]) -> Output {
    slo.run(&[args, &AS_OF].concat(), b"")
}

/// The server's tables have no CHECKs, so such rows can be there.
#[test]
fn a_row_that_no_file_could_have_is_noticed_as_in_a_file() {
    const QUESTIONS: [&[&str]; 8] = [
        &["check"],
        &["status"],
        &["health"],
        &["log"],
        &["history", "shop", "--since", "90d"],
        &["export", "journal"],
        &["export", "manifests"],
        &["db", "verify"],
    ];
    const DAMAGES: [(&str, &[&str], u8); 6] = [
        ("segment SET count = 0", &["export", "journal"], 2),
        ("segment SET last_ts = -1", &["check"], 2),
        ("stream SET source = 2", &["check"], 2),
        ("manifest SET kind = 'x'", &["check"], 2),
        ("overruled SET status = 9", &["db", "verify"], 1),
        ("apply_change SET deed = 'x'", &["log"], 2),
    ];
    let Some(server) = Server::any() else { return };
    for (damage, noticing, code) in DAMAGES {
        let (file, shared) = (made(Slo::in_file()), made(Slo::on(server)));
        let connection = rusqlite::Connection::open(file.db()).unwrap();
        connection.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; UPDATE {damage}")).unwrap();
        drop(connection);
        server.sql("slo", &format!("UPDATE {}.{damage}", schema(&shared)));
        for question in QUESTIONS {
            let (is, should) = (ask(&shared, question), ask(&file, question));
            assert_eq!((is.code, &is.stdout), (should.code, &should.stdout), "{damage}: {question:?}: {}", is.stderr);
        }
        assert_eq!(ask(&shared, noticing).code, code, "{damage}");
        let copy = shared.path("copy.db");
        let copied = shared.run(&["db", "copy", shared.db().to_str().unwrap(), copy.to_str().unwrap()], b"");
        let is_sound = copied.code == 0 && Slo::at(&copy).run(&["db", "verify"], b"").code == 0;
        assert!(!is_sound, "{damage}: a copy keeps the damage");
    }
}

#[test]
fn a_missing_value_and_the_unique_values_of_another_row_are_errors_that_name_the_row() {
    let Some(server) = Server::any() else { return };
    for (damage, told) in [
        ("ALTER TABLE S.stream ALTER first_ts DROP NOT NULL; UPDATE S.stream SET first_ts = NULL", "has no first_ts"),
        ("INSERT INTO S.stream SELECT id, 9, source, healthcheck, location, 0, 0 FROM S.stream", "of another row"),
    ] {
        let shared = made(Slo::on(server));
        server.sql("slo", &damage.replace("S.", &format!("{}.", schema(&shared))));
        let output = ask(&shared, &["health"]);
        assert_eq!(output.code, 2, "{damage}: {}", output.stdout);
        assert!(output.stderr.contains("stream ") && output.stderr.contains(told), "{}", output.stderr);
    }
}

/// The second try of a computation, without caches, fetches again what the first one did.
#[test]
fn a_computation_on_damaged_facts_says_so() {
    let Some(server) = Server::any() else { return };
    let shared = made(Slo::on(server));
    server.sql("slo", &format!("UPDATE {}.stream SET healthcheck = '{{}}' WHERE healthcheck = 'tcp'", schema(&shared)));
    let output = shared.run(&["compute", "--as-of", "2026-11-21T00:00:00Z"], b"");
    assert_eq!(output.code, 2, "{}", output.stdout);
    assert!(output.stderr.contains("does not match its checksum"), "{}", output.stderr);
}

#[test]
fn a_damaged_cache_is_made_again_as_in_a_file() {
    let Some(server) = Server::any() else { return };
    let (file, shared) = (made(Slo::in_file()), made(Slo::on(server)));
    let damage = "seal SET sealed_until = sealed_until + 1";
    rusqlite::Connection::open(file.db()).unwrap().execute_batch(&format!("UPDATE {damage}")).unwrap();
    server.sql("slo", &format!("UPDATE {}.{damage}", schema(&shared)));
    for args in [&["compute", "-o", "json", "--as-of", "2026-11-21T00:00:00Z"][..], &["db", "verify"]] {
        let (is, should) = (shared.run(args, b""), file.run(args, b""));
        assert_eq!((is.code, is.stdout), (should.code, should.stdout), "{args:?}: {}", is.stderr);
    }
}

#[test]
fn a_repair_leaves_pages_to_the_server_and_names_what_it_cannot_repair() {
    let Some(server) = Server::any() else { return };
    let shared = made(Slo::on(server));
    let schema = schema(&shared);
    server.sql(
        "slo",
        &format!("INSERT INTO {schema}.member_input (composite, member) SELECT id, 99 FROM {schema}.system"),
    );
    let output = shared.run(&["db", "verify", "--repair"], b"");
    assert!(output.code < 2 && !output.stderr.contains("VACUUM"), "{}{}", output.stdout, output.stderr);
    shared.pass(&["db", "verify"], b"");
}

#[test]
fn a_damaged_description_of_the_tables_is_named_with_a_remedy() {
    let Some(server) = Server::any() else { return };
    for (damage, told) in [
        ("DELETE FROM S.about WHERE id = 1", "has lost its row 1"),
        ("UPDATE S.about SET version = -1 WHERE id = 1", "its schema -1 is unknown"),
        ("UPDATE S.about SET version = 1 WHERE id = 1", "its tables are not those of schema 1"),
        ("UPDATE S.about SET version = 0 WHERE id = 1", "its tables are not those of schema 0"),
    ] {
        let shared = made(Slo::on(server));
        server.sql("slo", &damage.replace("S.", &format!("{}.", schema(&shared))));
        let output = shared.run(&["ingest", "-"], FEED.as_bytes());
        assert_eq!(output.code, 2, "{damage}: {}", output.stdout);
        assert!(output.stderr.contains(told) && output.stderr.contains("from a backup"), "{damage}: {}", output.stderr);
    }
}
