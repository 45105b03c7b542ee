//! Owns the damage that a command noticed and that changed no answer, for one warning at its end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::rc::Rc;

/// Damaged parts of caches that were not used. Clones share their content.
#[derive(Clone, Default, Debug)]
pub(crate) struct Noticed(Rc<RefCell<BTreeSet<(&'static str, String)>>>);

impl Noticed {
    /// Remembers a damaged row: its table, and which one.
    pub(in crate::store) fn note(&self, table: &'static str, row: &dyn Display) {
        self.0.borrow_mut().insert((table, row.to_string()));
    }

    /// Forgets everything: it was reported otherwise, or repaired.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// The tables with damage, in words; `None` if there was none.
    pub(crate) fn in_words(&self) -> Option<String> {
        let noticed = self.0.borrow();
        let tables: BTreeSet<&str> = noticed.iter().map(|(table, _)| *table).collect();
        let count = |table: &str| noticed.iter().filter(|(of, _)| *of == table).count();
        let words: Vec<String> = tables
            .into_iter()
            .map(|table| match count(table) {
                1 => format!("1 row of {table}"),
                many => format!("{many} rows of {table}"),
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_counted_once() {
        let noticed = Noticed::default();
        assert_eq!(noticed.in_words(), None);
        for (table, row) in [("seal", 1), ("ledger", 1), ("seal", 2), ("seal", 1)] {
            noticed.clone().note(table, &row);
        }
        assert_eq!(noticed.in_words().as_deref(), Some("1 row of ledger, 2 rows of seal"));
        noticed.clear();
        assert_eq!(noticed.in_words(), None);
    }
}
