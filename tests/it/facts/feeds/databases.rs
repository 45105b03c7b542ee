//! The laws of every built-in feed that reads a database: rows in another order, fewer rows, and damaged ones.

use std::path::Path;

use rusqlite::Connection;

use super::inputs::{Input, exported, inputs};
use super::laws::facts;
use crate::harness::Slo;

/// A table with times: its name, its key, and the column of the times.
type Table = (String, String, String);

fn tables(path: &Path) -> Vec<Table> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT t.name, (SELECT name FROM pragma_table_info(t.name) WHERE pk), c.name FROM sqlite_schema AS t \
               JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' AND c.name LIKE '%time%' ORDER BY t.name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn databases() -> Vec<Input> {
    let all: Vec<Input> = inputs().into_iter().filter(Input::is_database).collect();
    assert!(all.len() >= 2);
    all
}

/// Changes a database and ingests it; returns the exit code and the messages.
fn ingest(slo: &Slo, input: &Input, change: &str) -> (u8, String) {
    let path = input.place(slo);
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let output = slo.run(&["ingest", "--feed", &input.feed, path.to_str().unwrap()], b"");
    (output.code, output.stderr)
}

fn whole(input: &Input) -> String {
    let slo = Slo::new();
    assert_eq!(ingest(&slo, input, "").0, 0);
    exported(&slo)
}

#[test]
fn rows_in_any_order_give_the_same_journal() {
    for input in databases() {
        let slo = Slo::new();
        let turn = |(table, key, _): Table| format!("UPDATE {table} SET {key} = -{key};");
        let turned: String = tables(&input.place(&slo)).into_iter().map(turn).collect();
        assert_eq!(ingest(&slo, &input, &turned).0, 0);
        assert_eq!(exported(&slo), whole(&input), "{turned}");
    }
}

#[test]
fn a_later_database_with_more_rows_only_adds() {
    for input in databases() {
        let expected = whole(&input);
        for keep in 1..6 {
            let slo = Slo::new();
            let cut = |(table, _, at): Table| {
                format!(
                    "DELETE FROM {table} WHERE {at} > (SELECT {at} FROM {table} ORDER BY {at} LIMIT 1 OFFSET {keep});"
                )
            };
            let earlier: String = tables(&input.place(&slo)).into_iter().map(cut).collect();
            for change in [&earlier, "", &earlier] {
                assert_eq!(ingest(&slo, &input, change).0, 0);
            }
            assert_eq!(exported(&slo), expected, "{} {keep}", input.path.display());
        }
    }
}

#[test]
fn a_damaged_row_is_rejected_by_its_number_and_the_rest_is_kept() {
    for input in databases() {
        let known = whole(&input);
        for (table, key, at) in tables(&input.place(&Slo::new())) {
            for number in 1..4 {
                let slo = Slo::new();
                let spoil = format!("UPDATE {table} SET {at} = '9999-99-99 10:00' WHERE {key} = {number};");
                let (code, told) = ingest(&slo, &input, &spoil);
                assert_eq!(code, 1, "{spoil} {told}");
                assert!(told.contains(": row ") && told.contains(": rejected: ") && told.contains("9999"), "{told}");
                let (known, kept) = (facts(&known), facts(&exported(&slo)));
                let strange: Vec<_> = kept.iter().filter(|it| !known.contains(it) && it[4] != "unknown").collect();
                assert!(strange.is_empty() && kept.len() + 1 >= known.len() - 2, "{spoil} {strange:?}");
            }
        }
    }
}
