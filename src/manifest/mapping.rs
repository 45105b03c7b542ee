//! Owns what mappings may hold: their fields, the shapes of these, and the schema made of them.

pub(super) mod fields;
pub(super) mod schema;
pub(super) mod shape;
