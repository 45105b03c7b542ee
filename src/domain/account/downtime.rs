//! Owns downtime: when an objective is down, what caused it, and whether it counts.

use super::blame::Blamed;
use super::member::SystemId;
use super::model::Model;
use super::objective::{DependencyExclusion, Objective};
use crate::domain::health::timeline::Change;
use crate::domain::health::transition::{Source, Status};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// What downtime is charged to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Cause {
    Own,
    Upstream(SystemId),
}

/// Charged downtime: it has a cause and a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Charge {
    pub(crate) cause: Cause,
    pub(crate) source: Source,
}

/// A span over which an objective's account is uniform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) span: Span,
    /// Whether the objective's status is other than `unknown`.
    pub(crate) known: bool,
    /// Whether the status counts as down, charged or not.
    pub(crate) down: bool,
    /// Microseconds of downtime in each millisecond; 0 when up.
    pub(crate) weight: i64,
    /// Whether this time stays in the window's length.
    pub(crate) counted: bool,
    /// Downtime that eventually counts against the strict total; `None` when up or not charged.
    pub(crate) charge: Option<Charge>,
    /// Why downtime is not charged; `None` when up or charged.
    pub(crate) uncharged: Option<Uncharged>,
    /// When the charge begins to count, if that is after the piece: until then the outage is too short.
    pub(crate) counts_from: Option<Instant>,
    /// When the upstream is first known to be down, if that is after the piece: until then the cause is the system
    /// itself.
    pub(crate) blamed_from: Option<Instant>,
}

/// Why downtime is not charged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Uncharged {
    /// It is in maintenance.
    Maintenance,
    /// It is outside the objective's schedule.
    Schedule,
    /// Its outage is shorter than the objective's minimum.
    TooShort,
}

impl Piece {
    /// Counted time without downtime.
    pub(crate) fn blank(span: Span, known: bool) -> Self {
        let (down, weight, counted, charge, uncharged) = (false, 0, true, None, None);
        Self { span, known, down, weight, counted, charge, uncharged, counts_from: None, blamed_from: None }
    }

    /// The charge as of an instant after the piece starts.
    pub(crate) fn charge_as_of(self, at: Instant) -> Option<Charge> {
        let charge = self.charge.filter(|_| self.counts_from.is_none_or(|from| from <= at))?;
        let is_known = self.blamed_from.is_none_or(|from| from <= at);
        Some(if is_known { charge } else { Charge { cause: Cause::Own, ..charge } })
    }

    /// Whether it is part of an outage that is too short as of an instant after the piece starts.
    pub(crate) fn is_too_short(self, at: Instant) -> bool {
        self.uncharged == Some(Uncharged::TooShort) || self.charge.is_some() && self.charge_as_of(at).is_none()
    }

    /// The instants at which its charge changes.
    pub(crate) fn settles(self) -> impl Iterator<Item = Instant> {
        let again = self.blamed_from.filter(|from| self.counts_from != Some(*from));
        self.counts_from.into_iter().chain(again)
    }

    /// Whether this time spends the budget under the objective's exclusion mode, as of an instant after it starts.
    pub(crate) fn consumes(self, exclusion: DependencyExclusion, at: Instant) -> bool {
        match (exclusion, self.charge_as_of(at)) {
            (_, None) => false,
            (DependencyExclusion::Strict, Some(_)) => true,
            (DependencyExclusion::SelfOnly, Some(charge)) => charge.cause == Cause::Own,
        }
    }

    /// Whether it spends the budget as of its own time.
    pub(crate) fn consumes_then(self, exclusion: DependencyExclusion) -> bool {
        self.consumes(exclusion, self.span.start)
    }

    /// The microseconds of each millisecond that spend the budget, as of an instant after it starts.
    pub(crate) fn spends(self, exclusion: DependencyExclusion, at: Instant) -> i64 {
        if self.consumes(exclusion, at) { self.weight } else { 0 }
    }

    /// Whether maintenance excludes this downtime.
    pub(crate) fn excluded(self) -> bool {
        self.uncharged == Some(Uncharged::Maintenance)
    }
}

/// The inputs of an account.
pub(crate) struct Evidence<'a> {
    /// The timeline of the objective's scope; it starts at or before the span.
    pub(crate) changes: &'a [Change],
    /// The first transition of the system, on any stream.
    pub(crate) first: Option<Instant>,
    /// Maintenance of the system, sorted and disjoint; empty when the objective ignores maintenance.
    pub(crate) maintenance: &'a [Span],
    /// Time outside the objective's schedule, sorted and disjoint.
    pub(crate) outside: &'a [Span],
}

/// Splits `span` into adjacent pieces, with all downtime charged to the system itself. [`attribute`] then charges
/// upstreams.
pub(crate) fn account(model: &Model, evidence: &Evidence<'_>, span: Span) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let first = evidence.changes.partition_point(|change| change.at <= span.start).saturating_sub(1);
    for (index, change) in evidence.changes.iter().enumerate().skip(first) {
        let end = evidence.changes.get(index + 1).map_or(span.end, |next| next.at);
        let part = Span::new(change.at, end).intersect(span);
        if change.at >= span.end {
            break;
        }
        if part.is_empty() {
            continue;
        }
        let state = State::of(model, *change, evidence.first, part.start);
        // Before the first transition a status would be `unknown`, even one that counts as down. The first transition
        // changes some stream, but not always one in scope.
        for (part, state) in split_at_first(model, part, state, *change, evidence.first) {
            each_part(part, evidence.outside, &mut |part, outside| {
                each_part(part, evidence.maintenance, &mut |part, in_maintenance| {
                    push(&mut pieces, model, part, state, Circumstances { outside, in_maintenance });
                });
            });
        }
    }
    pieces
}

