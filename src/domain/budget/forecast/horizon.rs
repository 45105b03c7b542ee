//! Owns the horizon of a forecast: the time after which nothing known changes any more.
//!
//! Without further facts, statuses change until the last stream is silent. An objective that is up then stays up, and
//! one window later all its downtime has left the window. An objective that is down then stays down, and only
//! maintenance changes anything: until the last planned window ends, plus one window. Maintenance that recurs forever
//! never stops changing it, but mostly covers too little to matter: if it covers less of any window than the target
//! requires, a window that is down throughout exhausts the budget, breaches, and is not full at any of its ends.
//! Otherwise the forecast looks as far ahead as the clocks of zones are known. A schedule recurs forever, too: if every
//! window has some of its hours, all counted time is downtime.

use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::budget::balance::Budget;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;

/// Until when the clocks of all zones are known: their tables end with 2099, and recurrences by local time are
/// uncertain after that.
const CLOCKS_KNOWN_UNTIL: Instant = Instant::from_millis(4_102_444_800_000);

/// The last instant that a forecast as of `as_of` has to consider.
pub(super) fn of<F, E>(
    model: &Model,
    budget: &Budget,
    as_of: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Instant, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let Window::Rolling { .. } = model.objective.window else {
        // The next period has a new budget, so the last millisecond of this one is the latest result.
        return Ok(budget.window.end.plus(-1).min(Instant::MAX));
    };
    let window_ms = budget.window.millis();
    let settled = chronicle.settled(model, as_of)?.max(as_of);
    let last = chronicle.pieces(model, Span::new(settled, settled.plus(1)))?;
    let is_down = last.last().is_some_and(|piece| piece.down);
    let ahead = model.maintenance.ahead();
    let settled = if is_down { settled.max(ahead.settled) } else { settled };
    if is_down && !is_certain(model, budget) {
        return Ok(CLOCKS_KNOWN_UNTIL.max(settled.plus(window_ms)).min(Instant::MAX));
    }
    Ok(settled.plus(window_ms).min(Instant::MAX))
}

/// Whether every window that is down throughout exhausts and breaches the budget.
fn is_certain(model: &Model, budget: &Budget) -> bool {
    let (endless, always) = (model.maintenance.ahead().endless, model.timetable.is_always());
    match (endless, always) {
        (false, true) => true,
        (true, true) => is_too_little(model.maintenance.most_endless_ms(budget.window.millis()), budget),
        // All counted time is down.
        (false, false) => model.objective.schedule.reaches_every(model.objective.window),
        (true, false) => false,
    }
}

/// Whether this much maintenance in a window that is down throughout leaves more downtime than the target allows.
fn is_too_little(maintenance_ms: i64, budget: &Budget) -> bool {
    let wanted = i128::from(WHOLE - budget.target.error_share()) * i128::from(budget.window.millis());
    i128::from(maintenance_ms) * i128::from(WHOLE) < wanted
}
