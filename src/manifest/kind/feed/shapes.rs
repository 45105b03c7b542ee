//! Owns which fields the specification of a `Feed` may have.

use crate::domain::health::feed::{Format, Meaning, Shape as RecordShape};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

/// The specification of a feed.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "FeedSpec",
    about: "How the records of some program become transitions",
    fields: &[
        FieldShape::required(
            "format",
            Content::Word(|| Format::ALL.map(Format::as_str).to_vec()),
            "How the input is cut into records; text is lines, each matched by a regular expression",
        ),
        FieldShape::optional(
            "records",
            Content::Either(&[Content::Text, Content::List(&Content::Object(&RECORDS), Length::Some)]),
            "Where the records are: a JSONPath (json, yaml, jsonl), a regular expression (text) or a SELECT (sqlite); \
             or a list, for a source with several kinds of records",
        ),
        EACH,
        SHAPE,
        FIELDS,
        VALUES,
        FieldShape::optional(
            "delimiter",
            Content::Text,
            "What separates the columns of CSV, one character; without it, the header tells",
        ),
        FieldShape::optional(
            "timeFormat",
            Content::Either(&[Content::Text, Content::List(&Content::Text, Length::Some)]),
            "How times are written, as strftime does (%m/%d/%Y %H:%M), or unix, unixMillis, unixMicros or unixNanos; \
             several are tried in order; without it, as everywhere: RFC 3339, 2026-11-20 14:05, Unix seconds or milliseconds",
        ),
        FieldShape::optional("timezone", Content::Zone, "The zone of times that do not say an offset").or("\"UTC\""),
        FieldShape::optional(
            "slug",
            Content::Flag,
            "Whether names are made of texts with other characters: Shop Front becomes Shop-Front",
        )
        .or("false"),
        FieldShape::optional(
            "mergeNames",
            Content::Flag,
            "With slug, whether texts that become the same name mean the same; without it, records of the second one are rejected",
        )
        .or("false"),
        FieldShape::optional(
            "maxGap",
            Content::Duration,
            "Of observations: the status is unknown this long after one, until the next",
        ),
    ],
    one_of: &[],
};

/// One kind of record, where there are several.
pub(super) static RECORDS: Shape = Shape {
    name: "FeedRecords",
    about: "One kind of record",
    fields: &[
        FieldShape::required(
            "at",
            Content::Text,
            "Where its records are: a JSONPath, a regular expression or a SELECT",
        ),
        EACH,
        SHAPE,
        FIELDS,
        VALUES,
        FieldShape::optional("skip", Content::Flag, "Whether these records are known and mean nothing").or("false"),
    ],
    one_of: &[],
};

const EACH: FieldShape = FieldShape::optional(
    "each",
    Content::Text,
    "A JSONPath from a record to its items, each of which is read by itself: paths in fields that begin with @ start at \
     the item, those with ^ at the object around it, those with $ at the record",
);

const SHAPE: FieldShape = FieldShape::optional(
    "shape",
    Content::Word(|| RecordShape::ALL.map(RecordShape::as_str).to_vec()),
    "What a record says: that a status holds from a moment on, from a start to an end, that it was seen at a moment, or \
     that planned work begins or ends (for --maintenance)",
)
.or("\"transitions\"");

const FIELDS: FieldShape =
    FieldShape::optional("fields", Content::Object(&MAPPING), "Where the fields of a transition come from");

const VALUES: FieldShape = FieldShape::optional(
    "values",
    Content::Object(&MAPS),
    "What values mean; a value that a map does not name is rejected, unless the map has \"*\"",
);

/// Where each field comes from.
pub(super) static MAPPING: Shape = Shape {
    name: "FeedFields",
    about: "Where the fields of a transition come from",
    fields: &[
        FieldShape::optional("ts", ORIGIN, "Since when, or when it was seen"),
        FieldShape::optional("end", ORIGIN, "Of intervals and maintenance: until when; an empty one is still open"),
        FieldShape::optional(
            "updated",
            ORIGIN,
            "Of intervals: when the record was last changed, so that a reopened one is seen",
        ),
        FieldShape::optional(
            "id",
            ORIGIN,
            "Of intervals: what tells incidents of a system apart; without it, their start",
        ),
        FieldShape::optional("system", ORIGIN, "The system"),
        FieldShape::optional("check", ORIGIN, "The check of the system"),
        FieldShape::optional("location", ORIGIN, "From where the check was made"),
        FieldShape::optional("source", ORIGIN, "healthcheck or incident"),
        FieldShape::optional("status", ORIGIN, "The status; of intervals unhealthy, unless this says another"),
        FieldShape::optional("note", ORIGIN, "A text that is kept"),
        FieldShape::optional("objective", ORIGIN, "Of intervals: the one objective it concerned, for slo backtest"),
        FieldShape::optional(
            "impact",
            ORIGIN,
            "Of intervals: how bad it was, for slo backtest --impact; else the status",
        ),
    ],
    one_of: &[],
};

const ORIGIN: Content = Content::Either(&[
    Content::Text,
    Content::Object(&ORIGIN_SHAPE),
    Content::List(&Content::Either(&[Content::Text, Content::Object(&ORIGIN_SHAPE)]), Length::Some),
]);

/// Where one value comes from.
pub(super) static ORIGIN_SHAPE: Shape = Shape {
    name: "FeedValue",
    about: "Where a value comes from; of a list, the first that is there is taken",
    fields: &[
        FieldShape::optional(
            "from",
            Content::Text,
            "A column, a key, a group, a JSONPath, #key (the key above the record) or #file (the name of the file)",
        ),
        FieldShape::optional("value", Content::Text, "The same text for every record"),
        FieldShape::optional("template", Content::Text, "Texts and values, such as {host}/{service}"),
        FieldShape::optional("match", Content::Text, "A regular expression whose first group is taken of the value"),
    ],
    one_of: &[&["from", "value", "template"]],
};

/// What values mean.
pub(super) static MAPS: Shape = Shape {
    name: "FeedValues",
    about: "What values of fields mean",
    fields: &[
        FieldShape::optional(
            "status",
            Content::Table(&Content::Word(|| Meaning::OF_STATUS.map(|(word, _)| word).to_vec())),
            "Each value, and the status it means; maintenance is unknown, and skip leaves the record out",
        ),
        FieldShape::optional("system", Content::Table(&Content::Text), "Each value, and the system it means"),
        FieldShape::optional("check", Content::Table(&Content::Text), "Each value, and the check it means"),
        FieldShape::optional("location", Content::Table(&Content::Text), "Each value, and the location it means"),
        FieldShape::optional("source", Content::Table(&Content::Text), "Each value, and the source it means"),
    ],
    one_of: &[],
};
