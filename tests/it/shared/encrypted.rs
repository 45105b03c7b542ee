//! Encrypting the connection to a server, and verifying its certificate.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use super::server::{Server, run, skip, unprivileged};
use crate::harness::Slo;

/// An authority, its certificate for the name `localhost`, and another authority.
const CERTIFICATES: &str = r#"
cd "$1"
authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout $1.key -out $1.crt -days 3650 -subj /CN=$1; }
authority ours && authority theirs
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > extensions
openssl x509 -req -in server.csr -CA ours.crt -CAkey ours.key -CAcreateserial -out server.crt -days 3650 -extfile extensions
chmod 600 server.key
"#;

#[test]
fn each_sslmode_accepts_what_libpq_accepts() {
    if Server::any().is_none() {
        return;
    }
    if Command::new("openssl").arg("version").output().is_err() {
        skip("no openssl to make certificates with");
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let files = "-c ssl_cert_file=../server.crt -c ssl_key_file=../server.key";
    let options = format!("-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on {files} -c fsync=off");
    let server = Server::start_with(&options, |folder| {
        run(unprivileged("sh".as_ref()).args(["-ec", CERTIFICATES, "sh"]).arg(folder))?;
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        fs::write(folder.join("data/pg_hba.conf"), rules).map_err(|error| error.to_string())
    });
    let server = server.unwrap();
    let folder = server.socket().parent().unwrap().display().to_string();
    let ask = |host: &str, more: &str| {
        Slo::at(format!("host={host} port={port} user=slo dbname=postgres retry_for=0 {more}"))
            .run(&["db", "info"], b"")
    };
    Slo::at(format!("host={folder} port={port} user=slo dbname=postgres")).ingest("");
    let ours = format!("sslrootcert={folder}/ours.crt");
    let theirs = format!("sslrootcert={folder}/theirs.crt");
    for (host, more, is_let_in) in [
        ("localhost", "sslmode=disable", false),
        ("localhost", "sslmode=allow", true),
        ("localhost", "sslmode=prefer", true),
        ("localhost", "", true),
        ("localhost", "sslmode=require", true),
        ("localhost", &format!("sslmode=require {theirs}"), false),
        ("127.0.0.1", &format!("sslmode=require {ours}"), true),
        ("127.0.0.1", &format!("sslmode=verify-ca {ours}"), true),
        ("localhost", &format!("sslmode=verify-ca {theirs}"), false),
        ("localhost", &format!("sslmode=verify-full {ours}"), true),
        ("127.0.0.1", &format!("sslmode=verify-full {ours}"), false),
        ("localhost", &format!("sslmode=verify-full {theirs}"), false),
        ("localhost", "sslmode=verify-full", false),
    ] {
        let output = ask(host, more);
        assert_eq!(output.code == 0, is_let_in, "{host} {more}: {}{}", output.stdout, output.stderr);
    }
    let output = ask("localhost", "sslmode=verify-full sslrootcert=/nowhere.crt");
    assert!(output.stderr.contains("cannot read the certificates of sslrootcert /nowhere.crt"), "{}", output.stderr);
}
