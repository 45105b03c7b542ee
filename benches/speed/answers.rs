//! Owns the benchmarks of answers (status, check, health) and of manifests (plan, apply).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::World;
use super::bulk::{compare, copy, year, year_db};
use super::process::{Timing, in_turn, repeat, run, slo};
use super::table::{Row, say, skip, time};
use super::{feed, manifests};

pub(crate) fn within(what: &str, timing: &Timing, seconds: f64) {
    Row {
        what,
        target: format!("<= {}", time(seconds)),
        median: time(timing.median()),
        min: time(timing.min()),
        ratio: Some(timing.median() / seconds),
    }
    .print();
}

pub(crate) fn plain(what: &str, timing: &Timing) {
    let (median, min) = (time(timing.median()), time(timing.min()));
    let target =
        if timing.peak_kib > 0 { format!("({:.0} MB)", timing.peak_kib as f64 / 1024.0) } else { String::new() };
    Row { what, target, median, min, ratio: None }.print();
}

/// The year's database with an objective per system, applied after and before the ingest.
pub(crate) fn declared(world: &World) -> Result<[(&'static str, PathBuf); 2]> {
    let objectives = world.path("thousand.yaml");
    manifests::thousand(&objectives, world.systems)?;
    let after = copy(world, &year_db(world)?, "declared-after.db")?;
    run(slo(&after, ["apply", "-q"]).arg(&objectives))?;
    let before = world.fresh("declared-before.db")?;
    run(slo(&before, ["apply", "-q"]).arg(&objectives))?;
    run(slo(&before, ["ingest", "-q"]).arg(year(world)?))?;
    Ok([("applied after", after), ("applied before", before)])
}

pub(crate) fn status(world: &World) -> Result<()> {
    let has_sqlite = Command::new("sqlite3").arg("--version").output().is_ok_and(|output| output.status.success());
    for (when, db) in declared(world)? {
        let name = format!("{}-availability", feed::service(world.systems / 2));
        let one = |args: &[&str]| slo(&db, args.iter().copied());
        let mut commands = vec![one(&["status", &name]), one(&["status", &name, "-o", "json"]), one(&["check", &name])];
        let mut other = if has_sqlite { Command::new("sqlite3") } else { Command::new("true") };
        if has_sqlite {
            other.arg(&db).arg("select 1");
        } else {
            skip("sqlite3 FILE 'select 1'", "there is no sqlite3; an empty process is compared instead");
        }
        commands.push(other);
        commands.push(Command::new("true"));
        commands.push(one(&["--version"]));
        let timings = in_turn(world.times(201), &mut commands)?;
        let [table, json, check, other, empty, version] = &timings[..] else { return Ok(()) };
        plain(if has_sqlite { "sqlite3 FILE 'select 1'" } else { "an empty process" }, other);
        plain("an empty process (true)", empty);
        plain("slo --version", version);
        compare(&format!("status of one, {when}"), "<= 1.5 x sqlite3", table, other, 1.5);
        compare(&format!("status of one as JSON, {when}"), "<= 1.5 x sqlite3", json, other, 1.5);
        compare(&format!("check of one, {when}"), "<= 1.5 x sqlite3", check, other, 1.5);
        let count = world.systems;
        let then = (world.end - 180 * feed::DAY_MS + 12_345_678).to_string();
        let mut commands = [
            one(&["status"]),
            one(&["status", "-o", "json"]),
            one(&["check"]),
            one(&["health"]),
            // A time in the middle of the year, with sealed days after it.
            one(&["status", "--as-of", &then]),
        ];
        let timings = in_turn(world.times(21), &mut commands)?;
        for (what, timing) in
            ["status", "status as JSON", "check", "health", "status half a year ago"].iter().zip(&timings)
        {
            within(&format!("{what} of {count}, {when}"), timing, 0.150);
        }
        let memory = repeat(3, &mut one(&["status"]))?;
        say(&format!("status of {count}, {when}: {:.0} MB resident", memory.peak_kib as f64 / 1024.0));
        plain(&format!("db verify, {when}"), &repeat(1, &mut one(&["db", "verify"]))?);
    }
    Ok(())
}

pub(crate) fn wide(world: &World) -> Result<()> {
    let (file, objectives) = (world.path("wide.jsonl"), world.path("wide.yaml"));
    feed::wide(&file, world.wide, world.end)?;
    manifests::wide(&objectives, world.wide)?;
    let count = world.wide;
    let after = world.fresh("wide-after.db")?;
    plain(
        &format!("ingest of {count} systems, nothing applied"),
        &repeat(1, slo(&after, ["ingest", "-q"]).arg(&file))?,
    );
    plain(&format!("apply of {count} objectives, after"), &repeat(1, slo(&after, ["apply", "-q"]).arg(&objectives))?);
    plain("apply of the same again", &repeat(1, slo(&after, ["apply", "-q"]).arg(&objectives))?);
    plain("plan of the same", &repeat(1, slo(&after, ["plan", "-q"]).arg(&objectives))?);
    let before = world.fresh("wide-before.db")?;
    let declared = with_systems(world)?;
    run(slo(&before, ["apply", "-q"]).arg(&declared))?;
    plain(&format!("ingest of {count} systems, all applied"), &repeat(1, slo(&before, ["ingest", "-q"]).arg(&file))?);
    for (when, db) in [("applied after", &after), ("applied before", &before)] {
        for (what, args) in [
            ("status", &["status"][..]),
            ("status as JSON", &["status", "-o", "json"]),
            ("check", &["check"]),
            ("health", &["health"]),
        ] {
            let timing = repeat(world.times(5), &mut slo(db, args))?;
            within(&format!("{what} of {count}, {when}"), &timing, 1.5);
            say(&format!("  {:.0} MB resident", timing.peak_kib as f64 / 1024.0));
        }
        plain(
            &format!("status as CSV of {count}, {when}"),
            &repeat(world.times(3), &mut slo(db, ["status", "-o", "csv"]))?,
        );
        plain(
            &format!("status of one of {count}, {when}"),
            &in_turn(world.times(51), &mut [slo(db, ["status", "wide-000010"])])?[0],
        );
        plain(&format!("db verify, {when}"), &repeat(1, &mut slo(db, ["db", "verify"]))?);
    }
    Ok(())
}

/// The wide manifests, after those of the systems, which are required before anything is ingested.
fn with_systems(world: &World) -> Result<PathBuf> {
    let path = world.path("wide-declared.yaml");
    feed::once(&path, |file| {
        use std::io::Write as _;
        for index in 0..world.wide {
            write!(file, "apiVersion: slo/v1\nkind: System\nmetadata: {{ name: wide-{index:06} }}\nspec: {{}}\n---\n")?;
        }
        file.write_all(&std::fs::read(world.path("wide.yaml"))?).map_err(Into::into)
    })?;
    Ok(path)
}

pub(crate) fn long(world: &World) -> Result<()> {
    for (when, first) in [("applied after", false), ("applied before", true)] {
        let mut dbs = Vec::new();
        for (name, rows) in [("busy", world.long), ("calm", 1000)] {
            let (file, objective) = (world.path(&format!("{name}.jsonl")), world.path(&format!("{name}.yaml")));
            feed::month(&file, name, rows, world.end)?;
            manifests::single(&objective, name)?;
            let db = world.fresh(&format!("{name}.db"))?;
            let ingest = |db: &Path| run(slo(db, ["ingest", "-q"]).arg(&file));
            if first {
                let system = world.path(&format!("{name}-system.yaml"));
                std::fs::write(
                    &system,
                    format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{}}\n"),
                )?;
                run(slo(&db, ["apply", "-q"]).arg(&system).arg(&objective))?;
                ingest(&db)?;
            } else {
                ingest(&db)?;
                run(slo(&db, ["apply", "-q"]).arg(&objective))?;
            }
            dbs.push(db);
        }
        for args in [&["status"][..], &["status", "-o", "json"], &["check"], &["health"]] {
            let mut commands: Vec<Command> = dbs.iter().map(|db| slo(db, args)).collect();
            let timings = in_turn(world.times(51), &mut commands)?;
            let what = args.join(" ");
            plain(&format!("{what} of one with 1000 transitions, {when}"), &timings[1]);
            compare(
                &format!("{what} of one with {}, {when}", world.long),
                "<= 3 x with 1000",
                &timings[0],
                &timings[1],
                3.0,
            );
        }
    }
    Ok(())
}

