//! Owns the results of a trial read of an input, and the look of records that no feed describes.

use std::collections::{BTreeMap, BTreeSet};

use super::Format;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tried {
    /// The line on which it begins.
    pub(crate) line: u64,
    /// The values its feed uses, by the feed's names; `None` if the record lacks one.
    pub(crate) values: Vec<(String, Option<String>)>,
    pub(crate) facts: Vec<(StreamName, Transition)>,
    /// Why it was rejected.
    pub(crate) reason: Option<String>,
}

/// The fewest steps between records from which a regular interval is detected.
const FEWEST_STEPS: usize = 8;

/// The structure of the first records of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sight {
    pub(crate) format: Format,
    /// Where the records are in a tree.
    pub(crate) records: Option<String>,
    /// Where the items of a record are, if each of them is read separately.
    pub(crate) each: Option<String>,
    /// Whether the input goes on after what was examined.
    pub(crate) is_cut: bool,
    /// How many records or items were examined.
    pub(crate) count: usize,
    /// The values found in any of them.
    pub(crate) values: Vec<Seen>,
}

/// The values of records under one name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    /// The name by which a field may refer to it.
    pub(crate) name: String,
    /// The distinct values of the examined records, up to a bound.
    pub(crate) distinct: Vec<String>,
    /// For each record, the index of its value among all distinct ones; equal numbers mean equal values.
    pub(crate) labels: Vec<Option<u32>>,
    pub(crate) time: Option<Times>,
}

/// Values that are times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) spelling: Spelling,
    /// Whether they lack an offset.
    pub(crate) is_local: bool,
    /// One per record.
    pub(crate) moments: Vec<Option<Instant>>,
}

/// The format of a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spelling {
    /// A format that `slo` reads everywhere.
    Usual,
    /// A `strftime` format.
    Format(&'static str),
}

impl Sight {
    /// How many distinct combinations of these values there are.
    pub(crate) fn combinations(&self, of: &[&Seen]) -> usize {
        (0..self.count).map(|record| labels(of, record)).collect::<BTreeSet<_>>().len()
    }
}

impl Times {
    /// The time between records of the same `stream`, in milliseconds, if they come at regular intervals: four of five
    /// steps are within a tenth of it.
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
