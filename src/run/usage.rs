//! Owns the message for an invalid command line: what is wrong with it, and what was probably meant.

use std::error::Error as _;
use std::ffi::OsString;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::commands::{deeper, subcommands, values};
use crate::domain::value::wording::{and_list, closest, or_list, quote};
use crate::failure::Failure;

/// The output of `slo` without arguments.
pub(super) const FIRST_STEPS: &str = "\
slo: error budgets, streaks and CI verdicts from health transitions

  slo demo                  see it work on an example
  slo ingest monitor.csv    import what your monitoring recorded
  slo init slo.yaml         write objectives to edit
  slo apply slo.yaml        declare them
  slo status                show every objective, worst first
  slo check                 fail when a budget is spent, for CI

`slo --help` lists all commands, `slo help COMMAND` explains one.
";

/// Words of other programs and people for what has another name here.
const OTHER_WORDS: [(&[&str], &str); 18] = [
    (&["import", "load", "record", "push"], "ingest"),
    (&["monitor", "ping", "run", "exec"], "probe"),
    (&["create", "new", "generate", "scaffold"], "init"),
    (&["lint", "fmt"], "validate"),
    (&["diff"], "plan"),
    (&["deploy", "sync"], "apply"),
    (&["undo", "fix", "amend"], "correct"),
    (&["budget", "budgets", "uptime", "availability", "summary"], "status"),
    (&["watch"], "status --watch"),
    (&["describe", "get"], "show"),
    (&["incident", "incidents", "outage", "outages", "events"], "downtime"),
    (&["weekly", "week"], "digest"),
    (&["html", "page"], "report --html slo.html"),
    (&["gate", "test", "alert", "alerts", "assert"], "check"),
    (&["simulate", "replay"], "backtest"),
    (&["prometheus"], "export metrics"),
    (&["vacuum"], "db compact"),
    (&["version"], "--version"),
];

/// The error in these words and its remedy; `None` if the parser's message is good enough.
pub(super) fn failure(error: &Error, words: &[OsString]) -> Option<anyhow::Error> {
    let given = text(error, ContextKind::InvalidArg).map(|name| bare(&name));
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let (what, help) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = text(error, ContextKind::InvalidSubcommand)?;
            let program = program(error);
            let near = texts(error, ContextKind::SuggestedSubcommand);
            // `slo help` suggests nothing by itself.
            let alike = || closest(&typed, subcommands(&program).iter().map(String::as_str)).map(str::to_owned);
            let help = match (elsewhere(&typed), begun_or_alike(&typed, &near).or_else(alike)) {
                (Some(command), _) => {
                    format!("did you mean `{} {command}`?", program.split(' ').next().unwrap_or("slo"))
                }
                (None, Some(command)) => format!("did you mean `{program} {command}`?"),
                (None, None) => format!("`{program} --help` lists the commands"),
            };
            (format!("unknown command {}", quote(&typed)), help)
        }
        ErrorKind::UnknownArgument => {
            let (given, more) = (given?, format!("`{} --help` lists the options", program(error)));
            let program = program(error);
            let has_dashes = words.iter().any(|word| word == "--");
            if program.ends_with(" probe") && !given.starts_with("--") && !has_dashes {
                return Some(Failure::new(
                    format!("unexpected argument {}", quote(&given)),
                    format!("put `--` before the command: {program} SYSTEM -- COMMAND"),
                ));
            }
            if !given.starts_with('-') {
                return Some(Failure::new(format!("unexpected argument {}", quote(&given)), more));
            }
            let near = meant(&given, &texts(error, ContextKind::SuggestedArg));
            (format!("unknown option {given}"), near.map_or(more, |option| format!("did you mean {option}?")))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            let given = given?;
            let help = expected(error).unwrap_or_else(|| format!("write it after {given}"));
            (format!("{given} needs a value"), help)
        }
        ErrorKind::InvalidValue => {
            let near = begun_or_alike(&value, &texts(error, ContextKind::ValidValue));
            let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            (format!("invalid value {} for {}", quote(&value), given?), near + &expected(error)?)
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| range(&why.to_string()))?;
            (format!("invalid value {} for {}", quote(&value), given?), why)
        }
        ErrorKind::MissingRequiredArgument => {
            // Of several names for one thing, any will do.
            let any = |names: &String| {
                let names: Vec<String> = names.split('|').map(bare).collect();
                or_list(names.iter().map(String::as_str))
            };
            let missing: Vec<String> = texts(error, ContextKind::InvalidArg).iter().map(any).collect();
            let help = match &missing[..] {
                [only] => choice(&values(&program(error), only)),
                _ => None,
            };
            (format!("missing {}", and_list(missing.iter().map(String::as_str))), help.or_else(|| usage(error))?)
        }
        ErrorKind::ArgumentConflict => {
            let other = texts(error, ContextKind::PriorArg).iter().map(|name| bare(name)).next()?;
            match given? {
                given if given != other => {
                    (format!("{given} cannot be used with {other}"), "leave one of them out".to_owned())
                }
                given if given == "--selector" => {
                    ("-l is given twice".to_owned(), "join labels with a comma: -l team=web,tier=one".to_owned())
                }
                given => (format!("{given} is given twice"), "leave one of them out".to_owned()),
            }
        }
        _ => return None,
    };
    Some(Failure::new(what, help))
}

