//! Owns the laws of scores and thresholds on small random histories, against counting millisecond by millisecond.

use proptest::collection::vec;
use proptest::prelude::*;

use super::burn::Consumption;
use super::threshold::BurnAlert;
use super::*;
use crate::domain::account::downtime::{Cause, Charge, Piece};
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::{BurnRate, LOOKBACKS};
use crate::domain::health::transition::Source;
use crate::domain::value::decimal::{Decimal, SCALE};
use crate::domain::value::target::Target;

/// The last instant of the small histories.
const UNTIL: i64 = 120;

fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

fn episode(start: i64, end: Option<i64>) -> Episode {
    Episode { start: at(start), end: end.map(at) }
}

/// The consumption of spans that are consumed entirely.
fn consumption(spans: &[Span]) -> Consumption {
    let charge = Some(Charge { cause: Cause::Own, source: Source::Healthcheck });
    let (uncharged, counts_from, blamed_from) = (None, None, None);
    let piece = |span: &Span| Piece {
        span: *span,
        known: true,
        down: true,
        weight: FULL,
        counted: true,
        charge,
        uncharged,
        counts_from,
        blamed_from,
    };
    Consumption::new(&spans.iter().map(piece).collect::<Vec<_>>(), DependencyExclusion::Strict)
}

/// For each millisecond of a small history, whether the alert fires.
fn alerts() -> impl Strategy<Value = Vec<bool>> {
    vec((any::<bool>(), 1..25_usize), 1..14).prop_map(|runs| {
        let all = runs.into_iter().flat_map(|(fires, length)| std::iter::repeat_n(fires, length));
        let mut grid: Vec<bool> = all.take(UNTIL as usize + 1).collect();
        grid.resize(UNTIL as usize + 1, false);
        grid
    })
}

/// The maximal runs of firing; one that holds at the last instant has not ended.
fn runs(grid: &[bool]) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    for (millis, fires) in grid.iter().enumerate() {
        let begins = *fires && (millis == 0 || !grid[millis - 1]);
        if begins {
            found.push(episode(millis as i64, None));
        } else if !*fires
            && let Some(last) = found.last_mut()
            && last.end.is_none()
        {
            last.end = Some(at(millis as i64));
        }
    }
    found
}

/// Events that may overlap, touch, be empty, or not have ended.
fn events() -> impl Strategy<Value = Vec<Episode>> {
    let event = (0..UNTIL, 0..40_i64).prop_map(|(start, length)| {
        let end = start + length;
        episode(start, (end <= UNTIL).then_some(end))
    });
    vec(event, 0..6)
}

fn matchings() -> impl Strategy<Value = Matching> {
    (0..30_i64, 0..10_i64).prop_map(|(lead_ms, grace_ms)| Matching { lead_ms, grace_ms })
}

/// Whether a firing matches an event: some millisecond of it lies within the widened event.
fn is_about(firing: Episode, event: Episode, matching: Matching) -> bool {
    let end = |episode: Episode| episode.end.map_or(10_000, Instant::millis);
    let over = if event.end.is_none() { 10_000 } else { end(event).max(event.start.millis() + 1) + matching.grace_ms };
    (firing.start.millis()..end(firing)).any(|t| t >= event.start.millis() - matching.lead_ms && t < over)
}

