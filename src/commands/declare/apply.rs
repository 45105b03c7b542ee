//! Owns `slo plan` and `slo apply`: one plan, shown or applied.
//!
//! | `slo plan PATH…` | shows what `apply` would change, and the effect on the budgets; takes the same options |
//! something would change, or is orphaned (2: a manifest is invalid) |
//!
//! | `slo apply PATH… [--prune]` | makes the database match the manifests, all or nothing; `--set NAME`, `--adopt`: see
//! [Keep objectives in Git](../how-to/gitops.md) | a manifest is invalid |

mod decision;
mod recording;

use anyhow::Result;

use crate::cli::{Apply, Plan};
use crate::commands::{Answer, Context, Run};
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::evaluation::consequences;
use crate::exit::ExitStatus;
use crate::render::Looks;
use crate::render::declare::plan::{Outlook, document, markdown, refusal as refusal_document, refusal_markdown, text};
use crate::store::Access;
use decision::{Decision, Given, Planned, Refused, decide};
use recording::carry_out;

impl Run for Plan {
    const NAME: &'static str = "plan";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let exists = context.has_store(Access::Read)?;
        let store = context.store(if exists { Access::Read } else { Access::Scratch })?;
        let given = Given::load(context, &args.apply);
        store.read(|store| match decide(context, &args.apply, &given, store, "there is no plan")? {
            // Without valid manifests, drift cannot be determined.
            Decision::Refused(refused) => Ok(refusal(context, refused).exits(ExitStatus::Error)),
            Decision::Planned(planned) => {
                let drift = planned.plan.is_drift();
                let consequences = consequences(store, &planned.plan, &planned.outcome(), context.as_of)?;
                Ok(show(context, *planned, Some(consequences)).exits(ExitStatus::holds(!drift)))
            }
        })
    }
}

impl Run for Apply {
    const NAME: &'static str = "apply";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        // Before a database is created.
        context.now()?;
        let given = Given::load(context, args);
        let is_new = !context.has_store(Access::Create)?;
        // A refused apply creates no database.
        if is_new {
            let scratch = context.store(Access::Scratch)?;
            context.begin_anew();
            if let Decision::Refused(refused) = decide(context, args, &given, &scratch, "nothing was changed")? {
                context.let_go();
                let exit = refused.status;
                return Ok(refusal(context, refused).exits(exit));
            }
            context.forget();
        }
        let mut store = context.store(Access::Create)?;
        if is_new {
            context.note(&format!("note: created the database {}", store.path().display()));
        }
        // If pages of caches are invalid, it starts again without them; messages of the first attempt are not repeated.
        let decision = store.write_anyway(|store| {
            context.begin_anew();
            let decision = decide(context, args, &given, store, "nothing was changed")?;
            if let Decision::Planned(planned) = &decision {
                carry_out(context, store, &given, planned)?;
            }
            Ok(decision)
        });
        context.let_go();
        Ok(match decision? {
            Decision::Refused(refused) => {
                let exit = refused.status;
                refusal(context, refused).exits(exit)
            }
            Decision::Planned(planned) => show(context, *planned, None),
        })
    }
}

/// Shows a plan with its effect on the budgets, or that it was applied.
fn show(context: &Context<'_>, planned: Planned, consequences: Option<Vec<Consequence>>) -> Answer {
    let Planned { plan, problems, .. } = planned;
    let done = consequences.is_none();
    // Drift is the answer of a plan.
    let has_nothing = context.quiet && (done || !plan.is_drift());
    let outlook = Outlook { plan, consequences, problems, as_of: context.as_of, done };
    let looks = Looks::of(outlook).document(document).markdown(|it, _| markdown(it));
    looks.text(move |it, _, canvas| if has_nothing { String::new() } else { text(it, canvas) }).into()
}

/// People saw the problems on standard error; programs and pages get them as the answer.
fn refusal(context: &Context<'_>, refused: Refused) -> Answer {
    let as_of = context.as_of;
    let looks = Looks::of(refused).document(move |it| refusal_document(&it.set, &it.problems, as_of));
    looks.text(|_, _, _| String::new()).markdown(|it, _| refusal_markdown(&it.set, &it.problems)).into()
}
