//! Owns reading `-o`: an unknown form is answered with those of the command, not with all.

use std::ffi::OsStr;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Error};

use crate::cli::Output;

/// Reads any form, as a command refuses those that it lacks in its own words, but offers only these.
#[derive(Clone)]
pub(super) struct FormParser(pub(super) Vec<PossibleValue>);

impl TypedValueParser for FormParser {
    type Value = Output;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Output, Error> {
        let parsed = EnumValueParser::<Output>::new().parse_ref(command, arg, value);
        parsed.map_err(|mut error| {
            let names = self.0.iter().map(|form| form.get_name().to_owned()).collect();
            error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().cloned()))
    }
}
