//! Owns `slo schema`: the JSON Schema of manifests.

use anyhow::Result;

use super::Context;
use crate::cli::Output;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::schema;

pub(super) fn run(context: &mut Context<'_>) -> Result<ExitStatus> {
    if !matches!(context.output, None | Some(Output::Json)) {
        return Err(Failure::new("a JSON Schema is written as JSON", "use -o json (the default)"));
    }
    context.say(&schema())?;
    Ok(ExitStatus::Pass)
}
