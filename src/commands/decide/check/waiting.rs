//! Owns waiting until a check passes: it is asked again and again, each time as of the moment it is.

use std::time::Duration;

use anyhow::Result;

use crate::clock::{self, Stopwatch};
use crate::commands::Context;
use crate::domain::rules::finding::Finding;
use crate::domain::value::instant::Instant;
use crate::domain::value::period::Frame;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::store::{Access, Store};

/// How long it waits before it asks again.
const PAUSE: Duration = Duration::from_secs(5);

/// How waiting has ended.
pub(super) enum Waited {
    /// It passes, or time is up: what was found last, and over which period.
    Over((Vec<Finding>, Option<Frame>)),
    Stopped(Signal),
}

/// Asks once, or with `wait_ms` until nothing that is found is firing, for so many milliseconds at the most. The context's as-of
/// becomes the moment of the last answer.
///
/// # Errors
/// Those of asking, and when as-of is fixed, so that waiting would change nothing.
pub(super) fn until_it_passes(
    wait_ms: Option<i64>,
    context: &mut Context<'_>,
    ask: impl Fn(&Store, Instant) -> Result<(Vec<Finding>, Option<Frame>)>,
) -> Result<Waited> {
    if wait_ms.is_some() && context.is_fixed() {
        return Err(Failure::new(
            "--wait waits for later facts, which do not exist as of a fixed time",
            "leave out --wait, or --as-of and SLO_AS_OF",
        ));
    }
    let signals = if wait_ms.is_some() { context.signals()? } else { None };
    let (began, started) = (Stopwatch::start(), context.as_of);
    let limit = Duration::from_millis(wait_ms.unwrap_or(0).unsigned_abs());
    loop {
        let as_of = context.as_of;
        let found = context.store(Access::Read)?.read(|store| ask(store, as_of))?;
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() || !found.0.iter().any(|finding| finding.firing) {
            return Ok(Waited::Over(found));
        }
        if let Some(signal) = clock::pause(PAUSE.min(left), signals.as_ref()) {
            return Ok(Waited::Stopped(signal));
        }
        context.as_of = started.plus(began.elapsed().as_millis() as i64);
    }
}
