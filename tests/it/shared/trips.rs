//! How many round trips a command makes: few, and no more for many objectives than for one.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::server::Server;
use crate::harness::Slo;

const MOST: usize = 12;
const AS_OF: &str = "2026-11-20T12:00:00Z";

/// A proxy between a command and a server, which counts round trips and the bytes of answers, and may delay these, like
/// a long way would.
pub(super) struct Counter {
    port: u16,
    trips: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl Counter {
    fn before(server: &Server) -> Self {
        Self::far_before(server, Duration::ZERO)
    }

    pub(super) fn far_before(server: &Server, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (trips, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (socket, counted, answers) = (server.socket(), Arc::clone(&trips), Arc::clone(&bytes));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&socket).unwrap();
                let answered = Arc::new(AtomicBool::new(true));
                let (to, from) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (asks, counted, answers) = (Arc::clone(&answered), Arc::clone(&counted), Arc::clone(&answers));
                std::thread::spawn(move || {
                    pass(from, to.try_clone().unwrap(), |_| {
                        counted.fetch_add(usize::from(asks.swap(false, Ordering::SeqCst)), Ordering::SeqCst);
                    });
                    drop(to.shutdown(Shutdown::Both));
                });
                std::thread::spawn(move || {
                    pass(server, Late::new(client, delay), |count| {
                        answers.fetch_add(count, Ordering::SeqCst);
                        answered.store(true, Ordering::SeqCst);
                    });
                });
            }
        });
        Self { port, trips, bytes }
    }

    /// Round trips, and bytes of answers, since the last call.
    fn take(&self) -> (usize, usize) {
        (self.trips.swap(0, Ordering::SeqCst), self.bytes.swap(0, Ordering::SeqCst))
    }

    /// The same database by way of this proxy.
    pub(super) fn through(&self, server: &Server, address: &str) -> Slo {
        let folder = server.socket().parent().unwrap().to_str().unwrap().to_owned();
        Slo::at(
            address.replace(&format!("host={folder}"), &format!("host=127.0.0.1 port={} sslmode=disable", self.port)),
        )
    }
}

/// Writes its data with a delay, however much is in transit.
struct Late {
    delay: Duration,
    sender: Sender<(Instant, Vec<u8>)>,
}

#[expect(clippy::disallowed_methods, reason = "it is about time that passes")]
impl Late {
    fn new(mut to: impl Write + Send + 'static, delay: Duration) -> Self {
        let (sender, receiver) = channel::<(Instant, Vec<u8>)>();
        std::thread::spawn(move || {
            for (due, bytes) in receiver {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
        });
        Self { delay, sender }
    }
}

#[expect(clippy::disallowed_methods, reason = "it is about time that passes")]
impl Write for Late {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.sender.send((Instant::now() + self.delay, bytes.to_vec()));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pass(mut from: impl Read, mut to: impl Write, mut notice: impl FnMut(usize)) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        notice(count);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
}

/// Systems with outages over some months, and an objective on each over one of several windows.
pub(super) fn world(systems: usize) -> (String, String) {
    const WINDOWS: [&str; 6] = [
        "windowDays: 7",
        "windowDays: 28",
        "windowDays: 30",
        "windowDays: 90",
        "window: { calendar: month }",
        "window: { calendar: quarter }",
    ];
    let (mut feed, mut manifests) = (String::new(), String::new());
    for system in 0..systems {
        for day in 0..100_usize {
            let (month, day_of_month) = (8 + day / 28, 1 + day % 28);
            for (minute, status) in [(0, "up"), (10 + system % 40, "down"), (55, "up")] {
                writeln!(
                    feed,
                    "{{\"ts\":\"2026-{month:02}-{day_of_month:02}T{:02}:{minute:02}:00Z\",\"system\":\"s{system}\",\"status\":\"{status}\"}}",
                    (day + system) % 24
                )
                .unwrap();
            }
        }
        writeln!(
            manifests,
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: o{system} }}\nspec: {{ systemRef: {{ kind: System, name: s{system} }}, target: 99, {} }}",
            WINDOWS[system % WINDOWS.len()]
        )
        .unwrap();
    }
    (feed, manifests)
}

