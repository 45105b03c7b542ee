//! Owns how manifests are written, and how answers about them look.

pub(crate) mod condition;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod manifest;
pub(crate) mod plan;
pub(crate) mod problems;
