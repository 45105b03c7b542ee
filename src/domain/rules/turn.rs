//! Owns turns: when conditions start and stop holding according to the change log, and the additions to a log that late
//! facts have proved wrong.

use super::change::{Change, ChangeKind, Seen, View};
use super::condition::{Owner, Subject};
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// The prefix of a system's subject id.
const SYSTEM: &str = "system ";

/// Since an instant a condition has held, or has not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Turn {
    pub(crate) at: Instant,
    pub(crate) holds: bool,
}

/// An entry of the log, made at `at`: since `since` the condition has held, or has not. Each entry revokes all earlier
/// ones at or after its own instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) holds: bool,
    /// `None`: it was never otherwise.
    pub(crate) since: Option<Instant>,
}

/// A condition for one objective or one system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Pair {
    pub(crate) condition: Name,
    /// Never [`Subject::This`].
    pub(crate) subject: Subject,
}

impl Pair {
    /// Its id in the change log: `CONDITION OBJECTIVE` or `CONDITION system SYSTEM`; names have no spaces.
    pub(crate) fn id(&self) -> String {
        format!("{} {}", self.condition, self.subject_id())
    }

    /// The id of the subject alone.
    pub(crate) fn subject_id(&self) -> String {
        let (owner, name) = self.named();
        if owner == Owner::System { format!("{SYSTEM}{name}") } else { name.to_string() }
    }

    /// Reads a subject id; `None` if it is invalid.
    pub(crate) fn parse_subject(id: &str) -> Option<Subject> {
        match id.strip_prefix(SYSTEM) {
            Some(system) => Name::parse(system).ok().map(Subject::System),
            None => Name::parse(id).ok().map(Subject::Objective),
        }
    }

    fn named(&self) -> (Owner, &Name) {
        self.subject.named().unwrap_or((Owner::Objective, &self.condition))
    }

    /// Its view with an entry.
    fn view(&self, entry: Entry) -> View {
        let (owner, name) = self.named();
        let mut fields = vec![
            ("condition".to_owned(), Seen::Text(self.condition.to_string())),
            (format!("{}Id", owner.as_str()), Seen::Text(name.to_string())),
            ("firing".to_owned(), Seen::Flag(entry.holds)),
        ];
        fields.extend(entry.since.map(|since| ("since".to_owned(), Seen::Text(since.to_string()))));
        View(fields)
    }
}

/// The changes for the entries to be added for one pair, oldest first. Little is held for later ones: after the first
/// entry they alternate, each since its own instant.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pair: Pair,
    id: String,
    /// The view of the last change.
    last: Option<View>,
    next: Option<Entry>,
    later: std::vec::IntoIter<Instant>,
}

impl Telling {
    /// The changes for the entries that [`additions`] returned; the first follows `last`.
    pub(crate) fn new(pair: Pair, last: Option<View>, entries: &[Entry]) -> Self {
        let later: Vec<Instant> = entries.iter().skip(1).map(|entry| entry.at).collect();
        let id = pair.id();
        Self { pair, id, last, next: entries.first().copied(), later: later.into_iter() }
    }

    /// The instant of the next change, and its id.
    pub(crate) fn next_at(&self) -> Option<(Instant, &str)> {
        self.next.map(|entry| (entry.at, self.id.as_str()))
    }
}

impl Iterator for Telling {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        while let Some(entry) = self.next {
            self.next = self.later.next().map(|at| Entry { at, holds: !entry.holds, since: Some(at) });
            let view = self.pair.view(entry);
            let last = self.last.replace(view.clone());
            let change = Change::between(ChangeKind::Condition, self.id.as_str(), entry.at, last, Some(view));
            if change.is_some() {
                return change;
            }
        }
        None
    }
}

impl Entry {
    /// The entry in a logged view of a condition; `None` if it has none.
    pub(crate) fn of_view(at: Instant, view: &View) -> Option<Self> {
        let Some(Seen::Flag(holds)) = view.get("firing") else { return None };
        let since = match view.get("since") {
            Some(Seen::Text(since)) => Some(Instant::parse_printed(since)?),
            _ => None,
        };
        Some(Self { at, holds: *holds, since })
    }
}

