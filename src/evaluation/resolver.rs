//! Owns the resolver: declared systems, dependencies and maintenance, read once for many objectives or as needed for few.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Result;

use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::dependencies::{Dependencies, Edge, leading};
use crate::domain::account::maintenance::Schedule as MaintenanceSchedule;
use crate::domain::account::maintenance::calendar::{MaintenanceCalendar, Schedules};
use crate::domain::account::member::{Composition, Member, SystemId};
use crate::domain::account::model::Model;
use crate::domain::account::objective::{Members, Objective, System};
use crate::domain::account::schedule::{Schedule, Timetable};
use crate::domain::health::correction::{Correction, Corrections};
use crate::domain::health::report::InMaintenance;
use crate::domain::health::rules::Rules;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::{AllRules, Store, Stored, Unreadable};

/// How deep composite systems may be nested: deeper than manifests allow.
const MOST_NESTED: usize = 64;

/// Systems and maintenance as needed to resolve objectives, read once for many or as needed for few.
pub(crate) struct Resolver<'s> {
    store: &'s Store,
    ids: Ids,
    members: HashMap<Name, Member>,
    /// Composite systems whose members are being resolved.
    open: HashSet<Name>,
    systems: HashMap<Name, Option<Rc<System>>>,
    /// Per system, when its maintenance windows that are not cancelled are active, once all have been read.
    schedules: HashMap<Name, Schedules>,
    has_schedules: bool,
    /// The number of objectives or systems that need windows, and the instant for which the active one is wanted.
    asked: (usize, Option<Instant>),
    /// The corrections of each system, once known.
    corrections: HashMap<Name, Vec<(Correction, Name)>>,
    has_corrections: Option<bool>,
    /// Whether there are so many corrections that those of a system are read when needed, though everything else has
    /// been read.
    looks_up_corrections: bool,
    /// Systems that need no query, because they have no corrections.
    uncovered: HashSet<SystemId>,
    calendars: HashMap<Name, Rc<MaintenanceCalendar>>,
    /// The calendar of all systems without a window.
    no_maintenance: Rc<MaintenanceCalendar>,
    timetables: HashMap<Schedule, Rc<Timetable>>,
    dependencies: Rc<Dependencies>,
    /// Whether everything has been read, so that what is missing here does not exist.
    complete: bool,
    /// Collects the rules of every resolved system.
    rules: AllRules,
}

/// The ids of systems, as far as they are known.
#[derive(Default)]
struct Ids {
    of: HashMap<Name, SystemId>,
    /// Whether all systems of the database are there.
    complete: bool,
}

impl<'s> Resolver<'s> {
    /// A resolver that reads as needed or, with `most`, everything at once; very many corrections are read per system,
    /// when needed.
    pub(crate) fn new(store: &'s Store, most: bool) -> Result<Self> {
        if !most {
            return Ok(Self::empty(store, false));
        }
        if !store.has_many_corrections()? {
            return Self::whole(store);
        }
        let (looks_up_corrections, uncovered) = (true, store.uncovered_systems()?);
        Ok(Self { looks_up_corrections, uncovered, ..Self::of_kinds(store, &[Kind::System])? })
    }

    /// A resolver that reads all declarations at once, and no derived table.
    pub(crate) fn whole(store: &'s Store) -> Result<Self> {
        Self::of_kinds(store, &[Kind::System, Kind::Correction])
    }

    /// The same, for this number of objectives or systems, and for their active windows at an instant.
    pub(crate) fn asked(self, count: usize, at: Instant) -> Self {
        Self { asked: (count, Some(at)), ..self }
    }

    /// The same, with the ids of all systems, which need not be read again.
    pub(crate) fn knowing(self, systems: &[(Name, SystemId)]) -> Self {
        Self { ids: Ids { of: systems.iter().cloned().collect(), complete: true }, ..self }
    }

    fn of_kinds(store: &'s Store, kinds: &[Kind]) -> Result<Self> {
        let mut objects = Vec::new();
        for kind in kinds {
            objects.extend(store.bare_objects(*kind)?);
        }
        Ok(Self { has_schedules: false, ..Self::of(store, objects) })
    }

    /// A resolver for which these are all declared objects, whatever the database holds. Systems that the database does
    /// not know get ids that no stored one has.
    pub(crate) fn of(store: &'s Store, objects: impl IntoIterator<Item = Object>) -> Self {
        let mut resolver = Self { has_schedules: true, ..Self::empty(store, true) };
        for object in objects {
            match object {
                Object::System(system) => {
                    resolver.systems.insert(system.metadata.name.clone(), Some(Rc::new(system)));
                }
                Object::MaintenanceWindow(window) if !window.cancelled => {
                    resolver.add_window(&window.metadata.name, window.systems, &window.schedule);
                }
                Object::Correction(DeclaredCorrection { metadata, system, correction, .. }) => {
                    resolver.corrections.entry(system).or_default().push((correction, metadata.name));
                }
                Object::MaintenanceWindow(_) | Object::Objective(_) | Object::Condition(_) => {}
            }
        }
        resolver
    }

