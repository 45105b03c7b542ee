//! Owns what has been read of the journal so far: timelines of systems, loaded on demand, folded once, and shared by
//! all objectives that look at them.

use std::collections::HashMap;
use std::rc::Rc;

use super::blame::shared::{Known, SharedBlame};
use super::blame::{Blamed, among, touching};
use super::dependencies::{Dependencies, Node};
use super::downtime::{Evidence, Piece, account, attribute, down_since};
use super::hindsight::without_short;
use super::member::{Composition, Member, SystemId};
use super::model::Model;
use super::objective::{DependencyExclusion, Objective};
use crate::domain::health::composite::{self, MemberStatuses};
use crate::domain::health::effective;
use crate::domain::health::location::statuses;
use crate::domain::health::system::fold;
use crate::domain::health::timeline::{BEGINNING, Change, END, Outage, Scope, SystemHistory, Timeline, outages};
use crate::domain::health::transition::Status;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// Folded changes kept at the most; past this all are forgotten, so that memory stays bounded.
const MOST_CHANGES: usize = 2_000_000;
/// Stretches kept of one system at the most.
const MOST_STRETCHES: usize = 8;
/// With this many upstreams or more, blame is computed for all systems of a graph at once, if the whole graph is known.
const MANY_UPSTREAMS: usize = 16;
/// A folded stretch of one system's history.
#[derive(Debug)]
pub(crate) struct Stretch {
    from: Instant,
    through: Instant,
    pub(crate) first: Option<Instant>,
    /// The newest transition of the streams in scope; as of the end of what was asked for, where that is earlier than `as-of`.
    pub(crate) last_seen: Option<Instant>,
    pub(crate) changes: Vec<Change>,
    outages: Vec<Outage>,
}

/// Reads systems' histories through `load` and remembers them.
///
/// `load` gets a system, a scope, and the moments between which (inclusive) statuses must be known; it may return more.
/// Facts after the command's `as-of` do not exist for it.
pub(crate) struct Chronicle<F> {
    load: F,
    stretches: HashMap<(SystemId, Option<Name>), Vec<Rc<Stretch>>>,
    blame: Option<SharedBlame>,
    changes: usize,
    folded: usize,
}

