//! A shared database of PostgreSQL answers exactly like a file, whatever was written before and by whom.

mod commands;
mod damage;
mod encrypted;
mod faults;
mod large;
mod moving;
mod passwords;
mod rights;
pub(crate) mod server;
mod standby;
mod subset;
mod trips;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases::one_in;
use crate::harness::{Output, Slo};
use crate::world::strategy::worlds;
use crate::world::{Fact, World, feed};
use server::Server;

/// Every command that reads, in the most detailed forms.
const PLAIN: [&[&str]; 27] = [
    &["status", "-o", "json"],
    &["status", "-o", "wide"],
    &["status", "--period", "this-month", "-o", "json"],
    &["health", "-o", "json"],
    &["downtime", "-o", "json"],
    &["streaks", "-o", "json"],
    &["achievements", "-o", "json"],
    &["digest", "-o", "json"],
    &["report", "--period", "last-month", "-o", "json"],
    &["check", "-o", "json"],
    &["check", "--when", "budgetRemainingPercent < 50 || burnRates.1h > 1", "-o", "json"],
    &["check", "--when", "(state == \"down\") for 5m", "-o", "junit"],
    &["backtest", "--when", "burnRates.1h > 2", "-o", "json"],
    &["list", "systems", "-o", "json"],
    &["list", "objectives", "-o", "json"],
    &["list", "maintenance", "-o", "json"],
    &["list", "corrections", "-o", "json"],
    &["list", "conditions", "-o", "json"],
    &["list", "sets", "-o", "json"],
    &["list", "ingests", "-o", "csv"],
    &["log", "-o", "csv"],
    &["export", "journal"],
    &["export", "journal", "-o", "csv"],
    &["export", "manifests"],
    &["export", "metrics"],
    &["db", "verify", "-o", "json"],
    &["status", "-o", "csv"],
];

/// The same, and about each object of a world.
fn questions(world: &World) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let mut questions: Vec<Vec<String>> = PLAIN.iter().map(|words_of| words(words_of)).collect();
    for objective in &world.objectives {
        questions.push(words(&["show", &objective.name, "-o", "json"]));
        questions.push(words(&["trend", &objective.name, "--days", "40", "-o", "csv"]));
        questions.push(words(&["badge", &objective.name]));
        questions.push(words(&["status", &objective.name, "-o", "json"]));
    }
    for system in &world.systems {
        questions.push(words(&["history", &system.name, "--since", "3650d", "-o", "json"]));
        questions.push(words(&["health", &system.name]));
    }
    questions
}

/// Runs a command on one database.
fn ask(slo: &Slo, question: &[String], as_of: &str) -> Output {
    let question: Vec<&str> = question.iter().map(String::as_str).collect();
    slo.run(&[&question, &["--as-of", as_of][..]].concat(), b"")
}

/// Runs all commands on both.
fn compare(file: &Slo, shared: &Slo, world: &World, when: &str) -> Result<(), TestCaseError> {
    // Only the time at which something was done differs.
    let without_clock = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("edAt\"") && !line.contains("generated"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // A part of the commands after each step is enough, because there are many.
    let questions = questions(world).into_iter().enumerate();
    for (_, question) in questions.filter(|(index, _)| index % 4 == when.len() % 4 || when == "computed again") {
        let (is, should) = (ask(shared, &question, &world.as_of_text()), ask(file, &question, &world.as_of_text()));
        prop_assert_eq!(is.code, should.code, "{}: {:?}: {} {}", when, question, is.stderr, should.stderr);
        let told_clock = ["log", "list"].contains(&question[0].as_str());
        if told_clock && question.last().is_some_and(|form| form == "csv") {
            prop_assert_eq!(is.stdout.lines().count(), should.stdout.lines().count(), "{}: {:?}", when, question);
        } else {
            prop_assert_eq!(without_clock(&is.stdout), without_clock(&should.stdout), "{}: {:?}", when, question);
        }
    }
    Ok(())
}

/// Runs the same on both, and expects the same result.
fn both(file: &Slo, shared: &Slo, args: &[&str], stdin: &str) -> Result<(), TestCaseError> {
    let (is, should) = (shared.run(args, stdin.as_bytes()), file.run(args, stdin.as_bytes()));
    prop_assert_eq!(is.code, should.code, "{:?}: {} {}", args, &is.stderr, &should.stderr);
    prop_assert_eq!(is.stdout, should.stdout, "{:?}: {}", args, is.stderr);
    Ok(())
}

/// The facts, distributed over this many batches.
fn dealt(world: &World, keys: &[u8]) -> Vec<Vec<Fact>> {
    let mut heaps = vec![Vec::new(); 3];
    for (fact, key) in world.facts.iter().zip(keys.iter().cycle()) {
        heaps[usize::from(key % 3)].push(fact.clone());
    }
    heaps
}

/// Some of all tests that know nothing of servers; with `SLO_TEST_STORE=postgres`, every one of them runs on one.
#[test]
fn other_tests_hold_on_a_server_as_well() {
    const PART: [&str; 5] = [
        "laws::status_equals_the_reference",
        "facts::rewrites::forgetting",
        "facts::rewrites::a_",
        "rules::logged::late",
        "declared::sets::",
    ];
    assert!(server::again(&PART) >= PART.len());
}

proptest! {
    #![proptest_config(one_in(32))]

    #[test]
    fn every_answer_is_that_of_a_file(world in worlds(), keys in vec(any::<u8>(), 48)) {
        let Some(server) = Server::any() else { return Ok(()) };
        let (file, shared) = (Slo::in_file(), Slo::on(server));
        let heaps = dealt(&world, &keys);
        let as_of = world.as_of_text();
        both(&file, &shared, &["ingest", "-"], &feed(&heaps[0]))?;
        let folder = file.write_manifests(&world.manifests());
        both(&file, &shared, &["apply", "--set", "world", folder.to_str().unwrap()], "")?;
        compare(&file, &shared, &world, "applied")?;
        // Late facts, with and without a computation between them and the commands.
        both(&file, &shared, &["ingest", "-"], &feed(&heaps[1]))?;
        compare(&file, &shared, &world, "late")?;
        both(&file, &shared, &["compute", "--as-of", &as_of, "-o", "json"], "")?;
        compare(&file, &shared, &world, "computed")?;
        both(&file, &shared, &["ingest", "-"], &feed(&heaps[2]))?;
        both(&file, &shared, &["ingest", "-"], &feed(&heaps[0]))?;
        compare(&file, &shared, &world, "late again")?;
        both(&file, &shared, &["compute", "--as-of", &as_of, "-o", "json"], "")?;
        compare(&file, &shared, &world, "computed again")?;
    }
}