    fn add_window(&mut self, name: &Name, systems: Vec<Name>, schedule: &MaintenanceSchedule) {
        let (_, at) = self.asked;
        for system in systems {
            let of_system = self.schedules.entry(system).or_insert_with(|| Schedules::as_of(at));
            of_system.add(name, schedule.clone());
        }
    }

    fn empty(store: &'s Store, complete: bool) -> Self {
        let (members, open, systems, rules) = (HashMap::new(), HashSet::new(), HashMap::new(), AllRules::default());
        let (schedules, calendars, timetables) = (HashMap::new(), HashMap::new(), HashMap::new());
        let corrections = HashMap::new();
        let dependencies = Rc::default();
        Self {
            store,
            ids: Ids::default(),
            members,
            open,
            systems,
            schedules,
            has_schedules: false,
            asked: (1, None),
            corrections,
            has_corrections: None,
            looks_up_corrections: false,
            uncovered: HashSet::new(),
            calendars,
            no_maintenance: Rc::new(MaintenanceCalendar::of([])),
            timetables,
            dependencies,
            complete,
            rules,
        }
    }

    /// The manifest of a system, if it has one.
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

    /// A system, as an evaluation needs it.
    ///
    /// # Errors
    /// If the system is unknown.
    pub(crate) fn member(&mut self, name: &Name) -> Result<Member> {
        if let Some(known) = self.members.get(name) {
            return Ok(known.clone());
        }
        let id = match self.ids.of.get(name) {
            Some(id) => *id,
            None => self.identify(name)?,
        };
        let declared = self.system(name)?;
        let corrections = Corrections::new(if self.complete && !self.looks_up_corrections {
            self.corrections.remove(name).unwrap_or_default()
        } else if !self.uncovered.contains(&id) && self.has_corrections()? {
            let declared = self.store.corrections_of(id, name)?;
            declared.into_iter().map(|it| (it.correction, it.metadata.name)).collect()
        } else {
            Vec::new()
        });
        let rules = declared.as_ref().map_or_else(Rules::default, |system| system.rules());
        let rules = Rc::new(Rules { corrections, ..rules });
        self.rules.borrow_mut().insert(id, Rc::clone(&rules));
        let composition = declared.as_ref().and_then(|system| system.members.as_ref());
        let composition = composition.map(|members| self.composition(name, members)).transpose()?;
        let member = Member::new(id, name.clone(), rules, composition);
        self.members.insert(name.clone(), member.clone());
        Ok(member)
    }

    /// The id of a system that was not asked about before; one of its own if the database does not know it.
    fn identify(&mut self, name: &Name) -> Result<SystemId> {
        if self.complete && !self.ids.complete {
            self.ids.of.extend(self.store.systems()?);
            self.ids.complete = true;
            if let Some(id) = self.ids.of.get(name) {
                return Ok(*id);
            }
        }
        // Ids in the database are positive.
        let mut id = SystemId(-1 - self.ids.of.len() as i64);
        if !self.complete {
            let known = self.store.known_system(name)?;
            let known =
                known.ok_or_else(|| Unreadable(format!("system {name}, which a manifest names, is missing")))?;
            self.systems.insert(name.clone(), known.1.map(Rc::new));
            id = known.0;
        }
        self.ids.of.insert(name.clone(), id);
        Ok(id)
    }

    /// Whether there may be any correction.
    fn has_corrections(&mut self) -> Result<bool> {
        if let Some(known) = self.has_corrections {
            return Ok(known);
        }
        let known = self.store.may_have_corrections()?;
        self.has_corrections = Some(known);
        Ok(known)
    }

    /// The resolved members of a composite system.
    fn composition(&mut self, name: &Name, declared: &Members) -> Result<Composition> {
        if !self.open.insert(name.clone()) {
            return Err(Unreadable(format!("system {name} is a member of itself")).into());
        }
        if self.open.len() > MOST_NESTED {
            return Err(Unreadable(format!("system {name} is nested more than {MOST_NESTED} deep")).into());
        }
        let members = declared.systems.iter().map(|name| self.member(name)).collect::<Result<_>>()?;
        self.open.remove(name);
        Ok(Composition { members, quorum: declared.quorum })
    }

    /// The rules of every system that is or will be resolved.
    pub(crate) fn rules(&self) -> AllRules {
        Rc::clone(&self.rules)
    }

    /// Shares with a reader the rules of every system that is or will be resolved.
    pub(crate) fn telling(self, rules: AllRules) -> Self {
        let told = self.members.values().map(|member| (member.id, Rc::clone(&member.rules)));
        rules.borrow_mut().extend(told);
        Self { rules, ..self }
    }

    /// The model of a stored objective.
    pub(crate) fn model(&mut self, stored: Stored) -> Result<Model> {
        let mut model = self.declared(stored.objective)?;
        model.orphaned = stored.orphaned;
        Ok(model)
    }

