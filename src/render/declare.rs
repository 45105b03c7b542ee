//! Owns how manifests are written, and how the answers look of what reads them.

pub(crate) mod condition;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod manifest;
pub(crate) mod plan;
pub(crate) mod problems;
