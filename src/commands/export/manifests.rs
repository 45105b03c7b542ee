//! Owns `slo export manifests`: the declared objects, as YAML that applies to an empty database.

use anyhow::Result;

use crate::cli::{ExportManifests, ManifestFormat, Output};
use crate::commands::Context;
use crate::commands::selection;
use crate::domain::plan::extract::{Extract, concerns, extract};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::manifest::{openslo, text};
use crate::store::{Access, Store};

pub(super) fn run(context: &mut Context<'_>, args: &ExportManifests) -> Result<ExitStatus> {
    if !matches!(context.output, None | Some(Output::Yaml)) {
        return Err(Failure::new("manifests are written as YAML", "use -o yaml (the default)"));
    }
    let part = context.store(Access::Read)?.read(|store| selected(store, args))?;
    if part.objects.is_empty() {
        let what = if args.system.is_none() && args.selector.is_none() { "at all" } else { "that matches" };
        return Err(Failure::new(
            format!("the database holds no declared object {what}"),
            "`slo list objectives` and `slo list systems` show what there is; `slo init` writes a manifest to start from",
        ));
    }
    if !part.undeclared.is_empty() {
        let names: Vec<&str> = part.undeclared.iter().map(Name::as_str).collect();
        context.note(&format!(
            "note: only the journal knows {}; each is declared here by its name, so that this applies to an empty database",
            names.join(", ")
        ));
    }
    match args.format {
        ManifestFormat::Slo => context.say(&text(&part.objects))?,
        ManifestFormat::Openslo => {
            let export = openslo::export(&part.objects);
            for note in &export.notes {
                context.note(&format!("note: {note}"));
            }
            context.say(&export.text)?;
        }
    }
    Ok(ExitStatus::Pass)
}

fn selected(store: &Store, args: &ExportManifests) -> Result<Extract> {
    let selector = selection::labels(args.selector.as_deref())?;
    if let Some(system) = &args.system {
        selection::systems(store, std::slice::from_ref(system))?;
    }
    let mut all: Vec<Object> = Vec::new();
    for kind in Kind::ALL {
        all.extend(store.objects(kind)?.into_iter().map(|stored| stored.held.object));
    }
    Ok(extract(&all, |object| {
        args.system.as_deref().is_none_or(|system| concerns(object, system))
            && selector.as_ref().is_none_or(|selector| selector.matches(&object.metadata().labels))
    }))
}
