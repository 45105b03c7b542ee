//! Owns declared objects as stored.

use anyhow::Result;
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Row, params};

use super::sets::Declaration;
use super::wire;
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::member::SystemId;
use crate::domain::account::objective::{Objective, System};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::Held;
use crate::domain::plan::reconcile::field::content_hash;
use crate::domain::plan::stored::StoredObject;
use crate::domain::rules::condition::Condition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::facts::history::stored_name;
use crate::store::facts::journal::system_id;
use crate::store::id::ManifestId;
use crate::store::shared::About;
use crate::store::soundness::DamagedCache;
use crate::store::soundness::row::{expect_whole, row_sum, shown, unlike, whole, whole_at, width};

/// The indices of a declared object's columns in `whole!`.
mod column {
    pub(super) const ID: usize = 0;
    pub(super) const KIND: usize = 1;
    pub(in crate::store) const NAME: usize = 2;
    pub(super) const BODY: usize = 3;
    pub(in crate::store) const FILE: usize = 4;
    pub(super) const DOCUMENT: usize = 5;
    pub(super) const APPLIED_AT: usize = 7;
    pub(in crate::store) const SET: usize = 8;
    pub(super) const ORPHANED_AT: usize = 9;
    pub(in crate::store) const COMMIT: usize = 10;
    pub(super) const REPOSITORY: usize = 11;
}

/// Reads one declared object. Short commands read several kinds, and preparing a statement takes longer than running it.
const ONE: &str = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = ?1 AND name = ?2");

/// An objective and the id of its caches.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: ManifestId,
    pub(crate) objective: Objective,
    /// Whether its set no longer declares it.
    pub(crate) orphaned: bool,
}

impl Store {
    pub(crate) fn object(&self, kind: Kind, name: &Name) -> Result<Option<Object>> {
        let mut statement = match kind {
            Kind::System => self.connection.prepare_about(ONE, About::System(name.as_str()))?,
            _ => self.connection.prepare_cached(ONE)?,
        };
        let mut rows = statement.query([kind.as_str(), name.as_str()])?;
        rows.next()?.map(|row| Declared::of(kind, row)?.object(kind)).transpose()
    }

