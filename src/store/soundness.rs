//! Owns checking stored data before it is used: a checksum in every row, handling damage, and finding it.

mod cache;
pub(super) mod crc;
mod lost;
mod noticed;
mod repair;
pub(super) mod row;
mod verify;

pub(super) use cache::{DamagedCache, makes_no_sense};
pub(crate) use noticed::Noticed;
pub(crate) use verify::Difference;
