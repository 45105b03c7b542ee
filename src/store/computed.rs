//! Owns the tables that `compute` fills for other readers of the file: bringing them in line with what was drawn up, writing only
//! what differs, and comparing them with it. docs/tables.md promises their names and columns.

mod rows;

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::open::{Store, Unreadable};
use super::verify::Difference;
use crate::domain::achievement::Unlocked;
use crate::domain::change::{ChangeKind, Seen, View};
use crate::domain::health::Health;
use crate::domain::instant::Instant;
use crate::domain::name::Name;
use crate::domain::report::ObjectiveReport;
use crate::domain::snapshot::Snapshot;

/// The columns of a table; the first `keys` of them tell its rows apart.
struct Table {
    name: &'static str,
    keys: usize,
    columns: &'static [&'static str],
}

/// The values of one row, in the order of the table's columns.
type Row = Vec<Value>;

/// What is seen of everything by its kind and id.
pub(crate) type Views = BTreeMap<(ChangeKind, String), View>;

/// The last computation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Computed {
    pub(crate) as_of: Instant,
    /// Whether neither a fact up to then nor a manifest has changed since.
    pub(crate) is_current: bool,
}

/// Everything the tables hold but the days, as of one moment.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Published {
    pub(crate) objectives: Vec<ObjectiveReport>,
    pub(crate) systems: Vec<Health>,
    pub(crate) achievements: Vec<Unlocked>,
}

impl Published {
    fn tables(&self) -> Result<Vec<(&'static Table, Vec<Row>)>> {
        let statuses = self.objectives.iter().map(rows::objective).collect::<Result<_>>()?;
        Ok(vec![
            (&rows::OBJECTIVE_STATUS, statuses),
            (&rows::STREAK, self.objectives.iter().map(rows::streak).collect()),
            (&rows::SYSTEM_STATUS, self.systems.iter().map(rows::system).collect()),
            (&rows::ACHIEVEMENT, self.achievements.iter().map(rows::achievement).collect()),
        ])
    }
}

