//! Owns `slo plan` and `slo apply`: the same value, shown or carried out.

mod decision;
mod recording;

use anyhow::Result;

use super::{Context, Run};
use crate::cli::{Apply, Plan};
use crate::evaluation::consequences;
use crate::exit::ExitStatus;
use crate::render::plan::{Outlook, document, markdown, refusal, refusal_markdown, text};
use crate::render::{Form, Sheet};
use crate::store::{Access, Store};
use decision::{Decision, Given, Planned, Refused, decide};
use recording::carry_out;

impl Run for Plan {
    const NAME: &'static str = "plan";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        let exists = context.db_path()?.exists();
        let store = context.store(if exists { Access::Read } else { Access::Scratch })?;
        let given = Given::load(context, &args.apply);
        store.read(|store| match decide(context, &args.apply, &given, store, "there is no plan")? {
            Decision::Refused(refused) => {
                tell(context, &refused)?;
                // Without valid manifests, whether there is drift could not be answered.
                Ok(ExitStatus::Error)
            }
            Decision::Planned(planned) => {
                preview(context, store, &planned)?;
                Ok(ExitStatus::holds(!planned.plan.is_drift()))
            }
        })
    }
}

impl Run for Apply {
    const NAME: &'static str = "apply";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        // Before a database is made.
        context.now()?;
        let is_new = !context.db_path()?.exists();
        let mut store = context.store(Access::Create)?;
        if is_new {
            context.note(&format!("note: there was no database at {}; it has been made", store.path().display()));
        }
        let given = Given::load(context, args);
        // Where pages of caches spoil it, it begins anew without them; what was told of the first attempt is not told twice.
        let decision = store.write_anyway(|store| {
            context.begin_anew();
            let decision = decide(context, args, &given, store, "nothing was changed")?;
            if let Decision::Planned(planned) = &decision {
                carry_out(context, store, &given, planned)?;
            }
            Ok(decision)
        });
        context.let_go();
        match decision? {
            Decision::Refused(refused) => {
                tell(context, &refused)?;
                Ok(refused.status)
            }
            Decision::Planned(planned) => {
                let as_of = context.as_of;
                let outlook =
                    Outlook { plan: &planned.plan, consequences: None, problems: &planned.problems, as_of, done: true };
                show(context, &outlook)?;
                Ok(ExitStatus::Pass)
            }
        }
    }
}

/// Shows a plan with what it would do to the budgets.
fn preview(context: &mut Context<'_>, store: &Store, planned: &Planned) -> Result<()> {
    let (plan, as_of) = (&planned.plan, context.as_of);
    let consequences = consequences(store, plan, &planned.outcome(), as_of)?;
    let (consequences, problems) = (Some(&*consequences), &*planned.problems);
    show(context, &Outlook { plan, consequences, problems, as_of, done: false })
}

fn show(context: &mut Context<'_>, outlook: &Outlook<'_>) -> Result<()> {
    match context.form() {
        Form::Table | Form::Wide => context.say(&text(outlook, context.canvas)),
        Form::Markdown => context.say(&markdown(outlook)),
        _ => context.answer(&document(outlook)?, |_| Sheet::new()),
    }
}

/// People have been told on standard error; programs and pages get it where they look for the answer.
fn tell(context: &mut Context<'_>, refused: &Refused) -> Result<()> {
    match context.form() {
        Form::Table | Form::Wide => Ok(()),
        Form::Markdown => context.say(&refusal_markdown(&refused.set, &refused.problems)),
        _ => context.answer(&refusal(&refused.set, &refused.problems, context.as_of)?, |_| Sheet::new()),
    }
}
