//! Owns the database: a SQLite file, or a shared one of PostgreSQL; opening, migrating, and what all of its tables share. The only
//! module that knows SQL.

mod address;
mod applies;
mod changes;
mod computed;
mod connection;
mod foreign;
mod history;
mod info;
mod ingests;
mod inputs;
mod journal;
pub(crate) mod ledger;
mod manifests;
mod merging;
mod open;
mod resolver;
mod rewrites;
mod seals;
pub(crate) mod segment;
mod sets;
#[cfg_attr(not(feature = "postgres"), path = "store/no_shared.rs")]
mod shared;
mod soundness;
mod turns;
mod upkeep;
mod varint;
mod wire;

pub(crate) use address::expect_file;
pub(crate) use changes::{LogRange, recipient_of};
pub(crate) use computed::{Before, Publisher};
pub(crate) use foreign::{Foreign, Rows};
pub(crate) use history::{AllRules, Reader};
pub(crate) use inputs::Inputs;
pub(crate) use journal::{Incoming, JournalWriter};
pub(crate) use manifests::Stored;
pub(crate) use open::{Access, Store};
pub(crate) use resolver::Resolver;
pub(crate) use seals::Seal;
pub(crate) use sets::Declaration;
pub(crate) use shared::{Address, is_address, shows_password};
pub(crate) use soundness::{Difference, Noticed};
pub(crate) use turns::LoggedUntil;
pub(crate) use upkeep::Compacted;
