//! Owns step 2, thresholds: how many facts a stream needs before its status changes.
//!
//! An `unknown` fact says nothing about health: the stream is unknown from then on, runs end there, and windows leave
//! it out. Facts keep their times, so silence is not affected.

use super::transition::{Status, Transition};

/// The declared thresholds of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Thresholds {
    /// The consecutive facts required for a status; each is at least 1, and `degraded` at most `unhealthy`.
    Consecutive { healthy: u32, degraded: u32, unhealthy: u32 },
    /// The facts among the last `size` that must not be healthy; `degraded` is at most `unhealthy`, and that at most
    /// `size`.
    Window { size: u32, degraded: u32, unhealthy: u32 },
}

/// A stream of facts, passed through thresholds one by one.
pub(crate) struct Passage {
    thresholds: Thresholds,
    status: Status,
    /// Whether facts before the first one passed can no longer matter.
    is_settled: bool,
    /// Whether a run of unhealthy facts cannot have begun before the first one passed.
    is_cut: bool,
    /// The lengths of the current runs of healthy, of not healthy, and of unhealthy facts.
    healthy: u32,
    ill: u32,
    unhealthy: u32,
    /// A ring of whether each of the window's facts was healthy, and how many were not.
    window: Vec<bool>,
    seen: usize,
    ill_in_window: u32,
}

impl Passage {
    /// Starts at the first fact of a stream or, if `is_first` is false, at any fact.
    pub(crate) fn new(thresholds: Thresholds, is_first: bool) -> Self {
        let window = Vec::new();
        let (status, is_settled, is_cut) = (Status::Unknown, is_first, is_first);
        let (healthy, ill, unhealthy, seen, ill_in_window) = (0, 0, 0, 0, 0);
        Self { thresholds, status, is_settled, is_cut, healthy, ill, unhealthy, window, seen, ill_in_window }
    }

    /// The status of the stream from the next fact on; `None` while it depends on facts before the first one passed.
    pub(crate) fn pass(&mut self, fact: Transition) -> Option<Transition> {
        match self.thresholds {
            Thresholds::Consecutive { healthy, degraded, unhealthy } => {
                self.count(fact.status);
                self.decide_by_row(fact.status, healthy, degraded, unhealthy);
            }
            Thresholds::Window { size, degraded, unhealthy } => {
                self.slide(fact.status, size as usize);
                self.status = match self.ill_in_window {
                    _ if fact.status == Status::Unknown => Status::Unknown,
                    ill if ill >= unhealthy => Status::Unhealthy,
                    ill if ill >= degraded => Status::Degraded,
                    _ => Status::Healthy,
                };
                // Once the window is full, earlier facts have left it.
                self.is_settled |= self.seen >= size as usize;
            }
        }
        self.is_settled.then_some(Transition { status: self.status, ..fact })
    }

    fn count(&mut self, status: Status) {
        let next = |row: u32, goes_on: bool| if goes_on { row.saturating_add(1) } else { 0 };
        self.healthy = next(self.healthy, status == Status::Healthy);
        self.ill = next(self.ill, status.is_outage());
        self.unhealthy = next(self.unhealthy, status == Status::Unhealthy);
        self.is_cut |= !status.is_outage();
    }

    /// The worst status that the last facts support, if any. Runs that include the first fact passed may be longer than
    /// known; their status is certain only if no worse one is possible.
    fn decide_by_row(&mut self, status: Status, healthy: u32, degraded: u32, unhealthy: u32) {
        let supported = if self.unhealthy >= unhealthy {
            Some(Status::Unhealthy)
        } else if self.ill >= degraded {
            // If all of them are unhealthy and the run may be longer, it may support unhealthy.
            let is_certain = self.is_cut || self.unhealthy < self.ill;
            Some(Status::Degraded).filter(|_| is_certain)
        } else if self.healthy >= healthy {
            Some(Status::Healthy)
        } else if status == Status::Unknown {
            Some(Status::Unknown)
        } else {
            None
        };
        if let Some(supported) = supported {
            (self.status, self.is_settled) = (supported, true);
        }
    }

    fn slide(&mut self, status: Status, size: usize) {
        if status == Status::Unknown {
            return;
        }
        let is_ill = status.is_outage();
        let place = self.seen % size;
        if place < self.window.len() {
            self.ill_in_window -= u32::from(std::mem::replace(&mut self.window[place], is_ill));
        } else {
            self.window.push(is_ill);
        }
        self.ill_in_window += u32::from(is_ill);
        self.seen += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::instant::Instant;

    fn passed(thresholds: Thresholds, statuses: &[Status], from: usize) -> Vec<Option<Status>> {
        let mut passage = Passage::new(thresholds, from == 0);
        let fact = |(at, status): (usize, &Status)| Transition { at: Instant::from_millis(at as i64), status: *status };
        statuses[from..].iter().enumerate().map(fact).map(|fact| Some(passage.pass(fact)?.status)).collect()
    }

    #[test]
    fn three_in_a_row_at_a_minutes_pace() {
        use Status::{Degraded as D, Healthy as H, Unhealthy as U, Unknown as N};
        let three = Thresholds::Consecutive { healthy: 1, degraded: 3, unhealthy: 3 };
        let said = |statuses: &[Status]| passed(three, statuses, 0).into_iter().map(Option::unwrap).collect::<Vec<_>>();
        assert_eq!(said(&[H, U, U, H, U, U, U, U, H]), [H, H, H, H, H, H, U, U, H]);
        // Mixed facts support at most degraded; unknown ends a run and takes effect at once.
        assert_eq!(said(&[H, U, D, U, U, U]), [H, H, H, D, D, U]);
        assert_eq!(said(&[H, U, U, N, U, U, U]), [H, H, H, N, N, N, U]);
        assert_eq!(said(&[U, U, U]), [N, N, U]);
        let window = Thresholds::Window { size: 4, degraded: 2, unhealthy: 3 };
        let said = passed(window, &[U, H, D, N, U, H, H, H], 0);
        assert_eq!(said, [H, H, D, N, U, D, D, H].map(Some));
    }

    fn thresholds() -> impl Strategy<Value = Thresholds> {
        let consecutive = (1..4_u32, 1..4_u32, 0..3_u32).prop_map(|(healthy, degraded, more)| {
            Thresholds::Consecutive { healthy, degraded, unhealthy: degraded + more }
        });
        let window = (1..4_u32, 0..3_u32, 0..3_u32).prop_map(|(degraded, more, rest)| Thresholds::Window {
            size: degraded + more + rest,
            degraded,
            unhealthy: degraded + more,
        });
        prop_oneof![consecutive, window]
    }

    proptest! {
        /// A passage that starts midway returns nothing until it is certain, and then the same as a full one.
        #[test]
        fn what_is_settled_is_so_whatever_came_before(
            thresholds in thresholds(),
            statuses in prop::collection::vec(prop::sample::select(Status::ALL.to_vec()), 1..30),
        ) {
            let whole = passed(thresholds, &statuses, 0);
            prop_assert!(whole.iter().all(Option::is_some));
            for from in 1..statuses.len() {
                let part = passed(thresholds, &statuses, from);
                let settled = part.iter().position(Option::is_some).unwrap_or(part.len());
                prop_assert_eq!(&part[settled..], &whole[from + settled..]);
            }
        }
    }
}