#[test]
fn no_question_takes_more_than_twelve_round_trips_at_any_size() {
    const QUESTIONS: [&[&str]; 16] = [
        &["status", "-o", "json"],
        &["status", "o1"],
        &["status", "o0", "o1", "o2", "o3"],
        &["badge", "o2"],
        &["health"],
        &["check", "-o", "json"],
        &["downtime", "-o", "json"],
        &["streaks"],
        &["achievements"],
        &["digest"],
        &["report", "--period", "last-month"],
        &["show", "o2"],
        &["trend", "o3"],
        &["history", "s1", "--since", "300d"],
        &["export", "journal"],
        &["db", "verify"],
    ];
    let Some(server) = Server::any() else { return };
    let counter = Counter::before(server);
    for (systems, sealed) in [(4, false), (4, true), (60, true)] {
        let address = server.fresh();
        let (feed, manifests) = world(systems);
        let slo = Slo::at(&address);
        slo.ingest(&feed);
        slo.apply(&manifests);
        if sealed {
            slo.pass(&["compute", "-q", "--as-of", AS_OF], b"");
        }
        let through = counter.through(server, &address);
        counter.take();
        for question in QUESTIONS {
            let args = [question, &["--as-of", AS_OF][..]].concat();
            let (is, should) = (through.run(&args, b""), slo.run(&args, b""));
            assert_eq!((is.code, &is.stdout), (should.code, &should.stdout), "{}", is.stderr);
            let (trips, _) = counter.take();
            assert!((1..=MOST).contains(&trips), "{question:?} of {systems}: {trips} round trips");
        }
    }
}

/// A question about one objective or system fetches only what decides it, not the objectives, sealed days, facts, notes and
/// ingests of others.
#[test]
fn a_question_about_one_fetches_nothing_of_others() {
    const QUESTIONS: [&[&str]; 8] = [
        &["history", "s1", "--since", "20d"],
        &["history", "s1", "--since", "200d", "-o", "json"],
        &["health", "s1"],
        &["status", "o1"],
        &["status", "o1", "-o", "json"],
        &["check", "o1"],
        &["trend", "o1", "--days", "20"],
        &["badge", "o1"],
    ];
    let Some(server) = Server::any() else { return };
    let counter = Counter::before(server);
    let mut fetched = Vec::new();
    for systems in [4, 24] {
        let address = server.fresh();
        let (feed, manifests) = world(systems);
        let slo = Slo::at(&address);
        for system in 0..systems {
            // Each outage has a note, and each system its own ingest.
            let of_system = feed.lines().filter(|line| line.contains(&format!("\"s{system}\"")));
            let noted = of_system.map(|line| line.replace("\"down\"", "\"down\",\"note\":\"the disk is full\"") + "\n");
            slo.ingest(&noted.collect::<String>());
        }
        // Its upstream and maintenance window are included.
        let more = "---
apiVersion: slo/v1
kind: System
metadata: { name: s1 }
spec: { dependencies: [{ targetRef: { kind: System, name: s2 }, impactType: critical }] }
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: planned }
spec: { systemRefs: [{ kind: System, name: s1 }], start: 2026-11-20T11:00:00Z, end: 2026-11-20T13:00:00Z }
";
        slo.apply(&(manifests + more));
        slo.pass(&["compute", "-q", "--as-of", AS_OF], b"");
        // A late fact of another system: the sealed days of this one are cut, and computed again.
        slo.ingest("{\"ts\":\"2026-11-01T03:00:00Z\",\"system\":\"s3\",\"status\":\"down\"}\n");
        let through = counter.through(server, &address);
        counter.take();
        let of_each = QUESTIONS.map(|question| {
            let args = [question, &["--as-of", AS_OF][..]].concat();
            let is = through.run(&args, b"");
            assert!(is.code < 2, "{question:?}: {}", is.stderr);
            counter.take().1
        });
        fetched.push(of_each);
    }
    let bytes = QUESTIONS.iter().zip(fetched[0]).zip(fetched[1]).map(|((question, few), many)| (question, few, many));
    // Names and ids are a little longer.
    let grown: Vec<_> = bytes.filter(|(_, few, many)| *many >= few + few / 20).collect();
    assert!(grown.is_empty(), "bytes with 4 systems, and with 24: {grown:?}");
}