    /// A system that the journal or a manifest knows, with its declaration.
    pub(crate) fn known_system(&self, name: &Name) -> Result<Option<(SystemId, Option<System>)>> {
        let about = About::System(name.as_str());
        let sql = concat!("SELECT ", whole!(system), " FROM system WHERE name = ?1");
        let mut statement = self.connection.prepare_about(sql, about)?;
        let mut rows = statement.query([name.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some([id, ..]) = whole_at::<{ width!(system) }>(row, 0)? else {
            return Err(unlike(&format!("system {name}")).into());
        };
        let id = SystemId(id.as_i64()?);
        let mut statement = self.connection.prepare_about(ONE, about)?;
        let mut rows = statement.query([Kind::System.as_str(), name.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(Some((id, None))) };
        let declared = Declared::of(Kind::System, row)?;
        Ok(Some((id, Some(wire::read_system(declared.name()?, declared.body()?)?))))
    }

    /// All declared objects of a kind, sorted by name.
    pub(crate) fn objects(&self, kind: Kind) -> Result<Vec<StoredObject>> {
        let mut objects = Vec::new();
        self.each_object(kind, |Declared(values), object| {
            let name = |column: usize| values[column].as_str_or_null()?.map(stored_name).transpose();
            objects.push(StoredObject {
                held: Held { object, set: name(column::SET)?, orphaned: values[column::ORPHANED_AT] != ValueRef::Null },
                repository: name(column::REPOSITORY)?,
                file: FromSql::column_result(values[column::FILE])?,
                document: FromSql::column_result(values[column::DOCUMENT])?,
                commit: FromSql::column_result(values[column::COMMIT])?,
                applied_at: Instant::from_millis(values[column::APPLIED_AT].as_i64()?),
            });
            Ok(())
        })?;
        Ok(objects)
    }

    /// All declared objects of a kind, without their origins, sorted by name.
    pub(crate) fn bare_objects(&self, kind: Kind) -> Result<Vec<Object>> {
        self.declared(kind, Some)
    }

    /// Calls `each` with every declared object of a kind and its columns, sorted by name.
    fn each_object(&self, kind: Kind, mut each: impl FnMut(Declared<'_>, Object) -> Result<()>) -> Result<()> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = ?1 ORDER BY name");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([kind.as_str()])?;
        while let Some(row) = rows.next()? {
            let declared = Declared::of(kind, row)?;
            each(declared, declared.object(kind)?)?;
        }
        Ok(())
    }

    /// All objectives, sorted by name.
    pub(crate) fn objectives(&self) -> Result<Vec<Stored>> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'SLO' ORDER BY name");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut objectives = Vec::new();
        while let Some(row) = rows.next()? {
            objectives.push(stored_objective(row)?);
        }
        Ok(objectives)
    }

    pub(crate) fn objective(&self, name: &Name) -> Result<Option<Stored>> {
        Ok(self.objectives_named([Some(name)])?.pop().flatten())
    }

    /// The objectives with these names, in their order; names without an objective are skipped.
    pub(crate) fn objectives_named<'n>(
        &self,
        names: impl IntoIterator<Item = Option<&'n Name>>,
    ) -> Result<Vec<Option<Stored>>> {
        let names: Vec<Option<&str>> = names.into_iter().map(|name| name.map(Name::as_str)).collect();
        let known: Vec<&str> = names.iter().copied().flatten().collect();
        let mut statement = self.connection.prepare_about(ONE, About::Objectives(&known))?;
        let kind = Kind::Objective.as_str();
        let mut read = |name: &str| statement.query([kind, name])?.next()?.map(stored_objective).transpose();
        names.into_iter().map(|name| name.map_or(Ok(None), &mut read)).collect()
    }

    /// Announces objectives, so that a shared store fetches everything that decides them in one trip.
    pub(crate) fn expect_objectives(&self, objectives: &[Stored]) -> Result<()> {
        let names: Vec<&str> = objectives.iter().map(|stored| stored.objective.metadata.name.as_str()).collect();
        Ok(self.connection.expect(About::Objectives(&names))?)
    }

    /// The objective with this id.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub(crate) fn objective_by_id(&self, id: ManifestId) -> Result<Stored> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'SLO' AND id = ?1");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        // Only the derived table refers to objectives by id.
        rows.next()?.map(stored_objective).transpose()?.ok_or_else(|| DamagedCache("objective_input").into())
    }

    /// All conditions, sorted by name.
    pub(crate) fn conditions(&self) -> Result<Vec<Condition>> {
        let condition = |object| if let Object::Condition(condition) = object { Some(condition) } else { None };
        self.declared(Kind::Condition, condition)
    }

    /// How many objectives there are.
    pub(crate) fn count_objectives(&self) -> Result<usize> {
        let sql = "SELECT count(*) FROM manifest WHERE kind = 'SLO'";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Writes an object, new or changed.
    pub(crate) fn put_object(&self, object: &Object, declared: Declaration<'_>) -> Result<()> {
        let body = match object {
            Object::System(system) => wire::write_system(system)?,
            Object::Objective(objective) => wire::write_objective(objective)?,
            Object::MaintenanceWindow(window) => wire::write_maintenance(window)?,
            Object::Correction(correction) => wire::write_correction(correction)?,
            Object::Condition(condition) => wire::write_condition(condition)?,
        };
        let sql =
            "INSERT INTO manifest (kind, name, body, set_name, file, document, commit_id, content_hash, applied_at,
                                   repository, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)
             ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body, set_name = excluded.set_name,
             orphaned_at = NULL, file = excluded.file, document = excluded.document, commit_id = excluded.commit_id,
             content_hash = excluded.content_hash, applied_at = excluded.applied_at, repository = excluded.repository";
        self.connection.prepare_cached(sql)?.execute(params![
            object.kind().as_str(),
            object.name().as_str(),
            body,
            declared.set.as_str(),
            declared.file,
            declared.document,
            declared.commit,
            format!("{:016x}", content_hash(object)),
            declared.applied_at.millis(),
            declared.repository.map(Name::as_str),
        ])?;
        self.sum_object(object.kind(), object.name())
    }

    /// Sets the checksum of a written object.
    pub(super) fn sum_object(&self, kind: Kind, name: &Name) -> Result<()> {
        let sql = concat!("UPDATE manifest SET checksum = ", row_sum!(manifest), " WHERE kind = ?1 AND name = ?2");
        self.connection.prepare_cached(sql)?.execute([kind.as_str(), name.as_str()])?;
        Ok(())
    }

    /// All corrections, sorted by name.
    pub(crate) fn corrections(&self) -> Result<Vec<DeclaredCorrection>> {
        let correction = |object| if let Object::Correction(correction) = object { Some(correction) } else { None };
        self.declared(Kind::Correction, correction)
    }

    fn declared<T>(&self, kind: Kind, of_it: fn(Object) -> Option<T>) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each_object(kind, |_, object| {
            found.extend(of_it(object));
            Ok(())
        })?;
        Ok(found)
    }

