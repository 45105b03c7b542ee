//! Owns systems as an evaluation sees them: an id and what decides their status.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::LazyLock;

use crate::domain::health::correction::Corrections;
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::Rules;
use crate::domain::value::hash::{Fnv, OfIds};
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};

/// Identifies a system within one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SystemId(pub(crate) i64);

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value for each system.
pub(crate) type BySystem<T> = HashMap<SystemId, T, BuildHasherDefault<OfIds>>;

/// A system as the evaluation of an objective needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Member {
    pub(crate) id: SystemId,
    pub(crate) name: Name,
    pub(crate) rules: Rc<Rules>,
    /// The members, if it is composite.
    pub(crate) composition: Option<Rc<Composition>>,
    /// Equal for systems of one name whose status follows from facts in the same way.
    pub(crate) fingerprint: u64,
}

/// The members of a composite system and its quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Composition {
    pub(crate) members: Vec<Member>,
    pub(crate) quorum: Quorum,
}

/// Rules as text, for fingerprints. Most systems have none, whose text is made once.
fn in_words(rules: &Rules) -> Cow<'static, str> {
    static NOTHING: LazyLock<(Rules, String)> = LazyLock::new(|| {
        let nothing = Rules::default();
        let text = format!("{nothing:?}");
        (nothing, text)
    });
    let (nothing, text) = &*NOTHING;
    if rules == nothing { Cow::Borrowed(text) } else { Cow::Owned(format!("{rules:?}")) }
}

impl Member {
    /// The part of a span under a correction of the system, of its members, or of the check an objective looks at.
    pub(crate) fn corrected_in(&self, check: Option<&Name>, within: Span) -> Vec<Span> {
        let mut spans = Vec::new();
        self.corrected(check, &mut spans);
        let spans = spans.into_iter().map(|span| span.intersect(within)).filter(|span| !span.is_empty());
        union(spans.collect())
    }

    /// The length of that part, in milliseconds.
    pub(crate) fn corrected_ms(&self, check: Option<&Name>, within: Span) -> i64 {
        self.corrected_in(check, within).into_iter().map(Span::millis).sum()
    }

    /// The system as recorded, without corrections of it and its members.
    pub(crate) fn uncorrected(&self) -> Self {
        let rules = Rules { corrections: Corrections::default(), ..Rules::clone(&self.rules) };
        let composition = self.composition.as_ref().map(|composition| Composition {
            members: composition.members.iter().map(Self::uncorrected).collect(),
            quorum: composition.quorum,
        });
        Self::new(self.id, self.name.clone(), Rc::new(rules), composition)
    }

    fn corrected(&self, check: Option<&Name>, spans: &mut Vec<Span>) {
        spans.extend(self.rules.corrections.spans(check));
        let members = self.composition.iter().flat_map(|composition| &composition.members);
        members.for_each(|member| member.corrected(None, spans));
    }

    pub(crate) fn new(id: SystemId, name: Name, rules: Rc<Rules>, composition: Option<Composition>) -> Self {
        let mut hash = Fnv::new();
        hash.feed(&[name.as_str(), " ", &in_words(&rules)].concat());
        if let Some(Composition { members, quorum }) = &composition {
            hash.feed(&format!("{quorum:?}"));
            for member in members {
                hash.feed(&member.fingerprint.to_string());
            }
        }
        Self { id, name, rules, composition: composition.map(Rc::new), fingerprint: hash.finish() }
    }
}