/// Since when an objective has been down as of an instant, as far back as its changes reach; `None` if it is up. The
/// first change is at or before that instant.
pub(super) fn down_since(model: &Model, changes: &[Change], first: Option<Instant>, at: Instant) -> Option<Instant> {
    let now = changes.partition_point(|change| change.at <= at);
    let is_down = |change: &&Change| State::of(model, **change, first, at).down;
    let since = changes[..now].iter().rev().take_while(is_down).last()?;
    first.map(|first| first.max(since.at))
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    known: bool,
    down: bool,
    weight: i64,
    source: Source,
}

impl State {
    fn of(model: &Model, change: Change, first: Option<Instant>, at: Instant) -> Self {
        let counts = model.objective.counts_as_down;
        let status = change.status();
        let seen = first.is_some_and(|first| first <= at);
        let checks_down = change.checks.is_some_and(|status| counts.contains(status));
        let incidents_down = change.incidents.is_some_and(|status| counts.contains(status));
        let source = if incidents_down && !checks_down { Source::Incident } else { Source::Healthcheck };
        let weight = if seen { counts.of(status) } else { 0 };
        Self { known: status != Status::Unknown, down: weight > 0, weight, source }
    }
}

fn split_at_first(
    model: &Model,
    part: Span,
    state: State,
    change: Change,
    first: Option<Instant>,
) -> impl Iterator<Item = (Span, State)> {
    let cut = first.filter(|first| part.start < *first && *first < part.end);
    let head = Span::new(part.start, cut.unwrap_or(part.end));
    let tail = cut.map(|cut| (Span::new(cut, part.end), State::of(model, change, first, cut)));
    std::iter::once((head, state)).chain(tail)
}

/// Calls `hand` with the parts of a span inside and outside of sorted, disjoint windows, in order.
fn each_part(part: Span, windows: &[Span], hand: &mut impl FnMut(Span, bool)) {
    let mut cursor = part.start;
    let first = windows.partition_point(|window| window.end <= part.start);
    for window in windows[first..].iter().take_while(|window| window.start < part.end) {
        let inside = window.intersect(part);
        for (part, is_inside) in [(Span::new(cursor, inside.start), false), (inside, true)] {
            if !part.is_empty() {
                hand(part, is_inside);
            }
        }
        cursor = inside.end;
    }
    if cursor < part.end {
        hand(Span::new(cursor, part.end), false);
    }
}

/// What decides, besides the status, whether time counts.
#[derive(Clone, Copy)]
struct Circumstances {
    /// Outside the schedule.
    outside: bool,
    in_maintenance: bool,
}

impl Circumstances {
    /// Why downtime would not be charged then.
    fn excuse(self, objective: &Objective) -> Option<Uncharged> {
        let excuses = objective.exclude_maintenance_windows || objective.not_counted.maintenance;
        match self {
            Self { outside: true, .. } => Some(Uncharged::Schedule),
            Self { in_maintenance: true, .. } if excuses => Some(Uncharged::Maintenance),
            _ => None,
        }
    }
}

fn push(pieces: &mut Vec<Piece>, model: &Model, span: Span, state: State, circumstances: Circumstances) {
    let State { known, down, weight, source } = state;
    let not_counted = model.objective.not_counted;
    let leaves = circumstances.in_maintenance && not_counted.maintenance || !known && not_counted.unknown;
    let uncharged = circumstances.excuse(&model.objective).filter(|_| down);
    let charge = (down && uncharged.is_none()).then_some(Charge { cause: Cause::Own, source });
    let counted = !leaves && !circumstances.outside;
    let (counts_from, blamed_from) = (None, None);
    join(pieces, Piece { span, known, down, weight, counted, charge, uncharged, counts_from, blamed_from });
}

/// Appends a piece, or extends the last one if they are alike.
pub(super) fn join(pieces: &mut Vec<Piece>, piece: Piece) {
    if let Some(last) = pieces.last_mut() {
        let same = Piece { span: last.span, ..piece } == *last;
        if same && last.span.end == piece.span.start {
            last.span.end = piece.span.end;
            return;
        }
    }
    pieces.push(piece);
}

/// Charges downtime to the upstream that caused it, or to the system itself where none did. `blamed` is sorted and
/// disjoint.
pub(crate) fn attribute(pieces: &[Piece], blamed: &[Blamed]) -> Vec<Piece> {
    let mut result = Vec::with_capacity(pieces.len());
    let mut ahead = pieces
        .first()
        .map_or(blamed, |first| &blamed[blamed.partition_point(|blamed| blamed.span.end <= first.span.start)..]);
    for piece in pieces {
        let Some(charge) = piece.charge else {
            join(&mut result, *piece);
            continue;
        };
        let mut cursor = piece.span.start;
        while cursor < piece.span.end {
            let passed = ahead.iter().take_while(|blamed| blamed.span.end <= cursor).count();
            ahead = &ahead[passed..];
            let (cause, blamed_from, end) = match ahead.first() {
                Some(next) if next.span.start <= cursor => {
                    (Cause::Upstream(next.upstream), next.known_from, next.span.end)
                }
                Some(next) => (Cause::Own, None, next.span.start),
                None => (Cause::Own, None, piece.span.end),
            };
            let span = Span::new(cursor, end.min(piece.span.end));
            join(&mut result, Piece { span, charge: Some(Charge { cause, ..charge }), blamed_from, ..*piece });
            cursor = span.end;
        }
    }
    result
}
