//! Owns what commands share: the context they run in, and running the one that was called. Commands orchestrate; they
//! compute nothing and format nothing.

mod answer;
#[cfg(unix)]
mod concealing;
mod decide;
mod declare;
mod expression;
mod feeds;
mod look;
mod maintain;
mod period;
mod printer;
mod publish;
mod range;
mod record;
mod registry;
mod selection;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use chrono_tz::Tz;

use crate::cli::Output;
use crate::clock;
use crate::domain::value::duration::{out_of_range, parse_millis};
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::one_line;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file::part_of_database;
use crate::render::{Canvas, Form, Looks};
use crate::signals::Signals;
use crate::store::{Access, Store};
pub(crate) use crate::store::{Noticed, Place};

use answer::Answer;
#[cfg(unix)]
pub(crate) use concealing::conceal;
pub(crate) use maintain::completions::complete;
use printer::Printer;
use registry::{Forms, Run};
pub(crate) use registry::{Line, deeper, subcommands, values};

/// The most bytes read of an answer to a question.
const MOST_OF_ANSWER: usize = 100;
/// Variables that may name who runs this, the first set one wins: slo's own, those of CI systems, then the user.
const AUTHORS: [&str; 7] =
    ["SLO_AUTHOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "GIT_AUTHOR_NAME", "USER", "LOGNAME", "USERNAME"];

/// The environment variables of the process.
pub(crate) type Environment<'io> = &'io BTreeMap<OsString, OsString>;

/// The context of a command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line, or a fact about the process")]
pub(crate) struct Context<'io> {
    /// The name of `slo` in commands printed for copying.
    pub(crate) program: String,
    pub(crate) db: Option<Place>,
    /// The database, if the command line names it.
    pub(crate) named_db: Option<Place>,
    pub(crate) as_of: Instant,
    /// The machine's clock at the start of the run, regardless of `--as-of`, and even if implausible.
    pub(crate) clock: Instant,
    pub(crate) output: Option<Output>,
    /// The given time zone: of a period, and of times for people.
    pub(crate) zone: Option<Tz>,
    pub(crate) canvas: Canvas,
    pub(crate) quiet: bool,
    /// Whether CSV cells must not be run as formulas.
    pub(crate) csv_safe: bool,
    pub(crate) stdin: Box<dyn Read + Send>,
    /// Whether standard input and the signals are those of the process.
    pub(crate) owns_process: bool,
    pub(crate) stdout: &'io mut dyn Write,
    pub(crate) stderr: &'io mut dyn Write,
    /// Messages that are printed only when they are certain.
    pub(crate) held_back: Option<Vec<String>>,
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stderr_is_terminal: bool,
    /// Damage to caches that changes no answer.
    pub(crate) noticed: Noticed,
    pub(crate) env: Environment<'io>,
}

/// Runs the command.
///
/// # Errors
/// If there is no answer.
pub(crate) fn dispatch(context: &mut Context<'_>, line: Line) -> Result<ExitStatus> {
    line.command.forms.allow(context.output)?;
    if context.named_db.as_ref().is_some_and(Place::shows_password) {
        context.warn(
            "warning: other users of this host can see the password in --db; set PGPASSWORD, or write a line into ~/.pgpass",
        );
    }
    let outcome = line.run(context).and_then(|answer| context.answer(answer));
    if let (Some(damaged), Some(place)) = (context.noticed.in_words(), &context.db) {
        let path = place.shown(context.env);
        context.warn(&format!(
            "warning: database {path}: damaged caches were not used ({damaged}), everything was recomputed; \
             `slo db verify --repair` rebuilds them"
        ));
    }
    outcome
}

