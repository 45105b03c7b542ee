//! Owns the burn threshold that a history supports: the highest at which an alert over some lookbacks would have fired
//! within a stretch, computed from the exact peaks of the rates.

use std::cmp::Ordering;

use super::Score;
use super::burn::Consumption;
use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::POLICY;
use crate::domain::rules::condition::{Comparison, Field, Operand, Property, Relation, Subject, Term};
use crate::domain::value::decimal::{Decimal, SCALE};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;

/// An alert on burn rates: the rates over all its lookbacks exceed one threshold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BurnAlert {
    /// Indices into [`LOOKBACKS`], at least one.
    pub(crate) lookbacks: Vec<usize>,
    /// Whether a rate equal to the threshold exceeds it (`>=`).
    pub(crate) inclusive: bool,
}

/// An alert at the highest threshold at which it detects everything it can detect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Trial {
    pub(crate) alert: BurnAlert,
    /// `None` if no threshold detects anything.
    pub(crate) threshold: Option<Decimal>,
    /// Its score at that threshold.
    pub(crate) score: Score,
}

/// Sorts trials best first: most detected events, then the least noise, then the shortest mean detection time.
pub(crate) fn best_first(trials: &mut [Trial]) {
    trials.sort_by(|a, b| {
        let detection = match (a.score.detection.mean(), b.score.detection.mean()) {
            (Some((sum, count)), Some((other, others))) => (sum * others as i128).cmp(&(other * count as i128)),
            _ => Ordering::Equal,
        };
        let caught = b.score.detected_events.cmp(&a.score.detected_events);
        caught.then_with(|| a.score.noise_ms().cmp(&b.score.noise_ms())).then(detection)
    });
}

impl BurnAlert {
    /// The names of its lookbacks.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.lookbacks.iter().map(|lookback| LOOKBACKS[*lookback].0).collect()
    }

    /// The pairs of lookbacks of the multiwindow policy.
    pub(crate) fn of_policy() -> Vec<Self> {
        POLICY.iter().map(|rule| Self { lookbacks: vec![rule.long, rule.short], inclusive: false }).collect()
    }

    /// Reads `burnRates.L > x && burnRates.S > x …` with any number of lookbacks; `None` for any other term. The
    /// thresholds are ignored, as others are sought.
    pub(crate) fn of(term: &Term) -> Option<Self> {
        let terms = if let Term::All(terms) = term { terms.as_slice() } else { std::slice::from_ref(term) };
        let mut lookbacks = Vec::new();
        let mut relations = Vec::new();
        for term in terms {
            let Term::Compare(Comparison {
                left: Operand::Field(Field { subject: Subject::This, property: Property::BurnRateOver(lookback) }),
                relation: relation @ (Relation::Greater | Relation::GreaterOrEqual),
                right: Operand::Number { .. },
            }) = term
            else {
                return None;
            };
            lookbacks.push(*lookback);
            relations.push(*relation);
        }
        relations.dedup();
        let [relation] = relations[..] else { return None };
        Some(Self { lookbacks, inclusive: relation == Relation::GreaterOrEqual })
    }

    /// The alert with a threshold.
    pub(crate) fn at(&self, threshold: Decimal) -> Term {
        let relation = if self.inclusive { Relation::GreaterOrEqual } else { Relation::Greater };
        let compare = |lookback: &usize| {
            let field = Field { subject: Subject::This, property: Property::BurnRateOver(*lookback) };
            let right = Operand::Number { negative: false, magnitude: threshold };
            Term::Compare(Comparison { left: Operand::Field(field), relation, right })
        };
        match &self.lookbacks[..] {
            [only] => compare(only),
            several => Term::All(several.iter().map(compare).collect()),
        }
    }

    /// The highest threshold at which the alert holds at some millisecond of `within`; `None` when it does not even at 0.
    /// `error_share` is the target's, in parts of [`WHOLE`].
    pub(crate) fn highest(&self, consumption: &Consumption, error_share: i64, within: Span) -> Option<Decimal> {
        if within.is_empty() {
            return None;
        }
        let lengths: Vec<i64> = self.lookbacks.iter().map(|lookback| LOOKBACKS[*lookback].1).collect();
        let level = |at: Instant| {
            let each = lengths.iter().map(|over| self.level(consumption.over(*over, at), *over, error_share));
            each.min().unwrap_or(-1)
        };
        // Between two bends all rates are linear, so their minimum peaks at an end or where two of them cross.
        let mut ends = vec![within.start];
        ends.extend(consumption.bends(&lengths, within));
        ends.push(within.end);
        let mut best = -1;
        for pair in ends.windows(2) {
            let (first, last) = (pair[0], pair[1].plus(-1));
            best = best.max(level(first)).max(level(last));
            for at in crossings(consumption, &lengths, first, last) {
                best = best.max(level(at));
            }
        }
        (best >= 0).then(|| Decimal::from_millionths(best))
    }

    /// The highest threshold, in millionths, that a rate exceeds; negative if none.
    fn level(&self, consumed_us: i64, over_ms: i64, error_share: i64) -> i64 {
        let allowed = i128::from(error_share) * i128::from(over_ms * FULL);
        if consumed_us > 0 && allowed == 0 {
            // There is no rate to compare.
            return -1;
        }
        let rate = i128::from(consumed_us) * i128::from(WHOLE) * i128::from(SCALE);
        let level =
            if self.inclusive { rate / allowed.max(1) } else { (rate + allowed.max(1) - 1) / allowed.max(1) - 1 };
        i64::try_from(level).unwrap_or(i64::MAX)
    }
}

/// The milliseconds around the crossings of two rates between two instants, between which all are linear.
fn crossings(consumption: &Consumption, lengths: &[i64], first: Instant, last: Instant) -> Vec<Instant> {
    let mut found = Vec::new();
    for (index, one) in lengths.iter().enumerate() {
        for other in &lengths[index + 1..] {
            // The difference of the two rates, times both lengths.
            let lead = |at: Instant| {
                i128::from(consumption.over(*one, at)) * i128::from(*other)
                    - i128::from(consumption.over(*other, at)) * i128::from(*one)
            };
            let (begin, end) = (lead(first), lead(last));
            if (begin < 0) == (end < 0) || begin == end {
                continue;
            }
            let offset = i128::from(last.since(first)) * begin / (begin - end);
            let before = first.plus(i64::try_from(offset).unwrap_or(0));
            found.extend([before, before.plus(1).min(last)]);
        }
    }
    found
}
