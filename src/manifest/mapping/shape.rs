//! Owns how the shapes of manifests are described: which fields a mapping may have, and what each may contain. The reader
//! takes its fields from these descriptions and `slo schema` is made of them, so that the two cannot part.

/// A mapping with known fields.
pub(in crate::manifest) struct Shape {
    /// Under which it stands among the schema's definitions.
    pub(in crate::manifest) name: &'static str,
    pub(in crate::manifest) about: &'static str,
    pub(in crate::manifest) fields: &'static [FieldShape],
    /// Groups of fields of which exactly one is written.
    pub(in crate::manifest) one_of: &'static [&'static [&'static str]],
}

/// A field of a mapping.
pub(in crate::manifest) struct FieldShape {
    pub(in crate::manifest) name: &'static str,
    /// What it means, for editors.
    pub(in crate::manifest) about: &'static str,
    pub(in crate::manifest) content: Content,
    pub(super) is_required: bool,
    /// What holds where it is not written, as JSON.
    pub(in crate::manifest) default: Option<&'static str>,
}

/// What may stand as a value.
pub(in crate::manifest) enum Content {
    /// A field that is known, and cannot be honoured.
    Refused,
    /// Anything.
    Any,
    Text,
    /// At most so many characters.
    ShortText(usize),
    Name,
    Flag,
    /// A flag of which only this can be honoured.
    Truth(bool),
    Number,
    /// Above 0, and at most this where there is a most.
    Positive(Option<u32>),
    /// Above 0 and at most 1.
    Weight,
    /// A whole number from 1 to this.
    Count(u32),
    /// A percentage above 1, since up to 1 is almost surely a ratio; at most 100, and less where that is excluded.
    Percent {
        hundred: bool,
    },
    /// Above 0.01 and below 1.
    Ratio,
    Duration,
    /// One whole number and one letter, as OpenSLO writes lengths of time.
    Shorthand,
    Instant,
    /// A day of the calendar.
    Date,
    Zone,
    /// One of a few words.
    Word(fn() -> Vec<&'static str>),
    /// Keys by Kubernetes' rule; values as described.
    Pairs(&'static Self),
    /// Any keys; values as described.
    Table(&'static Self),
    /// The value of a label.
    Label,
    Object(&'static Shape),
    List(&'static Self, Length),
    Either(&'static [Self]),
}

/// How many items a list may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::manifest) enum Length {
    Any,
    /// Any number of items, none twice.
    Distinct,
    /// At least one, none twice.
    SomeDistinct,
    /// At least one.
    Some,
    One,
}

impl Shape {
    pub(in crate::manifest) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.fields.iter().map(|field| field.name)
    }

    /// The description of a field.
    pub(in crate::manifest) fn field(&self, name: &str) -> Option<&'static FieldShape> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl FieldShape {
    pub(in crate::manifest) const fn required(name: &'static str, content: Content, about: &'static str) -> Self {
        Self { name, about, content, is_required: true, default: None }
    }

    pub(in crate::manifest) const fn optional(name: &'static str, content: Content, about: &'static str) -> Self {
        Self { name, about, content, is_required: false, default: None }
    }

    /// The same with what holds where it is not written, as JSON.
    pub(in crate::manifest) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}
