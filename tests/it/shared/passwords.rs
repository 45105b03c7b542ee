//! Passwords appear neither in the server's log nor in the list of processes.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::server::Server;
use crate::harness::Slo;

const FEED: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-11-10T10:00:00Z","system":"shop","status":"down","note":"the disk is full"}
"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";

/// A server that logs all it can, and the user `guarded`, who needs the password `topsecret`.
fn talkative() -> Server {
    let options = "-c fsync=off -c log_statement=all -c log_connections=on -c log_disconnections=on -c log_duration=on \
                   -c log_min_messages=debug1 -c log_error_verbosity=verbose -c log_line_prefix=%u/%d/%a";
    let server = Server::start_with(options, |folder| {
        let rules = "local all guarded scram-sha-256\nlocal all all trust\n";
        fs::write(folder.join("data/pg_hba.conf"), rules).map_err(|error| error.to_string())
    });
    let server = server.unwrap();
    server.sql("slo", "CREATE ROLE guarded LOGIN PASSWORD 'topsecret'; GRANT CREATE ON DATABASE postgres TO guarded");
    server
}

fn log(server: &Server) -> String {
    fs::read_to_string(server.folder().join("log")).unwrap()
}

#[test]
fn a_password_is_not_in_the_log_of_the_server() {
    if Server::any().is_none() {
        return;
    }
    let server = talkative();
    let before = log(&server).len();
    let folder = server.folder().display().to_string();
    let plain = format!("host={folder} user=guarded dbname=postgres schema=kept retry_for=0");
    let url = format!("postgres://guarded:topsecret@{}/postgres?schema=kept", folder.replace('/', "%2F"));
    let slo = Slo::at(&plain);
    let passfile = slo.write("pgpass", "*:*:*:*:topsecret\n");
    fs::set_permissions(&passfile, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (manifests, copy) = (slo.write_manifests(MANIFESTS), slo.path("copy.db"));
    let (manifests, copy) = (manifests.to_str().unwrap(), copy.to_str().unwrap());
    let of_environment = [("PGPASSWORD", "topsecret")];
    for (address, more) in [
        (url, &[][..]),
        (format!("{plain} password=topsecret"), &[]),
        (plain.clone(), &of_environment),
        (plain.clone(), &[("PGPASSFILE", passfile.to_str().unwrap())]),
    ] {
        let slo = Slo::at(&address);
        for args in [
            &["ingest", "-"][..],
            &["apply", manifests],
            &["compute"],
            &["status"],
            &["db", "info"],
            &["db", "verify"],
            &["db", "copy", &address, copy],
            &["status", "--db", &address],
        ] {
            let output = slo.run_where(more, args, FEED.as_bytes());
            assert!(output.code < 2, "{address} {args:?}: {}", output.stderr);
        }
        fs::remove_file(copy).unwrap();
    }
    for (address, more) in [
        (format!("{plain} password=wrongsecret"), &[][..]),
        (plain.clone(), &[("PGPASSWORD", "wrongsecret")]),
        (plain.replace("dbname=postgres", "dbname=missing"), &of_environment),
        (format!("{plain} options=-cbroken"), &of_environment),
    ] {
        let output = Slo::at(&address).run_where(more, &["ingest", "-"], FEED.as_bytes());
        assert_eq!(output.code, 2, "{address}: {}", output.stderr);
        assert!(!output.stderr.contains("secret"), "{}", output.stderr);
    }
    let log = log(&server).split_off(before);
    assert!(log.contains("connection authorized: user=guarded") && log.contains("password authentication failed"));
    assert!(log.contains("INSERT INTO kept.") && log.contains("FROM kept.segment"));
    assert!(!log.contains("secret"), "{log}");
}

/// However it was given, `ps` does not show it, and the command runs with its original arguments.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "it waits for another process")]
fn a_password_is_not_in_the_list_of_processes() {
    if !cfg!(feature = "postgres") {
        return;
    }
    // A server that accepts connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let pairs =
        format!("host=127.0.0.1 user=u port={} connect_timeout=2 retry_for=0", listener.local_addr().unwrap().port());
    let forms = [
        vec!["--db".to_owned(), format!("postgres://u:topsecret@{place}/d?connect_timeout=2&retry_for=0")],
        vec![format!("--db={pairs} password='topsecret'")],
        vec!["--db".to_owned(), pairs],
    ];
    let start = |form: &Vec<String>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
        command.args(form).args(["ingest", "-q", "-"]).env_clear().env("PGPASSWORD", "topsecret");
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = forms.iter().map(|form| (form, start(form))).collect();
    for (form, child) in &children {
        let list = format!("/proc/{}/cmdline", child.id());
        let began = Instant::now();
        let is_hidden = |shown: &str| !shown.contains("secret") && shown.ends_with("\0ingest\0-q\0-\0");
        let mut shown = fs::read_to_string(&list).unwrap();
        while !is_hidden(&shown) && began.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(2));
            shown = fs::read_to_string(&list).unwrap();
        }
        assert!(is_hidden(&shown), "{form:?}: {shown:?}");
    }
    for (form, child) in children {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{form:?}: {told}");
        assert!(told.contains(&format!("{place} has not answered within 2 s")), "{form:?}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
}
