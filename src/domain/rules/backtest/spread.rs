//! Owns statistics of a few durations: mean, median and longest.

/// Durations in milliseconds, unsorted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Spread(Vec<i64>);

impl Spread {
    pub(crate) fn push(&mut self, millis: i64) {
        self.0.push(millis);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Their sum and count, whose quotient is the mean; `None` without any.
    pub(crate) fn mean(&self) -> Option<(i128, usize)> {
        (!self.0.is_empty()).then(|| (self.0.iter().copied().map(i128::from).sum(), self.0.len()))
    }

    /// Twice the middle one, or the sum of the two in the middle; `None` without any.
    pub(crate) fn twice_median(&self) -> Option<i64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let (low, high) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
        Some(sorted[low] + sorted[high])
    }

    /// The longest; `None` without any.
    pub(crate) fn max(&self) -> Option<i64> {
        self.0.iter().copied().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_two() {
        let spread = |all: &[i64]| Spread(all.to_vec());
        assert_eq!(spread(&[]).twice_median(), None);
        assert_eq!((spread(&[]).mean(), spread(&[]).max()), (None, None));
        assert_eq!(spread(&[7]).twice_median(), Some(14));
        assert_eq!(spread(&[9, 1]).twice_median(), Some(10));
        assert_eq!(spread(&[9, 1, 2]).twice_median(), Some(4));
        assert_eq!(spread(&[9, 1, 2, 3]).twice_median(), Some(5));
        assert_eq!(spread(&[9, 1, 2]).mean(), Some((12, 3)));
    }
}
