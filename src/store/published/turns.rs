//! Owns how far the turns of conditions are logged, and reading them back from the log. The column `objective` holds
//! [`Pair::subject_id`].

use anyhow::Result;
use rusqlite::params;

use super::changes;
use crate::domain::rules::change::View;
use crate::domain::rules::turn::{Entry, Pair, Told};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::BEGINNING;
use crate::store::database::connection::Connection;
use crate::store::database::open::{Store, Unreadable};
use crate::store::facts::history::stored_name;
use crate::store::soundness::row::{intact, is_intact, row_sum};

/// How far the turns of one condition for one objective or system are logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LoggedUntil {
    /// What decides them besides the journal.
    pub(crate) fingerprint: i64,
    /// The start of logging: earlier turns were no news any more.
    pub(crate) from: Instant,
    /// The last instant until which they are logged.
    pub(crate) at: Instant,
}

/// Marks turns at `at` and later as possibly different from the logged ones.
pub(in crate::store) fn outdate(connection: &Connection, at: Instant) -> Result<()> {
    // A damaged row stays damaged.
    let sql = concat!(
        "UPDATE condition_logged SET logged_until = ?1, checksum = CASE checksum WHEN ",
        row_sum!(condition_logged),
        " THEN row_sum(condition, objective, fingerprint, ?1, logged_from) ELSE checksum END WHERE logged_until > ?1"
    );
    connection.prepare_cached(sql)?.execute([at.plus(-1).millis()])?;
    Ok(())
}

impl Store {
    /// How far everything is logged, sorted by name. Damaged rows count as not logged.
    pub(crate) fn logged_conditions(&self) -> Result<Vec<(Pair, LoggedUntil)>> {
        let sql = concat!(
            "SELECT condition, objective, fingerprint, logged_until, logged_from, ",
            intact!(condition_logged),
            " FROM condition_logged ORDER BY 1, 2"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (condition, objective): (String, String) = (row.get(0)?, row.get(1)?);
            if !is_intact(row, 5)? {
                self.noticed.note("condition_logged", &format!("{condition} {objective}"));
                continue;
            }
            let unreadable = || Unreadable(format!("{objective:?} is neither an objective nor a system"));
            let subject = Pair::parse_subject(&objective).ok_or_else(unreadable)?;
            let pair = Pair { condition: stored_name(&condition)?, subject };
            let [at, from] = [row.get(3)?, row.get(4)?].map(Instant::from_millis);
            found.push((pair, LoggedUntil { fingerprint: row.get(2)?, from, at }));
        }
        Ok(found)
    }

    /// Stores how far the turns of a condition for an objective are logged.
    pub(crate) fn put_logged(&self, pair: &Pair, logged: LoggedUntil) -> Result<()> {
        let sql =
            "INSERT INTO condition_logged (condition, objective, fingerprint, logged_until, logged_from, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, row_sum(?1, ?2, ?3, ?4, ?5))
             ON CONFLICT (condition, objective) DO UPDATE SET fingerprint = excluded.fingerprint,
             logged_until = excluded.logged_until, logged_from = excluded.logged_from, checksum = excluded.checksum";
        let (at, from) = (logged.at.millis(), logged.from.millis());
        let row = params![pair.condition.as_str(), pair.subject_id(), logged.fingerprint, at, from];
        self.connection.prepare_cached(sql)?.execute(row)?;
        Ok(())
    }

    /// Deletes damaged rows.
    pub(crate) fn drop_damaged_logged(&self) -> Result<()> {
        let sql = concat!("DELETE FROM condition_logged WHERE NOT ", intact!(condition_logged));
        self.connection.execute(sql, [])?;
        Ok(())
    }

    /// Deletes how far the turns of a condition for an objective are logged: it is gone.
    pub(crate) fn drop_logged(&self, pair: &Pair) -> Result<()> {
        let sql = "DELETE FROM condition_logged WHERE condition = ?1 AND objective = ?2";
        self.connection.prepare_cached(sql)?.execute([pair.condition.as_str(), &pair.subject_id()])?;
        Ok(())
    }

    /// The last logged view of a condition for an objective; `None` if there is none, or it is logged as gone.
    pub(crate) fn last_turn(&self, pair: &Pair) -> Result<Option<View>> {
        let sql = concat!(
            "SELECT next, ",
            intact!(change_log),
            " FROM change_log WHERE kind = 'condition' AND id = ?1 ORDER BY sequence DESC LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([pair.id()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        changes::expect(row, 1)?;
        let stored: Option<String> = row.get(0)?;
        stored.map(|stored| changes::read_view(&stored)).transpose()
    }

    /// The first instant in the log of a condition for an objective; `None` if it is not logged.
    pub(crate) fn first_told(&self, pair: &Pair) -> Result<Option<Instant>> {
        Ok(self.told(pair, BEGINNING)?.after.first().map(|entry| entry.at))
    }

    /// The log of a condition for an objective from an instant on.
    pub(crate) fn told(&self, pair: &Pair, from: Instant) -> Result<Told> {
        let sql = concat!(
            "SELECT occurred_at, next, ",
            intact!(change_log),
            " FROM change_log WHERE kind = 'condition' AND id = ?1 ORDER BY sequence DESC"
        );
        let id = pair.id();
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([&id])?;
        let unreadable = || Unreadable(format!("the change log of condition {id} does not read"));
        let mut entry = || -> Result<Option<Option<Entry>>> {
            let Some(row) = rows.next()? else { return Ok(None) };
            changes::expect(row, 2)?;
            let (at, next): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let Some(next) = next else { return Ok(Some(None)) };
            let at = Instant::parse_printed(&at).ok_or_else(unreadable)?;
            let entry = Entry::of_view(at, &changes::read_view(&next)?).ok_or_else(unreadable)?;
            Ok(Some(Some(entry)))
        };
        Told::replay(std::iter::from_fn(|| entry().transpose()), from)
    }
}
