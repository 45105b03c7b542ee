//! Owns service levels: the results of objectives over a period, alone and combined.

use std::collections::BTreeMap;

use super::balance::State;
use super::report::ObjectiveReport;
use crate::domain::account::outage::Outage;
use crate::domain::account::outage::shared::shared;
use crate::domain::account::weights::FULL;
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;

/// One objective over a period.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Level {
    pub(crate) title: Option<String>,
    /// At the close of the period, or as of `as-of` if it is not over.
    pub(crate) report: ObjectiveReport,
    /// Outages that touch the period, with their true ends; oldest first. Without events if maintenance excuses all of
    /// it.
    pub(crate) outages: Vec<Outage>,
    /// The days of the period since the system's first transition; the last one may be incomplete. Oldest first.
    pub(crate) days: Vec<LevelDay>,
}

/// One day of a period, in milliseconds except for downtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LevelDay {
    pub(crate) date: Date,
    pub(crate) elapsed_ms: i64,
    /// Of counted time.
    pub(crate) length_ms: i64,
    pub(crate) known_ms: i64,
    /// Downtime that spends the budget, in microseconds.
    pub(crate) consumed_us: i64,
}

/// Whether an objective met its target.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Outcome {
    Missed,
    Met,
    /// No status in the period is known, and nothing counts as downtime.
    NoData,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Met => "met",
            Self::NoData => "no-data",
        }
    }
}

impl LevelDay {
    /// The length without downtime, and the length, in microseconds.
    pub(crate) fn available(&self) -> (i128, i128) {
        let length = i128::from(self.length_ms) * i128::from(FULL);
        (length - i128::from(self.consumed_us), length)
    }
}

impl Level {
    /// The period in the objective's zone.
    pub(crate) fn period(&self) -> Span {
        self.report.budget.window
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let budget = &self.report.budget;
        // Time of unknown status may count as downtime.
        let is_empty = budget.known_ms() == 0 && budget.tally.strict_us() == 0;
        if self.report.state == State::NoData || is_empty {
            Outcome::NoData
        } else if budget.is_breaching() {
            Outcome::Missed
        } else {
            Outcome::Met
        }
    }

    /// Whether there is data in the period.
    fn has_data(&self) -> bool {
        self.outcome() != Outcome::NoData
    }
}

/// Totals of the outages of some objectives over a period.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Interruptions {
    /// Outages that begin in the period, each once however many objectives of its system saw it.
    pub(crate) count: usize,
    /// Those of them that are ongoing as of `as-of`.
    pub(crate) open: usize,
    /// Charged downtime within the period, each instant of a system once, in microseconds.
    pub(crate) downtime_us: i64,
    /// The longest outage that begins in the period, to its true end.
    pub(crate) longest_ms: Option<i64>,
    /// Mean time to recovery of outages that are over.
    pub(crate) mttr_ms: Option<i64>,
    /// Mean time between failures: the time without downtime, of each system once, divided by the number of outages.
    pub(crate) mtbf_ms: Option<i64>,
}

impl Interruptions {
    /// Of these objectives; `as_of` is when their outages were computed.
    pub(crate) fn of(levels: &[&Level], as_of: Instant) -> Self {
        let periods: BTreeMap<&Name, Span> =
            levels.iter().map(|level| (&level.report.objective, level.period())).collect();
        let within = |outage: &Outage| periods[&outage.objective];
        let charged = levels.iter().flat_map(|level| &level.outages).filter(|outage| !outage.events.is_empty());
        let (mut found, mut over_ms, mut down_ms) = (Self::default(), 0, 0);
        for outage in shared(charged) {
            found.downtime_us += outage.charged_us(as_of, within);
            down_ms += outage.charged_ms(as_of, within);
            let range = within(outage.seen[0]);
            if outage.start < range.start || range.end <= outage.start {
                continue;
            }
            let lasted_ms = outage.span(as_of).millis();
            found.count += 1;
            found.longest_ms = found.longest_ms.max(Some(lasted_ms));
            if outage.end.is_none() {
                found.open += 1;
            } else {
                over_ms += lasted_ms;
            }
        }
        found.mttr_ms = over_ms.checked_div((found.count - found.open) as i64);
        let mut observed: BTreeMap<&Name, i64> = BTreeMap::new();
        for level in levels.iter().filter(|level| level.has_data()) {
            let length = observed.entry(&level.report.system).or_default();
            *length = level.report.budget.elapsed_length_ms().max(*length);
        }
        let up_ms = observed.values().sum::<i64>() - down_ms;
        found.mtbf_ms = up_ms.max(0).checked_div(found.count as i64);
        found
    }
}

/// Totals of some objectives over a period.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Summary {
    pub(crate) met: usize,
    pub(crate) missed: usize,
    pub(crate) no_data: usize,
    /// Sums over the objectives with data, each counted by itself; downtime in microseconds, other time in
    /// milliseconds. This one is the elapsed length.
    pub(crate) length_ms: i64,
    pub(crate) consumed_us: i64,
    pub(crate) strict_us: i64,
    pub(crate) excluded_us: i64,
    pub(crate) too_short_us: i64,
    pub(crate) not_counted_ms: i64,
    /// Under a correction.
    pub(crate) corrected_ms: i64,
    pub(crate) known_ms: i64,
    pub(crate) elapsed_ms: i64,
    /// The downtime their targets allow, in microseconds times [`WHOLE`].
    pub(crate) allowed: i128,
    pub(crate) interruptions: Interruptions,
}

impl Summary {
    pub(crate) fn of(levels: &[&Level], as_of: Instant) -> Self {
        let mut sum = Self { interruptions: Interruptions::of(levels, as_of), ..Self::default() };
        for level in levels {
            match level.outcome() {
                Outcome::Met => sum.met += 1,
                Outcome::Missed => sum.missed += 1,
                Outcome::NoData => {
                    sum.no_data += 1;
                    continue;
                }
            }
            let budget = &level.report.budget;
            sum.length_ms += budget.elapsed_length_ms();
            sum.consumed_us += budget.consumed_us();
            sum.strict_us += budget.tally.strict_us();
            sum.too_short_us += budget.tally.too_short_us;
            sum.excluded_us += budget.tally.excluded_us;
            sum.not_counted_ms += budget.tally.not_counted_ms;
            sum.corrected_ms += level.report.corrected_ms;
            sum.known_ms += budget.known_ms();
            sum.elapsed_ms += budget.elapsed.millis();
            sum.allowed += budget.total();
        }
        sum
    }

    /// The length without this many microseconds of downtime, and the length, in microseconds.
    pub(crate) fn available(&self, down_us: i64) -> (i128, i128) {
        let length = i128::from(self.length_ms) * i128::from(FULL);
        (length - i128::from(down_us), length)
    }

    pub(crate) fn objectives(&self) -> usize {
        self.met + self.missed + self.no_data
    }

    /// Whether together they consumed no more than allowed.
    pub(crate) fn is_within(&self) -> bool {
        i128::from(self.consumed_us) * i128::from(WHOLE) <= self.allowed
    }
}
