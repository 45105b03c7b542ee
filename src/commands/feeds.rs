//! Owns finding feeds: by built-in name, in a file, or by the content of an input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::Receiver;

use anyhow::Result;

use super::Context;
use super::declare::validate::lines_of;
use crate::domain::health::feed::{Feed, Format, Shape};
use crate::failure::Failure;
use crate::feed::{self, BUILTIN, Recipe, Unreadable, expected, likely, tell};
use crate::manifest::{Files, Severity, did_you_mean};
use crate::render::declare::problems::lines;
use crate::store::{Foreign, Rows};

/// The bytes at the start of an input used to detect its format.
pub(super) const BEGINNING: u64 = 64 * 1024;

/// The largest file that is read as a feed, whatever its lines look like, in bytes.
const LARGEST_FEED: u64 = 1 << 20;

/// What an answer of Prometheus with one value per series is, and what has a history.
pub(super) const INSTANT: &str = "the answer to an instant query of Prometheus, with one value per series";
pub(super) const RANGE: &str =
    "query_range answers with all values of a time, which `slo ingest --feed prometheus` reads";

/// Opens a file of records; returns whether it is a regular file, too.
pub(super) fn open(file: &Path, name: &str) -> Result<(bool, File)> {
    let opened = File::open(file).and_then(|opened| {
        let kind = opened.metadata()?;
        if kind.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok((kind.is_file(), opened)) }
    });
    opened.map_err(|error| {
        Failure::new(
            format!("cannot read {name}: {error}"),
            "nothing was kept; name existing, readable files, or - for standard input",
        )
    })
}

/// The feeds that are built in.
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

/// The feeds with this name or in this file; several feeds read several formats of the same records.
///
/// # Errors
/// If there is none, or one is invalid; its problems have been reported.
pub(super) fn named(context: &mut Context<'_>, name: &str) -> Result<Vec<Recipe>> {
    let feeds = match text(name) {
        Some(text) => {
            let feeds = Files::given(&[(name, text)]).feeds().0;
            return feeds.into_iter().map(|feed| Ok(Recipe::new(feed)?.built_in())).collect();
        }
        None if Path::new(name).exists() => in_file(context, name)?,
        None => return Err(unknown(name)),
    };
    feeds.into_iter().map(Recipe::new).collect()
}

fn in_file(context: &mut Context<'_>, name: &str) -> Result<Vec<Feed>> {
    let mut beginning = Vec::new();
    let (is_file, mut file) = open(Path::new(name), name)?;
    let is_small = is_file && file.metadata()?.len() <= LARGEST_FEED;
    file.by_ref().take(BEGINNING).read_to_end(&mut beginning)?;
    let text = feed::beginning(&beginning);
    // The user named the file of records instead of the one that describes them.
    let no_feed = || {
        Failure::new(
            format!("--feed {name}: not a feed, which is a YAML document of kind: Feed"),
            format!(
                "name the feed first, then the file to read: `slo ingest --feed NAME {name}`; `slo list feeds` lists the feeds"
            ),
        )
    };
    let says_kind = says_kind(&text);
    if Unreadable::told(&text).is_some()
        || !fitting(&text, Some(Path::new(name)))?.is_empty()
        || !(is_small || says_kind)
    {
        return Err(no_feed());
    }
    let (feeds, problems) = Files::load(&[name.into()], &mut io::empty()).feeds();
    // Problems of a feed have a subject.
    if feeds.is_empty() && !says_kind && problems.iter().all(|problem| problem.subject.is_none()) {
        return Err(no_feed());
    }
    if !problems.is_empty() {
        let text = lines(&lines_of(&problems), context.canvas);
        context.tell(text.trim_end());
    }
    if problems.iter().any(|problem| problem.severity != Severity::Warning) {
        return Err(Failure::new(
            format!("--feed {name}: not valid"),
            "fix the problems above; `slo validate` lists them too",
        ));
    }
    if feeds.is_empty() {
        return Err(Failure::new(
            format!("--feed {name}: the file has no document of kind: Feed"),
            "see `slo feed show NAME` for one to start from",
        ));
    }
    Ok(feeds)
}

/// Whether a text has a line for the kind of a manifest.
fn says_kind(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).lines().any(|line| line.trim_start_matches([' ', '-', '{', '"']).starts_with("kind"))
}

fn unknown(name: &str) -> anyhow::Error {
    if name.contains(['/', '.']) {
        let what = format!("--feed {name}: file not found");
        return Failure::new(what, "name an existing file, or a built-in feed; `slo list feeds` lists them");
    }
    not_built_in(name, "name an existing file, or a built-in feed")
}

/// The error for a name that no built-in feed has, with the one that was probably meant or else this remedy.
pub(super) fn not_built_in(name: &str, remedy: &str) -> anyhow::Error {
    let names = || BUILTIN.iter().map(|(name, _)| *name);
    let short = name.to_ascii_lowercase();
    let part = |known: &&str| short.len() > 2 && (known.contains(&short) || short.contains(known));
    let likely =
        names().find(part).map_or_else(|| did_you_mean(name, names()), |known| format!("did you mean {known}?"));
    let hint = if likely.starts_with("did you mean") { likely } else { remedy.to_owned() };
    Failure::new(format!("unknown feed {name:?}; built in are {}", names().collect::<Vec<_>>().join(", ")), hint)
}

