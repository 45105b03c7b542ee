//! Owns a document read as JSON, whatever its format.

use std::io::{self, Read};

use super::yaml::Yaml;
use crate::domain::health::feed::Format;
use crate::feed::input::Input;

/// The JSON of a document.
pub(super) enum Text<R: Read> {
    Json(Input<R>),
    Yaml(Box<Yaml<R>>),
}

impl<R: Read> Text<R> {
    pub(super) fn new(input: Input<R>, format: Format) -> Self {
        if format == Format::Yaml { Self::Yaml(Box::new(Yaml::new(input))) } else { Self::Json(input) }
    }

    /// Bytes of the file read so far, before decompression.
    pub(super) fn passed(&self) -> u64 {
        match self {
            Self::Json(input) => input.passed(),
            Self::Yaml(yaml) => yaml.passed(),
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Json(input) => input.read(into),
            Self::Yaml(yaml) => yaml.read(into),
        }
    }
}
