//! Owns the values that a term compares: computed from accounts and histories over a stretch, or the part of it that is
//! held at once, and kept while they are used.

use std::rc::Rc;

use anyhow::{Result, anyhow};

use super::Conditions;
use crate::domain::account::member::Member;
use crate::domain::account::model::Model;
use crate::domain::budget::assess::Assessment;
use crate::domain::health::timeline::{BEGINNING, Scope};
use crate::domain::rules::condition::{Property, Subject};
use crate::domain::rules::solver::ask::{Ask, What};
use crate::domain::rules::solver::signal::Signal;
use crate::domain::rules::solver::system::SystemView;
use crate::domain::rules::solver::view::{View, streaks};
use crate::domain::rules::solver::{age, moment};
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::evaluation::Evaluation;
use crate::store::Reader;

/// The most runs of signals kept. Beyond it all are dropped, which bounds memory.
const MOST_RUNS: usize = 1_000_000;
/// The fixed cost of a signal, in runs.
const LEAST_RUNS: usize = 250;

impl Conditions<'_> {
    /// The signal of a value over a stretch. It may cover more or, if that is too much to hold at once, only a first
    /// part of it.
    pub(crate) fn signal(&mut self, this: &Subject, ask: &Ask, stretch: Span) -> Result<Rc<Signal>> {
        let subject = if ask.subject == Subject::This { this } else { &ask.subject }.clone();
        let key = (subject, ask.what);
        let wider = self.covered.filter(|wider| wider.start <= stretch.start && stretch.end <= wider.end);
        let stretch = Span::new(stretch.start, wider.unwrap_or(stretch).end);
        let mut is_told_before = false;
        for (asked, signal) in self.signals.get(&key).into_iter().flatten() {
            if goes_on(*asked, signal.span(), stretch) {
                return Ok(Rc::clone(signal));
            }
            is_told_before |= asked.end == stretch.end && signal.span().end <= stretch.start;
        }
        if let Some(wider) = wider.filter(|_| !is_told_before) {
            let signal = self.tell(&key, wider)?;
            if stretch.start < signal.span().end {
                return Ok(signal);
            }
        }
        self.tell(&key, stretch)
    }

    /// Calls `hand` with the signal of a value over a stretch, part by part.
    pub(in crate::evaluation) fn each_signal(
        &mut self,
        this: &Subject,
        ask: &Ask,
        stretch: Span,
        mut hand: impl FnMut(Span, &Signal),
    ) -> Result<()> {
        let mut from = stretch.start;
        while from < stretch.end {
            let signal = self.signal(this, ask, Span::new(from, stretch.end))?;
            let end = signal.span().end.min(stretch.end).max(from.plus(1));
            hand(Span::new(from, end), &signal);
            from = end;
        }
        Ok(())
    }

    /// As [`Self::signal`], without using earlier signals.
    fn tell(&mut self, key: &(Subject, What), stretch: Span) -> Result<Rc<Signal>> {
        let signal = Rc::new(match (&key.0, key.1) {
            (_, What::Property(Property::DataAgeSeconds | Property::SystemDataAgeSeconds)) => {
                self.age(&key.0, 0, stretch)?
            }
            (_, What::AgeFrom(least_ms)) => self.age(&key.0, least_ms, stretch)?,
            (Subject::System(system), What::Property(Property::InMaintenance)) => {
                let within = self.maintenance(system)?.touching(stretch).to_vec();
                Signal::when(&Moments::of(within).within(stretch), stretch)
            }
            (Subject::System(system), What::Property(property)) => self.health(system, property, stretch)?,
            (Subject::Objective(objective), what) => self.budget(objective, what, stretch)?,
            (subject, what) => return Err(anyhow!("{what:?} of {subject:?} is no value")),
        });
        let runs = signal.runs() + LEAST_RUNS;
        self.runs += runs;
        if self.runs > MOST_RUNS {
            self.signals.clear();
            self.views.clear();
            self.runs = runs;
        }
        let kept = self.signals.entry(key.clone()).or_default();
        if self.covered.is_none() {
            kept.clear();
        }
        kept.push((stretch, Rc::clone(&signal)));
        Ok(signal)
    }

    /// The signal of a property of an objective, or of the policy, over a stretch.
    fn budget(&mut self, name: &Name, what: What, stretch: Span) -> Result<Signal> {
        let (_, model, report) = self.known(name)?;
        let report = report.filter(|report| stretch == moment(report.budget.elapsed.end));
        if let What::Property(property @ (Property::CurrentStreak | Property::BestStreak | Property::LostStreak)) = what
            && report.is_none()
        {
            let (mut sealed, last) = (self.sealed(name)?, stretch.end.plus(-1));
            // Days sealed from facts after `as_of` do not exist when the stretch lies ahead of it.
            if let Some(ledger) = &mut sealed {
                ledger.truncate(self.evaluation.as_of.plus(-model.objective.hindsight_ms()));
            }
            let assessment = Assessment::open(&model, sealed, last, &mut self.evaluation.chronicle)?;
            return Ok(streaks(&assessment.ledger, property, stretch));
        }
        let close = moment(self.evaluation.as_of);
        if report.is_none() && stretch.end == close.end && self.is_closing(name)? {
            if stretch.start < close.start {
                // The close itself is a separate part.
                return self.budget(name, what, Span::new(stretch.start, close.start));
            }
            return Ok(View::of_report(model, self.drawn(name)?).signal(what));
        }
        let known = self.views.get(name).cloned();
        if let Some((asked, view)) = &known
            && goes_on(*asked, view.span(), stretch)
            && view.tells(what)
        {
            return Ok(view.signal(what));
        }
        let view = match report {
            Some(report) => View::of_report(model, report),
            None => self.draw(name, &model, what, stretch, known.as_ref().map(|(_, view)| &**view))?,
        };
        let signal = view.signal(what);
        self.views.insert(name.clone(), (stretch, Rc::new(view)));
        Ok(signal)
    }

    /// The view of an objective over a stretch, or over the beginning of it if its account is too long to hold at once.
    fn draw(&mut self, name: &Name, model: &Rc<Model>, what: What, stretch: Span, last: Option<&View>) -> Result<View> {
        let chronicle = &mut self.evaluation.chronicle;
        if let Some(last) = last
            && let Some(view) = last.next(what, stretch, chronicle)?
        {
            return Ok(view);
        }
        if let Some(view) = View::whole(model, stretch, chronicle)? {
            return Ok(view);
        }
        let days = self.days(name)?;
        View::part(model, (what, last), stretch, &days, &mut self.evaluation.chronicle)
    }

    /// The age of the newest fact of an objective's streams or of a system, over a stretch.
    fn age(&mut self, subject: &Subject, least_ms: i64, stretch: Span) -> Result<Signal> {
        if let Subject::Objective(name) = subject
            && let Some(report) = self.known(name)?.2.filter(|report| stretch == moment(report.budget.elapsed.end))
        {
            return Ok(age::age_at(report.last_seen, stretch));
        }
        let measured = self.measured(subject)?;
        let (member, scope) = measured.streams();
        // Every fact counts here, even one that repeats a status.
        let Evaluation { store, resolver, as_of, .. } = &self.evaluation;
        let reader = Reader::new(store, *as_of, false, resolver.rules())?.of_every_fact();
        let (mut facts, through) = facts(&reader, member, scope, stretch)?;
        facts.sort_unstable();
        facts.dedup();
        Ok(age::age(&facts, least_ms, Span::new(stretch.start, stretch.end.min(through.plus(1)))))
    }

    /// The signal of a property of a system over a stretch.
    fn health(&mut self, name: &Name, property: Property, stretch: Span) -> Result<Signal> {
        let member = self.evaluation.resolver.member(name)?;
        let known = self.evaluation.chronicle.beginning(&member, Scope::System, stretch.start, stretch.end)?.through;
        let stretch = Span::new(stretch.start, stretch.end.min(known));
        let mut from = SystemView::reach(stretch.start);
        let mut back = stretch.start.since(from);
        loop {
            let timeline = self.evaluation.chronicle.timeline(&member, from.max(BEGINNING), stretch.end)?;
            if let Some(view) = SystemView::draw(timeline, stretch) {
                return Ok(view.signal(property));
            }
            back = back.saturating_mul(4);
            from = from.plus(-back);
        }
    }
}

/// Whether a result `told` for the request `asked` can serve another one: it is the same request, or begins within the
/// result and has the same end.
fn goes_on(asked: Span, told: Span, stretch: Span) -> bool {
    let within = told.start <= stretch.start && stretch.start < told.end;
    asked == stretch || within && asked.end == stretch.end
}

/// The instants of facts of a system and its members in a stretch, and the last ones at or before it. All facts up to
/// the returned instant are included.
fn facts(reader: &Reader<'_>, system: &Member, scope: Scope<'_>, stretch: Span) -> Result<(Vec<Instant>, Instant)> {
    let history = reader.history(system.id, scope, stretch.start, stretch.end)?;
    let (mut found, mut through) = (age::facts(&history, scope), history.through);
    drop(history);
    let composition = system.composition.as_ref().filter(|_| matches!(scope, Scope::System));
    for member in composition.iter().flat_map(|composition| &composition.members) {
        let (facts, known) = facts(reader, member, Scope::System, stretch)?;
        found.extend(facts);
        through = through.min(known);
    }
    found.retain(|fact| *fact <= through);
    Ok((found, through))
}
