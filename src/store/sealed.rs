//! Owns the cache of sealed days.

pub(crate) mod ledger;
pub(super) mod seals;
