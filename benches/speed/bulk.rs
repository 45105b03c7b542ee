//! Owns the benchmarks of ingest: the first and second time, shuffled, beside other programs, and a few lines at a
//! time.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use serde::Deserialize;

use super::World;
use super::feed;
use super::manifests;
use super::process::{Timing, repeat, run, slo};
use super::table::{Row, rate, skip, time};

pub(crate) fn year(world: &World) -> Result<PathBuf> {
    let path = world.path("year.jsonl");
    feed::year(&path, world.rows, world.systems, world.end)?;
    Ok(path)
}

/// A database with only the year's feed; made once, and copied before changes.
pub(crate) fn year_db(world: &World) -> Result<PathBuf> {
    let path = world.path("year.db");
    if !path.exists() {
        let path = world.fresh("year.part")?;
        run(slo(&path, ["ingest", "-q"]).arg(year(world)?))?;
        std::fs::rename(path, world.path("year.db"))?;
    }
    Ok(path)
}

pub(crate) fn copy(world: &World, of: &Path, name: &str) -> Result<PathBuf> {
    let path = world.fresh(name)?;
    std::fs::copy(of, &path)?;
    Ok(path)
}

pub(crate) fn ingest(world: &World) -> Result<()> {
    let (file, rows) = (year(world)?, world.rows);
    let shuffled = world.path("shuffled.jsonl");
    feed::shuffled(&shuffled, &file)?;
    let mut first = Timing::default();
    let mut again = Timing::default();
    for _ in 0..3 {
        let db = world.fresh("ingest.db")?;
        super::process::watch(slo(&db, ["ingest", "-q"]).arg(&file), &mut first)?;
        super::process::watch(slo(&db, ["ingest", "-q"]).arg(&file), &mut again)?;
    }
    let db = world.path("ingest.db");
    speed("first ingest", rows, &first, 3e6);
    memory("first ingest, resident", &first, 64.0);
    on_disk("first ingest, on disk", &db, rows, 6.0)?;
    speed("second ingest of the same file", rows, &again, rows as f64 / first.median() / 2.0);
    memory("second ingest, resident", &again, 64.0);
    let mut timing = Timing::default();
    for _ in 0..2 {
        let db = world.fresh("shuffled.db")?;
        super::process::watch(slo(&db, ["ingest", "-q"]).arg(&shuffled), &mut timing)?;
    }
    plain("the same lines shuffled", rows, &timing);
    memory("shuffled, resident", &timing, 64.0);
    let parsed = parse_only(&file)?;
    plain("typed serde_json parsing alone, one thread", rows, &parsed);
    match duckdb(world, &file) {
        Ok(loaded) => {
            plain("DuckDB loads the same file", rows, &loaded);
            compare("first ingest against DuckDB", "<= DuckDB", &first, &loaded, 1.0);
        }
        Err(why) => skip("DuckDB loads the same file", &format!("{why:#}")),
    }
    Ok(())
}

/// Feeds of other shapes than the year: many systems, and checks every minute.
pub(crate) fn shapes(world: &World) -> Result<()> {
    let many = world.path("many.jsonl");
    feed::year(&many, world.rows, world.systems * 100, world.end)?;
    let mut timing = Timing::default();
    for _ in 0..2 {
        let db = world.fresh("many.db")?;
        super::process::watch(slo(&db, ["ingest", "-q"]).arg(&many), &mut timing)?;
    }
    let what = "the same of a hundred times as many systems";
    speed(what, world.rows, &timing, world.rows as f64 / 3.5);
    memory(what, &timing, 128.0);
    for (jitter, target) in [(0, 0.1), (1, 0.6)] {
        let file = world.path(&format!("minutes-{jitter}.jsonl"));
        let (rows, systems) = (world.rows / 2, 10);
        feed::minutes(&file, rows, systems, jitter, world.end)?;
        let db = world.fresh("minutes.db")?;
        let mut timing = Timing::default();
        super::process::watch(slo(&db, ["ingest", "-q"]).arg(&file), &mut timing)?;
        let what = format!("checks every minute, {jitter} s of jitter");
        plain(&what, rows, &timing);
        on_disk(&format!("{what}, on disk"), &db, rows, target)?;
    }
    Ok(())
}

fn on_disk(what: &str, db: &Path, rows: usize, target: f64) -> Result<()> {
    let bytes = std::fs::metadata(db)?.len() as f64 / rows as f64;
    Row {
        what,
        target: format!("<= {target} B/transition"),
        median: format!("{bytes:.2} B"),
        min: String::new(),
        ratio: Some(bytes / target),
    }
    .print();
    Ok(())
}

pub(crate) fn speed(what: &str, rows: usize, timing: &Timing, target: f64) {
    Row {
        what,
        target: format!(">= {:.2} M/s", target / 1e6),
        median: rate(rows, timing.median()),
        min: rate(rows, timing.min()),
        ratio: Some(target / (rows as f64 / timing.median())),
    }
    .print();
}

