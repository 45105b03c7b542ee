//! Owns logging conditions: when each started and stopped firing since the last look, to the millisecond.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use anyhow::Result;

use super::Conditions;
use super::subjects::labelled_systems;
use crate::domain::account::model::Model;
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::rules::change::{Change, ChangeKind};
use crate::domain::rules::condition::{Condition, Owner, Property, Subject, Term};
use crate::domain::rules::turn::{Entry, Pair, Telling, additions};
use crate::domain::value::hash::Fnv;
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Difference, LoggedUntil, Store};

/// The entries to add to the change log so that it says exactly when each declared condition held for each objective or
/// system in scope, up to `as_of`. With `history` that begins at the first transition of the system. Otherwise a new
/// pair begins now or, if it holds now, when it began to hold. Runs in a write transaction.
pub(super) fn turns(store: &Store, as_of: Instant, history: bool) -> Result<Turns> {
    let declared = store.conditions()?;
    store.drop_damaged_logged()?;
    let mut logging = Logging {
        store,
        as_of,
        history,
        known: store.logged_conditions()?.into_iter().collect(),
        fingerprints: HashMap::new(),
        tellings: Vec::new(),
    };
    if declared.iter().any(|condition| condition.scope.owner() == Owner::Objective) {
        let objectives = store.objectives()?;
        let mut conditions = Conditions::open(store, objectives.len(), as_of)?;
        for stored in objectives {
            let scope: Vec<&Condition> =
                declared.iter().filter(|condition| condition.scope.covers(&stored.objective.metadata)).collect();
            if !scope.is_empty() {
                let model = conditions.admit(stored)?;
                logging.log(&mut conditions, &Subject::Objective(model.objective.metadata.name.clone()), &scope)?;
            }
        }
    }
    if declared.iter().any(|condition| condition.scope.owner() == Owner::System) {
        let systems = labelled_systems(store, as_of, |_| true)?;
        let mut conditions = Conditions::open(store, systems.len(), as_of)?;
        for (name, labels) in systems {
            let covers = |condition: &&Condition| condition.scope.covers_system(&name, &labels);
            let scope: Vec<&Condition> = declared.iter().filter(covers).collect();
            if !scope.is_empty() {
                logging.log(&mut conditions, &Subject::System(name), &scope)?;
            }
        }
    }
    let mut gone = Vec::new();
    for pair in logging.known.into_keys() {
        let last = store.last_turn(&pair)?;
        gone.extend(Change::between(ChangeKind::Condition, pair.id(), as_of, last, None));
        store.drop_logged(&pair)?;
    }
    Ok(Turns::new(gone, logging.tellings))
}

/// A logging run.
struct Logging<'s> {
    store: &'s Store,
    as_of: Instant,
    /// Whether the past of new pairs is logged as well.
    history: bool,
    /// How far each pair not yet processed is logged.
    known: BTreeMap<Pair, LoggedUntil>,
    fingerprints: HashMap<Name, i64>,
    tellings: Vec<Telling>,
}

