//! Owns the benchmarks of options of systems and objectives: composites, locations, schedules, minimums, corrections;
//! each compared with the same facts without it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::World;
use super::answers::within;
use super::bulk::{compare, copy, year_db};
use super::feed::{self, DAY_MS, service};
use super::process::{Timing, in_turn, run, slo};

/// Members of the composite system.
const MEMBERS: usize = 100;
/// Locations of the check.
const LOCATIONS: usize = 20;
/// Transitions of all members together, and of all locations.
const ROWS: usize = 1_000_000;

pub(crate) fn pipeline(world: &World) -> Result<()> {
    composite(world)?;
    locations(world)?;
    hours(world)?;
    corrections(world)
}

/// An objective on a composite system, compared with one on each of its members.
fn composite(world: &World) -> Result<()> {
    let names: Vec<String> = (0..MEMBERS).map(|index| format!("member-{index:03}")).collect();
    let file = world.path("members.jsonl");
    let fields: Vec<String> = names.iter().map(|name| format!("\"system\":\"{name}\"")).collect();
    feed::streams(&file, &fields, rows(world), world.end)?;
    let members: Vec<String> = names.iter().map(|name| format!("{{ kind: System, name: {name} }}")).collect();
    let whole = system("fleet", &format!("{{ members: [{}], quorum: majority }}", members.join(", ")));
    let (alone, made): (Vec<_>, Vec<_>) =
        names.iter().map(|name| (system(name, "{}") + &objective(name, ""), system(name, "{}"))).unzip();
    let alone = database(world, "members", &file, &alone.concat())?;
    let made = database(world, "composite", &file, &(made.concat() + &whole + &objective("fleet", "")))?;
    against(world, &format!("a composite of {MEMBERS} members"), "its members", 1.0, &made, &alone)
}

/// An objective on a check from many locations, compared with one on each of as many systems.
fn locations(world: &World) -> Result<()> {
    let many: Vec<usize> = (0..LOCATIONS).collect();
    let (here, there) = (world.path("locations.jsonl"), world.path("places.jsonl"));
    let fields = |of: fn(usize) -> String| many.iter().map(|index| of(*index)).collect::<Vec<_>>();
    let places = fields(|index| format!("\"system\":\"edge\",\"check\":\"http\",\"location\":\"place-{index:02}\""));
    let systems = fields(|index| format!("\"system\":\"place-{index:02}\",\"check\":\"http\""));
    feed::streams(&here, &places, rows(world), world.end)?;
    feed::streams(&there, &systems, rows(world), world.end)?;
    let edge = system("edge", "{ checks: [{ name: http, quorum: majority }] }") + &objective("edge", "");
    let alone = fields(|index| {
        let name = format!("place-{index:02}");
        system(&name, "{}") + &objective(&name, "")
    });
    let made = database(world, "locations", &here, &edge)?;
    let alone = database(world, "places", &there, &alone.concat())?;
    against(world, &format!("a check from {LOCATIONS} locations"), "as many systems", 1.0, &made, &alone)
}

/// Objectives with office hours in Berlin and a minimum, compared with the same without.
fn hours(world: &World) -> Result<()> {
    let year = year_db(world)?;
    let hours = ", timezone: Europe/Berlin, minimumOutage: 60s, \
                 schedule: [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\" }]";
    let mut dbs = Vec::new();
    for (name, more) in [("hours.db", hours), ("all-hours.db", "")] {
        let db = copy(world, &year, name)?;
        let objectives: String = (0..world.systems).map(|index| objective(&service(index), more)).collect();
        apply(world, &db, &objectives)?;
        dbs.push(db);
    }
    let what = format!("{} objectives with office hours and a minimum", world.systems);
    against(world, &what, "without", 1.5, &dbs[0], &dbs[1])
}

/// Ten thousand corrections of ten systems, and their effect on the others.
fn corrections(world: &World) -> Result<()> {
    let year = year_db(world)?;
    let objectives: String = (0..world.systems).map(|index| objective(&service(index), "")).collect();
    let count = if world.quick { 100 } else { 10_000 };
    let mut text = String::new();
    for index in 0..count {
        let start = (world.end - 300 * DAY_MS) / 1000 + index * 1200;
        let name = service(index as usize % 10);
        let _ = write!(
            text,
            "apiVersion: slo/v1\nkind: Correction\nmetadata: {{ name: c{index} }}\nspec: {{ systemRef: {{ kind: System, name: {name} }}, \
             start: {start}, end: {}, status: healthy }}\n---\n",
            start + 600
        );
    }
    let plain = copy(world, &year, "recorded.db")?;
    apply(world, &plain, &objectives)?;
    let corrected = copy(world, &plain, "corrected.db")?;
    let file = world.path("corrections.yaml");
    std::fs::write(&file, text)?;
    let mut applied = Timing::default();
    applied.add(run(slo(&corrected, ["apply", "-q", "--set", "corrections"]).arg(&file))?);
    within(&format!("apply of {count} corrections"), &applied, 1.0);
    let name = service(world.systems / 2);
    let mut commands = [&corrected, &plain].map(|db| slo(db, ["status", &name]));
    let timings = in_turn(world.times(51), &mut commands)?;
    compare("status of an objective they do not touch", "<= 1.05 x without", &timings[0], &timings[1], 1.05);
    Ok(())
}

fn rows(world: &World) -> usize {
    if world.quick { ROWS / 100 } else { ROWS }
}

fn system(name: &str, spec: &str) -> String {
    format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {spec}\n---\n")
}

/// An objective of 99% over 30 days, named like its system.
fn objective(system: &str, more: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {system} }}\nspec: {{ systemRef: {{ kind: System, name: {system} }}, \
         target: 99, windowDays: 30{more} }}\n---\n"
    )
}

fn database(world: &World, name: &str, file: &Path, manifests: &str) -> Result<PathBuf> {
    let db = world.fresh(&format!("{name}.db"))?;
    run(slo(&db, ["ingest", "-q"]).arg(file))?;
    apply(world, &db, manifests)?;
    Ok(db)
}

fn apply(world: &World, db: &Path, manifests: &str) -> Result<()> {
    let file = world.path("pipeline.yaml");
    std::fs::write(&file, manifests)?;
    run(slo(db, ["apply", "-q"]).arg(&file)).map(drop)
}

/// The same commands on two databases, in turn.
fn against(world: &World, what: &str, other: &str, factor: f64, this: &Path, that: &Path) -> Result<()> {
    for asked in [&["status"][..], &["status", "-o", "json"], &["check"], &["downtime", "-o", "json"]] {
        let mut commands = [this, that].map(|db| slo(db, asked));
        let timings = in_turn(world.times(15), &mut commands)?;
        let what = format!("{} of {what}", asked.join(" "));
        compare(&what, &format!("<= {factor} x {other}"), &timings[0], &timings[1], factor);
    }
    Ok(())
}
