//! Owns reading a history in parts, when it is too long to hold at once.

use std::cell::OnceCell;
use std::rc::Rc;

use super::{Chronicle, Extent, MANY_UPSTREAMS, Stretch};
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::{Member, SystemId};
use crate::domain::account::model::Model;
use crate::domain::account::tally::{Tally, tally};
use crate::domain::health::effective;
use crate::domain::health::system::fold;
use crate::domain::health::timeline::{Change, Scope, SystemHistory, Timeline};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};

impl<F, E> Chronicle<F>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    /// As [`Self::stretch`], but of one read only: it may end earlier, though after `from`.
    pub(crate) fn beginning(
        &mut self,
        system: &Member,
        scope: Scope<'_>,
        from: Instant,
        through: Instant,
    ) -> Result<Rc<Stretch>, E> {
        let reaches = |stretch: &Stretch, to: Instant| stretch.from <= from && to <= stretch.through;
        let known = self.known(system.id, scope, |stretch| reaches(stretch, through));
        if let Some(known) = known.or_else(|| self.known(system.id, scope, |stretch| reaches(stretch, from.plus(1)))) {
            return Ok(known);
        }
        let stretch = self.read(system, scope, (from, through), Extent::Part)?;
        Ok(self.keep(system.id, scope, stretch))
    }

    /// The account of an objective over the first part of `span`, as much as one read covers.
    pub(crate) fn part(&mut self, model: &Model, span: Span) -> Result<Vec<Piece>, E> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let end = self.part_end(model, span)?;
        let mut pieces = self.unattributed(model, Span::new(span.start, end))?;
        if let Some(end) = self.upstreams_end(model, &pieces)?.filter(|end| span.start < *end) {
            cut(&mut pieces, end);
        }
        self.attributed(model, pieces)
    }

    /// Calls `hand` with the account of an objective over `span`, part by part.
    pub(crate) fn each_part(&mut self, model: &Model, span: Span, mut hand: impl FnMut(Vec<Piece>)) -> Result<(), E> {
        let mut from = span.start;
        while from < span.end {
            let pieces = self.part(model, Span::new(from, span.end))?;
            from = pieces.last().map_or(span.end, |last| last.span.end);
            hand(pieces);
        }
        Ok(())
    }

    /// The tally of each day of a span between two midnights in the objective's zone.
    pub(crate) fn day_tallies(&mut self, model: &Model, span: Span) -> Result<Vec<Tally>, E> {
        let calendar = model.objective.window.calendar();
        let (first, next) = (calendar.date(span.start), calendar.date(span.end));
        let mut found = vec![Tally::default(); usize::try_from(next.since(first)).unwrap_or(0)];
        self.each_part(model, span, |pieces| {
            let hull = pieces.first().zip(pieces.last()).map(|(one, last)| Span::new(one.span.start, last.span.end));
            let Some(hull) = hull else { return };
            let mut date = calendar.date(hull.start);
            while let Some(sum) = found.get_mut(date.since(first) as usize).filter(|_| calendar.start(date) < hull.end)
            {
                sum.add(&tally(&pieces, calendar.span(date), END), 1);
                date = date.next();
            }
        })?;
        Ok(found)
    }

    /// Where the first part of an objective's account ends.
    fn part_end(&mut self, model: &Model, span: Span) -> Result<Instant, E> {
        let minimum_ms = model.objective.minimum_outage_ms;
        let (from, through) = (span.start.plus(-minimum_ms), span.end.plus(minimum_ms));
        let known = self.beginning(&model.system, model.scope(), from, through)?;
        let end = known.drawn_from(span.start).min(span.end);
        if known.through >= through {
            return Ok(end);
        }
        let reached = known.through.plus(-minimum_ms).min(end);
        if span.start < reached {
            return Ok(reached);
        }
        Ok(self.beginning(&model.system, model.scope(), span.start, span.end)?.through.min(end))
    }

    /// Up to where one read covers the upstreams that pieces may be charged to; `None`: all of it.
    fn upstreams_end(&mut self, model: &Model, pieces: &[Piece]) -> Result<Option<Instant>, E> {
        let upstreams = model.upstreams();
        if upstreams.is_empty() || upstreams.len() >= MANY_UPSTREAMS {
            return Ok(None);
        }
        let grace_ms = model.objective.attribution_grace_ms;
        let Some(hull) = charged(pieces).map(|hull| hull.widened(grace_ms)) else { return Ok(None) };
        let mut end = hull.end;
        for place in upstreams {
            let member = &model.dependencies.nodes()[*place].member;
            end = end.min(self.beginning(member, Scope::System, hull.start, hull.end)?.through);
        }
        Ok((end < hull.end).then(|| end.plus(-grace_ms)))
    }

    /// The history of a system between two instants, inclusive, in one piece.
    pub(super) fn history(
        &mut self,
        system: SystemId,
        scope: Scope<'_>,
        from: Instant,
        through: Instant,
    ) -> Result<SystemHistory, E> {
        let mut history = (self.load)(system, scope, from, through)?;
        while history.through < through {
            let known = history.through;
            let more = (self.load)(system, scope, known, through)?;
            history.through = more.through;
            for (stream, more) in history.streams.iter_mut().zip(more.streams) {
                stream.transitions.extend(more.transitions.into_iter().filter(|transition| transition.at > known));
            }
        }
        Ok(history)
    }

    /// A span, read and not kept.
    pub(super) fn read(
        &mut self,
        system: &Member,
        scope: Scope<'_>,
        (from, through): (Instant, Instant),
        extent: Extent,
    ) -> Result<Stretch, E> {
        let outages = OnceCell::new();
        if let (Scope::System, Some(_)) = (scope, &system.composition) {
            let Timeline { from, through, first, last_seen, changes, .. } = self.timeline(system, from, through)?;
            self.folded += changes.len();
            return Ok(Stretch { from, through, first, last_seen, changes, outages });
        }
        let mut history = (self.load)(system.id, scope, from, through)?;
        let (from, mut changes) = (history.from, fold(&history, scope, &system.rules));
        while extent == Extent::Whole && history.through < through {
            let known = history.through;
            // Frees the last part before the next is loaded.
            history.streams = Vec::new();
            history = (self.load)(system.id, scope, known, through)?;
            append(&mut changes, fold(&history, scope, &system.rules), known);
        }
        if let Scope::System = scope {
            changes = effective::corrected(changes, &system.rules, history.first, history.through);
        }
        // Most transitions change nothing; the memory kept must match the count of changes.
        changes.shrink_to_fit();
        self.folded += changes.len();
        let (through, first, last_seen) = (history.through, history.first, history.last_seen(scope));
        Ok(Stretch { from, through, first, last_seen, changes, outages })
    }
}

/// Adds the changes after `known`, up to which they are complete.
fn append(changes: &mut Vec<Change>, more: Vec<Change>, known: Instant) {
    for change in more.into_iter().filter(|change| change.at > known) {
        if changes.last().is_none_or(|last| (last.checks, last.incidents) != (change.checks, change.incidents)) {
            changes.push(change);
        }
    }
}

/// From the start of the first charged piece to the end of the last.
fn charged(pieces: &[Piece]) -> Option<Span> {
    let mut charged = pieces.iter().filter(|piece| piece.charge.is_some()).map(|piece| piece.span);
    let first = charged.next()?;
    Some(Span::new(first.start, charged.next_back().unwrap_or(first).end))
}

/// Drops everything from an instant on.
fn cut(pieces: &mut Vec<Piece>, end: Instant) {
    pieces.truncate(pieces.partition_point(|piece| piece.span.start < end));
    if let Some(last) = pieces.last_mut() {
        last.span.end = last.span.end.min(end);
    }
}
