//! Owns the weekly digest: how objectives stood when a week ended, what it cost, and what changed since the one before.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::achievement::Unlocked;
use super::budget::State;
use super::event::Event;
use super::instant::Instant;
use super::name::Name;
use super::report::ObjectiveReport;
use super::span::Span;
use super::week::Week;

/// How many objectives are named as best, and as worst.
const NAMED: usize = 3;

/// One week of objectives, up to its end or, while it lasts, to a moment within it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Digest {
    pub(crate) week: Week,
    /// The moment up to which the week is told.
    pub(crate) until: Instant,
    pub(crate) counts: Counts,
    /// As of the start of the week.
    pub(crate) counts_before: Counts,
    /// The best by availability, best first; ties: the longest streak, then by name.
    pub(crate) top: Vec<ObjectiveReport>,
    /// The worst by what remains of the budget, worst first; ties: the one that spent the most of its own, then by name.
    pub(crate) worst: Vec<ObjectiveReport>,
    pub(crate) downtime: Downtime,
    /// Of the week before.
    pub(crate) downtime_before: Downtime,
    /// After the start of the week, oldest first.
    pub(crate) unlocked: Vec<Unlocked>,
    /// Objectives whose state is another than as of the start of the week, worst first.
    pub(crate) changes: Vec<StateChange>,
}

/// How many objectives are in each state, in the order of [`State::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts([usize; 5]);

impl Counts {
    fn of(states: &(impl Iterator<Item = State> + Clone)) -> Self {
        Self(State::ALL.map(|state| states.clone().filter(|known| *known == state).count()))
    }

    pub(crate) fn of_state(self, state: State) -> usize {
        State::ALL.iter().position(|known| *known == state).map_or(0, |index| self.0[index])
    }

    pub(crate) fn total(self) -> usize {
        self.0.iter().sum()
    }
}

/// Downtime of all objectives within a stretch of time.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Downtime {
    /// Of each objective, added up.
    pub(crate) millis: i64,
    /// Stretches of downtime of one objective without a gap, whoever is to blame for each part.
    pub(crate) outages: usize,
    /// By the system it belongs to, largest first; ties: by name.
    pub(crate) parts: Vec<Part>,
}

/// Downtime that belongs to one system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) system: Name,
    /// Whether it was downtime of other systems' objectives, rather than its own.
    pub(crate) upstream: bool,
    pub(crate) millis: i64,
}

impl Downtime {
    /// Adds up what of events lies within `span`, as of a moment.
    fn of(events: &[Event], span: Span, as_of: Instant) -> Self {
        let mut parts: BTreeMap<(&Name, bool), i64> = BTreeMap::new();
        // Events come in order of time, so the last end seen of an objective tells whether the next one follows it.
        let mut ends: BTreeMap<&Name, Instant> = BTreeMap::new();
        let mut downtime = Self::default();
        for event in events {
            let whole = event.span(as_of);
            let millis = whole.intersect(span).millis();
            if millis == 0 {
                continue;
            }
            if ends.insert(&event.objective, whole.end) != Some(whole.start) {
                downtime.outages += 1;
            }
            let system = event.upstream.as_ref().unwrap_or(&event.system);
            *parts.entry((system, event.upstream.is_some())).or_default() += millis;
            downtime.millis += millis;
        }
        let part =
            |((system, upstream), millis): ((&Name, bool), i64)| Part { system: system.clone(), upstream, millis };
        downtime.parts = parts.into_iter().map(part).collect();
        downtime.parts.sort_by_key(|part| std::cmp::Reverse(part.millis));
        downtime
    }
}

/// An objective that stands otherwise than a week before.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct StateChange {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) before: State,
    pub(crate) after: State,
}

/// What a digest is drawn from, for objectives in one order.
pub(crate) struct Sources {
    pub(crate) week: Week,
    pub(crate) until: Instant,
    /// As of `until`.
    pub(crate) reports: Vec<ObjectiveReport>,
    /// As of the start of the week.
    pub(crate) states_before: Vec<State>,
    /// That touch the week or the one before, as of `until`, in order of time.
    pub(crate) events: Vec<Event>,
    /// As of `until`.
    pub(crate) unlocked: Vec<Unlocked>,
}

impl Digest {
    /// Draws a digest up.
    pub(crate) fn draw(sources: Sources) -> Self {
        let Sources { week, until, reports, states_before, events, mut unlocked } = sources;
        let (start, before) = (week.span().start, week.previous().span());
        unlocked.retain(|unlocked| unlocked.unlocked_at > start);
        unlocked
            .sort_by(|a, b| (a.unlocked_at, &a.system, a.achievement).cmp(&(b.unlocked_at, &b.system, b.achievement)));
        let changed = reports.iter().zip(&states_before).filter(|(after, before)| after.state != **before);
        let mut changes: Vec<StateChange> = changed
            .map(|(after, before)| StateChange {
                objective: after.objective.clone(),
                system: after.system.clone(),
                before: *before,
                after: after.state,
            })
            .collect();
        changes.sort_by(|a, b| (a.after, a.before, &a.objective).cmp(&(b.after, b.before, &b.objective)));
        let first = |order: fn(&ObjectiveReport, &ObjectiveReport) -> Ordering| {
            // Nothing can be said of what never reported.
            let mut seen: Vec<&ObjectiveReport> = reports.iter().filter(|one| one.state != State::NoData).collect();
            seen.sort_by(|a, b| order(a, b).then_with(|| a.objective.cmp(&b.objective)));
            seen.into_iter().take(NAMED).cloned().collect()
        };
        Self {
            week,
            until,
            counts: Counts::of(&reports.iter().map(|report| report.state)),
            counts_before: Counts::of(&states_before.iter().copied()),
            top: first(|a, b| {
                b.budget.compare_availability(&a.budget).then_with(|| b.streak.current.cmp(&a.streak.current))
            }),
            worst: first(|a, b| a.budget.compare_remaining(&b.budget).then_with(|| b.budget.compare_spent(&a.budget))),
            downtime: Downtime::of(&events, Span::new(start, until), until),
            downtime_before: Downtime::of(&events, before, until),
            unlocked,
            changes,
        }
    }

    /// Whether the week is over.
    pub(crate) fn is_complete(&self) -> bool {
        self.until == self.week.span().end
    }
}
