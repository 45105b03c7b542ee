//! Owns the part of the journal read so far: timelines of systems, loaded on demand, folded once, and shared by all
//! objectives.

mod parts;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::blame::shared::{Gathered, SharedBlame};
use super::blame::{Blamed, among};
use super::dependencies::Dependencies;
use super::downtime::{Evidence, Piece, account, attribute, down_since};
use super::hindsight::without_short;
use super::member::{BySystem, Composition, Member, SystemId};
use super::model::Model;
use super::objective::DependencyExclusion;
use crate::domain::health::composite::{self, MemberStatuses};
use crate::domain::health::effective;
use crate::domain::health::location::statuses;
use crate::domain::health::system::fold;
use crate::domain::health::timeline::{BEGINNING, Change, END, Outage, Scope, SystemHistory, Timeline, outages};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// The most folded changes kept. Beyond it all are dropped, which bounds memory.
const MOST_CHANGES: usize = 2_000_000;
/// The memory of a span besides its changes, in changes.
const CHANGES_OF_A_STRETCH: usize = 24;
/// A span with more changes than this is not extended backwards in larger steps, and no account covers more at once.
const MANY_CHANGES: usize = 1 << 15;
/// The most spans kept of one system.
const MOST_STRETCHES: usize = 8;
/// With this many upstreams or more, attribution uses the outages of the entire graph, if the graph is complete.
const MANY_UPSTREAMS: usize = 16;

/// How much of a requested span is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// As much as one read returns.
    Part,
}

/// A folded span of one system's history.
#[derive(Debug)]
pub(crate) struct Stretch {
    from: Instant,
    /// All changes up to here are known; `END` if none comes later.
    pub(crate) through: Instant,
    pub(crate) first: Option<Instant>,
    /// The newest transition of the streams in scope, as of the end of the requested span or `as-of`, whichever is
    /// earlier.
    pub(crate) last_seen: Option<Instant>,
    pub(crate) changes: Vec<Change>,
    outages: OnceCell<Vec<Outage>>,
}

impl Stretch {
    /// Where an account that begins at an instant is cut: after at most [`MANY_CHANGES`] status changes.
    fn drawn_from(&self, at: Instant) -> Instant {
        let next = self.changes.partition_point(|change| change.at <= at);
        self.changes.get(next + MANY_CHANGES).map_or(END, |change| change.at)
    }

    /// The outages, oldest first. One in progress at the start of the span starts there.
    fn outages(&self) -> &[Outage] {
        self.outages.get_or_init(|| outages(&self.changes))
    }
}

/// The spans known of one system: of all its streams, and of the streams of single checks.
#[derive(Default)]
struct Stretches {
    of_system: Vec<Rc<Stretch>>,
    of_checks: BTreeMap<Name, Vec<Rc<Stretch>>>,
}

impl Stretches {
    fn of(&self, scope: Scope<'_>) -> Option<&Vec<Rc<Stretch>>> {
        match scope {
            Scope::System => Some(&self.of_system),
            Scope::Check(name) => self.of_checks.get(name),
        }
    }

    fn of_mut(&mut self, scope: Scope<'_>) -> &mut Vec<Rc<Stretch>> {
        match scope {
            Scope::System => &mut self.of_system,
            Scope::Check(name) => self.of_checks.entry(name.clone()).or_default(),
        }
    }
}

/// Reads systems' histories through `load` and remembers them.
///
/// `load` gets a system, a scope, and the instants between which (inclusive) statuses must be known. It may return more
/// before them, or, if too many facts lie between them to hold at once, less: up to some instant after the first. It
/// never returns facts after the command's `as-of`.
pub(crate) struct Chronicle<F> {
    load: F,
    stretches: BySystem<Stretches>,
    blame: Option<SharedBlame>,
    changes: usize,
    folded: usize,
}

