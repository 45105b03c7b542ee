//! Owns backtests: when a term held for objectives over a past stretch, the events it matched, and the target or
//! threshold that the same past supports.

use anyhow::Result;

use super::{Conditions, Evaluation, Load};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::health::transition::Status;
use crate::domain::rules::backtest::firing::{Against, Event, Firing, Tested, Watched, watched};
use crate::domain::rules::backtest::historic::{Past, PastWindow, last_windows};
use crate::domain::rules::backtest::threshold::{BurnAlert, Trial};
use crate::domain::rules::backtest::{Matched, Matching, Score, score};
use crate::domain::rules::condition::{Comparison, Field, Operand, Property, Relation, Subject, Term};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::rules::solver::ask::Ask;
use crate::domain::rules::solver::signal::Reading;
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Store, Stored};

/// A query about the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) since: Instant,
    /// Later facts do not exist.
    pub(crate) until: Instant,
    pub(crate) against: Against<'q>,
    pub(crate) matching: Matching,
}

/// The objectives or systems to test.
pub(crate) enum Subjects {
    Objectives(Vec<Stored>),
    Systems(Vec<Name>),
}

/// Tests a term on each of the objectives or systems, in the order given.
///
/// # Errors
/// Those of the database, and when the term refers to something unknown.
pub(crate) fn backtest(store: &Store, subjects: Subjects, term: &Term, question: Question<'_>) -> Result<Vec<Tested>> {
    let count = match &subjects {
        Subjects::Objectives(objectives) => objectives.len(),
        Subjects::Systems(systems) => systems.len(),
    };
    let mut conditions = Conditions::open(store, count, question.until)?;
    let test = |history: Result<History<'_>>, conditions: &mut Conditions<'_>| {
        let history = history?;
        let firings = history.episodes(conditions, term, question.matching.lead_ms)?;
        history.tested(conditions, &firings, &watched(term))
    };
    let mut tested = Vec::with_capacity(count);
    match subjects {
        Subjects::Objectives(objectives) => {
            for stored in objectives {
                let history = History::of_objective(&mut conditions, stored, question);
                tested.push(test(history, &mut conditions)?);
            }
        }
        Subjects::Systems(systems) => {
            for system in systems {
                let history = History::of_system(&mut conditions, &system, question);
                tested.push(test(history, &mut conditions)?);
            }
        }
    }
    Ok(tested)
}

/// For each alert, the highest threshold at which it would have detected every event that any threshold detects, over
/// all objectives, and its score there; `None` if no threshold detects any.
pub(crate) fn suggest_thresholds(
    store: &Store,
    objectives: Vec<Stored>,
    alerts: Vec<BurnAlert>,
    question: Question<'_>,
) -> Result<Vec<Trial>> {
    let mut conditions = Conditions::open(store, objectives.len(), question.until)?;
    let mut histories = Vec::with_capacity(objectives.len());
    for stored in objectives {
        histories.push(History::of_objective(&mut conditions, stored, question)?);
    }
    let mut trials = Vec::with_capacity(alerts.len());
    for alert in alerts {
        let (mut threshold, mut events) = (None, 0);
        for history in &histories {
            for highest in history.highest(&mut conditions, &alert)? {
                events += 1;
                threshold = match (threshold, highest) {
                    (Some(threshold), Some(highest)) => Some(std::cmp::min(threshold, highest)),
                    (known, found) => known.or(found),
                };
            }
        }
        let Some(threshold) = threshold else {
            trials.push(Trial { alert, threshold: None, score: Score { events, ..Score::default() } });
            continue;
        };
        let term = alert.at(threshold);
        let mut sum = Score::default();
        for history in &histories {
            let firings = history.episodes(&mut conditions, &term, question.matching.lead_ms)?;
            sum.add(&history.score(&firings));
        }
        trials.push(Trial { alert, threshold: Some(threshold), score: sum });
    }
    Ok(trials)
}

