//! Owns the benchmarks of days: trend, streaks, achievements, digest, and the cost of a fact of yesterday.

use anyhow::Result;

use super::World;
use super::answers::{declared, plain, within};
use super::feed::{self, DAY_MS, Dice};
use super::process::{Timing, in_turn, repeat, run, slo};

pub(crate) fn days(world: &World) -> Result<()> {
    let [(when, db), _] = declared(world)?;
    let count = world.systems;
    let name = format!("{}-availability", feed::service(count / 2));
    let one = |args: &[&str]| slo(&db, args.iter().copied());
    let mut commands = [one(&["trend", &name, "--days", "365"]), one(&["trend", &name, "--days", "365", "-o", "json"])];
    let timings = in_turn(world.times(51), &mut commands)?;
    for (what, timing) in ["trend of a year", "trend of a year as JSON"].iter().zip(&timings) {
        within(&format!("{what}, {when}"), timing, 0.050);
    }
    within(
        &format!("show with 90 days, {when}"),
        &repeat(world.times(51), &mut one(&["show", &name, "--days", "90"]))?,
        0.050,
    );
    within(&format!("streaks of {count}, {when}"), &repeat(world.times(21), &mut one(&["streaks"]))?, 0.300);
    plain(&format!("achievements of {count} systems, {when}"), &repeat(world.times(11), &mut one(&["achievements"]))?);
    plain(&format!("digest of {count}, {when}"), &repeat(world.times(11), &mut one(&["digest"]))?);
    let then = (world.end - 180 * DAY_MS).to_string();
    let before = repeat(world.times(5), &mut one(&["digest", "--as-of", &then]))?;
    plain(&format!("digest of {count}, half a year ago, {when}"), &before);
    // A fact of a day ago unseals the last day or two of the objectives that it decides.
    let file = world.path("yesterday.jsonl");
    let mut dice = Dice::new(11);
    let [mut ingest, mut streak, mut streaks] = [Timing::default(), Timing::default(), Timing::default()];
    for _ in 0..world.times(31) {
        let (at, system) = (world.now - DAY_MS - dice.below(60_000) as i64, feed::service(dice.below(count)));
        let mut text = String::new();
        feed::push_line(&mut text, at, &system, if dice.below(2) == 0 { "healthy" } else { "unhealthy" });
        std::fs::write(&file, &text)?;
        ingest.add(run(slo(&db, ["ingest", "-q"]).arg(&file))?);
        streak.add(run(&mut one(&["streaks", &format!("{system}-availability")]))?);
        streaks.add(run(&mut one(&["streaks"]))?);
    }
    within("ingest of a fact one day late", &ingest, 0.010);
    within("streak of its objective after it", &streak, 0.010);
    within(&format!("streaks of {count} after it"), &streaks, 0.300);
    Ok(())
}
