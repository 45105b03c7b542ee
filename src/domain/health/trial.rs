//! Owns what became of the records of an input that was read for a look, and what records look like that nobody has described.

use std::collections::{BTreeMap, BTreeSet};

use super::feed::Format;
use super::stream::StreamName;
use super::transition::Transition;
use crate::domain::value::instant::Instant;

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tried {
    /// The line on which it begins.
    pub(crate) line: u64,
    /// The values that its feed needs, by what the feed calls them; `None` where the record has none.
    pub(crate) values: Vec<(String, Option<String>)>,
    pub(crate) facts: Vec<(StreamName, Transition)>,
    /// Why it was rejected.
    pub(crate) reason: Option<String>,
}

/// The fewest steps between records by which it is told that they come at regular intervals.
const FEWEST_STEPS: usize = 8;

/// What the records at the beginning of an input look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sight {
    pub(crate) format: Format,
    /// Where the records are, of a tree.
    pub(crate) records: Option<String>,
    /// How many records were looked at.
    pub(crate) count: usize,
    /// Of the values that any of them has.
    pub(crate) values: Vec<Seen>,
}

/// What records have under one name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    /// As a field may call it.
    pub(crate) name: String,
    /// The different values of all records that were looked at, none twice, up to a bound.
    pub(crate) distinct: Vec<String>,
    /// Of each record, which of all its different values it has; records with the same number have the same.
    pub(crate) labels: Vec<Option<u32>>,
    pub(crate) time: Option<Times>,
}

/// What is known of values that are times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) spelling: Spelling,
    /// Whether they do not say their offset.
    pub(crate) is_local: bool,
    /// Of each record.
    pub(crate) moments: Vec<Option<Instant>>,
}

/// How a time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spelling {
    /// As times are read everywhere.
    Usual,
    /// As `strftime` writes it.
    Format(&'static str),
}

impl Sight {
    /// How many different combinations of these values there are.
    pub(crate) fn combinations(&self, of: &[&Seen]) -> usize {
        (0..self.count).map(|record| labels(of, record)).collect::<BTreeSet<_>>().len()
    }
}

impl Times {
    /// The time, in milliseconds, after which one record mostly follows another of the same `stream`, if records come at
    /// regular intervals: four of five steps are within a tenth of it.
    pub(crate) fn period(&self, stream: &[&Seen]) -> Option<i64> {
        let mut moments: BTreeMap<Vec<Option<u32>>, BTreeSet<Instant>> = BTreeMap::new();
        for (record, at) in self.moments.iter().enumerate() {
            moments.entry(labels(stream, record)).or_default().extend(*at);
        }
        let following = |of: &BTreeSet<Instant>| -> Vec<i64> {
            of.iter().zip(of.iter().skip(1)).map(|(before, after)| after.since(*before)).collect()
        };
        let mut steps: Vec<i64> = moments.values().flat_map(following).collect();
        steps.sort_unstable();
        let usual = *steps.get(steps.len() / 2).filter(|_| steps.len() >= FEWEST_STEPS)?;
        let alike = steps.iter().filter(|step| (*step - usual).abs() * 10 <= usual).count();
        (alike * 5 >= steps.len() * 4).then_some(usual)
    }
}

fn labels(of: &[&Seen], record: usize) -> Vec<Option<u32>> {
    of.iter().map(|seen| seen.labels.get(record).copied().flatten()).collect()
}
