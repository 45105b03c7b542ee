//! Owns what is doubtful about a valid condition: percentages that look like fractions, and parts whose outcome is certain.

use super::{Comparison, Term};
use crate::domain::account::objective::Objective;

/// The most objectives for which a condition is examined; with more, results certain for all are hardly worth the time.
pub(crate) const MOST_EXAMINED: usize = 1000;

/// What is probably not meant, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Doubt {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Term {
    /// The percentages that are probably meant as a share of 1.
    pub(crate) fn fractions(&self) -> Vec<Doubt> {
        let doubt = |(viewed, written, meant)| Doubt {
            message: format!("{viewed} is a percentage, so {written} is {written}%"),
            remedy: format!("did you mean {meant}?"),
        };
        self.comparisons().into_iter().filter_map(Comparison::fraction).map(doubt).collect()
    }

    fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::Compare(comparison) => vec![comparison],
            _ => self.parts().iter().flat_map(Self::comparisons).collect(),
        }
    }

    /// What never or always holds for all of the objectives (for any, if empty): all of it, else parts.
    pub(crate) fn certainties(&self, covered: &[&Objective]) -> Vec<Doubt> {
        if covered.len() > MOST_EXAMINED {
            return Vec::new();
        }
        let what = |holds| if holds { "always holds" } else { "can never hold" };
        if let Some(holds) = self.certainty(covered) {
            let remedy = if holds { "compare with another value" } else { "compare with another value, or remove it" };
            let message = format!("the condition {}{}", what(holds), reason(self, holds, covered));
            return vec![Doubt { message, remedy: remedy.to_owned() }];
        }
        let parts = self.certain_parts(covered).into_iter().map(|(part, holds)| Doubt {
            message: format!("its part {part} {}{}", what(holds), reason(part, holds, covered)),
            remedy: "compare with another value, or remove this part".to_owned(),
        });
        parts.collect()
    }
}

/// Why the outcome is certain: the bounds of the fields in the deciding comparisons.
fn reason(term: &Term, holds: bool, covered: &[&Objective]) -> String {
    let first = covered.first().copied();
    let mut bounds: Vec<String> = Vec::new();
    let mut is_own = false;
    for (part, _) in term.certain_parts(covered) {
        let bound = match part {
            Term::Compare(comparison) => {
                let bound = comparison.bounds(first);
                is_own |= bound != comparison.bounds(None);
                bound
            }
            _ => {
                is_own = true;
                Some(format!("no outage can reach {part}"))
            }
        };
        bounds.extend(bound.filter(|bound| !bounds.contains(bound)));
    }
    if bounds.is_empty() {
        let why = if holds { "its parts leave nothing out" } else { "its parts contradict each other" };
        return format!(": {why}");
    }
    // With several objectives this is one of them; the others have the same outcome.
    let whose = first.filter(|_| is_own);
    let whose =
        whose.map(|objective| format!(" for {} (target {}%)", objective.metadata.name, objective.target.percent()));
    format!(": {}{}", bounds.join(", and "), whose.unwrap_or_default())
}
