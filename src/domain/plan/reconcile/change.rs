//! Owns the changes of an apply, as a plan shows them and the log records them.

use super::field::{Field, fields};
use super::{FieldChange, Plan};
use crate::domain::plan::object::{Identity, Object};
use crate::domain::value::name::Name;

/// What happens to one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    Create,
    /// It gets another name; its other changes are its fields.
    Rename,
    Update,
    Delete,
    /// Its set no longer declares it.
    Orphan,
}

impl Deed {
    pub(crate) const ALL: [Self; 5] = [Self::Create, Self::Rename, Self::Update, Self::Delete, Self::Orphan];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Orphan => "orphan",
        }
    }
}

/// One object that changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) deed: Deed,
    /// The object with its new name.
    pub(crate) identity: Identity,
    /// Its former name, if it was another.
    pub(crate) old_name: Option<Name>,
    /// Empty unless fields of an existing object change.
    pub(crate) fields: Vec<FieldChange>,
}

/// The fields of a new correction, so that a plan shows what it changes about the past.
fn claims(object: &Object) -> Vec<FieldChange> {
    if !matches!(object, Object::Correction(_)) {
        return Vec::new();
    }
    let said = fields(object).into_iter().filter(|field| field.path.starts_with("spec."));
    said.map(|Field { path, value }| FieldChange { path, before: None, after: Some(value) }).collect()
}

impl Plan {
    /// The changes of applying the plan, in the order shown. Objects already orphaned are not listed.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let plain = |deed, identity: Identity| Change { deed, identity, old_name: None, fields: Vec::new() };
        let create = self
            .create
            .iter()
            .map(|object| Change { fields: claims(object), ..plain(Deed::Create, object.identity()) });
        let rename = self.rename.iter().map(|rename| Change {
            old_name: Some(rename.old_name.clone()),
            fields: rename.update.changes.clone(),
            ..plain(Deed::Rename, rename.update.object.identity())
        });
        let update = self
            .update
            .iter()
            .map(|update| Change { fields: update.changes.clone(), ..plain(Deed::Update, update.object.identity()) });
        let delete = self.delete.iter().map(|identity| plain(Deed::Delete, identity.clone()));
        let orphan = self.orphaned.iter().filter(|orphan| !orphan.is_known);
        let orphan = orphan.map(|orphan| plain(Deed::Orphan, orphan.identity.clone()));
        create.chain(rename).chain(update).chain(delete).chain(orphan).collect()
    }
}
