//! Owns the fields of an `SLO`'s specification.

use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::window::LONGEST_DAYS;
use crate::manifest::kind::reference;
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

/// The specification of an objective.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "SLOSpec",
    about: "How much of the time a system must be up",
    fields: &[
        FieldShape::required("systemRef", Content::Object(&reference::SYSTEM), "The system that is measured"),
        FieldShape::optional(
            "healthcheckRef",
            Content::Object(&reference::HEALTHCHECK),
            "One check of the system, instead of the system as a whole",
        ),
        FieldShape::required(
            "target",
            Content::Percent { hundred: true },
            "Target in percent of the window, such as 99.9; exact, with at most 6 decimals",
        ),
        FieldShape::optional("windowDays", Content::Count(LONGEST_DAYS), "The last N days; use this or window"),
        FieldShape::optional("window", Content::Object(&WINDOW), "A calendar period; use this or windowDays"),
        FieldShape::optional(
            "timezone",
            Content::Zone,
            "Time zone of the objective's days, calendar periods and schedule",
        )
        .or("\"UTC\""),
        FieldShape::optional(
            "dependencyExclusion",
            Content::Word(|| DependencyExclusion::ALL.map(DependencyExclusion::as_str).to_vec()),
            "strict: all downtime spends the budget; self-only: only what no dependency caused",
        )
        .or("\"strict\""),
        FieldShape::optional(
            "excludedDependencyRefs",
            Content::List(&Content::Object(&reference::SYSTEM), Length::Distinct),
            "Upstream systems that never excuse this objective",
        )
        .or("[]"),
        FieldShape::optional(
            "excludeMaintenanceWindows",
            Content::Flag,
            "Whether downtime inside the system's maintenance windows is left out",
        )
        .or("false"),
        FieldShape::optional(
            "countsAsDown",
            Content::Either(&[
                Content::List(&Content::Word(|| vec!["degraded", "unhealthy", "unknown"]), Length::SomeDistinct),
                Content::Object(&WEIGHTS),
            ]),
            "The statuses in which the objective is down, or the weight of each",
        )
        .or("[\"degraded\", \"unhealthy\"]"),
        FieldShape::optional(
            "minimumOutage",
            Content::Duration,
            "Outages shorter than this do not count; longer ones count from their start, up to 1d",
        ),
        FieldShape::optional(
            "attributionGrace",
            Content::Duration,
            "For attribution, an outage of an upstream reaches this much further at both ends, up to 1d",
        ),
        FieldShape::optional(
            "notCounted",
            Content::List(&Content::Word(|| vec!["maintenance", "unknown"]), Length::Distinct),
            "Time to leave out of the window's length",
        )
        .or("[]"),
        FieldShape::optional(
            "schedule",
            Content::List(&Content::Object(&SHIFT), Length::Some),
            "The hours that are counted, in the zone of the objective; all other time is not counted",
        ),
        FieldShape::optional(
            "burnRateThresholds",
            Content::Object(&THRESHOLDS),
            "When consumption becomes a warning, and what counts as burning fast",
        ),
    ],
    one_of: &[&["windowDays", "window"]],
};

/// A calendar window.
pub(super) static WINDOW: Shape = Shape {
    name: "CalendarWindow",
    about: "The calendar period that contains the moment asked about; weeks start on Monday",
    fields: &[
        FieldShape::required(
            "calendar",
            Content::Word(|| CalendarUnit::ALL.map(CalendarUnit::as_str).to_vec()),
            "The length of the period",
        ),
        FieldShape::optional("timezone", Content::Zone, "The same as spec.timezone; use one of them"),
    ],
    one_of: &[],
};

/// The weights of statuses.
pub(super) static WEIGHTS: Shape = Shape {
    name: "Weights",
    about: "How much of the time in a status is downtime, above 0 and at most 1; a status that is not listed does not count",
    fields: &[
        FieldShape::optional("degraded", Content::Weight, "The weight of degraded, such as 0.5"),
        FieldShape::optional("unhealthy", Content::Weight, "The weight of unhealthy, such as 1"),
        FieldShape::optional("unknown", Content::Weight, "The weight of unknown"),
    ],
    one_of: &[],
};

/// Hours of a schedule.
pub(super) static SHIFT: Shape = Shape {
    name: "Shift",
    about: "Hours of the day, and days of the week, in which time is counted",
    fields: &[
        FieldShape::optional(
            "weekday",
            Content::Either(&[Content::Text, Content::List(&Content::Text, Length::Some)]),
            "Days of the week, such as [Mon, Tue, Wed, Thu, Fri]; every day by default",
        ),
        FieldShape::optional("after", Content::Text, "From this time of day on, such as \"09:00\""),
        FieldShape::optional("before", Content::Text, "Until just before this time of day, such as \"17:00\""),
        FieldShape::optional(
            "exceptDates",
            Content::List(&Content::Date, Length::Distinct),
            "Dates on which these hours are not counted, such as [2026-12-25]",
        )
        .or("[]"),
    ],
    one_of: &[],
};

/// The thresholds of budget tiers and of fast burning.
pub(super) static THRESHOLDS: Shape = Shape {
    name: "BurnRateThresholds",
    about: "When consumption becomes a warning, and what counts as burning fast",
    fields: &[
        FieldShape::optional(
            "warningPercent",
            Content::Positive(Some(100)),
            "Percent of the budget consumed at which budgetTier is warning",
        )
        .or("50"),
        FieldShape::optional(
            "criticalPercent",
            Content::Positive(Some(100)),
            "Percent of the budget consumed at which budgetTier is critical",
        )
        .or("80"),
        FieldShape::optional(
            "fastBurnMultiplier",
            Content::Positive(None),
            "Burn rate over one hour at which fastBurn becomes true",
        )
        .or("5"),
    ],
    one_of: &[],
};
