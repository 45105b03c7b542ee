//! Owns `slo schema`: the JSON Schema of manifests.

use anyhow::Result;

use super::{Context, Run};
use crate::cli::{Output, Schema};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::schema;

impl Run for Schema {
    const NAME: &'static str = "schema";
    const ASKS_THE_CLOCK: bool = false;

    fn run(_: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        if !matches!(context.output, None | Some(Output::Json)) {
            return Err(Failure::new("a JSON Schema is written as JSON", "use -o json (the default)"));
        }
        context.say(&schema())?;
        Ok(ExitStatus::Pass)
    }
}
