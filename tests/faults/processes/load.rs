//! Many commands at once on one database: eight writers, four readers, and two computations that tell a command of
//! every change. Nobody waits long, no fact is lost, and the tables match the journal.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::harness::{World, night, tell};

const WRITERS: usize = 8;
const READERS: usize = 4;
const COMPUTERS: usize = 2;
/// How long all of them run, in seconds, times the factor of a night's run.
const SECONDS: u64 = 3;
/// Lines of one ingest: ten flaps, so that each computation has changes to tell.
const LINES: i64 = 20;
/// The longest acceptable wait. On an idle machine, it is far shorter, see docs/design/robustness.md.
const LONGEST: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "how long a command takes is what this test is about")]
fn now() -> Instant {
    Instant::now()
}

fn manifests() -> String {
    let objective = |writer: usize| {
        format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: o{writer} }}\n\
             spec: {{ systemRef: {{ kind: System, name: s{writer} }}, target: 99, windowDays: 7 }}\n"
        )
    };
    let condition =
        "---\napiVersion: slo/v1\nkind: Condition\nmetadata: { name: burning }\nspec: { when: burnRates.5m > 10 }\n";
    (0..WRITERS).map(objective).collect::<String>() + condition
}

/// Lines of one writer, a minute apart, without repeats.
fn lines(system: usize, round: i64) -> String {
    let line = |number: i64| {
        let (ts, status) = (1_763_000_000 + 60 * number, if number % 2 == 0 { "up" } else { "down" });
        format!("{{\"ts\":{ts},\"system\":\"s{system}\",\"status\":\"{status}\"}}\n")
    };
    (round * LINES..(round + 1) * LINES).map(line).collect()
}

/// The durations of commands.
#[derive(Default)]
struct Times(Mutex<Vec<Duration>>);

impl Times {
    fn take<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = now();
        let done = work();
        self.0.lock().unwrap().push(began.elapsed());
        done
    }

    /// Prints their number, the median, the 99th percentile, and the maximum.
    fn tell(&self, who: &str) -> Duration {
        let mut times = self.0.lock().unwrap().clone();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let [half, most, longest] = [at(50), at(99), at(100)].map(|time| time.as_millis());
        tell(&format!("load: {who}: {} commands, p50 {half} ms, p99 {most} ms, max {longest} ms", times.len()));
        at(100)
    }
}

#[test]
fn nobody_waits_long_while_others_write_read_and_compute() {
    let world = World::new();
    (0..WRITERS).for_each(|system| world.ingest(&lines(system, 0)));
    world.pass(&["apply", world.write("m.yaml", manifests()).to_str().unwrap()]);
    world.pass(&["compute", "-q"]);
    let end = now() + Duration::from_secs(SECONDS * night());
    let (wrote, read, computed) = (Times::default(), Times::default(), Times::default());
    let rounds = Mutex::new([1_i64; WRITERS]);
    std::thread::scope(|scope| {
        let (world, wrote, read, computed, rounds) = (&world, &wrote, &read, &computed, &rounds);
        for system in 0..WRITERS {
            scope.spawn(move || {
                for round in (1..).take_while(|_| now() < end) {
                    wrote.take(|| world.ingest(&lines(system, round)));
                    rounds.lock().unwrap()[system] = round + 1;
                }
            });
        }
        for reader in 0..READERS {
            let commands = [["status", "-q"], ["check", "--all"], ["health", "-q"], ["streaks", "-q"]];
            scope.spawn(move || {
                for round in (reader..).take_while(|_| now() < end) {
                    let output = read.take(|| world.run(&commands[round % commands.len()]));
                    assert!(output.code <= 1, "{}", output.stderr);
                }
            });
        }
        for _ in 0..COMPUTERS {
            scope.spawn(move || {
                while now() < end {
                    computed.take(|| world.pass(&["compute", "-q", "--exec", "true"]));
                }
            });
        }
    });
    let rounds = rounds.into_inner().unwrap();
    let longest = [wrote.tell("8 writers"), read.tell("4 readers"), computed.tell("2 × compute --exec")];
    let told: i64 = rounds.iter().map(|rounds| rounds * LINES).sum();
    assert_eq!(world.journal().lines().count() as i64, told);
    world.pass(&["compute", "-q"]);
    world.verifies();
    // A computation tells everything that others wrote in the meantime; writers and readers must not wait for it.
    assert!(longest[0] < LONGEST && longest[1] < LONGEST, "{longest:?}");
}
