//! Owns `slo badge`: one objective as a small image for a README.
//!
//! | `slo badge NAME` | one objective as an SVG badge: `--show availability`, `budget`, `state` or `streak`;
//! `--label TEXT` | |

use anyhow::Result;

use crate::cli::{Badge, BadgeShow};
use crate::commands::{Answer, Context, Run, period, selection};
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::look::badge::{Picture, Show};
use crate::store::Access;

impl Run for Badge {
    const NAME: &'static str = "badge";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let wanted = period::wanted(&args.over, context, as_of)?;
        let store = context.store(Access::Read)?;
        let (found, frame) = store.read(|store| {
            let stored = selection::objective(store, &args.name)?;
            period::reports_in(store, vec![stored], wanted.as_ref(), as_of)
        })?;
        let report = found.into_iter().next();
        let report = report.ok_or_else(|| Failure::new("nothing to show", "`slo list objectives` lists them"))?;
        let show = match args.show {
            BadgeShow::State => Show::State,
            BadgeShow::Availability => Show::Availability,
            BadgeShow::Budget => Show::Budget,
            BadgeShow::Streak => Show::Streak,
        };
        let named = frame.map(|frame| format!("{} {}", report.objective, frame.period));
        let picture = Picture::of(&report, show, args.label.as_deref().or(named.as_deref()));
        Ok(Looks::of(picture).document(move |it| it.document(as_of)).words(Picture::svg).into())
    }
}
