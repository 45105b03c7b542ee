//! Owns what an apply does, change by change: what a plan announces and the log remembers.

use super::field::{Field, fields};
use super::{FieldChange, Plan};
use crate::domain::plan::object::{Identity, Object};
use crate::domain::value::name::Name;

/// What happens to one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    Create,
    /// It gets another name; all else that changes are its fields.
    Rename,
    Update,
    Delete,
    /// Its set does not declare it any more.
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
    /// The object as it is called afterwards.
    pub(crate) identity: Identity,
    /// Its name before, if that was another one.
    pub(crate) old_name: Option<Name>,
    /// Empty unless fields of an existing object change.
    pub(crate) fields: Vec<FieldChange>,
}

/// What a correction that is new says of the past: whoever reads a plan decides on that.
fn claims(object: &Object) -> Vec<FieldChange> {
    if !matches!(object, Object::Correction(_)) {
        return Vec::new();
    }
    let said = fields(object).into_iter().filter(|field| field.path.starts_with("spec."));
    said.map(|Field { path, value }| FieldChange { path, before: None, after: Some(value) }).collect()
}

impl Plan {
    /// What carrying the plan out changes, in the order in which a plan is told. Objects known to be orphaned are not
    /// orphaned again.
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
