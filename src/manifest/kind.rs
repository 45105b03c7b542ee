//! Owns reading the specifications of all kinds, and what several kinds share.

pub(super) mod condition;
pub(super) mod correction;
mod dates;
pub(super) mod feed;
pub(super) mod healthcheck;
pub(super) mod hours;
pub(super) mod maintenance_window;
pub(super) mod objective;
pub(super) mod openslo;
pub(super) mod reference;
pub(super) mod system;
pub(super) mod term;