/// The names of the built-in feeds that would read an input that begins like this, and for a database the one in
/// `file`.
pub(super) fn fitting(beginning: &[u8], file: Option<&Path>) -> Result<Vec<String>> {
    let feeds = builtin()?;
    let beginning = &beginning[..beginning.len().min(BEGINNING as usize)];
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

/// Whether an input that begins like this is in the format of a built-in feed.
pub(super) fn is_foreign(beginning: &[u8]) -> bool {
    fitting(beginning, None).is_ok_and(|names| !names.is_empty())
}

/// The description under a name that fits an input with this beginning; `is_database`: the input is a database file.
///
/// # Errors
/// If none fits; suggests the `command` with the built-in feed that does.
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
            Failure::new(format!("a SQLite database, which the feed {name} does not read"), "see `slo list feeds`")
        });
    }
    let fits = tell(beginning, recipes).into_iter().next();
    if fits.is_none() && text(name).is_some() && feed::is_instant_query(beginning) {
        return Err(Failure::new(format!("not the format of the feed {name} but {INSTANT}"), RANGE));
    }
    if let Some(fits) = fits.or_else(|| likely(beginning, recipes)) {
        return Ok(fits);
    }
    if let Some(what) = Unreadable::told(beginning) {
        return Err(what.failure());
    }
    let others: Vec<&Recipe> = recipes.iter().filter(|recipe| !of_database(recipe)).collect();
    match others.as_slice() {
        [first, ..] if beginning.trim_ascii().is_empty() => return Ok(first),
        [only] if only.may_read(beginning) => return Ok(only),
        _ => {}
    }
    let what = format!("not the format of the feed {name}: expected {}", expected(recipes));
    Err(misfit(what, name, beginning, command))
}

/// The error for an input that a feed does not read, with the built-in feed that does.
fn misfit(what: String, name: &str, beginning: &[u8], command: &str) -> anyhow::Error {
    let fitting = fitting(beginning, None).unwrap_or_default();
    let hint = match fitting.iter().find(|fits| *fits != name) {
        Some(fits) => format!("it looks like the format of the feed {fits}: `{command} --feed {fits}`"),
        None if text(name).is_some() => format!("`slo feed show {name}` prints what it reads"),
        None => "`slo list feeds` lists the others; or describe it: `slo feed try FILE > feed.yaml`".to_owned(),
    };
    Failure::new(what, hint)
}

/// The error for an input of which nothing could be read, with or without a feed.
pub(super) fn unread(error: anyhow::Error, beginning: &[u8], file: Option<&Path>, feed: Option<&str>) -> anyhow::Error {
    if beginning.is_empty() {
        return error;
    }
    // A feed may read a database.
    let advice = feed.map_or_else(|| manifest(beginning, file).or_else(|| advice(beginning, file)), |_| None);
    if let Some(advice) = advice {
        return advice;
    }
    match (Unreadable::told(beginning), feed) {
        (Some(what), _) => what.failure(),
        (None, None) => error,
        (None, Some(name)) => match fitting(beginning, file) {
            Ok(fitting) if fitting.iter().any(|fits| fits != name) => {
                misfit(format!("{error:#}"), name, beginning, "slo ingest")
            }
            _ => error,
        },
    }
}

/// Rows of another program's database, which may end with an error.
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

/// The parts of an input, each with its kind if known.
pub(super) type Parts = Vec<(Option<usize>, Box<dyn Read + Send>)>;

/// The parts of an input: all of it or, for a database, the rows of each kind of record with facts.
///
/// # Errors
/// If the database cannot be queried.
pub(super) fn parts(recipe: &Recipe, database: Option<&Foreign>, input: Box<dyn Read + Send>) -> Result<Parts> {
    let Some(database) = database else { return Ok(vec![(None, input)]) };
    let kinds = recipe.feed().kinds.iter().enumerate().filter(|(_, kind)| kind.shape != Shape::Maintenance);
    let part = |(number, query): (usize, &str)| -> Result<(Option<usize>, Box<dyn Read + Send>)> {
        let Rows { text, fault } = database.rows(query)?;
        Ok((Some(number), Box::new(Faulty { text: Box::new(text), fault })))
    };
    kinds.filter_map(|(number, kind)| Some((number, kind.records.as_deref()?))).map(part).collect()
}

/// The file name without its extensions.
pub(super) fn stem(path: Option<&Path>) -> String {
    let Some(path) = path else { return "stdin".to_owned() };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let packed = [".gz", ".zst", ".xz"];
    let name = packed.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The error for an input that is a manifest.
fn manifest(beginning: &[u8], file: Option<&Path>) -> Option<anyhow::Error> {
    let text = std::str::from_utf8(beginning).ok()?;
    let value = |key: &str| {
        let told = |line: &str| {
            let rest = line.trim_start_matches([' ', '-', '{', '"', '\u{feff}']).strip_prefix(key)?;
            Some(rest.trim_start_matches(['"', '\'', ':', ' ']).to_lowercase())
        };
        text.lines().find_map(told)
    };
    value("apiVersion").filter(|version| version.starts_with("slo/") || version.starts_with("openslo"))?;
    let name = file.map_or("-".to_owned(), |file| file.display().to_string());
    Some(if value("kind").is_some_and(|kind| kind.starts_with("feed")) {
        Failure::new("not transitions but a feed", format!("use `slo ingest --feed {name}` with a file of records"))
    } else {
        Failure::new("not transitions but a manifest", format!("use `slo apply {name}`"))
    })
}

/// The error for an input without transitions that looks like a built-in feed's.
fn advice(beginning: &[u8], file: Option<&Path>) -> Option<anyhow::Error> {
    if feed::is_instant_query(beginning) {
        return Some(Failure::new(format!("not transitions but {INSTANT}"), RANGE));
    }
    let names = fitting(beginning, file).ok()?;
    let (first, others) = names.split_first()?;
    let or = if others.is_empty() { String::new() } else { format!(" (or {})", others.join(", ")) };
    Some(Failure::new(
        format!("not transitions; it looks like the format of the feed {first}{or}"),
        format!("`slo ingest --feed {first} {}`", file.map_or("-".to_owned(), |file| file.display().to_string())),
    ))
}
