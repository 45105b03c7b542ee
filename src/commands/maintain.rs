//! Owns the commands that maintain the database and the program: `db`, `completions`, `man`, `demo`.

pub(super) mod completions;
pub(super) mod db;
pub(super) mod demo;
pub(super) mod man;
