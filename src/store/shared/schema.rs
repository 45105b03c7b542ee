//! Owns the tables of the shared store in PostgreSQL, and the way from each schema to the next, which only one of
//! several processes takes.

use std::collections::BTreeSet;

use anyhow::Result;

use super::address::Address;
use super::catalog::{Catalog, Table};
use super::filling::fill_table;
use super::published;
use super::pushing::{Batches, insert_all};
use super::session::{Session, damaged, number};
use crate::failure::Failure;
use crate::store::database::open::{SCHEMA, copy_of_schema, migrate_copy, statements_after};

/// How many numbers are reserved at once, by table.
pub(super) const BLOCKS: [(&str, i64); 3] = [("system", 16), ("stream", 64), ("ingest", 1)];

/// Creates the tables, or migrates those of an earlier schema.
pub(super) fn bring_up_to_date(session: &mut Session, address: &Address, catalog: &Catalog) -> Result<()> {
    let schema = &address.schema;
    if session.version(address)?.is_none() {
        begin(session, schema)?;
    }
    session.run("BEGIN")?;
    let done = (|| {
        // A second process waits here, and finds it done.
        let rows = session.ask(&format!("SELECT version FROM {schema}.about WHERE id = 1 FOR UPDATE"))?;
        let version = rows.first().and_then(|rows| rows.first()).map(|row| number(row, 0)).transpose()?;
        match version {
            Some(version @ 0) => {
                expect_tables(session, address, (version, &[]), catalog)?;
                session.run(&all(schema, catalog))?;
            }
            Some(version) if version < i64::from(SCHEMA) => {
                migrate(session, address, i32::try_from(version)?, catalog)?;
            }
            // Nobody removes the row.
            _ => {}
        }
        session
            .run(&format!("UPDATE {schema}.about SET version = {SCHEMA} WHERE id = 1 AND version < {SCHEMA}; COMMIT"))
    })();
    if done.is_err() {
        session.roll_back();
    }
    done
}

/// Creates the schema and the table that describes its content.
fn begin(session: &mut Session, schema: &str) -> Result<()> {
    let found = session
        .ask(&format!("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = '{schema}'; SHOW server_encoding"))?;
    let encoding = found.get(1).and_then(|rows| rows.first()).and_then(|row| row.get(0)).unwrap_or_default();
    if encoding != "UTF8" {
        return Err(Failure::new(
            format!("the database has the encoding {encoding}, which cannot hold every name and note"),
            "create another one: createdb --encoding UTF8 --template template0 NAME",
        ));
    }
    // Without the right to create schemas, an existing one will do.
    if found.first().is_none_or(Vec::is_empty) {
        session.run(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
    }
    session.run(&format!(
        "CREATE TABLE IF NOT EXISTS {schema}.about (id bigint PRIMARY KEY, version bigint NOT NULL, revision bigint NOT NULL);
         INSERT INTO {schema}.about VALUES (1, 0, 0), (2, 0, 0) ON CONFLICT (id) DO NOTHING"
    ))
}

/// The statements that create everything.
fn all(schema: &str, catalog: &Catalog) -> String {
    let mut sql: String = catalog.tables.iter().map(|table| create(schema, table)).collect();
    sql.push_str(&format!(
        "CREATE TABLE {schema}.touched (system bigint PRIMARY KEY, at bigint NOT NULL, version bigint NOT NULL);
         CREATE TABLE {schema}.counter (name text PRIMARY KEY, last bigint NOT NULL);\n"
    ));
    for (table, block) in BLOCKS {
        sql.push_str(&format!("CREATE SEQUENCE {schema}.{table}_number INCREMENT {block};\n"));
    }
    sql + &views(schema, catalog)
}

fn views(schema: &str, catalog: &Catalog) -> String {
    let published = catalog.tables.iter().filter(|table| published::is_published(&table.name));
    published.map(|table| published::view(schema, table)).collect()
}

fn create(schema: &str, table: &Table) -> String {
    let columns = table.columns.iter().map(|column| {
        let required = if column.required || table.keys.contains(&column.name) { " NOT NULL" } else { "" };
        format!("{} {}{required}", column.name, column.kind.name())
    });
    let mut parts: Vec<String> = columns.collect();
    parts.push(format!("PRIMARY KEY ({})", table.keys.join(", ")));
    parts.extend(table.uniques.iter().map(|columns| format!("UNIQUE ({})", columns.join(", "))));
    format!("CREATE TABLE {schema}.{} ({});\n", table.stored(), parts.join(", "))
}

/// Makes sure that the tables are those of a version, which may be damaged. Others' tables do not count.
fn expect_tables(
    session: &mut Session,
    address: &Address,
    (version, tables): (i64, &[Table]),
    now: &Catalog,
) -> Result<()> {
    let schema = &address.schema;
    let found = session.ask(&format!(
        "SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = '{schema}' AND c.relkind = 'r'"
    ))?;
    let found: BTreeSet<&str> = found.iter().flatten().filter_map(|row| row.get(0)).collect();
    let stored = |tables: &[Table]| tables.iter().map(Table::stored).collect::<BTreeSet<String>>();
    let expected = stored(tables);
    let is_other = |name: &String| found.contains(name.as_str()) != expected.contains(name);
    if !expected.union(&stored(&now.tables)).any(is_other) {
        return Ok(());
    }
    Err(damaged(address, &format!("its tables are not those of schema {version}, which {schema}.about names")))
}

/// Runs the steps of files on a copy of the tables that they name, and writes those back. All others stay as they are.
fn migrate(session: &mut Session, address: &Address, version: i32, now: &Catalog) -> Result<()> {
    let schema = &address.schema;
    let copy = copy_of_schema(version)?;
    let before = Catalog::of(&copy)?;
    expect_tables(session, address, (version.into(), &before.tables), now)?;
    let steps = statements_after(version);
    // Comments name tables, too, but do not change them.
    let statements = || steps.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words = || statements().flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let is_named = |table: &Table| words().any(|word| word == table.name);
    for table in before.tables.iter().filter(|table| published::is_published(&table.name)) {
        session.run(&format!("DROP VIEW IF EXISTS {schema}.{}", published::name(&table.name)))?;
    }
    let named: Vec<&Table> =
        before.tables.iter().filter(|table| is_named(table) || !now.tables.contains(table)).collect();
    for table in &named {
        let rows = session.ask(&format!("SELECT {} FROM {schema}.{}", table.fetched(), table.stored()))?;
        fill_table(&copy, table, rows.first().map_or(&[][..], Vec::as_slice))?;
        session.run(&format!("DROP TABLE {schema}.{}", table.stored()))?;
    }
    migrate_copy(&copy)?;
    let kept = |table: &&Table| !named.iter().any(|named| named.name == table.name) && before.tables.contains(table);
    let mut batches = Batches::default();
    for table in now.tables.iter().filter(|table| !kept(table)) {
        session.run(&create(schema, table))?;
        insert_all(&copy, schema, table, &mut batches, &mut |sql| session.run(sql))?;
    }
    batches.flush(&mut |sql| session.run(sql))?;
    session.run(&views(schema, now))
}
