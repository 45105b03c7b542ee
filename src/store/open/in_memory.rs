//! Owns databases in memory: empty ones of this schema or an earlier one, which are filled as needed.

use anyhow::Result;
use rusqlite::Connection;

use super::super::soundness::row;
use super::migrating::{SCHEMA, STEPS, migrate};
use super::{APPLICATION_ID, MOST_STATEMENTS, PAGE_BYTES};

/// What all steps lead to.
const AT_ONCE: &str = include_str!("../migrations/at_once.sql");

/// Makes an empty database of this schema, without taking all steps: they take ten times as long.
///
/// # Errors
/// Those of SQLite.
pub(in crate::store) fn empty_copy() -> Result<Connection> {
    made_by([AT_ONCE], SCHEMA)
}

/// Makes an empty database of an earlier schema, or of this one.
///
/// # Errors
/// Those of SQLite.
pub(in crate::store) fn copy_of_schema(version: i32) -> Result<Connection> {
    made_by(STEPS.iter().take(usize::try_from(version)?).map(|step| step.sql), version)
}

fn made_by<'s>(statements: impl IntoIterator<Item = &'s str>, version: i32) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    row::register(&connection)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    // References are not enforced, for what they refer to may be left behind.
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; BEGIN",
    )?;
    for sql in statements {
        connection.execute_batch(sql)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", version)?;
    connection.execute_batch("COMMIT")?;
    connection.set_prepared_statement_cache_capacity(MOST_STATEMENTS);
    Ok(connection)
}

/// The SQL of the steps that lead from a schema to this one. It names every table that they read or write.
pub(in crate::store) fn statements_after(version: i32) -> String {
    STEPS.iter().skip(usize::try_from(version).unwrap_or_default()).map(|step| step.sql).collect()
}

/// Takes every step that is missing.
///
/// # Errors
/// Those of SQLite, and when a row is damaged.
pub(in crate::store) fn migrate_copy(connection: &Connection) -> Result<()> {
    migrate(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "-- What all steps lead to, for copies in memory. Made by `cargo test --lib rewrite_ -- --ignored`.\n";

    fn declared(connection: &Connection) -> String {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
        let mut statement = connection.prepare(sql).unwrap();
        let declared = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        declared.fold(HEAD.to_owned(), |text, sql| text + &sql.unwrap() + ";\n")
    }

    #[test]
    fn what_is_made_at_once_is_what_all_steps_lead_to() {
        let steps = declared(&copy_of_schema(SCHEMA).unwrap());
        assert_eq!(steps, AT_ONCE, "after a new step: cargo test --lib rewrite_ -- --ignored");
        assert_eq!(declared(&empty_copy().unwrap()), steps);
    }

    #[test]
    #[ignore = "rewrites the file"]
    fn rewrite_what_is_made_at_once() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations/at_once.sql");
        std::fs::write(path, declared(&copy_of_schema(SCHEMA).unwrap())).unwrap();
    }
}
