//! Owns YAML as text: documents, trees with positions, and syntax errors.

pub(super) mod document;
pub(super) mod flow;
mod surrogate;
pub(super) mod syntax;
pub(super) mod tree;
