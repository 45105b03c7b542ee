//! Owns `slo trend`: objectives, day by day.
//!
//! | `slo trend [NAME…]` | objectives day by day, each day at its close, in the objective's time zone; `--days 30`, or `--since` and `--until`
//! | |

use anyhow::Result;

use crate::cli::Trend;
use crate::commands::{Answer, Context, Run, range, selection};
use crate::domain::value::instant::Instant;
use crate::evaluation::trend;
use crate::render::Looks;
use crate::render::look::trend::{document, sheet};
use crate::store::Access;

impl Run for Trend {
    const NAME: &'static str = "trend";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let [since, until] = range::past(args.since.as_deref(), args.until.as_deref(), as_of)?;
        // Later facts do not change finished days, but they do not exist as of then.
        let until = until.unwrap_or(as_of).min(as_of);
        let store = context.store(Access::Read)?;
        let mut is_none = true;
        let snapshots = store.read(|store| {
            let mut found = Vec::new();
            for stored in selection::in_order(store, &args.names, &args.filter)? {
                is_none = false;
                let calendar = stored.objective.window.calendar();
                let after = since.unwrap_or_else(|| calendar.days_before(until, args.days.into()));
                let of_it = trend(store, stored, after.max(Instant::MIN), as_of)?;
                found.extend(of_it.into_iter().filter(|snapshot| snapshot.at <= until));
            }
            Ok(found)
        })?;
        if is_none {
            context.note(selection::NO_MATCH);
        } else if snapshots.is_empty() {
            context.note("no midnight since the system's first transition is in this range");
        }
        Ok(Looks::of(snapshots).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it)).into())
    }
}
