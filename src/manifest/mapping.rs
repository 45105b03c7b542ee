//! Owns the fields of mappings: reading them, their shapes, and the schema made from those.

pub(super) mod fields;
pub(super) mod schema;
pub(super) mod shape;
