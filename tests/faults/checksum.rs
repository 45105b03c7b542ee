//! Owns the checksum of a row, implemented from docs/design/segment-format.md and not from slo's code.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// The CRC-32 (IEEE) of bytes, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

fn bytes_of(value: ValueRef<'_>) -> Vec<u8> {
    let (tag, number, content): (u8, i64, &[u8]) = match value {
        ValueRef::Null => (b'n', 0, &[]),
        ValueRef::Integer(number) => (b'i', number, &[]),
        ValueRef::Real(number) => (b'r', number.to_bits() as i64, &[]),
        ValueRef::Text(text) => (b't', text.len() as i64, text),
        ValueRef::Blob(blob) => (b'b', blob.len() as i64, blob),
    };
    [&[tag][..], &number.to_le_bytes(), content].concat()
}

/// Every table with a checksum, and the columns it covers.
fn tables(connection: &Connection) -> Vec<(String, Vec<String>)> {
    let list = |sql: &str, parameter: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([parameter], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE ?1", "sqlite%");
    let columns = |table: String| {
        let columns = list("SELECT name FROM pragma_table_info(?1)", &table);
        let covered = columns.iter().filter(|name| *name != "checksum" && (table != "segment" || *name != "id"));
        columns.contains(&"checksum".to_owned()).then(|| (table.clone(), covered.cloned().collect()))
    };
    tables.into_iter().filter_map(columns).collect()
}

fn register(connection: &Connection) {
    let sum = |values: &rusqlite::functions::Context<'_>| {
        let bytes: Vec<u8> = (0..values.len()).flat_map(|index| bytes_of(values.get_raw(index))).collect();
        Ok(crc32(&bytes) as i32)
    };
    connection.create_scalar_function("documented_sum", -1, FunctionFlags::SQLITE_UTF8, sum).unwrap();
}

/// Recalculates every checksum.
pub(crate) fn resum(connection: &Connection) {
    register(connection);
    for (table, columns) in tables(connection) {
        let sql = format!("UPDATE {table} SET checksum = documented_sum({})", columns.join(", "));
        connection.execute(&sql, []).unwrap();
    }
}

#[test]
fn every_row_carries_the_checksum_that_is_documented() {
    use crate::harness::{World, lines};
    let world = World::in_file().live();
    world.ingest(
        "{\"ts\":1710000000,\"system\":\"shop\",\"status\":\"down\",\"note\":\"disk\",\"source\":\"incident\"}\n",
    );
    world.ingest(&lines("many", 0, 3000));
    // One ingest overrules another, and the facts of a third are deleted.
    for status in ["up", "down"] {
        world.ingest(&format!(
            "{{\"ts\":1710000060,\"system\":\"shop\",\"check\":\"other\",\"status\":\"{status}\"}}\n"
        ));
    }
    world.ingest(&lines("wrong", 0, 3));
    world.pass(&["db", "forget", "--system", "wrong", "--yes"]);
    let condition =
        "apiVersion: slo/v1\nkind: Condition\nmetadata: { name: c }\nspec: { when: budgetRemainingPercent < 50 }\n";
    world.write("all/shop.yaml", [crate::harness::OBJECTIVE, "---\n", condition].concat());
    world.pass(&["apply", "--set", "all", "--adopt", "all"]);
    world.pass(&["compute", "--as-of", "2024-03-21", "--exec", "true"]);
    let connection = Connection::open(world.db()).unwrap();
    register(&connection);
    let tables = tables(&connection);
    assert!(tables.len() >= 20, "{tables:?}");
    for (table, columns) in tables {
        let sum = columns.join(", ");
        let count = |condition: &str| -> i64 {
            connection.query_row(&format!("SELECT count(*) FROM {table} {condition}"), [], |row| row.get(0)).unwrap()
        };
        assert!(count("") > 0, "{table} is empty, so this proves nothing");
        assert_eq!(count(&format!("WHERE checksum <> documented_sum({sum})")), 0, "{table}");
    }
}
