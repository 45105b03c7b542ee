//! Owns the fields of the terms of a condition.

use crate::domain::budget::policy::Urgency;
use crate::domain::rules::condition::{MOST_TIMES, Property};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

/// The forms of a term.
pub(super) const FORMS: [&str; 8] = ["and", "or", "not", "numeric_state", "state", "time", "policy", "expression"];

/// A term: an expression, or a mapping with one form.
static TERM: Content = Content::Either(&[Content::Text, Content::Object(&FORM)]);

/// The forms of a term, and its extensions.
pub(in crate::manifest) static FORM: Shape = Shape {
    name: "Term",
    about: "A term of a condition",
    fields: &[
        FieldShape::optional("and", Content::List(&TERM, Length::Some), "All of these"),
        FieldShape::optional("or", Content::List(&TERM, Length::Some), "Any of these"),
        FieldShape::optional("not", Content::Either(&[Content::Text, Content::Object(&FORM)]), "Not this"),
        FieldShape::optional(
            "numeric_state",
            Content::Object(&NUMERIC_STATE),
            "A field above, below or equal to a limit",
        ),
        FieldShape::optional("state", Content::Object(&STATE), "The status of a system, or the state of an objective"),
        FieldShape::optional("time", Content::Object(&HOURS), "Hours of the day, and days of the week"),
        FieldShape::optional(
            "policy",
            Content::Word(|| Urgency::ALL.map(Urgency::as_str).to_vec()),
            "Burn rates over two windows, by how soon somebody must act",
        ),
        FieldShape::optional("expression", Content::Text, "The same as an expression: budgetRemainingPercent < 20"),
        FieldShape::optional("for", Content::Duration, "How long it must have been true without a gap"),
        FieldShape::optional("atLeast", Content::Object(&AT_LEAST), "How often it must have become true"),
    ],
    one_of: &[&FORMS],
};

pub(in crate::manifest) static AT_LEAST: Shape = Shape {
    name: "AtLeast",
    about: "How often something must have become true",
    fields: &[
        FieldShape::required("times", Content::Count(MOST_TIMES), "At least this many times"),
        FieldShape::required("within", Content::Duration, "Within this long before the time asked about"),
    ],
    one_of: &[],
};

const LIMIT: Content = Content::Either(&[Content::Number, Content::Text]);

pub(super) static NUMERIC_STATE: Shape = Shape {
    name: "NumericState",
    about: "A field above, below or equal to a limit; with above and below, in between",
    fields: &[
        FieldShape::required("value", Content::Text, "A field such as budgetRemainingPercent or burnRates.1h"),
        FieldShape::optional("above", LIMIT, "It is strictly above this number or duration"),
        FieldShape::optional("below", LIMIT, "It is strictly below this number or duration"),
        FieldShape::optional("equals", LIMIT, "It is exactly this number or duration, instead of above and below"),
    ],
    one_of: &[],
};

const STATUS: Content = Content::Word(|| {
    let statuses = Property::Status.words();
    let states = Property::State.words().into_iter().filter(|state| !statuses.contains(state));
    statuses.iter().copied().chain(states).collect()
});

pub(super) static STATE: Shape = Shape {
    name: "State",
    about: "The effective status of a system, or the state of an objective",
    fields: &[
        FieldShape::optional(
            "entity",
            Content::Name,
            "The system, or slo. and the name of an objective; may be left out in a condition about systems",
        ),
        FieldShape::required(
            "status",
            Content::Either(&[STATUS, Content::List(&STATUS, Length::Some)]),
            "Its status or state, or several of which it has one",
        ),
        FieldShape::optional("for", Content::Duration, "How long it has been that"),
    ],
    one_of: &[],
};

pub(super) static HOURS: Shape = Shape {
    name: "Hours",
    about: "Hours of the day, and days of the week",
    fields: &[
        FieldShape::optional("after", Content::Text, "From this time of day on, such as \"22:00\""),
        FieldShape::optional("before", Content::Text, "Until just before this time of day"),
        FieldShape::optional(
            "weekday",
            Content::Either(&[Content::Text, Content::List(&Content::Text, Length::Any)]),
            "Days of the week, such as [Sat, Sun]",
        ),
        FieldShape::optional("timezone", Content::Text, "The zone of these hours").or("\"UTC\""),
    ],
    one_of: &[],
};
