//! Owns the record of applies: who applied which set, when, and what changed.

use anyhow::Result;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use crate::domain::plan::applied::ApplyRecord;
use crate::domain::plan::object::{Identity, Kind};
use crate::domain::plan::reconcile::FieldChange;
use crate::domain::plan::reconcile::change::{Change, Deed};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::{Store, Unreadable};
use crate::store::facts::history::stored_name;
use crate::store::soundness::row::{expect, intact, row_sum};

/// A field that changed, as stored.
#[derive(Serialize, Deserialize)]
struct WireField {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl Store {
    /// Records an apply and sets its `id`. Runs in a write transaction.
    pub(crate) fn record_apply(&self, record: &ApplyRecord) -> Result<()> {
        let sql = "INSERT INTO apply_log (applied_at, set_name, commit_id, author, unchanged, checksum) VALUES (?1, ?2, ?3, ?4, ?5, 0)";
        let (set, at) = (record.set.as_str(), record.applied_at.millis());
        self.connection.execute(sql, params![at, set, record.commit, record.author, record.unchanged])?;
        let apply = self.connection.last_insert_rowid();
        let sum = concat!("UPDATE apply_log SET checksum = ", row_sum!(apply_log), " WHERE id = ?1");
        self.connection.execute(sum, [apply])?;
        let sql = "INSERT INTO apply_change (apply, position, deed, kind, name, old_name, fields, checksum)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, row_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7))";
        let mut insert = self.connection.prepare_cached(sql)?;
        for (position, change) in record.changes.iter().enumerate() {
            let fields = change.fields.iter().map(|field| WireField {
                field: field.path.clone(),
                before: field.before.clone(),
                after: field.after.clone(),
            });
            insert.execute(params![
                apply,
                position,
                change.deed.as_str(),
                change.identity.kind.as_str(),
                change.identity.name.as_str(),
                change.old_name.as_ref().map(Name::as_str),
                serde_json::to_string(&fields.collect::<Vec<_>>())?,
            ])?;
        }
        Ok(())
    }

    /// The applies of a set (`None`: of all), newest first, at most `most`; with names, only those that changed an
    /// object with such a name, old or new.
    pub(crate) fn applies(&self, set: Option<&Name>, names: &[Name], most: usize) -> Result<Vec<ApplyRecord>> {
        let names = serde_json::to_string(&names.iter().map(Name::as_str).collect::<Vec<_>>())?;
        let sql = concat!(
            "SELECT id, applied_at, set_name, commit_id, author, unchanged, ",
            intact!(apply_log),
            " FROM apply_log WHERE (?1 IS NULL OR set_name = ?1) AND (?2 = '[]' OR id IN
              (SELECT apply FROM apply_change, json_each(?2) wanted WHERE wanted.value IN (name, old_name)))
              ORDER BY id DESC LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![set.map(Name::as_str), names, most])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            expect(row, 6, || format!("apply {id}"))?;
            records.push(ApplyRecord {
                id,
                applied_at: Instant::from_millis(row.get(1)?),
                set: stored_name(row.get_ref(2)?.as_str()?)?,
                commit: row.get(3)?,
                author: row.get(4)?,
                unchanged: row.get(5)?,
                changes: self.changes_of(id)?,
            });
        }
        Ok(records)
    }

    /// The names that objects have or had, according to the log, sorted.
    pub(crate) fn names_ever(&self) -> Result<Vec<Name>> {
        let sql = "SELECT name FROM manifest UNION SELECT name FROM apply_change
                   UNION SELECT old_name FROM apply_change WHERE old_name IS NOT NULL ORDER BY 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|name| stored_name(&name?)).collect()
    }

    fn changes_of(&self, apply: i64) -> Result<Vec<Change>> {
        let sql = concat!(
            "SELECT deed, kind, name, old_name, fields, ",
            intact!(apply_change),
            " FROM apply_change WHERE apply = ?1 ORDER BY position"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([apply])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            expect(row, 5, || format!("a change of apply {apply}"))?;
            let (deed, kind) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            let unknown =
                || Unreadable(format!("the log says {deed:?} of a {kind:?}, which this version does not know"));
            let fields: Vec<WireField> = serde_json::from_str(row.get_ref(4)?.as_str()?)?;
            let fields =
                fields.into_iter().map(|WireField { field: path, before, after }| FieldChange { path, before, after });
            changes.push(Change {
                deed: Deed::parse(deed).ok_or_else(unknown)?,
                identity: Identity {
                    kind: Kind::parse(kind).ok_or_else(unknown)?,
                    name: stored_name(row.get_ref(2)?.as_str()?)?,
                },
                old_name: row.get_ref(3)?.as_str_or_null()?.map(stored_name).transpose()?,
                fields: fields.collect(),
            });
        }
        Ok(changes)
    }

    /// The names of all sets that have objects or were applied, sorted.
    pub(crate) fn sets(&self) -> Result<Vec<Name>> {
        let sql =
            "SELECT set_name FROM manifest WHERE set_name IS NOT NULL UNION SELECT set_name FROM apply_log ORDER BY 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|name| stored_name(&name?)).collect()
    }
}