fn memory(what: &str, timing: &Timing, target: f64) {
    let mebibytes = timing.peak_kib as f64 / 1024.0;
    Row {
        what,
        target: format!("<= {target} MB"),
        median: format!("{mebibytes:.1} MB"),
        min: String::new(),
        ratio: Some(mebibytes / target),
    }
    .print();
}

fn plain(what: &str, rows: usize, timing: &Timing) {
    let (median, min) = (rate(rows, timing.median()), rate(rows, timing.min()));
    Row { what, target: String::new(), median, min, ratio: None }.print();
}

/// One time compared with another.
pub(crate) fn compare(what: &str, target: &str, this: &Timing, that: &Timing, factor: f64) {
    Row {
        what,
        target: target.to_owned(),
        median: time(this.median()),
        min: time(this.min()),
        ratio: Some(this.median() / (that.median() * factor)),
    }
    .print();
}

#[derive(Deserialize)]
struct Line<'a> {
    ts: &'a str,
    system: &'a str,
    status: &'a str,
}

fn parse_only(file: &Path) -> Result<Timing> {
    let mut timing = Timing::default();
    for _ in 0..2 {
        let began = Instant::now();
        let mut reader = BufReader::with_capacity(128 << 10, File::open(file)?);
        let (mut line, mut bytes) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            let parsed: Line<'_> = serde_json::from_slice(&line)?;
            bytes += parsed.ts.len() + parsed.system.len() + parsed.status.len();
            line.clear();
        }
        std::hint::black_box(bytes);
        timing.add(began.elapsed());
    }
    Ok(timing)
}

fn duckdb(world: &World, file: &Path) -> Result<Timing> {
    let python = std::env::var_os("SLO_BENCH_PYTHON").unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", "import duckdb"]).output()?;
    anyhow::ensure!(has.status.success(), "{} has no duckdb (pip install duckdb)", python.display());
    let path = world.path("duck.db");
    let script = "import duckdb, os, sys\n\
                  if os.path.exists(sys.argv[1]): os.remove(sys.argv[1])\n\
                  db = duckdb.connect(sys.argv[1])\n\
                  columns = {'ts': 'TIMESTAMP', 'system': 'VARCHAR', 'status': 'VARCHAR'}\n\
                  lines = db.read_json(sys.argv[2], format='newline_delimited', columns=columns)\n\
                  lines.create('transition')\n\
                  db.close()";
    repeat(2, Command::new(python).args(["-c", script]).arg(path).arg(file))
}

/// Ingests of a few lines, current or late, into databases of different sizes.
pub(crate) fn cron(world: &World) -> Result<()> {
    let empty = world.fresh("cron-empty.db")?;
    let full = copy(world, &year_db(world)?, "cron-full.db")?;
    let declared = copy(world, &full, "cron-declared.db")?;
    let objectives = world.path("thousand.yaml");
    manifests::thousand(&objectives, world.systems)?;
    run(slo(&declared, ["apply", "-q"]).arg(&objectives))?;
    let dbs = [&empty, &full, &declared];
    let file = world.path("cron.jsonl");
    let mut dice = feed::Dice::new(5);
    for late in [false, true] {
        for lines in [1, 10, 100] {
            let mut timings = [Timing::default(), Timing::default(), Timing::default()];
            // The first round creates the empty database and is not counted.
            for turn in 0..=world.times(31) {
                let mut text = String::new();
                for _ in 0..lines {
                    let back =
                        if late { 3_600_000 + dice.below(20 * feed::DAY_MS as usize) } else { dice.below(60_000) };
                    let system = feed::service(dice.below(world.systems));
                    let status = if dice.below(2) == 0 { "healthy" } else { "unhealthy" };
                    feed::push_line(&mut text, world.now - back as i64, &system, status);
                }
                std::fs::write(&file, &text)?;
                for (db, timing) in dbs.iter().zip(&mut timings) {
                    let took = run(slo(db, ["ingest", "-q"]).arg(&file))?;
                    if turn > 0 {
                        timing.add(took);
                    }
                }
            }
            let kind = if late { "late" } else { "new" };
            let [small, large, with] = timings;
            let what = format!("{lines} {kind} lines into an empty database");
            Row {
                what: &what,
                target: String::new(),
                median: time(small.median()),
                min: time(small.min()),
                ratio: None,
            }
            .print();
            for (what, timing) in [("the year", large), ("the year and its objectives", with)] {
                let more = timing.median() - small.median();
                Row {
                    what: &format!("{lines} {kind} lines into {what}"),
                    target: "<= empty + 10 ms".to_owned(),
                    median: time(timing.median()),
                    min: time(timing.min()),
                    ratio: Some(more.max(0.0) / 0.010),
                }
                .print();
            }
        }
    }
    Ok(())
}
