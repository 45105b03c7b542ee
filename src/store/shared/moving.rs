//! Owns copying entire databases: a file, or a working copy of all tables, becomes a new shared store.

use anyhow::Result;
use rusqlite::Connection;

use super::address::Address;
use super::copying;
use super::pushing::{Batches, insert_all, last_numbers};
use super::retrying::Patience;
use super::schema::BLOCKS;
use super::session::{Session, number};
use crate::failure::Failure;
use crate::store::database::open::Access;

/// The last id of each table whose ids the server assigns.
const LAST_IDS: [&str; 3] = [
    "SELECT coalesce(max(id), 0) FROM main.system",
    "SELECT coalesce(max(id), 0) FROM main.stream",
    "SELECT max(coalesce((SELECT max(id) FROM main.ingest), 0), coalesce((SELECT max(ingest) FROM main.rewrite_log), 0))",
];

/// Writes everything in a database into a shared store that is new or empty.
///
/// # Errors
/// If that store is not empty.
pub(in crate::store) fn copy_to(address: &Address, from: &Connection) -> Result<()> {
    let (_, catalog) = copying::make(&std::sync::Arc::default())?;
    let mut session = Session::open(address, &catalog, Access::Create)?;
    Patience::new(address).until_it_works(|| {
        session.reconnect(address)?;
        let done = fill(&mut session, address, &catalog, from);
        if done.is_err() {
            session.roll_back();
        }
        done
    })
}

fn fill(session: &mut Session, address: &Address, catalog: &super::Catalog, from: &Connection) -> Result<()> {
    let schema = &address.schema;
    // Nobody else fills it in the meantime.
    session.run(&format!("BEGIN; SELECT revision FROM {schema}.about WHERE id = 1 FOR UPDATE"))?;
    let counts: Vec<String> =
        catalog.tables.iter().map(|table| format!("(SELECT count(*) FROM {schema}.{})", table.stored())).collect();
    let answers = session.ask(&format!("SELECT {}", counts.join(" + ")))?;
    let rows = answers.first().and_then(|rows| rows.first()).map(|row| number(row, 0)).transpose()?;
    if rows != Some(0) {
        return Err(Failure::new(
            format!("database {address} is not empty"),
            "name another schema (?schema=NAME), or import the journal with `slo db merge`",
        ));
    }
    let mut send = |sql: &str| session.run(sql);
    let mut batches = Batches::default();
    for table in &catalog.tables {
        insert_all(from, schema, table, &mut batches, &mut send)?;
    }
    for (name, last) in last_numbers(from, catalog)? {
        batches.add(&format!("INSERT INTO {schema}.counter (name, last) VALUES ('{name}', {last})"), &mut send)?;
    }
    for ((table, _), sql) in BLOCKS.iter().zip(LAST_IDS) {
        let last: i64 = from.query_row(sql, [], |row| row.get(0))?;
        if last > 0 {
            batches.add(&format!("SELECT setval('{schema}.{table}_number', {last})"), &mut send)?;
        }
    }
    batches.add(&format!("UPDATE {schema}.about SET revision = revision + 1 WHERE id = 1; COMMIT"), &mut send)?;
    batches.flush(&mut send)
}
