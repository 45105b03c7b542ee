//! The faults and the load of a large installation, with whole processes, and what they take. They last minutes, so they run
//! when asked for: `cargo test --test it -- --ignored shared::large --nocapture --test-threads 1`. `SLO_TEST_BINARY` names
//! another build of `slo`. Each prints what it took.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::faults::{MANIFESTS, line};
use super::server::Server;
use crate::harness::Slo;

const AS_OF: &str = "2026-11-20T00:00:00Z";

/// Runs a process on a database; returns its output and duration.
#[expect(clippy::disallowed_methods, reason = "a run says which build it is about, and how long that takes")]
fn slo(address: &str, args: &[&str], stdin: &str) -> (String, Duration) {
    let binary =
        std::env::var_os("SLO_TEST_BINARY").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_slo")), PathBuf::from);
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(args)
        .env_clear()
        .env("SLO_DB", address)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let took = began.elapsed();
    assert!(output.status.code().is_some_and(|code| code < 2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), took)
}

/// Prints the result of a run.
#[expect(clippy::print_stderr, reason = "a long run is told what it has come to")]
fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_millis();
    eprintln!("done: {what}: {} runs, p50 {} ms, p99 {} ms, longest {} ms", took.len(), at(0.5), at(0.99), at(1.0));
}

/// The lines of this many rounds of each writer.
fn lines(rounds: &[usize]) -> String {
    let of = |(writer, rounds): (usize, &usize)| (0..*rounds).map(move |round| line(writer, round)).collect::<String>();
    rounds.iter().enumerate().map(of).collect()
}

/// The database has exactly these facts, and passes verification.
fn expect_facts(address: &str, facts: &str) {
    let file = Slo::in_file();
    file.ingest(facts);
    let shared = Slo::at(address);
    assert_eq!(shared.pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
    shared.pass(&["db", "verify"], b"");
}

/// Lets writers write until `work` is over, each with a pause; returns the number of rounds of each, and the duration
/// of each round.
#[expect(clippy::disallowed_methods, reason = "a run lasts as long as it says")]
fn writing(address: &str, writers: usize, pace: Duration, work: impl FnOnce()) -> (Vec<usize>, Vec<Duration>) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..writers)
            .map(|writer| {
                let done = &done;
                scope.spawn(move || {
                    let (began, mut took) = (Instant::now() + pace * writer as u32 / writers as u32, Vec::new());
                    while !done.load(Ordering::Relaxed) {
                        let next = began + pace * took.len() as u32;
                        std::thread::sleep(next.saturating_duration_since(Instant::now()));
                        took.push(slo(address, &["ingest", "-q", "-"], &line(writer, took.len())).1);
                    }
                    took
                })
            })
            .collect();
        work();
        done.store(true, Ordering::Relaxed);
        let took: Vec<Vec<Duration>> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        (took.iter().map(Vec::len).collect(), took.into_iter().flatten().collect())
    })
}

#[test]
#[ignore = "it lasts a minute and a half"]
fn sixty_four_writers_and_eight_readers_for_a_minute() {
    if Server::any().is_none() {
        return;
    }
    let server = Server::start("-c max_connections=120").unwrap();
    let address = server.of("slo");
    Slo::at(&address).ingest(&(0..4).map(|round| line(0, round)).collect::<String>());
    Slo::at(&address).apply(MANIFESTS);
    let (done, mut reads) = (AtomicBool::new(false), Vec::new());
    let (rounds, mut writes) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let (address, done) = (&address, &done);
                scope.spawn(move || {
                    let mut took = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        took.push(slo(address, &["status", "-o", "json", "--as-of", AS_OF], "").1);
                    }
                    took
                })
            })
            .collect();
        let written = writing(&address, 64, Duration::ZERO, || std::thread::sleep(Duration::from_mins(1)));
        done.store(true, Ordering::Relaxed);
        reads.extend(readers.into_iter().flat_map(|reader| reader.join().unwrap()));
        written
    });
    tell("64 writers", &mut writes);
    tell("8 readers beside them", &mut reads);
    expect_facts(&address, &(lines(&[4]) + &lines(&rounds)));
}

#[test]
#[ignore = "it lasts a minute"]
fn two_thousand_ingests_a_minute_from_thirty_two_processes() {
    if Server::any().is_none() {
        return;
    }
    let server = Server::start("-c max_connections=120").unwrap();
    let address = server.of("slo");
    Slo::at(&address).ingest(&line(0, 0));
    let minute = || std::thread::sleep(Duration::from_mins(1));
    let (rounds, mut writes) = writing(&address, 32, Duration::from_millis(960), minute);
    tell("32 writers, 2 000 ingests a minute", &mut writes);
    assert!(writes.len() >= 2000, "{}", writes.len());
    expect_facts(&address, &lines(&rounds));
}

#[test]
#[ignore = "it lasts two minutes"]
fn a_server_that_is_killed_a_hundred_times_keeps_all_that_was_reported_as_stored() {
    if Server::any().is_none() {
        return;
    }
    let mut server = Server::start("-c max_connections=60").unwrap();
    let address = server.of("slo");
    Slo::at(&address).ingest(&line(0, 0));
    let killed = AtomicUsize::new(0);
    let (rounds, mut writes) = writing(&address, 8, Duration::ZERO, || {
        for kill in 0..100 {
            std::thread::sleep(Duration::from_millis(200 + kill * 7 % 300));
            server.crash_and_restart();
            killed.fetch_add(1, Ordering::Relaxed);
        }
    });
    tell("8 writers, the server killed a hundred times", &mut writes);
    assert_eq!(killed.into_inner(), 100);
    expect_facts(&address, &lines(&rounds));
}

