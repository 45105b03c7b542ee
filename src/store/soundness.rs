//! Owns that what is stored is checked before it is believed: a checksum in every row, what is done about damage, and finding it.

mod cache;
pub(super) mod crc;
mod noticed;
mod repair;
pub(super) mod row;
mod verify;

pub(super) use cache::{DamagedCache, makes_no_sense};
pub(crate) use noticed::Noticed;
pub(crate) use verify::Difference;