impl Logging<'_> {
    /// Logs conditions for one objective or one system.
    fn log(&mut self, conditions: &mut Conditions<'_>, subject: &Subject, scope: &[&Condition]) -> Result<()> {
        let (store, as_of) = (self.store, self.as_of);
        let first = conditions.first(subject)?.filter(|first| *first <= as_of);
        let (mut unlogged, mut news) = (Vec::new(), Vec::new());
        for condition in scope {
            let pair = Pair { condition: condition.metadata.name.clone(), subject: subject.clone() };
            let fingerprint = fingerprint(conditions, condition, subject, &mut self.fingerprints)?;
            let logged = self.known.remove(&pair);
            let known =
                logged.map(|logged| logged.from).map_or_else(|| store.first_told(&pair), |from| Ok(Some(from)))?;
            let from = match (known, first) {
                (None, None) if self.history => continue,
                _ if self.history => BEGINNING,
                (Some(from), _) => from,
                (None, Some(first)) => {
                    news.push((pair, &condition.when, fingerprint, first));
                    continue;
                }
                // Everything since its first fact will be new.
                (None, None) => {
                    store.put_logged(&pair, LoggedUntil { fingerprint, from: as_of.plus(1), at: as_of })?;
                    continue;
                }
            };
            let logged = logged.filter(|logged| logged.fingerprint == fingerprint && logged.from == from);
            // Late facts may be older than the logged time.
            let told_from = logged.map_or(from, |logged| logged.at.plus(1)).max(from).max(BEGINNING.plus(1));
            if told_from > as_of {
                continue;
            }
            // Facts may have been deleted: nothing holds before the first one, whatever was logged.
            let stretch = Span::new(first.unwrap_or(END).clamp(told_from, as_of.plus(1)), as_of.plus(1));
            unlogged.push((stretch, told_from, pair, &condition.when, LoggedUntil { fingerprint, from, at: as_of }));
        }
        // Pairs logged up to the same instant use the same account.
        unlogged.sort_by_key(|(stretch, ..)| *stretch);
        for alike in unlogged.chunk_by(|(a, ..), (b, ..)| a == b) {
            conditions.cover(subject, alike[0].0, alike.iter().map(|(_, _, _, term, _)| *term));
            for (stretch, told_from, pair, term, logged) in alike {
                let told = store.told(pair, *told_from)?;
                let held = held(conditions, term, subject, *stretch)?;
                let added = additions(&told, &held, Span::new(*told_from, stretch.end));
                store.put_logged(pair, *logged)?;
                if !added.is_empty() {
                    self.tellings.push(Telling::new(pair.clone(), store.last_turn(pair)?, &added));
                }
            }
        }
        for (pair, term, fingerprint, first) in news {
            self.begin(conditions, &pair, (term, fingerprint), first)?;
        }
        Ok(())
    }

    /// Begins to log a new condition for an objective or a system: an entry if it holds.
    fn begin(
        &mut self,
        conditions: &mut Conditions<'_>,
        pair: &Pair,
        (term, fingerprint): (&Term, i64),
        first: Instant,
    ) -> Result<()> {
        let (store, as_of, subject) = (self.store, self.as_of, &pair.subject);
        let mut from = as_of.plus(1);
        let is_retired = conditions.retired_at(subject)?.is_some_and(|at| at <= as_of);
        if !is_retired && conditions.holds(term, subject, as_of)? {
            from = conditions.since(term, subject, as_of)?.map_or(first, |since| since.max(first));
            let entry = Entry { at: from, holds: true, since: Some(from) };
            self.tellings.push(Telling::new(pair.clone(), store.last_turn(pair)?, &[entry]));
        }
        store.put_logged(pair, LoggedUntil { fingerprint, from, at: as_of })
    }
}

/// The additions to the log of all conditions, by time, then by name. A log of millions of turns is written from their
/// instants alone.
pub(super) struct Turns {
    gone: std::iter::Peekable<std::vec::IntoIter<Change>>,
    /// Sorted by id.
    tellings: Vec<Telling>,
    /// The next instant of each, and its index.
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Turns {
    /// All of `gone` are at one instant.
    fn new(mut gone: Vec<Change>, mut tellings: Vec<Telling>) -> Self {
        gone.sort_by(|a, b| a.id.cmp(&b.id));
        tellings.sort_by(|a, b| a.next_at().map(|(_, id)| id).cmp(&b.next_at().map(|(_, id)| id)));
        let next = |(index, telling): (usize, &Telling)| Some(Reverse((telling.next_at()?.0, index)));
        let queue = tellings.iter().enumerate().filter_map(next).collect();
        Self { gone: gone.into_iter().peekable(), tellings, queue }
    }
}

impl Iterator for Turns {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        loop {
            let turn = self.queue.peek().and_then(|Reverse((_, index))| self.tellings[*index].next_at());
            let gone_first = match (self.gone.peek(), turn) {
                (Some(gone), Some(turn)) => (gone.occurred_at, gone.id.as_str()) <= turn,
                (gone, _) => gone.is_some(),
            };
            if gone_first {
                return self.gone.next();
            }
            let Reverse((_, index)) = self.queue.pop()?;
            let change = self.tellings[index].next();
            self.queue.extend(self.tellings[index].next_at().map(|(at, _)| Reverse((at, index))));
            if change.is_some() {
                return change;
            }
        }
    }
}

