//! Many concurrent writers, with failing servers: nothing is lost that was reported as stored.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::server::Server;
use crate::harness::Slo;

pub(super) const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: of-0 }
spec: { systemRef: { kind: System, name: host-0 }, target: 99, windowDays: 30 }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: of-1 }
spec: { systemRef: { kind: System, name: host-1 }, target: 99, windowDays: 30 }
";

/// The line of one writer's round: some systems are shared by all.
pub(super) fn line(writer: usize, round: usize) -> String {
    let (minute, hour) = (round % 60, round / 60);
    let status = if (writer + round).is_multiple_of(3) { "down" } else { "up" };
    let check = format!("from-{writer}");
    format!(
        "{{\"ts\":\"2026-11-19T{hour:02}:{minute:02}:00.{writer:03}Z\",\"system\":\"host-{}\",\"check\":\"{check}\",\"status\":\"{status}\"}}\n",
        (writer + round) % 4
    )
}

#[test]
fn many_who_write_at_once_lose_nothing_and_readers_see_whole_transactions() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 12;
    let Some(server) = Server::any() else { return };
    let address = server.fresh();
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    Slo::at(&address).ingest(&(0..2).map(|round| line(0, round)).collect::<String>());
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let address = &address;
                scope.spawn(move || {
                    let slo = Slo::at(address);
                    for round in 0..ROUNDS {
                        // Everything twice: the second time changes nothing.
                        slo.ingest(&line(writer, round));
                        slo.ingest(&line(writer, round));
                    }
                })
            })
            .collect();
        for role in 0..2 {
            let (address, done, asked) = (&address, &done, &asked);
            scope.spawn(move || {
                let slo = Slo::at(address);
                slo.apply(MANIFESTS);
                while !done.load(Ordering::Relaxed) {
                    let args: &[&str] = if role == 0 {
                        &["compute", "-q", "--as-of", "2026-11-20T00:00:00Z"]
                    } else {
                        &["status", "-o", "json", "--as-of", "2026-11-20T00:00:00Z"]
                    };
                    let output = slo.run(args, b"");
                    assert!(output.code < 2, "{}", output.stderr);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let ended: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        for writer in ended {
            writer.unwrap();
        }
    });
    let all: String = (0..WRITERS).flat_map(|writer| (0..ROUNDS).map(move |round| line(writer, round))).collect();
    let (file, shared) = (Slo::in_file(), Slo::at(&address));
    file.ingest(&all);
    file.apply(MANIFESTS);
    assert!(asked.into_inner() > 0);
    assert_eq!(shared.pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
    assert_eq!(shared.status("2026-11-20T00:00:00Z"), file.status("2026-11-20T00:00:00Z"));
    shared.pass(&["db", "verify"], b"");
}

#[test]
fn a_server_that_is_killed_again_and_again_keeps_all_that_was_reported_as_stored() {
    const WRITERS: usize = 3;
    const KILLS: usize = 3;
    // With its log flushed, as servers do.
    if Server::any().is_none() {
        return;
    }
    let mut server = Server::start("-c max_connections=30").unwrap();
    let address = server.of("slo");
    Slo::at(&address).ingest(&line(0, 0));
    let (done, stored) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; WRITERS]);
    std::thread::scope(|scope| {
        for (writer, stored) in stored.iter().enumerate() {
            let (address, done) = (&address, &done);
            scope.spawn(move || {
                let slo = Slo::at(address);
                while !done.load(Ordering::Relaxed) {
                    let round = stored.load(Ordering::Relaxed);
                    slo.ingest(&line(writer, round));
                    stored.store(round + 1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..KILLS {
            std::thread::sleep(std::time::Duration::from_millis(400));
            server.crash_and_restart();
        }
        std::thread::sleep(std::time::Duration::from_millis(400));
        done.store(true, Ordering::Relaxed);
    });
    let rounds: Vec<usize> = stored.iter().map(|stored| stored.load(Ordering::Relaxed)).collect();
    let all: String = rounds
        .iter()
        .enumerate()
        .flat_map(|(writer, rounds)| (0..*rounds).map(move |round| line(writer, round)))
        .collect();
    let (file, shared) = (Slo::in_file(), Slo::at(&address));
    file.ingest(&(line(0, 0) + &all));
    assert_eq!(shared.pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
    shared.pass(&["db", "verify"], b"");
    assert!(rounds.iter().all(|rounds| *rounds > 0), "{rounds:?}");
}
