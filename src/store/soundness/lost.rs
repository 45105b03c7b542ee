//! Owns tables, indexes and views that the file has lost, because another program dropped them: which, and making those
//! again that hold no fact and no manifest.

use anyhow::Result;
use rusqlite::Connection;

use super::cache::CACHED;
use super::row::FACTS;
use crate::store::database::open::{WHOLE, message};

/// A table, an index or a view that the schema declares.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    pub(super) name: &'static str,
    /// The table of an index, else its own name.
    table: &'static str,
    /// The statement that makes it.
    sql: &'static str,
}

/// Everything that the schema declares, in the order in which it can be made.
fn declared() -> impl Iterator<Item = Declared> {
    WHOLE.split(";\n").filter_map(|statement| {
        let sql = &statement[statement.find("CREATE ")?..];
        let word = |after: &str| {
            let name = sql.split_whitespace().skip_while(|word| *word != after).nth(1)?;
            Some(name.trim_matches('"'))
        };
        let name = word("TABLE").or_else(|| word("INDEX")).or_else(|| word("VIEW"))?;
        let table = if sql.contains(" INDEX ") { word("ON")? } else { name };
        Some(Declared { name, table, sql })
    })
}

/// What the schema declares and the file does not have.
pub(super) fn lost(connection: &Connection) -> Result<Vec<Declared>> {
    let mut statement = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?;
    let mut lost = Vec::new();
    for declared in declared() {
        if !statement.exists([declared.name])? {
            lost.push(declared);
        }
    }
    Ok(lost)
}

/// Makes again what was lost, empty. Tables of facts and manifests are not: their loss must be noticed.
pub(super) fn make_again(connection: &Connection) -> Result<()> {
    let lost = lost(connection)?;
    let is_of_facts = |it: &Declared| FACTS.contains(&it.table) && lost.iter().any(|other| other.name == it.table);
    lost.iter().filter(|it| !is_of_facts(it)).try_for_each(|it| connection.execute_batch(it.sql))?;
    if lost.iter().any(|it| it.name == "change_log") {
        // Numbers are never used again: new changes must come after those that were delivered.
        let sql = "INSERT INTO sqlite_sequence (name, seq) SELECT 'change_log', max(delivered_through) FROM delivery
                   WHERE delivered_through BETWEEN 1 AND 1 << 53 HAVING max(delivered_through) > 0";
        connection.execute(sql, [])?;
    }
    Ok(())
}

/// The lost cache that an error of SQLite names.
pub(super) fn named(error: &anyhow::Error) -> Option<&'static str> {
    let lost = message(error)?.strip_prefix("no such table: ")?;
    let lost = lost.rsplit('.').next()?;
    CACHED.iter().copied().flatten().copied().find(|table| *table == lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::soundness::row;

    #[test]
    fn everything_but_facts_is_made_again() {
        let connection = Connection::open_in_memory().unwrap();
        row::register(&connection).unwrap();
        connection.execute_batch(WHOLE).unwrap();
        let whole = names(&connection);
        assert_eq!(declared().count(), whole.len());
        assert!(lost(&connection).unwrap().is_empty());
        for Declared { name, table, sql } in declared() {
            let kind: String = connection
                .query_row("SELECT type FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0))
                .unwrap();
            connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; DROP {kind} \"{name}\"")).unwrap();
            // The indexes of a table go with it.
            assert!(lost(&connection).unwrap().iter().any(|lost| lost.name == name), "{name}");
            make_again(&connection).unwrap();
            let is_fact = table == name && FACTS.contains(&name);
            assert_eq!(names(&connection) == whole, !is_fact, "{name}");
            if is_fact {
                connection.execute_batch(sql).unwrap();
                make_again(&connection).unwrap();
                assert_eq!(names(&connection), whole, "{name}");
            }
        }
    }

    fn names(connection: &Connection) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}