/// The log of a condition since an instant.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Told {
    /// The entry in force just before it; `None`: it never held.
    pub(crate) before: Option<Entry>,
    /// The later entries in force, oldest first.
    pub(crate) after: Vec<Entry>,
}

impl Told {
    /// Reads a log backwards, the last entry first, as far as it concerns instants since `from`. A `None` entry means
    /// that the condition was gone and nothing before counts.
    pub(crate) fn replay<E>(
        backwards: impl Iterator<Item = Result<Option<Entry>, E>>,
        from: Instant,
    ) -> Result<Self, E> {
        let mut told = Self::default();
        let mut taken_back: Option<Instant> = None;
        for entry in backwards {
            let Some(entry) = entry? else { break };
            if taken_back.is_some_and(|from| from <= entry.at) {
                continue;
            }
            taken_back = Some(entry.at);
            if entry.at < from {
                told.before = Some(entry);
                break;
            }
            told.after.push(entry);
        }
        told.after.reverse();
        Ok(told)
    }
}

/// The entries to add to a log so that it says that over `stretch` the condition held at exactly these instants, all
/// within it. What the log says of later instants remains valid unless an entry is added.
pub(crate) fn additions(told: &Told, held: &Moments, stretch: Span) -> Vec<Entry> {
    let begins = told.before.map_or((false, None), |entry| (entry.holds, entry.since));
    let wanted = turns(begins.0, held, stretch);
    let mut known = Vec::new();
    let mut holds = begins.0;
    for entry in told.after.iter().filter(|entry| entry.at < stretch.end) {
        if entry.holds != holds {
            known.push(Turn { at: entry.at, holds: entry.holds });
            holds = entry.holds;
        }
    }
    let same = wanted.iter().zip(&known).take_while(|(wanted, known)| wanted == known).count();
    let mut entries = Vec::new();
    // If the log has a turn that never was, the first new entry states what held at that instant.
    if let Some(wrong) = known.get(same).filter(|wrong| wanted.get(same).is_none_or(|right| wrong.at < right.at)) {
        let since = same.checked_sub(1).map_or(begins.1, |last| Some(wanted[last].at));
        entries.push(Entry { at: wrong.at, holds: !wrong.holds, since });
    }
    entries.extend(wanted[same..].iter().map(|turn| Entry { at: turn.at, holds: turn.holds, since: Some(turn.at) }));
    entries
}

