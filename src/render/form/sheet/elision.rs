//! Owns shortened names: a column's names are cut where they agree, so that those that differ still look different.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Ends shorter than this say nothing beside a cut.
const SHORTEST_END: usize = 4;

/// The shortened names by the full ones.
pub(super) type Shortened = HashMap<String, String>;

/// Names no wider than `width`; `None` if two of them would look the same.
pub(super) fn shortened(names: &BTreeSet<&str>, width: usize) -> Option<Shortened> {
    let long: Vec<&str> = names.iter().copied().filter(|name| name.width() > width).collect();
    let shown = alike(&long, width).or_else(|| by_groups(&long, width))?;
    let mut looks: HashSet<&str> = names.iter().copied().filter(|name| name.width() <= width).collect();
    let differ = shown.values().all(|short| looks.insert(short));
    differ.then_some(shown)
}

/// All names with the same cut: the first one that keeps them different.
fn alike(names: &[&str], width: usize) -> Option<Shortened> {
    let differ = |cut: &Cut| {
        let mut looks = HashSet::with_capacity(names.len());
        names.iter().map(|name| cut.of(name)).all(|short| short.width() <= width && looks.insert(short))
    };
    let cut = cuts(names, width).into_iter().find(differ)?;
    Some(names.iter().map(|name| ((*name).to_owned(), cut.of(name))).collect())
}

/// Names that look the same when cut in the middle are cut elsewhere.
fn by_groups(names: &[&str], width: usize) -> Option<Shortened> {
    let middle = Cut::middle(width.saturating_sub(1));
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        groups.entry(middle.of(name)).or_default().push(name);
    }
    let mut shown = Shortened::new();
    for group in groups.values() {
        shown.extend(alike(group, width)?);
    }
    let looks: HashSet<&String> = shown.values().collect();
    (looks.len() == shown.len()).then_some(shown)
}

/// Where names are cut, in columns of the terminal.
#[derive(Clone, Copy)]
enum Cut {
    /// Keeps the start and the end.
    Once { head: usize, tail: usize },
    /// Takes something from the start and from the end.
    Twice { start: usize, end: usize },
}

impl Cut {
    fn middle(keep: usize) -> Self {
        Self::Once { head: keep - keep / 2, tail: keep / 2 }
    }

    fn of(self, name: &str) -> String {
        match self {
            Self::Once { head, tail } => {
                let head = end_of_start(name, head);
                let tail = start_of_end(name, tail).max(head);
                format!("{}…{}", &name[..head], &name[tail..])
            }
            Self::Twice { start, end } => {
                let start = end_of_start(name, start);
                let end = start_of_end(name, end).max(start);
                format!("…{}…", &name[start..end])
            }
        }
    }
}

/// Cuts to try, the best first: those that keep all the parts in which the names differ.
fn cuts(names: &[&str], width: usize) -> Vec<Cut> {
    let keep = width.saturating_sub(1);
    let mut cuts = Vec::new();
    if let [first, .., _] = names {
        let longest = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let shortest = names.iter().map(|name| name.width()).min().unwrap_or(0);
        let prefix = common(names, false);
        let suffix = common(names, true).min(shortest - prefix);
        if longest - suffix <= keep {
            let head = (longest - suffix).max(keep - keep / 2);
            let head = if keep - head < SHORTEST_END { keep } else { head };
            cuts.push(Cut::Once { head, tail: keep - head });
        }
        if longest - prefix <= keep {
            let tail = (longest - prefix).max(keep / 2);
            let tail = if keep - tail < SHORTEST_END { keep } else { tail };
            cuts.push(Cut::Once { head: keep - tail, tail });
        }
        let differing = longest - prefix - suffix;
        if differing + 2 <= width {
            let spare = width - 2 - differing;
            let left = prefix.min(spare - suffix.min(spare / 2));
            let right = suffix.min(spare - left);
            cuts.push(between_parts(first, (prefix, left), (suffix, right)));
        }
    }
    cuts.push(Cut::middle(keep));
    let other = [keep * 3 / 4, keep / 4, keep, 0];
    cuts.extend(other.map(|head| Cut::Once { head, tail: keep - head }));
    cuts
}

