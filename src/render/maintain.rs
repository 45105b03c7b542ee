//! Owns how the answers look of what looks after the database, and of the demo.

pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod rewrite;
