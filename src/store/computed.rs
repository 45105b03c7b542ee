//! Owns the tables that `compute` fills for other readers of the file: bringing them in line with what was computed, writing only
//! what differs, and comparing them with it. docs/reference/tables.md promises their names and columns.

mod rows;

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{params, params_from_iter};

use super::open::Store;
use super::seals;
use super::soundness::DamagedCache;
use super::soundness::Difference;
use super::soundness::row::{self, intact, is_intact, row_sum};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::health::report::Health;
use crate::domain::rules::change::{ChangeKind, Seen, View};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The columns of a table as it declares them, but for the checksum; the first `keys` of them tell its rows apart.
struct Table {
    name: &'static str,
    keys: usize,
    columns: &'static [&'static str],
}

impl Table {
    /// All columns, as they are read and written.
    fn all(&self) -> String {
        format!("{}, checksum", self.columns.join(", "))
    }
}

/// Rows with their checksums.
fn summed(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let summed = |mut row: Row| {
        row.push(Value::Integer(row::checksum(row.iter().map(ValueRef::from)).into()));
        row
    };
    rows.map(summed).collect()
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
        let statuses = self.objectives.iter().map(rows::objective).collect::<Result<Vec<_>>>()?;
        Ok(vec![
            (&rows::OBJECTIVE_STATUS, summed(statuses.into_iter())),
            (&rows::STREAK, summed(self.objectives.iter().map(rows::streak))),
            (&rows::SYSTEM_STATUS, summed(self.systems.iter().map(rows::system))),
            (&rows::ACHIEVEMENT, summed(self.achievements.iter().map(rows::achievement))),
        ])
    }
}

