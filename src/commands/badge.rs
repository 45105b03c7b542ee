//! Owns `slo badge`: one objective as a small picture for a README.

use anyhow::Result;

use super::{Context, Run, selection};
use crate::cli::{Badge, BadgeShow};
use crate::evaluation::reports;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::badge::{Picture, Show};
use crate::render::{Form, Sheet};
use crate::store::Access;

impl Run for Badge {
    const NAME: &'static str = "badge";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let found = store.read(|store| reports(store, vec![selection::objective(store, &args.name)?], as_of))?;
        let report = found.into_iter().next();
        let report =
            report.ok_or_else(|| Failure::new("nothing to show", "`slo list objectives` shows what there is"))?;
        let show = match args.show {
            BadgeShow::State => Show::State,
            BadgeShow::Availability => Show::Availability,
            BadgeShow::Budget => Show::Budget,
            BadgeShow::Streak => Show::Streak,
        };
        let picture = Picture::of(&report, show, args.label.as_deref());
        match context.form() {
            Form::Json | Form::Yaml | Form::Csv { .. } => {
                context.answer(&picture.document(as_of)?, |_| Sheet::new())?;
            }
            Form::Table | Form::Wide | Form::Markdown => context.say(&picture.svg())?,
        }
        Ok(ExitStatus::Pass)
    }
}
