//! Owns the incidents that a backtest compares with: their file, the feed that reads it, and which of them count.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::Backtest;
use crate::commands::{Context, feeds};
use crate::domain::rules::incident::Incident;
use crate::domain::value::instant::MINUTE_MS;
use crate::failure::Failure;
use crate::feed::{self, Described, Gathered, Names, Options, Surroundings};
use crate::manifest::did_you_mean;
use crate::store::Foreign;

/// The default feed for files of incidents.
const USUAL: &str = "incidents";
/// Bytes of an input used to detect its format.
const BEGINNING: u64 = 64 * 1024;

/// The incidents to compare with; `None` for the objectives' own breaches.
///
/// # Errors
/// If the file cannot be read, a record is not an incident, or none has a wanted impact.
pub(super) fn read(context: &mut Context<'_>, args: &Backtest) -> Result<Option<Vec<Incident>>> {
    if args.against == "breaching" {
        let needless = if args.feed.is_some() { "--feed" } else { "--impact" };
        if args.impact.is_empty() && args.feed.is_none() {
            return Ok(None);
        }
        return Err(Failure::new(
            format!("{needless} works only with incidents"),
            "name a file of incidents with --against FILE",
        ));
    }
    let mut incidents = of_file(context, args).with_context(|| format!("--against {}", args.against))?;
    check_impacts(context, args, &incidents)?;
    if !args.impact.is_empty() {
        incidents.retain(|incident| incident.impact.as_ref().is_some_and(|impact| args.impact.contains(impact)));
    }
    Ok(Some(incidents))
}

fn of_file(context: &mut Context<'_>, args: &Backtest) -> Result<Vec<Incident>> {
    let name = args.feed.as_deref().unwrap_or(USUAL);
    let recipes = feeds::named(context, name)?;
    if !recipes.iter().any(feed::Recipe::tells_incidents) {
        return Err(Failure::new(
            format!("the feed {name} reads transitions, not incidents"),
            "name a feed of shape: intervals, such as incidents, pagerduty or betterstack",
        ));
    }
    let path = (args.against != "-").then(|| Path::new(&args.against));
    let mut input: Box<dyn Read + Send> = match path {
        None => std::mem::replace(&mut context.stdin, Box::new(io::empty())),
        Some(path) => Box::new(File::open(path).map_err(|error| {
            Failure::new(
                format!("cannot be read: {error}"),
                "name a file of incidents, - for standard input, or `breaching`",
            )
        })?),
    };
    let mut beginning = Vec::new();
    input.by_ref().take(BEGINNING).read_to_end(&mut beginning)?;
    let text = feed::beginning(&beginning);
    let database = path.and_then(Foreign::at);
    let command = format!("slo backtest --against {}", args.against);
    if args.feed.is_none() && feed::tell(&text, &recipes).is_empty() {
        refuse_others(args, &text, path)?;
    }
    let recipe = feeds::choose(&recipes, &text, database.is_some(), &command)?;
    let (now, latest) = (context.clock, context.clock.plus(10 * MINUTE_MS));
    let format = feed::Format::Auto;
    let options = Options { format, latest, now, batch_rows: 100_000, follow: false, plans: false };
    let around = Surroundings { file: feeds::stem(path), system: None };
    let mut gathered = Gathered::default();
    let mut names = Names::new(recipe.feed().slug).merging(recipe.feed().merges_names);
    for (kind, part) in feeds::parts(recipe, database.as_ref(), Box::new(Cursor::new(beginning).chain(input)))? {
        names = gathered.take(Described::new(part, recipe, kind, around.clone(), options, names))?;
    }
    gathered.incidents()
}

/// Refuses a file that belongs to another feed, if no feed was named.
fn refuse_others(args: &Backtest, beginning: &[u8], path: Option<&Path>) -> Result<()> {
    match feeds::fitting(beginning, path)?.first() {
        None => Ok(()),
        Some(fits) => Err(Failure::new(
            format!("not the format of the feed {USUAL}; it looks like that of the feed {fits}"),
            format!("`slo backtest --against {} --feed {fits}`", args.against),
        )),
    }
}

/// Checks that a wanted impact occurs; notes those that do not.
fn check_impacts(context: &mut Context<'_>, args: &Backtest, incidents: &[Incident]) -> Result<()> {
    let known = || incidents.iter().filter_map(|incident| incident.impact.as_deref());
    let strange: Vec<&String> =
        args.impact.iter().filter(|impact| !known().any(|known| known == impact.as_str())).collect();
    let Some(first) = strange.first() else { return Ok(()) };
    let what = |impact: &str| format!("no incident of {} has the impact {impact:?}", args.against);
    if strange.len() == args.impact.len() {
        return Err(Failure::new(what(first), other_impacts(first, known())));
    }
    for impact in strange {
        context.note(&format!("note: {}; {}", what(impact), other_impacts(impact, known())));
    }
    Ok(())
}

/// The impact that was probably meant, or else those that occur.
fn other_impacts<'i>(strange: &str, known: impl Iterator<Item = &'i str> + Clone) -> String {
    let guess = did_you_mean(strange, known.clone());
    let mut all: Vec<&str> = known.collect();
    all.sort_unstable();
    all.dedup();
    let listed = if all.is_empty() {
        "no incident has an impact".to_owned()
    } else {
        format!("impacts in it: {}", all.join(", "))
    };
    if guess.is_empty() { listed } else { guess }
}
