//! Inputs that are broken, hostile or large.

mod feeds;
mod hostile;
mod ingest;
mod spellings;
