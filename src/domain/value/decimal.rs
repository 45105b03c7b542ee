//! Owns exact decimal numbers with six places: targets, thresholds and factors are never floats.

use std::fmt;

/// The units in one: a decimal is an integer number of millionths.
pub(crate) const SCALE: i64 = 1_000_000;

/// A non-negative number with at most six decimals, stored as integer millionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Decimal(i64);

impl Decimal {
    pub(crate) const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    pub(crate) const fn whole(number: i64) -> Self {
        Self(number * SCALE)
    }

    pub(crate) const fn millionths(self) -> i64 {
        self.0
    }

    /// Reads digits with an optional point, such as `99.95`, but not `1e1`.
    ///
    /// # Errors
    /// When it is not a plain number, has more than six significant decimals, or is at least 1e12.
    pub(crate) fn parse(text: &str) -> Result<Self, DecimalError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 6 {
            return Err(DecimalError::TooFine);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 12 {
            return Err(DecimalError::TooLarge);
        }
        let digits = |part: &str| part.bytes().fold(0i64, |number, byte| number * 10 + i64::from(byte - b'0'));
        let padding = 10i64.pow(6 - fraction.len() as u32);
        Ok(Self(digits(whole) * SCALE + digits(fraction) * padding))
    }

    /// The nearest float, for printing only.
    pub(crate) fn to_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % SCALE);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{point}{fraction}", self.0 / SCALE)
    }
}

/// Why a text is not a valid decimal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DecimalError {
    NotANumber,
    TooFine,
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a plain decimal number",
            Self::TooFine => "has more than 6 decimals",
            Self::TooLarge => "is too large",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_print_as_written() {
        for (text, millionths, printed) in [
            ("99.9", 99_900_000, "99.9"),
            ("99.999999", 99_999_999, "99.999999"),
            ("100", 100_000_000, "100"),
            ("0.5000000000", 500_000, "0.5"),
            (".5", 500_000, "0.5"),
            ("0014.4", 14_400_000, "14.4"),
        ] {
            let decimal = Decimal::parse(text).unwrap();
            assert_eq!((decimal.millionths(), decimal.to_string().as_str()), (millionths, printed), "{text}");
        }
        assert_eq!(Decimal::parse("99.9999999"), Err(DecimalError::TooFine));
        assert_eq!(Decimal::parse("9999999999999"), Err(DecimalError::TooLarge));
        for text in ["", ".", "-1", "1e3", "NaN", "1_0", "٣"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::NotANumber), "{text}");
        }
    }
}
