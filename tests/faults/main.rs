//! External faults: bad feeds, broken databases, full disks, crashes and closed pipes. All with the real binary and an
//! empty environment.

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod checksum;
mod declared;
mod harness;
mod inputs;
mod limits;
mod output;
mod processes;
#[path = "../it/shared/server.rs"]
#[expect(dead_code, reason = "the other tests start servers of more kinds")]
mod server;
mod storage;
