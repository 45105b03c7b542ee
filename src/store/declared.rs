//! Owns declared objects as stored, their sets, and what an evaluation reads of them.

pub(super) mod applies;
pub(super) mod digests;
pub(super) mod inputs;
pub(super) mod manifests;
pub(super) mod sets;
pub(super) mod wire;
