//! Owns the way from a command line to an exit code: parse, make the context, dispatch, print errors.

mod usage;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use chrono_tz::Tz;

use crate::Invocation;
use crate::cli::{Color, Global};
use crate::commands::{Context, Line, Noticed, Place, dispatch};
use crate::domain::value::duration::{out_of_range, parse_millis};
use crate::domain::value::hours::zone_remedy;
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::{in_lines, one_line};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::Canvas;
use crate::render::form::moment::{read_in, zoned};
use crate::{clock, commands};

/// The width if a terminal does not report its own.
const USUAL_WIDTH: u16 = 80;

pub(crate) fn run(mut invocation: Invocation, stdout: &mut dyn Write, stderr: &mut dyn Write) -> ExitStatus {
    #[cfg(unix)]
    if invocation.owns_process {
        commands::conceal(&mut invocation);
    }
    let db = default_db(&invocation.env);
    if let Some(status) = commands::complete(&invocation, db.as_deref(), stdout) {
        return status;
    }
    let width = invocation.stdout_is_terminal.then(|| width(&invocation.env));
    let line = match Line::parse(&invocation.args, width) {
        Ok(line) => line,
        Err(error) => return misread(&error, &invocation, stdout, stderr),
    };
    let color = colored(&invocation, line.global.color, invocation.stderr_is_terminal);
    let canvas = Canvas { width, color: colored(&invocation, line.global.color, invocation.stdout_is_terminal) };
    let outcome = execute(invocation, line, canvas, stdout, stderr);
    outcome.unwrap_or_else(|error| {
        report(&error, color, stderr);
        ExitStatus::Error
    })
}

fn execute(
    invocation: Invocation,
    line: Line,
    canvas: Canvas,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus> {
    let now = clock::now();
    let Global { db, as_of, output, quiet, csv_safe, .. } = &line.global;
    let given = as_of_moment(as_of.as_deref(), &invocation.env, now)?;
    let zone = zone(line.global.timezone.as_deref(), &invocation.env)?;
    read_in(zone.unwrap_or_default());
    // An option on the command line is visible; the environment is easily forgotten.
    if let (Some(at), None, true, false) = (given, as_of, invocation.stderr_is_terminal, *quiet) {
        drop(writeln!(stderr, "note: evaluated as of {}, because SLO_AS_OF is set", zoned(at)));
    }
    let as_of = match given {
        Some(at) => at,
        None if line.command.asks_the_clock => clock::plausible(now)?,
        None => now,
    };
    let mut context = Context {
        program: program(&invocation.args),
        db: db.clone().or_else(|| default_db(&invocation.env)).as_deref().map(Place::named),
        named_db: db.as_deref().map(Place::named),
        as_of,
        clock: now,
        output: *output,
        zone,
        canvas,
        quiet: *quiet,
        csv_safe: *csv_safe,
        stdin: invocation.stdin,
        owns_process: invocation.owns_process,
        stdout,
        stderr,
        held_back: None,
        stdin_is_terminal: invocation.stdin_is_terminal,
        stderr_is_terminal: invocation.stderr_is_terminal,
        noticed: Noticed::default(),
        env: &invocation.env,
    };
    dispatch(&mut context, line)
}

/// The name by which a shell finds this program: as typed if that is a path, else `slo`.
fn program(args: &[OsString]) -> String {
    let typed = args.first().map(|name| name.to_string_lossy().into_owned());
    typed.filter(|name| name.contains(['/', '\\'])).unwrap_or_else(|| "slo".to_owned())
}

fn as_of_moment(flag: Option<&str>, env: &BTreeMap<OsString, OsString>, now: Instant) -> Result<Option<Instant>> {
    let from_env = set(env, "SLO_AS_OF").map(|text| text.to_string_lossy().into_owned());
    let (name, text) = match (flag, from_env) {
        (Some(text), _) => ("--as-of", text.to_owned()),
        (None, Some(text)) => ("SLO_AS_OF", text),
        (None, None) => return Ok(None),
    };
    if let Some(back) = parse_millis(&text) {
        return Ok(Some(clock::plausible(now)?.plus(-back)));
    }
    if let Some(why) = out_of_range(&text) {
        let what = format!("{name} {text:?} must be {why}");
        return Err(Failure::new(what, "write the time itself, such as 2015-01-31"));
    }
    let parsed = Instant::parse(&text).map_err(|error| {
        Failure::new(
            format!("{name} {text:?} is {error}"),
            "write for example --as-of 2026-11-20T14:05:00Z, or --as-of 7d for a week ago",
        )
    });
    parsed.map(Some)
}

/// The given time zone.
fn zone(flag: Option<&str>, env: &BTreeMap<OsString, OsString>) -> Result<Option<Tz>> {
    let from_env = set(env, "SLO_TZ").map(|text| text.to_string_lossy());
    let (name, text) = match (flag, &from_env) {
        (Some(text), _) => ("--timezone", text),
        (None, Some(text)) => ("SLO_TZ", text.as_ref()),
        (None, None) => return Ok(None),
    };
    let unknown = |_| Failure::new(format!("unknown time zone {text:?} in {name}"), zone_remedy(text));
    text.parse().map(Some).map_err(unknown)
}

fn set<'e>(env: &'e BTreeMap<OsString, OsString>, name: &str) -> Option<&'e OsString> {
    env.get(OsStr::new(name)).filter(|value| !value.is_empty())
}

