//! Owns `slo log`: who applied which manifests when, what changed, and which facts were deleted or moved.
//!
//! | `slo log [NAME…]` | who applied which manifests when, what that changed, and which facts were deleted or moved, newest
//! first; `--set NAME`, `-n 20` | |

use std::collections::BTreeSet;

use anyhow::Result;

use crate::cli::{Log, Output};
use crate::commands::{Answer, Context, Run};
use crate::domain::plan::applied::Logged;
use crate::domain::value::name::Name;
use crate::domain::value::wording::counted;
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::render::Looks;
use crate::render::declare::log::{document, sheet, text};
use crate::store::{Access, Store};

impl Run for Log {
    const NAME: &'static str = "log";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let names = args.objects.iter().map(|name| {
            Name::parse(name)
                .map_err(|error| Failure::new(format!("{name:?}: {error}"), "name an object, as manifests do"))
        });
        let names: Vec<Name> = names.collect::<Result<_>>()?;
        let store = context.store(Access::Read)?;
        let records = store.read(|store| {
            if let Some(set) = &args.set {
                check_set(store, set)?;
            }
            check_names(store, &names)?;
            let most = args.last as usize;
            let applies = store.applies(args.set.as_ref(), &names, most)?;
            // The journal belongs to no set.
            let rewrites = if args.set.is_none() { store.rewrites(&names, most)? } else { Vec::new() };
            Ok(Logged::newest(applies, rewrites, most))
        })?;
        if records.is_empty() {
            context.note("no matching applies; `slo apply PATH` declares objects");
        }
        let rewrites = records.iter().filter(|record| matches!(record, Logged::Rewrite(_))).count();
        if rewrites > 0 && context.output == Some(Output::Csv) {
            context.note(&format!(
                "note: CSV has the applies; the other forms also have {} to the journal",
                counted(rewrites, "change")
            ));
        }
        let as_of = context.as_of;
        let looks = Looks::of(records).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it));
        Ok(looks.text(|it, wide, canvas| text(it, wide, canvas)).into())
    }
}

fn check_set(store: &Store, set: &Name) -> Result<()> {
    let sets = store.sets()?;
    if sets.contains(set) {
        return Ok(());
    }
    let guess = did_you_mean(set.as_str(), sets.iter().map(Name::as_str));
    let hint = if guess.is_empty() { "`slo list sets` lists them".to_owned() } else { guess };
    Err(Failure::new(format!("there is no set {:?}", set.as_str()), hint))
}

/// Deleted objects still have a log.
fn check_names(store: &Store, names: &[Name]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<Name> = store.names_ever()?.into_iter().chain(store.rewritten_names()?).collect();
    let Some(unknown) = names.iter().find(|name| !known.contains(*name)) else { return Ok(()) };
    let guess = did_you_mean(unknown.as_str(), known.iter().map(Name::as_str));
    let hint = if guess.is_empty() { "`slo log` shows all applies".to_owned() } else { guess };
    Err(Failure::new(format!("there is no object {:?}, and there never was", unknown.as_str()), hint))
}
