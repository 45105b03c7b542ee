//! Owns the one SQLite file: opening, migrating, and what all of its tables share. The only module that knows SQL.

mod applies;
mod changes;
mod computed;
mod history;
mod info;
mod ingests;
mod journal;
mod ledger;
mod manifests;
mod merging;
mod open;
mod seals;
mod segment;
mod sets;
mod turns;
mod upkeep;
mod varint;
mod verify;
mod wire;

pub(crate) use applies::ApplyRecord;
pub(crate) use changes::{LogRange, recipient_of};
pub(crate) use computed::{Published, Views};
pub(crate) use history::{Reader, Silences};
pub(crate) use ingests::IngestRecord;
pub(crate) use journal::{Incoming, JournalWriter, StreamName};
pub(crate) use manifests::{Declaration, Inputs, Resolver, Stored, StoredObject};
pub(crate) use open::{Access, Store};
pub(crate) use turns::LoggedUntil;
pub(crate) use upkeep::Compacted;
pub(crate) use verify::Difference;