/// A cut on both sides that keeps up to `left` of the common prefix and `right` of the common suffix: from a separator to
/// a separator, if there are any.
fn between_parts(name: &str, (prefix, left): (usize, usize), (suffix, right): (usize, usize)) -> Cut {
    let is_separator = |c: char| matches!(c, '-' | '.' | '/' | ' ');
    let context = &name[end_of_start(name, prefix - left)..end_of_start(name, prefix)];
    let start = context.find(is_separator).map_or(prefix - left, |at| prefix - left + context[..at].width());
    let context = &name[start_of_end(name, suffix)..start_of_end(name, suffix - right)];
    let kept = context.rfind(is_separator).map_or(right, |at| context[..=at].width());
    Cut::Twice { start, end: suffix - kept }
}

/// The width of what all names begin or end with.
fn common(names: &[&str], at_end: bool) -> usize {
    let chars =
        |name: &str| -> Vec<char> { if at_end { name.chars().rev().collect() } else { name.chars().collect() } };
    let Some((first, rest)) = names.split_first() else { return 0 };
    let mut same = chars(first);
    for name in rest {
        let count = same.iter().zip(chars(name)).take_while(|(one, other)| **one == *other).count();
        same.truncate(count);
    }
    same.into_iter().map(|c| c.width().unwrap_or(0)).sum()
}

/// The byte at which the longest start ends that is no wider than `width`.
fn end_of_start(name: &str, width: usize) -> usize {
    let mut used = 0;
    let wide = name.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > width
    });
    wide.map_or(name.len(), |(at, _)| at)
}

/// The byte at which the longest end starts that is no wider than `width`.
fn start_of_end(name: &str, width: usize) -> usize {
    let mut used = 0;
    let wide = name.char_indices().rev().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > width
    });
    wide.map_or(0, |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(names: &[&str], width: usize) -> Option<Vec<String>> {
        let found = shortened(&names.iter().copied().collect(), width)?;
        Some(names.iter().map(|name| found.get(*name).map_or((*name).to_owned(), String::clone)).collect())
    }

    #[test]
    fn a_name_is_cut_in_the_middle() {
        assert_eq!(shown(&["storefront-availability"], 23).unwrap(), ["storefront-availability"]);
        assert_eq!(shown(&["storefront-availability"], 15).unwrap(), ["storefr…ability"]);
        assert_eq!(shown(&["店頭在庫管理システム"], 8).unwrap(), ["店頭…ム"]);
    }

    #[test]
    fn names_are_cut_where_they_agree() {
        let of = |region: &str| format!("payments-authorization-{region}-customer-availability");
        let names = ["eu-west-1", "eu-west-2", "ap-south-1"].map(of);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let at = |width| shown(&names, width).unwrap();
        assert_eq!(at(44)[1], "payments-authorization-eu-west-2-…ailability");
        assert_eq!(at(35)[2], "payments-authorization-ap-south-1-…");
        assert_eq!(at(20), ["…-eu-west-1-…", "…-eu-west-2-…", "…-ap-south-1-…"]);
        assert_eq!(shown(&names[..2], 14).unwrap(), ["…-west-1-…", "…-west-2-…"]);
        assert!(shown(&names, 11).is_none());
    }

    #[test]
    fn names_that_would_look_the_same_are_cut_elsewhere() {
        let names = [
            "storefront-search-suggest-eu-west-1-availability-30d",
            "storefront-search-results-eu-west-1-availability-30d",
            "billing-subscription-engine-eu-west-1-availability-30d",
            "billing-subscription-invoices-eu-west-1-availability-30d",
            "mail",
        ];
        for width in 16..60 {
            let shown = shown(&names, width).unwrap_or_else(|| panic!("{width}"));
            assert_eq!(shown.iter().collect::<HashSet<_>>().len(), names.len(), "{width}: {shown:?}");
            assert!(shown.iter().all(|name| name.width() <= width), "{width}: {shown:?}");
        }
    }

    proptest! {
        #[test]
        fn no_two_names_look_the_same(
            names in proptest::collection::btree_set("[ab-]{1,24}|(ab){0,4}[a-c店-]{1,16}(-cd){0,4}", 1..12),
            width in 1_usize..24,
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            if let Some(shown) = shown(&names, width) {
                prop_assert_eq!(shown.iter().collect::<HashSet<_>>().len(), names.len(), "{:?}", shown);
                prop_assert!(shown.iter().all(|name| name.width() <= width), "{:?}", shown);
            }
        }
    }
}
