//! Owns `slo status`: every selected objective, worst first.
//!
//! | `slo status [NAME…]` | every objective, worst first, and what is down or in maintenance now; `--by label:team` summarizes
//! groups, `--period` looks at a period | |

use std::ffi::OsStr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use crate::cli::Status;
use crate::clock;
use crate::commands::{Answer, Context, Run, period, selection};
use crate::domain::budget::report::{ObjectiveReport, worst_first};
use crate::domain::value::instant::Instant;
use crate::exit::ExitStatus;
use crate::render::Looks;
use crate::render::form::moment::zoned_second;
use crate::render::look::status::{Grouped, document, sheet};
use crate::store::Access;

/// Clears the screen and moves the cursor to the top.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

impl Run for Status {
    const NAME: &'static str = "status";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let Some(every) = args.watch else {
            return draw(context, args, context.as_of);
        };
        let began = context.now()?;
        let dumb = context.env.get(OsStr::new("TERM")).is_some_and(|term| term == "dumb");
        loop {
            let as_of = context.as_of.plus(clock::now().since(began));
            let drawn = draw(context, args, as_of)?;
            let text = context.drawn(drawn)?;
            let clear = if context.canvas.width.is_some() && !dumb { CLEAR } else { "" };
            let shown = context.stdout.write_all(format!("{clear}{text}\n{}\n", zoned_second(as_of)).as_bytes());
            if !crate::commands::written(shown.and_then(|()| context.stdout.flush()))? {
                return Ok(Answer::written(ExitStatus::Pass));
            }
            std::thread::sleep(Duration::from_millis(every.unsigned_abs()));
        }
    }
}

fn draw(context: &mut Context<'_>, args: &Status, as_of: Instant) -> Result<Answer> {
    let wanted = period::wanted(&args.over, context, as_of)?;
    let store = context.store(Access::Read)?;
    let (mut reports, frame) = store.read(|store| {
        period::reports_in(store, selection::objectives(store, &args.selection)?, wanted.as_ref(), as_of)
    })?;
    worst_first(&mut reports);
    selection::tell_none(context, reports.is_empty());
    if let Some(by) = &args.by {
        let looks = Looks::of(Grouped::of(reports, by.clone(), frame)).document(move |it| it.document(as_of));
        return Ok(looks.text(Grouped::text).markdown(|it, _| it.markdown()).into());
    }
    let (canvas, reports): (_, Rc<[ObjectiveReport]>) = (context.canvas, reports.into());
    let looks = Looks::of(reports).document(move |it| Ok(document(it, as_of)));
    Ok(looks.sheet(move |it, wide| sheet(it, frame.as_ref(), wide, canvas)).into())
}
