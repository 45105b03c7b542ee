//! Owns running a command that is told of one change: its input, its time, and what it says when it fails.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::commands::Environment;
use crate::exit::Signal;
use crate::signals::Signals;

/// Bytes of a command's output that are kept, the last ones.
const MOST_OUTPUT: usize = 2048;
/// The longest pause between two looks at whether a command has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// How long output is waited for after the end of a command, whose children may keep it open.
const GRACE: Duration = Duration::from_millis(200);

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
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |what: String, output: String| Failed { what, output, stopped: None };
    let cannot_run = |error| failed(format!("/bin/sh cannot be run: {error}"), String::new());
    let group = Group::start().map_err(cannot_run)?;
    group.adopt(&mut shell);
    let mut child = shell.spawn().map_err(cannot_run)?;
    let tail = Tail::default();
    let readers =
        [child.stdout.take().map(|pipe| tail.follow(pipe)), child.stderr.take().map(|pipe| tail.follow(pipe))];
    if let Some(mut pipe) = child.stdin.take() {
        let input = input.to_owned();
        // A command that does not read its input is none the worse for it.
        drop(thread::spawn(move || drop(pipe.write_all(input.as_bytes()))));
    }
    let timeout = Duration::from_millis(timeout_ms.unsigned_abs());
    let ended = wait(&mut child, &group, timeout, signals);
    let since = Stopwatch::start();
    while readers.iter().flatten().any(|reader| !reader.is_finished()) && since.elapsed() < GRACE {
        thread::sleep(Duration::from_millis(1));
    }
    match ended {
        Ok(Ended::Itself(status)) if status.success() => Ok(()),
        Ok(Ended::Itself(status)) => Err(failed(in_words(status), tail.text())),
        Ok(Ended::Late) => Err(failed(format!("it took longer than {timeout:?} and was killed"), tail.text())),
        Ok(Ended::Stopped(signal)) => {
            let what = format!("it was killed, because slo was ended by {signal}");
            Err(Failed { stopped: Some(signal), ..failed(what, tail.text()) })
        }
        Err(error) => Err(failed(format!("it cannot be waited for: {error}"), tail.text())),
    }
}

/// How a command has ended: by itself, or because its time was up or a signal came.
enum Ended {
    Itself(ExitStatus),
    Late,
    Stopped(Signal),
}

fn wait(child: &mut Child, group: &Group, timeout: Duration, signals: Option<&Signals>) -> std::io::Result<Ended> {
    let since = Stopwatch::start();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Itself(status));
        }
        let stopped = signals.and_then(Signals::caught);
        let left = timeout.checked_sub(since.elapsed()).filter(|left| !left.is_zero() && stopped.is_none());
        let Some(left) = left else {
            group.kill();
            drop(child.kill());
            child.wait()?;
            return Ok(stopped.map_or(Ended::Late, Ended::Stopped));
        };
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The process group of one command, led by a process that ends it when `slo` ends, however that happens.
#[cfg(unix)]
struct Group(Child);

#[cfg(unix)]
impl Group {
    fn start() -> std::io::Result<Self> {
        let mut leader = Command::new("/bin/sh");
        // Only this process holds the other end of its input, which the system closes when the process is gone.
        leader.args(["-c", "read _; kill -s KILL 0"]).env_clear();
        leader.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut leader, 0);
        leader.spawn().map(Self)
    }

    fn adopt(&self, command: &mut Command) {
        std::os::unix::process::CommandExt::process_group(command, self.0.id().cast_signed());
    }

    /// Ends all of the group. Its leader has not been waited for yet, so its id is still its own.
    fn kill(&self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            // A group that is gone already needs no end.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    /// Ends the leader alone: what a command has left running is its own business.
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn start() -> std::io::Result<Self> {
        Ok(Self)
    }

    fn adopt(&self, _: &mut Command) {}

    fn kill(&self) {}
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => format!("it was ended by {status}"),
    }
}

/// The last of what a command prints.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Reads a pipe to its end, so that no command waits for a reader.
    fn follow(&self, mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let kept = Arc::clone(&self.0);
        thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..count]);
                let excess = kept.len().saturating_sub(MOST_OUTPUT);
                kept.drain(..excess);
            }
        })
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
    }
}
