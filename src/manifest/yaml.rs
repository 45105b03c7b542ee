//! Owns YAML as text: documents, trees with places, and what is wrong with their syntax.

pub(super) mod document;
pub(super) mod flow;
pub(super) mod syntax;
pub(super) mod tree;
