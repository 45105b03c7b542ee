//! `slo check --wait`: it ends when the check passes, when time is up, or by a signal.

#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Leashed, OBJECTIVE, World, piped};

const DOWN: [&str; 4] = ["check", "--fail-on", "down", "--wait"];

/// A world in which the shop has been down for some minutes.
fn down() -> World {
    let world = World::new();
    world.pass(&["probe", "shop", "-q", "--", "false"]);
    world.write("shop.yaml", OBJECTIVE);
    world.pass(&["apply", "shop.yaml"]);
    world
}

/// Measures the time of a test.
#[expect(clippy::disallowed_methods, reason = "a test of time limits reads the clock")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn a_check_waits_until_it_passes() {
    let world = down();
    let began = stopwatch();
    let mut waiting = Leashed(piped(world.command(&[&DOWN[..], &["5m"]].concat())).spawn().unwrap());
    std::thread::sleep(Duration::from_millis(500));
    assert!(waiting.0.try_wait().unwrap().is_none());
    world.pass(&["probe", "shop", "-q", "--", "true"]);
    assert!(waiting.0.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_mins(2));
}

#[test]
fn a_check_that_does_not_pass_in_time_fails_as_it_would_at_once() {
    let world = down();
    let began = stopwatch();
    let output = world.run(&[&DOWN[..], &["1s", "-o", "json"]].concat());
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!((output.code, &output.json()["verdict"]), (1, &"fail".into()));
    world.pass(&["check", "--when", "target > 100", "--wait", "1h"]);
}

#[test]
fn waiting_ends_by_a_signal_and_needs_a_time_that_goes_on() {
    let world = down();
    let mut waiting = Leashed(piped(world.command(&[&DOWN[..], &["1h"]].concat())).spawn().unwrap());
    std::thread::sleep(Duration::from_millis(500));
    let sent = Command::new("kill").args(["-s", "TERM", &waiting.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(waiting.0.wait().unwrap().signal(), Some(15));
    world.run(&[&DOWN[..], &["1h", "--as-of", "1h"]].concat()).refuses("--wait waits for later facts");
}
