//! Facts: how they are imported, and the status that follows from them.

mod corrections;
mod feeds;
mod freshness;
mod pipeline;
mod probes;
mod rejects;
mod rewrites;
