//! Owns evaluation: how stored facts and manifests become reports, for all commands.

mod achievements;
mod backtests;
mod caches;
mod computing;
mod conditions;
mod corrections;
mod course;
mod digest;
mod events;
mod maintained;
mod outages;
mod periods;
mod prospect;
mod resolver;
mod rewriting;
mod sealing;
mod subjects;
mod systems;
mod turning;

use std::rc::Rc;

use anyhow::Result;

use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::{Member, SystemId};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::chapter::Chapter;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::{Snapshot, snapshots};
use crate::domain::budget::streak::StreakReport;
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{BEGINNING, END, Scope, SystemHistory, Timeline};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::{AllRules, Reader, Store, Stored};
use resolver::Resolver;

pub(crate) use achievements::{achievements, standings};
pub(crate) use backtests::{Question, Subjects, backtest, last_windows_of, suggest_thresholds};
pub(crate) use caches::{compute, follow_facts, rebuild, seal_after_ingest, settle_manifests};
pub(crate) use computing::{Currency, verify_computed};
pub(crate) use conditions::{Conditions, Detail};
pub(crate) use corrections::{corrections_behind, corrections_of};
pub(crate) use course::course;
pub(crate) use digest::digest;
pub(crate) use maintained::maintained_besides;
pub(crate) use outages::latest::latest;
pub(crate) use outages::{each_charged, each_outage};
pub(crate) use periods::{reports_over, review};
pub(crate) use prospect::{consequences, trials};
pub(crate) use rewriting::{Rewritten, rewrite};
pub(crate) use sealing::verify_caches;
pub(crate) use subjects::labelled_systems;

/// From this number of objectives or systems on, reading everything may be cheaper than lookups.
const MANY: usize = 64;

/// Reads histories of systems from the journal.
type Load<'s> = Box<dyn FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory> + 's>;

/// Evaluates objectives as of one instant.
struct Evaluation<'s> {
    store: &'s Store,
    resolver: Resolver<'s>,
    chronicle: Chronicle<Load<'s>>,
    /// The lookback in which the changes of a system's status are counted.
    lookback_ms: i64,
    as_of: Instant,
}

impl<'s> Evaluation<'s> {
    /// Prepares to evaluate `count` objectives.
    fn open(store: &'s Store, count: usize, as_of: Instant) -> Result<Self> {
        let most = is_most(store, count)?;
        Self::with(store, Resolver::new(store, most)?.asked(count, as_of), most, as_of)
    }

    /// The same, for these systems or objectives of theirs; there are no others.
    fn of_all(store: &'s Store, systems: &[(Name, SystemId)], count: usize, as_of: Instant) -> Result<Self> {
        let opened = Self::open(store, count, as_of)?;
        Ok(Self { resolver: opened.resolver.knowing(systems), ..opened })
    }

    /// Prepares to evaluate with a resolver; `most` says whether most of the journal is needed.
    fn with(store: &'s Store, resolver: Resolver<'s>, most: bool, as_of: Instant) -> Result<Self> {
        let rules = AllRules::default();
        let reader = Reader::new(store, as_of, most, Rc::clone(&rules))?;
        let load: Load<'s> = Box::new(move |system, scope, from, through| reader.history(system, scope, from, through));
        let resolver = resolver.telling(rules);
        let chronicle = Chronicle::new(load);
        Ok(Self { store, resolver, chronicle, lookback_ms: TRANSITIONS_WINDOW_MS, as_of })
    }

    /// The same, with another lookback for counting changes.
    fn counting(self, lookback_ms: i64) -> Self {
        Self { lookback_ms, ..self }
    }

    /// Opens the account of an objective, sealed days first, and calls `work` with it.
    fn assess<T>(
        &mut self,
        stored: Stored,
        work: impl FnOnce(&Assessment<'_>, &mut Chronicle<Load<'s>>) -> Result<T>,
    ) -> Result<T> {
        let sealed = self.store.sealed(stored.id, &stored.objective)?;
        let model = self.resolver.model(stored)?;
        let assessment = Assessment::open(&model, sealed, self.as_of, &mut self.chronicle)?;
        work(&assessment, &mut self.chronicle)
    }

    /// The health of a system.
    fn health(&mut self, name: &Name) -> Result<Health> {
        let (member, timeline) = self.recently(name)?;
        self.health_of(&member, &timeline)
    }

    /// The health of a system. Keeps its timeline, because that is usually all that its objectives need.
    fn health_first(&mut self, name: &Name) -> Result<Health> {
        let (member, timeline) = self.recently(name)?;
        let health = self.health_of(&member, &timeline)?;
        self.chronicle.remember(&member, timeline);
        Ok(health)
    }

