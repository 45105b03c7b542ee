//! Owns the plan: declared objects as a whole, how they differ from what is stored, and what would follow. Knows all rooms.

pub(crate) mod applied;
pub(crate) mod extract;
pub(crate) mod object;
pub(crate) mod reconcile;
pub(crate) mod stored;
