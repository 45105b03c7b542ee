//! Owns which sealed days follow the facts of which systems: the walk along the tables derived from manifests, each of
//! which is compared with the digests of its systems, and the seals that it reaches. All of it is read once per
//! transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use super::seals::{before, cut};
use crate::domain::account::member::SystemId;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::id::ManifestId;
use crate::store::soundness::row::{checksum, whole_at, width};
use crate::store::soundness::{DamagedCache, makes_no_sense};

/// What was read in a transaction.
#[derive(Clone, Default, Debug)]
pub(crate) struct Followers {
    systems: HashMap<SystemId, Followed>,
    seals: HashMap<ManifestId, Known>,
    of_all: Option<OfAll>,
}

/// What depends on the facts of all systems.
#[derive(Clone, Debug)]
struct OfAll {
    /// The latest instant up to which a condition is logged.
    logged_until: Value,
    /// The instant of the current computation.
    computed: Value,
}

/// What follows the facts of one system directly.
#[derive(Clone, Default, Debug)]
struct Followed {
    objectives: Box<[ManifestId]>,
    /// Systems that it may excuse, and whether its own upstreams may excuse them, too.
    dependents: Box<[(SystemId, bool)]>,
    /// Its composite systems.
    composites: Box<[SystemId]>,
    /// Whether nothing is missing.
    is_whole: bool,
}

/// The seal of an objective.
#[derive(Clone, Copy, Debug)]
struct Known {
    fingerprint: i64,
    sealed_until: i64,
    published_until: i64,
    due_at: i64,
    /// False if the seal is damaged or missing, and says nothing.
    is_whole: bool,
}

impl Known {
    const NOTHING: Self = Self { fingerprint: 0, sealed_until: 0, published_until: 0, due_at: 0, is_whole: false };

    fn reaches_past(&self, before: i64) -> bool {
        !self.is_whole || self.sealed_until > before || self.published_until > before
    }

    fn is_due(&self, now: i64) -> bool {
        !self.is_whole || self.due_at <= now
    }
}

/// The effect of facts on the way from system to system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Step {
    /// Facts decide this system's status: its own, or those of a composite system's members.
    Made(SystemId),
    /// Facts of another system may excuse this one.
    Excused(SystemId),
}

/// A walk from systems to the objectives that their facts decide: the systems' own, those of their composite systems,
/// and those that any of these may excuse.
#[derive(Default)]
struct Walk {
    seen: HashSet<Step>,
    /// Each with the earliest instant, if the walk takes the systems in the order of theirs.
    decided: BTreeMap<ManifestId, Instant>,
}

impl Walk {
    fn go(
        &mut self,
        followers: &mut Followers,
        connection: &Connection,
        (system, at): (SystemId, Instant),
    ) -> Result<()> {
        let mut open = vec![Step::Made(system)];
        while let Some(step) = open.pop() {
            let (Step::Made(system) | Step::Excused(system)) = step;
            if self.seen.contains(&Step::Made(system)) || !self.seen.insert(step) {
                continue;
            }
            let followed = followers.followed(connection, system)?;
            if !followed.is_whole {
                return Err(DamagedCache("objective_input").into());
            }
            for objective in &followed.objectives {
                self.decided.entry(*objective).or_insert(at);
            }
            let made = matches!(step, Step::Made(_));
            let excused = followed.dependents.iter().filter(|(_, leads_on)| made || *leads_on);
            open.extend(excused.map(|(dependent, _)| Step::Excused(*dependent)));
            if made {
                open.extend(followed.composites.iter().copied().map(Step::Made));
            }
        }
        Ok(())
    }
}

impl Followers {
    /// The objectives that facts of systems decide, each with the earliest instant of those.
    pub(in crate::store) fn decided(
        &mut self,
        connection: &Connection,
        touched: impl IntoIterator<Item = (SystemId, Instant)>,
    ) -> Result<BTreeMap<ManifestId, Instant>> {
        let mut touched: Vec<_> = touched.into_iter().collect();
        touched.sort_unstable_by_key(|(system, at)| (*at, *system));
        let mut walk = Walk::default();
        touched.into_iter().try_for_each(|from| walk.go(self, connection, from))?;
        Ok(walk.decided)
    }