/// The results of the last `count` windows of each objective completed at `until`, in the order given.
pub(crate) fn last_windows_of(store: &Store, objectives: Vec<Stored>, until: Instant, count: u32) -> Result<Vec<Past>> {
    let mut evaluation = Evaluation::open(store, objectives.len(), until)?;
    let draw = |stored| {
        evaluation.assess(stored, |assessment, chronicle| {
            let spans = last_windows(assessment.model.objective.window, until, count).into_iter();
            let known = |span: &Span| assessment.first.is_some_and(|first| span.start >= first);
            past(assessment, spans.take_while(known), chronicle)
        })
    };
    objectives.into_iter().map(draw).collect()
}

/// The results of these windows of an objective.
pub(super) fn past(
    assessment: &Assessment<'_>,
    spans: impl Iterator<Item = Span>,
    chronicle: &mut Chronicle<Load<'_>>,
) -> Result<Past> {
    let objective = &assessment.model.objective;
    let window = |span: Span| -> Result<PastWindow> {
        let sums = assessment.tally(span, chronicle)?;
        let consumed_us = sums.consumed_us(objective.dependency_exclusion);
        Ok(PastWindow { span, consumed_us, length_ms: span.millis() - sums.not_counted_ms })
    };
    let windows = spans.map(window).collect::<Result<_>>()?;
    Ok(Past { objective: objective.metadata.name.clone(), target: objective.target, windows })
}

/// The requested past of one objective or system.
struct History<'q> {
    subject: Subject,
    question: Question<'q>,
    /// The first transition of its system, if it came by the end.
    first: Option<Instant>,
    events: Vec<Event>,
}

impl<'q> History<'q> {
    fn of_objective(conditions: &mut Conditions<'_>, stored: Stored, question: Question<'q>) -> Result<Self> {
        let model = conditions.admit(stored)?;
        let subject = Subject::Objective(model.objective.metadata.name.clone());
        let breaching = is(Property::IsBreaching, Operand::Boolean(true));
        Self::open(conditions, subject, question, &breaching, |incident| incident.concerns(&model.objective))
    }

    fn of_system(conditions: &mut Conditions<'_>, system: &Name, question: Question<'q>) -> Result<Self> {
        let outages = Status::ALL.into_iter().filter(|status| status.is_outage());
        let down = outages.map(|status| is(Property::Status, Operand::Text(status.as_str().to_owned()))).collect();
        let concerns = |incident: &Incident| incident.concerns_system(system);
        Self::open(conditions, Subject::System(system.clone()), question, &Term::Any(down), concerns)
    }

    /// Without incidents, `event` defines the events that an alert should match.
    fn open(
        conditions: &mut Conditions<'_>,
        subject: Subject,
        question: Question<'q>,
        event: &Term,
        concerns: impl Fn(&Incident) -> bool,
    ) -> Result<Self> {
        let first = conditions.first(&subject)?.filter(|first| *first <= question.until);
        let mut history = Self { subject, question, first, events: Vec::new() };
        history.events = match question.against {
            Against::Breaching => {
                let episodes = history.episodes(conditions, event, question.matching.grace_ms)?;
                episodes.into_iter().map(|episode| Event { episode, incident: None }).collect()
            }
            Against::Incidents(incidents) => {
                let known = incidents.iter().enumerate().filter(|(_, incident)| concerns(incident));
                let event = |(index, incident): (usize, &Incident)| {
                    let episode = incident.as_of(question.until)?;
                    Some(Event { episode, incident: Some(index) })
                };
                known.filter_map(event).collect()
            }
        };
        Ok(history)
    }

    /// The start of the evaluated stretch.
    fn from(&self) -> Option<Instant> {
        self.first.map(|first| first.max(self.question.since)).filter(|from| *from <= self.question.until)
    }

    /// The spans over which a term held, with their true starts, beginning `before_ms` before the stretch but not
    /// before the first transition.
    fn episodes(&self, conditions: &mut Conditions<'_>, term: &Term, before_ms: i64) -> Result<Vec<Episode>> {
        let (Some(first), Some(from)) = (self.first, self.from()) else { return Ok(Vec::new()) };
        let from = from.plus(-before_ms).max(first);
        let stretch = Span::new(from, self.question.until.plus(1));
        let held = conditions.solve(term, &self.subject, stretch)?;
        let mut episodes = Vec::with_capacity(held.spans().len());
        for span in held.spans() {
            let mut start = span.start;
            if start == from && from > first {
                let since = conditions.since(term, &self.subject, from)?;
                start = since.map_or(first, |since| since.max(first));
            }
            episodes.push(Episode { start, end: (span.end < stretch.end).then_some(span.end) });
        }
        Ok(episodes)
    }

