//! Owns the logging of conditions: when each started and stopped firing since it was looked at last, to the millisecond.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use anyhow::Result;

use super::Conditions;
use crate::domain::account::model::Model;
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::rules::change::{Change, ChangeKind};
use crate::domain::rules::condition::{Condition, Subject, Term};
use crate::domain::rules::turn::{Pair, Telling, additions};
use crate::domain::value::hash::Fnv;
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Difference, LoggedUntil, Store};

/// What has to be added to the change log for it to say exactly when each declared condition held for each objective of its
/// scope, from the first transition of the objective's system up to `as_of`. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn turns(store: &Store, as_of: Instant) -> Result<Turns> {
    let declared = store.conditions()?;
    store.drop_damaged_logged()?;
    let mut known: BTreeMap<Pair, LoggedUntil> = store.logged_conditions()?.into_iter().collect();
    let mut tellings = Vec::new();
    if !declared.is_empty() {
        let objectives = store.objectives()?;
        let mut conditions = Conditions::open(store, objectives.len(), as_of)?;
        let mut fingerprints = HashMap::new();
        for stored in objectives {
            let scope: Vec<&Condition> =
                declared.iter().filter(|condition| condition.scope.covers(&stored.objective.metadata)).collect();
            if scope.is_empty() {
                continue;
            }
            let model = conditions.admit(stored)?;
            let first = conditions.first(&model)?.filter(|first| *first <= as_of);
            let mut unlogged = Vec::new();
            for condition in scope {
                let objective = model.objective.metadata.name.clone();
                let pair = Pair { condition: condition.metadata.name.clone(), objective };
                let fingerprint = fingerprint(&mut conditions, condition, &model, &mut fingerprints)?;
                let logged = known.remove(&pair);
                if first.is_none() && logged.is_none() {
                    continue;
                }
                let logged = logged.filter(|logged| logged.fingerprint == fingerprint);
                let logged_until = logged.map_or(BEGINNING, |logged| logged.at);
                if logged_until >= as_of {
                    continue;
                }
                // Facts may be gone that were there: before the first one nothing holds, whatever was told.
                let told_from = logged_until.plus(1);
                let stretch = Span::new(first.unwrap_or(END).clamp(told_from, as_of.plus(1)), as_of.plus(1));
                unlogged.push((stretch, told_from, pair, &condition.when, fingerprint));
            }
            // Those that are logged up to the same moment look at the same account.
            unlogged.sort_by_key(|(stretch, ..)| *stretch);
            for alike in unlogged.chunk_by(|(a, ..), (b, ..)| a == b) {
                let terms = alike.iter().map(|(_, _, _, term, _)| *term);
                conditions.cover(&model.objective.metadata.name, alike[0].0, terms);
                for (stretch, told_from, pair, term, fingerprint) in alike {
                    let told = store.told(pair, *told_from)?;
                    let held = held(&mut conditions, term, &pair.objective, *stretch)?;
                    let added = additions(&told, &held, Span::new(*told_from, stretch.end));
                    store.put_logged(pair, LoggedUntil { fingerprint: *fingerprint, at: as_of })?;
                    if !added.is_empty() {
                        tellings.push(Telling::new(pair.clone(), store.last_turn(pair)?, &added));
                    }
                }
            }
        }
    }
    let mut gone = Vec::new();
    for pair in known.into_keys() {
        let last = store.last_turn(&pair)?;
        gone.extend(Change::between(ChangeKind::Condition, pair.id(), as_of, last, None));
        store.drop_logged(&pair)?;
    }
    Ok(Turns::new(gone, tellings))
}

/// What has to be added to the log of all conditions, in the order of time, then of names. A log of millions of turns is written from
/// their moments alone.
pub(super) struct Turns {
    gone: std::iter::Peekable<std::vec::IntoIter<Change>>,
    /// Sorted by what they are of.
    tellings: Vec<Telling>,
    /// The next moment of each, and its place.
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Turns {
    /// `gone` is all of one moment.
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

/// Where the change log does not say of a condition what history says, as far as the log claims to hold.
///
/// # Errors
/// Those of the database.
pub(super) fn wrong_turns(store: &Store) -> Result<Vec<Difference>> {
    let mut logged: BTreeMap<Instant, Vec<(Pair, i64)>> = BTreeMap::new();
    for (pair, LoggedUntil { fingerprint, at }) in store.logged_conditions()? {
        logged.entry(at).or_default().push((pair, fingerprint));
    }
    let declared = store.conditions()?;
    let mut differences = Vec::new();
    for (at, mut pairs) in logged {
        // The account of an objective is drawn once for all conditions on it.
        pairs.sort_by(|(a, _), (b, _)| (&a.objective, &a.condition).cmp(&(&b.objective, &b.condition)));
        let mut conditions = Conditions::open(store, pairs.len(), at)?;
        let mut fingerprints = HashMap::new();
        for (pair, logged_from) in pairs {
            // What is gone, or has another manifest, is put right by the next computation.
            let Some(condition) = declared.iter().find(|condition| condition.metadata.name == pair.condition) else {
                continue;
            };
            if store.objective(&pair.objective)?.is_none() {
                continue;
            }
            let model = conditions.model(&pair.objective)?;
            if fingerprint(&mut conditions, condition, &model, &mut fingerprints)? != logged_from {
                continue;
            }
            let first = conditions.first(&model)?.unwrap_or(END);
            let stretch = Span::new(first.min(at.plus(1)), at.plus(1));
            conditions.cover(&pair.objective, stretch, [&condition.when]);
            let held = held(&mut conditions, &condition.when, &pair.objective, stretch)?;
            // A row that does not read has been told of.
            let Ok(told) = store.told(&pair, BEGINNING) else { continue };
            if let Some(missing) = additions(&told, &held, Span::new(BEGINNING, at.plus(1))).first() {
                let id = pair.id();
                differences
                    .push(Difference(format!("change_log: condition {id} was otherwise from {} on", missing.at)));
            }
        }
    }
    Ok(differences)
}

/// When a condition holds within a stretch, which is empty where there is no fact.
fn held(conditions: &mut Conditions<'_>, term: &Term, objective: &Name, stretch: Span) -> Result<Moments> {
    if stretch.is_empty() { Ok(Moments::of(Vec::new())) } else { conditions.solve(term, objective, stretch) }
}

/// A fingerprint of all that decides when a condition holds for an objective, besides the journal.
fn fingerprint(
    conditions: &mut Conditions<'_>,
    condition: &Condition,
    model: &Model,
    known: &mut HashMap<Name, i64>,
) -> Result<i64> {
    let mut hash = Fnv::new();
    hash.feed(&condition.when.to_string());
    hash.feed(&of_model(model, known));
    for field in condition.when.fields() {
        match &field.subject {
            Subject::This => {}
            Subject::Objective(name) => {
                let named = conditions.model(name)?;
                hash.feed(&of_model(&named, known));
            }
            Subject::System(name) => hash.feed(&conditions.rules(name)?),
        }
    }
    Ok(hash.finish().cast_signed())
}

/// What an objective is to a condition: all that decides its numbers, and what it is judged by.
fn of_model(model: &Model, known: &mut HashMap<Name, i64>) -> String {
    let objective = &model.objective;
    let fingerprint = *known.entry(objective.metadata.name.clone()).or_insert_with(|| model.fingerprint());
    format!("{fingerprint} {:?}", objective.thresholds)
}
