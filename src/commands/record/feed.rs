//! Owns `slo feed`: descriptions of other programs' records, tried on a file.
//!
//! | `slo feed try FILE` | what the first records of a file become, with a built-in feed or `--feed FILE`; of an unknown file, a
//! feed to start from | a record is rejected, or no built-in feed reads the file |
//!
//! | `slo feed show NAME` | a built-in feed, to copy and change | |

use std::io::{self, Cursor, Read};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::{FeedShow, FeedTry};
use crate::commands::feeds::BEGINNING;
use crate::commands::{Answer, Context, Run, feeds};
use crate::domain::value::instant::MINUTE_MS;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::feed::{self, Described, Names, Options, Recipe, Reject, Surroundings, Unreadable};
use crate::render::Looks;
use crate::render::record::trial::{Trial, document, draft, text};
use crate::store::Foreign;

/// Bytes used to draft a feed, in addition to those that detect the format.
const LOOKED_AT: u64 = 1 << 20;

/// The remedy for a feed that is not built in.
const BUILT_IN: &str = "name a built-in feed; `slo list feeds` lists them";

impl Run for FeedShow {
    const NAME: &'static str = "show";

    fn run(args: &Self, _: &mut Context<'_>) -> Result<Answer> {
        match feeds::text(&args.name) {
            Some(text) => Ok(Answer::text(text.to_owned())),
            None if Path::new(&args.name).exists() => {
                Err(Failure::new(format!("{:?} is a file, not a built-in feed", args.name), BUILT_IN))
            }
            None => Err(feeds::not_built_in(&args.name, BUILT_IN)),
        }
    }
}

impl Run for FeedTry {
    const NAME: &'static str = "try";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let is_stdin = args.file == Path::new("-");
        let mut input: Box<dyn Read + Send> = if is_stdin {
            std::mem::replace(&mut context.stdin, Box::new(io::empty()))
        } else {
            Box::new(feeds::open(&args.file, &args.file.display().to_string())?.1)
        };
        let place = args.file.display().to_string();
        let mut beginning = Vec::new();
        input.by_ref().take(BEGINNING).read_to_end(&mut beginning).with_context(|| place.clone())?;
        let text_of_it = feed::beginning(&beginning);
        let path = (!is_stdin).then_some(args.file.as_path());
        let Some((name, recipes)) = recipes(context, args, &text_of_it, path)? else {
            // The possible statuses show in more records than it takes to recognize a feed.
            input.take(LOOKED_AT).read_to_end(&mut beginning).with_context(|| place)?;
            if feed::is_instant_query(&beginning) {
                context.note(&format!("note: {} is {}; {}", args.file.display(), feeds::INSTANT, feeds::RANGE));
            }
            return draft_for(&args.file, &feed::beginning(&beginning), beginning.is_empty());
        };
        let database = path.and_then(Foreign::at);
        let chosen = feeds::choose(&recipes, &text_of_it, database.is_some(), "slo feed try");
        let recipe = chosen.with_context(|| place.clone())?;
        let format = recipe.feed().format;
        let mut trial = Trial { feed: name, format: format.as_str(), unit: format.unit(), ..Trial::default() };
        let now = context.clock;
        let options = Options {
            format: feed::Format::Auto,
            latest: now.plus(10 * MINUTE_MS),
            now,
            batch_rows: 100_000,
            follow: false,
            plans: true,
        };
        let around = Surroundings { file: feeds::stem(path), system: args.system.clone() };
        let inputs = feeds::parts(recipe, database.as_ref(), Box::new(Cursor::new(beginning).chain(input)))?;
        let mut names = Names::new(recipe.feed().slug).merging(recipe.feed().merges_names);
        for (kind, input) in inputs {
            let reader = Described::new(input, recipe, kind, around.clone(), options, names);
            names = read(reader.tracing(args.count), &mut trial)
                .map_err(|error| failed(error, &place, &text_of_it, recipe))?;
        }
        let exit = ExitStatus::holds(trial.rejected == 0);
        let as_of = context.as_of;
        let looks = Looks::of(trial).document(move |it| document(it, as_of));
        Ok(Answer::from(looks.words(text)).exits(exit))
    }
}

/// The named feed, or the built-in one that fits, with its name; `None` if none does.
fn recipes(
    context: &mut Context<'_>,
    args: &FeedTry,
    beginning: &[u8],
    path: Option<&Path>,
) -> Result<Option<(String, Vec<Recipe>)>> {
    let name = match &args.feed {
        Some(name) => name.clone(),
        None => match feeds::fitting(beginning, path)?.into_iter().next() {
            Some(name) => name,
            None => return Ok(None),
        },
    };
    let recipes = feeds::named(context, &name)?;
    Ok(Some((name, recipes)))
}

/// The error for an input that could not be read to its end.
fn failed(error: anyhow::Error, place: &str, beginning: &[u8], recipe: &Recipe) -> anyhow::Error {
    let error = feeds::unread(error, beginning, None, Some(recipe.feed().name.as_str()));
    if Failure::hint(&error).is_some() {
        return error.context(place.to_owned());
    }
    Failure::new(format!("{place}: {error:#}"), "fix the input, or export it again")
}

/// Reads an entire input; returns the names for the next one.
fn read<R: Read>(mut reader: Described<'_, R>, trial: &mut Trial) -> Result<Names> {
    let mut nothing = |_: &Reject<'_>| Ok(());
    let mut streams = Vec::new();
    while let Some(batch) = reader.next_batch(&mut nothing)? {
        if batch.restart {
            streams.clear();
        }
        streams.extend(batch.new_streams);
        trial.read += batch.read;
        trial.rejected += batch.rejected;
        trial.skipped += batch.skipped;
        trial.planned += batch.maintenance;
        for row in &batch.rows {
            let stream = &streams[row.stream()];
            let known = trial.systems.entry(stream.system.clone()).or_insert((0, row.at(), row.at()));
            *known = (known.0 + 1, known.1.min(row.at()), known.2.max(row.at()));
        }
    }
    trial.records.extend(reader.traced());
    Ok(reader.into_names())
}

/// A feed to start from, for an input that no built-in feed reads.
fn draft_for(file: &Path, beginning: &[u8], is_empty: bool) -> Result<Answer> {
    let place = || file.display().to_string();
    if beginning.is_empty() && !is_empty {
        return Err(Failure::new(format!("{}: it cannot be unpacked", place()), "copy it again, or export it again"));
    }
    if beginning.trim_ascii().is_empty() {
        let hint = "export the records again, and see what a feed makes of them with `slo feed try FILE`";
        return Err(Failure::new(format!("{}: the file is empty", place()), hint));
    }
    // A database can be described by queries.
    if let Some(what) = Unreadable::told(beginning).filter(|what| *what != Unreadable::Database) {
        return Err(what.failure().context(place()));
    }
    let sight = feed::look(beginning).ok_or_else(|| {
        Failure::new(
            format!("{}: no built-in feed reads it, and no records were found in it", file.display()),
            "export them as CSV, JSON or text; of a SQLite database, describe a SELECT in a feed of format: sqlite",
        )
    })?;
    let name = feeds::stem(Some(file));
    let text = draft(&name, &file.display().to_string(), &sight);
    Ok(Answer::text(text).exits(ExitStatus::Fail))
}
