//! Owns `slo man`: manual pages made from the command line's own definition.

use std::fs;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::Man;
use crate::commands::registry::definition;
use crate::commands::{Answer, Context, Run};
use crate::domain::value::wording::{closest, quote};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file;

/// A section of terms and their meanings.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

const SECTIONS: [Section; 4] = [
    (
        "EXIT STATUS",
        &[
            ("0", "Success."),
            ("1", "Failed: budget spent, drift, invalid manifest, rejected lines, verify mismatch."),
            ("2", "Error: usage, I/O, damaged or newer database, nothing to check."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            ("SLO_DB", "The database file; --db overrides it."),
            ("SLO_AS_OF", "The time that commands evaluate as of; --as-of overrides it."),
            ("SLO_AUTHOR", "Author of an apply, for slo log; by default what CI systems set, else the user."),
            ("NO_COLOR", "When set and not empty, colors are off unless --color always is given."),
            ("COLUMNS", "The width of the terminal."),
            ("XDG_DATA_HOME, HOME, APPDATA", "Where the user's data directory is."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "~/.local/share/slo/slo.db",
                "The database, unless another is named: under XDG_DATA_HOME; on macOS under ~/Library/Application \
                 Support; on Windows under APPDATA.",
            ),
            ("FILE-wal, FILE-shm", "Companions of a database in use. Copy a database with slo db backup only."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            ("slo demo", "See an example."),
            ("slo ingest checks.jsonl", "Import transitions; importing again changes nothing."),
            ("slo apply slo/", "Make the declared systems and objectives match a folder of manifests."),
            ("slo check -l tier=critical", "Fail when a critical objective has spent its budget."),
        ],
    ),
];

impl Run for Man {
    const NAME: &'static str = "man";
    const ASKS_THE_CLOCK: bool = false;

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let root = plain(definition());
        if let Some(folder) = &args.dir {
            let place = || format!("writing manual pages to {}", folder.display());
            fs::create_dir_all(folder).with_context(place)?;
            for command in family(&root) {
                let path = folder.join(format!("{}.1", page_name(command)));
                context.refuse_database("--dir", &path)?;
                file::replace(&path, &page(command, &root)?)?;
            }
            return Ok(Answer::written(ExitStatus::Pass));
        }
        let mut command = &root;
        for word in &args.command {
            command = command.find_subcommand(word).ok_or_else(|| {
                let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
                let within = page_name(command).replace('-', " ");
                let what = if known.is_empty() {
                    format!("`{within}` has no subcommands")
                } else {
                    format!("unknown command {}", quote(word))
                };
                let all = || format!("`{within} --help` lists the commands");
                let path = within.strip_prefix("slo").unwrap_or_default();
                let near = |near: &str| format!("did you mean `slo man{path} {near}`?");
                let hint = closest(word, known).map_or_else(all, near);
                Failure::new(what, hint)
            })?;
        }
        Ok(Answer::text(page(command, &root)?))
    }
}

/// The command line without options that every page would repeat.
fn plain(command: Command) -> Command {
    let mut command = quiet(command);
    command.build();
    command
}

fn quiet(command: Command) -> Command {
    command.disable_help_flag(true).disable_version_flag(true).disable_help_subcommand(true).mut_subcommands(quiet)
}

/// A command and all its subcommands.
fn family(command: &Command) -> Vec<&Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(family)).collect()
}

fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, root: &Command) -> Result<String> {
    let is_root = command.get_name() == root.get_name();
    let name = page_name(command);
    let source = format!("slo {}", root.get_version().unwrap_or_default());
    // No additional trailing words: a page matches --help.
    let described = Page::new(command.clone().after_help("")).title(name).source(source).manual("slo manual");
    let mut text = Vec::new();
    described.render_title(&mut text)?;
    described.render_name_section(&mut text)?;
    described.render_synopsis_section(&mut text)?;
    described.render_description_section(&mut text)?;
    if command.has_subcommands() {
        commands(command).to_writer(&mut text)?;
    }
    described.render_options_section(&mut text)?;
    let mut rest = Roff::new();
    if let Some(examples) = command.get_after_help().filter(|_| !is_root) {
        rest.control("SH", ["EXAMPLES"]);
        for example in examples.to_string().lines().skip(1) {
            rest.control("PP", []);
            rest.text([roman(example.trim())]);
        }
    }
    if is_root {
        for (title, entries) in SECTIONS {
            section(&mut rest, title, entries.iter().map(|(term, meaning)| (vec![bold(*term)], roman(*meaning))));
        }
        rest.control("SH", ["SEE ALSO"]);
        let pages = family(root).into_iter().skip(1);
        rest.text(pages.flat_map(|page| [bold(page_name(page)), roman("(1) ")]).collect::<Vec<_>>());
    } else {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold("slo"), roman("(1), which explains exit codes, environment and files")]);
    }
    rest.to_writer(&mut text)?;
    Ok(String::from_utf8(text)?)
}

/// The list of commands, each with the page that describes it.
fn commands(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let entries = command.get_subcommands().map(|sub| {
        let term = vec![bold(sub.get_name()), roman(" — "), italic(format!("{}(1)", page_name(sub)))];
        (term, roman(sub.get_about().map(ToString::to_string).unwrap_or_default()))
    });
    section(&mut roff, "COMMANDS", entries);
    roff
}

fn section(roff: &mut Roff, title: &str, entries: impl Iterator<Item = (Vec<Inline>, Inline)>) {
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text(term);
        roff.text([meaning]);
    }
}
