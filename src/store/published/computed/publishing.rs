//! Owns publishing everything but the days as of one instant, one item after the other, and noting which views changed.

use anyhow::Result;

use super::aligning::{Alignment, Was};
use super::{Aligned, Row, Table, Views, expect, id_of, rows, seen_in, summed, table_of, view_of};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::Health;
use crate::domain::health::transition::Status;
use crate::domain::rules::change::{Change, ChangeKind, Look, View};
use crate::domain::value::instant::Instant;
use crate::store::database::open::Store;
use crate::store::soundness::Difference;

/// The views before.
pub(crate) enum Before {
    /// Those in the tables, which are of the last computation.
    Published,
    /// Those in the change log.
    Logged(Views),
}

/// A changed view, in little memory: in a first computation, every view is one.
struct Noted {
    occurred_at: Instant,
    kind: ChangeKind,
    id: Box<str>,
    previous: Option<Box<View>>,
    next: Option<Look>,
}

/// Tables in progress.
pub(crate) struct Publisher<'s> {
    store: &'s Store,
    as_of: Instant,
    /// `None`: nothing is written or noted.
    before: Option<Before>,
    objectives: Alignment<'s>,
    streaks: Alignment<'s>,
    systems: Alignment<'s>,
    achievements: Alignment<'s>,
    noted: Vec<Noted>,
    /// The places of the columns that make up the views of objectives and of systems.
    seen_in: [Vec<usize>; 2],
}

impl Store {
    /// Begins to update the tables as of `as_of`.
    pub(crate) fn publishing(&self, before: Before, as_of: Instant) -> Publisher<'_> {
        Publisher::new(self, Some(before), as_of, Alignment::writing)
    }

    /// Begins to compare the tables with what should be in them.
    pub(crate) fn comparing(&self, as_of: Instant) -> Publisher<'_> {
        Publisher::new(self, None, as_of, Alignment::comparing)
    }
}

impl<'s> Publisher<'s> {
    fn new(
        store: &'s Store,
        before: Option<Before>,
        as_of: Instant,
        begin: fn(&'s Store, &'static Table) -> Alignment<'s>,
    ) -> Self {
        Self {
            store,
            as_of,
            before,
            objectives: begin(store, &rows::OBJECTIVE_STATUS),
            streaks: begin(store, &rows::STREAK),
            systems: begin(store, &rows::SYSTEM_STATUS),
            achievements: begin(store, &rows::ACHIEVEMENT),
            noted: Vec::new(),
            seen_in: [ChangeKind::Objective, ChangeKind::System].map(seen_in),
        }
    }

    /// Puts an objective, the next one by name.
    pub(crate) fn objective(&mut self, report: &ObjectiveReport) -> Result<()> {
        let mut gone = Vec::new();
        let streak = self.streaks.put(&summed(rows::streak(report)), &mut Vec::new())?;
        self.streaks.take_back(streak);
        let row = summed(rows::objective(report)?);
        let was = self.objectives.put(&row, &mut gone)?;
        let kind = ChangeKind::Objective;
        self.miss(kind, gone)?;
        if self.is_seen_alike(kind, &was, &row)? {
            self.objectives.take_back(was);
            return Ok(());
        }
        self.note(kind, report.objective.as_str(), self.as_of, was, Look::of_objective(report))
    }

    /// Puts a system, the next one by name, and its statuses since the last computation, each with its start; the last
    /// of them is the current one.
    pub(crate) fn system(&mut self, health: &Health, moves: Vec<(Instant, Status)>) -> Result<()> {
        let (kind, id) = (ChangeKind::System, health.system.as_str());
        let mut gone = Vec::new();
        let row = summed(rows::system(health));
        let was = self.systems.put(&row, &mut gone)?;
        self.miss(kind, gone)?;
        if moves.is_empty() && self.is_seen_alike(kind, &was, &row)? {
            self.systems.take_back(was);
            return Ok(());
        }
        let Some(mut previous) = self.before(kind, id, was)? else { return Ok(()) };
        let now = (health.in_status_since.unwrap_or(self.as_of), health.status);
        for (at, status) in moves.into_iter().chain([now]) {
            let next = Look::System(status);
            let view = next.view(id);
            self.see(kind, id, at, previous.replace(view), next);
        }
        Ok(())
    }

    /// Puts an achievement, the next one by the names of its system and its own.
    pub(crate) fn achievement(&mut self, unlocked: &Unlocked) -> Result<()> {
        let mut gone = Vec::new();
        let row = summed(rows::achievement(unlocked));
        let was = self.achievements.put(&row, &mut gone)?;
        self.miss(ChangeKind::Achievement, gone)?;
        if self.is_seen_alike(ChangeKind::Achievement, &was, &row)? {
            return Ok(());
        }
        let (id, at) = (format!("{}/{}", unlocked.system, unlocked.achievement.as_str()), unlocked.unlocked_at);
        self.note(ChangeKind::Achievement, &id, at, was, Look::Achievement(unlocked.achievement, at))
    }