    /// Cuts the sealed and published days of every objective to those that changes of systems, each from an instant on,
    /// do not affect: those that end earlier, in any zone.
    pub(in crate::store) fn trim(
        &mut self,
        connection: &Connection,
        touched: impl IntoIterator<Item = (SystemId, Instant)>,
    ) -> Result<()> {
        for (objective, at) in self.decided(connection, touched)? {
            let Some(known) = self.seals.get_mut(&objective) else { continue };
            let before = before(at);
            // A damaged row stays damaged.
            if known.is_whole && known.reaches_past(before) {
                known.sealed_until = known.sealed_until.min(before);
                known.published_until = known.published_until.min(before);
                known.due_at = known.due_at.min(before);
                let Known { fingerprint, sealed_until, published_until, due_at, .. } = *known;
                cut(connection, [objective.0, fingerprint, sealed_until, published_until, due_at])?;
            }
        }
        Ok(())
    }

    /// Whether a seal was read.
    pub(in crate::store) fn has_seals(&self) -> bool {
        self.seals.values().any(|known| known.is_whole)
    }

    /// Whether an objective was read that depends on the systems.
    pub(crate) fn has_objectives(&self) -> bool {
        !self.seals.is_empty()
    }

    /// Whether there may be a current computation as of an instant or later.
    pub(in crate::store) fn may_be_computed(&self, at: Instant) -> bool {
        self.of_all.as_ref().is_none_or(|of_all| match &of_all.computed {
            Value::Null => false,
            Value::Text(as_of) => *as_of >= at.to_string(),
            _ => true,
        })
    }

    /// Whether conditions may be logged up to an instant or later.
    pub(in crate::store) fn may_be_logged(&self, at: Instant) -> bool {
        self.of_all.as_ref().is_none_or(|of_all| match of_all.logged_until {
            Value::Null => false,
            Value::Integer(until) => until >= at.millis(),
            _ => true,
        })
    }

    /// The objectives that facts of systems decide and that are behind `now`: with a finished day that is not sealed,
    /// or a damaged or missing seal. Those furthest behind come first. It takes only as many systems as it needs to
    /// find `enough`.
    pub(crate) fn behind(
        &mut self,
        store: &Store,
        systems: impl IntoIterator<Item = SystemId>,
        (now, enough): (Instant, usize),
    ) -> Result<Vec<ManifestId>> {
        let mut walk = Walk::default();
        let mut behind = BTreeSet::new();
        for system in systems {
            walk.go(self, &store.connection, (system, now))?;
            for objective in std::mem::take(&mut walk.decided).into_keys() {
                let known = self.seals.get(&objective).filter(|known| known.is_due(now.millis()));
                behind.extend(known.map(|known| (known.sealed_until, objective)));
            }
            if behind.len() >= enough {
                break;
            }
        }
        Ok(behind.into_iter().map(|(_, objective)| objective).collect())
    }

    /// What follows the facts of a system directly.
    fn followed(&mut self, connection: &Connection, system: SystemId) -> Result<&Followed> {
        if !self.systems.contains_key(&system) {
            let followed = self.read(connection, system)?;
            self.systems.insert(system, followed);
        }
        Ok(&self.systems[&system])
    }

