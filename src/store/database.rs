//! Owns the database file and its connection: opening, counting, copying.

pub(super) mod address;
pub(super) mod connection;
pub(super) mod info;
pub(super) mod open;
pub(super) mod upkeep;
