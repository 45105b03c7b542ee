//! Owns how the answers of the `db` commands and of the demo look.

pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod rewrite;
