//! Databases of older versions: `fixtures/stores/<schema>.sql`, each dumped by the version that wrote it.

use std::fs;

use crate::harness::{World, as_nobody};

const OLD: [&str; 2] = [include_str!("../../../fixtures/stores/1.sql"), include_str!("../../../fixtures/stores/2.sql")];
/// With a log of conditions.
const COMPUTED: &str = include_str!("../../../fixtures/stores/5-conditions.sql");

fn world(dump: &str) -> World {
    let world = World::in_file();
    world.sql(dump);
    world
}

#[test]
fn the_first_command_brings_an_older_database_up_to_date_and_loses_nothing() {
    for dump in OLD {
        for first in [&["status"][..], &["ingest"], &["db", "verify"], &["list", "objectives"]] {
            let world = world(dump);
            world.run(first);
            assert!(world.pass(&["db", "verify"]).starts_with("ok: "), "{first:?}");
            let events = world.pass(&["downtime", "tiny-up", "--as-of", "2026-11-20", "-o", "json"]);
            assert!(events.contains("\"durationSeconds\": 300"), "{events}");
            assert!(world.journal().contains("disk full"));
            let version: i32 = rusqlite::Connection::open(world.db())
                .and_then(|connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))
                .unwrap();
            assert!(version > 2);
            let changes = world.pass(&["compute", "-o", "json", "--as-of", "2026-11-20"]);
            assert!(changes.contains("\"id\":\"tiny-up\""), "{changes}");
            world.verifies();
        }
    }
}

#[test]
fn segments_of_an_older_format_are_read_written_to_and_packed_anew() {
    for dump in OLD {
        let world = world(dump);
        world.run(&["ingest"]);
        let versions = || -> Vec<String> {
            let connection = rusqlite::Connection::open(world.db()).unwrap();
            let sql = "SELECT DISTINCT hex(substr(body, 1, 1)) FROM segment ORDER BY 1";
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(versions(), ["01"]);
        let before = world.journal();
        world.ingest(&before.replace("\"ts\":\"2026", "\"ts\":\"2025"));
        assert!(versions().contains(&"02".to_owned()), "{:?}", versions());
        let journal = world.journal();
        assert!(before.lines().all(|line| journal.contains(line)));
        world.verifies();
        world.pass(&["db", "compact"]);
        assert_eq!((versions(), world.journal()), (vec!["02".to_owned()], journal));
        world.verifies();
    }
}

#[test]
fn days_that_were_sealed_by_midnights_of_another_window_are_drawn_up_anew() {
    // In September, which ended in breach, the old version counted the last day to October and continued the streak.
    let world = world(include_str!("../../../fixtures/stores/5-month.sql"));
    world.pass(&["ingest"]);
    let streaks = world.pass(&["streaks", "--as-of", "2026-10-02", "-o", "csv"]);
    let row = "shop-month,shop,1,19,2026-10-02T00:00:00.000Z,2026-09-21T00:00:00.000Z,19";
    assert!(streaks.contains(row), "{streaks}");
    world.verifies();
    world.pass(&["compute", "--as-of", "2026-10-02"]);
    world.verifies();
    let sql = "SELECT count(*), sum(streak_days), max(budget_consumed_minutes) FROM daily_snapshot WHERE date >= '2026-09-20'";
    let found: (i64, i64, f64) = rusqlite::Connection::open(world.db())
        .and_then(|connection| connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
        .unwrap();
    assert_eq!(found, (12, 1, 60.0));
}

#[test]
fn conditions_of_an_older_database_ask_for_the_state_that_was_called_degraded() {
    let world = world(OLD[1]);
    let body = r#"{"metadata":{},"expression":"state == \"degraded\" || health.tiny.status == \"degraded\"","severity":"info"}"#;
    world.sql(&format!("INSERT INTO manifest VALUES (9, 'Condition', 'c', '{body}', 'c.yaml', 1, '0', 0)"));
    let listed = world.pass(&["list", "conditions", "-o", "json"]);
    let expected = r#"state == \"down\" || health.tiny.status == \"degraded\""#;
    assert!(listed.contains(expected), "{listed}");
}

#[test]
fn a_state_is_renamed_on_either_side_and_of_other_objectives_too() {
    let world = world(OLD[1]);
    let body = r#"{"metadata":{},"expression":"\"degraded\" == slo.tiny-up.state || \"degraded\" == health.tiny.status || slo.tiny-up.state != \"degraded\"","severity":"info"}"#;
    world.sql(&format!("INSERT INTO manifest VALUES (9, 'Condition', 'c', '{body}', 'c.yaml', 1, '0', 0)"));
    let listed = world.pass(&["list", "conditions", "-o", "json"]);
    let expected =
        r#"\"down\" == slo.tiny-up.state || \"degraded\" == health.tiny.status || slo.tiny-up.state != \"down\""#;
    assert!(listed.contains(expected), "{listed}");
    world.verifies();
    assert!(world.run(&["check", "--condition", "c"]).code < 2);
}

#[test]
fn the_log_of_conditions_goes_on_in_the_words_of_now() {
    let world = world(COMPUTED);
    let compute = |at: &str| world.pass(&["compute", "-o", "json", "--as-of", at]);
    // The same time reports nothing new about conditions: what was logged as `holds` reads as `firing`.
    assert!(!compute("2026-11-03T00:00:00Z").contains("\"kind\":\"condition\""));
    world.verifies();
    let database = rusqlite::Connection::open(world.db()).unwrap();
    let count = |like: &str| -> i64 {
        let sql = "SELECT count(*) FROM change_log WHERE kind = 'condition' AND next || changed_fields LIKE ?1";
        database.query_row(sql, [like], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("%holds%"), count("%firing%firing%")), (0, 4));
    // A late fact is reported in the current words.
    let late = "{\"ts\":\"2026-11-02T09:58:00Z\",\"system\":\"tiny\",\"status\":\"down\"}\n";
    world.feed(&["ingest", "-q"], late);
    assert!(
        compute("2026-11-03T00:00:00Z")
            .contains("\"next\":{\"condition\":\"burning\",\"objectiveId\":\"tiny-up\",\"firing\":true")
    );
    world.verifies();
}

#[test]
fn an_older_database_that_may_not_be_written_to_is_left_alone() {
    for dump in OLD {
        let world = world(dump);
        let before = fs::read(world.db()).unwrap();
        let Some(output) = as_nobody(&world, "\"$SLO\" status --db slo.db") else { return };
        output.refuses("is older than this slo's");
        assert!(fs::read(world.db()).unwrap() == before);
    }
}
