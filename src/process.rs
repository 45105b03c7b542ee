//! Owns running other programs: their input, time limit, ending them with all they started, and the output kept.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::exit::Signal;
use crate::signals::Signals;

/// The longest pause between two checks whether a program has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// How long to wait for output after a program ended, because its children may keep it open.
const GRACE: Duration = Duration::from_millis(200);
/// Bytes read at once from a program's output.
const CHUNK: usize = 1 << 16;

/// How a program ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Itself(ExitStatus),
    /// It exceeded its time limit and was killed with all processes of its group.
    Late,
    /// The same, because of a signal that asked this process to end.
    Stopped(Signal),
    NotStarted(io::Error),
    /// It was started, but its end is unknown.
    Lost(io::Error),
}

/// Runs a program to its end with `input`, or nothing, on its standard input, in a process group of its own, for at
/// most `timeout`. `outputs` collect its standard output and standard error.
pub(crate) fn run(
    command: &mut Command,
    input: Option<&str>,
    outputs: [&Kept; 2],
    timeout: Duration,
    signals: Option<&Signals>,
) -> Ended {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Group::start().and_then(|group| {
        group.adopt(command);
        Ok((command.spawn()?, group))
    });
    let (mut child, group) = match started {
        Ok(started) => started,
        Err(error) => return Ended::NotStarted(error),
    };
    let readers = [
        child.stdout.take().map(|pipe| outputs[0].follow(pipe)),
        child.stderr.take().map(|pipe| outputs[1].follow(pipe)),
    ];
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        let input = input.to_owned();
        // A program may ignore its input.
        drop(thread::spawn(move || drop(pipe.write_all(input.as_bytes()))));
    }
    let ended = wait(&mut child, &group, timeout, signals).unwrap_or_else(Ended::Lost);
    let since = Stopwatch::start();
    while readers.iter().flatten().any(|reader| !reader.is_finished()) && since.elapsed() < GRACE {
        thread::sleep(Duration::from_millis(1));
    }
    ended
}

fn wait(child: &mut Child, group: &Group, timeout: Duration, signals: Option<&Signals>) -> io::Result<Ended> {
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

/// The process group of one program; its leader ends it when `slo` ends, for any reason.
#[cfg(unix)]
struct Group(Child);

#[cfg(unix)]
impl Group {
    fn start() -> io::Result<Self> {
        let mut leader = Command::new("/bin/sh");
        // Only this process has the other end of its input, which the system closes when the process is gone.
        leader.args(["-c", "read _; kill -s KILL 0"]).env_clear();
        leader.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut leader, 0);
        leader.spawn().map(Self)
    }

    fn adopt(&self, command: &mut Command) {
        std::os::unix::process::CommandExt::process_group(command, self.0.id().cast_signed());
    }

    /// Ends the entire group. Its leader was not waited for yet, so its id is not reused.
    fn kill(&self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            // The group may be gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    /// Ends only the leader: a program may leave processes running.
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn start() -> io::Result<Self> {
        Ok(Self)
    }

    fn adopt(&self, _: &mut Command) {}

    fn kill(&self) {}
}

/// The kept part of a program's output. Clones share it, so that one may collect both outputs.
#[derive(Clone)]
pub(crate) struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    part: Part,
}

/// How many bytes, from which end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    First(usize),
    Last(usize),
}

impl Kept {
    pub(crate) fn new(part: Part) -> Self {
        Self { bytes: Arc::default(), part }
    }

    /// The bytes kept so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads a pipe to its end, so that no program waits for a reader.
    fn follow(&self, mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let (kept, part) = (Arc::clone(&self.bytes), self.part);
        thread::spawn(move || {
            let mut chunk = vec![0; CHUNK];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                part.add(&mut kept, &chunk[..count]);
            }
        })
    }
}

impl Part {
    fn add(self, kept: &mut Vec<u8>, more: &[u8]) {
        match self {
            Self::First(most) => {
                let room = most.saturating_sub(kept.len()).min(more.len());
                kept.extend_from_slice(&more[..room]);
            }
            Self::Last(most) => {
                kept.extend_from_slice(more);
                let excess = kept.len().saturating_sub(most);
                kept.drain(..excess);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_end_of_an_output_is_kept() {
        for (part, expected) in [(Part::First(5), "abcde"), (Part::Last(5), "efghi"), (Part::First(99), "abcdefghi")] {
            let mut kept = Vec::new();
            for more in ["abc", "", "defgh", "i"] {
                part.add(&mut kept, more.as_bytes());
            }
            assert_eq!(kept, expected.as_bytes(), "{part:?}");
        }
    }
}
