//! Owns the size limits of a condition, so that it fits on a line and can be walked and evaluated.

use super::Term;
use super::token::LONGEST;

/// The deepest nesting of terms.
pub(crate) const DEEPEST: usize = 24;

impl Term {
    /// Checks nesting and length, so that both spellings can be read back.
    ///
    /// # Errors
    /// With the limit it exceeds.
    pub(crate) fn check_size(&self) -> Result<(), String> {
        if self.depth() > DEEPEST {
            return Err(format!("the condition is nested more than {DEEPEST} deep"));
        }
        if self.to_string().len() > LONGEST {
            return Err(format!("the condition, written as an expression, is longer than {} KiB", LONGEST / 1024));
        }
        Ok(())
    }

    /// The depth of nested terms.
    fn depth(&self) -> usize {
        1 + self.parts().iter().map(Self::depth).max().unwrap_or(0)
    }
}
