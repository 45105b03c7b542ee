//! Owns the entire history of one objective: pieces between breakpoints, each of one class, and their totals.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::window_bounds;
use super::calendar::{DAY, Ms};
use super::model::{Attribution, Class, FAR, Model, last_looked_at};
use super::schedule;
use crate::world::{Objective, Source, Status};

/// `[start, end)` without a change for the objective.
pub(crate) struct Piece {
    pub(crate) start: Ms,
    pub(crate) end: Ms,
    pub(crate) class: Class,
    /// Start and end of its outage, if it is a part of one.
    outage: Option<(Ms, Ms)>,
}

/// All of time, cut wherever anything may change.
pub(crate) struct History<'w> {
    pub(crate) objective: &'w Objective,
    /// The system's first transition.
    pub(crate) first: Option<Ms>,
    pub(crate) pieces: Vec<Piece>,
    /// From here on, pieces are cut wherever a schedule cuts them; no window reaches further back.
    pub(crate) from: Ms,
}

/// The totals of one span of an objective's history: downtime in microseconds, other time in milliseconds.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    pub(crate) consumed: i128,
    pub(crate) strict: i128,
    pub(crate) excluded: i128,
    pub(crate) too_short: i128,
    pub(crate) not_counted: i128,
    pub(crate) known: i128,
    pub(crate) by: BTreeMap<Attribution, i128>,
}

/// A maximal interval of downtime with one attribution, source and weight; `end` is `None` while it is ongoing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DowntimeEvent {
    pub(crate) start: Ms,
    pub(crate) end: Option<Ms>,
    pub(crate) attribution: Attribution,
    pub(crate) source: Source,
    /// Microseconds of downtime in a millisecond.
    pub(crate) weight: i128,
}

/// A maximal interval of being down, however it is accounted for; `end` is `None` while it is ongoing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outage {
    pub(crate) start: Ms,
    pub(crate) end: Option<Ms>,
    pub(crate) events: Vec<DowntimeEvent>,
}

impl<'w> History<'w> {
    pub(crate) fn new(model: &Model<'w>, objective: &'w Objective) -> Self {
        let mut edges: BTreeSet<Ms> = model.edges(&objective.system);
        let grace = objective.attribution_grace;
        for upstream in model.candidates(objective) {
            let changes = model.edges(&upstream);
            edges.extend(changes.iter().flat_map(|edge| [*edge - grace, *edge, *edge + grace]));
        }
        for (start, end) in model.maintenance.get(&objective.system).into_iter().flatten() {
            edges.extend([*start, *end]);
        }
        // No window or period reaches further back than its own length before the first fact of all.
        let began = model.world.facts.iter().map(|fact| fact.ts).fold(model.world.as_of, Ms::min);
        let (start, end) = window_bounds(objective.window, model.world.as_of);
        let from = began - (end - start) - 40 * DAY;
        edges.extend(schedule::edges(objective, from, last_looked_at(model.world, objective)));
        edges.insert(-FAR);
        let pieces = |edges: BTreeSet<Ms>| -> Vec<Piece> {
            let ends: Vec<Ms> = edges.iter().skip(1).copied().chain([FAR]).collect();
            let piece = |(start, end)| Piece { start, end, class: model.class(objective, start), outage: None };
            edges.into_iter().zip(ends).map(piece).collect()
        };
        // An outage begins to count in its middle.
        let counted = runs(&pieces(edges.clone())).into_iter().map(|(start, _)| start + objective.minimum_outage);
        edges.extend(counted);
        let mut pieces = pieces(edges);
        for (start, end) in runs(&pieces) {
            let within = |piece: &&mut Piece| start <= piece.start && piece.end <= end;
            pieces.iter_mut().filter(within).for_each(|piece| piece.outage = Some((start, end)));
        }
        Self { objective, first: model.first_transition(&objective.system), pieces, from }
    }

    fn piece_at(&self, at: Ms) -> &Piece {
        // Pieces follow each other without gaps.
        let piece = &self.pieces[self.pieces.partition_point(|piece| piece.end <= at)];
        assert!(piece.start <= at && at < piece.end);
        piece
    }

