//! Owns the set and file of declared objects: what an apply records of those it does not write.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use crate::domain::plan::object::Identity;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::id::ManifestId;
use crate::store::sealed::seals::publish_until;

/// Where an object was declared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration<'a> {
    pub(crate) set: &'a Name,
    /// The repository, if the file is in one.
    pub(crate) repository: Option<&'a Name>,
    pub(crate) file: &'a str,
    /// Position of the document in its file, from 1.
    pub(crate) document: usize,
    pub(crate) commit: Option<&'a str>,
    pub(crate) applied_at: Instant,
}

impl Store {
    /// Records the current place and set of an unchanged object.
    pub(crate) fn place_object(&self, identity: &Identity, declared: Declaration<'_>) -> Result<()> {
        let sql = "UPDATE manifest SET set_name = ?3, file = ?4, document = ?5, commit_id = ?6, repository = ?7
                   WHERE kind = ?1 AND name = ?2
                   AND (set_name IS NOT ?3 OR file <> ?4 OR document <> ?5 OR repository IS NOT ?7)";
        let Declaration { set, repository, file, document, commit, .. } = declared;
        let (kind, name, repository) = (identity.kind.as_str(), identity.name.as_str(), repository.map(Name::as_str));
        let row = params![kind, name, set.as_str(), file, document, commit, repository];
        let moved = self.connection.prepare_cached(sql)?.execute(row)? > 0;
        if moved { self.sum_object(identity.kind, &identity.name) } else { Ok(()) }
    }

    /// Renames an object, which keeps its caches; what is published under the old name is published again.
    pub(crate) fn rename_object(&self, identity: &Identity, name: &Name) -> Result<()> {
        let sql = "UPDATE manifest SET name = ?3 WHERE kind = ?1 AND name = ?2";
        let row = [identity.kind.as_str(), identity.name.as_str(), name.as_str()];
        self.connection.prepare_cached(sql)?.execute(row)?;
        let sql = "SELECT id FROM manifest WHERE kind = 'SLO' AND kind = ?1 AND name = ?2";
        let objective: Option<ManifestId> = {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row([identity.kind.as_str(), name.as_str()], |row| row.get(0)).optional()?
        };
        objective.map_or(Ok(()), |id| publish_until(&self.connection, id, Instant::MIN))?;
        self.sum_object(identity.kind, name)
    }

    /// Marks an object as no longer declared in its set; it stays active.
    pub(crate) fn orphan_object(&self, identity: &Identity, at: Instant) -> Result<()> {
        let sql = "UPDATE manifest SET orphaned_at = ?3 WHERE kind = ?1 AND name = ?2 AND orphaned_at IS NULL";
        let row = params![identity.kind.as_str(), identity.name.as_str(), at.millis()];
        self.connection.prepare_cached(sql)?.execute(row)?;
        self.sum_object(identity.kind, &identity.name)
    }

    /// Deletes a declared object; the journal does not change.
    pub(crate) fn delete_object(&self, identity: &Identity) -> Result<()> {
        let sql = "DELETE FROM manifest WHERE kind = ?1 AND name = ?2";
        let delete = |store: &Self| {
            let row = [identity.kind.as_str(), identity.name.as_str()];
            store.connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        };
        // Its caches are deleted with it.
        self.with_caches(delete, Self::empty_caches)
    }
}