impl<F, E> Chronicle<F>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    pub(crate) fn new(load: F) -> Self {
        Self { load, stretches: BySystem::default(), blame: None, changes: 0, folded: 0 }
    }

    /// The number of changes folded so far: a measure of work.
    pub(crate) fn folded(&self) -> usize {
        self.folded
    }

    /// The timeline of a system and its checks between two instants, inclusive. It is not kept.
    pub(crate) fn timeline(&mut self, system: &Member, from: Instant, through: Instant) -> Result<Timeline, E> {
        let history = self.history(system.id, Scope::System, from, through)?;
        let timeline = Timeline {
            from: history.from,
            through: history.through,
            first: history.first,
            last_seen: history.last_seen(Scope::System),
            changes: fold(&history, Scope::System, &system.rules),
            checks: statuses(&history, &system.rules),
        };
        let timeline = match &system.composition {
            Some(composition) => self.compose(&timeline, composition, system.rules.retired_at, (from, through))?,
            None => timeline,
        };
        let Timeline { from, through, first, last_seen, changes, checks } = timeline;
        let changes = effective::corrected(changes, &system.rules, first, through);
        let checks = effective::corrected_checks(checks, &system.rules, first, through);
        Ok(Timeline { from, through, first, last_seen, changes, checks })
    }

    /// The effective status of a system between two instants, inclusive.
    pub(crate) fn stretch(
        &mut self,
        system: &Member,
        scope: Scope<'_>,
        from: Instant,
        through: Instant,
    ) -> Result<Rc<Stretch>, E> {
        if let Some(known) = self.known(system.id, scope, |stretch| stretch.from <= from && through <= stretch.through)
        {
            return Ok(known);
        }
        let stretch = self.read(system, scope, (from, through), Extent::Whole)?;
        Ok(self.keep(system.id, scope, stretch))
    }

    /// Keeps the effective status that a timeline contains.
    pub(crate) fn remember(&mut self, system: &Member, timeline: Timeline) {
        let Timeline { from, through, first, last_seen, mut changes, .. } = timeline;
        changes.shrink_to_fit();
        self.folded += changes.len();
        self.keep(
            system.id,
            Scope::System,
            Stretch { from, through, first, last_seen, changes, outages: OnceCell::new() },
        );
    }

    /// A kept span of a system that fits.
    fn known(&self, system: SystemId, scope: Scope<'_>, fits: impl Fn(&Stretch) -> bool) -> Option<Rc<Stretch>> {
        let known = self.stretches.get(&system)?.of(scope)?;
        known.iter().find(|stretch| fits(stretch)).cloned()
    }

    fn keep(&mut self, system: SystemId, scope: Scope<'_>, stretch: Stretch) -> Rc<Stretch> {
        if self.changes > MOST_CHANGES {
            self.stretches.clear();
            self.changes = 0;
        }
        self.changes += stretch.changes.len() + CHANGES_OF_A_STRETCH;
        let stretch = Rc::new(stretch);
        let kept = self.stretches.entry(system).or_default().of_mut(scope);
        if kept.len() == MOST_STRETCHES {
            kept.remove(0);
        }
        kept.push(Rc::clone(&stretch));
        stretch
    }

    /// The timeline of a composite system, given that of its own incidents. Each member is read once, even if several
    /// systems share it.
    fn compose(
        &mut self,
        own: &Timeline,
        Composition { members, quorum }: &Composition,
        retired_at: Option<Instant>,
        (from, through): (Instant, Instant),
    ) -> Result<Timeline, E> {
        let stretch = |member| self.stretch(member, Scope::System, from, through);
        let stretches = members.iter().map(stretch).collect::<Result<Vec<_>, E>>()?;
        let statuses = members.iter().zip(&stretches).map(|(member, stretch)| {
            let (first, retired_at) = (stretch.first, member.rules.retired_at);
            MemberStatuses { changes: &stretch.changes, first, retired_at }
        });
        let statuses: Vec<MemberStatuses<'_>> = statuses.collect();
        let from = stretches.iter().map(|stretch| stretch.from).fold(own.from, Instant::max);
        let through = stretches.iter().map(|stretch| stretch.through).fold(own.through, Instant::min);
        Ok(Timeline {
            from,
            through,
            first: stretches.iter().filter_map(|stretch| stretch.first).chain(own.first).min(),
            last_seen: stretches.iter().filter_map(|stretch| stretch.last_seen).chain(own.last_seen).max(),
            changes: composite::until(composite::fold(&own.changes, &statuses, *quorum, from), retired_at, through),
            checks: statuses.iter().map(|of| of.as_check(retired_at, through)).collect(),
        })
    }

    /// When the account of an objective no longer changes, apart from maintenance and schedules, if no facts follow
    /// those known at `at`: after the last change of its system and, if they decide what spends the budget, of its
    /// upstreams.
    pub(crate) fn settled(&mut self, model: &Model, at: Instant) -> Result<Instant, E> {
        let mut last = self.stretch(&model.system, model.scope(), at, at)?.changes.last().map(|change| change.at);
        if model.objective.dependency_exclusion == DependencyExclusion::SelfOnly {
            let nodes = model.dependencies.nodes();
            let mut blame = self.blame_in(&model.dependencies);
            for place in model.upstreams() {
                if blame.last_change(*place, at).is_none() {
                    let stretch = self.stretch(&nodes[*place].member, Scope::System, at, at)?;
                    blame.remember(*place, stretch.changes.last().map_or(at, |change| change.at));
                }
                last = last.max(blame.last_change(*place, at));
            }
            self.blame = Some(blame);
        }
        Ok(last.unwrap_or(at).plus(model.objective.hindsight_ms()))
    }

    /// The outages of a system that touch `span`, with their true starts, however old.
    fn outages(&mut self, system: &Member, span: Span) -> Result<Rc<Stretch>, E> {
        let mut from = span.start;
        let mut back = DAY_MS;
        loop {
            let stretch = self.stretch(system, Scope::System, from, span.end)?;
            // An outage in progress at the start of the span may have begun earlier.
            let cut = stretch.outages().first().is_some_and(|outage| outage.start <= stretch.from);
            if !cut || stretch.from <= BEGINNING {
                return Ok(stretch);
            }
            from = from.plus(-back).max(BEGINNING);
            back = back.saturating_mul(4);
        }
    }

    /// Since when an objective has been down as of an instant, however long ago; `None` if it is up.
    pub(crate) fn down_since(&mut self, model: &Model, at: Instant) -> Result<Option<Instant>, E> {
        let (mut from, mut through) = (at, at);
        let mut back = DAY_MS;
        let mut known = None;
        loop {
            let stretch = self.stretch(&model.system, model.scope(), from, through)?;
            let Some(since) = down_since(model, &stretch.changes, stretch.first, through) else { return Ok(known) };
            // An outage in progress at the start of the span may have begun earlier.
            let cut = since <= stretch.from && stretch.first != Some(since);
            if !cut || stretch.from <= BEGINNING {
                return Ok(Some(since));
            }
            known = Some(since);
            through = stretch.from;
            from = through.plus(-back).max(BEGINNING);
            // Where changes are dense, the steps back do not grow.
            back = if stretch.changes.len() > MANY_CHANGES { back } else { back.saturating_mul(4) };
        }
    }

    /// The account of an objective over `span`, with causes.
    pub(crate) fn pieces(&mut self, model: &Model, span: Span) -> Result<Vec<Piece>, E> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let pieces = self.unattributed(model, span)?;
        self.attributed(model, pieces)
    }

    /// The same pieces with causes.
    fn attributed(&mut self, model: &Model, pieces: Vec<Piece>) -> Result<Vec<Piece>, E> {
        if model.upstreams().is_empty() {
            return Ok(pieces);
        }
        let charged: Vec<Span> = pieces.iter().filter(|piece| piece.charge.is_some()).map(|piece| piece.span).collect();
        if charged.is_empty() {
            return Ok(pieces);
        }
        Ok(attribute(&pieces, &self.blamed(model, &charged)?))
    }

    /// The account of an objective over `span` with all downtime charged to its system.
    fn unattributed(&mut self, model: &Model, span: Span) -> Result<Vec<Piece>, E> {
        let minimum_ms = model.objective.minimum_outage_ms;
        let wider = Span::new(span.start.plus(-minimum_ms).max(span.start.min(BEGINNING)), span.end.plus(minimum_ms));
        let stretch = self.stretch(&model.system, model.scope(), wider.start, wider.end)?;
        let maintenance = model.maintenance.touching(wider);
        let outside = model.timetable.outside(wider);
        let (changes, first) = (&stretch.changes[..], stretch.first);
        let evidence = Evidence { changes, first, maintenance: &maintenance, outside: &outside };
        let pieces = account(model, &evidence, wider);
        Ok(if minimum_ms > 0 { without_short(&pieces, minimum_ms, span) } else { pieces })
    }

    /// The upstreams charged with downtime of a model. `charged` is not empty.
    fn blamed(&mut self, model: &Model, charged: &[Span]) -> Result<Vec<Blamed>, E> {
        let upstreams = model.upstreams();
        if upstreams.len() >= MANY_UPSTREAMS
            && model.dependencies.is_complete()
            && let Some(blamed) = self.shared_blame(model, charged)?
        {
            return Ok(blamed);
        }
        let grace_ms = model.objective.attribution_grace_ms;
        let hull = Span::new(charged[0].start, charged[charged.len() - 1].end).widened(grace_ms);
        let nodes = model.dependencies.nodes();
        let members: Vec<&Member> = upstreams.iter().map(|place| &nodes[*place].member).collect();
        let stretches = members.iter().map(|member| self.outages(member, hull)).collect::<Result<Vec<_>, E>>()?;
        let outages: Vec<(&Member, &[Outage])> =
            members.iter().zip(&stretches).map(|(member, stretch)| (*member, stretch.outages())).collect();
        Ok(among(&outages, charged, grace_ms))
    }

    /// Takes out what is known of attribution in a graph; the caller puts it back.
    fn blame_in(&mut self, graph: &Rc<Dependencies>) -> SharedBlame {
        self.blame.take().filter(|blame| blame.is_of(graph)).unwrap_or_else(|| SharedBlame::new(graph))
    }

    /// As [`Self::blamed`], from the outages of all systems of the graph; `None` when these take too much memory.
    fn shared_blame(&mut self, model: &Model, charged: &[Span]) -> Result<Option<Vec<Blamed>>, E> {
        let mut blame = self.blame_in(&model.dependencies);
        let grace_ms = model.objective.attribution_grace_ms;
        if let Some(from) = blame.to_read(charged[0].start.plus(-grace_ms)) {
            blame.read(from, self.outages_of_all(&model.dependencies, from)?);
        }
        let blamed = blame.tell(model.upstreams(), charged, grace_ms);
        self.blame = Some(blame);
        Ok(blamed)
    }

    /// The outages of all systems of a graph since an instant.
    fn outages_of_all(&mut self, graph: &Dependencies, from: Instant) -> Result<Gathered, E> {
        let span = Span::new(from, END);
        let mut gathered = Gathered::default();
        for (place, node) in graph.nodes().iter().enumerate() {
            if gathered.fits() {
                gathered.add(place, self.outages(&node.member, span)?.outages(), span);
            }
        }
        Ok(gathered)
    }
}

/// The account of a span before the first transition of a system.
pub(crate) fn pieces_before_first(model: &Model, span: Span) -> Vec<Piece> {
    if span.is_empty() {
        return Vec::new();
    }
    let changes = [Change { at: BEGINNING, checks: None, incidents: None }];
    let maintenance = model.maintenance.touching(span);
    let outside = model.timetable.outside(span);
    let evidence = Evidence { changes: &changes, first: None, maintenance: &maintenance, outside: &outside };
    account(model, &evidence, span)
}

/// A history without any transition.
pub(crate) fn empty_history() -> SystemHistory {
    SystemHistory { from: BEGINNING, through: END, first: None, streams: Vec::new() }
}
