//! Owns appending to the change log. A first computation may append millions of turns, so each must be cheap.

use anyhow::Result;
use rusqlite::params;
use rusqlite::types::ValueRef;

use super::LogRange;
use super::whole::Wholes;
use crate::domain::rules::change::{Change, Seen, View};
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::soundness::row::checksum;

/// From this many rows on, the index is rebuilt after them: their order in it is not the order they come in.
const MANY: i64 = 50_000;
const INDEX: &str = "change_log_id";

impl Store {
    /// Appends changes noticed by a computation as of `as_of`.
    pub(crate) fn log_changes(&self, changes: impl Iterator<Item = Change>, as_of: Instant) -> Result<LogRange> {
        // A number is never reused, even if its row is gone.
        let sql = "SELECT max((SELECT coalesce(max(sequence), 0) FROM change_log),
                              (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change_log'))";
        let after: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
        let (mut through, seen_at, mut index) = (after, as_of.to_string(), None);
        let mut wholes = Wholes::new(self);
        for change in changes {
            // As many as there were before: sorting those again costs no more than the new ones.
            if through - after == MANY.max(after) {
                index = drop_index(&self.connection)?;
            }
            through += 1;
            append(&self.connection, through, &seen_at, (&change, wholes.of(&change)?.as_deref()))?;
        }
        index.map_or(Ok(()), |index| self.connection.execute_batch(&index))?;
        Ok(LogRange { after, through })
    }
}

fn append(connection: &Connection, sequence: i64, as_of: &str, (change, whole): (&Change, Option<&str>)) -> Result<()> {
    let sql =
        "INSERT INTO change_log (sequence, as_of, kind, id, occurred_at, previous, next, changed_fields, view, checksum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let (kind, occurred_at) = (change.kind.as_str(), change.occurred_at.to_string());
    let (previous, next) = (change.previous.as_ref().map(write_view), change.next.as_ref().map(write_view));
    let changed = serde_json::to_string(&change.changed_fields())?;
    let sum = checksum([
        ValueRef::Integer(sequence),
        as_of.into(),
        kind.into(),
        change.id.as_str().into(),
        occurred_at.as_str().into(),
        previous.as_deref().into(),
        next.as_deref().into(),
        changed.as_str().into(),
        whole.into(),
    ]);
    let row = params![sequence, as_of, kind, change.id, occurred_at, previous, next, changed, whole, sum];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Drops the index of the log, and returns the statement that makes it again.
fn drop_index(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1";
    let made: Option<String> = connection.query_row(sql, [INDEX], |row| row.get(0))?;
    connection.execute_batch(&format!("DROP INDEX {INDEX}"))?;
    Ok(made)
}

/// A view in the log: a JSON object.
pub(in crate::store) fn write_view(view: &View) -> String {
    let mut text = String::with_capacity(128);
    for (name, seen) in &view.0 {
        text.push(if text.is_empty() { '{' } else { ',' });
        quote(name, &mut text);
        text.push(':');
        match seen {
            Seen::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
            Seen::Text(seen) => quote(seen, &mut text),
        }
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    text
}

fn quote(string: &str, text: &mut String) {
    if string.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(string);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(string).to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;
    use crate::domain::rules::change::ChangeKind;
    use crate::store::published::changes::read_view;
    use crate::store::{Access, Store};

    proptest! {
        #[test]
        fn a_view_reads_back_and_is_json(fields in prop::collection::vec(("[a-z]{1,6}", "\\PC{0,8}|[\\x00-\\x7f]{0,6}", any::<Option<bool>>()), 0..5)) {
            let mut view = View(Vec::new());
            for (name, text, flag) in fields {
                if view.get(&name).is_none() {
                    view.0.push((name, flag.map_or(Seen::Text(text), Seen::Flag)));
                }
            }
            let written = write_view(&view);
            let value = |seen: &Seen| match seen {
                Seen::Flag(flag) => Value::Bool(*flag),
                Seen::Text(text) => Value::String(text.clone()),
            };
            let object: Map<String, Value> = view.0.iter().map(|(name, seen)| (name.clone(), value(seen))).collect();
            prop_assert_eq!(&written, &Value::Object(object).to_string());
            prop_assert_eq!(read_view(&written).unwrap(), view);
        }
    }

    #[test]
    fn many_changes_are_found_like_few() {
        let mut store = Store::open(Path::new(""), Access::Scratch).unwrap();
        let at = Instant::from_millis(1_700_000_000_000);
        let view = |flag: bool| View(vec![("firing".to_owned(), Seen::Flag(flag))]);
        let change = |number: i64| Change {
            kind: ChangeKind::Condition,
            id: format!("c{} o", number % 7),
            occurred_at: at,
            previous: (number >= 7).then(|| view(number % 2 == 0)),
            next: Some(view(number % 2 != 0)),
        };
        let mut log = |from: i64, count: i64| {
            store.write(|store| store.log_changes((from..from + count).map(change), at)).unwrap()
        };
        assert_eq!(log(0, MANY + 3), LogRange { after: 0, through: MANY + 3 });
        assert_eq!(log(MANY + 3, 10).through, MANY + 13);
        let scalar = |sql: &str| store.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'change_log_id'"), 1);
        let by_index =
            "SELECT count(*) FROM change_log INDEXED BY change_log_id WHERE kind = 'condition' AND id = 'c3 o'";
        assert_eq!(scalar(by_index), (0..MANY + 13).filter(|number| number % 7 == 3).count() as i64);
        let sum =
            concat!("SELECT count(*) FROM change_log WHERE NOT ", crate::store::soundness::row::intact!(change_log));
        assert_eq!(scalar(sum), 0);
    }
}