impl Store {
    /// What the last computation was of, if there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn computed(&self) -> Result<Option<Computed>> {
        let sql = "SELECT as_of, is_current FROM computation";
        let found: Option<(String, bool)> =
            self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((as_of, is_current)) = found else { return Ok(None) };
        let as_of =
            Instant::parse_printed(&as_of).ok_or_else(|| Unreadable(format!("computation.as_of is {as_of:?}")))?;
        Ok(Some(Computed { as_of, is_current }))
    }

    /// Remembers what the tables are of.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn put_computed(&self, as_of: Instant) -> Result<()> {
        let sql = "INSERT INTO computation (id, as_of, is_current) VALUES (1, ?1, 1)
                   ON CONFLICT (id) DO UPDATE SET as_of = excluded.as_of, is_current = 1
                   WHERE as_of <> excluded.as_of OR is_current = 0";
        self.connection.execute(sql, [as_of.to_string()])?;
        Ok(())
    }

    /// Remembers that the tables are out of date, for manifests have changed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn outdate_computed(&self) -> Result<()> {
        self.connection.execute("UPDATE computation SET is_current = 0 WHERE is_current = 1", [])?;
        Ok(())
    }

    /// Brings all tables but the days in line, writing only what differs.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn publish(&self, published: &Published) -> Result<()> {
        for (table, wanted) in published.tables()? {
            let stored = self.stored(table, "1", params![])?;
            self.align(table, stored, wanted)?;
        }
        Ok(())
    }

    /// How the tables differ from what should be in them.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn unpublished(&self, published: &Published) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        for (table, wanted) in published.tables()? {
            let stored = self.stored(table, "1", params![])?;
            differences.extend(differing(table, &stored, &keyed(table, wanted)));
        }
        Ok(differences)
    }

    /// The midnight up to which the daily snapshots of an objective hold; `None` if it has no seal.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn published_until(&self, objective: i64) -> Result<Option<Instant>> {
        let sql = "SELECT published_until FROM seal WHERE objective = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok(Instant::from_millis(row.get(0)?));
        Ok(self.connection.prepare_cached(sql)?.query_row([objective], row).optional()?)
    }

    /// Makes `days` all there is of an objective after a midnight, and holds it to be right up to another.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn publish_days(
        &self,
        (id, objective): (i64, &Name),
        days: &[Snapshot],
        after: Instant,
        until: Instant,
    ) -> Result<()> {
        let stored = self.stored_days(objective, "date >= ?2", after)?;
        self.align(&rows::DAILY_SNAPSHOT, stored, days.iter().map(rows::day).collect())?;
        let sql = "UPDATE seal SET published_until = ?2 WHERE objective = ?1 AND published_until <> ?2";
        self.connection.prepare_cached(sql)?.execute([id, until.millis()])?;
        Ok(())
    }

    /// How the days of an objective differ from `days`: all of them, or with `until` only those that end at or before it.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn unpublished_days(
        &self,
        objective: &Name,
        days: &[Snapshot],
        until: Option<Instant>,
    ) -> Result<Vec<Difference>> {
        let stored = self.stored_days(objective, "date < ?2", until.unwrap_or(Instant::MAX))?;
        let wanted = days.iter().filter(|day| until.is_none_or(|until| day.at <= until)).map(rows::day).collect();
        Ok(differing(&rows::DAILY_SNAPSHOT, &stored, &keyed(&rows::DAILY_SNAPSHOT, wanted)))
    }

    /// Forgets the days of an objective that is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn withdraw_days(&self, objective: &str) -> Result<()> {
        self.connection.execute("DELETE FROM daily_snapshot WHERE objective_id = ?1", [objective])?;
        Ok(())
    }

    /// What was seen of everything when it was last computed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn last_views(&self) -> Result<Views> {
        let mut views = Views::new();
        let mut read = |kind: ChangeKind, sql: &str, fields: &[(&str, bool)]| -> Result<()> {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let mut view = Vec::with_capacity(fields.len());
                for (index, (name, is_flag)) in fields.iter().enumerate() {
                    let seen = if *is_flag { Seen::Flag(row.get(index + 1)?) } else { Seen::Text(row.get(index + 1)?) };
                    view.push(((*name).to_owned(), seen));
                }
                views.insert((kind, row.get(0)?), View(view));
            }
            Ok(())
        };
        read(
            ChangeKind::Objective,
            "SELECT objective_id, state, budget_tier, is_breaching, has_open_downtime, fast_burn FROM objective_status",
            &[
                ("state", false),
                ("budgetTier", false),
                ("isBreaching", true),
                ("hasOpenDowntime", true),
                ("fastBurn", true),
            ],
        )?;
        read(ChangeKind::System, "SELECT system_id, status FROM system_status", &[("status", false)])?;
        read(
            ChangeKind::Achievement,
            "SELECT system_id || '/' || achievement, system_id, achievement, unlocked_at FROM achievement",
            &[("systemId", false), ("achievement", false), ("unlockedAt", false)],
        )?;
        Ok(views)
    }

    fn stored_days(&self, objective: &Name, bound: &str, at: Instant) -> Result<BTreeMap<Vec<String>, Row>> {
        let bound = format!("objective_id = ?1 AND {bound}");
        self.stored(&rows::DAILY_SNAPSHOT, &bound, params![objective.as_str(), rows::date(at)])
    }

    /// The rows of a table under a condition, by their keys.
    fn stored(
        &self,
        table: &Table,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<BTreeMap<Vec<String>, Row>> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", table.columns.join(", "), table.name);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((0..table.columns.len()).map(|index| row.get(index)).collect::<rusqlite::Result<Row>>()?);
        }
        Ok(keyed(table, found))
    }

    /// Writes the rows that differ from the stored ones, and deletes those that are not wanted.
    fn align(&self, table: &Table, mut stored: BTreeMap<Vec<String>, Row>, wanted: Vec<Row>) -> Result<()> {
        let places: Vec<String> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
        let write = format!(
            "INSERT OR REPLACE INTO {} ({}) VALUES ({})",
            table.name,
            table.columns.join(", "),
            places.join(", ")
        );
        for (key, row) in keyed(table, wanted) {
            if stored.remove(&key).as_ref() != Some(&row) {
                self.connection.prepare_cached(&write)?.execute(params_from_iter(row))?;
            }
        }
        let keys: Vec<String> = table.columns[..table.keys]
            .iter()
            .zip(&places)
            .map(|(column, place)| format!("{column} = {place}"))
            .collect();
        let delete = format!("DELETE FROM {} WHERE {}", table.name, keys.join(" AND "));
        for key in stored.into_keys() {
            self.connection.prepare_cached(&delete)?.execute(params_from_iter(key))?;
        }
        Ok(())
    }
}

fn keyed(table: &Table, rows: Vec<Row>) -> BTreeMap<Vec<String>, Row> {
    let key = |row: &Row| row[..table.keys].iter().map(in_words).collect();
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

/// One sentence for each row that is missing, too many, or has another value.
fn differing(
    table: &Table,
    stored: &BTreeMap<Vec<String>, Row>,
    wanted: &BTreeMap<Vec<String>, Row>,
) -> Vec<Difference> {
    let place = |key: &[String]| format!("{}: {}", table.name, key.join(" "));
    let mut differences = Vec::new();
    for (key, row) in wanted {
        let Some(is) = stored.get(key) else {
            differences.push(Difference(format!("{} is missing", place(key))));
            continue;
        };
        let unequal = table.columns.iter().zip(is.iter().zip(row)).find(|(_, (is, should))| is != should);
        if let Some((column, (is, should))) = unequal {
            let (is, should) = (in_words(is), in_words(should));
            differences.push(Difference(format!("{} has the {column} {is}; recomputed it is {should}", place(key))));
        }
    }
    let needless = stored.keys().filter(|key| !wanted.contains_key(*key));
    differences.extend(needless.map(|key| Difference(format!("{} should not be there", place(key)))));
    differences
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(_) => "a blob".to_owned(),
    }
}