/// The turns of a condition within a stretch, given whether it held just before.
fn turns(mut holds: bool, held: &Moments, stretch: Span) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut turn = |at: Instant, now: bool| {
        if now != holds {
            turns.push(Turn { at, holds: now });
            holds = now;
        }
    };
    turn(stretch.start, held.spans().first().is_some_and(|span| span.start <= stretch.start));
    for span in held.spans() {
        turn(span.start, true);
        if span.end < stretch.end {
            turn(span.end, false);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const SIZE: i64 = 30;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    fn moments(grid: &[bool], until: i64) -> Moments {
        let held = grid.iter().enumerate().filter(|(t, holds)| **holds && (*t as i64) < until);
        Moments::of(held.map(|(t, _)| Span::new(at(t as i64), at(t as i64 + 1))).collect())
    }

    fn replay(log: &[Entry], from: i64) -> Told {
        Told::replay(log.iter().rev().map(|entry| Ok::<_, Infallible>(Some(*entry))), at(from)).unwrap()
    }

    /// For each instant before `until`, whether the log says that the condition held.
    fn said(log: &[Entry], until: i64) -> Vec<bool> {
        let told = replay(log, i64::MIN / 8);
        let holds = |t: i64| told.after.iter().rev().find(|entry| entry.at <= at(t)).is_some_and(|entry| entry.holds);
        (0..until).map(holds).collect()
    }

    /// Logs a history up to `until`, from `from` on.
    fn look(log: &mut Vec<Entry>, grid: &[bool], from: i64, until: i64) {
        let stretch = Span::new(at(from), at(until));
        if !stretch.is_empty() {
            let held = moments(grid, until).within(stretch);
            let added = additions(&replay(log, from), &held, stretch);
            log.extend(added);
        }
    }

    fn grids() -> impl Strategy<Value = Vec<bool>> {
        vec(prop::bool::weighted(0.5), SIZE as usize)
    }

    proptest! {
        #[test]
        fn looking_often_tells_the_same_as_looking_once(grid in grids(), looks in vec(0..=SIZE, 0..6)) {
            let mut looks = looks;
            looks.sort_unstable();
            let (mut often, mut once) = (Vec::new(), Vec::new());
            let mut known = 0;
            for until in looks.into_iter().chain([SIZE]) {
                look(&mut often, &grid, known, until);
                known = until;
            }
            look(&mut once, &grid, 0, SIZE);
            prop_assert_eq!(&often, &once);
            prop_assert_eq!(said(&once, SIZE), grid);
            prop_assert!(once.iter().all(|entry| entry.since == Some(entry.at)));
        }

        #[test]
        fn late_facts_are_put_right_by_adding(
            histories in vec((grids(), 0..SIZE, 1..=SIZE), 1..6),
        ) {
            // Each history differs from the one before since some instant, and is looked at up to another.
            let mut log = Vec::new();
            let mut grid = vec![false; SIZE as usize];
            let mut known = 0;
            for (next, differs, until) in histories {
                grid.splice(differs as usize.., next[differs as usize..].iter().copied());
                known = known.min(differs);
                let before = log.len();
                look(&mut log, &grid, known, until);
                known = known.max(until);
                prop_assert_eq!(&said(&log, until), &grid[..until as usize]);
                let again = log.len();
                look(&mut log, &grid, 0, until);
                prop_assert_eq!(log.len(), again, "looking again adds nothing");
                // Nothing is repeated, and each addition comes after the one before it.
                prop_assert!(log[before..].windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].holds != pair[1].holds));
            }
        }
    }

    #[test]
    fn what_is_told_is_what_is_to_be_added() {
        let pair =
            Pair { condition: Name::parse("c").unwrap(), subject: Subject::Objective(Name::parse("o").unwrap()) };
        let entry = |t: i64, holds, since: i64| Entry { at: at(t), holds, since: Some(at(since)) };
        let entries = [entry(20, true, 10), entry(25, false, 25), entry(40, true, 40)];
        let before = pair.view(entry(20, false, 20));
        let changes: Vec<Change> = Telling::new(pair.clone(), Some(before.clone()), &entries).collect();
        let told = |change: &Change| Entry::of_view(change.occurred_at, change.next.as_ref().unwrap()).unwrap();
        assert_eq!(changes.iter().map(told).collect::<Vec<_>>(), entries);
        let previous: Vec<_> = changes.iter().map(|change| change.previous.clone()).collect();
        assert_eq!(previous, [Some(before), changes[0].next.clone(), changes[1].next.clone()]);
        assert!(Telling::new(pair, None, &[]).next().is_none());
    }

    #[test]
    fn a_correction_says_since_when_it_has_been_so() {
        let entry = |t: i64, holds, since: Option<i64>| Entry { at: at(t), holds, since: since.map(at) };
        let held = |spans: &[(i64, i64)]| Moments::of(spans.iter().map(|(a, b)| Span::new(at(*a), at(*b))).collect());
        let stretch = Span::new(at(0), at(50));
        let log = [entry(10, true, Some(10)), entry(20, false, Some(20)), entry(30, true, Some(30))];
        let add = |held: &Moments| additions(&replay(&log, 0), held, stretch);
        assert_eq!(add(&held(&[(10, 20), (30, 50)])), []);
        assert_eq!(add(&held(&[(10, 20), (30, 40)])), [entry(40, false, Some(40))]);
        assert_eq!(add(&held(&[(10, 50)])), [entry(20, true, Some(10))]);
        assert_eq!(add(&held(&[(10, 15), (30, 50)])), [entry(15, false, Some(15)), entry(30, true, Some(30))]);
        assert_eq!(add(&held(&[(10, 25)])), [entry(20, true, Some(10)), entry(25, false, Some(25))]);
        assert_eq!(add(&held(&[])), [entry(10, false, None)]);
    }
}
