//! Owns the shapes of manifests: the fields of a mapping, and the content of each. Both the reader and `slo schema` use
//! them, so that they always agree.

/// A mapping with known fields.
pub(in crate::manifest) struct Shape {
    /// Its name among the schema's definitions.
    pub(in crate::manifest) name: &'static str,
    pub(in crate::manifest) about: &'static str,
    pub(in crate::manifest) fields: &'static [FieldShape],
    /// Groups of fields, exactly one of which must be given.
    pub(in crate::manifest) one_of: &'static [&'static [&'static str]],
}

/// A field of a mapping.
pub(in crate::manifest) struct FieldShape {
    pub(in crate::manifest) name: &'static str,
    /// Its meaning, for editors.
    pub(in crate::manifest) about: &'static str,
    pub(in crate::manifest) content: Content,
    pub(super) is_required: bool,
    /// The value when absent, as JSON.
    pub(in crate::manifest) default: Option<&'static str>,
}

/// The content of a value.
pub(in crate::manifest) enum Content {
    /// A known but unsupported field.
    Refused,
    /// Anything.
    Any,
    Text,
    /// At most this many characters.
    ShortText(usize),
    Name,
    Flag,
    /// A flag with one supported value.
    Truth(bool),
    Number,
    /// Above 0, and at most this, if given.
    Positive(Option<u32>),
    /// Above 0 and at most 1.
    Weight,
    /// An integer from 1 to this.
    Count(u32),
    /// A percentage above 1, as one up to 1 is almost certainly a ratio; at most 100, which may be excluded.
    Percent {
        hundred: bool,
    },
    /// Above 0.01 and below 1.
    Ratio,
    Duration,
    /// One integer and one letter, as OpenSLO writes durations.
    Shorthand,
    Instant,
    /// A calendar date.
    Date,
    Zone,
    /// One of these keywords.
    Word(fn() -> Vec<&'static str>),
    /// Keys by Kubernetes' rules, values of this content.
    Pairs(&'static Self),
    /// Any keys, values of this content.
    Table(&'static Self),
    /// The value of a label.
    Label,
    Object(&'static Shape),
    List(&'static Self, Length),
    Either(&'static [Self]),
}

/// The number of items in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::manifest) enum Length {
    Any,
    /// Any number of items without duplicates.
    Distinct,
    /// At least one item, without duplicates.
    SomeDistinct,
    /// At least one.
    Some,
    One,
}

impl Shape {
    pub(in crate::manifest) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.fields.iter().map(|field| field.name)
    }

    /// The mapping that a text in its place probably means, if its required fields are a name and what comes with it:
    /// `{ kind: System, name: web }`.
    pub(in crate::manifest) fn example(&self, text: &str) -> Option<String> {
        self.example_within(text, 1)
    }

    /// The same with at most this many mappings inside: some shapes contain themselves.
    fn example_within(&self, text: &str, depth: usize) -> Option<String> {
        let example = |field: &FieldShape| {
            let value = match &field.content {
                Content::Name => text.to_owned(),
                Content::Word(words) => words().first().filter(|_| words().len() == 1)?.to_string(),
                Content::Object(shape) if depth > 0 => shape.example_within(text, depth - 1)?,
                _ => return None,
            };
            Some(format!("{}: {value}", field.name))
        };
        let required = self.fields.iter().filter(|field| field.is_required);
        let fields: Vec<String> = required.map(example).collect::<Option<_>>()?;
        (!fields.is_empty()).then(|| format!("{{ {} }}", fields.join(", ")))
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

    /// The same with a value for when it is absent, as JSON.
    pub(in crate::manifest) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}