proptest! {
    #[test]
    fn a_score_is_what_counting_gives(
        grid in alerts(), events in events(), matching in matchings(), from in 0..60_i64,
    ) {
        let firings = runs(&grid);
        let matched = score(&firings, &events, (at(from), at(UNTIL)), matching);
        let mut expected = Score::default();
        for (index, firing) in firings.iter().enumerate() {
            let useful = events.iter().any(|event| is_about(*firing, *event, matching));
            prop_assert_eq!(matched.useful[index], useful);
            if firing.start < at(from) {
                continue;
            }
            let mut millis = 0;
            let mut t = firing.start.millis();
            while t < UNTIL && grid[t as usize] {
                millis += 1;
                t += 1;
            }
            expected.firings += 1;
            expected.useful_firings += usize::from(useful);
            expected.firing_ms += millis;
            expected.useful_ms += if useful { millis } else { 0 };
        }
        for (event, catch) in events.iter().zip(&matched.catches) {
            let first = firings.iter().position(|firing| is_about(*firing, *event, matching));
            prop_assert_eq!(catch.firing, first);
            // How long it continued firing without a gap after the event's last instant.
            let reset = event.end.filter(|_| first.is_some()).and_then(|end| {
                let mut t = end.millis().max(event.start.millis() + 1);
                let begun = t;
                if !grid[t as usize - 1] {
                    return Some(0);
                }
                while t <= UNTIL && grid[t as usize] {
                    t += 1;
                }
                (t <= UNTIL).then_some(t - begun)
            });
            prop_assert_eq!(catch.reset_ms, reset);
            if event.start < at(from) {
                continue;
            }
            expected.events += 1;
            if let Some(first) = first {
                let delay = firings[first].start.since(event.start);
                prop_assert_eq!(catch.delay_ms, Some(delay));
                expected.detected_events += 1;
                expected.detection.push(delay.max(0));
                if delay < 0 {
                    expected.lead.push(-delay);
                }
                if let Some(reset) = reset {
                    expected.reset.push(reset);
                }
            }
        }
        prop_assert_eq!(&matched.score, &expected);
        prop_assert_eq!(matched.score.noise_ms() + matched.score.useful_ms, matched.score.firing_ms);
        let fractions = [matched.score.precision(), matched.score.recall()];
        prop_assert!(fractions.iter().flatten().all(|(part, whole)| part <= whole && *whole > 0));
        prop_assert_eq!(matched.score.precision().is_none(), matched.score.firings == 0);
    }

    #[test]
    fn firing_more_detects_no_less(
        grid in alerts(), more in alerts(), events in events(), matching in matchings(),
    ) {
        let wider: Vec<bool> = grid.iter().zip(&more).map(|(one, other)| *one || *other).collect();
        let stretch = (at(0), at(UNTIL));
        let (few, many) = (score(&runs(&grid), &events, stretch, matching), score(&runs(&wider), &events, stretch, matching));
        for (few, many) in few.catches.iter().zip(&many.catches) {
            prop_assert!(few.firing.is_none() || many.firing.is_some());
            if let (Some(few), Some(many)) = (few.delay_ms, many.delay_ms) {
                prop_assert!(many <= few);
            }
        }
        prop_assert!(many.score.firing_ms >= few.score.firing_ms);
    }

    #[test]
    fn a_wider_matching_excuses_more(
        grid in alerts(), events in events(), matching in matchings(), lead in 0..20_i64, grace in 0..20_i64,
    ) {
        let wide = Matching { lead_ms: matching.lead_ms + lead, grace_ms: matching.grace_ms + grace };
        let stretch = (at(0), at(UNTIL));
        let (near, far) = (score(&runs(&grid), &events, stretch, matching), score(&runs(&grid), &events, stretch, wide));
        prop_assert!(far.score.noise_ms() <= near.score.noise_ms());
        prop_assert!(far.score.detected_events >= near.score.detected_events);
        prop_assert!(far.score.useful_firings >= near.score.useful_firings);
    }

    #[test]
    fn scores_of_parts_add_up(
        one in (alerts(), events()), other in (alerts(), events()), matching in matchings(),
    ) {
        let stretch = (at(0), at(UNTIL));
        let (first, second) = (score(&runs(&one.0), &one.1, stretch, matching), score(&runs(&other.0), &other.1, stretch, matching));
        let mut sum = first.score.clone();
        sum.add(&second.score);
        prop_assert_eq!(sum.events, first.score.events + second.score.events);
        prop_assert_eq!(sum.noise_ms(), first.score.noise_ms() + second.score.noise_ms());
        prop_assert_eq!(sum.detection.max(), first.score.detection.max().max(second.score.detection.max()));
    }

    #[test]
    fn consumption_is_what_counting_gives(grid in alerts(), lookback in 1..50_i64, t in -20..160_i64) {
        let spans: Vec<Span> = runs(&grid)
            .into_iter()
            .map(|run| Span::new(run.start, run.end.unwrap_or(at(UNTIL + 1))))
            .collect();
        let counted = (t - lookback..t).filter(|t| (0..=UNTIL).contains(t) && grid[*t as usize]).count();
        prop_assert_eq!(consumption(&spans).over(lookback, at(t)), counted as i64 * FULL);
    }

    /// At the scale of the real lookbacks: minutes of outages within days, evaluated at and next to every bend of a
    /// rate, and at random.
    #[test]
    fn no_moment_is_over_a_threshold_above_the_highest(
        outages in vec((0..4_320_000_i64, 1..7_200_000_i64), 0..8),
        lookbacks in prop::sample::subsequence((0..LOOKBACKS.len()).collect::<Vec<_>>(), 1..=3),
        inclusive in any::<bool>(),
        target in prop::sample::select(vec!["99.9", "99.999", "90", "100", "37.5"]),
        start in 0..30_000_000_i64,
        length in 1..30_000_000_i64,
        probes in vec(0..30_000_000_i64, 64),
    ) {
        let spans: Vec<Span> = outages
            .iter()
            .scan(0_i64, |cursor, (gap, length)| {
                let start = *cursor + gap;
                *cursor = start + length;
                Some(Span::new(at(start), at(*cursor)))
            })
            .collect();
        let share = Target::parse(target).unwrap().error_share();
        let consumption = consumption(&spans);
        let within = Span::new(at(start), at(start + length));
        let alert = BurnAlert { lookbacks, inclusive };
        let highest = alert.highest(&consumption, share, within);
        let holds = |t: i64, threshold: Decimal| {
            alert.lookbacks.iter().all(|lookback| {
                let over_ms = LOOKBACKS[*lookback].1;
                let window = Span::new(at(t - over_ms), at(t));
                let consumed_us = spans.iter().map(|span| span.intersect(window).millis() * FULL).sum();
                let rate = BurnRate { consumed_us, over_ms, target: Target::parse(target).unwrap() };
                rate.compare(threshold).is_some_and(|order| order.is_gt() || inclusive && order.is_eq())
            })
        };
        let above = highest.map_or(Decimal::whole(0), |highest| Decimal::from_millionths(highest.millionths() + 1));
        let bends = spans.iter().flat_map(|span| [span.start.millis(), span.end.millis()]).flat_map(|bend| {
            let shifts = LOOKBACKS.iter().map(|(_, over)| *over).chain([0]);
            shifts.flat_map(move |shift| [bend + shift - 1, bend + shift, bend + shift + 1])
        });
        let random = probes.iter().map(|probe| start + probe % length);
        for t in bends.chain(random).chain([start, start + length - 1]).filter(|t| (start..start + length).contains(t)) {
            prop_assert!(!holds(t, above), "at {t} it is over {above}, which is above {highest:?}");
        }
        // The highest threshold is reached: bisection between bends finds where.
        if let Some(highest) = highest {
            let mut ends = vec![start];
            ends.extend(consumption.bends(&alert.lookbacks.iter().map(|l| LOOKBACKS[*l].1).collect::<Vec<_>>(), within).iter().map(|at| at.millis()));
            ends.push(start + length);
            prop_assert!(ends.windows(2).any(|pair| peak_reaches(pair[0], pair[1] - 1, |t| holds(t, highest), |t| {
                // The least rate, as a float: good enough for climbing.
                alert.lookbacks.iter().map(|l| consumption.over(LOOKBACKS[*l].1, at(t)) as f64 / LOOKBACKS[*l].1 as f64).fold(f64::MAX, f64::min)
            })), "{highest} is not reached");
        }
    }
}

