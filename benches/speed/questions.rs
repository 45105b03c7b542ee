//! Owns the benchmarks of courses and trials: check for programs, digest, compute, reports, backtests.

use anyhow::Result;

use super::World;
use super::answers::{declared, plain, within};
use super::bulk::{compare, copy};
use super::feed::{self, DAY_MS, Dice};
use super::manifests;
use super::process::{Timing, in_turn, repeat, run, slo, watch};

/// Transitions of the system of four years: one every 53 minutes, as many as each of the year's systems has.
const FOUR_YEARS: (usize, i64) = (40_000, 4 * 365);

pub(crate) fn questions(world: &World) -> Result<()> {
    let [(_, db), _] = declared(world)?;
    let count = world.systems;
    let one = |args: &[&str]| slo(&db, args.iter().copied());
    plain(&format!("status of {count}"), &repeat(world.times(7), &mut one(&["status"]))?);
    let asked: [(&str, &[&str]); 6] = [
        ("check", &["check"]),
        ("check as JSON", &["check", "-o", "json"]),
        ("check, every part explained", &["check", "--explain"]),
        ("check on fast burn as JSON", &["check", "--fail-on", "fast-burn", "-o", "json"]),
        (
            "check --when burnRate > 20 || state == \"down\" as JSON",
            &["check", "--when", "burnRate > 20 || state == \"down\"", "-o", "json"],
        ),
        (
            "check --when (burnRates.1h > 1) for 15m as JSON",
            &["check", "--when", "(burnRates.1h > 1) for 15m", "-o", "json"],
        ),
    ];
    for (what, args) in asked {
        let timing = repeat(world.times(7), &mut one(args))?;
        within(&format!("{what}, {count} objectives"), &timing, 1.0);
        plain("  its memory", &timing);
    }
    within(&format!("digest of {count}"), &repeat(world.times(7), &mut one(&["digest"]))?, 0.5);
    plain(&format!("report --html of {count}"), &repeat(world.times(5), &mut one(&["report", "--html", "-"]))?);
    compute(world)?;
    backtests(world)
}

/// The first computation, and those of a cron job with a fact in between.
fn compute(world: &World) -> Result<()> {
    let [(_, declared), _] = declared(world)?;
    let db = copy(world, &declared, "compute.db")?;
    let count = world.systems;
    plain(&format!("first compute of {count}"), &repeat(1, &mut slo(&db, ["compute", "-q"]))?);
    let file = world.path("cron.jsonl");
    let mut dice = Dice::new(12);
    let [mut cron, mut idle] = [Timing::default(), Timing::default()];
    for _ in 0..world.times(5) {
        let mut text = String::new();
        let (at, system) = (world.now - dice.below(60_000) as i64, feed::service(dice.below(count)));
        feed::push_line(&mut text, at, &system, if dice.below(2) == 0 { "healthy" } else { "unhealthy" });
        std::fs::write(&file, &text)?;
        run(slo(&db, ["ingest", "-q"]).arg(&file))?;
        watch(&mut slo(&db, ["compute", "-q"]), &mut cron)?;
        watch(&mut slo(&db, ["compute", "-q"]), &mut idle)?;
    }
    plain(&format!("compute of {count} after a fact"), &cron);
    plain(&format!("compute of {count} after nothing"), &idle);
    Ok(())
}

/// Backtests of one objective over a year and over four, which should cost four times as much.
fn backtests(world: &World) -> Result<()> {
    let (rows, days) = FOUR_YEARS;
    let (file, objective) = (world.path("four-years.jsonl"), world.path("four-years.yaml"));
    feed::of_days(&file, "four-years", rows, (days, world.end))?;
    manifests::single(&objective, "four-years")?;
    let db = world.fresh("four-years.db")?;
    run(slo(&db, ["ingest", "-q"]).arg(&file))?;
    run(slo(&db, ["apply", "-q"]).arg(&objective))?;
    let since = |days: i64| (world.end - days * DAY_MS).to_string();
    let (year, four) = (since(365), since(days));
    for (what, asked) in [
        ("backtest --when fastBurn", &["--when", "fastBurn"][..]),
        ("backtest --when policy(\"page\")", &["--when", "policy(\"page\")"]),
        ("backtest --suggest target", &["--suggest", "target"]),
    ] {
        let args =
            |since: &str| [&["backtest", "four-years", "-o", "json", "--since", since], asked].concat().join("\n");
        let [short, long] = [args(&year), args(&four)];
        let timings = in_turn(world.times(7), &mut [slo(&db, short.split('\n')), slo(&db, long.split('\n'))])?;
        plain(&format!("{what}, a year"), &timings[0]);
        compare(&format!("{what}, four years"), "<= 6 x a year", &timings[1], &timings[0], 6.0);
    }
    Ok(())
}
