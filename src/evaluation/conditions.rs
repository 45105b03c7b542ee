//! Owns the evaluation of conditions: the objectives and systems that terms refer to, and the findings of rules.

mod closing;
mod values;

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Result, anyhow};

use super::Evaluation;
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::member::Member;
use crate::domain::account::model::Model;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::timeline::Scope;
use crate::domain::rules::backtest::burn::Consumption;
use crate::domain::rules::condition::{Subject, Term};
use crate::domain::rules::finding::{Finding, Rule};
use crate::domain::rules::solver::ask::{Ask, What};
use crate::domain::rules::solver::days::Days;
use crate::domain::rules::solver::signal::Signal;
use crate::domain::rules::solver::view::View;
use crate::domain::rules::solver::{self, moment, search};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::moments::Moments;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;
use crate::store::{ManifestId, Store, Stored};

/// A signal, with the stretch it was requested for.
type Told = (Span, Rc<Signal>);

/// The most objectives whose days are kept, and how far ahead those reach, in milliseconds.
const MOST_DAYS: usize = 256;
const MOST_AHEAD_MS: i64 = 128 * DAY_MS;

/// Evaluates terms for objectives and systems, with the facts up to one instant.
pub(crate) struct Conditions<'s> {
    evaluation: Evaluation<'s>,
    objectives: HashMap<Name, Known>,
    /// The signals computed so far: for the covered stretch all of them, otherwise one part per value.
    signals: HashMap<(Subject, What), Vec<Told>>,
    /// The number of their runs, including replaced ones.
    runs: usize,
    /// The stretch computed at once, even for requests within it.
    covered: Option<Span>,
    views: HashMap<Name, (Span, Rc<View>)>,
    days: HashMap<Name, Rc<Days>>,
    /// The subject evaluated last; its data is dropped when another one is evaluated.
    judged: Option<Subject>,
    /// The period that replaces the windows of objectives.
    frame: Option<Frame>,
}

/// How much a finding includes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Detail {
    /// Since when it fires, and what clears it: finding the last change may read much of the history.
    pub(crate) course: bool,
    /// Since when it does not fire, too.
    pub(crate) always: bool,
    /// The result of each of its parts.
    pub(crate) explain: bool,
}

/// The streams that decide about a subject: those of a system, or those in an objective's scope.
enum Measured {
    System(Member),
    Objective(Rc<Model>),
}

impl Measured {
    fn streams(&self) -> (&Member, Scope<'_>) {
        match self {
            Self::System(member) => (member, Scope::System),
            Self::Objective(model) => (&model.system, model.scope()),
        }
    }
}

/// An objective that terms are evaluated for or refer to.
struct Known {
    id: ManifestId,
    /// The window of its manifest.
    declared: Window,
    model: Rc<Model>,
    report: Option<Rc<ObjectiveReport>>,
}

impl<'s> Conditions<'s> {
    /// Prepares to evaluate `count` objectives. Facts after `as_of` do not exist; later instants are evaluated as if
    /// nothing else happened.
    pub(crate) fn open(store: &'s Store, count: usize, as_of: Instant) -> Result<Self> {
        let evaluation = Evaluation::open(store, count, as_of)?;
        let (signals, views, days) = (HashMap::new(), HashMap::new(), HashMap::new());
        let objectives = HashMap::new();
        Ok(Self { evaluation, objectives, signals, runs: 0, covered: None, views, days, judged: None, frame: None })
    }

    /// Adds an objective.
    pub(crate) fn admit(&mut self, mut stored: Stored) -> Result<Rc<Model>> {
        let (id, declared) = (stored.id, stored.objective.window);
        stored.objective.window = self.frame.map_or(declared, |frame| frame.window(declared));
        let model = Rc::new(self.evaluation.resolver.model(stored)?);
        let known = Known { id, declared, model: Rc::clone(&model), report: None };
        self.objectives.insert(model.objective.metadata.name.clone(), known);
        Ok(model)
    }

