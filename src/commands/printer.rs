//! Owns writing answers to standard output as they are made: in large parts, and no more than the reader reads.

use std::io::{self, Write};

use anyhow::Result;

use super::written;

/// Bytes buffered before they are written.
const CHUNK: usize = 64 * 1024;

/// Buffers the output, and keeps the error of a failed write.
pub(super) struct Printer<'io> {
    out: &'io mut dyn Write,
    gathered: Vec<u8>,
    failed: Option<io::Error>,
}

impl<'io> Printer<'io> {
    pub(super) fn new(out: &'io mut dyn Write) -> Self {
        Self { out, gathered: Vec::new(), failed: None }
    }

    /// Writes the rest of the output of `work` if it succeeded. Returns whether the reader is still there.
    ///
    /// # Errors
    /// Errors of `work`, and write errors; a closed pipe is not one.
    pub(super) fn print(mut self, work: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<bool> {
        let done = work(&mut self);
        if done.is_ok() {
            // The error is kept.
            drop(self.flush());
        }
        match self.failed {
            Some(error) => written(Err(error)),
            None => done.map(|()| true),
        }
    }

    fn remember(&mut self, result: io::Result<()>) -> io::Result<()> {
        result.map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }

    fn write_gathered(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.gathered);
        self.gathered.clear();
        self.remember(written)
    }
}

impl Write for Printer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gathered.len() + bytes.len() > CHUNK {
            self.write_gathered()?;
        }
        if bytes.len() >= CHUNK {
            let written = self.out.write_all(bytes);
            self.remember(written)?;
        } else {
            self.gathered.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_gathered()?;
        let flushed = self.out.flush();
        self.remember(flushed)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{anyhow, bail};

    use super::*;

    /// Accepts this many bytes, then fails.
    struct Room(usize, io::ErrorKind, Vec<u8>);

    impl Write for Room {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(self.1.into());
            }
            self.0 -= bytes.len();
            self.2.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn print(room: &mut Room, lines: usize) -> Result<bool> {
        Printer::new(room).print(|out| {
            (0..lines).try_for_each(|line| writeln!(out, "{line:099}")).map_err(|error| anyhow!("line: {error}"))
        })
    }

    #[test]
    fn what_is_written_arrives_in_order() {
        let mut room = Room(usize::MAX, io::ErrorKind::Other, Vec::new());
        assert!(print(&mut room, 2_000).unwrap());
        let expected: Vec<String> = (0..2_000).map(|line| format!("{line:099}\n")).collect();
        assert_eq!(String::from_utf8(room.2).unwrap(), expected.concat());
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        let closed = print(&mut Room(150_000, io::ErrorKind::BrokenPipe, Vec::new()), 2_000);
        assert!(!closed.unwrap());
        let full = print(&mut Room(150_000, io::ErrorKind::StorageFull, Vec::new()), 2_000);
        assert_eq!(full.unwrap_err().to_string(), "writing to standard output");
    }

    #[test]
    fn of_an_answer_that_fails_at_its_start_nothing_is_written() {
        let mut room = Room(usize::MAX, io::ErrorKind::Other, Vec::new());
        let failed = Printer::new(&mut room).print(|out| {
            out.write_all(b"{")?;
            bail!("no such page")
        });
        assert_eq!((failed.unwrap_err().to_string(), room.2.len()), ("no such page".to_owned(), 0));
    }
}
