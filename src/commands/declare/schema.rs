//! Owns `slo schema`: the JSON Schema of manifests.
//!
//! | `slo schema` | prints the JSON Schema of manifests | |

use anyhow::Result;

use crate::cli::{Output, Schema};
use crate::commands::{Answer, Context, Forms, Run};
use crate::manifest::schema;

impl Run for Schema {
    const NAME: &'static str = "schema";
    const ASKS_THE_CLOCK: bool = false;
    const FORMS: Forms = Forms::Only(&[Output::Json], "a JSON Schema is written as JSON", "use -o json (the default)");

    fn run(_: &Self, _: &mut Context<'_>) -> Result<Answer> {
        Ok(Answer::text(schema()))
    }
}