    /// Gives an id to every system that a manifest names.
    pub(crate) fn know_systems<'n>(&self, names: impl Iterator<Item = &'n Name>) -> Result<()> {
        for name in names {
            system_id(&self.connection, name)?;
        }
        Ok(())
    }
}

pub(super) fn stored_objective(row: &Row<'_>) -> Result<Stored> {
    let declared = Declared::of(Kind::Objective, row)?;
    let objective = wire::read_objective(declared.name()?, declared.body()?)?;
    let orphaned = declared.0[column::ORPHANED_AT] != ValueRef::Null;
    Ok(Stored { id: ManifestId(declared.0[column::ID].as_i64()?), objective, orphaned })
}

/// Reads a maintenance window from the columns of a declared object; `read` gets the name and the body.
pub(super) fn maintenance_window<T>(row: &Row<'_>, read: impl FnOnce(&str, &str) -> Result<T>) -> Result<T> {
    let declared = Declared::of(Kind::MaintenanceWindow, row)?;
    read(declared.name()?, declared.body()?)
}

/// The systems that a maintenance window or a correction covers, from the columns of a declared object.
pub(in crate::store) fn covered(row: &Row<'_>) -> Result<Vec<Name>> {
    if row.get_ref(column::KIND)?.as_str()? == Kind::Correction.as_str() {
        return Ok(vec![correction(row)?.system]);
    }
    maintenance_window(row, wire::read_covered)
}

pub(super) fn correction(row: &Row<'_>) -> Result<DeclaredCorrection> {
    let declared = Declared::of(Kind::Correction, row)?;
    wire::read_correction(declared.name()?, declared.body()?)
}

/// The columns of a declared object whose row matches its checksum.
#[derive(Clone, Copy)]
struct Declared<'r>([ValueRef<'r>; width!(manifest)]);

impl<'r> Declared<'r> {
    fn of(kind: Kind, row: &'r Row<'_>) -> Result<Self> {
        expect_whole(row, |values| format!("the stored {} {}", kind.as_str(), shown(values[column::NAME]))).map(Self)
    }

    fn name(&self) -> Result<&'r str> {
        Ok(self.0[column::NAME].as_str()?)
    }

    fn body(&self) -> Result<&'r str> {
        Ok(self.0[column::BODY].as_str()?)
    }

    fn object(&self, kind: Kind) -> Result<Object> {
        let (name, body) = (self.name()?, self.body()?);
        Ok(match kind {
            Kind::System => Object::System(wire::read_system(name, body)?),
            Kind::Objective => Object::Objective(wire::read_objective(name, body)?),
            Kind::MaintenanceWindow => Object::MaintenanceWindow(wire::read_maintenance(name, body)?),
            Kind::Correction => Object::Correction(wire::read_correction(name, body)?),
            Kind::Condition => Object::Condition(wire::read_condition(name, body)?),
        })
    }
}
