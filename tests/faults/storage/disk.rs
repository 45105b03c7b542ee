//! Faults of the disk and of the machine, one at a time, at every place in turn: kills, torn writes, errors, power
//! cuts. Committed data is never lost, nothing is ever left half done, and running the command again completes it.
//!
//! A few places by default; `SLO_NIGHT=100` checks a hundred times as many.

#![cfg(target_os = "linux")]

mod power;
mod strikes;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::harness::{Output, World, line, skip};

/// The library that injects faults, built once; `None` if there is no C compiler.
static SHIM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/storage/disk/shim.c");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shim-{}.so", std::process::id()));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&target).arg(source).args(["-ldl", "-lpthread"]);
    match compiler.output() {
        Ok(output) if output.status.success() => Some(target),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            skip(&format!("there is no C compiler: {error}"));
            None
        }
    }
});

/// The fault injected into a command.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Count,
    Kill,
    Tear,
    Fail {
        error: i32,
        sticky: bool,
    },
    /// A failing call, which may be a reading one.
    FailRead,
    Record,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A command whose calls on the world's files are counted, with a fault at one of them.
fn under(world: &World, args: &[&str], fault: Fault, at: u64, out: &Path) -> Command {
    let mut command = world.command(args);
    // The root as `/proc` shows it.
    let root = fs::canonicalize(world.root()).unwrap();
    command.env("LD_PRELOAD", SHIM.as_ref().unwrap()).env("SHIM_ROOT", root).env("SHIM_OUT", out);
    command.env("SHIM_AT", at.to_string());
    let mode = match fault {
        Fault::Count => "count",
        Fault::Kill => "kill",
        Fault::Tear => "tear",
        Fault::Fail { .. } | Fault::FailRead => "fail",
        Fault::Record => "record",
    };
    command.env("SHIM_MODE", mode);
    match fault {
        Fault::Fail { error, sticky } => {
            command.env("SHIM_ERRNO", error.to_string());
            if sticky {
                command.env("SHIM_STICKY", "1");
            }
        }
        Fault::FailRead => {
            command.env("SHIM_READS", "1");
        }
        _ => {}
    }
    command
}

/// A file for the shim's output, different for each test: tests run concurrently in one process.
fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id()));
    drop(fs::remove_file(&path));
    path
}

/// The number of calls of a command at which a fault is possible.
fn count(world: &World, args: &[&str], reads: bool) -> u64 {
    let out = scratch("calls");
    let mut command = under(world, args, Fault::Count, 0, &out);
    if reads {
        command.env("SHIM_READS", "1");
    }
    let output = Output::of(&command.output().unwrap());
    assert!(output.code < 2, "{args:?}: {}", output.stderr);
    fs::read_to_string(&out).unwrap().trim().parse().unwrap()
}

/// An impossible clock is refused by every command that reads it, and by no other.
#[test]
fn a_clock_before_2000_or_beyond_2262_is_refused_where_it_matters() {
    let Some(shim) = SHIM.as_ref() else { return };
    let world = World::in_file().live();
    world.write("feed", line("2024-03-20T10:00:00Z", "shop", "down"));
    let journal = world.journal();
    for (clock, year) in
        [("0", "1970-01-01"), ("946684799", "1999-12-31"), ("9300000000", "2264-"), ("99999999999", "5138-")]
    {
        let run = |args: &[&str]| {
            Output::of(&world.command(args).env("LD_PRELOAD", shim).env("SHIM_CLOCK", clock).output().unwrap())
        };
        for args in [
            &["status"][..],
            &["check"],
            &["health"],
            &["show", "shop-availability"],
            &["compute"],
            &["status", "--as-of", "7d"],
            &["ingest", "feed"],
            &["ingest", "feed", "--as-of", "2024-03-20"],
            &["apply", "shop.yaml"],
            &["db", "merge", "other.db"],
        ] {
            run(args).refuses(&format!("the clock of this machine says {year}"));
        }
        for args in [
            &["status", "--as-of", "2024-03-20"][..],
            &["export", "journal", "--as-of", "2024-03-25"],
            &["schema"],
            &["man"],
            &["completions", "bash"],
            &["demo"],
        ] {
            let output = run(args);
            assert_eq!(output.code, 0, "{args:?}: {}", output.stderr);
        }
        assert_eq!(world.journal(), journal);
    }
    let output = Output::of(
        &world.command(&["ingest", "feed"]).env("LD_PRELOAD", shim).env("SHIM_CLOCK", "1795000000").output().unwrap(),
    );
    assert_eq!(output.code, 0, "{}", output.stderr);
}
