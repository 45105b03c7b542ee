//! Facts: how they come in, and what status follows from them.

mod corrections;
mod feeds;
mod freshness;
mod pipeline;
mod probes;
mod rewrites;
