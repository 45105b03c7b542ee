//! Owns the forms that all answers share: documents for programs, sheets for people, and text escaped for its format.

pub(super) mod document;
pub(crate) mod github;
pub(crate) mod junit;
pub(super) mod lines;
pub(super) mod markdown;
pub(super) mod markup;
pub(crate) mod moment;
pub(crate) mod number;
pub(in crate::render) mod path;
pub(super) mod sheet;
