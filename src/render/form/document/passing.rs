//! Owns streamed rows, which are never in memory together.

use std::cell::RefCell;

use anyhow::{Result, anyhow};
use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use super::Failure;

/// Consumes one row.
pub(crate) type Row<'r> = dyn FnMut(&dyn erased_serde::Serialize) -> Result<()> + 'r;

/// Passes the rows one by one.
type Each = Box<dyn FnOnce(&mut Row<'_>) -> Result<()>>;

/// Rows that can be read once.
pub(super) struct Passing {
    each: RefCell<Option<Each>>,
    vary: bool,
    failure: Failure,
}

impl Passing {
    /// If the rows end early, and not because of the consumer, the reason goes to `failure`.
    pub(super) fn new(each: impl FnOnce(&mut Row<'_>) -> Result<()> + 'static, vary: bool, failure: Failure) -> Self {
        Self { each: RefCell::new(Some(Box::new(each))), vary, failure }
    }

    /// Whether all rows have the same fields.
    pub(super) const fn are_alike(&self) -> bool {
        !self.vary
    }
}

impl Serialize for Passing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let each = self.each.take().ok_or_else(|| S::Error::custom("these rows have passed"))?;
        let mut refused = None;
        let told = each(&mut |row| {
            list.serialize_element(row).map_err(|error| {
                // The error of an erased serializer cannot be shown.
                refused = Some(error);
                anyhow!("the row was not taken")
            })
        });
        match (refused, told) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => list.end(),
            (None, Err(error)) => {
                let message = format!("{error:#}");
                self.failure.replace(Some(error));
                Err(S::Error::custom(message))
            }
        }
    }
}
