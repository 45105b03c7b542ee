//! Owns a declared correction: a part of a system's past was recorded wrongly.

use std::collections::BTreeMap;

use super::objective::Metadata;
use crate::domain::health::correction::Correction;
use crate::domain::value::name::Name;

/// A declared correction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeclaredCorrection {
    pub(crate) metadata: Metadata,
    pub(crate) system: Name,
    pub(crate) correction: Correction,
    pub(crate) reason: Option<String>,
}

/// Pairs of contradicting corrections, as indices: one pair for each correction that contradicts an earlier one.
pub(crate) fn contradictions(declared: &[&DeclaredCorrection]) -> Vec<(usize, usize)> {
    let mut buckets: BTreeMap<(&Name, Option<&Name>), Vec<usize>> = BTreeMap::new();
    for (place, known) in declared.iter().enumerate() {
        buckets.entry((&known.system, known.correction.target.check.as_ref())).or_default().push(place);
    }
    let mut found = Vec::new();
    for ((system, check), places) in &buckets {
        // A correction without a check may concern the streams of any check.
        let any = check.and_then(|_| buckets.get(&(*system, None))).map_or(&[][..], Vec::as_slice);
        let own = places.iter().map(|place| (*place, true));
        let mut sorted: Vec<(usize, bool)> = own.chain(any.iter().map(|place| (*place, false))).collect();
        sorted.sort_by_key(|(place, _)| (declared[*place].correction.span().start, *place));
        let mut open: Vec<(usize, bool)> = Vec::new();
        for (place, is_own) in sorted {
            let correction = &declared[place].correction;
            open.retain(|(other, _)| declared[*other].correction.span().end > correction.span().start);
            // Corrections without a check are compared with each other once, in their own bucket.
            let against = open.iter().filter(|(_, own)| is_own || *own);
            let against =
                against.map(|(other, _)| *other).find(|other| declared[*other].correction.contradicts(correction));
            found.extend(against.map(|other| (place.min(other), place.max(other))));
            open.push((place, is_own));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
