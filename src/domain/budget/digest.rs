//! Owns the weekly digest: how objectives stood when a week ended, what it cost, and what changed since the one before.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::achievement::Unlocked;
use super::balance::State;
use super::report::{ObjectiveReport, worst_first};
use crate::domain::account::outage::Outage;
use crate::domain::account::weights::heaviest;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::week::Week;

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
    /// The best by availability, best first; ties: the longest streak, then by name. None of those in `worst`.
    pub(crate) top: Vec<ObjectiveReport>,
    /// The worst by the share of the budget that remains, worst first; ties: the one that overspent it by the most time, then by
    /// name.
    pub(crate) worst: Vec<ObjectiveReport>,
    /// Those that are down as of `until`, whatever their states, worst first.
    pub(crate) down: Vec<ObjectiveReport>,
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

/// Downtime within a stretch of time, each outage once however many objectives saw it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Downtime {
    /// Charged downtime of each cause, added up, in microseconds.
    pub(crate) micros: i64,
    /// Objectives that were down for the same cause at the same time saw one outage.
    pub(crate) outages: usize,
    /// By cause, largest first; ties: by name.
    pub(crate) parts: Vec<Part>,
}

/// Downtime that one system caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) system: Name,
    /// Whether objectives of its own saw it, rather than only those of other systems.
    pub(crate) own: bool,
    /// How many objectives saw it.
    pub(crate) objectives: usize,
    /// The time in which any of them did, with the greatest weight of those that did, in microseconds.
    pub(crate) micros: i64,
}

/// What is known of one cause: when objectives saw it, and with which of the outages.
#[derive(Default)]
struct Seen<'o> {
    spans: Vec<(Span, usize)>,
    weighted: Vec<(i64, Span)>,
    objectives: BTreeSet<&'o Name>,
    own: bool,
}

impl Downtime {
    /// Adds up what of outages is charged within `range`, as of a moment.
    fn of(outages: &[Outage], range: Span, as_of: Instant) -> Self {
        let mut causes: BTreeMap<&Name, Seen<'_>> = BTreeMap::new();
        // For each outage that counts, an earlier one that it is the same as, or itself.
        let mut same: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, outage) in outages.iter().enumerate() {
            for event in &outage.events {
                let span = event.span(as_of).intersect(range);
                if span.is_empty() {
                    continue;
                }
                same.insert(index, index);
                let seen = causes.entry(event.cause()).or_default();
                seen.spans.push((span, index));
                seen.weighted.push((event.weight, span));
                seen.objectives.insert(&event.objective);
                seen.own |= event.upstream.is_none();
            }
        }
        for seen in causes.values_mut() {
            unite(&mut same, &mut seen.spans);
        }
        let part = |(system, seen): (&Name, Seen<'_>)| Part {
            system: system.clone(),
            own: seen.own,
            objectives: seen.objectives.len(),
            micros: heaviest(seen.weighted),
        };
        let mut parts: Vec<Part> = causes.into_iter().map(part).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.micros));
        let outages = same.iter().filter(|(index, of)| index == of).count();
        Self { micros: parts.iter().map(|part| part.micros).sum(), outages, parts }
    }
}

/// Makes one outage of those whose stretches, all of one cause, touch or overlap.
fn unite(same: &mut BTreeMap<usize, usize>, spans: &mut [(Span, usize)]) {
    spans.sort_unstable();
    let Some((mut joined, mut last)) = spans.first().copied() else { return };
    for (span, index) in &spans[1..] {
        if span.start > joined.end {
            joined = *span;
        } else {
            joined.end = joined.end.max(span.end);
            let (one, other) = (root(same, last), root(same, *index));
            same.insert(one.max(other), one.min(other));
        }
        last = *index;
    }
}

fn root(same: &BTreeMap<usize, usize>, mut index: usize) -> usize {
    while same[&index] != index {
        index = same[&index];
    }
    index
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
    /// That touch the week, as of `until`.
    pub(crate) outages: Vec<Outage>,
    /// That touch the week before, as of its end.
    pub(crate) outages_before: Vec<Outage>,
    /// As of `until`.
    pub(crate) unlocked: Vec<Unlocked>,
}

/// The best and the worst objectives, none in both: of few, half are best and half are worst, and the one in the middle is among
/// the best.
fn named(reports: &[ObjectiveReport]) -> (Vec<ObjectiveReport>, Vec<ObjectiveReport>) {
    type Order = fn(&ObjectiveReport, &ObjectiveReport) -> Ordering;
    let by_remaining: Order =
        |a, b| a.budget.compare_remaining(&b.budget).then_with(|| b.budget.overspent().cmp(&a.budget.overspent()));
    let by_availability: Order =
        |a, b| b.budget.compare_availability(&a.budget).then_with(|| b.streak.current.cmp(&a.streak.current));
    // Nothing can be said of what never reported.
    let mut seen: Vec<&ObjectiveReport> = reports.iter().filter(|one| one.state != State::NoData).collect();
    let mut first = |order: Order, count: usize| -> Vec<ObjectiveReport> {
        seen.sort_by(|a, b| order(a, b).then_with(|| a.objective.cmp(&b.objective)));
        seen.drain(..count.min(seen.len())).cloned().collect()
    };
    let count = reports.iter().filter(|one| one.state != State::NoData).count();
    let worst = first(by_remaining, NAMED.min(count / 2));
    (first(by_availability, NAMED), worst)
}

impl Digest {
    /// Draws a digest up.
    pub(crate) fn draw(sources: Sources) -> Self {
        let Sources { week, until, reports, states_before, outages, outages_before, mut unlocked } = sources;
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
        let (top, worst) = named(&reports);
        let mut down: Vec<ObjectiveReport> = reports.iter().filter(|report| report.down.is_some()).cloned().collect();
        worst_first(&mut down);
        Self {
            week,
            until,
            down,
            counts: Counts::of(&reports.iter().map(|report| report.state)),
            counts_before: Counts::of(&states_before.iter().copied()),
            top,
            worst,
            downtime: Downtime::of(&outages, Span::new(start, until), until),
            downtime_before: Downtime::of(&outages_before, before, before.end),
            unlocked,
            changes,
        }
    }

    /// Whether the week is over.
    pub(crate) fn is_complete(&self) -> bool {
        self.until == self.week.span().end
    }
}
