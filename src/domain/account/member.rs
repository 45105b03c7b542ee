//! Owns systems as an evaluation knows them: by an id, with what decides their status.

use std::rc::Rc;

use crate::domain::health::rules::Rules;
use crate::domain::value::name::Name;

/// Identifies a system within one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SystemId(pub(crate) i64);

/// A system as the evaluation of an objective needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Member {
    pub(crate) id: SystemId,
    pub(crate) name: Name,
    pub(crate) rules: Rc<Rules>,
}