/// Whether a predicate holds near the top of a concave integer function between two ends, found by ternary search.
fn peak_reaches(mut low: i64, mut high: i64, holds: impl Fn(i64) -> bool, height: impl Fn(i64) -> f64) -> bool {
    if holds(low) || holds(high) {
        return true;
    }
    while high - low > 8 {
        let third = (high - low) / 3;
        if height(low + third) < height(high - third) {
            low += third;
        } else {
            high -= third;
        }
    }
    (low..=high).any(holds)
}

#[test]
fn the_workbook_pair_catches_a_long_outage_at_its_own_peak() {
    // 99.9%: an hour down for 24 of 60 minutes burns at 400; its last five minutes at 1000. The pair peaks at the
    // lesser.
    let consumption = consumption(&[Span::new(at(0), at(24 * 60_000))]);
    let alert = BurnAlert { lookbacks: vec![2, 0], inclusive: true };
    let within = Span::new(at(-1000), at(7_200_000));
    assert_eq!(alert.highest(&consumption, 100_000, within), Some(Decimal::whole(400)));
    let strict = BurnAlert { inclusive: false, ..alert };
    let just_below = Decimal::from_millionths(400 * SCALE - 1);
    assert_eq!(strict.highest(&consumption, 100_000, within), Some(just_below));
    assert_eq!(strict.highest(&consumption, 100_000, Span::new(at(-1000), at(0))), None);
    assert_eq!(strict.highest(&consumption, 0, within), None);
}
