//! docs/reference/tables.md: the tables that `compute` fills match the promised ones, and its queries return what it
//! shows, through rusqlite and through the `sqlite3` program. `SLO_REWRITE=1` rewrites the results.

use std::fs;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::world::{REWRITE, World, repository};

fn document() -> String {
    fs::read_to_string(repository("docs/reference/tables.md")).unwrap()
}

/// The demo, computed two days ago and now.
fn computed() -> (World, String) {
    let world = World::new();
    world.stdout(&["compute", "--as-of", "2026-11-18T14:05:00Z"]);
    let lines = world.stdout(&["compute", "-o", "json"]);
    (world, lines)
}

/// Tables and their columns with types, as the document lists them.
fn promised(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let section = |section: &str| {
        let name = section.split('`').next().unwrap().to_owned();
        let rows = section.split("\n# ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
        let column = |line: &str| {
            let cells: Vec<&str> = line.split(" | ").collect();
            (cells[0].trim_start_matches("| ").trim_matches('`').to_owned(), cells[1].to_owned())
        };
        (name, rows.map(column).collect())
    };
    text.split("\n## `").skip(1).map(section).collect()
}

/// Each fenced block in a language, with the range of the block directly below it.
fn queries(text: &str) -> Vec<(String, (usize, usize))> {
    let mut found = Vec::new();
    for (at, fence) in text.match_indices("```sql\n") {
        let start = at + fence.len();
        let end = start + text[start..].find("```").unwrap();
        found.push((text[start..end].to_owned(), block_after(text, end + 4, "```text\n")));
    }
    found
}

fn block_after(text: &str, from: usize, fence: &str) -> (usize, usize) {
    let start = from + text[from..].find(fence).unwrap() + fence.len();
    (start, start + text[start..].find("```").unwrap())
}

/// The output of the `sqlite3` program: values separated by bars.
fn answer(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        let value = |index: usize| match row.get_ref(index).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => format!("{number:?}"),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(_) => panic!("a blob"),
        };
        text.push_str(&(0..columns).map(value).collect::<Vec<_>>().join("|"));
        text.push('\n');
    }
    text
}

#[test]
fn the_tables_have_the_columns_that_are_promised() {
    let (world, _) = computed();
    let connection = Connection::open(world.path().join("demo/slo.db")).unwrap();
    let promised = promised(&document());
    assert_eq!(promised.len(), 9, "{promised:?}");
    for (table, columns) in promised {
        let mut statement = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
        let there = statement.query_map([], |row| Ok((row.get(1)?, row.get(2)?))).unwrap();
        let mut there = there.collect::<Result<Vec<(String, String)>, _>>().unwrap();
        // These are not part of the interface.
        there.retain(|(column, _)| column != "checksum" && column != "digest");
        // A view declares no type for computed columns: there, the values show it.
        for (column, declared) in there.iter_mut().filter(|(_, declared)| declared.is_empty()) {
            let sql = format!("SELECT upper(typeof({column})) FROM {table} LIMIT 1");
            *declared = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        }
        assert_eq!(there, columns, "{table}");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn queries_and_lines_are_what_is_shown() {
    let (world, lines) = computed();
    let db = world.path().join("demo/slo.db");
    let connection = Connection::open(&db).unwrap();
    let mut text = document();
    let mut shown: Vec<_> =
        queries(&text).into_iter().map(|(sql, place)| (answer(&connection, &sql), Some(sql), place)).collect();
    assert_eq!(shown.len(), 3);
    shown.push((lines, None, block_after(&text, 0, "```json\n")));
    for (answer, sql, _) in &shown {
        let Some(sql) = sql else { continue };
        let program = Command::new("sqlite3").arg("-readonly").arg(&db).arg(sql).stdin(Stdio::null()).output();
        match program {
            Ok(output) => assert_eq!(String::from_utf8(output.stdout).unwrap(), *answer, "{sql}: {:?}", output.stderr),
            Err(error) => eprintln!("skipped: the sqlite3 program cannot be run: {error}"),
        }
    }
    shown.sort_by_key(|(.., (start, _))| std::cmp::Reverse(*start));
    for (answer, sql, (start, end)) in shown {
        assert!(!answer.is_empty(), "{sql:?} gives nothing");
        if std::env::var_os(REWRITE).is_some() {
            text.replace_range(start..end, &answer);
            fs::write(repository("docs/reference/tables.md"), &text).unwrap();
        } else {
            assert_eq!(text[start..end], answer, "{sql:?}");
        }
    }
}
