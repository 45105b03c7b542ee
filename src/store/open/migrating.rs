//! Owns the way from each schema to the next: a step is SQL, and where SQL does not do, some code.

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::super::changes::forget_texts;
use super::super::soundness::row;
use super::restating::rename_states;
use super::{APPLICATION_ID, check_identity, is_empty};
use crate::failure::Failure;

/// A step to the next schema. Steps only go forward.
pub(super) struct Step {
    pub(super) sql: &'static str,
    /// What is done behind the SQL.
    then: Option<fn(&Connection) -> Result<()>>,
    /// Whether it removes what must not be found in the file afterwards.
    purges: bool,
}

impl Step {
    const fn sql(sql: &'static str) -> Self {
        Self { sql, then: None, purges: false }
    }
}

pub(super) const STEPS: &[Step] = &[
    Step::sql(include_str!("../migrations/0001_journal_and_manifests.sql")),
    Step::sql(include_str!("../migrations/0002_conditions.sql")),
    Step::sql(include_str!("../migrations/0003_sets.sql")),
    Step::sql(include_str!("../migrations/0004_computed.sql")),
    Step::sql(include_str!("../migrations/0005_logged_conditions.sql")),
    Step { sql: include_str!("../migrations/0006_recipients.sql"), then: Some(forget_texts), purges: true },
    Step::sql(include_str!("../migrations/0007_freshness.sql")),
    Step::sql(include_str!("../migrations/0008_repositories.sql")),
    Step::sql(include_str!("../migrations/0009_checksums.sql")),
    Step::sql(include_str!("../migrations/0010_down_since.sql")),
    Step::sql(include_str!("../migrations/0011_days.sql")),
    Step { sql: include_str!("../migrations/0012_states.sql"), then: Some(rename_states), purges: false },
    Step::sql(include_str!("../migrations/0013_segments.sql")),
    Step::sql(include_str!("../migrations/0014_dependencies.sql")),
    Step::sql(include_str!("../migrations/0015_overruled.sql")),
    Step::sql(include_str!("../migrations/0016_locations_and_members.sql")),
    Step::sql(include_str!("../migrations/0017_corrections.sql")),
    Step::sql(include_str!("../migrations/0018_maintenance_now.sql")),
    Step::sql(include_str!("../migrations/0019_hindsight.sql")),
    Step::sql(include_str!("../migrations/0020_news.sql")),
];
/// The schema this build reads and writes.
pub(crate) const SCHEMA: i32 = STEPS.len() as i32;

/// Takes every step that is missing in one transaction; another process may be about to do the same.
pub(super) fn migrate(connection: &Connection) -> Result<()> {
    row::register(connection)?;
    // What a step removes is overwritten at once.
    connection.execute_batch("PRAGMA secure_delete = ON; BEGIN IMMEDIATE")?;
    let steps = || -> Result<bool> {
        let version = if is_empty(connection)? { 0 } else { check_identity(connection)? };
        let missing = STEPS.get(usize::try_from(version)?..).unwrap_or_default();
        if !missing.is_empty() {
            row::refuse_damaged(connection)?;
        }
        for step in missing {
            connection.execute_batch(step.sql)?;
            step.then.map_or(Ok(()), |then| then(connection))?;
        }
        if !missing.is_empty() {
            row::sum_all(connection)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", SCHEMA)?;
        }
        Ok(version > 0 && missing.iter().any(|step| step.purges))
    };
    let result = steps().and_then(|purges| {
        connection.execute_batch("COMMIT")?;
        Ok(purges)
    });
    if result.is_err() {
        drop(connection.execute_batch("ROLLBACK"));
    }
    if result.context("bringing the schema up to date")? { purge(connection) } else { Ok(()) }
}

/// Makes the file anew, and its log empty, so that no copy is left of what was removed: neither in free pages nor in the log.
fn purge(connection: &Connection) -> Result<()> {
    connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| {
        Failure::new(
            format!("the schema is up to date, but texts of --exec may be left in free parts of the file: {error}"),
            "run `slo db compact`, which removes them",
        )
    })
}
