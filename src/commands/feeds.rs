//! Owns finding feeds: by the name of a built-in one, in a file, or by what an input looks like.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::Receiver;

use anyhow::Result;

use super::Context;
use super::validate::lines_of;
use crate::domain::health::feed::{Feed, Format, Shape};
use crate::domain::value::wording::or_list;
use crate::failure::Failure;
use crate::feed::{BUILTIN, Recipe, likely, tell};
use crate::manifest::{Files, Severity, did_you_mean};
use crate::render::problems::lines;
use crate::store::{Foreign, Rows};

/// The feeds that are built in.
///
/// # Errors
/// When one is not valid, which a test rules out.
pub(super) fn builtin() -> Result<Vec<Feed>> {
    let (feeds, problems) = Files::given(&BUILTIN).feeds();
    match problems.first() {
        Some(problem) => Err(anyhow::anyhow!("{problem}")),
        None => Ok(feeds),
    }
}

/// The text of a built-in feed.
pub(super) fn text(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The feeds under this name, or in this file; several of them read several forms of the same thing.
///
/// # Errors
/// When there is none, or one is not valid; its problems have been told.
pub(super) fn named(context: &mut Context<'_>, name: &str) -> Result<Vec<Recipe>> {
    let feeds = match text(name) {
        Some(text) => Files::given(&[(name, text)]).feeds().0,
        None if Path::new(name).exists() => in_file(context, name)?,
        None => return Err(unknown(name)),
    };
    feeds.into_iter().map(Recipe::new).collect()
}

fn in_file(context: &mut Context<'_>, name: &str) -> Result<Vec<Feed>> {
    let (feeds, problems) = Files::load(&[name.into()], &mut io::empty()).feeds();
    if !problems.is_empty() {
        let text = lines(&lines_of(&problems), context.canvas);
        context.tell(text.trim_end());
    }
    if problems.iter().any(|problem| problem.severity != Severity::Warning) {
        return Err(Failure::new(
            format!("--feed {name}: not valid"),
            "fix what is told above; slo validate tells it too",
        ));
    }
    if feeds.is_empty() {
        return Err(Failure::new(
            format!("--feed {name}: the file has no document of kind: Feed"),
            "see slo feed show NAME for one to start from",
        ));
    }
    Ok(feeds)
}

fn unknown(name: &str) -> anyhow::Error {
    let names = || BUILTIN.iter().map(|(name, _)| *name);
    let guess = did_you_mean(name, names());
    let hint = if guess.is_empty() { "see slo list feeds, or name a file that exists".to_owned() } else { guess };
    Failure::new(format!("unknown feed {name:?}; built in are {}", names().collect::<Vec<_>>().join(", ")), hint)
}

/// The names of the built-in feeds that would read an input which begins so, and of a database the one in `file`.
///
/// # Errors
/// Those of [`builtin`].
pub(super) fn fitting(beginning: &[u8], file: Option<&Path>) -> Result<Vec<String>> {
    let feeds = builtin()?;
    let mut names: Vec<String> = if Foreign::is_one(beginning) {
        let database = file.and_then(Foreign::at);
        let answers = |feed: &&Feed| {
            let query = feed.kinds.first().and_then(|kind| kind.records.as_deref());
            feed.format == Format::Sqlite
                && database.as_ref().zip(query).is_some_and(|(database, query)| database.can_answer(query))
        };
        feeds.iter().filter(answers).map(|feed| feed.name.as_str().to_owned()).collect()
    } else {
        let recipes = feeds.into_iter().map(Recipe::new).collect::<Result<Vec<_>>>()?;
        tell(beginning, &recipes).iter().map(|recipe| recipe.feed().name.as_str().to_owned()).collect()
    };
    names.dedup();
    Ok(names)
}

/// The one of several descriptions that an input which begins so fits; `is_database` says that it is a file which is one.
///
/// # Errors
/// When it fits none, with the `command` that reads it where a built-in feed does.
pub(super) fn choose<'f>(
    recipes: &'f [Recipe],
    beginning: &[u8],
    is_database: bool,
    command: &str,
) -> Result<&'f Recipe> {
    let of_database = |recipe: &&Recipe| recipe.feed().format == Format::Sqlite;
    let name = recipes.first().map_or("", |recipe| recipe.feed().name.as_str());
    if is_database {
        return recipes.iter().find(of_database).ok_or_else(|| {
            Failure::new(format!("a SQLite database, which the feed {name} does not read"), "see slo list feeds")
        });
    }
    let fits = tell(beginning, recipes).into_iter().next();
    if let Some(fits) = fits.or_else(|| likely(beginning, recipes)) {
        return Ok(fits);
    }
    if Foreign::is_one(beginning) {
        return Err(Failure::new(
            "a SQLite database cannot be read from a pipe, nor zipped",
            "unzip it, and name the file",
        ));
    }
    let others: Vec<&Recipe> = recipes.iter().filter(|recipe| !of_database(recipe)).collect();
    match others.as_slice() {
        [only] => return Ok(only),
        [first, ..] if beginning.trim_ascii().is_empty() => return Ok(first),
        _ => {}
    }
    let mut forms: Vec<&str> = recipes.iter().map(|recipe| recipe.feed().format.as_str()).collect();
    forms.dedup();
    let fitting = fitting(beginning, None)?;
    let hint = fitting.first().map_or_else(
        || format!("see what it reads with slo feed show {name}"),
        |fits| format!("it looks like what the feed {fits} reads: {command} --feed {fits}"),
    );
    Err(Failure::new(format!("not what the feed {name} reads, which is {}", or_list(forms)), hint))
}

