//! Owns the fields of `OpenSLO` v1 documents that this project supports.

use super::metadata::{LONGEST_DESCRIPTION, METADATA};
use crate::domain::health::transition::Status;
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

pub(super) static DOCUMENT: Shape = Shape {
    name: "OpenSLODocument",
    about: "A document of OpenSLO",
    fields: &[
        FieldShape::required("apiVersion", Content::Text, "Always openslo/v1"),
        FieldShape::required("kind", Content::Text, "Kind of object"),
        FieldShape::required("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::optional("spec", Content::Any, "What the object declares"),
    ],
    one_of: &[],
};

pub(in crate::manifest) static SERVICE: Shape = Shape {
    name: "ServiceSpec",
    about: "A system",
    fields: &[FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description")],
    one_of: &[],
};

pub(in crate::manifest) static SLO: Shape = Shape {
    name: "OpenSLOSpec",
    about: "How much of the time a system must be up",
    fields: &[
        FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description"),
        FieldShape::required("service", Content::Name, "The system, unless the indicator names another one"),
        FieldShape::optional("indicator", Content::Object(&INDICATOR), "What is measured; use this or indicatorRef"),
        FieldShape::optional("indicatorRef", Content::Name, "Name of the SLI"),
        FieldShape::required(
            "timeWindow",
            Content::List(&Content::Object(&TIME_WINDOW), Length::One),
            "Exactly one window",
        ),
        FieldShape::required(
            "budgetingMethod",
            Content::Word(|| vec!["RatioTimeslices", "Occurrences"]),
            "Time is measured exactly, so both mean the same",
        ),
        FieldShape::required(
            "objectives",
            Content::List(&Content::Object(&OBJECTIVE), Length::One),
            "Exactly one objective",
        ),
        FieldShape::optional(
            "alertPolicies",
            Content::List(&Content::Object(&super::alert::shapes::POLICY_OR_REF), Length::Any),
            "Policies, each of which becomes a condition of this objective",
        ),
    ],
    one_of: &[&["indicator", "indicatorRef"]],
};

pub(super) static INDICATOR: Shape = Shape {
    name: "Indicator",
    about: "What is measured",
    fields: &[
        FieldShape::optional("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::required("spec", Content::Object(&SLI), "What is measured"),
    ],
    one_of: &[],
};

pub(in crate::manifest) static SLI: Shape = Shape {
    name: "SLISpec",
    about: "What is measured: the time that a system spends in some statuses",
    fields: &[
        FieldShape::optional("description", Content::ShortText(LONGEST_DESCRIPTION), "Description"),
        FieldShape::optional(
            "thresholdMetric",
            Content::Object(&METRIC),
            "1 while the status is one of those listed, else 0; use this or ratioMetric",
        ),
        FieldShape::optional("ratioMetric", Content::Object(&RATIO), "Good or bad time, of all time"),
    ],
    one_of: &[&["thresholdMetric", "ratioMetric"]],
};

pub(super) static RATIO: Shape = Shape {
    name: "RatioMetric",
    about: "Good or bad time, of all time",
    fields: &[
        FieldShape::optional("counter", Content::Flag, "Has no meaning for time"),
        FieldShape::optional("good", Content::Object(&METRIC), "The statuses in which time is good"),
        FieldShape::optional("bad", Content::Object(&METRIC), "The statuses that count as down"),
        FieldShape::optional("total", Content::Object(&METRIC), "The statuses whose time counts"),
        FieldShape::optional(
            "rawType",
            Content::Word(|| vec!["success", "failure"]),
            "Whether the statuses of raw are the good or the bad ones",
        ),
        FieldShape::optional("raw", Content::Object(&METRIC), "The statuses that rawType is about"),
    ],
    one_of: &[&["good", "bad", "raw"], &["total", "raw"]],
};

pub(super) static METRIC: Shape = Shape {
    name: "Metric",
    about: "Source of the data",
    fields: &[FieldShape::required("metricSource", Content::Object(&SOURCE), "Health transitions")],
    one_of: &[],
};

pub(super) static SOURCE: Shape = Shape {
    name: "MetricSource",
    about: "Health transitions, the only source that slo reads",
    fields: &[
        FieldShape::optional("metricSourceRef", Content::Refused, "A DataSource, none of which slo reads"),
        FieldShape::required("type", Content::Word(|| vec!["HealthTransitions"]), "Always HealthTransitions"),
        FieldShape::optional("spec", Content::Object(&HEALTH), "The system, and the statuses"),
    ],
    one_of: &[],
};

pub(super) static HEALTH: Shape = Shape {
    name: "HealthTransitions",
    about: "The system, and the statuses",
    fields: &[
        FieldShape::optional("system", Content::Name, "The system; without it, the service"),
        FieldShape::optional("healthcheck", Content::Name, "One check of it, instead of the system as a whole"),
        FieldShape::optional(
            "states",
            Content::List(&Content::Word(|| Status::ALL.map(Status::as_str).to_vec()), Length::SomeDistinct),
            "The statuses",
        ),
    ],
    one_of: &[],
};

pub(super) static TIME_WINDOW: Shape = Shape {
    name: "TimeWindow",
    about: "The last N days, or a calendar period",
    fields: &[
        FieldShape::required("duration", Content::Shorthand, "28d, 4w or 48h; of the calendar 1d, 1w, 1M, 1Q or 1Y"),
        FieldShape::optional("isRolling", Content::Flag, "Whether it is the last N days"),
        FieldShape::optional("calendar", Content::Object(&CALENDAR), "Where calendar periods begin"),
    ],
    one_of: &[],
};

pub(super) static CALENDAR: Shape = Shape {
    name: "Calendar",
    about: "Where calendar periods begin",
    fields: &[
        FieldShape::optional(
            "startTime",
            Content::Text,
            "A midnight at which a period begins, such as 2024-01-01 00:00:00",
        ),
        FieldShape::required("timeZone", Content::Zone, "Time zone of that midnight"),
    ],
    one_of: &[],
};

pub(super) static OBJECTIVE: Shape = Shape {
    name: "OpenSLOObjective",
    about: "The target",
    fields: &[
        FieldShape::optional("displayName", Content::Text, "Display name, kept as an annotation"),
        FieldShape::optional("op", Content::Word(|| vec!["lte", "gte", "lt", "gt"]), "How a thresholdMetric compares"),
        FieldShape::optional("value", Content::Number, "What a thresholdMetric, which is 0 or 1, is compared with"),
        FieldShape::optional("target", Content::Ratio, "Target as a share of the window, such as 0.999"),
        FieldShape::optional(
            "targetPercent",
            Content::Percent { hundred: false },
            "Target in percent of the window, such as 99.9",
        ),
        FieldShape::optional("timeSliceTarget", Content::Refused, "slo measures time exactly, without slices"),
        FieldShape::optional(
            "timeSliceWindow",
            Content::Either(&[Content::Shorthand, Content::Positive(None)]),
            "Time is measured exactly, so that the average is the same for slices of any length",
        ),
        FieldShape::optional("indicator", Content::Refused, "Composite objectives are not supported"),
        FieldShape::optional("indicatorRef", Content::Refused, "Composite objectives are not supported"),
        FieldShape::optional("compositeWeight", Content::Refused, "Composite objectives are not supported"),
    ],
    one_of: &[&["target", "targetPercent"]],
};
