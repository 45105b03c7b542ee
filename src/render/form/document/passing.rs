//! Owns rows that come one after the other, and are never held together.

use std::cell::RefCell;

use anyhow::{Result, anyhow};
use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use super::Failure;

/// Takes one row.
pub(crate) type Row<'r> = dyn FnMut(&dyn erased_serde::Serialize) -> Result<()> + 'r;

/// Hands on one row after the other.
type Each = Box<dyn FnOnce(&mut Row<'_>) -> Result<()>>;

/// Rows that pass once.
pub(super) struct Passing {
    each: RefCell<Option<Each>>,
    vary: bool,
    failure: Failure,
}

impl Passing {
    /// Why the rows end early goes to `failure`, if it is not the fault of whom they are handed to.
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
                // An error of a serializer that is erased cannot be shown.
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