    /// The model of an objective from a manifest.
    pub(crate) fn declared(&mut self, objective: Objective) -> Result<Model> {
        let system = self.member(&objective.system)?;
        self.connect(&system)?;
        let heeds = Model::heeds_maintenance(&objective);
        let maintenance = if heeds { self.maintenance(&system)? } else { Rc::clone(&self.no_maintenance) };
        let dependencies = Rc::clone(&self.dependencies);
        let timetable = self.timetable(&objective.schedule);
        Ok(Model::new(objective, system, dependencies, maintenance, timetable))
    }

    /// A schedule, unfolded once for all its objectives.
    fn timetable(&mut self, schedule: &Schedule) -> Rc<Timetable> {
        if let Some(known) = self.timetables.get(schedule) {
            return Rc::clone(known);
        }
        let timetable = Rc::new(Timetable::of(schedule.clone()));
        self.timetables.insert(schedule.clone(), Rc::clone(&timetable));
        timetable
    }

    /// Adds the systems that may excuse a system to the graph; if all systems and corrections are known, those that may
    /// excuse any.
    fn connect(&mut self, system: &Member) -> Result<()> {
        if self.dependencies.is_complete() {
            return Ok(());
        }
        if self.complete && !self.looks_up_corrections {
            let names: Vec<Name> = self.systems.keys().cloned().collect();
            for name in names {
                let member = self.member(&name)?;
                self.connect_from(&member)?;
            }
            self.dependencies.complete();
            return Ok(());
        }
        self.connect_from(system)
    }

    fn connect_from(&mut self, system: &Member) -> Result<()> {
        let mut open = vec![system.clone()];
        while let Some(system) = open.pop() {
            let Some(declared) = self.system(&system.name)?.filter(|declared| leading(declared).next().is_some())
            else {
                continue;
            };
            let place = self.dependencies.add(system);
            if self.dependencies.is_connected(place) {
                continue;
            }
            let mut edges = Vec::new();
            for (name, transitive) in leading(&declared) {
                let member = self.member(name)?;
                let upstream = self.dependencies.add(member.clone());
                edges.push(Edge { upstream, transitive });
                if transitive {
                    open.push(member);
                }
            }
            self.dependencies.connect(place, edges);
        }
        Ok(())
    }

    /// The edges between systems that may lead to an excuse, sorted: upstream, dependent, whether it is transitive.
    pub(crate) fn edges(&mut self) -> Result<Vec<(SystemId, SystemId, bool)>> {
        let names: Vec<Name> = self.systems.keys().cloned().collect();
        let mut edges = Vec::new();
        for name in names {
            let Some(declared) = self.system(&name)? else { continue };
            let dependent = self.member(&name)?.id;
            for (upstream, transitive) in leading(&declared) {
                edges.push((self.member(upstream)?.id, dependent, transitive));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        Ok(edges)
    }

    /// The members of composite systems: member, composite.
    pub(crate) fn memberships(&mut self) -> Result<Vec<(SystemId, SystemId)>> {
        let names: Vec<Name> = self.systems.keys().cloned().collect();
        let mut found = Vec::new();
        for name in names {
            let Some(declared) = self.system(&name)?.filter(|declared| declared.members.is_some()) else { continue };
            let composite = self.member(&name)?.id;
            for member in declared.members() {
                found.push((self.member(member)?.id, composite));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The active window of a system at the given instant; of several, the one that ends last.
    pub(crate) fn in_force(&mut self, system: &Name) -> Result<Option<InMaintenance>> {
        let member = self.member(system)?;
        Ok(self.maintenance(&member)?.in_force().cloned())
    }

    /// The maintenance of a system, unfolded once for all its objectives.
    pub(crate) fn maintenance(&mut self, system: &Member) -> Result<Rc<MaintenanceCalendar>> {
        if let Some(known) = self.calendars.get(&system.name) {
            return Ok(Rc::clone(known));
        }
        let (count, at) = self.asked;
        if !self.has_schedules && (self.complete || self.store.are_most_windows(system.id, count)?) {
            let store = self.store;
            store.each_schedule(|name, systems, schedule| self.add_window(&name, systems, &schedule))?;
            self.has_schedules = true;
        }
        let schedules = if self.has_schedules {
            let Some(schedules) = self.schedules.remove(&system.name) else {
                return Ok(Rc::clone(&self.no_maintenance));
            };
            schedules
        } else {
            let mut schedules = Schedules::as_of(at);
            self.store.each_schedule_of((system.id, &system.name), |name, schedule| schedules.add(&name, schedule))?;
            schedules
        };
        let calendar = Rc::new(schedules.calendar());
        self.calendars.insert(system.name.clone(), Rc::clone(&calendar));
        Ok(calendar)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::Access;

    #[test]
    fn a_reader_hears_of_systems_that_were_resolved_before_it_listened() {
        let store = Store::open(Path::new(""), Access::Scratch).unwrap();
        let (early, late) = (Name::parse("early").unwrap(), Name::parse("late").unwrap());
        let mut resolver = Resolver::of(&store, []);
        let early = resolver.member(&early).unwrap().id;
        let rules = AllRules::default();
        let mut resolver = resolver.telling(Rc::clone(&rules));
        let late = resolver.member(&late).unwrap().id;
        assert_eq!(*rules.borrow(), [early, late].map(|id| (id, Rc::default())).into_iter().collect());
    }
}
