//! Owns the signals that ask a command to end (TERM, INT and HUP): which one came, and reading input until one comes.

use std::fs::File;
use std::io::{self, Read};

use crate::exit::Signal;

/// Why reading ended before the end of the input.
#[derive(Debug)]
pub(crate) struct Stopped(pub(crate) Signal);

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stopped by {}", self.0)
    }
}

impl std::error::Error for Stopped {}

/// The signal that ended reading, if that is the error.
pub(crate) fn stopped(error: &anyhow::Error) -> Option<Signal> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    inner.downcast_ref::<Stopped>().map(|stopped| stopped.0)
}

#[cfg(unix)]
pub(crate) use unix::{Signals, end_by, standard_input};

#[cfg(unix)]
mod unix {
    use std::io::PipeReader;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::{SigId, flag, low_level};

    use super::{File, Read, Signal, Stopped, io};

    /// The most bytes read from a pipe after a signal: its content would be lost otherwise.
    const MOST_LEFT: usize = 1 << 20;

    /// Listens until it is dropped. The first signal is kept; a second one ends the process immediately.
    #[derive(Debug)]
    pub(crate) struct Signals {
        caught: Arc<AtomicUsize>,
        wake: PipeReader,
        registered: Vec<SigId>,
    }

    impl Signals {
        pub(crate) fn listen() -> io::Result<Self> {
            let (wake, waker) = io::pipe()?;
            let mut signals = Self { caught: Arc::default(), wake, registered: Vec::new() };
            let again = Arc::new(AtomicBool::new(false));
            let ignored = ignored();
            for signal in [SIGTERM, SIGINT, SIGHUP] {
                // Whoever started the process, such as `nohup`, wants it to survive this signal.
                if ignored & (1 << (signal - 1)) != 0 {
                    continue;
                }
                signals.registered.extend([
                    flag::register_conditional_default(signal, Arc::clone(&again))?,
                    flag::register(signal, Arc::clone(&again))?,
                    flag::register_usize(signal, Arc::clone(&signals.caught), signal.unsigned_abs() as usize)?,
                    low_level::pipe::register(signal, OwnedFd::from(waker.try_clone()?))?,
                ]);
            }
            Ok(signals)
        }

        /// The signal received.
        pub(crate) fn caught(&self) -> Option<Signal> {
            caught(&self.caught)
        }

        /// Waits for a signal, at most this long; may return earlier.
        pub(crate) fn wait(&self, most: Duration) {
            if self.caught().is_some() {
                return;
            }
            let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
            // On an error, the caller checks again.
            let _ = poll(&mut [PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)], Some(&most));
        }

        /// An input that ends when a signal comes, with [`Stopped`].
        pub(crate) fn guard(&self, input: File) -> io::Result<impl Read + Send + use<>> {
            let kind = input.metadata()?.file_type();
            let is_pipe = kind.is_fifo() || kind.is_socket() || kind.is_char_device();
            let left = if is_pipe { MOST_LEFT } else { 0 };
            Ok(Guarded { input, caught: Arc::clone(&self.caught), wake: self.wake.try_clone()?, left })
        }
    }

    impl Drop for Signals {
        fn drop(&mut self) {
            for id in self.registered.drain(..) {
                low_level::unregister(id);
            }
        }
    }

    struct Guarded {
        input: File,
        caught: Arc<AtomicUsize>,
        wake: PipeReader,
        left: usize,
    }

    impl Read for Guarded {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            loop {
                let caught = caught(&self.caught);
                let mut ready = [
                    PollFd::new(&self.input, PollFlags::IN),
                    PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN),
                ];
                let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
                match poll(&mut ready, caught.is_some().then_some(&at_once)) {
                    Ok(_) => {}
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                }
                let has_input = !ready[0].revents().is_empty();
                match caught {
                    None if !has_input => {}
                    None => return self.input.read(into),
                    Some(signal) if !has_input || self.left == 0 => return Err(io::Error::other(Stopped(signal))),
                    Some(_) => {
                        let most = into.len().min(self.left);
                        let count = self.input.read(&mut into[..most])?;
                        self.left -= count;
                        return Ok(count);
                    }
                }
            }
        }
    }

    fn caught(number: &AtomicUsize) -> Option<Signal> {
        match number.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok().map(Signal),
        }
    }

    /// The signals that the process was started to ignore, a bit each; none if unknown.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    /// Standard input without a buffer, so that waiting for it and reading it agree; `None` if signals do not end
    /// reading.
    pub(crate) fn standard_input() -> io::Result<Option<File>> {
        Ok(Some(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    /// Ends the process as the signal would have.
    pub(crate) fn end_by(signal: Signal) {
        // If that fails, the exit code says the same.
        drop(low_level::emulate_default_handler(signal.0));
    }
}

#[cfg(not(unix))]
pub(crate) use elsewhere::{Signals, end_by, standard_input};

/// For systems without these signals.
#[cfg(not(unix))]
mod elsewhere {
    use super::{File, Read, Signal, io};

    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn caught(&self) -> Option<Signal> {
            None
        }

        pub(crate) fn wait(&self, most: std::time::Duration) {
            std::thread::sleep(most);
        }

        pub(crate) fn guard(&self, input: File) -> io::Result<impl Read + Send + use<>> {
            Ok(input)
        }
    }

    pub(crate) fn standard_input() -> io::Result<Option<File>> {
        Ok(None)
    }

    pub(crate) fn end_by(_: Signal) {}
}