pub(crate) fn manifests(world: &World) -> Result<()> {
    let many = world.path("ten-thousand.yaml");
    manifests::thousand(&many, if world.quick { 500 } else { 5000 })?;
    let documents = if world.quick { 1000 } else { 10_000 };
    let nothing = world.fresh("nothing.db")?;
    let planned = repeat(world.times(5), slo(&nothing, ["plan", "-q"]).arg(&many))?;
    within(&format!("plan of {documents} documents, nothing there"), &planned, 3.0);
    let mut applied = Timing::default();
    for _ in 0..world.times(3) {
        let db = world.fresh("applied.db")?;
        super::process::watch(slo(&db, ["apply", "-q"]).arg(&many), &mut applied)?;
    }
    plain(&format!("apply of {documents} documents, nothing there"), &applied);
    let again = repeat(world.times(5), slo(&world.path("applied.db"), ["plan", "-q"]).arg(&many))?;
    within(&format!("plan of {documents} documents, all applied"), &again, 3.0);
    let thousand = world.path("thousand.yaml");
    manifests::thousand(&thousand, world.systems)?;
    let mut applied = Timing::default();
    for _ in 0..3 {
        let db = copy(world, &year_db(world)?, "sealed.db")?;
        super::process::watch(slo(&db, ["apply", "-q"]).arg(&thousand), &mut applied)?;
    }
    plain(&format!("apply of {} objectives to the year, days sealed", world.systems), &applied);
    let again = repeat(3, slo(&world.path("sealed.db"), ["apply", "-q"]).arg(&thousand))?;
    plain("apply of the same again", &again);
    Ok(())
}
