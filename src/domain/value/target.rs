//! Owns the target of an objective: an exact percentage, and the share of time it leaves for failure.

use super::decimal::{Decimal, DecimalError};

/// 100% in millionths of a percent: the total of targets and error shares.
pub(crate) const WHOLE: i64 = 100 * super::decimal::SCALE;

/// An availability target in percent: 0 < target <= 100, at most six decimals, exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Target(Decimal);

impl Target {
    /// Reads a percentage such as `99.9`.
    ///
    /// # Errors
    /// When it is not a decimal, has more than six decimals, or lies outside (0, 100].
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        Self::new(Decimal::parse(text).map_err(TargetError::Decimal)?)
    }

    /// Wraps a percentage.
    ///
    /// # Errors
    /// When it lies outside (0, 100].
    pub(crate) fn new(percent: Decimal) -> Result<Self, TargetError> {
        if (1..=WHOLE).contains(&percent.millionths()) { Ok(Self(percent)) } else { Err(TargetError::OutOfRange) }
    }

    pub(crate) const fn percent(self) -> Decimal {
        self.0
    }

    /// The allowed share of failure, 1 − target, in parts of [`WHOLE`]; 0 for a 100% target.
    pub(crate) const fn error_share(self) -> i64 {
        WHOLE - self.0.millionths()
    }
}

/// Why a text is not a valid target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TargetError {
    Decimal(DecimalError),
    OutOfRange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_exact_at_both_ends() {
        assert_eq!(Target::parse("99.999999").unwrap().error_share(), 1);
        assert_eq!(Target::parse("100").unwrap().error_share(), 0);
        assert_eq!(Target::parse("0"), Err(TargetError::OutOfRange));
        assert_eq!(Target::parse("100.000001"), Err(TargetError::OutOfRange));
    }
}
