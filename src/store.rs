//! Owns the database: a SQLite file, or a shared one on PostgreSQL; opening, migrating, and what its tables share. The
//! only module that knows SQL.

#[cfg(all(test, feature = "postgres"))]
mod conformance;
mod database;
mod declared;
pub(crate) mod facts;
mod foreign;
mod id;
mod place;
mod published;
pub(crate) mod sealed;
#[cfg_attr(not(feature = "postgres"), path = "store/no_shared.rs")]
mod shared;
mod soundness;
mod varint;

pub(crate) use database::open::{Access, Store, Unreadable};
pub(crate) use database::upkeep::Compacted;
pub(crate) use declared::inputs::Inputs;
pub(crate) use declared::manifests::Stored;
pub(crate) use declared::sets::Declaration;
pub(crate) use facts::history::{AllRules, Reader, StreamRow};
pub(crate) use facts::journal::{Incoming, JournalWriter};
pub(crate) use foreign::{Foreign, Rows};
pub(crate) use id::ManifestId;
pub(crate) use place::Place;
pub(crate) use published::changes::{LogRange, recipient_of};
pub(crate) use published::computed::{Before, Publisher};
pub(crate) use published::turns::LoggedUntil;
pub(crate) use sealed::followers::Followers;
pub(crate) use sealed::seals::Seal;
#[cfg(unix)]
pub(crate) use shared::without_password;
pub(crate) use soundness::{Difference, Noticed};
