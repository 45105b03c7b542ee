//! Owns outages of systems: overlapping outages of several objectives of one system are one outage.

use super::Outage;
use crate::domain::account::downtime::Uncharged;
use crate::domain::account::weights::heaviest;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};

/// An outage of a system, joined from those of several objectives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shared<'o> {
    pub(crate) system: &'o Name,
    pub(crate) start: Instant,
    /// `None` while any objective sees it.
    pub(crate) end: Option<Instant>,
    /// The outage of each objective, by start.
    pub(crate) seen: Vec<&'o Outage>,
}

impl Shared<'_> {
    /// From its start to its end or, while it is ongoing, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }

    /// The charged events within the span that `within` gives for each outage, with their weights.
    fn charged(&self, as_of: Instant, within: impl Fn(&Outage) -> Span) -> Vec<(i64, Span)> {
        let charged = self.seen.iter().flat_map(|outage| {
            let range = within(outage);
            outage.events.iter().map(move |event| (event.weight, event.span(as_of).intersect(range)))
        });
        charged.collect()
    }

    /// The downtime any objective charges within the span that `within` gives for each outage, in microseconds. Each
    /// instant counts once, with the greatest weight.
    pub(crate) fn charged_us(&self, as_of: Instant, within: impl Fn(&Outage) -> Span) -> i64 {
        heaviest(self.charged(as_of, within))
    }

    /// How long any objective charges it, whatever the weights, in milliseconds.
    pub(crate) fn charged_ms(&self, as_of: Instant, within: impl Fn(&Outage) -> Span) -> i64 {
        length(self.charged(as_of, within).into_iter().map(|(_, span)| span).collect())
    }

    /// How long maintenance excuses it for any objective while none charges it, in milliseconds.
    pub(crate) fn excluded_ms(&self, as_of: Instant, within: impl Fn(&Outage) -> Span) -> i64 {
        let charged: Vec<Span> = self.charged(as_of, &within).into_iter().map(|(_, span)| span).collect();
        let excluded = self.seen.iter().flat_map(|outage| {
            let range = outage.span(as_of).intersect(within(outage));
            let excluded = outage.uncharged.iter().filter(|(_, why)| *why == Uncharged::Maintenance);
            excluded.map(move |(span, _)| span.intersect(range))
        });
        length(excluded.chain(charged.iter().copied()).collect()) - length(charged)
    }
}

/// The length of spans together, in milliseconds.
fn length(spans: Vec<Span>) -> i64 {
    union(spans).into_iter().map(Span::millis).sum()
}

/// Joins overlapping outages of one system; oldest first, then by system.
pub(crate) fn shared<'o>(outages: impl IntoIterator<Item = &'o Outage>) -> Vec<Shared<'o>> {
    let mut sorted: Vec<&Outage> = outages.into_iter().collect();
    sorted.sort_by(|a, b| (&a.system, a.start, &a.objective).cmp(&(&b.system, b.start, &b.objective)));
    let mut joined: Vec<Shared<'_>> = Vec::new();
    for outage in sorted {
        match joined.last_mut() {
            Some(last) if *last.system == outage.system && last.end.is_none_or(|end| outage.start < end) => {
                last.end = last.end.zip(outage.end).map(|(one, other)| one.max(other));
                last.seen.push(outage);
            }
            _ => {
                let (system, start, end) = (&outage.system, outage.start, outage.end);
                joined.push(Shared { system, start, end, seen: vec![outage] });
            }
        }
    }
    joined.sort_by_key(|outage| outage.start);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::outage::{Accounting, Event};
    use crate::domain::health::transition::Source;

    fn at(minutes: i64) -> Instant {
        Instant::from_millis(minutes * 60_000)
    }

    /// An outage of an objective with one event for each pair of minutes.
    fn outage(objective: &str, system: &str, events: &[(i64, i64)]) -> Outage {
        let (objective, system) = (Name::parse(objective).unwrap(), Name::parse(system).unwrap());
        let event = |(start, end): &(i64, i64)| Event {
            objective: objective.clone(),
            system: system.clone(),
            start: at(*start),
            end: Some(at(*end)),
            upstream: None,
            source: Source::Healthcheck,
            weight: 1000,
            accounting: Accounting::Charged,
            note: None,
        };
        let (start, end) = (at(events[0].0), Some(at(events[events.len() - 1].1)));
        Outage {
            objective: objective.clone(),
            system: system.clone(),
            start,
            end,
            events: events.iter().map(event).collect(),
            uncharged: Vec::new(),
            too_short: false,
        }
    }

    #[test]
    fn objectives_of_a_system_that_are_down_at_once_see_one_outage() {
        let known = [
            outage("lenient", "shop", &[(10, 20)]),
            outage("strict", "shop", &[(5, 12), (13, 30)]),
            outage("strict", "shop", &[(30, 40)]),
            outage("other", "db", &[(6, 8)]),
            outage("lenient", "shop", &[(35, 36)]),
        ];
        let found = shared(&known);
        let spans: Vec<_> = found.iter().map(|one| (one.system.as_str(), one.start, one.end, one.seen.len())).collect();
        // Outages that only meet do not overlap.
        let expected =
            [("shop", at(5), Some(at(30)), 2), ("db", at(6), Some(at(8)), 1), ("shop", at(30), Some(at(40)), 2)];
        assert_eq!(spans, expected);
        let all = |_: &Outage| Span::new(at(0), at(100));
        // From 12 to 13 the strict one is excused and the lenient one is not.
        assert_eq!(found[0].charged_ms(at(100), all), 25 * 60_000);
        assert_eq!(found[0].charged_ms(at(100), |_| Span::new(at(11), at(25))), 14 * 60_000);
    }

    #[test]
    fn what_lasts_for_one_lasts() {
        let mut known =
            [outage("a", "shop", &[(5, 12)]), outage("b", "shop", &[(7, 8)]), outage("c", "shop", &[(50, 60)])];
        known[0].end = None;
        let found = shared(&known);
        assert_eq!((found.len(), found[0].end, found[0].span(at(90)).end), (1, None, at(90)));
    }
}
