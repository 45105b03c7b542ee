//! Owns running a command for one change, and the message if it fails.

use std::fmt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::commands::Environment;
use crate::exit::Signal;
use crate::process::{self, Ended, Kept, Part};
use crate::signals::Signals;

/// Bytes kept of a command's output, the last ones.
const MOST_OUTPUT: usize = 2048;

/// Why a command did not accept a change.
#[derive(Debug)]
pub(super) struct Failed {
    what: String,
    output: String,
    /// The signal that ended it.
    pub(super) stopped: Option<Signal>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let lines: Vec<&str> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(5)..].iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Runs `command` in a shell with `input` on its standard input. It succeeds if it exits with 0 in time, whether or not
/// it reads its input; its output is shown only if it fails.
///
/// # Errors
/// If it cannot be run, exits otherwise or not in time, or a signal comes: then its process group is killed.
pub(super) fn run(
    command: &str,
    input: &str,
    timeout_ms: i64,
    env: Environment<'_>,
    signals: Option<&Signals>,
) -> Result<(), Failed> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env_clear().envs(env);
    let timeout = Duration::from_millis(timeout_ms.unsigned_abs());
    let tail = Kept::new(Part::Last(MOST_OUTPUT));
    let ended = process::run(&mut shell, Some(input), [&tail, &tail], timeout, signals);
    let (what, stopped) = match ended {
        Ended::Itself(status) if status.success() => return Ok(()),
        Ended::Itself(status) => (in_words(status), None),
        Ended::Late => (format!("it took longer than {timeout:?} and was killed"), None),
        Ended::Stopped(signal) => (format!("it was killed, because slo was ended by {signal}"), Some(signal)),
        Ended::NotStarted(error) => (format!("/bin/sh cannot be run: {error}"), None),
        Ended::Lost(error) => (format!("it cannot be waited for: {error}"), None),
    };
    Err(Failed { what, output: shown(&tail.bytes()), stopped })
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => format!("it was ended by {status}"),
    }
}

fn shown(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
