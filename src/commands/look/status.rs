//! Owns `slo status`: every selected objective, worst first.
//!
//! | `slo status [NAME…]` | every objective, worst first, and what is down or in maintenance now; `--by label:team` summarizes
//! groups, `--period` looks at a period | |

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use crate::cli::Status;
use crate::clock;
use crate::commands::{Answer, Context, Run, period, selection};
use crate::domain::budget::report::{ObjectiveReport, worst_first};
use crate::domain::value::instant::Instant;
use crate::evaluation::maintained_besides;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::form::moment::zoned_second;
use crate::render::look::status::{Grouped, document, markdown, sheet};

/// Clears the screen and moves the cursor to the top.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

impl Run for Status {
    const NAME: &'static str = "status";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let Some(every) = args.watch else {
            return draw(context, args, context.as_of);
        };
        let began = context.now()?;
        if context.is_fixed() {
            return Err(Failure::new(
                "--watch shows later facts, which do not exist as of a fixed time",
                "omit --watch, or --as-of and SLO_AS_OF",
            ));
        }
        let for_programs = context.form().is_for_programs();
        let dumb = context.env.get(OsStr::new("TERM")).is_some_and(|term| term == "dumb");
        loop {
            let as_of = context.as_of.plus(clock::now().since(began));
            let drawn = draw(context, args, as_of)?;
            let text = context.drawn(drawn)?;
            let clear = if context.canvas.width.is_some() && !dumb { CLEAR } else { "" };
            // Documents contain the time.
            let clock = if for_programs { String::new() } else { format!("\n{}\n", zoned_second(as_of)) };
            let shown = context.stdout.write_all(format!("{clear}{text}{clock}").as_bytes());
            if !crate::commands::written(shown.and_then(|()| context.stdout.flush()))? {
                return Ok(Answer::written(ExitStatus::Pass));
            }
            std::thread::sleep(Duration::from_millis(every.unsigned_abs()));
        }
    }
}

fn draw(context: &mut Context<'_>, args: &Status, as_of: Instant) -> Result<Answer> {
    let wanted = period::wanted(&args.over, context, as_of)?;
    // People who ask for everything also want to know of systems without objectives.
    let shows_all =
        args.selection.is_all() && args.by.is_none() && wanted.is_none() && !context.form().is_for_programs();
    let (mut reports, frame, besides) = context.read(args.watch.is_none(), |store| {
        let objectives = selection::objectives(store, &args.selection)?;
        let (reports, frame) = period::reports_in(store, objectives, wanted.as_ref(), as_of)?;
        let besides = if shows_all { maintained_besides(store, &reports, as_of)? } else { BTreeMap::new() };
        Ok((reports, frame, besides))
    })?;
    worst_first(&mut reports);
    selection::tell_none(context, reports.is_empty(), &args.selection);
    if let Some(by) = &args.by {
        let looks = Looks::of(Grouped::of(reports, by.clone(), frame)).document(move |it| it.document(as_of));
        return Ok(looks.text(Grouped::text).markdown(|it, _| it.markdown()).into());
    }
    let (canvas, reports): (_, Rc<[ObjectiveReport]>) = (context.canvas, reports.into());
    let looks = Looks::of(reports).document(move |it| Ok(document(it, as_of)));
    let besides = Rc::new(besides);
    let of_page = Rc::clone(&besides);
    let looks = looks.sheet(move |it, wide| sheet(it, (frame.as_ref(), &besides), wide, canvas));
    Ok(looks.markdown(move |it, _| markdown(it, (frame.as_ref(), &of_page))).into())
}
