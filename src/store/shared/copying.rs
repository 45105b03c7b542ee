//! Owns making the working copy: the tables of a file, empty, with triggers that note changed rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::catalog::{Catalog, Table};
use crate::store::database::open::empty_copy;

/// Makes an empty working copy, whose [noted](note) tables note the keys of changed rows while `notes_changes` is set.
pub(super) fn make(notes_changes: &Arc<AtomicBool>) -> Result<(Connection, Catalog)> {
    let sqlite = empty_copy()?;
    let catalog = Catalog::of(&sqlite)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    let on = Arc::clone(notes_changes);
    sqlite.create_scalar_function("notes_changes", 0, flags, move |_| Ok(on.load(Ordering::Relaxed)))?;
    Ok((sqlite, catalog))
}

/// Makes tables note the keys of changed rows. A rollback of the transaction undoes this.
pub(super) fn note<'t>(sqlite: &Connection, tables: impl Iterator<Item = &'t Table>) -> Result<()> {
    let triggers: String = tables.map(triggers).collect();
    Ok(sqlite.execute_batch(&triggers)?)
}

/// The name of the table with the keys of changed rows.
pub(super) fn changed(table: &Table) -> String {
    format!("changed_{}", table.name)
}

fn triggers(table: &Table) -> String {
    let (name, changed, keys) = (&table.name, changed(table), table.keys.join(", "));
    let of = |row: &str| table.keys.iter().map(|key| format!("{row}.{key}")).collect::<Vec<_>>().join(", ");
    let is = |row: &str| table.keys.iter().map(|key| format!("{key} = {row}.{key}")).collect::<Vec<_>>().join(" AND ");
    // The conflict clause of a statement would override an OR IGNORE of its triggers.
    let note = |row: &str| {
        let (of, is) = (of(row), is(row));
        format!("INSERT INTO {changed} SELECT {of} WHERE NOT EXISTS (SELECT 1 FROM {changed} WHERE {is});")
    };
    let (old, new) = (note("OLD"), note("NEW"));
    // Without the types of the table's own keys, SQLite would compare all of them instead of looking one up.
    let column = |key: &String| table.columns.iter().find(|column| column.name == *key);
    let typed: Vec<String> =
        table.keys.iter().filter_map(column).map(|key| format!("{} {}", key.name, key.declared())).collect();
    let typed = typed.join(", ");
    let mut sql = format!(
        "CREATE TEMP TABLE {changed} ({typed}, PRIMARY KEY ({keys})) WITHOUT ROWID;
         CREATE TEMP TRIGGER {name}_inserted AFTER INSERT ON main.{name} WHEN notes_changes() BEGIN {new} END;
         CREATE TEMP TRIGGER {name}_deleted AFTER DELETE ON main.{name} WHEN notes_changes() BEGIN {old} END;
         CREATE TEMP TRIGGER {name}_updated AFTER UPDATE ON main.{name} WHEN notes_changes() BEGIN {old} {new} END;\n"
    );
    // References are not enforced in a copy, so this deletes what depends on a row.
    for (child, column) in &table.cascades {
        sql.push_str(&format!(
            "CREATE TEMP TRIGGER {name}_{child}_deleted AFTER DELETE ON main.{name} WHEN notes_changes()
             BEGIN DELETE FROM {child} WHERE {column} = OLD.id; END;\n"
        ));
    }
    sql
}

/// The tables that statements use, as SQLite reports while it prepares them.
#[derive(Default, Debug)]
pub(super) struct Asked(AtomicU64);

impl Asked {
    /// Listens to a working copy.
    pub(super) fn listen(sqlite: &Connection, catalog: &Catalog) -> Result<Arc<Self>> {
        let asked = Arc::new(Self::default());
        let tables = catalog.tables.iter().enumerate();
        let mut bits: HashMap<String, u64> = tables.map(|(index, table)| (table.name.clone(), 1 << index)).collect();
        // The last ids of tables come with the tables.
        bits.insert("sqlite_sequence".to_owned(), catalog.bits(&["manifest", "change_log"]));
        let listener = Arc::clone(&asked);
        sqlite.authorizer(Some(move |context: AuthContext<'_>| {
            if let AuthAction::Read { table_name, .. }
            | AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } = context.action
                && let Some(bit) = bits.get(table_name)
            {
                listener.0.fetch_or(*bit, Ordering::Relaxed);
            }
            Authorization::Allow
        }))?;
        Ok(asked)
    }

    pub(super) fn bits(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn ask(&self, bits: u64) {
        self.0.fetch_or(bits, Ordering::Relaxed);
    }

    pub(super) fn forget(&self, bits: u64) {
        self.0.fetch_and(!bits, Ordering::Relaxed);
    }
}
