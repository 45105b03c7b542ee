//! Declared objects: manifests and sets.

mod manifests;
mod sets;
