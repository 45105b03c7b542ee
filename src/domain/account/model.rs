//! Owns the model of an objective: everything outside the journal that decides its numbers, resolved from the
//! manifests.

use std::cell::OnceCell;
use std::rc::Rc;

use super::dependencies::Dependencies;
use super::maintenance::calendar::MaintenanceCalendar;
use super::member::Member;
use super::objective::Objective;
use super::schedule::Timetable;
use crate::domain::health::timeline::Scope;
use crate::domain::value::hash::Fnv;

/// An objective with everything it refers to.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) objective: Objective,
    pub(crate) system: Member,
    /// The graph of the systems that may excuse it.
    pub(crate) dependencies: Rc<Dependencies>,
    /// The maintenance of its system; none when the objective ignores maintenance.
    pub(crate) maintenance: Rc<MaintenanceCalendar>,
    pub(crate) timetable: Rc<Timetable>,
    /// Whether its set no longer declares the objective. It decides no number.
    pub(crate) orphaned: bool,
    upstreams: OnceCell<Vec<usize>>,
}

impl Model {
    pub(crate) fn new(
        objective: Objective,
        system: Member,
        dependencies: Rc<Dependencies>,
        maintenance: Rc<MaintenanceCalendar>,
        timetable: Rc<Timetable>,
    ) -> Self {
        let (orphaned, upstreams) = (false, OnceCell::new());
        Self { objective, system, dependencies, maintenance, timetable, orphaned, upstreams }
    }

    /// The streams the objective looks at.
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.objective.healthcheck.as_ref().map_or(Scope::System, Scope::Check)
    }

    /// The places in the graph of the systems that may excuse it.
    pub(crate) fn upstreams(&self) -> &[usize] {
        self.upstreams.get_or_init(|| self.dependencies.closure(self.system.id, &self.objective.excluded_dependencies))
    }

    /// A fingerprint of everything that decides the objective's numbers: models with the same fingerprint give the same
    /// numbers from the same journal.
    pub(crate) fn fingerprint(&self) -> i64 {
        let objective = &self.objective;
        let mut hash = Fnv::new();
        hash.feed(&format!(
            "4|{}|{:?}|{}|{}|{:?}|{:?}|{:?}",
            self.system.fingerprint,
            objective.healthcheck,
            objective.target.percent(),
            objective.window,
            objective.dependency_exclusion,
            objective.counts_as_down.statuses(),
            (objective.exclude_maintenance_windows, objective.not_counted),
        ));
        hash.feed(&self.dependencies.hash(self.upstreams()).to_string());
        self.maintenance.feed(&mut hash);
        if !objective.counts_as_down.are_full() {
            hash.feed(&format!("{:?}", objective.counts_as_down));
        }
        if objective.hindsight_ms() > 0 {
            hash.feed(&format!("{} {}", objective.minimum_outage_ms, objective.attribution_grace_ms));
        }
        if !objective.schedule.is_always() {
            hash.feed(&format!("{:?}", objective.schedule));
        }
        hash.finish() as i64
    }

    /// Whether each day without a change repeats the day before.
    pub(crate) fn has_like_days(&self) -> bool {
        self.maintenance.is_empty() && self.timetable.is_always()
    }

    /// Whether maintenance affects the objective's numbers.
    pub(crate) fn heeds_maintenance(objective: &Objective) -> bool {
        objective.exclude_maintenance_windows || objective.not_counted.maintenance
    }
}
