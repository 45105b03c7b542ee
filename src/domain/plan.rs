//! Owns the plan: the declared objects as a set, how they differ from the stored ones, and what applying would do. Uses
//! all other modules.

pub(crate) mod applied;
pub(crate) mod extract;
pub(crate) mod object;
pub(crate) mod reconcile;
pub(crate) mod stored;