/// Nothing is lost that was reported as stored, because every commit is on the standby before it is confirmed.
#[test]
#[ignore = "it lasts a quarter of a minute"]
fn a_primary_that_is_killed_under_the_load_of_thirty_two_writers_leaves_all_that_was_stored_to_its_standby() {
    if Server::any().is_none() {
        return;
    }
    let (primary, standby, address) = super::standby::pair(120);
    Slo::at(&address).ingest(&line(0, 0));
    let before = AtomicUsize::new(0);
    let (rounds, mut writes) = writing(&address, 32, Duration::ZERO, || {
        std::thread::sleep(Duration::from_secs(5));
        drop(primary);
        std::thread::sleep(Duration::from_millis(500));
        let held = standby.sql("slo", "SELECT count(*) FROM slo.ingest");
        before.store(held.trim().parse().unwrap(), Ordering::Relaxed);
        standby.sql("slo", "SELECT pg_promote()");
        std::thread::sleep(Duration::from_secs(5));
    });
    tell("32 writers, the primary killed and the standby promoted", &mut writes);
    let before = before.into_inner();
    assert!(before > 32 && writes.len() > before + 32, "{} writes, {before} of them before", writes.len());
    expect_facts(&address, &lines(&rounds));
}

/// A command needs few round trips, so a long way to the server costs little.
#[test]
#[ignore = "it measures"]
fn a_server_that_is_twenty_milliseconds_away_is_asked_in_little_time() {
    const QUESTIONS: [&[&str]; 4] = [&["status"], &["check"], &["status", "o1"], &["show", "o1"]];
    let Some(server) = Server::any() else { return };
    let address = server.fresh();
    let slo_here = Slo::at(&address);
    let (feed, manifests) = super::trips::world(1000);
    slo_here.ingest(&feed);
    slo_here.apply(&manifests);
    slo_here.pass(&["compute", "-q", "--as-of", AS_OF], b"");
    let away = super::trips::Counter::far_before(server, Duration::from_millis(20));
    let away = away.through(server, &address).db();
    for question in QUESTIONS {
        for (place, address) in [("here", address.as_str()), ("20 ms away", away.to_str().unwrap())] {
            let args = [question, &["--as-of", AS_OF][..]].concat();
            let mut took: Vec<Duration> = (0..15).map(|_| slo(address, &args, "").1).collect();
            tell(&format!("{} of 1 000, {place}", question.join(" ")), &mut took);
        }
    }
}

/// The lines that one process imports, and how fast.
#[test]
#[ignore = "it measures"]
fn ten_million_lines_are_taken_in_at_once() {
    const LINES: usize = 10_000_000;
    if Server::any().is_none() {
        return;
    }
    let server = Server::start("").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut feed = std::io::BufWriter::new(&file);
    for number in 0..LINES {
        let (system, at) = (number % 2000, 1_700_000_000 + number / 2000 * 60);
        let status = if (number / 2000 + system).is_multiple_of(97) { "down" } else { "up" };
        writeln!(feed, "{{\"ts\":{at},\"system\":\"system-{system}\",\"check\":\"http\",\"status\":\"{status}\"}}")
            .unwrap();
    }
    feed.flush().unwrap();
    let path = file.path().to_str().unwrap();
    for round in 0..3 {
        let place = Slo::in_file();
        for address in [place.db().to_str().unwrap(), &server.of(&format!("bulk_{round}"))] {
            let (told, took) = slo(address, &["ingest", path], "");
            let without_spaces: String = told.split_whitespace().collect();
            assert!(without_spaces.contains("10000000new,0already"), "{told}");
            tell(
                &format!("10 000 000 lines, {:.2} million a second, {address}", 10.0 / took.as_secs_f64()),
                &mut [took],
            );
        }
    }
}

#[test]
#[ignore = "it starts four hundred processes"]
fn two_hundred_processes_migrate_at_once() {
    if Server::any().is_none() {
        return;
    }
    let server = Server::start("-c max_connections=300").unwrap();
    let address = server.of("slo");
    let all = |work: &(dyn Fn(usize) -> Duration + Sync)| -> Vec<Duration> {
        std::thread::scope(|scope| {
            let started: Vec<_> = (0..200).map(|number| scope.spawn(move || work(number))).collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        })
    };
    // Tables that nobody has created yet.
    let mut took = all(&|writer| slo(&address, &["ingest", "-q", "-"], &line(writer % 60, writer / 60)).1);
    tell("200 processes that make the tables at once", &mut took);
    let facts: String = (0..200).map(|writer| line(writer % 60, writer / 60)).collect();
    expect_facts(&address, &facts);
    let version = super::rights::age(&server, "slo");
    let mut took = all(&|_| slo(&address, &["health", "--as-of", AS_OF], "").1);
    tell("200 processes that migrate at once", &mut took);
    assert_eq!(server.sql("slo", "SELECT version FROM slo.about WHERE id = 1"), version);
    expect_facts(&address, &facts);
}
