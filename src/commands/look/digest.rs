//! Owns `slo digest`: one week of all objectives, to paste or mail.
//!
//! | `slo digest` | one week: the state of objectives, downtime by cause, what changed; `--week 2026-W47`, `last`;
//! `-o markdown` for pasting, `-o html` for mail | |

use anyhow::Result;

use crate::cli::{Digest, Output};
use crate::commands::{Answer, Context, Forms, Run, selection};
use crate::domain::value::instant::Instant;
use crate::domain::value::week::Week;
use crate::evaluation::digest;
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::form::moment::zoned;
use crate::render::look::digest::{document, html, markdown, text};
use crate::store::Access;

impl Run for Digest {
    const NAME: &'static str = "digest";
    const FORMS: Forms = Forms::Usual(&[Output::Html]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let week = week(args.week.as_deref(), context.as_of)?;
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let digest = store.read(|store| {
            let objectives = selection::objectives(store, &args.selection)?;
            if objectives.is_empty() {
                return Err(selection::nothing(store, "summarize"));
            }
            digest(store, objectives, week, as_of)
        })?;
        let looks = Looks::of(digest).document(document).text(|it, _, canvas| text(it, canvas));
        Ok(looks.markdown(|it, _| markdown(it)).html(html).into())
    }
}

/// The requested week; by default the current one, up to `as_of`.
///
/// # Errors
/// If it is invalid or has not begun.
fn week(text: Option<&str>, as_of: Instant) -> Result<Week> {
    // As of the end of a week, that week is reported.
    let current = Week::containing(as_of.plus(-1));
    let week = match text {
        None | Some("this") => return Ok(current),
        Some("last") => return Ok(current.previous()),
        Some(text) => Week::parse(text)
            .ok_or_else(|| Failure::new(format!("invalid week {text:?}"), "expected e.g. 2026-W47, last or this"))?,
    };
    if week.span().start >= as_of {
        return Err(Failure::new(
            format!("week {week} has not begun; it begins {}", zoned(week.span().start)),
            format!("the current week is {current}"),
        ));
    }
    Ok(week)
}