    /// The charge of a piece as of a later instant: facts after that do not exist, and an outage shorter than the
    /// minimum so far does not count.
    pub(crate) fn charged<'p>(&self, piece: &'p Piece, as_of: Ms) -> Option<(&'p Attribution, Source)> {
        let (start, end) = piece.outage?;
        let (attribution, source) = piece.class.charged.as_ref()?;
        let is_known = piece.class.known_from <= as_of;
        let attribution = if is_known { attribution } else { &Attribution::Own };
        (end.min(as_of) - start >= self.objective.minimum_outage).then_some((attribution, *source))
    }

    /// Whether the instant spends budget as of itself.
    pub(crate) fn spends_at(&self, at: Ms) -> bool {
        self.consumes(self.charged(self.piece_at(at), at))
    }

    /// The instants as of which something begins to count differently.
    pub(crate) fn settles(&self) -> BTreeSet<Ms> {
        let down = self.pieces.iter().filter_map(|piece| Some((piece.outage?, piece.class.known_from)));
        down.flat_map(|((start, _), known)| [start + self.objective.minimum_outage, known]).collect()
    }

    pub(crate) fn class_at(&self, at: Ms) -> &Class {
        &self.piece_at(at).class
    }

    /// Whether a charge spends budget: all of it or, in `self-only`, the system's own.
    pub(crate) fn consumes(&self, charged: Option<(&Attribution, Source)>) -> bool {
        match charged {
            None => false,
            Some((Attribution::Own, _)) => true,
            Some((Attribution::Upstream(_), _)) => !self.objective.self_only,
        }
    }

    /// Totals over `[since, until)` as of `until`.
    pub(crate) fn totals(&self, since: Ms, until: Ms) -> Totals {
        self.totals_as_of(since, until, until)
    }

    /// Totals over `[since, until)` as of an instant not before `until`.
    pub(crate) fn totals_as_of(&self, since: Ms, until: Ms, as_of: Ms) -> Totals {
        let mut totals = Totals::default();
        let first = self.pieces.partition_point(|piece| piece.end <= since);
        for piece in self.pieces[first..].iter().take_while(|piece| piece.start < until) {
            let Piece { start, end, class, .. } = piece;
            let millis = i128::from((*end).min(until) - (*start).max(since));
            if millis <= 0 {
                continue;
            }
            if class.not_counted {
                totals.not_counted += millis;
            }
            if class.excluded {
                totals.excluded += millis * class.weight;
            }
            if class.status != Status::Unknown {
                totals.known += millis;
            }
            let charged = self.charged(piece, as_of);
            if let Some((attribution, _)) = charged {
                totals.strict += millis * class.weight;
                match totals.by.get_mut(attribution) {
                    Some(micros) => *micros += millis * class.weight,
                    None => drop(totals.by.insert(attribution.clone(), millis * class.weight)),
                }
            } else if class.charged.is_some() {
                totals.too_short += millis * class.weight;
            }
            if self.consumes(charged) {
                totals.consumed += millis * class.weight;
            }
        }
        totals
    }

    /// The outages that begin up to `as_of`, in order.
    pub(crate) fn outages(&self, as_of: Ms) -> Vec<Outage> {
        let mut outages: Vec<Outage> = Vec::new();
        for Piece { start, end, .. } in self.pieces.iter().filter(|piece| piece.start <= as_of && piece.class.down) {
            let end = (*end <= as_of).then_some(*end);
            match outages.last_mut() {
                Some(last) if last.end == Some(*start) => last.end = end,
                _ => outages.push(Outage { start: *start, end, events: Vec::new() }),
            }
        }
        for event in self.events(as_of) {
            let of = outages.iter_mut().rfind(|outage| outage.start <= event.start).unwrap();
            of.events.push(event);
        }
        outages
    }

    /// The start of the ongoing outage that spends the budget at `as_of`.
    pub(crate) fn down_since(&self, as_of: Ms) -> Option<Ms> {
        let open = self.spends_at(as_of);
        open.then(|| self.outages(as_of).pop().filter(|outage| outage.end.is_none()).unwrap().start)
    }

    /// The downtime events that begin up to `as_of`, in order.
    pub(crate) fn events(&self, as_of: Ms) -> Vec<DowntimeEvent> {
        let mut events: Vec<DowntimeEvent> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.start <= as_of) {
            let Piece { start, end, class, .. } = piece;
            let Some((attribution, source)) = self.charged(piece, as_of) else { continue };
            let event = DowntimeEvent {
                start: *start,
                end: (*end <= as_of).then_some(*end),
                attribution: attribution.clone(),
                source,
                weight: class.weight,
            };
            match events.last_mut() {
                Some(last)
                    if last.end == Some(event.start)
                        && (&last.attribution, last.source) == (&event.attribution, event.source)
                        && last.weight == event.weight =>
                {
                    last.end = event.end;
                }
                _ => events.push(event),
            }
        }
        events
    }
}

/// The maximal stretches of being down.
fn runs(pieces: &[Piece]) -> Vec<(Ms, Ms)> {
    let mut runs: Vec<(Ms, Ms)> = Vec::new();
    for piece in pieces.iter().filter(|piece| piece.class.down) {
        match runs.last_mut() {
            Some((_, end)) if *end == piece.start => *end = piece.end,
            _ => runs.push((piece.start, piece.end)),
        }
    }
    runs
}