/// The value that was meant: one with the same beginning, else the most similar.
fn meant(typed: &str, near: &[String]) -> Option<String> {
    begun_or_alike(typed, near).or_else(|| near.last().cloned())
}

fn begun_or_alike(typed: &str, near: &[String]) -> Option<String> {
    let near = || near.iter().map(String::as_str);
    near().find(|near| near.starts_with(typed)).or_else(|| closest(typed, near())).map(str::to_owned)
}

/// The command with another name or place than the typed one.
fn elsewhere(typed: &str) -> Option<String> {
    let word = OTHER_WORDS.iter().find(|(words, _)| words.contains(&typed)).map(|(_, command)| (*command).to_owned());
    word.or_else(|| deeper(typed))
}

/// The valid values there.
fn expected(error: &Error) -> Option<String> {
    choice(&texts(error, ContextKind::ValidValue))
}

fn choice(values: &[String]) -> Option<String> {
    let listed = || format!("expected {}", or_list(values.iter().map(String::as_str)));
    (!values.is_empty()).then(listed)
}

/// `0 is not in 1..=30` in words; other reasons as they are.
fn range(why: &str) -> String {
    let bounds = why.split_once(" is not in ").map(|(_, bounds)| bounds);
    match bounds.map(|bounds| bounds.split_once("..=").unwrap_or((bounds.trim_end_matches(".."), ""))) {
        Some((least, "")) => format!("expected a number, at least {least}"),
        Some((least, most)) => format!("expected a number from {least} to {most}"),
        None if why.starts_with("invalid digit") => "expected a whole number".to_owned(),
        None => why.to_owned(),
    }
}

/// The usage of the command, in one line.
fn usage(error: &Error) -> Option<String> {
    let usage = text(error, ContextKind::Usage)?;
    Some(format!("usage: {}", usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The command that the error is about, as typed.
fn program(error: &Error) -> String {
    let usage = usage(error).unwrap_or_else(|| "usage: slo".to_owned());
    let words = usage.split(' ').skip(1).take_while(|word| !word.starts_with(['[', '<', '-']));
    words.collect::<Vec<_>>().join(" ")
}

/// The name of an argument without its value.
fn bare(name: &str) -> String {
    let name = name.split([' ', '=']).next().unwrap_or(name);
    name.trim_end_matches("...").trim_matches(['<', '>', '[', ']']).to_owned()
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    texts(error, kind).into_iter().next()
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
