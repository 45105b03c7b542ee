//! Owns the declared objects as stored.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

use super::history::{Silences, stored_name};
use super::journal::system_id;
use super::open::{Store, Unreadable};
use super::sets::Declaration;
use super::soundness::DamagedCache;
use super::soundness::row::{expect_whole, row_sum, whole, width};
use super::wire;
use crate::domain::account::maintenance::Schedule;
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::model::{Member, Model, SystemId, upstreams};
use crate::domain::account::objective::{Objective, System};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::Held;
use crate::domain::plan::reconcile::field::content_hash;
use crate::domain::rules::condition::Condition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The places of a declared object's columns in `whole!`.
mod column {
    pub(super) const ID: usize = 0;
    pub(super) const NAME: usize = 2;
    pub(super) const BODY: usize = 3;
    pub(super) const FILE: usize = 4;
    pub(super) const DOCUMENT: usize = 5;
    pub(super) const APPLIED_AT: usize = 7;
    pub(super) const SET: usize = 8;
    pub(super) const ORPHANED_AT: usize = 9;
    pub(super) const COMMIT: usize = 10;
    pub(super) const REPOSITORY: usize = 11;
}

/// An objective with the id under which its caches are kept.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) objective: Objective,
    /// Whether its set was found not to declare it any more.
    pub(crate) orphaned: bool,
}

/// A declared object with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct StoredObject {
    /// The object, its set, and whether it is gone from that.
    pub(crate) held: Held,
    /// The repository whose file it is, where that is known.
    pub(crate) repository: Option<Name>,
    /// From the root of its repository; outside of one from the folder given, with that folder's name.
    pub(crate) file: String,
    /// Position of the document in its file, from 1.
    pub(crate) document: usize,
    /// The Git commit that the file was of when the object was last written or found elsewhere.
    pub(crate) commit: Option<String>,
    pub(crate) applied_at: Instant,
}

/// Systems and maintenance as needed to resolve objectives, read once for many or as needed for few.
pub(crate) struct Resolver<'s> {
    store: &'s Store,
    ids: HashMap<Name, SystemId>,
    members: HashMap<Name, Member>,
    systems: HashMap<Name, Option<Rc<System>>>,
    /// When the windows of a system that are not cancelled are in force, as far as all are known.
    schedules: HashMap<Name, Vec<Schedule>>,
    calendars: HashMap<Name, Rc<MaintenanceCalendar>>,
    /// Whether everything has been read, so that what is not there does not exist.
    complete: bool,
    /// Told of every system that is resolved.
    silences: Silences,
}