    /// Finishes the tables, and returns their digests and the changed views, sorted by time, kind and id.
    pub(crate) fn changes(mut self) -> Result<(Aligned, impl Iterator<Item = Change> + use<>)> {
        self.end()?;
        let tables = [&self.objectives, &self.streaks, &self.systems, &self.achievements];
        let aligned = Aligned(tables.map(|table| table.digest));
        if let Some(Before::Logged(views)) = self.before.take() {
            for ((kind, id), view) in views {
                self.lose(kind, id, view)?;
            }
        }
        self.noted.sort_by(|a, b| (a.occurred_at, a.kind, &a.id).cmp(&(b.occurred_at, b.kind, &b.id)));
        Ok((aligned, self.noted.into_iter().map(Noted::told)))
    }

    /// Finishes the tables, and returns how they differ from what should be in them.
    pub(crate) fn differences(mut self) -> Result<Vec<Difference>> {
        self.end()
    }

    fn end(&mut self) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        for kind in [ChangeKind::Objective, ChangeKind::System, ChangeKind::Achievement] {
            let mut gone = Vec::new();
            differences.extend(self.of(kind).finish(&mut gone)?);
            self.miss(kind, gone)?;
        }
        differences.extend(self.streaks.finish(&mut Vec::new())?);
        Ok(differences)
    }

    fn of(&mut self, kind: ChangeKind) -> &mut Alignment<'s> {
        match kind {
            ChangeKind::Objective => &mut self.objectives,
            ChangeKind::System => &mut self.systems,
            ChangeKind::Achievement | ChangeKind::Condition => &mut self.achievements,
        }
    }

    /// Whether the current view of an item certainly equals the one before, or nothing is noted.
    fn is_seen_alike(&self, kind: ChangeKind, was: &Was, is: &Row) -> Result<bool> {
        Ok(match (&self.before, was) {
            (None, _) | (Some(Before::Published), Was::Same) => true,
            (Some(Before::Published), Was::Other(was)) => {
                expect(table_of(kind), was)?;
                let [of_objectives, of_systems] = &self.seen_in;
                let places = match kind {
                    ChangeKind::Objective => of_objectives,
                    ChangeKind::System => of_systems,
                    ChangeKind::Achievement | ChangeKind::Condition => return Ok(false),
                };
                places.iter().all(|place| was[*place] == is[*place])
            }
            _ => false,
        })
    }

    /// Notes the current view of one item if it differs from the one before.
    fn note(&mut self, kind: ChangeKind, id: &str, occurred_at: Instant, was: Was, next: Look) -> Result<()> {
        if let Some(previous) = self.before(kind, id, was)? {
            self.see(kind, id, occurred_at, previous, next);
        }
        Ok(())
    }

    /// The view of one item before; `None` if the current one is certainly the same, or nothing is noted.
    #[expect(clippy::option_option, reason = "whether anything may be new, and whether anything was seen")]
    fn before(&mut self, kind: ChangeKind, id: &str, was: Was) -> Result<Option<Option<View>>> {
        Ok(match (&mut self.before, was) {
            (None, _) | (Some(Before::Published), Was::Same) => None,
            (Some(Before::Published), Was::Nothing) => Some(None),
            (Some(Before::Published), Was::Other(row)) => Some(Some(view_of(kind, &row)?)),
            (Some(Before::Logged(views)), _) => Some(views.remove(&(kind, id.to_owned()))),
        })
    }

    fn see(&mut self, kind: ChangeKind, id: &str, occurred_at: Instant, previous: Option<View>, next: Look) {
        if previous.as_ref().is_none_or(|previous| *previous != next.view(id)) {
            let (id, previous) = (id.into(), previous.map(Box::new));
            self.noted.push(Noted { occurred_at, kind, id, previous, next: Some(next) });
        }
    }

    /// Notes what no longer exists.
    fn miss(&mut self, kind: ChangeKind, gone: Vec<Row>) -> Result<()> {
        if let Some(Before::Published) = self.before {
            for row in gone {
                self.lose(kind, id_of(kind, &row), view_of(kind, &row)?)?;
            }
        }
        Ok(())
    }

    fn lose(&mut self, kind: ChangeKind, id: String, view: View) -> Result<()> {
        if kind == ChangeKind::Objective {
            self.store.withdraw_days(&id)?;
            self.store.withdraw_events(&id)?;
        }
        let (previous, id) = (Some(Box::new(view)), id.into());
        self.noted.push(Noted { occurred_at: self.as_of, kind, id, previous, next: None });
        Ok(())
    }
}

impl Noted {
    fn told(self) -> Change {
        let Self { occurred_at, kind, id, previous, next } = self;
        let next = next.map(|look| look.view(&id));
        Change { kind, id: id.into(), occurred_at, previous: previous.map(|view| *view), next }
    }
}
