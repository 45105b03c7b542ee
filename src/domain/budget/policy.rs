//! Owns the multiwindow burn-rate policy: four rules, each over a long and a short lookback, rescaled to the objective's
//! window. SRE workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", table 5-8, with the 1d/2h rule of Sloth.

use super::balance::{BurnRate, LOOKBACKS};
use crate::domain::account::weights::FULL;
use crate::domain::value::decimal::{Decimal, SCALE};
use crate::domain::value::target::{Target, WHOLE};

/// One rule of the policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    /// Positions in [`LOOKBACKS`].
    pub(crate) long: usize,
    pub(crate) short: usize,
    /// Percent of the budget that the long lookback spends at the factor.
    pub(crate) budget_percent: i64,
}

/// The policy, fastest burn first.
pub(crate) const POLICY: [Rule; 4] = [
    Rule { long: 2, short: 0, budget_percent: 2 },
    Rule { long: 4, short: 1, budget_percent: 5 },
    Rule { long: 5, short: 3, budget_percent: 10 },
    Rule { long: 6, short: 4, budget_percent: 10 },
];

/// How soon somebody must act on a burn; the rules are grouped by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Urgency {
    /// Immediately: the budget would be gone within days.
    Page,
    /// Within days.
    Ticket,
}

impl Urgency {
    pub(crate) const ALL: [Self; 2] = [Self::Page, Self::Ticket];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|urgency| urgency.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }

    /// The rules that call for it; one is enough, reached over both its lookbacks.
    pub(crate) const fn rules(self) -> [Rule; 2] {
        match self {
            Self::Page => [POLICY[0], POLICY[1]],
            Self::Ticket => [POLICY[2], POLICY[3]],
        }
    }

    /// The lookbacks of its rules, as indices of [`LOOKBACKS`](super::balance::LOOKBACKS): the long and the short one of each.
    pub(crate) const fn lookbacks(self) -> [usize; 4] {
        let [one, other] = self.rules();
        [one.long, one.short, other.long, other.short]
    }
}

/// The result of both lookbacks of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Burn {
    /// Both reach the factor.
    Firing,
    /// Only the short one does: it began recently.
    Starting,
    /// Only the long one does: it is over, or nearly.
    Ending,
    /// Neither does.
    Quiet,
}

impl Burn {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Starting => "starting",
            Self::Ending => "ending",
            Self::Quiet => "quiet",
        }
    }
}

impl Rule {
    /// For example `1h/5m`.
    pub(crate) fn name(self) -> String {
        format!("{}/{}", LOOKBACKS[self.long].0, LOOKBACKS[self.short].0)
    }

    fn long_ms(self) -> i64 {
        LOOKBACKS[self.long].1
    }

    /// share × nominal window length / long lookback, as the nearest float; for printing only.
    pub(crate) fn factor(self, nominal_ms: i64) -> f64 {
        // Both sides are integers below 2^53, so only the quotient is rounded.
        (self.budget_percent * nominal_ms) as f64 / (100 * self.long_ms()) as f64
    }

    /// The same cut to six decimals, for people.
    pub(crate) fn short_factor(self, nominal_ms: i64) -> Decimal {
        let millionths = i128::from(self.budget_percent) * i128::from(nominal_ms) * i128::from(SCALE)
            / (100 * i128::from(self.long_ms()));
        Decimal::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
    }

    /// The factor for consumed microseconds and the bound that the product must reach for the rule to be reached over
    /// one of its lookbacks: consumed / over / (1 − target) >= percent / 100 × nominal window / long.
    pub(crate) fn sides(self, over_ms: i64, target: Target, nominal_ms: i64) -> (i128, i128) {
        let allowed = i128::from(self.budget_percent) * i128::from(nominal_ms) * i128::from(over_ms) * i128::from(FULL);
        (i128::from(WHOLE) * 100 * i128::from(self.long_ms()), allowed * i128::from(target.error_share()))
    }

    /// Whether a rate reaches the factor, exactly; false for a missed 100% target, which has no rate.
    pub(crate) fn reached(self, rate: BurnRate, nominal_ms: i64) -> bool {
        let (factor, allowed) = self.sides(rate.over_ms, rate.target, nominal_ms);
        rate.target.error_share() > 0 && i128::from(rate.consumed_us) * factor >= allowed
    }

    /// Whether even a total outage, which burns at weight/(1 − target), stays below the factor; the weight is in
    /// thousandths.
    pub(crate) fn is_unreachable(self, nominal_ms: i64, error_share: i64, weight: i64) -> bool {
        i128::from(self.budget_percent) * i128::from(nominal_ms) * i128::from(error_share) * i128::from(FULL)
            > 100 * i128::from(self.long_ms()) * i128::from(WHOLE) * i128::from(weight)
    }

    /// The result of the burn rates, in the order of [`LOOKBACKS`], under this rule.
    pub(crate) fn judge(self, rates: &[BurnRate; 7], nominal_ms: i64) -> Burn {
        match (self.reached(rates[self.long], nominal_ms), self.reached(rates[self.short], nominal_ms)) {
            (true, true) => Burn::Firing,
            (false, true) => Burn::Starting,
            (true, false) => Burn::Ending,
            (false, false) => Burn::Quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::instant::DAY_MS;

    #[test]
    fn factors_are_those_of_the_workbook_and_of_sloth() {
        let factors = |days: i64| POLICY.map(|rule| rule.short_factor(days * DAY_MS).to_string());
        assert_eq!(factors(30), ["14.4", "6", "3", "1"]);
        assert_eq!(factors(28), ["13.44", "5.6", "2.8", "0.933333"]);
        let printed = POLICY.map(|rule| rule.factor(28 * DAY_MS).to_string());
        assert_eq!(printed, ["13.44", "5.6", "2.8", "0.9333333333333333"]);
        assert_eq!(POLICY.map(Rule::name), ["1h/5m", "6h/30m", "1d/2h", "3d/6h"]);
    }

    #[test]
    fn a_rule_is_reached_exactly_at_its_factor() {
        let target = Target::parse("99.9").unwrap();
        let rates = |long: i64, short: i64| {
            let mut rates = LOOKBACKS.map(|(_, over_ms)| BurnRate { consumed_us: 0, over_ms, target });
            (rates[2].consumed_us, rates[0].consumed_us) = (long * FULL, short * FULL);
            POLICY[0].judge(&rates, 30 * DAY_MS)
        };
        // 14.4 × 0.1% of an hour is 51.84 s, of five minutes 4.32 s.
        assert_eq!(rates(51_840, 4320), Burn::Firing);
        assert_eq!(rates(51_839, 4320), Burn::Starting);
        assert_eq!(rates(51_840, 4319), Burn::Ending);
        assert_eq!(rates(51_839, 4319), Burn::Quiet);
    }

    #[test]
    fn what_no_outage_reaches_is_known() {
        // At 90% nothing burns faster than 10.
        assert!(POLICY[0].is_unreachable(30 * DAY_MS, WHOLE / 10, FULL));
        assert!(!POLICY[1].is_unreachable(30 * DAY_MS, WHOLE / 10, FULL));
        // At half the weight nothing burns faster than 5.
        assert!(POLICY[1].is_unreachable(30 * DAY_MS, WHOLE / 10, FULL / 2));
    }
}