    fn matched(&self, firings: &[Episode], from: Instant) -> Matched {
        let events: Vec<Episode> = self.events.iter().map(|event| event.episode).collect();
        score(firings, &events, (from, self.question.until), self.question.matching)
    }

    fn score(&self, firings: &[Episode]) -> Score {
        self.from().map(|from| self.matched(firings, from).score).unwrap_or_default()
    }

    fn tested(&self, conditions: &mut Conditions<'_>, episodes: &[Episode], watched: &[Watched]) -> Result<Tested> {
        let Some(from) = self.from() else {
            let matched = score(&[], &[], (self.question.until, self.question.until), self.question.matching);
            let subject = self.subject.clone();
            return Ok(Tested { subject, from: None, firings: Vec::new(), events: Vec::new(), matched });
        };
        let mut matched = self.matched(episodes, from);
        // Firings that ended before the stretch were used for matching and are not reported.
        let passed = episodes.partition_point(|episode| !episode.touches(from, self.question.until));
        matched.useful.drain(..passed);
        for catch in &mut matched.catches {
            catch.firing = catch.firing.and_then(|firing| firing.checked_sub(passed));
        }
        let told = &episodes[passed..];
        let until = self.question.until;
        let begin = told.first().map_or(from, |first| first.start.min(from));
        let stretch = Span::new(begin, until.plus(1));
        let mut firings: Vec<Firing> = told
            .iter()
            .map(|episode| Firing { episode: *episode, peaks: Vec::new(), remaining: [None, None] })
            .collect();
        for Watched { field, highest } in watched {
            let mut peaks = vec![None; firings.len()];
            conditions.each_signal(&self.subject, &Ask::of(field), stretch, |part, signal| {
                for (firing, peak) in firings.iter().zip(&mut peaks) {
                    let Episode { start, end } = firing.episode;
                    let within = Span::new(start, end.unwrap_or(stretch.end)).intersect(part);
                    *peak = signal.peak(within, *highest, *peak);
                }
            })?;
            firings.iter_mut().zip(peaks).for_each(|(firing, peak)| firing.peaks.push(peak));
        }
        if let Subject::Objective(_) = self.subject {
            let field = Field { subject: Subject::This, property: Property::RemainingPercent };
            conditions.each_signal(&self.subject, &Ask::of(&field), stretch, |part, signal| {
                for firing in &mut firings {
                    let ends = [firing.episode.start, firing.episode.end.unwrap_or(until)];
                    for (left, at) in firing.remaining.iter_mut().zip(ends) {
                        if part.start <= at
                            && at < part.end
                            && let Reading::Number(known) = signal.at(at)
                        {
                            *left = Some(known);
                        }
                    }
                }
            })?;
        }
        let (subject, events) = (self.subject.clone(), self.events.clone());
        Ok(Tested { subject, from: Some(from), firings, events, matched })
    }

    /// For each event that began within the stretch, the highest threshold at which a firing of the alert matches it.
    fn highest(&self, conditions: &mut Conditions<'_>, alert: &BurnAlert) -> Result<Vec<Option<Decimal>>> {
        let (Some(first), Some(from)) = (self.first, self.from()) else { return Ok(Vec::new()) };
        let Question { until, matching, .. } = self.question;
        let known = Span::new(from.plus(-matching.lead_ms).max(first), until.plus(1));
        let longest = LOOKBACKS[LOOKBACKS.len() - 1].1;
        let Subject::Objective(objective) = &self.subject else { return Ok(Vec::new()) };
        let (share, consumption) = conditions.consumed(objective, Span::new(known.start.plus(-longest), known.end))?;
        let begun = self.events.iter().filter(|event| from <= event.episode.start && event.episode.start <= until);
        Ok(begun
            .map(|event| alert.highest(&consumption, share, matching.widened(event.episode).intersect(known)))
            .collect())
    }
}

/// Whether a property of the tested subject has a value.
fn is(property: Property, value: Operand) -> Term {
    let left = Operand::Field(Field { subject: Subject::This, property });
    Term::Compare(Comparison { left, relation: Relation::Equal, right: value })
}
