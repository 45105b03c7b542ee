//! Owns the inputs of an ingest: files, standard input, the rows of other programs' databases, and choosing the
//! description that fits.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use anyhow::Result;

use super::display_name;
use crate::commands::{Context, feeds};
use crate::domain::health::feed::{Format as DescribedFormat, Shape};
use crate::failure::Failure;
use crate::feed::{self, Recipe};
use crate::signals::{self, Signals};
use crate::store::Foreign;

/// A source of lines.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) path: Option<PathBuf>,
    pub(super) read: Source,
    /// For rows of another program's database: the indices of their feed and kind.
    pub(super) rows: Option<(usize, usize)>,
    /// Whether it continues the input before it.
    pub(super) goes_on: bool,
}

pub(super) enum Source {
    File(File),
    Given(Box<dyn Read + Send>),
    /// Rows, and the reason if they ended early.
    Rows(File, Receiver<String>),
}

impl Input {
    /// Opens a file, or standard input for `-`. Another program's database is several inputs, one for each kind of
    /// record of its feed.
    ///
    /// # Errors
    /// If the file cannot be opened, or is a database without a named feed.
    pub(super) fn open(
        context: &mut Context<'_>,
        file: &Path,
        feed: Option<&[Recipe]>,
        plans: bool,
    ) -> Result<Vec<Self>> {
        let name = display_name(file);
        if file == Path::new("-") {
            let given = std::mem::replace(&mut context.stdin, Box::new(io::empty()));
            let own = if context.owns_process { signals::standard_input()? } else { None };
            let read = own.map_or(Source::Given(given), Source::File);
            return Ok(vec![Self { name, path: None, read, rows: None, goes_on: false }]);
        }
        let (is_file, opened) = feeds::open(file, &name)?;
        if is_file && let (Some(database), Some(feed)) = (Foreign::at(file), feed) {
            return Self::of_database(&database, file, feed, plans);
        }
        Ok(vec![Self { name, path: Some(file.to_owned()), read: Source::File(opened), rows: None, goes_on: false }])
    }

    fn of_database(database: &Foreign, file: &Path, feed: &[Recipe], plans: bool) -> Result<Vec<Self>> {
        let Some(index) = feed.iter().position(|recipe| recipe.feed().format == DescribedFormat::Sqlite) else {
            let name = display_name(file);
            return Err(Failure::new(
                format!("{name}: a SQLite database, which the feed does not read"),
                feeds::fitting(b"SQLite format 3\0", Some(file))?
                    .first()
                    .map_or("see `slo list feeds`".to_owned(), |fits| format!("`slo ingest --feed {fits} {name}`")),
            ));
        };
        let kinds = &feed[index].feed().kinds;
        let wanted = kinds.iter().enumerate().filter(|(_, kind)| plans || kind.shape != Shape::Maintenance);
        let mut inputs: Vec<Self> = Vec::new();
        for (kind, query) in wanted.filter_map(|(number, kind)| Some((number, kind.records.as_deref()?))) {
            let rows = database.rows(query)?;
            inputs.push(Self {
                name: display_name(file),
                path: Some(file.to_owned()),
                read: Source::Rows(rows.text, rows.fault),
                rows: Some((index, kind)),
                goes_on: !inputs.is_empty(),
            });
        }
        Ok(inputs)
    }

    /// The same input, which ends when a signal comes.
    pub(super) fn until(self, signals: Option<&Signals>) -> Result<Self> {
        let guard = |file: File| -> Result<Box<dyn Read + Send>> {
            Ok(match signals {
                Some(signals) => Box::new(signals.guard(file)?),
                None => Box::new(file),
            })
        };
        let read: Box<dyn Read + Send> = match self.read {
            Source::File(file) => guard(file)?,
            Source::Rows(text, fault) => Box::new(feeds::Faulty { text: guard(text)?, fault }),
            Source::Given(read) => read,
        };
        Ok(Self { read: Source::Given(read), ..self })
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Given(read) => read.read(into),
            Self::Rows(text, _) => text.read(into),
        }
    }
}

/// The description under a name that fits an input, and the input's beginning. With a followed pipe and only one
/// description, it does not wait for that much input.
///
/// # Errors
/// If none fits, or the input cannot be read.
pub(super) fn choose<'f>(
    recipes: &'f [Recipe],
    source: &mut Box<dyn Read + Send>,
    follows: bool,
) -> Result<(&'f Recipe, Vec<u8>)> {
    let is_database = |recipe: &&Recipe| recipe.feed().format == DescribedFormat::Sqlite;
    if let [only] = recipes
        && follows
        && !is_database(&only)
    {
        return Ok((only, Vec::new()));
    }
    let mut beginning = Vec::new();
    let looked = source.by_ref().take(feeds::BEGINNING).read_to_end(&mut beginning);
    let text = feed::beginning(&beginning);
    let rest = std::mem::replace(source, Box::new(io::empty()));
    *source = match looked {
        Ok(_) => Box::new(io::Cursor::new(beginning).chain(rest)),
        // What came before the error is read before the error is reported.
        Err(error) => Box::new(io::Cursor::new(beginning).chain(Broken(Some(error)))),
    };
    Ok((feeds::choose(recipes, &text, false, "slo ingest")?, text))
}

/// The end of an input that could not be read further.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
