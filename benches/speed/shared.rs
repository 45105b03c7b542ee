//! Owns the measurements of a shared database: a PostgreSQL server of its own, over a local socket, beside a file in turn.

use std::path::PathBuf;

use anyhow::Result;

use super::World;
use super::answers::within;
use super::bulk::{compare, speed, year};
use super::feed::{self, DAY_MS, Dice};
use super::manifests;
use super::process::{Timing, run, slo};
use super::server::Server;
use super::table::skip;

/// Outages of each system.
const OUTAGES: usize = 60;

pub(crate) fn shared(world: &World) -> Result<()> {
    let server = match Server::start("") {
        Ok(server) => server,
        Err(reason) => {
            skip("a shared database", &reason);
            return Ok(());
        }
    };
    bulk(world, &server)?;
    let places = [world.fresh("beside.db")?, PathBuf::from(server.of("speed"))];
    fill(world, &places)?;
    let count = world.systems;
    let one = format!("{}-availability", feed::service(count / 2));
    for (what, args, times, most) in [
        ("status of one".to_owned(), &["status", &one][..], 51, Some(0.012)),
        ("show of one".to_owned(), &["show", &one], 21, None),
        (format!("status of {count}"), &["status"], 21, None),
        (format!("check of {count}"), &["check"], 21, None),
    ] {
        let (mut file, mut shared) = (Timing::default(), Timing::default());
        for _ in 0..world.times(times) {
            for (place, timing) in places.iter().zip([&mut file, &mut shared]) {
                timing.add(run(&mut slo(place, args))?);
            }
        }
        let what = format!("{what}, shared");
        match most {
            Some(most) => within(&what, &shared, most),
            None => compare(&what, "<= 2.5 x a file", &shared, &file, 2.5),
        }
    }
    cron(world, &places)
}

/// The year's feed at once.
fn bulk(world: &World, server: &Server) -> Result<()> {
    let feed = year(world)?;
    let (mut file, mut shared) = (Timing::default(), Timing::default());
    for turn in 0..3 {
        let there = PathBuf::from(server.of(&format!("bulk_{turn}")));
        file.add(run(slo(&world.fresh("beside.db")?, ["ingest", "-q"]).arg(&feed))?);
        shared.add(run(slo(&there, ["ingest", "-q"]).arg(&feed))?);
    }
    speed("first ingest into a file, in turn with", world.rows, &file, 3e6);
    speed("first ingest into a shared database", world.rows, &shared, 1.5e6);
    Ok(())
}

/// Systems with outages over sixty days, and what `compute` seals of them.
fn fill(world: &World, places: &[PathBuf]) -> Result<()> {
    let (file, objectives) = (world.path("outages.jsonl"), world.path("thousand.yaml"));
    let mut text = String::new();
    for outage in 0..OUTAGES {
        for system in 0..world.systems {
            let day = world.end - (OUTAGES - outage) as i64 * DAY_MS;
            let start = day + (system * 7 % 1400) as i64 * 60_000;
            for (minute, status) in [(0, "unhealthy"), (5 + system as i64 % 30, "healthy")] {
                feed::push_line(&mut text, start + minute * 60_000, &feed::service(system), status);
            }
        }
    }
    std::fs::write(&file, text)?;
    manifests::thousand(&objectives, world.systems)?;
    for place in places {
        run(slo(place, ["ingest", "-q"]).arg(&file))?;
        run(slo(place, ["apply", "-q"]).arg(&objectives))?;
        run(&mut slo(place, ["compute", "-q"]))?;
    }
    Ok(())
}

/// One line at a time that arrives now.
fn cron(world: &World, places: &[PathBuf; 2]) -> Result<()> {
    let file = world.path("line.jsonl");
    let mut dice = Dice::new(9);
    let mut timing = Timing::default();
    for _ in 0..world.times(51) {
        let (at, system) = (world.now - dice.below(60_000) as i64, feed::service(dice.below(world.systems)));
        let mut text = String::new();
        feed::push_line(&mut text, at, &system, if dice.below(2) == 0 { "healthy" } else { "unhealthy" });
        std::fs::write(&file, &text)?;
        run(slo(&places[0], ["ingest", "-q"]).arg(&file))?;
        timing.add(run(slo(&places[1], ["ingest", "-q"]).arg(&file))?);
    }
    within("1 new line into a shared database", &timing, 0.015);
    Ok(())
}
