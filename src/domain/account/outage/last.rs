//! Owns the last outages of systems, as they arrive: each with what every objective saw of it.

use std::collections::{HashMap, VecDeque};

use super::Outage;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The last outages of outages that arrive by start. Overlapping ones of several objectives of a system are one.
pub(crate) struct Last {
    count: usize,
    /// How many were dropped.
    dropped: usize,
    kept: VecDeque<Vec<Outage>>,
    /// The number of the last outage of each system, and its end.
    of_system: HashMap<Name, (usize, Option<Instant>)>,
}

impl Last {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, dropped: 0, kept: VecDeque::new(), of_system: HashMap::new() }
    }

    /// Adds what an objective saw. It begins no earlier than what was added before.
    pub(crate) fn add(&mut self, outage: Outage) {
        let number = match self.of_system.get_mut(&outage.system) {
            Some((number, end)) if end.is_none_or(|end| outage.start < end) => {
                *end = end.zip(outage.end).map(|(one, other)| one.max(other));
                *number
            }
            _ => self.begin(&outage),
        };
        let place = number.checked_sub(self.dropped);
        if let Some(seen) = place.and_then(|place| self.kept.get_mut(place)) {
            seen.push(outage);
        }
    }

    /// Begins an outage, and returns its number.
    fn begin(&mut self, outage: &Outage) -> usize {
        let number = self.dropped + self.kept.len();
        self.of_system.insert(outage.system.clone(), (number, outage.end));
        self.kept.push_back(Vec::new());
        if self.kept.len() > self.count {
            self.kept.pop_front();
            self.dropped += 1;
        }
        number
    }

    /// The last ones, by start, then by objective.
    pub(crate) fn finish(self) -> Vec<Outage> {
        let mut all: Vec<Outage> = self.kept.into_iter().flatten().collect();
        all.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(objective: &str, system: &str, start: i64, end: i64) -> Outage {
        let [objective, system] = [objective, system].map(|text| Name::parse(text).unwrap());
        let [start, end] = [start, end].map(Instant::from_millis);
        let (events, uncharged) = (Vec::new(), Vec::new());
        Outage { objective, system, start, end: Some(end), events, uncharged, too_short: false }
    }

    #[test]
    fn an_outage_that_several_objectives_saw_is_one_of_the_last() {
        let all = [
            outage("a", "shop", 0, 100),
            outage("a", "db", 10, 20),
            outage("b", "db", 12, 30),
            outage("c", "mail", 25, 40),
            // A part of the first one, however late.
            outage("b", "shop", 50, 60),
            outage("b", "db", 70, 80),
        ];
        let last = |count: usize| {
            let mut last = Last::new(count);
            all.iter().cloned().for_each(|outage| last.add(outage));
            last.finish().iter().map(|it| (it.objective.to_string(), it.start.millis())).collect::<Vec<_>>()
        };
        let of = |rows: &[(&str, i64)]| rows.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect::<Vec<_>>();
        assert_eq!(last(0), of(&[]));
        assert_eq!(last(1), of(&[("b", 70)]));
        assert_eq!(last(2), of(&[("c", 25), ("b", 70)]));
        assert_eq!(last(3), of(&[("a", 10), ("b", 12), ("c", 25), ("b", 70)]));
        assert_eq!(last(4).len(), 6);
    }
}