    /// The instants of `stretch` at which the term holds for an objective or a system.
    ///
    /// # Errors
    /// Those of the database, and when the term refers to something unknown.
    pub(crate) fn solve(&mut self, term: &Term, this: &Subject, stretch: Span) -> Result<Moments> {
        solver::solve(term, stretch, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// Whether the term holds for an objective or a system as of an instant.
    pub(crate) fn holds(&mut self, term: &Term, this: &Subject, at: Instant) -> Result<bool> {
        Ok(!self.solve(term, this, moment(at))?.is_empty())
    }

    /// Since when the result of the term for an objective or a system as of an instant, at or before that of this
    /// evaluation, has been the same without a gap; `None` if it never changed since 1970.
    pub(crate) fn since(&mut self, term: &Term, this: &Subject, at: Instant) -> Result<Option<Instant>> {
        let (holds, known) = (self.holds(term, this, at)?, self.known_days(term, this)?);
        search::since(term, (at, holds), &known, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// When the term, which holds, first stops holding if nothing else happens; `None` if not within the longest
    /// window.
    fn clears(&mut self, term: &Term, this: &Subject) -> Result<Option<Instant>> {
        let (at, known) = (self.evaluation.as_of, self.known_days(term, this)?);
        search::clears(term, at, &known, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// The days of the objectives that a term refers to.
    fn known_days(&mut self, term: &Term, this: &Subject) -> Result<search::Known> {
        let mut known = search::Known::new();
        let mut subjects: Vec<&Subject> = term.fields().into_iter().map(|field| &field.subject).collect();
        if term.asks_policy() {
            subjects.push(&Subject::This);
        }
        for subject in subjects {
            let name = match if *subject == Subject::This { this } else { subject } {
                Subject::Objective(name) => name,
                Subject::This | Subject::System(_) => continue,
            };
            if !known.contains_key(subject) {
                known.insert(subject.clone(), self.days(name)?);
            }
        }
        Ok(known)
    }

    /// The days of an objective as of this evaluation, and some later days without changes.
    fn days(&mut self, name: &Name) -> Result<Rc<Days>> {
        if let Some(days) = self.days.get(name) {
            return Ok(Rc::clone(days));
        }
        let (model, sealed) = (self.model(name)?, self.sealed(name)?);
        let Evaluation { chronicle, as_of, .. } = &mut self.evaluation;
        let calendar = model.objective.window.calendar();
        let assessment = Assessment::open(&model, sealed, *as_of, chronicle)?;
        let window = assessment.window.millis().min(MOST_AHEAD_MS);
        let end = as_of.plus(window + DAY_MS).min(Instant::MAX);
        let later = Span::new(assessment.settled().end(), calendar.day_start(end));
        let later = chronicle.day_tallies(&model, later)?;
        let days = Rc::new(Days::draw(Rc::clone(&model), &assessment, &later));
        if self.days.len() >= MOST_DAYS {
            self.days.clear();
        }
        self.days.insert(name.clone(), Rc::clone(&days));
        Ok(days)
    }

    /// Prepares to solve terms over a stretch for one objective with shared values, which are computed as far back as
    /// any of the terms reaches.
    pub(super) fn cover<'t>(&mut self, this: &Subject, stretch: Span, terms: impl IntoIterator<Item = &'t Term>) {
        self.turn_to(this);
        let back = terms.into_iter().map(Term::reach_ms).max().unwrap_or(0);
        let from = stretch.start.plus(-back);
        if !self.covered.is_some_and(|covered| covered.start <= from && covered.end == stretch.end) {
            self.covered = Some(Span::new(from, stretch.end));
            self.signals.clear();
            self.runs = 0;
        }
    }

    /// Drops the data of the last objective or system when another one is evaluated.
    fn turn_to(&mut self, this: &Subject) {
        if self.judged.as_ref() == Some(this) {
            return;
        }
        self.covered = None;
        if let Some(last) = self.judged.replace(this.clone()) {
            if let Subject::Objective(last) = &last {
                self.views.remove(last);
                self.days.remove(last);
            }
            self.signals.retain(|(subject, _), _| *subject != last);
        }
    }

    /// Evaluates a rule for an objective or a system as of this evaluation.
    pub(crate) fn judge(&mut self, rule: &Rc<Rule>, this: &Subject, detail: Detail) -> Result<Finding> {
        self.turn_to(this);
        let at = self.evaluation.as_of;
        let term = &rule.term;
        let firing = self.holds(term, this, at)?;
        let mut values = Vec::new();
        for field in &rule.decided {
            values.push((field.clone(), self.signal(this, &Ask::of(field), moment(at))?.at(at)));
        }
        let explanation = if detail.explain {
            Some(solver::explained::explain(term, at, &mut |ask, stretch| self.signal(this, ask, stretch))?)
        } else {
            None
        };
        let since = if detail.always || firing && detail.course { self.since(term, this, at)? } else { None };
        // A period has no future after its end.
        let end = if let Subject::Objective(name) = this { self.end_of_period(name)? } else { None };
        let is_over = end == Some(at);
        let clears_at = if firing && detail.course && !is_over { self.clears(term, this)? } else { None };
        let clears_at = clears_at.filter(|clears| end.is_none_or(|end| *clears < end));
        let (subject, rule) = (this.clone(), Rc::clone(rule));
        Ok(Finding { subject, rule, firing, is_over, since, clears_at, values, explanation })
    }

    /// The first transition of a system, or of an objective's system, if it came by the instant of this evaluation.
    pub(crate) fn first(&mut self, subject: &Subject) -> Result<Option<Instant>> {
        let at = self.evaluation.as_of;
        let measured = self.measured(subject)?;
        let (member, scope) = measured.streams();
        Ok(self.evaluation.chronicle.stretch(member, scope, at, at)?.first)
    }

    /// Whether the objective or system exists.
    pub(super) fn knows(&mut self, subject: &Subject) -> Result<bool> {
        Ok(match subject {
            Subject::This => false,
            Subject::Objective(name) => self.evaluation.store.objective(name)?.is_some(),
            Subject::System(name) => self.evaluation.store.system(name)?.is_some(),
        })
    }

    /// When a system retires; objectives do not.
    pub(super) fn retired_at(&mut self, subject: &Subject) -> Result<Option<Instant>> {
        let Subject::System(name) = subject else { return Ok(None) };
        Ok(self.evaluation.resolver.member(name)?.rules.retired_at)
    }

    /// When a system is under maintenance.
    pub(super) fn maintenance(&mut self, system: &Name) -> Result<Rc<MaintenanceCalendar>> {
        let member = self.evaluation.resolver.member(system)?;
        self.evaluation.resolver.maintenance(&member)
    }

    /// The consumption of an objective within `span`, and the share of failure that its target allows.
    pub(super) fn consumed(&mut self, name: &Name, span: Span) -> Result<(i64, Consumption)> {
        let (_, model, _) = self.known(name)?;
        let exclusion = model.objective.dependency_exclusion;
        let pieces = self.evaluation.chronicle.pieces(&model, span)?;
        Ok((model.objective.target.error_share(), Consumption::new(&pieces, exclusion)))
    }

    /// The model of an objective.
    ///
    /// # Errors
    /// Those of the database, and when it does not exist.
    pub(super) fn model(&mut self, name: &Name) -> Result<Rc<Model>> {
        Ok(self.known(name)?.1)
    }

    /// The rules of a system's status.
    pub(super) fn rules(&mut self, system: &Name) -> Result<String> {
        let member = self.evaluation.resolver.member(system)?;
        Ok(member.fingerprint.to_string())
    }

    /// The streams that decide about a named objective or system.
    fn measured(&mut self, subject: &Subject) -> Result<Measured> {
        Ok(match subject {
            Subject::System(name) => Measured::System(self.evaluation.resolver.member(name)?),
            Subject::Objective(name) => Measured::Objective(self.model(name)?),
            Subject::This => return Err(anyhow!("what is measured must be named")),
        })
    }

    fn known(&mut self, name: &Name) -> Result<(ManifestId, Rc<Model>, Option<Rc<ObjectiveReport>>)> {
        if !self.objectives.contains_key(name) {
            let stored = self.evaluation.store.objective(name)?;
            self.admit(stored.ok_or_else(|| anyhow!("there is no objective {name}"))?)?;
        }
        let known = &self.objectives[name];
        Ok((known.id, Rc::clone(&known.model), known.report.clone()))
    }
}
