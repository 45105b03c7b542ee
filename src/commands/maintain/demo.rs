//! Owns `slo demo`: a small example, imported with the same commands as a user's data.
//!
//! | `slo demo` | builds an example and shows its status; `--keep FOLDER` keeps it there | |

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cli::{Apply, Demo, FeedFormat, Filter, Ingest, Output, Over, Paths, Selection, Status};
use crate::commands::{Answer, Context, Noticed, Run};
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::maintain::demo::{Place, introduction, next_steps};
use crate::store;

/// The demo's current time: 2026-11-20T14:05:00Z. Everything in it happened before, whatever the machine's clock says.
const MOMENT: Instant = Instant::from_millis(1_795_183_500_000);

/// The files of the demo, by their paths in its folder.
const FILES: [(&str, &str); 5] = [
    ("feed/checks.jsonl", include_str!("demo/checks.jsonl")),
    ("feed/incidents.jsonl", include_str!("demo/incidents.jsonl")),
    ("manifests/systems.yaml", include_str!("demo/systems.yaml")),
    ("manifests/objectives.yaml", include_str!("demo/objectives.yaml")),
    ("manifests/maintenance.yaml", include_str!("demo/maintenance.yaml")),
];

impl Run for Demo {
    const NAME: &'static str = "demo";
    const ASKS_THE_CLOCK: bool = false;

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        // The database named on the command line; `SLO_DB` is the user's own and not touched.
        let given = context.named_db.clone();
        if let Some(place) = given.as_ref().filter(|place| place.file().is_none()) {
            return Err(Failure::new(
                format!("the demo makes a file, and {} is a database on a server", place.shown(context.env)),
                "name a new file with --db, or omit it",
            ));
        }
        given.as_ref().map_or(Ok(()), store::Place::expect_database)?;
        let given = given.as_ref().and_then(store::Place::file);
        if let Some(path) = given.filter(|path| path.exists()) {
            return Err(Failure::new(
                format!("{} already exists", path.display()),
                "the demo needs a new database: name another file, or omit --db",
            ));
        }
        let folder = match &args.keep {
            Some(folder) => folder.clone(),
            None => fresh_folder(&context.temporary_folder())?,
        };
        write_files(&folder)?;
        let db = given.map_or_else(|| folder.join("slo.db"), Path::to_path_buf);
        build(context, &folder, &db)?;
        let place = Place { folder: &folder, db: &db, program: &context.program, at: MOMENT };
        let (before, after) = (introduction(&place), next_steps(&place));
        // Programs that ask for JSON get only the answer.
        let for_people = matches!(context.output, None | Some(Output::Table | Output::Wide));
        if for_people {
            context.say(&before)?;
        }
        let selection = Selection { names: Vec::new(), filter: Filter::default() };
        let mut inner = at_moment(&mut *context.stdout, &mut *context.stderr, context.env, &db);
        (inner.output, inner.canvas, inner.quiet) = (context.output, context.canvas, context.quiet);
        let answer = Status::run(&Status { selection, over: Over::default(), by: None, watch: None }, &mut inner)?;
        inner.answer(answer)?;
        if for_people && !context.quiet {
            context.say(&after)?;
        }
        Ok(Answer::written(ExitStatus::Pass))
    }
}

/// Imports the files as a user would: `slo ingest`, then `slo apply`.
fn build(context: &mut Context<'_>, folder: &Path, db: &Path) -> Result<()> {
    let mut silence = io::sink();
    let mut inner = at_moment(&mut silence, &mut *context.stderr, context.env, db);
    let feed = Ingest {
        feed: None,
        system: None,
        max_gap: None,
        maintenance: None,
        files: vec![folder.join("feed/checks.jsonl"), folder.join("feed/incidents.jsonl")],
        format: FeedFormat::Auto,
        rejects: None,
        slug: false,
        strict: true,
        dry_run: false,
        max_skew: MINUTE_MS,
        follow: false,
    };
    let manifests = Apply {
        paths: Paths { paths: vec![folder.join("manifests")] },
        prune: false,
        set: None,
        adopt: false,
        allow_empty: false,
    };
    let outcomes = [Ingest::run(&feed, &mut inner)?, Apply::run(&manifests, &mut inner)?];
    if outcomes.iter().any(|outcome| outcome.exit != ExitStatus::Pass) {
        anyhow::bail!("the demo's own files were refused");
    }
    Ok(())
}

/// A context whose clock shows the demo's time.
fn at_moment<'io>(
    stdout: &'io mut dyn Write,
    stderr: &'io mut dyn Write,
    env: crate::commands::Environment<'io>,
    db: &Path,
) -> Context<'io> {
    Context {
        program: String::new(),
        db: Some(store::Place::named(db)),
        named_db: None,
        as_of: MOMENT,
        clock: MOMENT,
        output: None,
        zone: None,
        canvas: crate::render::Canvas { width: None, color: false },
        csv_safe: false,
        quiet: true,
        stdin: Box::new(io::empty()),
        owns_process: false,
        stdout,
        stderr,
        held_back: None,
        stdin_is_terminal: false,
        stderr_is_terminal: false,
        noticed: Noticed::default(),
        env,
    }
}

/// Makes a folder with a new name.
fn fresh_folder(parent: &Path) -> Result<PathBuf> {
    for number in 1.. {
        let folder = parent.join(format!("slo-demo-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make a folder in {}", parent.display())),
        }
    }
    anyhow::bail!("no unused name is left in {}", parent.display())
}

/// Writes the demo's files; never over an existing one.
fn write_files(folder: &Path) -> Result<()> {
    let paths: Vec<PathBuf> = FILES.iter().map(|(name, _)| folder.join(name)).chain([folder.join("slo.db")]).collect();
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        return Err(Failure::new(
            format!("{} already exists", path.display()),
            "name a folder that is empty or does not exist: the demo never changes existing files",
        ));
    }
    for (path, (_, text)) in paths.iter().zip(FILES) {
        let place = || format!("cannot write {}", path.display());
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(place)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).with_context(place)?;
        file.write_all(text.as_bytes()).with_context(place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_what_its_text_says() {
        assert_eq!(MOMENT.to_string(), "2026-11-20T14:05:00.000Z");
    }
}
