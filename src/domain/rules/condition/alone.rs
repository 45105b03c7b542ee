//! Owns reading a single part of an expression, as used in manifests: a field, a number, a duration.

use super::error::ExpressionError;
use super::path::read_field;
use super::token::{Token, What, tokens};
use super::{Field, Operand, Owner};
use crate::domain::value::wording::quote;

impl Field {
    /// Reads a single field, as in `numeric_state`.
    ///
    /// # Errors
    /// With the place of the first fault.
    pub(crate) fn parse(text: &str, owner: Owner) -> Result<Self, ExpressionError> {
        let tokens = tokens(text)?;
        match tokens.as_slice() {
            [Token { what: What::Path(segments), at }, _] => read_field(segments, at, owner),
            _ => Err(ExpressionError::new(
                &(0..text.len()),
                format!("{} is not a field", quote(text)),
                "write one field",
            )),
        }
    }
}

impl Operand {
    /// Reads a single number or duration.
    ///
    /// # Errors
    /// With the place of the first fault.
    pub(crate) fn parse_amount(text: &str) -> Result<Self, ExpressionError> {
        let tokens = tokens(text)?;
        match tokens.as_slice() {
            [Token { what: What::Number { negative, magnitude }, .. }, _] => {
                Ok(Self::Number { negative: *negative, magnitude: *magnitude })
            }
            [Token { what: What::Duration(millis), .. }, _] => Ok(Self::Duration(*millis)),
            _ => {
                let message = format!("{} is neither a number nor a duration", quote(text));
                Err(ExpressionError::new(&(0..text.len()), message, "write a number such as 20, or 10m"))
            }
        }
    }
}
