//! Kills, torn writes and failing calls, at every n-th call of every command.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::work::{STEPS, Step, complete, facts, is_sound, is_told, is_whole, world};
use super::{EIO, ENOSPC, Fault, SHIM, count, under};
use crate::harness::{Output, World, night, tell};

/// Places struck in each command, by default.
const FEW: u64 = 3;

/// Calls of the first command while the database is created.
const MAKING: u64 = 40;

/// The files of a world, to restore it repeatedly.
struct Saved(Vec<(std::path::PathBuf, Vec<u8>)>);

impl Saved {
    fn of(world: &World) -> Self {
        let entries = fs::read_dir(world.root()).unwrap().map(|entry| entry.unwrap().path());
        Self(entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect())
    }

    fn restore(&self, world: &World) {
        for entry in fs::read_dir(world.root()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Places spread over all calls; another seed gives different ones.
fn places(calls: u64, wanted: u64, seed: u64) -> Vec<u64> {
    if wanted >= calls {
        return (1..=calls).collect();
    }
    let offset = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let places: BTreeSet<u64> = (0..wanted).map(|index| (index * calls / wanted + offset) % calls + 1).collect();
    places.into_iter().collect()
}

/// Strikes every step at some of its calls with each fault, and checks the result; returns how often.
fn strike(seed: u64, faults: &[Fault], each: u64) -> u64 {
    let world = world(seed);
    let (mut struck, mut tried) = (0, 0);
    for (index, step) in STEPS.iter().enumerate() {
        let before = facts(&world);
        let saved = Saved::of(&world);
        let calls = count(&world, step.args, false);
        let after = facts(&world);
        let done = Saved::of(&world);
        for (kind, fault) in faults.iter().enumerate() {
            let mut places = places(calls, each, seed * 31 + (index * 7 + kind) as u64);
            if index == 0 && matches!(fault, Fault::Kill) {
                // While a database is created, every call leaves a different state behind.
                places = (1..=MAKING).chain(places.into_iter().filter(|at| *at > MAKING)).collect();
            }
            for at in places {
                saved.restore(&world);
                let context = format!("seed {seed}: {:?}, {fault:?} at {at} of {calls}", step.args);
                tried += 1;
                struck += u64::from(once(&world, step, *fault, at, &context));
                is_sound(&world, &context);
                let left = facts(&world);
                assert!(before.is_subset(&left), "{context}: facts were lost");
                assert!(left.is_subset(&after), "{context}: facts came from nowhere");
                step.makes.into_iter().for_each(|name| is_whole(&world, name, &context));
                complete(&world, step, &context);
                assert!(facts(&world) == after, "{context}: the same again gives something else");
                is_sound(&world, &context);
            }
        }
        done.restore(&world);
    }
    // A process may make a call less than when it was counted.
    assert!(struck * 10 >= tried * 9 || !matches!(faults[0], Fault::Kill), "{struck} of {tried} were killed");
    struck
}

/// Runs a step with a fault; returns whether it was killed or failed.
fn once(world: &World, step: &Step, fault: Fault, at: u64, context: &str) -> bool {
    let output = under(world, step.args, fault, at, Path::new("/dev/null")).output().unwrap();
    if output.status.code().is_none() {
        assert!(matches!(fault, Fault::Kill | Fault::Tear), "{context}: {output:?}");
        return true;
    }
    let output = Output::of(&output);
    if output.code != 0 {
        is_told(&output, context);
    }
    output.code != 0
}

fn rounds(name: &str, faults: &[Fault], each: u64) {
    if SHIM.is_none() {
        return;
    }
    // A night's run strikes more places of each world, and more worlds.
    let (each, worlds) = (each * night().min(20), night().div_ceil(20));
    let struck: u64 = (0..worlds).map(|seed| strike(seed, faults, each)).sum();
    assert!(struck >= STEPS.len() as u64, "{struck}");
    tell(&format!("{name}: {struck}"));
}

#[test]
fn a_kill_at_any_call_loses_nothing() {
    rounds("kills", &[Fault::Kill, Fault::Tear], FEW);
}

#[test]
fn a_call_that_fails_once_or_from_then_on_loses_nothing() {
    let faults = [(EIO, false), (EIO, true), (ENOSPC, false), (ENOSPC, true)];
    rounds("failing calls", &faults.map(|(error, sticky)| Fault::Fail { error, sticky }), FEW.div_ceil(2));
}

/// A reader answers correctly or fails.
#[test]
fn a_read_that_fails_changes_no_answer() {
    if SHIM.is_none() {
        return;
    }
    let world = world(1);
    STEPS[..4].iter().for_each(|step| complete(&world, step, "before"));
    let mut struck = 0;
    for args in [
        &["status", "-o", "json", "--as-of", "2024-03-20"][..],
        &["export", "journal"],
        &["check", "-o", "json", "--as-of", "2024-03-20"],
        &["downtime", "-o", "json", "--as-of", "2024-03-20"],
        &["db", "verify"],
    ] {
        let right = world.run(args);
        let calls = count(&world, args, true);
        for at in places(calls, 4 * night(), calls) {
            let context = format!("{args:?}, a failing read at {at} of {calls}");
            let output =
                Output::of(&under(&world, args, Fault::FailRead, at, Path::new("/dev/null")).output().unwrap());
            if output.code == 2 {
                is_told(&output, &context);
            } else {
                assert_eq!((output.code, output.text()), (right.code, right.text()), "{context}: {}", output.stderr);
            }
            struck += 1;
        }
        assert_eq!(world.run(args).text(), right.text());
    }
    tell(&format!("failing reads: {struck}"));
}
