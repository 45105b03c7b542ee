//! Owns the commands for manifests: `init`, `schema`, `validate`, `plan`, `apply`, `correct`, `log`.

pub(super) mod apply;
pub(super) mod correct;
pub(super) mod init;
pub(super) mod log;
pub(super) mod schema;
pub(super) mod validate;
