//! Owns waiting until a check passes: it is repeated, each time as of the current time.

use std::time::Duration;

use anyhow::Result;

use super::judging::Judged;
use crate::clock::{self, Stopwatch};
use crate::commands::Context;
use crate::domain::value::instant::Instant;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::store::Store;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_secs(5);

/// How waiting ended.
pub(super) enum Waited {
    /// It passes, or time is up: what was found last.
    Over(Judged),
    Stopped(Signal),
}

/// Checks once or, with `wait_ms`, until nothing is firing, for at most that long. The context's as-of becomes the time
/// of the last check.
///
/// # Errors
/// If as-of is fixed, among others: then waiting would change nothing.
pub(super) fn until_it_passes(
    wait_ms: Option<i64>,
    context: &mut Context<'_>,
    ask: impl Fn(&Store, Instant) -> Result<Judged>,
) -> Result<Waited> {
    if wait_ms.is_some() && context.is_fixed() {
        return Err(Failure::new(
            "--wait waits for later facts, which do not exist as of a fixed time",
            "omit --wait, or --as-of and SLO_AS_OF",
        ));
    }
    let signals = if wait_ms.is_some() { context.signals()? } else { None };
    let (began, started) = (Stopwatch::start(), context.as_of);
    let limit = Duration::from_millis(wait_ms.unwrap_or(0).unsigned_abs());
    loop {
        let as_of = context.as_of;
        let found = context.read(wait_ms.is_none(), |store| ask(store, as_of))?;
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() || !found.findings.iter().any(|finding| finding.firing) {
            return Ok(Waited::Over(found));
        }
        if let Some(signal) = clock::pause(PAUSE.min(left), signals.as_ref()) {
            return Ok(Waited::Stopped(signal));
        }
        context.as_of = started.plus(began.elapsed().as_millis() as i64);
    }
}
