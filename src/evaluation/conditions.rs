//! Owns the evaluation of conditions: what is known of the objectives and systems that terms look at, and what becomes of a rule.

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
use crate::store::{Store, Stored};

/// What was told of a value, with the stretch it was asked for.
type Told = (Span, Rc<Signal>);

/// Objectives whose days are kept at the most, and how far those go ahead, in milliseconds.
const MOST_DAYS: usize = 256;
const MOST_AHEAD_MS: i64 = 128 * DAY_MS;

/// Evaluates terms for objectives and systems, knowing the facts up to one moment.
pub(crate) struct Conditions<'s> {
    evaluation: Evaluation<'s>,
    objectives: HashMap<Name, Known>,
    /// What was told last of each value, with the stretch it was asked for: of what is covered all of it, else no more than one part.
    signals: HashMap<(Subject, What), Vec<Told>>,
    /// Their runs, not counting those that were replaced.
    runs: usize,
    /// What is drawn at once, whatever part of it is asked for.
    covered: Option<Span>,
    views: HashMap<Name, (Span, Rc<View>)>,
    days: HashMap<Name, Rc<Days>>,
    /// The objective or system judged last, of which nothing more is asked once another one is.
    judged: Option<Subject>,
    /// The period that is looked at instead of the windows of objectives.
    frame: Option<Frame>,
}

/// How much is found out about a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Detail {
    /// Since when it holds, and what clears it: looking back to the last change may mean reading much of the history.
    pub(crate) course: bool,
    /// Since when it does not hold, too.
    pub(crate) always: bool,
    /// What each part of it came to.
    pub(crate) explain: bool,
}

/// What streams decide about a subject: those of a system, or those that an objective looks at.
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

/// An objective that terms are evaluated for, or that they name.
struct Known {
    id: i64,
    /// The window of its manifest.
    declared: Window,
    model: Rc<Model>,
    report: Option<Rc<ObjectiveReport>>,
}

impl<'s> Conditions<'s> {
    /// Prepares to evaluate `count` objectives. Later facts than `as_of` do not exist; moments after it are as if nothing else
    /// happened.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn open(store: &'s Store, count: usize, as_of: Instant) -> Result<Self> {
        let evaluation = Evaluation::open(store, count, as_of)?;
        let (signals, views, days) = (HashMap::new(), HashMap::new(), HashMap::new());
        let objectives = HashMap::new();
        Ok(Self { evaluation, objectives, signals, runs: 0, covered: None, views, days, judged: None, frame: None })
    }

    /// Makes an objective known.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn admit(&mut self, mut stored: Stored) -> Result<Rc<Model>> {
        let (id, declared) = (stored.id, stored.objective.window);
        stored.objective.window = self.frame.map_or(declared, |frame| frame.window(declared));
        let model = Rc::new(self.evaluation.resolver.model(stored)?);
        let known = Known { id, declared, model: Rc::clone(&model), report: None };
        self.objectives.insert(model.objective.metadata.name.clone(), known);
        Ok(model)
    }

    /// The moments of `stretch` at which the term holds for an objective.
    ///
    /// # Errors
    /// Those of the database, and when the term names what does not exist.
    pub(crate) fn solve(&mut self, term: &Term, this: &Subject, stretch: Span) -> Result<Moments> {
        solver::solve(term, stretch, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// Whether the term holds for an objective as of a moment.
    ///
    /// # Errors
    /// Those of [`Self::solve`].
    pub(crate) fn holds(&mut self, term: &Term, this: &Subject, at: Instant) -> Result<bool> {
        Ok(!self.solve(term, this, moment(at))?.is_empty())
    }

    /// Since when the term has, as of a moment up to that of this evaluation, held for an objective or not, without a gap; `None` when
    /// it was never otherwise since 1970.
    ///
    /// # Errors
    /// Those of [`Self::solve`].
    pub(crate) fn since(&mut self, term: &Term, this: &Subject, at: Instant) -> Result<Option<Instant>> {
        let (holds, known) = (self.holds(term, this, at)?, self.known_days(term, this)?);
        search::since(term, (at, holds), &known, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// When the term, which holds, will not any more if nothing else happens; `None` when that is not within the longest window.
    ///
    /// # Errors
    /// Those of [`Self::solve`].
    fn clears(&mut self, term: &Term, this: &Subject) -> Result<Option<Instant>> {
        let (at, known) = (self.evaluation.as_of, self.known_days(term, this)?);
        search::clears(term, at, &known, &mut |ask, stretch| self.signal(this, ask, stretch))
    }

    /// The days of the objectives that a term looks at.
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

    /// The days of an objective as of the moment of this evaluation, and some days more in which nothing else happens.
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

    /// Prepares to solve terms over a stretch for one objective, which share what they look at: values are drawn over all that any of
    /// the terms reaches back to.
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

    /// Forgets what an objective or a system did over stretches of time, once another one is judged.
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

    /// Judges a rule for an objective or a system as of the moment of this evaluation.
    ///
    /// # Errors
    /// Those of [`Self::solve`].
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
        // Of a period that is over nothing is to come.
        let is_over = if let Subject::Objective(name) = this { self.is_closing(name)? } else { false };
        let clears_at = if firing && detail.course && !is_over { self.clears(term, this)? } else { None };
        let (subject, rule) = (this.clone(), Rc::clone(rule));
        Ok(Finding { subject, rule, firing, since, clears_at, values, explanation })
    }

    /// The first transition of a system, or of an objective's system, if there is one by the moment of this evaluation.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn first(&mut self, subject: &Subject) -> Result<Option<Instant>> {
        let at = self.evaluation.as_of;
        let measured = self.measured(subject)?;
        let (member, scope) = measured.streams();
        Ok(self.evaluation.chronicle.stretch(member, scope, at, at)?.first)
    }

    /// Whether there is such an objective or system.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn knows(&mut self, subject: &Subject) -> Result<bool> {
        Ok(match subject {
            Subject::This => false,
            Subject::Objective(name) => self.evaluation.store.objective(name)?.is_some(),
            Subject::System(name) => self.evaluation.store.system(name)?.is_some(),
        })
    }

    /// When a system is under maintenance.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn maintenance(&mut self, system: &Name) -> Result<Rc<MaintenanceCalendar>> {
        let member = self.evaluation.resolver.member(system)?;
        self.evaluation.resolver.maintenance(&member)
    }

    /// What of `span` spends an objective's budget, and the share of time that its target leaves for failure.
    ///
    /// # Errors
    /// Those of the database.
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

    /// What decides a system's status, besides the journal.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn rules(&mut self, system: &Name) -> Result<String> {
        let member = self.evaluation.resolver.member(system)?;
        Ok(member.fingerprint.to_string())
    }

    /// What an objective or a system that is named is measured by.
    fn measured(&mut self, subject: &Subject) -> Result<Measured> {
        Ok(match subject {
            Subject::System(name) => Measured::System(self.evaluation.resolver.member(name)?),
            Subject::Objective(name) => Measured::Objective(self.model(name)?),
            Subject::This => return Err(anyhow!("what is measured must be named")),
        })
    }

    fn known(&mut self, name: &Name) -> Result<(i64, Rc<Model>, Option<Rc<ObjectiveReport>>)> {
        if !self.objectives.contains_key(name) {
            let stored = self.evaluation.store.objective(name)?;
            self.admit(stored.ok_or_else(|| anyhow!("there is no objective {name}"))?)?;
        }
        let known = &self.objectives[name];
        Ok((known.id, Rc::clone(&known.model), known.report.clone()))
    }
}
