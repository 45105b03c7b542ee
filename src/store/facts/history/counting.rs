//! Owns counting facts without reading them, so that many can be read in parts.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::{Row, params};

use crate::domain::account::member::SystemId;
use crate::domain::value::instant::Instant;
use crate::store::Store;

/// The most facts in memory at once; one segment of each stream always is.
const MOST_FACTS: i64 = 1 << 18;

impl Store {
    /// Sorted instants up to `through`, such that the facts of some systems (`None`: of all) between two of them fit in
    /// memory. The counts used here decide no answer, so they are not verified.
    pub(crate) fn cuts(&self, systems: Option<&BTreeSet<SystemId>>, through: Instant) -> Result<Vec<Instant>> {
        let mut packs: Vec<(i64, i64)> = Vec::new();
        let pack = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        if let Some(systems) = systems {
            let sql = "SELECT g.first_ts, g.count FROM stream AS s JOIN segment AS g ON g.stream = s.id
                       WHERE s.system = ?1 AND g.first_ts <= ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            for system in systems {
                let rows = statement.query_map(params![system.0, through.millis()], pack)?;
                packs.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
            }
        } else {
            let mut statement = self.connection.prepare("SELECT first_ts, count FROM segment WHERE first_ts <= ?1")?;
            let rows = statement.query_map([through.millis()], pack)?;
            packs.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        packs.sort_unstable();
        Ok(cuts(&packs))
    }
}

/// The sorted instants before which more facts than fit in memory would accumulate.
fn cuts(packs: &[(i64, i64)]) -> Vec<Instant> {
    let (mut cuts, mut held) = (Vec::new(), 0_i64);
    for (first, count) in packs {
        let count = (*count).clamp(0, MOST_FACTS);
        if held > 0 && held + count > MOST_FACTS {
            cuts.push(Instant::from_millis(*first));
            held = 0;
        }
        held += count;
    }
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_has_more_facts_than_may_be_held() {
        let half = MOST_FACTS / 2;
        let cut = |packs: &[(i64, i64)]| cuts(packs).iter().map(|at| at.millis()).collect::<Vec<_>>();
        assert_eq!(cut(&[]), [0; 0]);
        assert_eq!(cut(&[(10, half), (20, half)]), [0; 0]);
        assert_eq!(cut(&[(10, half), (20, half), (30, 1), (40, half), (50, half)]), [30, 50]);
        // Streams that begin together are not split, and an invalid count changes nothing.
        assert_eq!(cut(&[(10, half), (10, half), (10, half), (10, half), (20, -5), (30, i64::MAX)]), [10, 30]);
    }
}
