//! Sums of outages, against counting every millisecond.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::account::outage::Accounting;
use crate::domain::account::weights::FULL;
use crate::domain::health::transition::Source;

/// The instant as of which the small histories are evaluated.
const NOW: i64 = 60;

fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Outages of three objectives on two systems, with events in them. Outages of one objective do not overlap.
fn outages() -> impl Strategy<Value = Vec<Outage>> {
    let run = (1..9_i64, 1..15_i64, prop::collection::vec((0..6_i64, 1..6_i64, 0..6_usize), 0..4));
    let of_objective = prop::collection::vec(run, 0..5);
    prop::collection::vec(of_objective, 3).prop_map(|all| {
        let mut found = Vec::new();
        for ((objective, system), runs) in [("a", "one"), ("b", "one"), ("c", "two")].into_iter().zip(all) {
            let (objective, system) = (name(objective), name(system));
            let mut start = 0;
            for (gap, length, parts) in runs {
                start += gap;
                let end = (start + length).min(NOW + 1);
                if end <= start {
                    break;
                }
                let over = |end: i64| (end <= NOW).then_some(at(end));
                let mut events: Vec<Event> = Vec::new();
                let mut cursor = start;
                for (skip, lasts, cause) in parts {
                    let (from, to) = (cursor + skip, (cursor + skip + lasts).min(end));
                    if from >= to {
                        break;
                    }
                    let upstream = [None, Some("up"), Some("down")][cause % 3].map(name);
                    let (objective, system) = (objective.clone(), system.clone());
                    let (start, end) = (at(from), over(to));
                    let (source, weight) = (Source::Healthcheck, [FULL, FULL / 2][cause / 3]);
                    let accounting = Accounting::Charged;
                    events.push(Event {
                        objective,
                        system,
                        start,
                        end,
                        upstream,
                        source,
                        weight,
                        accounting,
                        note: None,
                    });
                    cursor = to;
                }
                let (objective, system) = (objective.clone(), system.clone());
                let (start_at, end_at, uncharged) = (at(start), over(end), Vec::new());
                found.push(Outage {
                    objective,
                    system,
                    start: start_at,
                    end: end_at,
                    events,
                    uncharged,
                    too_short: false,
                });
                start = end;
            }
        }
        found.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
        found
    })
}

fn ranges() -> impl Strategy<Value = Range> {
    let span = || (0..40_i64, 1..40_i64).prop_map(|(start, length)| Span::new(at(start), at(start + length)));
    prop_oneof![
        span().prop_map(Range::Touching),
        prop::collection::vec(span(), 3)
            .prop_map(|spans| Range::Within(["a", "b", "c"].map(name).into_iter().zip(spans).collect())),
    ]
}

fn keys() -> impl Strategy<Value = Option<By>> {
    let label =
        || By::Label("tier".to_owned(), BTreeMap::from([(name("a"), "x".to_owned()), (name("c"), "x".to_owned())]));
    prop_oneof![
        Just(None),
        Just(Some(By::Objective)),
        Just(Some(By::System)),
        Just(Some(By::Upstream)),
        Just(Some(By::Day(BTreeMap::new()))),
        Just(Some(label())),
    ]
}

fn millis(span: Span) -> impl Iterator<Item = i64> {
    span.start.millis()..span.end.millis()
}

/// Outages of one set of objectives, joined repeatedly until nothing changes.
fn joined<'o>(outages: &[&'o Outage]) -> Vec<Vec<&'o Outage>> {
    let mut sets: Vec<Vec<&Outage>> = outages.iter().map(|outage| vec![*outage]).collect();
    let meet = |one: &Outage, other: &Outage| {
        let common = one.span(at(NOW + 1)).intersect(other.span(at(NOW + 1)));
        one.system == other.system && !common.is_empty()
    };
    loop {
        let pairs = (0..sets.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let found =
            pairs.into_iter().find(|(a, b)| sets[*a].iter().any(|one| sets[*b].iter().any(|other| meet(one, other))));
        let Some((a, b)) = found else { return sets };
        let gone = sets.remove(a);
        sets[b].extend(gone);
        sets[b].sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
    }
}

