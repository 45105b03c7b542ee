//! Owns the cache of sealed days.

pub(super) mod followers;
pub(crate) mod ledger;
pub(super) mod seals;
