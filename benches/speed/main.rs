//! Measures `slo` as whole processes on databases of a realistic size: `cargo bench`, or `cargo bench -- GROUP…` with
//! the groups `ingest shapes cron status days wide long manifests questions pipeline shared`. `SLO_BENCH_QUICK=1` measures a
//! hundredth of the data, to see that it runs at all; `SLO_BENCH_PYTHON` names a Python that has duckdb. Data stays in
//! `target/bench-data`.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its environment")]

mod answers;
mod bulk;
mod days;
mod feed;
mod manifests;
mod pipeline;
mod process;
mod questions;
#[path = "../../tests/it/shared/server.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "tests use more of it, and end where it fails")]
mod server;
mod shared;
mod table;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The sizes of the benchmarks.
struct World {
    folder: PathBuf,
    /// The end of all feeds: the last UTC midnight.
    end: i64,
    now: i64,
    /// The number of transitions in the year's feed, and of its systems.
    rows: usize,
    systems: usize,
    /// Systems of the wide feed.
    wide: usize,
    /// Transitions of the one busy system.
    long: usize,
    quick: bool,
}

impl World {
    fn new() -> Result<Self> {
        let quick = std::env::var_os("SLO_BENCH_QUICK").is_some_and(|value| value != "0");
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
        let end = now - now.rem_euclid(feed::DAY_MS);
        let scale = if quick { 100 } else { 1 };
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("the target directory has no parent")?;
        let data = target.join("bench-data");
        // Feeds end today, so those of another day are useless.
        let folder = data.join(format!("{}{}", end / feed::DAY_MS, if quick { "-quick" } else { "" }));
        if data.exists() && !folder.exists() && !quick {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&folder)?;
        let (rows, wide, long) = (10_000_000 / scale, 100_000 / scale, 1_000_000 / scale);
        Ok(Self { folder, end, now, rows, systems: 1000 / scale.min(10), wide, long, quick })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A database that does not exist yet.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        for suffix in ["", "-wal", "-shm"] {
            let file = self.path(&format!("{name}{suffix}"));
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        Ok(path)
    }

    /// How often a short command is run.
    fn times(&self, full: usize) -> usize {
        if self.quick { full.min(5) } else { full }
    }
}

type Group = fn(&World) -> Result<()>;

fn main() -> Result<()> {
    // Cargo itself passes `--bench`.
    let groups: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |group: &str| groups.is_empty() || groups.iter().any(|wanted| wanted == group);
    let world = World::new()?;
    // Feeds are reused; databases of another build are not.
    world.fresh("year.db")?;
    table::head();
    let all: [(&str, Group); 11] = [
        ("ingest", bulk::ingest),
        ("shapes", bulk::shapes),
        ("cron", bulk::cron),
        ("status", answers::status),
        ("days", days::days),
        ("wide", answers::wide),
        ("long", answers::long),
        ("manifests", answers::manifests),
        ("questions", questions::questions),
        ("pipeline", pipeline::pipeline),
        ("shared", shared::shared),
    ];
    for (name, group) in all {
        if wanted(name) {
            group(&world).with_context(|| format!("measuring {name}"))?;
        }
    }
    Ok(())
}