impl Context<'_> {
    /// Opens the database.
    ///
    /// # Errors
    /// If none is configured, or it cannot be opened.
    pub(crate) fn store(&self, access: Access) -> Result<Store> {
        self.store_at(self.place()?, access)
    }

    /// Opens the database and reads it; `once` says that the command does so only once.
    ///
    /// # Errors
    /// If none is configured, or it cannot be read.
    pub(crate) fn read<T>(&self, once: bool, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        let store = self.store(Access::Read)?;
        if once && self.owns_process { store.read_last(work) } else { store.read(work) }
    }

    /// Opens another database.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn store_at(&self, place: &Place, access: Access) -> Result<Store> {
        Ok(place.open(access, self.env)?.telling(&self.noticed))
    }

    /// Whether there is a database, which may be empty, for a command that will use it like this.
    ///
    /// # Errors
    /// If none is configured, or it cannot be determined.
    pub(crate) fn has_store(&self, access: Access) -> Result<bool> {
        self.place()?.exists(access, self.env)
    }

    /// Whether the database is a file that does not exist yet.
    ///
    /// # Errors
    /// If no database is configured.
    pub(crate) fn lacks_file(&self) -> Result<bool> {
        Ok(self.place()?.file().is_some_and(|path| !path.exists()))
    }

    /// Where the database is.
    ///
    /// # Errors
    /// If none is configured, or it is a URL of something else.
    pub(crate) fn place(&self) -> Result<&Place> {
        let place = self.db.as_ref().ok_or_else(|| {
            Failure::new(
                "no database configured: none of --db, SLO_DB, XDG_DATA_HOME and HOME is set",
                "set --db PATH or SLO_DB (cron often runs without HOME)",
            )
        })?;
        place.expect_database()?;
        Ok(place)
    }

    /// Opens the database to read it, if there is one: its place may be unknown, or empty.
    ///
    /// # Errors
    /// If it does not name a file, or cannot be opened.
    pub(crate) fn store_if_any(&self) -> Result<Option<Store>> {
        if self.db.is_none() || !self.has_store(Access::Read)? {
            return Ok(None);
        }
        self.store(Access::Read).map(Some)
    }

    /// Whether as-of differs from the time of the run.
    pub(crate) fn is_fixed(&self) -> bool {
        self.as_of != self.clock
    }

    /// The machine's clock at the start of the run.
    ///
    /// # Errors
    /// If it is implausible.
    pub(crate) fn now(&self) -> Result<Instant> {
        clock::plausible(self.clock)
    }

    /// Listens to the signals that ask a command to end, if they are for this process.
    pub(crate) fn signals(&self) -> Result<Option<Signals>> {
        let listening = self.owns_process.then(Signals::listen).transpose();
        listening.context("cannot listen to signals")
    }

    /// Refuses to write a file over the database or one of its companions, under any name. `what` is the argument that
    /// names the file.
    ///
    /// # Errors
    /// If it would destroy them.
    pub(crate) fn refuse_database(&self, what: &str, path: &Path) -> Result<()> {
        let file = self.db.as_ref().and_then(Place::file);
        let Some(part) = file.and_then(|db| part_of_database(path, db)) else { return Ok(()) };
        Err(Failure::new(
            format!("{what} {} would overwrite the database file {}", path.display(), part.display()),
            "name another file",
        ))
    }

    /// Refuses a name for a file to write that is `-`, which is standard output elsewhere, or that of the database.
    ///
    /// # Errors
    /// If it is one of them.
    pub(crate) fn expect_file(&self, what: &str, path: &Path) -> Result<()> {
        if path == Path::new("-") {
            return Err(Failure::new(
                format!("{what} - must be a file, not standard output"),
                "name a file; one that is called - is ./-",
            ));
        }
        self.refuse_database(what, path)
    }

    /// Who runs this, according to the environment.
    fn author(&self) -> Option<String> {
        let set = |name: &&str| self.env.get(OsStr::new(*name)).map(|value| value.to_string_lossy().trim().to_owned());
        AUTHORS.iter().filter_map(set).find(|author| !author.is_empty())
    }

    /// Whether a person can answer a question.
    const fn can_ask(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal
    }

    /// Asks on standard error whether to continue; anything but yes is no.
    ///
    /// # Errors
    /// If the answer cannot be read.
    fn ask(&mut self, question: &str) -> Result<bool> {
        // If the question cannot be printed, there is nobody to answer, and the answer is no.
        drop(write!(self.stderr, "{} [y/N] ", one_line(question)).and_then(|()| self.stderr.flush()));
        let mut answer = Vec::new();
        let mut byte = [0; 1];
        while answer.len() < MOST_OF_ANSWER && self.stdin.read(&mut byte).context("reading the answer")? > 0 {
            if byte == *b"\n" {
                break;
            }
            answer.push(byte[0].to_ascii_lowercase());
        }
        Ok(matches!(answer.trim_ascii(), b"y" | b"yes"))
    }

    /// The folder for temporary files.
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        let names: &[&str] = if cfg!(windows) { &["TEMP", "TMP"] } else { &["TMPDIR"] };
        let mut set = names.iter().filter_map(|name| self.env.get(OsStr::new(name)));
        let usual = if cfg!(windows) { "C:\\Windows\\Temp" } else { "/tmp" };
        set.find(|folder| !folder.is_empty()).map_or_else(|| PathBuf::from(usual), PathBuf::from)
    }

    pub(crate) fn form(&self) -> Form {
        match self.output {
            // Metrics have one form, whatever its name.
            None | Some(Output::Table | Output::Openmetrics) => Form::Table,
            Some(Output::Wide) => Form::Wide,
            Some(Output::Json) => Form::Json,
            Some(Output::Yaml) => Form::Yaml,
            Some(Output::Csv) => Form::Csv { safe: self.csv_safe },
            Some(Output::Markdown) => Form::Markdown,
            Some(Output::Junit) => Form::Junit,
            Some(Output::Github) => Form::Github,
            Some(Output::Html) => Form::Html,
        }
    }

    /// An answer that is only a summary for people, left out when quiet: cron mails all output.
    fn summary<T: 'static>(&self, looks: Looks<T>, words: impl FnOnce(&T) -> String + 'static) -> Answer {
        let quiet = self.quiet;
        looks.words(move |it| if quiet { String::new() } else { words(it) }).into()
    }

    /// Prints an answer in the requested form, and returns how the run ends.
    fn answer(&mut self, answer: Answer) -> Result<ExitStatus> {
        let Answer { shown, exit } = answer;
        let (form, canvas) = (self.form(), self.canvas);
        if let Some(shown) = shown {
            Printer::new(self.stdout).print(|out| shown.write(form, canvas, out))?;
        }
        Ok(exit)
    }

    /// The printed text of an answer.
    fn drawn(&self, answer: Answer) -> Result<String> {
        let mut text = Vec::new();
        answer.shown.map_or(Ok(()), |shown| shown.write(self.form(), self.canvas, &mut text))?;
        Ok(String::from_utf8(text)?)
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// If that fails; a closed pipe is not an error.
    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        self.say_on(text).map(drop)
    }

    /// Writes a part of an answer to standard output, and returns whether its reader is still there.
    pub(crate) fn say_on(&mut self, text: &str) -> Result<bool> {
        written(self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush()))
    }

    /// Writes a note to standard error, as one line, unless quiet.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// Writes one line to standard error, whatever names are in it.
    pub(crate) fn warn(&mut self, text: &str) {
        self.tell(&one_line(text));
    }

    /// Writes lines to standard error; foreign text in them is already escaped. A failure to write them changes no
    /// outcome.
    pub(crate) fn tell(&mut self, lines: &str) {
        match &mut self.held_back {
            Some(held_back) => held_back.push(lines.to_owned()),
            None => drop(writeln!(self.stderr, "{lines}")),
        }
    }

    /// Holds back messages from now on, and drops those held back before: they will be repeated.
    pub(crate) fn begin_anew(&mut self) {
        self.held_back = Some(Vec::new());
    }

    /// Drops the messages held back, and stops holding back.
    pub(crate) fn forget(&mut self) {
        self.held_back = None;
    }

    /// Prints the messages held back.
    pub(crate) fn let_go(&mut self) {
        self.held_back.take().into_iter().flatten().for_each(|lines| self.tell(&lines));
    }
}

/// A time as typed, or this long before `as_of`.
///
/// # Errors
/// If it is neither.
fn moment(text: &str, as_of: Instant) -> Result<Instant> {
    if let Some(back) = parse_millis(text) {
        return Ok(as_of.plus(-back));
    }
    if let Some(why) = out_of_range(text) {
        return Err(Failure::new(format!("{text:?} must be {why}"), "write the time itself, such as 2015-01-31"));
    }
    Instant::parse(text)
        .map_err(|error| Failure::new(format!("{text:?} is {error}"), "a duration such as 7d counts back from as-of"))
}

/// Whether the reader of standard output is still there.
///
/// # Errors
/// Write errors; a closed pipe is not one.
fn written(result: std::io::Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("writing to standard output"),
    }
}