impl<'s> Resolver<'s> {
    /// A resolver that reads as it goes or, with `most`, everything at once.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn new(store: &'s Store, most: bool) -> Result<Self> {
        if most {
            let mut objects = Vec::new();
            for kind in [Kind::System, Kind::MaintenanceWindow] {
                store.each_object(kind, |_, object| {
                    objects.push(object);
                    Ok(())
                })?;
            }
            return Self::of(store, objects);
        }
        Ok(Self::empty(store, HashMap::new(), false))
    }

    /// A resolver for which these are all declared objects, whatever the database holds. Systems that the database does
    /// not know get ids that no stored one has.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn of(store: &'s Store, objects: impl IntoIterator<Item = Object>) -> Result<Self> {
        let ids = store.systems()?.into_iter().collect();
        let mut resolver = Self::empty(store, ids, true);
        for object in objects {
            match object {
                Object::System(system) => {
                    resolver.systems.insert(system.metadata.name.clone(), Some(Rc::new(system)));
                }
                Object::MaintenanceWindow(window) if !window.cancelled => {
                    for system in &window.systems {
                        resolver.schedules.entry(system.clone()).or_default().push(window.schedule.clone());
                    }
                }
                Object::MaintenanceWindow(_) | Object::Objective(_) | Object::Condition(_) => {}
            }
        }
        Ok(resolver)
    }

    fn empty(store: &'s Store, ids: HashMap<Name, SystemId>, complete: bool) -> Self {
        let (members, systems, silences) = (HashMap::new(), HashMap::new(), Silences::default());
        let (schedules, calendars) = (HashMap::new(), HashMap::new());
        Self { store, ids, members, systems, schedules, calendars, complete, silences }
    }

    /// The manifest of a system, if it has one.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn system(&mut self, name: &Name) -> Result<Option<Rc<System>>> {
        if let Some(known) = self.systems.get(name) {
            return Ok(known.clone());
        }
        if self.complete {
            return Ok(None);
        }
        let found = match self.store.object(Kind::System, name)? {
            Some(Object::System(system)) => Some(Rc::new(system)),
            _ => None,
        };
        self.systems.insert(name.clone(), found.clone());
        Ok(found)
    }

    /// A system as an evaluation needs it.
    ///
    /// # Errors
    /// Those of the database, and when nothing knows the system.
    pub(crate) fn member(&mut self, name: &Name) -> Result<Member> {
        if let Some(known) = self.members.get(name) {
            return Ok(known.clone());
        }
        let id = match self.ids.get(name) {
            Some(id) => *id,
            // Ids of the database are positive.
            None if self.complete => SystemId(-1 - self.ids.len() as i64),
            None => self
                .store
                .system(name)?
                .ok_or_else(|| Unreadable(format!("system {name}, which a manifest names, is missing")))?,
        };
        self.ids.insert(name.clone(), id);
        let stale_after_ms = self.system(name)?.and_then(|system| system.stale_after_ms);
        self.silences.borrow_mut().insert(id, stale_after_ms);
        let member = Member { id, name: name.clone(), stale_after_ms };
        self.members.insert(name.clone(), member.clone());
        Ok(member)
    }

    /// Lets a reader know of every system that is resolved; none is yet.
    pub(crate) fn telling(self, silences: Silences) -> Self {
        Self { silences, ..self }
    }

    /// The model of an objective as it is stored.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn model(&mut self, stored: Stored) -> Result<Model> {
        Ok(Model { orphaned: stored.orphaned, ..self.declared(stored.objective)? })
    }

    /// The model of an objective as a manifest declares it.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn declared(&mut self, objective: Objective) -> Result<Model> {
        let system = self.member(&objective.system)?;
        let reached = upstreams(&objective, |name| self.system(name))?;
        let upstreams = reached.keys().map(|name| self.member(name)).collect::<Result<_>>()?;
        let heeds = Model::heeds_maintenance(&objective);
        let maintenance = if heeds { self.maintenance(&system)? } else { Rc::new(MaintenanceCalendar::of([])) };
        Ok(Model { objective, system, upstreams, maintenance, orphaned: false })
    }

    /// The maintenance of a system, unfolded once for all its objectives.
    fn maintenance(&mut self, system: &Member) -> Result<Rc<MaintenanceCalendar>> {
        if let Some(known) = self.calendars.get(&system.name) {
            return Ok(Rc::clone(known));
        }
        let schedules = if self.complete {
            self.schedules.remove(&system.name).unwrap_or_default()
        } else {
            self.store.maintenance_of(system.id, &system.name)?
        };
        let calendar = Rc::new(MaintenanceCalendar::of(schedules));
        self.calendars.insert(system.name.clone(), Rc::clone(&calendar));
        Ok(calendar)
    }
}