impl<F, E> Chronicle<F>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    pub(crate) fn new(load: F) -> Self {
        Self { load, stretches: HashMap::new(), blame: None, changes: 0, folded: 0 }
    }

    /// How many changes have been folded so far: a measure of the work done.
    pub(crate) fn folded(&self) -> usize {
        self.folded
    }

    /// What is known of a system and of its checks between two moments, both included; it is not kept.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) fn timeline(&mut self, system: &Member, from: Instant, through: Instant) -> Result<Timeline, E> {
        let history = (self.load)(system.id, Scope::System, from, through)?;
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

    /// The effective status of a system between two moments, both included.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) fn stretch(
        &mut self,
        system: &Member,
        scope: Scope<'_>,
        from: Instant,
        through: Instant,
    ) -> Result<Rc<Stretch>, E> {
        let check = match scope {
            Scope::System => None,
            Scope::Check(name) => Some(name.clone()),
        };
        let key = (system.id, check);
        let known = self
            .stretches
            .get(&key)
            .and_then(|known| known.iter().find(|stretch| stretch.from <= from && through <= stretch.through).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let stretch = Rc::new(self.read(system, scope, from, through)?);
        if self.changes > MOST_CHANGES {
            self.stretches.clear();
            self.changes = 0;
        }
        self.changes += stretch.changes.len();
        let kept = self.stretches.entry(key).or_default();
        if kept.len() == MOST_STRETCHES {
            kept.remove(0);
        }
        kept.push(Rc::clone(&stretch));
        Ok(stretch)
    }

    /// The same, read and not kept.
    fn read(&mut self, system: &Member, scope: Scope<'_>, from: Instant, through: Instant) -> Result<Stretch, E> {
        if let (Scope::System, Some(_)) = (scope, &system.composition) {
            let Timeline { from, through, first, last_seen, changes, .. } = self.timeline(system, from, through)?;
            self.folded += changes.len();
            let outages = outages(&changes);
            return Ok(Stretch { from, through, first, last_seen, changes, outages });
        }
        let history = (self.load)(system.id, scope, from, through)?;
        let mut changes = fold(&history, scope, &system.rules);
        if let Scope::System = scope {
            changes = effective::corrected(changes, &system.rules, history.first, history.through);
        }
        // Most transitions change nothing, and what is kept is to take no more room than it counts for.
        changes.shrink_to_fit();
        self.folded += changes.len();
        let outages = outages(&changes);
        let (from, through, first, last_seen) =
            (history.from, history.through, history.first, history.last_seen(scope));
        Ok(Stretch { from, through, first, last_seen, changes, outages })
    }

    /// The timeline of a composite system, given that of its own incidents. Each member is read once, however many it belongs to.
    fn compose(
        &mut self,
        own: &Timeline,
        Composition { members, quorum }: &Composition,
        retired_at: Option<Instant>,
        (from, through): (Instant, Instant),
    ) -> Result<Timeline, E> {
        let stretch = |member| self.stretch(member, Scope::System, from, through);
        let stretches = members.iter().map(stretch).collect::<Result<Vec<_>, E>>()?;
        let statuses: Vec<MemberStatuses<'_>> = members
            .iter()
            .zip(&stretches)
            .map(|(member, stretch)| MemberStatuses { changes: &stretch.changes, retired_at: member.rules.retired_at })
            .collect();
        let from = stretches.iter().map(|stretch| stretch.from).fold(own.from, Instant::max);
        let through = stretches.iter().map(|stretch| stretch.through).fold(own.through, Instant::min);
        Ok(Timeline {
            from,
            through,
            first: stretches.iter().filter_map(|stretch| stretch.first).chain(own.first).min(),
            last_seen: stretches.iter().filter_map(|stretch| stretch.last_seen).chain(own.last_seen).max(),
            changes: composite::until(composite::fold(&own.changes, &statuses, *quorum, from), retired_at, through),
            checks: statuses.iter().map(MemberStatuses::steps).collect(),
        })
    }

    /// When the account of an objective changes last, if no facts come after those that are known at `at`: with the status of its system,
    /// and with that of an upstream if these decide what spends the budget. But for maintenance and schedules.
    ///
    /// # Errors
    /// Those of `load`.
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

    /// The outages of a system that touch `span`, with their true starts, however long ago those lie.
    fn outages(&mut self, system: &Member, span: Span) -> Result<Rc<Stretch>, E> {
        let mut from = span.start;
        let mut back = DAY_MS;
        loop {
            let stretch = self.stretch(system, Scope::System, from, span.end)?;
            // An outage that reaches back to the start of what was read may have begun before it.
            let cut = stretch.outages.first().is_some_and(|outage| outage.start <= stretch.from);
            if !cut || stretch.from <= BEGINNING {
                return Ok(stretch);
            }
            from = from.plus(-back).max(BEGINNING);
            back = back.saturating_mul(4);
        }
    }

    /// Since when an objective has been down as of a moment, however long ago that is; `None` while it is not down.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) fn down_since(&mut self, model: &Model, at: Instant) -> Result<Option<Instant>, E> {
        let mut from = at;
        let mut back = DAY_MS;
        loop {
            let stretch = self.stretch(&model.system, model.scope(), from, at)?;
            let since = down_since(model, &stretch.changes, stretch.first, at);
            // An outage that reaches back to the start of what was read may have begun before it.
            let cut = since.is_some_and(|since| since <= stretch.from && stretch.first != Some(since));
            if !cut || stretch.from <= BEGINNING {
                return Ok(since);
            }
            from = from.plus(-back).max(BEGINNING);
            back = back.saturating_mul(4);
        }
    }

    /// The account of an objective over `span`, with the blame where it belongs.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) fn pieces(&mut self, model: &Model, span: Span) -> Result<Vec<Piece>, E> {
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let pieces = self.unattributed(model, span)?;
        let mut charged = pieces.iter().filter(|piece| piece.charge.is_some());
        let Some(first) = charged.next() else { return Ok(pieces) };
        let hull = Span::new(first.span.start, charged.next_back().unwrap_or(first).span.end);
        let upstreams = model.upstreams();
        if upstreams.is_empty() {
            return Ok(pieces);
        }
        if upstreams.len() >= MANY_UPSTREAMS
            && is_shareable(model)
            && let Some(blamed) = self.shared_blame(model, &pieces)?
        {
            return Ok(attribute(&pieces, &blamed));
        }
        let (nodes, grace_ms) = (model.dependencies.nodes(), model.objective.attribution_grace_ms);
        let members: Vec<&Member> = upstreams.iter().map(|place| &nodes[*place].member).collect();
        let stretches =
            members.iter().map(|member| self.outages(member, hull.widened(grace_ms))).collect::<Result<Vec<_>, E>>()?;
        let outages: Vec<(&Member, &[Outage])> =
            members.iter().zip(&stretches).map(|(member, stretch)| (*member, &stretch.outages[..])).collect();
        Ok(attribute(&pieces, &among(&outages, hull, grace_ms)))
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

    /// What is known of blame in a graph, taken out.
    fn blame_in(&mut self, graph: &Rc<Dependencies>) -> SharedBlame {
        self.blame.take().filter(|blame| blame.is_of(graph)).unwrap_or_else(|| SharedBlame::new(graph))
    }

    /// The blame for charged downtime of a model's system, as it is computed for all systems of its graph; `None` where that takes too
    /// much room.
    fn shared_blame(&mut self, model: &Model, pieces: &[Piece]) -> Result<Option<Vec<Blamed>>, E> {
        let graph = &model.dependencies;
        let mut blame = self.blame_in(graph);
        let mut blamed = Vec::new();
        let charged = pieces.iter().filter(|piece| piece.charge.is_some()).map(|piece| piece.span);
        for block in SharedBlame::blocks(&charged.collect::<Vec<_>>()) {
            if blame.is_missing(block) {
                if let Some(from) = blame.to_read(block) {
                    blame.read(from, self.known_of_all(graph, from)?);
                }
                blame.put(block);
            }
            blame.tell(block, model.system.id, &mut blamed);
        }
        let fits = blame.fits();
        self.blame = Some(blame);
        Ok(fits.then_some(blamed))
    }

    /// What is known of the systems at all places of a graph from a moment on.
    fn known_of_all(&mut self, graph: &Dependencies, from: Instant) -> Result<Vec<Known>, E> {
        let span = Span::new(from, END);
        let known = |node: &Node| {
            let stretch = self.outages(&node.member, span)?;
            let outages = touching(&stretch.outages, span).to_vec();
            Ok(Known { outages, asked: unwell(&stretch.changes, span) })
        };
        graph.nodes().iter().map(known).collect()
    }
}

/// Whether the blame for downtime of an objective is that of its system: nothing is excluded, and it is never down while its system
/// is healthy.
fn is_shareable(model: &Model) -> bool {
    let Objective { healthcheck, counts_as_down, excluded_dependencies, attribution_grace_ms, .. } = &model.objective;
    let follows = healthcheck.is_none() || !counts_as_down.contains(Status::Unknown);
    model.dependencies.is_complete()
        && excluded_dependencies.is_empty()
        && *attribution_grace_ms == 0
        && follows
        && !counts_as_down.contains(Status::Healthy)
}

/// When the status is other than healthy.
fn unwell(changes: &[Change], span: Span) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.status() != Status::Healthy) {
        let end = changes.get(index + 1).map_or(END, |next| next.at);
        let part = Span::new(change.at, end).intersect(span);
        match found.last_mut() {
            _ if part.is_empty() => {}
            Some(last) if last.end == part.start => last.end = part.end,
            _ => found.push(part),
        }
    }
    found
}

/// The account of a span in which a system has no transition yet.
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
