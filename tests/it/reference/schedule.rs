//! Owns which instants an objective's schedule counts (SPEC 4), by looking at local time.

use std::collections::BTreeSet;

use super::calendar::{DAY, MINUTE, Ms, instant, rfc3339, weekday};
use crate::world::{Objective, Shift};

/// Whether an instant counts.
pub(crate) fn is_counted(objective: &Objective, at: Ms) -> bool {
    // Times before all calendars are irrelevant.
    if objective.schedule.is_empty() || at < 0 {
        return true;
    }
    let local = objective.zone().to_local(at);
    let (date, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let contains = |shift: &Shift| {
        let (after, before) = (shift.after.unwrap_or(0) * MINUTE, shift.before.map_or(DAY, |before| before * MINUTE));
        let hours = if after <= before { after <= time && time < before } else { after <= time || time < before };
        hours && (shift.days.is_empty() || shift.days.contains(&weekday(date))) && !shift.except.contains(&date)
    };
    objective.schedule.iter().any(contains)
}

/// All instants from `since` to `until` at which time begins or stops to count, and `since`.
pub(crate) fn edges(objective: &Objective, since: Ms, until: Ms) -> BTreeSet<Ms> {
    if objective.schedule.is_empty() {
        return BTreeSet::new();
    }
    let times: BTreeSet<Ms> =
        objective.schedule.iter().flat_map(|shift| [Some(0), shift.after, shift.before]).flatten().collect();
    let dates = since.max(0).div_euclid(DAY)..until.div_euclid(DAY) + 2;
    let passes = dates.flat_map(|date| times.iter().flat_map(move |time| objective.zone().passes(date, time * MINUTE)));
    let passes: BTreeSet<Ms> = passes.collect();
    // An instant without a change is not an edge; it would only cost time.
    let changes = passes.into_iter().filter(|at| is_counted(objective, *at) != is_counted(objective, at - 1));
    changes.chain([since]).collect()
}

#[test]
fn office_hours_keep_their_local_times_where_clocks_change() {
    use super::calendar::Zone;
    use crate::world::Window;
    let shift = Shift { days: vec![0, 1, 2, 3, 4], after: Some(9 * 60), before: Some(17 * 60), except: vec![20_753] };
    let window = Window::Rolling { days: 7 };
    let objective =
        Objective { timezone: Zone::Berlin, schedule: vec![shift], ..Objective::new("o", "s", 99_000_000, window) };
    let edges = edges(&objective, instant("2026-10-23T00:00:00Z"), instant("2026-10-28T00:00:00Z"));
    let near = edges.into_iter().map(rfc3339).filter(|at| at.as_str() > "2026-10-23T01" && at.as_str() < "2026-10-29");
    let expected = [
        "2026-10-23T07:00:00.000Z",
        "2026-10-23T15:00:00.000Z",
        "2026-10-26T08:00:00.000Z",
        "2026-10-26T16:00:00.000Z",
        "2026-10-28T08:00:00.000Z",
        "2026-10-28T16:00:00.000Z",
    ];
    assert_eq!(near.collect::<Vec<_>>(), expected, "Tuesday, the 27th, is left out");
}