impl Store {
    /// One declared object.
    ///
    /// # Errors
    /// Those of the database, and when the stored body cannot be read.
    pub(crate) fn object(&self, kind: Kind, name: &Name) -> Result<Option<Object>> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = ?1 AND name = ?2");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([kind.as_str(), name.as_str()])?;
        rows.next()?.map(|row| read_object(kind, row)).transpose()
    }

    /// All declared objects of a kind, sorted by name.
    ///
    /// # Errors
    /// Those of the database, and when a stored body cannot be read.
    pub(crate) fn objects(&self, kind: Kind) -> Result<Vec<StoredObject>> {
        let mut objects = Vec::new();
        self.each_object(kind, |row, object| {
            let set = row.get_ref(column::SET)?.as_str_or_null()?.map(stored_name).transpose()?;
            let orphaned = row.get_ref(column::ORPHANED_AT)? != ValueRef::Null;
            objects.push(StoredObject {
                held: Held { object, set, orphaned },
                repository: row.get_ref(column::REPOSITORY)?.as_str_or_null()?.map(stored_name).transpose()?,
                file: row.get(column::FILE)?,
                document: row.get(column::DOCUMENT)?,
                commit: row.get(column::COMMIT)?,
                applied_at: Instant::from_millis(row.get(column::APPLIED_AT)?),
            });
            Ok(())
        })?;
        Ok(objects)
    }

    /// Calls `each` with every declared object of a kind and its row, sorted by name.
    fn each_object(&self, kind: Kind, mut each: impl FnMut(&Row<'_>, Object) -> Result<()>) -> Result<()> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = ?1 ORDER BY name");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([kind.as_str()])?;
        while let Some(row) = rows.next()? {
            each(row, read_object(kind, row)?)?;
        }
        Ok(())
    }

    /// All objectives, sorted by name.
    ///
    /// # Errors
    /// Those of the database, and when a stored body cannot be read.
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

    /// One objective.
    ///
    /// # Errors
    /// Those of the database, and when the stored body cannot be read.
    pub(crate) fn objective(&self, name: &Name) -> Result<Option<Stored>> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'SLO' AND name = ?1");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([name.as_str()])?;
        rows.next()?.map(stored_objective).transpose()
    }

    /// The objective with this id.
    ///
    /// # Errors
    /// Those of the database, and when it does not exist or cannot be read.
    pub(crate) fn objective_by_id(&self, id: i64) -> Result<Stored> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'SLO' AND id = ?1");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        // Only the derived table knows objectives by their ids.
        rows.next()?.map(stored_objective).transpose()?.ok_or_else(|| DamagedCache("objective_input").into())
    }

    /// All conditions, sorted by name.
    ///
    /// # Errors
    /// Those of the database, and when a stored body cannot be read.
    pub(crate) fn conditions(&self) -> Result<Vec<Condition>> {
        let objects = self.objects(Kind::Condition)?.into_iter();
        let condition = |object| if let Object::Condition(condition) = object { Some(condition) } else { None };
        Ok(objects.filter_map(|stored| condition(stored.held.object)).collect())
    }

    /// How many objectives there are.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn count_objectives(&self) -> Result<usize> {
        let sql = "SELECT count(*) FROM manifest WHERE kind = 'SLO'";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Writes an object, new or changed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn put_object(&self, object: &Object, declared: Declaration<'_>) -> Result<()> {
        let body = match object {
            Object::System(system) => wire::write_system(system)?,
            Object::Objective(objective) => wire::write_objective(objective)?,
            Object::MaintenanceWindow(window) => wire::write_maintenance(window)?,
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

    /// Makes the checksum of an object that was written.
    pub(super) fn sum_object(&self, kind: Kind, name: &Name) -> Result<()> {
        let sql = concat!("UPDATE manifest SET checksum = ", row_sum!(manifest), " WHERE kind = ?1 AND name = ?2");
        self.connection.prepare_cached(sql)?.execute([kind.as_str(), name.as_str()])?;
        Ok(())
    }

    /// The names of the systems that have a manifest.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn declared_systems(&self) -> Result<BTreeSet<Name>> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM manifest WHERE kind = 'System'")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|name| stored_name(&name?)).collect()
    }

    /// Gives an id to every system that a manifest names.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn know_systems<'n>(&self, names: impl Iterator<Item = &'n Name>) -> Result<()> {
        for name in names {
            system_id(&self.connection, name)?;
        }
        Ok(())
    }
}

/// Reads an objective from the columns of a declared object.
pub(super) fn stored_objective(row: &Row<'_>) -> Result<Stored> {
    let objective = wire::read_objective(whole_name(Kind::Objective, row)?, row.get_ref(column::BODY)?.as_str()?)?;
    let orphaned = row.get_ref(column::ORPHANED_AT)? != ValueRef::Null;
    Ok(Stored { id: row.get(column::ID)?, objective, orphaned })
}

/// Reads a maintenance window from the columns of a declared object, by `read`, which gets the name and the body.
pub(super) fn maintenance_window<T>(row: &Row<'_>, read: impl FnOnce(&str, &str) -> Result<T>) -> Result<T> {
    read(whole_name(Kind::MaintenanceWindow, row)?, row.get_ref(column::BODY)?.as_str()?)
}

/// The name of an object whose row is as it was written.
fn whole_name<'r>(kind: Kind, row: &'r Row<'_>) -> Result<&'r str> {
    let name = row.get_ref(column::NAME)?.as_str()?;
    expect_whole(row, width!(manifest), || format!("the stored {} {name}", kind.as_str()))?;
    Ok(name)
}

fn read_object(kind: Kind, row: &Row<'_>) -> Result<Object> {
    let (name, body) = (whole_name(kind, row)?, row.get_ref(column::BODY)?.as_str()?);
    Ok(match kind {
        Kind::System => Object::System(wire::read_system(name, body)?),
        Kind::Objective => Object::Objective(wire::read_objective(name, body)?),
        Kind::MaintenanceWindow => Object::MaintenanceWindow(wire::read_maintenance(name, body)?),
        Kind::Condition => Object::Condition(wire::read_condition(name, body)?),
    })
}
