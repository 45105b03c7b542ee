//! Owns declared objects as stored, whose they are, and what is read of them to evaluate.

pub(super) mod applies;
pub(super) mod inputs;
pub(super) mod manifests;
pub(super) mod resolver;
pub(super) mod sets;
pub(super) mod wire;
