//! Owns the way from each schema to the next: a step is SQL and, if SQL is not enough, some code.

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::restating::rename_states;
use super::{APPLICATION_ID, check_identity, is_empty};
use crate::failure::Failure;
use crate::store::published::changes::forget_texts;
use crate::store::soundness::row;

/// A step to the next schema. Steps only go forward.
struct Step {
    sql: &'static str,
    /// Runs after the SQL.
    then: Option<fn(&Connection) -> Result<()>>,
    /// Whether what it removes must not remain in the file.
    purges: bool,
}

impl Step {
    const fn sql(sql: &'static str) -> Self {
        Self { sql, then: None, purges: false }
    }
}

const STEPS: &[Step] = &[
    Step::sql(include_str!("../../migrations/0001_journal_and_manifests.sql")),
    Step::sql(include_str!("../../migrations/0002_conditions.sql")),
    Step::sql(include_str!("../../migrations/0003_sets.sql")),
    Step::sql(include_str!("../../migrations/0004_computed.sql")),
    Step::sql(include_str!("../../migrations/0005_logged_conditions.sql")),
    Step { sql: include_str!("../../migrations/0006_recipients.sql"), then: Some(forget_texts), purges: true },
    Step::sql(include_str!("../../migrations/0007_freshness.sql")),
    Step::sql(include_str!("../../migrations/0008_repositories.sql")),
    Step::sql(include_str!("../../migrations/0009_checksums.sql")),
    Step::sql(include_str!("../../migrations/0010_down_since.sql")),
    Step::sql(include_str!("../../migrations/0011_days.sql")),
    Step { sql: include_str!("../../migrations/0012_states.sql"), then: Some(rename_states), purges: false },
    Step::sql(include_str!("../../migrations/0013_segments.sql")),
    Step::sql(include_str!("../../migrations/0014_dependencies.sql")),
    Step::sql(include_str!("../../migrations/0015_overruled.sql")),
    Step::sql(include_str!("../../migrations/0016_locations_and_members.sql")),
    Step::sql(include_str!("../../migrations/0017_corrections.sql")),
    Step::sql(include_str!("../../migrations/0018_maintenance_now.sql")),
    Step::sql(include_str!("../../migrations/0019_hindsight.sql")),
    Step::sql(include_str!("../../migrations/0020_news.sql")),
    Step::sql(include_str!("../../migrations/0021_snapshot_runs.sql")),
    Step::sql(include_str!("../../migrations/0022_downtime_events.sql")),
    Step::sql(include_str!("../../migrations/0023_whole_views.sql")),
    Step::sql(include_str!("../../migrations/0024_published_digest.sql")),
];
/// The result of all steps, for a new database: running them one by one costs ten milliseconds.
pub(in crate::store) const WHOLE: &str = include_str!("../../migrations/whole.sql");
/// The schema this build reads and writes.
pub(crate) const SCHEMA: i32 = STEPS.len() as i32;

/// Runs all missing steps in one transaction; another process may be about to do the same.
pub(super) fn migrate(connection: &Connection) -> Result<()> {
    row::register(connection)?;
    // Removed content is overwritten immediately.
    connection.execute_batch("PRAGMA secure_delete = ON; BEGIN IMMEDIATE")?;
    let steps = || -> Result<bool> {
        if is_empty(connection)? {
            connection.execute_batch(WHOLE)?;
            mark(connection, SCHEMA)?;
            return Ok(false);
        }
        let missing = STEPS.get(usize::try_from(check_identity(connection)?)?..).unwrap_or_default();
        if missing.is_empty() {
            return Ok(false);
        }
        row::refuse_damaged(connection)?;
        for step in missing {
            connection.execute_batch(step.sql)?;
            step.then.map_or(Ok(()), |then| then(connection))?;
        }
        row::sum_all(connection)?;
        mark(connection, SCHEMA)?;
        Ok(missing.iter().any(|step| step.purges))
    };
    let result = steps().and_then(|purges| {
        connection.execute_batch("COMMIT")?;
        Ok(purges)
    });
    if result.is_err() {
        drop(connection.execute_batch("ROLLBACK"));
    }
    if result.context("upgrading the schema")? { purge(connection) } else { Ok(()) }
}