/// Rows of another program's database that may end with a reason.
pub(super) struct Faulty {
    pub(super) text: Box<dyn Read + Send>,
    pub(super) fault: Receiver<String>,
}

impl Read for Faulty {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        if count == 0
            && !into.is_empty()
            && let Ok(reason) = self.fault.recv()
        {
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(count)
    }
}

/// What is read of an input, and of which kind each part is where that is known.
pub(super) type Parts = Vec<(Option<usize>, Box<dyn Read + Send>)>;

/// The parts of an input: all of it, or of a database the rows of each kind of record that tells of facts.
///
/// # Errors
/// When the database cannot answer.
pub(super) fn parts(recipe: &Recipe, database: Option<&Foreign>, input: Box<dyn Read + Send>) -> Result<Parts> {
    let Some(database) = database else { return Ok(vec![(None, input)]) };
    let kinds = recipe.feed().kinds.iter().enumerate().filter(|(_, kind)| kind.shape != Shape::Maintenance);
    let part = |(number, query): (usize, &str)| -> Result<(Option<usize>, Box<dyn Read + Send>)> {
        let Rows { text, fault } = database.rows(query)?;
        Ok((Some(number), Box::new(Faulty { text: Box::new(text), fault })))
    };
    kinds.filter_map(|(number, kind)| Some((number, kind.records.as_deref()?))).map(part).collect()
}

/// The name of a file without folder and endings.
pub(super) fn stem(path: Option<&Path>) -> String {
    let Some(path) = path else { return "stdin".to_owned() };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let packed = [".gz", ".zst", ".xz"];
    let name = packed.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The error of an input that is not of transitions and looks like what a built-in feed reads.
pub(super) fn advice(beginning: &[u8], file: Option<&Path>) -> Option<anyhow::Error> {
    let names = fitting(beginning, file).ok()?;
    let (first, others) = names.split_first()?;
    let or = if others.is_empty() { String::new() } else { format!(" (or {})", others.join(", ")) };
    Some(Failure::new(
        format!("not transitions; it looks like what the feed {first}{or} reads"),
        format!("slo ingest --feed {first} {}", file.map_or("-".to_owned(), |file| file.display().to_string())),
    ))
}