    /// The timeline from which health is drawn.
    fn recently(&mut self, name: &Name) -> Result<(Member, Timeline)> {
        let member = self.resolver.member(name)?;
        let mut back = self.lookback_ms;
        loop {
            let from = self.as_of.plus(-back).max(BEGINNING);
            let timeline = self.chronicle.timeline(&member, from, self.as_of)?;
            if Health::is_settled(&timeline, self.lookback_ms, self.as_of) {
                return Ok((member, timeline));
            }
            back = back.saturating_mul(4).min(END.millis());
        }
    }

    /// The health of these systems, as far as they are declared or have transitions.
    fn there_are(&mut self, healths: Vec<Health>) -> Result<Vec<Health>> {
        let mut found = Vec::with_capacity(healths.len());
        for health in healths {
            if health.last_seen.is_some() || self.resolver.system(&health.system)?.is_some() {
                found.push(health);
            }
        }
        Ok(found)
    }

    fn health_of(&mut self, member: &Member, timeline: &Timeline) -> Result<Health> {
        let (name, as_of) = (&member.name, self.as_of);
        let is_retired = member.rules.retired_at.is_some_and(|at| at <= as_of);
        let maintenance = self.resolver.in_force(name)?;
        Ok(Health { maintenance, is_retired, ..Health::draw(name.clone(), timeline, self.lookback_ms, as_of) })
    }
}

/// Whether this many objects make up so much of the database that reading all of it is cheaper than lookups.
fn is_most(store: &Store, count: usize) -> Result<bool> {
    Ok(count >= MANY && count * 8 >= store.count_objectives()?)
}

/// The report, with the active maintenance window of its system.
fn in_maintenance(report: ObjectiveReport, resolver: &mut Resolver<'_>) -> Result<ObjectiveReport> {
    Ok(ObjectiveReport { maintenance: resolver.in_force(&report.system)?, ..report })
}

/// The reports of objectives as of an instant, in the order given.
pub(crate) fn reports(store: &Store, objectives: Vec<Stored>, as_of: Instant) -> Result<Vec<ObjectiveReport>> {
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let report = |stored| {
        let report = evaluation.assess(stored, ObjectiveReport::draw)?;
        in_maintenance(report, &mut evaluation.resolver)
    };
    objectives.into_iter().map(report).collect()
}

/// The chapters of objectives as of an instant, in the order given.
pub(crate) fn chapters(store: &Store, objectives: Vec<Stored>, as_of: Instant) -> Result<Vec<Chapter>> {
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let chapter = |stored| {
        let chapter = evaluation.assess(stored, Chapter::draw)?;
        Ok(Chapter { report: in_maintenance(chapter.report, &mut evaluation.resolver)?, ..chapter })
    };
    objectives.into_iter().map(chapter).collect()
}

/// The streaks of objectives as of an instant, in the order given.
pub(crate) fn streaks(store: &Store, objectives: Vec<Stored>, as_of: Instant) -> Result<Vec<StreakReport>> {
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let streak = |assessment: &Assessment<'_>, _: &mut Chronicle<Load<'_>>| Ok(StreakReport::draw(assessment));
    objectives.into_iter().map(|stored| evaluation.assess(stored, streak)).collect()
}

/// The daily snapshots of an objective after an instant and up to another, oldest first.
pub(crate) fn trend(store: &Store, stored: Stored, after: Instant, as_of: Instant) -> Result<Vec<Snapshot>> {
    Evaluation::open(store, 1, as_of)?.assess(stored, |assessment, chronicle| snapshots(assessment, after, chronicle))
}

/// The health of systems as of an instant, in the order given, with the changes of this lookback.
pub(crate) fn healths(
    store: &Store,
    systems: &[(Name, SystemId)],
    lookback_ms: i64,
    as_of: Instant,
) -> Result<Vec<Health>> {
    let mut evaluation = Evaluation::open(store, systems.len(), as_of)?.counting(lookback_ms);
    systems.iter().map(|(name, _)| evaluation.health(name)).collect()
}

/// The health of every system as of an instant, sorted by name. A system that only later facts name does not exist yet,
/// unless a manifest declares it.
pub(crate) fn all_healths(store: &Store, lookback_ms: i64, as_of: Instant) -> Result<Vec<Health>> {
    let systems = store.systems()?;
    let mut evaluation = Evaluation::of_all(store, &systems, systems.len(), as_of)?.counting(lookback_ms);
    let healths = systems.iter().map(|(name, _)| evaluation.health(name)).collect::<Result<_>>()?;
    evaluation.there_are(healths)
}
