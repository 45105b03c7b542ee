//! Owns `slo ingest`: one thread reads and parses, this one merges and commits.
//!
//! | `slo ingest [FILE…]` | imports [transitions](transitions.md); `-` or no file is standard input | a line was rejected |

mod input;
mod intake;
mod naming;
mod plans;
mod session;
mod source;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use anyhow::Result;

use crate::cli::Ingest;
use crate::clock;
use crate::commands::{Answer, Context, Run, feeds};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::feed::{Names, Recipe};
use crate::render::Looks;
use crate::render::declare::manifest;
use crate::render::record::ingest::{document, text};
use crate::store::Access;
use input::Input;
pub(in crate::commands) use intake::{Intake, warn_of_composites};
use session::Session;
pub(in crate::commands) use source::Arrival;
use source::Progress;

impl Run for Ingest {
    const NAME: &'static str = "ingest";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let now = context.now()?;
        if args.files.is_empty() && context.stdin_is_terminal {
            context.note("note: reading standard input; end it with Ctrl-D");
        }
        let standard = [PathBuf::from("-")];
        let files: &[PathBuf] = if args.files.is_empty() { &standard } else { &args.files };
        // Every input is opened before anything is kept, so that a misspelled name changes nothing.
        let feed = feed(context, args)?;
        let plans = args.maintenance.is_some();
        let opened = files.iter().map(|file| Input::open(context, file, feed.as_deref(), plans));
        let inputs = opened.collect::<Result<Vec<_>>>()?.into_iter().flatten();
        context.place()?;
        if let Some(rejects) = &args.rejects {
            context.expect_file("--rejects", rejects)?;
            source::refuse_overwriting("--rejects", rejects, files)?;
        }
        if let Some(maintenance) = &args.maintenance {
            context.expect_file("--maintenance", maintenance)?;
            source::refuse_overwriting("--maintenance", maintenance, files)?;
        }
        // A dry run creates no file, nor a database in an empty one.
        let mut access = if args.dry_run && holds_nothing(context)? { Access::Scratch } else { Access::Create };
        let is_new = !args.follow && context.lacks_file()?;
        let rejects = args.rejects.as_deref().map(source::Rejects::create).transpose()?;
        // A strict ingest keeps all or nothing, so a signal may simply end it.
        let signals = if args.strict || args.dry_run { None } else { context.signals()? };
        let inputs = inputs.map(|input| input.until(signals.as_ref())).collect::<Result<Vec<_>>>()?;
        let latest = now.plus(args.max_skew);
        let (is_described, system) = (feed.is_some(), args.system.clone());
        let (format, follow) = (args.format, args.follow);
        let options = source::Options { format, latest, now, follow, feed, system, plans };
        let names = Names::new(args.slug);
        let (sender, events) = sync_channel(1);
        let feed = std::thread::Builder::new()
            .name("feed".to_owned())
            .spawn(move || source::feed(inputs, options, rejects, names, &sender))?;
        let mut intake = Intake::new(now, plans);
        let progress = Progress::new(context.stderr_is_terminal && !context.quiet && !args.follow, files);
        let keeps = !args.strict && !args.dry_run;
        let began = clock::Stopwatch::start();
        let mut session = Session {
            context,
            started: now,
            events,
            ahead: VecDeque::new(),
            feed: Some(feed),
            progress,
            began,
            keeps,
            has_read: false,
            streams: 0,
            ignored: Vec::new(),
            more: Vec::new(),
            keeps_rejects: args.rejects.is_some(),
            stopped: None,
        };
        // A refused ingest creates no database.
        if is_new && session.look_ahead(args.strict)? && args.strict {
            access = Access::Scratch;
        }
        let mut store = session.context.store(access)?;
        let kept = if args.strict || args.dry_run {
            session.in_one(&mut store, &mut intake, args.dry_run)?
        } else if args.follow {
            session.follow(&mut store, &mut intake)?;
            true
        } else {
            session.batches(&mut store, &mut intake)?;
            true
        };
        session.finish();
        let stopped = session.stopped;
        warn_of_composites(context, &intake.composites(&store)?);
        if let Some(file) = &args.maintenance {
            let windows = intake.maintenance();
            let noun = if windows.len() == 1 { "window" } else { "windows" };
            let place = if kept { format!("in {}", file.display()) } else { "not written".to_owned() };
            if kept {
                crate::file::replace(file, &manifest::text(&windows))?;
            }
            context.note(&format!("note: {} maintenance {noun} {place}", windows.len()));
        }
        let mut report = intake.report;
        report.is_described = is_described;
        report.kept = kept;
        if !kept && !args.dry_run {
            (report.inserted, report.gaps, report.duplicates, report.conflicts) = (0, 0, 0, 0);
            (report.systems, report.first, report.last) = (0, None, None);
        }
        let exit = stopped.map_or(ExitStatus::holds(report.rejected == 0), ExitStatus::Signal);
        let (as_of, dry_run) = (context.as_of, args.dry_run);
        let looks = Looks::of(report).document(move |it| document(it, as_of));
        Ok(context.summary(looks, move |it| text(it, dry_run)).exits(exit))
    }
}

/// The feed that describes the records, unless they are transitions.
fn feed(context: &mut Context<'_>, args: &Ingest) -> Result<Option<Vec<Recipe>>> {
    let Some(name) = &args.feed else { return Ok(None) };
    let recipes = feeds::named(context, name)?;
    if args.max_gap.is_some() && !recipes.iter().any(Recipe::observes) {
        return Err(Failure::new(
            format!("--max-gap: the feed {name} has no observations, so it has no gaps"),
            "remove --max-gap",
        ));
    }
    let recipes = recipes.into_iter().map(|recipe| recipe.with_max_gap(args.max_gap));
    Ok(Some(recipes.collect()))
}

/// Whether there is no database yet, or an empty one.
fn holds_nothing(context: &Context<'_>) -> Result<bool> {
    let is_empty = |path: &Path| std::fs::metadata(path).is_ok_and(|found| found.len() == 0);
    Ok(!context.has_store(Access::Read)? || context.place()?.file().is_some_and(is_empty))
}

/// The name of an input for the record and messages, always on one line.
fn display_name(file: &Path) -> String {
    if file == Path::new("-") {
        return "stdin".to_owned();
    }
    let name = file.to_string_lossy();
    if name.contains(char::is_control) { name.escape_debug().to_string() } else { name.into_owned() }
}
