//! The integration tests: one binary, one module per subject.

mod exactness;
mod harness;
mod laws;
mod published;
mod reference;
mod world;