/// Marks the file as slo's, with its schema version.
fn mark(connection: &Connection, schema: i32) -> Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(connection.pragma_update(None, "user_version", schema)?)
}

/// Makes an empty in-memory database with this or an earlier schema.
#[cfg(any(feature = "postgres", test))]
pub(in crate::store) fn copy_of_schema(version: i32) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    row::register(&connection)?;
    connection.pragma_update(None, "page_size", super::PAGE_BYTES)?;
    // References are not enforced, because the rows they refer to may not be copied, and neither are checks: damaged
    // rows are copied, too, so that their checksums tell.
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;
         PRAGMA ignore_check_constraints = ON; PRAGMA temp_store = MEMORY; BEGIN",
    )?;
    if version == SCHEMA {
        connection.execute_batch(WHOLE)?;
    } else {
        STEPS.iter().take(usize::try_from(version)?).try_for_each(|step| connection.execute_batch(step.sql))?;
    }
    mark(&connection, version)?;
    connection.execute_batch("COMMIT")?;
    connection.set_prepared_statement_cache_capacity(super::MOST_STATEMENTS);
    Ok(connection)
}

/// Makes an empty in-memory database, the copy of another one that is filled as needed.
#[cfg(any(feature = "postgres", test))]
pub(in crate::store) fn empty_copy() -> Result<Connection> {
    copy_of_schema(SCHEMA)
}

/// The SQL of the steps from a schema to this one. It names every table that they read or write.
#[cfg(feature = "postgres")]
pub(in crate::store) fn statements_after(version: i32) -> String {
    STEPS.iter().skip(usize::try_from(version).unwrap_or_default()).map(|step| step.sql).collect()
}

/// Runs all missing steps.
#[cfg(feature = "postgres")]
pub(in crate::store) fn migrate_copy(connection: &Connection) -> Result<()> {
    migrate(connection)
}

/// Rebuilds the file and empties its log, so that no copy of removed content is left in free pages or in the log.
fn purge(connection: &Connection) -> Result<()> {
    connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| {
        Failure::new(
            format!("the schema is up to date, but the text of --exec commands may be left in free parts of the file: {error}"),
            "run `slo db compact`, which removes them",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty database that has run every step.
    fn stepped() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        row::register(&connection).unwrap();
        for step in STEPS {
            connection.execute_batch(step.sql).unwrap();
            step.then.map_or(Ok(()), |then| then(&connection)).unwrap();
        }
        connection
    }

    /// The statements that make a schema, tables first.
    fn statements(connection: &Connection) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn whole() -> String {
        let made = "-- Why: what the steps of this folder come to, for a new database. Made by `cargo test --lib rewrite_ -- --ignored`.\n";
        made.to_owned() + &statements(&stepped()).join(";\n") + ";\n"
    }

    #[test]
    fn a_new_database_is_one_that_has_taken_every_step() {
        assert_eq!(WHOLE, whole(), "run `cargo test --lib rewrite_ -- --ignored` after a new step");
        assert_eq!(statements(&empty_copy().unwrap()), statements(&stepped()));
    }

    #[test]
    fn the_steps_leave_no_row_in_an_empty_database() {
        let connection = stepped();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'";
        let mut statement = connection.prepare(tables).unwrap();
        for table in statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
            let rows: i64 =
                connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 0, "{table}");
        }
    }

    #[test]
    #[ignore = "it writes the file that the test above compares"]
    fn rewrite_whole() {
        std::fs::write("src/store/migrations/whole.sql", whole()).unwrap();
    }
}
