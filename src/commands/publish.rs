//! Owns the commands that give numbers, facts and manifests to other programs: `compute`, `export`.

pub(super) mod compute;
pub(super) mod export;
