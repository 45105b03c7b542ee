//! Owns the arguments of `slo compute`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::duration;

#[derive(Args, Debug)]
pub(crate) struct Compute {
    /// Run this shell command once for each change, with the change as JSON on its standard input; may be given several times
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) exec: Vec<String>,
    /// End a command that takes longer than this; it counts as failed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) exec_timeout: i64,
}
