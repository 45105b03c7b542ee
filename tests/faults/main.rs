//! What goes wrong outside: bad feeds, broken databases, full disks, crashes and closed pipes. All of it through the real
//! binary, with an empty environment.

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod answers;
mod checkouts;
mod checksum;
mod compute;
mod crashes;
mod damage;
mod databases;
mod disk;
mod feeds;
mod harness;
mod hostile;
mod ingest;
mod load;
mod maintenance;
mod manifests;
mod memory;
mod outputs;
mod pipes;
mod probe;
mod report;
mod secrets;
mod sets;
mod sharing;
mod spellings;
mod stopping;
mod upgrade;
mod upkeep;
mod verify;
mod waiting;
