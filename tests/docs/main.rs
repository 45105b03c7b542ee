//! Holds what the documents promise: README, demo, completions, manual pages, how answers look, and the layers of the code.

mod completions;
mod demo;
mod golden;
mod layers;
mod man;
mod readme;
mod world;
