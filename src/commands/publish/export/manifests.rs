//! Owns `slo export manifests`: the declared objects, as YAML that applies to an empty database.
//!
//! | `slo export manifests` | every declared object as YAML; `--format openslo`; `--system`, `-l` | |

use anyhow::Result;

use crate::cli::{ExportManifests, ManifestFormat, Output};
use crate::commands::{Answer, Context, Forms, Run, selection};
use crate::domain::plan::extract::{Extract, concerns, extract};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::failure::Failure;
use crate::render::declare::manifest::{openslo, text};
use crate::store::{Access, Store};

impl Run for ExportManifests {
    const NAME: &'static str = "manifests";
    const FORMS: Forms = Forms::Only(&[Output::Yaml], "manifests are written as YAML", "use -o yaml (the default)");

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let part = context.store(Access::Read)?.read(|store| selected(store, args))?;
        if part.objects.is_empty() {
            let what = if args.system.is_none() && args.selector.is_none() { "at all" } else { "that matches" };
            return Err(Failure::new(
                format!("the database holds no declared object {what}"),
                "`slo list objectives` and `slo list systems` list them; `slo init` writes a manifest to start from",
            ));
        }
        if !part.undeclared.is_empty() {
            let names: Vec<&str> = part.undeclared.iter().map(Name::as_str).collect();
            context.note(&format!(
            "note: only the journal knows {}; each is declared here by its name, so that this applies to an empty database",
            names.join(", ")
        ));
        }
        Ok(Answer::text(match args.format {
            ManifestFormat::Slo => text(&part.objects),
            ManifestFormat::Openslo => {
                let export = openslo::export(&part.objects);
                for note in &export.notes {
                    context.note(&format!("note: {note}"));
                }
                export.text
            }
        }))
    }
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