/// The totals by key, counted separately for each key.
fn slow(outages: &[Outage], by: Option<&By>, range: &Range) -> BTreeMap<String, Totals> {
    let set = |outage: &Outage| match by {
        Some(By::Objective) => outage.objective.to_string(),
        Some(By::Label(_, values)) => values.get(&outage.objective).cloned().unwrap_or_default(),
        Some(By::System) => outage.system.to_string(),
        _ => String::new(),
    };
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let sets: BTreeSet<String> = outages.iter().map(set).collect();
    for key in sets {
        let mine: Vec<&Outage> = outages.iter().filter(|outage| set(outage) == key).collect();
        for one in joined(&mine) {
            let mut parts: BTreeMap<String, (usize, BTreeMap<i64, i64>)> = BTreeMap::new();
            if !matches!(by, Some(By::Upstream | By::Day(_))) {
                parts.entry(key.clone()).or_default();
            }
            for (outage, event) in one.iter().flat_map(|outage| range.events(outage).map(move |event| (outage, event)))
            {
                let within = match (range, by) {
                    (Range::Touching(_), Some(By::Day(_))) | (Range::Within(_), _) => range.of(&outage.objective),
                    (Range::Touching(_), _) => Span::new(at(-1), at(NOW + 1)),
                };
                let charged: BTreeSet<i64> = millis(event.span(at(NOW)).intersect(within)).collect();
                let part = match by {
                    Some(By::Upstream) => event.upstream.as_ref().map_or("self".to_owned(), ToString::to_string),
                    // The small history lies on one day.
                    Some(By::Day(_)) if charged.is_empty() => continue,
                    Some(By::Day(_)) => "1970-01-01".to_owned(),
                    _ => key.clone(),
                };
                let (events, all) = parts.entry(part).or_default();
                *events += 1;
                for millis in charged {
                    let heaviest = all.entry(millis).or_default();
                    *heaviest = event.weight.max(*heaviest);
                }
            }
            let start = one[0].start;
            let open = one.iter().any(|outage| outage.end.is_none());
            let end = one.iter().map(|outage| outage.span(at(NOW)).end).max().unwrap();
            for (part, (events, charged)) in parts {
                let charged_us = charged.values().sum();
                let whole = !matches!(by, Some(By::Upstream | By::Day(_)));
                let lasted_ms = if whole { end.since(start) } else { charged.len() as i64 };
                let counted = range.counts(one[0]);
                totals.entry(part).or_default().add(Share { events, charged_us, lasted_ms, open, counted });
            }
        }
    }
    totals
}

proptest! {
    #[test]
    fn sums_of_what_passes_are_sums_of_all(outages in outages(), range in ranges(), by in keys()) {
        let mut outages = outages;
        outages.retain(|outage| range.concerns(outage));
        let mut summing = Summing::new(by.as_ref(), &range, at(NOW));
        for outage in &outages {
            summing.add(outage);
        }
        prop_assert_eq!(summing.finish(), slow(&outages, by.as_ref(), &range));
    }
}

/// An outage of `a`, charged to itself, for each pair of milliseconds.
fn outage(objective: &str, start: i64, end: i64) -> Outage {
    let (objective, system) = (name(objective), name("one"));
    let event = Event {
        objective: objective.clone(),
        system: system.clone(),
        start: at(start),
        end: Some(at(end)),
        upstream: None,
        source: Source::Healthcheck,
        weight: FULL,
        accounting: Accounting::Charged,
        note: None,
    };
    let (events, uncharged) = (vec![event], Vec::new());
    Outage { objective, system, start: at(start), end: Some(at(end)), events, uncharged, too_short: false }
}

#[test]
fn days_are_those_of_each_objective() {
    let range = Range::Touching(Span::new(at(0), at(i64::MAX / 8)));
    let by = By::Day(BTreeMap::from([(name("b"), Calendar { zone: chrono_tz::Tz::Asia__Kathmandu })]));
    let hour = 60 * 60 * 1000;
    let mut summing = Summing::new(Some(&by), &range, at(i64::MAX / 8));
    summing.add(&outage("a", 19 * hour, 20 * hour));
    summing.add(&outage("b", 19 * hour, 20 * hour));
    let found: Vec<(String, usize)> = summing.finish().into_iter().map(|(day, it)| (day, it.outages)).collect();
    assert_eq!(found, [("1970-01-01".to_owned(), 1), ("1970-01-02".to_owned(), 1)]);
}

#[test]
fn a_million_outages_within_one_keep_nothing() {
    let range = Range::Touching(Span::new(at(0), at(i64::MAX / 8)));
    let mut summing = Summing::new(None, &range, at(i64::MAX / 8));
    summing.add(&outage("a", 0, 10_000_000));
    for start in 0..1_000_000 {
        summing.add(&outage("b", 10 * start + 1, 10 * start + 4));
        let last = summing.last.values().flat_map(HashMap::values).next().unwrap();
        assert!(last.charged[""].pending.len() <= 32, "{start}");
    }
    let totals = summing.total();
    assert_eq!((totals.count, totals.outages, totals.total_us), (1_000_001, 1, 10_000_000 * FULL));
    assert_eq!((totals.longest_ms, totals.mttr_ms()), (Some(10_000_000), Some(10_000_000)));
}
