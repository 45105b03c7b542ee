//! Owns `slo init`: a commented manifest to start from.
//!
//! | `slo init [FILE]` | writes a commented manifest for the systems that the journal knows; `--github`, `--gitlab` and
//! `--cron` write files for CI and cron | (2: the file exists, or nothing is left to declare) |

mod files;

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;

use crate::cli::{Init, Output};
use crate::commands::{Answer, Context, Forms, Run};
use crate::domain::health::transition::Source;
use crate::domain::plan::object::Kind;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::trials;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file;
use crate::manifest::{Files, Known};
use crate::render::declare::init::{Starter, text};
use crate::store::Store;

impl Run for Init {
    const NAME: &'static str = "init";
    const FORMS: Forms = Forms::Only(&[Output::Yaml], "a manifest is written as YAML", "use -o yaml (the default)");

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        if let Some(answer) = files::write(args, context)? {
            return Ok(answer);
        }
        let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
        if let Some(path) = file {
            context.refuse_database("FILE", path)?;
        }
        let as_of = context.as_of;
        let store = context.store_if_any()?;
        let found = store.map_or_else(|| Ok(Found::default()), |store| store.read(|store| find(store, as_of)))?;
        if found.starters.is_empty() && found.declared > 0 {
            return Err(Failure::new(
                "every system in the journal already has a manifest",
                "`slo export manifests` writes what the database holds",
            ));
        }
        let manifest = text(&found.starters);
        let Some(path) = file else {
            return Ok(Answer::text(manifest));
        };
        write_new(path, &manifest, "name another file, or none to print the manifest")?;
        let shown = path.display();
        context.note(&format!(
            "wrote {shown}; `{program} apply {shown}` applies it. `{program} schema > slo-v1.schema.json` beside it lets editors \
             complete and check it",
            program = context.program
        ));
        Ok(Answer::written(ExitStatus::Pass))
    }
}

/// The systems of the journal.
#[derive(Default)]
struct Found {
    /// The systems without a manifest.
    starters: Vec<Starter>,
    /// The number of systems with a manifest.
    declared: usize,
}

/// The systems of the journal, each with the target that its history supports.
fn find(store: &Store, as_of: Instant) -> Result<Found> {
    let mut found = starters(store, as_of)?;
    let manifest = Files::given(&[("the new manifest", &text(&found.starters))]);
    let objects =
        manifest.read(&Known::default()).objects.into_iter().map(|declared| Rc::unwrap_or_clone(declared.object));
    let pasts = trials(store, &objects.collect::<Vec<_>>(), as_of)?;
    let pasts = pasts.iter().map(|past| (past.name(), past)).collect::<HashMap<_, _>>();
    for starter in &mut found.starters {
        if let Some(past) = pasts.get(starter.objective()) {
            starter.suggest(past, as_of);
        }
    }
    Ok(found)
}

fn starters(store: &Store, as_of: Instant) -> Result<Found> {
    let names = |kind| -> Result<BTreeSet<Name>> {
        Ok(store.objects(kind)?.into_iter().map(|stored| stored.held.object.name().clone()).collect())
    };
    let (systems, objectives) = (names(Kind::System)?, names(Kind::Objective)?);
    let mut streams = store.all_streams()?;
    let mut found = Found::default();
    for (system, id) in store.systems()? {
        let streams = streams.remove(&id).unwrap_or_default();
        let seen: Vec<_> = streams.into_iter().filter(|stream| stream.first <= as_of).collect();
        if seen.is_empty() {
            continue;
        }
        if systems.contains(&system) {
            found.declared += 1;
            continue;
        }
        // A stream of an incident has the incident's id where others have a check.
        let of_checks = seen.into_iter().filter(|stream| stream.source == Source::Healthcheck);
        let checks = of_checks.filter_map(|stream| stream.check).collect::<BTreeSet<_>>();
        found.starters.push(Starter::new(system, checks.into_iter().collect(), &objectives));
    }
    Ok(found)
}

fn write_new(path: &Path, text: &str, remedy: &str) -> Result<()> {
    file::create(path, text).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::new(format!("{} already exists, and nothing is overwritten", path.display()), remedy)
        }
        _ => anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
    })
}
