//! A standby answers, and replaces a lost primary: nothing is lost that was reported as stored.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::PLAIN;
use super::faults::{MANIFESTS, line};
use super::server::{Server, program, run, unprivileged};
use crate::harness::Slo;

const WRITERS: usize = 3;

/// A primary with a standby, which has every commit before it is confirmed; and the address of whichever accepts
/// writes.
pub(super) fn pair(connections: usize) -> (Server, Server, String) {
    let options = format!("-c max_connections={connections}");
    let primary = Server::start(&format!("{options} -c wal_level=replica -c max_wal_senders=4")).unwrap();
    let source = primary.folder().to_owned();
    let standby = Server::start_from(&format!("{options} -c hot_standby=on"), |data: &PathBuf| {
        let mut copy = unprivileged(&program("pg_basebackup"));
        copy.arg("-h").arg(&source).args(["-U", "slo", "-X", "stream", "-c", "fast", "-R", "-D"]).arg(data);
        run(&mut copy)
    });
    let standby = standby.unwrap();
    for sql in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
        primary.sql("slo", sql);
    }
    let (first, second) = (primary.folder().display(), standby.folder().display());
    let address =
        format!("host={first},{second} user=slo dbname=postgres target_session_attrs=read-write retry_for=60s");
    (primary, standby, address)
}

#[test]
fn a_standby_answers_and_takes_over() {
    if Server::any().is_none() {
        return;
    }
    let (primary, standby, both) = pair(30);
    let second = standby.folder().display().to_string();
    Slo::at(&both).ingest(&(line(0, 0) + &line(0, 1)));
    // A standby may lag, even one that has every commit on its disk.
    let reader = Slo::at(format!("host={second} user=slo dbname=postgres"));
    let asked = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        reader.run(&["export", "journal"], b"").stdout == Slo::at(&both).pass(&["export", "journal"], b"")
    });
    assert!(asked, "{:?}", reader.run(&["export", "journal"], b""));
    Slo::at(&both).apply(MANIFESTS);
    for question in PLAIN {
        let ask = |slo: &Slo| slo.run(&[question, &["--as-of", "2026-11-20T00:00:00Z"][..]].concat(), b"");
        let primary = ask(&Slo::at(&both));
        let same = (0..200).any(|_| {
            let answer = ask(&reader);
            let is_same = (answer.code, &answer.stdout) == (primary.code, &primary.stdout);
            if !is_same {
                std::thread::sleep(Duration::from_millis(20));
            }
            is_same
        });
        assert!(same && primary.code < 2, "{question:?}: {:?}", ask(&reader));
    }
    let refused = reader.run(&["ingest", "-"], line(1, 1).as_bytes());
    assert!(refused.code == 2 && refused.stderr.contains("does not accept writes"), "{}", refused.stderr);
    let (done, stored) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; WRITERS]);
    std::thread::scope(|scope| {
        for (writer, stored) in stored.iter().enumerate() {
            let (both, done) = (&both, &done);
            scope.spawn(move || {
                let slo = Slo::at(both);
                while !done.load(Ordering::Relaxed) {
                    let round = stored.load(Ordering::Relaxed);
                    slo.ingest(&line(writer, round));
                    stored.store(round + 1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(600));
        drop(primary);
        std::thread::sleep(Duration::from_millis(200));
        standby.sql("slo", "SELECT pg_promote()");
        std::thread::sleep(Duration::from_millis(1500));
        done.store(true, Ordering::Relaxed);
    });
    let rounds: Vec<usize> = stored.iter().map(|stored| stored.load(Ordering::Relaxed)).collect();
    let all = (0..WRITERS).flat_map(|writer| (0..rounds[writer]).map(move |round| line(writer, round)));
    let file = Slo::in_file();
    file.ingest(&(line(0, 0) + &line(0, 1) + &all.collect::<String>()));
    assert_eq!(Slo::at(&both).pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
    assert!(rounds.iter().all(|rounds| *rounds > 0), "{rounds:?}");
}