/// Where the change log disagrees with history about a condition, as far as the log claims to be valid.
pub(super) fn wrong_turns(store: &Store) -> Result<Vec<Difference>> {
    let mut logged: BTreeMap<Instant, Vec<(Pair, LoggedUntil)>> = BTreeMap::new();
    for (pair, until) in store.logged_conditions()? {
        logged.entry(until.at).or_default().push((pair, until));
    }
    let declared = store.conditions()?;
    let mut differences = Vec::new();
    for (at, mut pairs) in logged {
        // The account of an objective is computed once for all its conditions.
        pairs.sort_by(|(a, _), (b, _)| (&a.subject, &a.condition).cmp(&(&b.subject, &b.condition)));
        let mut conditions = Conditions::open(store, pairs.len(), at)?;
        let mut fingerprints = HashMap::new();
        for (pair, LoggedUntil { fingerprint: logged_from, from, .. }) in pairs {
            // The next computation corrects conditions that are gone or changed.
            let Some(condition) = declared.iter().find(|condition| condition.metadata.name == pair.condition) else {
                continue;
            };
            if !conditions.knows(&pair.subject)? {
                continue;
            }
            if fingerprint(&mut conditions, condition, &pair.subject, &mut fingerprints)? != logged_from {
                continue;
            }
            let first = conditions.first(&pair.subject)?.unwrap_or(END);
            let stretch = Span::new(first.max(from).min(at.plus(1)), at.plus(1));
            conditions.cover(&pair.subject, stretch, [&condition.when]);
            let held = held(&mut conditions, &condition.when, &pair.subject, stretch)?;
            // A row that cannot be read was reported already.
            let Ok(told) = store.told(&pair, from) else { continue };
            if let Some(missing) = additions(&told, &held, Span::new(from, at.plus(1))).first() {
                let id = pair.id();
                differences
                    .push(Difference(format!("change_log: condition {id} was otherwise from {} on", missing.at)));
            }
        }
    }
    Ok(differences)
}

/// When a condition holds within a stretch: nothing holds of a system that is retired, or in an empty stretch.
fn held(conditions: &mut Conditions<'_>, term: &Term, subject: &Subject, stretch: Span) -> Result<Moments> {
    let end = conditions.retired_at(subject)?.map_or(stretch.end, |at| at.clamp(stretch.start, stretch.end));
    let counted = Span::new(stretch.start, end);
    if counted.is_empty() { Ok(Moments::none()) } else { conditions.solve(term, subject, counted) }
}

/// A fingerprint of everything outside the journal that decides when a condition holds for an objective or a system.
fn fingerprint(
    conditions: &mut Conditions<'_>,
    condition: &Condition,
    subject: &Subject,
    known: &mut HashMap<Name, i64>,
) -> Result<i64> {
    let mut hash = Fnv::new();
    hash.feed(&condition.when.to_string());
    let fields = condition.when.fields();
    let heeds = |whose: &Subject| {
        fields.iter().any(|field| field.subject == *whose && field.property == Property::InMaintenance)
    };
    let heeding = heeds(&Subject::This);
    let named = fields.iter().map(|field| &field.subject).filter(|named| **named != Subject::This);
    for (subject, heeding) in [(subject, heeding)].into_iter().chain(named.map(|named| (named, heeds(named)))) {
        match subject {
            Subject::This => {}
            Subject::Objective(name) => {
                let model = conditions.model(name)?;
                hash.feed(&of_model(&model, known));
            }
            Subject::System(name) => {
                hash.feed(&conditions.rules(name)?);
                if heeding {
                    conditions.maintenance(name)?.feed(&mut hash);
                }
            }
        }
    }
    Ok(hash.finish().cast_signed())
}

/// An objective as a condition sees it: everything that decides its numbers, and its thresholds.
fn of_model(model: &Model, known: &mut HashMap<Name, i64>) -> String {
    let objective = &model.objective;
    let fingerprint = *known.entry(objective.metadata.name.clone()).or_insert_with(|| model.fingerprint());
    format!("{fingerprint} {:?}", objective.thresholds)
}