    fn read(&mut self, connection: &Connection, system: SystemId) -> Result<Followed> {
        let sql = "SELECT 0, objective, fingerprint, sealed_until, published_until, due_at, seal.checksum
                   FROM objective_input LEFT JOIN seal USING (objective) WHERE system = ?1
                   UNION ALL SELECT 1, dependent, transitive, 0, 0, 0, 0 FROM dependency_input WHERE upstream = ?1
                   UNION ALL SELECT 2, composite, 0, 0, 0, 0, 0 FROM member_input WHERE member = ?1
                   UNION ALL SELECT 3, system, objectives, windows, dependents, composites, checksum FROM input_digest
                   WHERE system = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([system.0])?;
        let (mut objectives, mut dependents, mut composites) = (Vec::new(), Vec::new(), Vec::new());
        // The sums of the rows, and the sums in the digest.
        let (mut sums, mut digest) = ([0_i64; 3], None);
        while let Some(row) = rows.next()? {
            match row.get(0)? {
                0 => {
                    let objective: ManifestId = row.get(1)?;
                    sums[0] += i64::from(checksum([ValueRef::Integer(objective.0)]));
                    self.seals.insert(objective, known(row)?);
                    objectives.push(objective);
                }
                1 => {
                    let (dependent, leads_on): (i64, i64) = (row.get(1)?, row.get(2)?);
                    sums[1] += i64::from(checksum([ValueRef::Integer(dependent), ValueRef::Integer(leads_on)]));
                    dependents.push((SystemId(dependent), leads_on != 0));
                }
                2 => {
                    let composite: i64 = row.get(1)?;
                    sums[2] += i64::from(checksum([ValueRef::Integer(composite)]));
                    composites.push(SystemId(composite));
                }
                _ => {
                    if let Some([_, objectives, _, dependents, composites, _]) =
                        whole_at::<{ width!(input_digest) }>(row, 1)?
                    {
                        digest = Some([objectives.as_i64()?, dependents.as_i64()?, composites.as_i64()?]);
                    }
                }
            }
        }
        let is_whole = digest == Some(sums);
        let (objectives, dependents, composites) = (objectives.into(), dependents.into(), composites.into());
        Ok(Followed { objectives, dependents, composites, is_whole })
    }
}

/// A seal, whose columns come after the first one.
fn known(row: &Row<'_>) -> Result<Known> {
    let Some([_, fingerprint, sealed_until, published_until, due_at, _]) = whole_at::<{ width!(seal) }>(row, 1)? else {
        return Ok(Known::NOTHING);
    };
    Ok(Known {
        fingerprint: fingerprint.as_i64()?,
        sealed_until: sealed_until.as_i64()?,
        published_until: published_until.as_i64()?,
        due_at: due_at.as_i64()?,
        is_whole: true,
    })
}

impl Store {
    /// Reads what an ingest needs of the caches that follow systems whose facts change from an instant on. Invalid
    /// pages are found then; other damage is reported when it matters.
    ///
    /// # Errors
    /// If pages are invalid.
    pub(crate) fn followers(&self, systems: &BTreeSet<&Name>, (from, now): (Instant, Instant)) -> Result<Followers> {
        let mut followers = Followers::default();
        match self.look(&mut followers, systems, (from, now)) {
            Err(error) if makes_no_sense(&error) => Err(error),
            Err(_) => Ok(Followers::default()),
            Ok(()) => Ok(followers),
        }
    }

    fn look(
        &self,
        followers: &mut Followers,
        systems: &BTreeSet<&Name>,
        (from, now): (Instant, Instant),
    ) -> Result<()> {
        let mut known = Vec::new();
        for name in systems {
            known.extend(self.system(name)?.map(|system| (system, from)));
        }
        for objective in followers.decided(&self.connection, known)?.into_keys() {
            let known = followers.seals.get(&objective).copied().unwrap_or(Known::NOTHING);
            if known.reaches_past(before(from)) || known.is_due(now.millis()) {
                let sql = "SELECT length(body) FROM ledger WHERE objective = ?1";
                self.connection.prepare_cached(sql)?.query([objective])?.next()?;
            }
        }
        // Also for a new system.
        let of_all = "SELECT (SELECT max(logged_until) FROM condition_logged),
                             (SELECT max(as_of) FROM computation WHERE is_current <> 0)";
        let read = |row: &Row<'_>| Ok(OfAll { logged_until: row.get(0)?, computed: row.get(1)? });
        followers.of_all = Some(self.connection.prepare_cached(of_all)?.query_row([], read)?);
        Ok(())
    }
}
