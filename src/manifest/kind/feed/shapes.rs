//! Owns the fields of a `Feed`'s specification.

use crate::domain::health::feed::{Format, Meaning, Shape as RecordShape};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};

/// The specification of a feed.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "FeedSpec",
    about: "How the records of another program become transitions",
    fields: &[
        FieldShape::required(
            "format",
            Content::Word(|| Format::ALL.map(Format::as_str).to_vec()),
            "Format of the input; text is lines, each matched by a regular expression",
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
            "Character between the columns of CSV; by default detected from the header",
        ),
        FieldShape::optional(
            "timeFormat",
            Content::Either(&[Content::Text, Content::List(&Content::Text, Length::Some)]),
            "How times are written, as strftime does (%m/%d/%Y %H:%M), or unix, unixMillis, unixMicros or unixNanos; \
             several are tried in order; without it, as everywhere: RFC 3339, 2026-11-20 14:05, Unix seconds or milliseconds",
        ),
        FieldShape::optional("timezone", Content::Zone, "Time zone of times without an offset").or("\"UTC\""),
        FieldShape::optional(
            "slug",
            Content::Flag,
            "Whether invalid names are made valid: Shop Front becomes Shop-Front",
        )
        .or("false"),
        FieldShape::optional(
            "mergeNames",
            Content::Flag,
            "With slug, whether different texts that become one name mean the same system; without it, records of the second are rejected",
        )
        .or("false"),
        FieldShape::optional(
            "maxGap",
            Content::Duration,
            "Observations: from this long after one, the status is unknown until the next",
        ),
    ],
    one_of: &[],
};

/// One of several kinds of records.
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
        FieldShape::optional("skip", Content::Flag, "Whether to skip these records").or("false"),
    ],
    one_of: &[],
};

const EACH: FieldShape = FieldShape::optional(
    "each",
    Content::Text,
    "A JSONPath from a record to its items, each of which is read separately: paths in fields that begin with @ start at \
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

/// The origin of each field.
pub(super) static MAPPING: Shape = Shape {
    name: "FeedFields",
    about: "Where the fields of a transition come from",
    fields: &[
        FieldShape::optional("ts", ORIGIN, "Start, or time of an observation"),
        FieldShape::optional("end", ORIGIN, "Intervals and maintenance: end; empty while it is still open"),
        FieldShape::optional(
            "updated",
            ORIGIN,
            "Intervals: when the record was last changed, to notice that one was reopened",
        ),
        FieldShape::optional("id", ORIGIN, "Intervals: identifier of the incident; by default its start"),
        FieldShape::optional("system", ORIGIN, "The system"),
        FieldShape::optional("check", ORIGIN, "The check of the system"),
        FieldShape::optional("location", ORIGIN, "Where the check was made from"),
        FieldShape::optional("source", ORIGIN, "healthcheck or incident"),
        FieldShape::optional("status", ORIGIN, "The status; unhealthy by default for intervals"),
        FieldShape::optional("note", ORIGIN, "A note to keep"),
        FieldShape::optional("objective", ORIGIN, "Intervals: the one objective concerned, for slo backtest"),
        FieldShape::optional("impact", ORIGIN, "Intervals: impact, for slo backtest --impact; by default the status"),
    ],
    one_of: &[],
};

const ORIGIN: Content = Content::Either(&[
    Content::Text,
    Content::Object(&ORIGIN_SHAPE),
    Content::List(&Content::Either(&[Content::Text, Content::Object(&ORIGIN_SHAPE)]), Length::Some),
]);

/// The origin of one value.
pub(super) static ORIGIN_SHAPE: Shape = Shape {
    name: "FeedValue",
    about: "Where a value comes from; of a list, the first one present",
    fields: &[
        FieldShape::optional(
            "from",
            Content::Text,
            "A column, a key, a group, a JSONPath, #key (the key above the record) or #file (the name of the file)",
        ),
        FieldShape::optional("value", Content::Text, "The same value for every record"),
        FieldShape::optional("template", Content::Text, "A template of values, such as {host}/{service}"),
        FieldShape::optional("match", Content::Text, "A regular expression; its first group is the value"),
        FieldShape::optional(
            "split",
            Content::Text,
            "Of system: what is between several systems in the value, such as a comma; the record is about each of them",
        ),
    ],
    one_of: &[&["from", "value", "template"]],
};

/// The meanings of values.
pub(super) static MAPS: Shape = Shape {
    name: "FeedValues",
    about: "What the values of fields mean",
    fields: &[
        FieldShape::optional(
            "status",
            Content::Table(&Content::Word(|| Meaning::OF_STATUS.map(|(word, _)| word).to_vec())),
            "Each value, in any case, and the status it means; maintenance is unknown, skip leaves the record out, and next leaves \
             the decision to the next place of the status",
        ),
        FieldShape::optional("system", Content::Table(&Content::Text), "Each value, and the system it means"),
        FieldShape::optional("check", Content::Table(&Content::Text), "Each value, and the check it means"),
        FieldShape::optional("location", Content::Table(&Content::Text), "Each value, and the location it means"),
        FieldShape::optional("source", Content::Table(&Content::Text), "Each value, and the source it means"),
    ],
    one_of: &[],
};
