//! Owns running processes and measuring them: time, and peak memory.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The binary under test.
const SLO: &str = env!("CARGO_BIN_EXE_slo");

/// The measurements of several runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timing {
    runs: Vec<Duration>,
    /// The highest memory seen in any run, in KiB.
    pub(crate) peak_kib: u64,
}

impl Timing {
    pub(crate) fn add(&mut self, run: Duration) {
        self.runs.push(run);
        self.runs.sort_unstable();
    }

    pub(crate) fn median(&self) -> f64 {
        self.runs.get(self.runs.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    }

    pub(crate) fn min(&self) -> f64 {
        self.runs.first().map_or(f64::NAN, Duration::as_secs_f64)
    }
}

/// A command line of the binary under test.
pub(crate) fn slo<S: AsRef<OsStr>>(db: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(SLO);
    command.arg("--db").arg(db).args(args).env_remove("SLO_DB").env_remove("SLO_AS_OF");
    command
}

/// Runs to the end and returns the duration. Exit code 1 is an answer, too.
pub(crate) fn run(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    let took = began.elapsed();
    if !matches!(status.code(), Some(0 | 1)) {
        bail!("{command:?} ended with {status}");
    }
    Ok(took)
}

/// Runs to the end while sampling memory.
pub(crate) fn watch(command: &mut Command, timing: &mut Timing) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("running {command:?}"))?;
    let state = format!("/proc/{}/status", child.id());
    let done = std::sync::atomic::AtomicBool::new(false);
    let (took, status, peak) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                peak = peak.max(high_water(&state).unwrap_or(0));
                std::thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        let status = child.wait();
        let took = began.elapsed();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        (took, status, watcher.join().unwrap_or(0))
    });
    if !matches!(status?.code(), Some(0 | 1)) {
        bail!("{command:?} failed");
    }
    timing.add(took);
    timing.peak_kib = timing.peak_kib.max(peak);
    Ok(())
}

fn high_water(state: &str) -> Option<u64> {
    let text = std::fs::read_to_string(state).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Runs several command lines in turn, so that disturbances of the machine affect all of them.
pub(crate) fn in_turn(times: usize, commands: &mut [Command]) -> Result<Vec<Timing>> {
    let mut timings = vec![Timing::default(); commands.len()];
    for _ in 0..times {
        for (command, timing) in commands.iter_mut().zip(&mut timings) {
            timing.add(run(command)?);
        }
    }
    Ok(timings)
}

/// Runs one command line several times while sampling memory.
pub(crate) fn repeat(times: usize, command: &mut Command) -> Result<Timing> {
    let mut timing = Timing::default();
    for _ in 0..times {
        watch(command, &mut timing)?;
    }
    Ok(timing)
}
