//! Owns the score of an alert: which firings match which events, and the precision, recall and times that follow.
//! SRE workbook, chapter 5, "Alerting Considerations".

pub(crate) mod burn;
pub(crate) mod firing;
pub(crate) mod historic;
pub(crate) mod spread;
pub(crate) mod threshold;

#[cfg(test)]
mod laws;

use super::episode::Episode;
use crate::domain::health::timeline::END;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{Span, union};
use spread::Spread;

/// A firing matches an event if they overlap, with the event widened by these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Matching {
    /// How long before its start an event may be announced, in milliseconds.
    pub(crate) lead_ms: i64,
    /// How long after its end an alert about it may still begin, in milliseconds.
    pub(crate) grace_ms: i64,
}

impl Matching {
    /// When a firing matches the event: `[start − lead, end + grace)`.
    pub(crate) fn widened(self, event: Episode) -> Span {
        let span = event.span();
        let end = if event.end.is_some() { span.end.plus(self.grace_ms) } else { END };
        Span::new(span.start.plus(-self.lead_ms), end)
    }
}

/// How one event was detected.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Catch {
    /// The first firing that matches it, by index.
    pub(crate) firing: Option<usize>,
    /// From the event's start to that firing's, in milliseconds; negative if the alert came first.
    pub(crate) delay_ms: Option<i64>,
    /// How long a matching firing continued after its end, in milliseconds, 0 if none did; `None` if it was not
    /// detected, or either has not ended.
    pub(crate) reset_ms: Option<i64>,
}

/// Firings and events, matched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Matched {
    /// For each firing, whether it matches an event.
    pub(crate) useful: Vec<bool>,
    /// For each event, how it was detected.
    pub(crate) catches: Vec<Catch>,
    pub(crate) score: Score,
}

/// Counts and times of an alert, over any number of objectives. Firings and events that began before the stretch are
/// used for matching but not counted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Score {
    pub(crate) firings: usize,
    /// Those of them that match an event.
    pub(crate) useful_firings: usize,
    pub(crate) events: usize,
    /// Those of them that a firing matches.
    pub(crate) detected_events: usize,
    /// Time in firings, in milliseconds.
    pub(crate) firing_ms: i64,
    /// Time in firings that match an event, in milliseconds.
    pub(crate) useful_ms: i64,
    /// From the start of each detected event to its first firing, in milliseconds; 0 if the alert came first.
    pub(crate) detection: Spread,
    /// How long the alert came before its event, in milliseconds, if it did.
    pub(crate) lead: Spread,
    /// How long it continued firing after each detected event, in milliseconds.
    pub(crate) reset: Spread,
}

impl Score {
    /// Time in firings that match no event, in milliseconds.
    pub(crate) fn noise_ms(&self) -> i64 {
        self.firing_ms - self.useful_ms
    }

    /// The share of firings that match an event, as a fraction; `None` without firings.
    pub(crate) fn precision(&self) -> Option<(usize, usize)> {
        (self.firings > 0).then_some((self.useful_firings, self.firings))
    }

    /// The share of events that were detected, as a fraction; `None` without events.
    pub(crate) fn recall(&self) -> Option<(usize, usize)> {
        (self.events > 0).then_some((self.detected_events, self.events))
    }

    /// Adds the score of another objective.
    pub(crate) fn add(&mut self, other: &Self) {
        self.firings += other.firings;
        self.useful_firings += other.useful_firings;
        self.events += other.events;
        self.detected_events += other.detected_events;
        self.firing_ms += other.firing_ms;
        self.useful_ms += other.useful_ms;
        self.detection.add(&other.detection);
        self.lead.add(&other.lead);
        self.reset.add(&other.reset);
    }
}

/// Matches the firings of one objective, sorted and disjoint, with its events, and scores those that began within the
/// closed stretch `[from, until]`. Nothing after `until` is known.
pub(crate) fn score(
    firings: &[Episode],
    events: &[Episode],
    (from, until): (Instant, Instant),
    matching: Matching,
) -> Matched {
    let mut score = Score::default();
    let begun = |episode: &Episode| from <= episode.start && episode.start <= until;
    let explained = union(events.iter().map(|event| matching.widened(*event)).collect());
    let is_useful = |firing: &Episode| {
        let span = firing.span();
        let next = explained.partition_point(|event| event.end <= span.start);
        explained.get(next).is_some_and(|event| event.start < span.end)
    };
    let useful: Vec<bool> = firings.iter().map(is_useful).collect();
    for (firing, useful) in firings.iter().zip(&useful).filter(|(firing, _)| begun(firing)) {
        let millis = firing.millis(until);
        score.firings += 1;
        score.firing_ms += millis;
        if *useful {
            score.useful_firings += 1;
            score.useful_ms += millis;
        }
    }
    let catches: Vec<Catch> = events.iter().map(|event| catch(firings, *event, matching)).collect();
    for (_, catch) in events.iter().zip(&catches).filter(|(event, _)| begun(event)) {
        score.events += 1;
        score.detected_events += usize::from(catch.firing.is_some());
        if let Some(delay) = catch.delay_ms {
            score.detection.push(delay.max(0));
            if delay < 0 {
                score.lead.push(-delay);
            }
        }
        if let Some(reset) = catch.reset_ms {
            score.reset.push(reset);
        }
    }
    Matched { useful, catches, score }
}

/// How an event was detected by sorted, disjoint firings.
fn catch(firings: &[Episode], event: Episode, matching: Matching) -> Catch {
    let widened = matching.widened(event);
    let first = firings.partition_point(|firing| firing.span().end <= widened.start);
    let Some(firing) = firings.get(first).filter(|firing| firing.start < widened.end) else { return Catch::default() };
    let reset_ms = event.end.and_then(|_| {
        let end = event.span().end;
        let outlasting = firings.partition_point(|firing| firing.span().end <= end);
        match firings.get(outlasting).filter(|firing| firing.start < end) {
            Some(firing) => firing.end.map(|over| over.since(end)),
            None => Some(0),
        }
    });
    Catch { firing: Some(first), delay_ms: Some(firing.start.since(event.start)), reset_ms }
}