/// The database named by the environment: `SLO_DB`, else `slo/slo.db` under the user's data directory.
fn default_db(env: &BTreeMap<OsString, OsString>) -> Option<PathBuf> {
    if let Some(path) = set(env, "SLO_DB") {
        return Some(PathBuf::from(path));
    }
    let under = |name: &str, rest: &str| set(env, name).map(|folder| PathBuf::from(folder).join(rest));
    let data = if cfg!(windows) {
        under("APPDATA", "")
    } else if cfg!(target_os = "macos") {
        under("HOME", "Library/Application Support")
    } else {
        under("XDG_DATA_HOME", "").or_else(|| under("HOME", ".local/share"))
    };
    data.map(|folder| folder.join("slo").join("slo.db"))
}

/// The terminal's columns: its own, or `COLUMNS`, or the default.
fn width(env: &BTreeMap<OsString, OsString>) -> u16 {
    let told = set(env, "COLUMNS").and_then(|text| text.to_str()?.parse().ok());
    told.or_else(crate::render::terminal_width).filter(|width| *width >= 20).unwrap_or(USUAL_WIDTH)
}

/// Colors on a terminal, unless `NO_COLOR` is set or the terminal is dumb; `--color` takes precedence.
fn colored(invocation: &Invocation, color: Color, is_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let dumb = set(&invocation.env, "TERM").is_some_and(|term| term == "dumb");
            is_terminal && !dumb && set(&invocation.env, "NO_COLOR").is_none()
        }
    }
}

/// Prints an error: what happened, from the outermost cause in, and the remedy.
fn report(error: &anyhow::Error, color: bool, stderr: &mut dyn Write) {
    let label = if color { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
    // Whatever a file's name or content, no cause starts a line of its own.
    let causes: Vec<String> = error.chain().map(|cause| one_line(&cause.to_string()).into_owned()).collect();
    let mut text = format!("{label} {}\n", causes.join(": "));
    for line in Failure::excerpt(error).lines() {
        text.push_str(&format!("  {}\n", one_line(line)));
    }
    if let Some(hint) = Failure::hint(error) {
        text.push_str(&format!("help: {}\n", one_line(hint)));
    }
    // If this fails, too, there is nowhere left to report it.
    drop(stderr.write_all(text.as_bytes()));
}

/// Answers a command line that asks for help, or reports what is wrong with it.
fn misread(error: &clap::Error, invocation: &Invocation, stdout: &mut dyn Write, stderr: &mut dyn Write) -> ExitStatus {
    // Help and version are answers, everything else is an error. A closed pipe changes neither.
    if !error.use_stderr() {
        drop(stdout.write_all(error.render().to_string().as_bytes()));
        return ExitStatus::Pass;
    }
    if invocation.args.len() <= 1 {
        drop(stderr.write_all(usage::FIRST_STEPS.as_bytes()));
    } else if let Some(failure) = usage::failure(error, &invocation.args) {
        report(&failure, colored(invocation, Color::Auto, invocation.stderr_is_terminal), stderr);
    } else {
        drop(stderr.write_all(in_lines(&error.render().to_string()).as_bytes()));
    }
    ExitStatus::Error
}
