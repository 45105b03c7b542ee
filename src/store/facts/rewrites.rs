//! Owns changes to the journal other than adding facts, and their log.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::{Row, params};

use super::history::stored_name;
use super::journal::Touched;
use crate::domain::account::member::SystemId;
use crate::domain::health::rewrite::{Extent, Rewrite, RewriteRecord, Streams};
use crate::domain::health::transition::Source;
use crate::domain::plan::object::Kind;
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::{Store, Unreadable};
use crate::store::soundness::row::{expect_whole, row_sum, whole, width};

impl Store {
    /// The systems whose facts a rewrite changes, if they exist.
    pub(crate) fn rewritten_systems(&self, rewrite: &Rewrite) -> Result<Vec<SystemId>> {
        let known = |name: &Name| self.system(name).map(|system| system.into_iter().collect::<Vec<_>>());
        match rewrite {
            Rewrite::ForgetIngest { ingest, .. } => self.systems_of_ingest(*ingest),
            Rewrite::ForgetStreams(streams) => known(&streams.system),
            Rewrite::RenameSystem { old, new } => Ok([known(old)?, known(new)?].concat()),
        }
    }

    /// Rewrites the journal; the caller updates caches. Runs in a write transaction.
    pub(crate) fn rewrite(&self, rewrite: &Rewrite) -> Result<(Extent, Touched)> {
        match rewrite {
            Rewrite::ForgetIngest { ingest, .. } => self.forget_ingest(*ingest),
            Rewrite::ForgetStreams(streams) => self.forget_streams(streams),
            Rewrite::RenameSystem { old, new } => self.rename_system(old, new),
        }
    }

    /// Deletes those of some systems that neither a transition nor a manifest refers to. Runs in a write transaction.
    pub(crate) fn forget_unknown(&self, systems: &[Name]) -> Result<()> {
        for name in systems {
            if let Some(system) = self.system(name)? {
                self.forget_system(name, system, !self.naming(name)?.is_empty())?;
            }
        }
        Ok(())
    }

    /// The declared objects that name a system, including its own manifest; sorted by kind, then name.
    pub(crate) fn naming(&self, system: &Name) -> Result<Vec<StoredObject>> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            found.extend(
                self.objects(kind)?.into_iter().filter(|stored| stored.held.object.systems().contains(&system)),
            );
        }
        Ok(found)
    }

    /// Records a rewrite. Runs in a write transaction.
    pub(crate) fn record_rewrite(&self, record: &RewriteRecord) -> Result<()> {
        let sql = "INSERT INTO rewrite_log (done_at, author, deed, ingest, file, system, source, healthcheck, new_name, transitions, notes,
                   location) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let mut ingest = None;
        let (mut file, mut system, mut source, mut check, mut location, mut new_name) =
            (None, None, None, None, None, None);
        match &record.rewrite {
            Rewrite::ForgetIngest { ingest: id, file: name } => (ingest, file) = (Some(*id), Some(name.as_str())),
            Rewrite::ForgetStreams(streams) => {
                (system, check) = (Some(streams.system.as_str()), streams.check.as_ref().map(Name::as_str));
                source = streams.source.map(|source| source as u8);
                location = streams.location.as_ref().map(Name::as_str);
            }
            Rewrite::RenameSystem { old, new } => (system, new_name) = (Some(old.as_str()), Some(new.as_str())),
        }
        self.connection.execute(
            sql,
            params![
                record.done_at.millis(),
                record.author,
                record.rewrite.as_str(),
                ingest,
                file,
                system,
                source,
                check,
                new_name,
                record.transitions,
                record.notes,
                location,
            ],
        )?;
        let sum = concat!("UPDATE rewrite_log SET checksum = ", row_sum!(rewrite_log), " WHERE id = ?1");
        self.connection.execute(sum, [self.connection.last_insert_rowid()])?;
        Ok(())
    }

    /// The rewrites of the journal, newest first, at most `most`; with names, only those of these systems, by an old or
    /// a new name.
    pub(crate) fn rewrites(&self, names: &[Name], most: usize) -> Result<Vec<RewriteRecord>> {
        let sql = concat!("SELECT ", whole!(rewrite_log), " FROM rewrite_log ORDER BY id DESC");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()?.filter(|_| records.len() < most) {
            let record = read_record(row)?;
            if names.is_empty() || record.rewrite.systems().any(|system| names.contains(system)) {
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The names of systems whose history was rewritten.
    pub(crate) fn rewritten_names(&self) -> Result<BTreeSet<Name>> {
        let records = self.rewrites(&[], usize::MAX)?;
        Ok(records.iter().flat_map(|record| record.rewrite.systems().cloned()).collect())
    }
}

fn read_record(row: &Row<'_>) -> Result<RewriteRecord> {
    let id: i64 = row.get(0)?;
    expect_whole::<{ width!(rewrite_log) }>(row, |_| format!("rewrite {id}"))?;
    let unknown = || Unreadable(format!("rewrite {id} is none that this version knows"));
    let name =
        |index: usize| -> Result<Option<Name>> { row.get_ref(index)?.as_str_or_null()?.map(stored_name).transpose() };
    let some_name = |index: usize| -> Result<Name> { Ok(name(index)?.ok_or_else(unknown)?) };
    let source = row.get::<_, Option<u8>>(7)?.map(|code| Source::from_code(code).ok_or_else(unknown)).transpose()?;
    let rewrite = match row.get_ref(3)?.as_str()? {
        Rewrite::FORGET_INGEST => Rewrite::ForgetIngest { ingest: row.get(4)?, file: row.get(5)? },
        Rewrite::FORGET_SYSTEM => {
            let (system, check, location) = (some_name(6)?, name(8)?, name(12)?);
            Rewrite::ForgetStreams(Streams { system, source, check, location })
        }
        Rewrite::RENAME_SYSTEM => Rewrite::RenameSystem { old: some_name(6)?, new: some_name(9)? },
        _ => return Err(unknown().into()),
    };
    let done_at = Instant::from_millis(row.get(1)?);
    Ok(RewriteRecord { done_at, author: row.get(2)?, rewrite, transitions: row.get(10)?, notes: row.get(11)? })
}
