//! Owns the fields of alert policies, conditions and notification targets of `OpenSLO`.

use crate::manifest::kind::openslo::metadata::{LONGEST_DESCRIPTION, METADATA};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

pub(in crate::manifest) static POLICY_OR_REF: Shape = Shape {
    name: "AlertPolicyOrRef",
    about: "A policy, or the name of one",
    fields: &[
        FieldShape::optional("alertPolicyRef", Content::Name, "The name of an AlertPolicy"),
        FieldShape::optional("kind", Content::Word(|| vec!["AlertPolicy"]), "Always AlertPolicy"),
        FieldShape::optional("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::optional("spec", Content::Object(&POLICY), "When it alerts"),
    ],
    one_of: &[&["alertPolicyRef", "spec"], &["alertPolicyRef", "kind"], &["alertPolicyRef", "metadata"]],
};

pub(in crate::manifest) static POLICY: Shape = Shape {
    name: "AlertPolicySpec",
    about: "When it alerts",
    fields: &[
        FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description"),
        FieldShape::required("alertWhenBreaching", Content::Truth(true), "Whether the condition is evaluated"),
        FieldShape::optional(
            "alertWhenResolved",
            Content::Truth(false),
            "slo check reports what is firing, not what has ended",
        ),
        FieldShape::optional("alertWhenNoData", Content::Truth(false), "slo check --no-data decides that"),
        FieldShape::required(
            "conditions",
            Content::List(&Content::Object(&CONDITION_OR_REF), Length::One),
            "Exactly one condition",
        ),
        FieldShape::optional(
            "notificationTargets",
            Content::List(&Content::Object(&TARGET_OR_REF), Length::Any),
            "slo sends no notifications: slo check has an exit code",
        ),
    ],
    one_of: &[],
};

pub(super) static CONDITION_OR_REF: Shape = Shape {
    name: "AlertConditionOrRef",
    about: "A condition, or the name of one",
    fields: &[
        FieldShape::optional("conditionRef", Content::Name, "The name of an AlertCondition"),
        FieldShape::optional("kind", Content::Word(|| vec!["AlertCondition"]), "Always AlertCondition"),
        FieldShape::optional("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::optional("spec", Content::Object(&CONDITION), "When it alerts"),
    ],
    one_of: &[&["conditionRef", "spec"], &["conditionRef", "kind"], &["conditionRef", "metadata"]],
};

pub(in crate::manifest) static CONDITION: Shape = Shape {
    name: "AlertConditionSpec",
    about: "When it alerts",
    fields: &[
        FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description"),
        FieldShape::required(
            "severity",
            Content::Text,
            "critical, warning or info, or a common name such as page or sev1",
        ),
        FieldShape::required("condition", Content::Object(&BURN_RATE), "A burn rate and what it is compared with"),
    ],
    one_of: &[],
};

pub(super) static BURN_RATE: Shape = Shape {
    name: "BurnRateCondition",
    about: "A burn rate and what it is compared with",
    fields: &[
        FieldShape::optional("kind", Content::Word(|| vec!["burnrate"]), "Always burnrate"),
        FieldShape::required(
            "op",
            Content::Word(|| vec!["lte", "gte", "lt", "gt"]),
            "How they are compared; lt and lte alert while little of the budget burns, which is rarely intended",
        ),
        FieldShape::required("threshold", Content::Number, "What the burn rate is compared with"),
        FieldShape::required("lookbackWindow", Content::Shorthand, "One of 5m, 30m, 1h, 2h, 6h, 1d and 3d"),
        FieldShape::optional("alertAfter", Content::Shorthand, "How long it must have been true"),
    ],
    one_of: &[],
};

pub(super) static TARGET_OR_REF: Shape = Shape {
    name: "AlertNotificationTargetOrRef",
    about: "Whom to notify; slo sends no notifications",
    fields: &[
        FieldShape::optional("targetRef", Content::Name, "The name of an AlertNotificationTarget"),
        FieldShape::optional(
            "kind",
            Content::Word(|| vec!["AlertNotificationTarget"]),
            "Always AlertNotificationTarget",
        ),
        FieldShape::optional("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::optional("spec", Content::Object(&TARGET), "Whom to notify"),
    ],
    one_of: &[&["targetRef", "spec"], &["targetRef", "kind"], &["targetRef", "metadata"]],
};

pub(in crate::manifest) static TARGET: Shape = Shape {
    name: "AlertNotificationTargetSpec",
    about: "Whom to notify",
    fields: &[
        FieldShape::required("target", Content::Text, "slo-check: the exit code of slo check"),
        FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description"),
    ],
    one_of: &[],
};
