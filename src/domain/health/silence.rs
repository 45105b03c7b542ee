//! Owns step 3, silence: a stream whose last fact is an old `healthy` is `unknown` until its next fact. Silence never
//! ends an outage.

use super::transition::{Status, Transition};
use crate::domain::value::instant::Instant;

/// When a transition goes stale without another one; `None` if never.
fn stale_at(transition: Transition, stale_after_ms: Option<i64>) -> Option<Instant> {
    stale_after_ms.filter(|_| transition.status == Status::Healthy).map(|stale_after| transition.at.plus(stale_after))
}

/// Calls `each` for every change of one stream, oldest first, up to `through`: its transitions, and when they go stale.
pub(crate) fn each_change(
    transitions: &[Transition],
    stale_after_ms: Option<i64>,
    through: Instant,
    mut each: impl FnMut(Instant, Status),
) {
    for (index, transition) in transitions.iter().enumerate() {
        each(transition.at, transition.status);
        if let Some(stale_at) = stale_at(*transition, stale_after_ms) {
            let next = transitions.get(index + 1).map_or(through, |next| next.at.plus(-1));
            if stale_at <= next {
                each(stale_at, Status::Unknown);
            }
        }
    }
}
