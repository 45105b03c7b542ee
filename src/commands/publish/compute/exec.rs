//! Owns running a command that is told of one change, and what is said when it fails.

use std::fmt;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::commands::Environment;
use crate::exit::Signal;
use crate::process::{self, Ended, Kept, Part};
use crate::signals::Signals;

/// Bytes of a command's output that are kept, the last ones.
const MOST_OUTPUT: usize = 2048;

/// Why a command has not taken a change in.
#[derive(Debug)]
pub(super) struct Failed {
    what: String,
    output: String,
    /// The signal because of which it was ended.
    pub(super) stopped: Option<Signal>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let lines: Vec<&str> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(5)..].iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Runs `command` in a shell with `input` on its standard input. It has succeeded when it ends with 0 in time, whether or not it
/// has read its input; what it prints is shown only when it fails.
///
/// # Errors
/// When it cannot be run, ends otherwise, not in time, or a signal comes: then it is killed with all processes of its group.
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