impl Store {
    /// What the last computation was of, if there was one; `None` also when the row that says so is damaged.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn computed(&self) -> Result<Option<Computed>> {
        let sql = concat!("SELECT as_of, is_current, ", intact!(computation), " FROM computation");
        self.believe("computation", &"", || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let as_of =
                Instant::parse_printed(row.get_ref(0)?.as_str()?).filter(|_| is_intact(row, 2).unwrap_or(false));
            let as_of = as_of.ok_or(DamagedCache("computation"))?;
            Ok(Some(Computed { as_of, is_current: row.get(1)? }))
        })
    }

    /// The moment of the last computation, if there was one; `otherwise` when it is damaged.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn computed_or_damaged(&self, otherwise: Instant) -> Result<Option<Instant>> {
        if let Some(computed) = self.computed()? {
            return Ok(Some(computed.as_of));
        }
        let was = self.connection.prepare("SELECT 1 FROM computation").and_then(|mut statement| statement.exists([]));
        Ok(was.unwrap_or(true).then_some(otherwise))
    }

    /// Remembers what the tables are of.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn put_computed(&self, as_of: Instant) -> Result<()> {
        self.connection.execute("DELETE FROM computation WHERE id <> 1", [])?;
        let sql = "INSERT INTO computation (id, as_of, is_current, checksum) VALUES (1, ?1, 1, row_sum(1, ?1, 1))
                   ON CONFLICT (id) DO UPDATE SET as_of = excluded.as_of, is_current = 1, checksum = excluded.checksum
                   WHERE as_of <> excluded.as_of OR is_current <> 1 OR checksum <> excluded.checksum";
        self.connection.execute(sql, [as_of.to_string()])?;
        Ok(())
    }

    /// Remembers that the tables are out of date, for manifests have changed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn outdate_computed(&self) -> Result<()> {
        seals::outdate(&self.connection, Instant::MIN)
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

    /// Makes `days` all there is of an objective from a date on, and holds it to be right up to a midnight.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn publish_days(
        &self,
        (id, objective): (i64, &Name),
        days: &[Snapshot],
        from: Date,
        until: Instant,
    ) -> Result<()> {
        let stored = self.stored_days(objective, "date >= ?2", &from.to_string())?;
        self.align(&rows::DAILY_SNAPSHOT, stored, summed(days.iter().map(rows::day)))?;
        let sql = concat!(
            "UPDATE seal SET published_until = ?2, checksum = CASE checksum WHEN ",
            row_sum!(seal),
            " THEN row_sum(objective, fingerprint, sealed_until, ?2, due_at) ELSE checksum END
             WHERE objective = ?1 AND published_until <> ?2"
        );
        self.connection.prepare_cached(sql)?.execute([id, until.millis()])?;
        Ok(())
    }

    /// How the days of an objective differ from `days`: all of them, or with `until` only those before that date.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn unpublished_days(
        &self,
        objective: &Name,
        days: &[Snapshot],
        until: Option<Date>,
    ) -> Result<Vec<Difference>> {
        let stored = match until {
            Some(until) => self.stored_days(objective, "date < ?2", &until.to_string())?,
            None => self.stored_days(objective, "date >= ?2", "")?,
        };
        let wanted = days.iter().filter(|day| until.is_none_or(|until| day.date < until)).map(rows::day);
        Ok(differing(&rows::DAILY_SNAPSHOT, &stored, &keyed(&rows::DAILY_SNAPSHOT, summed(wanted))))
    }

    /// Forgets the days of an objective that is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn withdraw_days(&self, objective: &str) -> Result<()> {
        self.connection.execute("DELETE FROM daily_snapshot WHERE objective_id = ?1", [objective])?;
        Ok(())
    }

    /// What was seen of everything when it was last computed. Where a table that tells it is damaged, the change log tells it.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn last_views(&self) -> Result<Views> {
        if self.computed()?.is_none() {
            return self.logged_views();
        }
        let seen = self.believe("objective_status", &"", || self.published_views().map(Some))?;
        seen.map_or_else(|| self.logged_views(), Ok)
    }

    fn published_views(&self) -> Result<Views> {
        let mut views = Views::new();
        let mut read = |kind: ChangeKind, table: &Table, id: &str, fields: &[(&str, &str, bool)]| -> Result<()> {
            let columns: Vec<&str> = fields.iter().map(|(_, column, _)| *column).collect();
            let (sum, columns, name) = (table.columns.join(", "), columns.join(", "), table.name);
            let sql = format!("SELECT {id}, checksum = row_sum({sum}), {columns} FROM {name}");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if !is_intact(row, 1)? {
                    return Err(DamagedCache(name).into());
                }
                let mut view = Vec::with_capacity(fields.len());
                for (index, (name, _, is_flag)) in fields.iter().enumerate() {
                    let seen = if *is_flag { Seen::Flag(row.get(index + 2)?) } else { Seen::Text(row.get(index + 2)?) };
                    view.push(((*name).to_owned(), seen));
                }
                views.insert((kind, row.get(0)?), View(view));
            }
            Ok(())
        };
        read(
            ChangeKind::Objective,
            &rows::OBJECTIVE_STATUS,
            "objective_id",
            &[
                ("state", "state", false),
                ("budgetTier", "budget_tier", false),
                ("isBreaching", "is_breaching", true),
                ("hasOpenDowntime", "has_open_downtime", true),
                ("fastBurn", "fast_burn", true),
            ],
        )?;
        read(ChangeKind::System, &rows::SYSTEM_STATUS, "system_id", &[("status", "status", false)])?;
        read(
            ChangeKind::Achievement,
            &rows::ACHIEVEMENT,
            "system_id || '/' || achievement",
            &[
                ("systemId", "system_id", false),
                ("achievement", "achievement", false),
                ("unlockedAt", "unlocked_at", false),
            ],
        )?;
        Ok(views)
    }

    fn stored_days(&self, objective: &Name, bound: &str, date: &str) -> Result<BTreeMap<Vec<String>, Row>> {
        let bound = format!("objective_id = ?1 AND {bound}");
        self.stored(&rows::DAILY_SNAPSHOT, &bound, params![objective.as_str(), date])
    }

    /// The rows of a table under a condition, by their keys.
    fn stored(
        &self,
        table: &Table,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<BTreeMap<Vec<String>, Row>> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", table.all(), table.name);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((0..=table.columns.len()).map(|index| row.get(index)).collect::<rusqlite::Result<Row>>()?);
        }
        Ok(keyed(table, found))
    }

    /// Writes the rows that differ from the stored ones, and deletes those that are not wanted.
    fn align(&self, table: &Table, mut stored: BTreeMap<Vec<String>, Row>, wanted: Vec<Row>) -> Result<()> {
        let places: Vec<String> = (1..=table.columns.len() + 1).map(|place| format!("?{place}")).collect();
        let write = format!("INSERT OR REPLACE INTO {} ({}) VALUES ({})", table.name, table.all(), places.join(", "));
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
        let columns = table.columns.iter().chain(&["checksum"]);
        let unequal = columns.zip(is.iter().zip(row)).find(|(_, (is, should))| is != should);
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
