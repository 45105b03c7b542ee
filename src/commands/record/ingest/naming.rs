//! Owns which rejected lines are named one by one: the first ones for each reason.

use std::collections::HashMap;

/// The most lines named one by one, over all reasons.
pub(super) const MOST_NAMED: u64 = 1000;
/// The most lines named for the same reason, unless a pipe is followed, whose end nobody waits for.
const MOST_ALIKE: u64 = 10;

/// Rejected lines that are not named.
#[derive(Debug)]
pub(super) struct More {
    pub(super) count: u64,
    /// The last line named for the same reason, if one was.
    pub(super) like: Option<String>,
}

/// Chooses the lines to name.
pub(super) struct Naming {
    most_alike: u64,
    left: u64,
    /// By the reason without the values it quotes: how many were named, and the place in `more`.
    reasons: HashMap<String, (u64, usize)>,
    /// For each reason, in order; the first is any other.
    more: Vec<More>,
}

impl Naming {
    pub(super) fn new(follow: bool) -> Self {
        let more = vec![More { count: 0, like: None }];
        Self {
            most_alike: if follow { MOST_NAMED } else { MOST_ALIKE },
            left: MOST_NAMED,
            reasons: HashMap::new(),
            more,
        }
    }

    /// The place of a rejected line, if it is to be named.
    pub(super) fn name(&mut self, reason: &str, place: impl FnOnce() -> String) -> Option<String> {
        let reason = without_values(reason);
        if !self.reasons.contains_key(&reason) && self.left == 0 {
            self.more[0].count += 1;
            return None;
        }
        let (named, index) = self.reasons.entry(reason).or_insert_with(|| {
            self.more.push(More { count: 0, like: None });
            (0, self.more.len() - 1)
        });
        let more = &mut self.more[*index];
        if *named >= self.most_alike || self.left == 0 {
            more.count += 1;
            return None;
        }
        (*named, self.left) = (*named + 1, self.left - 1);
        let place = place();
        more.like = Some(place.clone());
        Some(place)
    }

    /// The lines that were not named.
    pub(super) fn rest(self) -> Vec<More> {
        let mut more = self.more;
        more.rotate_left(1);
        more.retain(|more| more.count > 0);
        more
    }
}

/// A reason without what is in quotes, and without numbers.
fn without_values(reason: &str) -> String {
    let (mut text, mut is_quoted, mut is_escaped) = (String::with_capacity(reason.len()), false, false);
    for c in reason.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted || c.is_ascii_digit() => {}
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_for_each_reason_are_named() {
        let mut naming = Naming::new(false);
        let mut named = Vec::new();
        for line in 1..=30 {
            let reason =
                if line % 2 == 0 { format!("\"a \\\" {line}\" is not a time") } else { "no status".to_owned() };
            named.extend(naming.name(&reason, || line.to_string()));
        }
        assert_eq!(named, (1..=20).map(|line| line.to_string()).collect::<Vec<_>>());
        let rest: Vec<_> = naming.rest().into_iter().map(|more| (more.count, more.like)).collect();
        assert_eq!(rest, [(5, Some("19".to_owned())), (5, Some("20".to_owned()))]);
    }

    #[test]
    fn no_more_reasons_are_named_than_fit() {
        let mut naming = Naming::new(true);
        let letters =
            |number: u32| -> String { number.to_string().chars().map(|c| char::from(c as u8 + 50)).collect() };
        let named = (0..1500).filter(|line| naming.name(&letters(*line), || line.to_string()).is_some()).count();
        assert_eq!(named as u64, MOST_NAMED);
        let rest: Vec<_> = naming.rest().into_iter().map(|more| (more.count, more.like)).collect();
        assert_eq!(rest, [(500, None)]);
    }
}
