//! Owns the JSON Schema of manifests, generated from the shapes that the reader uses.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::shape::{Content, FieldShape, Length, Shape};
use crate::domain::value::label::{KEY_PATTERN, VALUE_PATTERN};
use crate::manifest::envelope;
use crate::manifest::envelope::{METADATA, OTHER_VERSION, VERSION};
use crate::manifest::kind::{condition, correction, feed, healthcheck, maintenance_window, objective, openslo, system};

/// The specifications of this project's own kinds.
const OWN: [(&str, &Shape); 6] = [
    ("System", &system::SPEC),
    ("SLO", &objective::SPEC),
    ("MaintenanceWindow", &maintenance_window::SPEC),
    ("Correction", &correction::SPEC),
    ("Condition", &condition::SPEC),
    (envelope::FEED, &feed::shapes::SPEC),
];
/// The specifications of `OpenSLO`'s kinds; a data source is not read.
const OPENSLO: [(&str, Option<&Shape>); 7] = [
    ("Service", Some(&openslo::shapes::SERVICE)),
    ("SLO", Some(&openslo::shapes::SLO)),
    ("SLI", Some(&openslo::shapes::SLI)),
    ("AlertPolicy", Some(&openslo::alert::shapes::POLICY)),
    ("AlertCondition", Some(&openslo::alert::shapes::CONDITION)),
    ("AlertNotificationTarget", Some(&openslo::alert::shapes::TARGET)),
    ("DataSource", None),
];
/// The kinds that the other version also has.
const IN_OTHER_VERSION: [&str; 2] = ["System", "SLO"];

/// The schema (JSON Schema, draft 2020-12) of every document that `slo` reads, as JSON.
pub(crate) fn schema() -> String {
    format!("{:#}\n", root())
}

fn root() -> Value {
    let mut schema = Schema { definitions: Map::new() };
    let mut cases = Vec::new();
    for (kind, spec) in OWN {
        let versions = if IN_OTHER_VERSION.contains(&kind) { vec![VERSION, OTHER_VERSION] } else { vec![VERSION] };
        let needs_spec = kind != "System";
        cases.push(schema.document(kind, kind, &versions, &METADATA, Some(spec), needs_spec));
    }
    for (kind, spec) in OPENSLO {
        let name = if kind == "SLO" { "OpenSLO".to_owned() } else { format!("OpenSLO{kind}") };
        let needs_spec = kind != "Service";
        cases.push(schema.document(&name, kind, &[openslo::VERSION], &openslo::metadata::METADATA, spec, needs_spec));
    }
    cases.push(schema.healthcheck());
    let versions = json!([VERSION, OTHER_VERSION, openslo::VERSION]);
    let own: Vec<&str> = OWN.map(|(kind, _)| kind).to_vec();
    let foreign: Vec<&str> = openslo::KINDS.to_vec();
    let other: Vec<&str> = IN_OTHER_VERSION.into_iter().chain([healthcheck::KIND]).collect();
    let kinds: BTreeSet<&str> = own.iter().chain(&foreign).chain(&other).copied().collect();
    for (version, kinds_of_it) in
        [(VERSION, json!(own)), (openslo::VERSION, json!(foreign)), (OTHER_VERSION, json!(other))]
    {
        cases.push(json!({
            "if": {"properties": {"apiVersion": {"const": version}}},
            "then": {"properties": {"kind": {"enum": kinds_of_it}}},
        }));
    }
    let document = json!({
        "type": "object",
        "properties": {
            "apiVersion": {"description": "Version of the manifest format", "enum": versions},
            "kind": {"description": "Kind of object", "enum": kinds},
        },
        "required": ["apiVersion", "kind", "metadata"],
        "allOf": cases,
    });
    schema.definitions.insert("Manifest".to_owned(), document);
    let of_openslo = json!({"properties": {"apiVersion": {"const": openslo::VERSION}}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manifests of slo",
        "description": "Documents as `slo validate`, `slo plan` and `slo apply` read them",
        "if": {"type": "array"},
        // Only OpenSLO has lists of documents.
        "then": {"minItems": 1, "items": {"$ref": "#/$defs/Manifest", "allOf": [of_openslo]}},
        "else": {"$ref": "#/$defs/Manifest"},
        "$defs": schema.definitions,
    })
}

struct Schema {
    definitions: Map<String, Value>,
}

impl Schema {
    /// The case of one kind: the definition applies if version and kind match.
    fn document(
        &mut self,
        name: &str,
        kind: &str,
        versions: &[&str],
        metadata: &'static Shape,
        spec: Option<&'static Shape>,
        needs_spec: bool,
    ) -> Value {
        let metadata = self.reference(metadata);
        let mut required = vec!["apiVersion", "kind", "metadata"];
        let mut spec = spec.map_or_else(|| json!({"type": "object"}), |spec| self.reference(spec));
        if needs_spec {
            required.push("spec");
        } else {
            spec = or_null(spec);
        }
        let definition = json!({
            "type": "object",
            "properties": {
                "apiVersion": {"enum": versions},
                "kind": {"const": kind},
                "metadata": metadata,
                "spec": spec,
            },
            "required": required,
            "additionalProperties": false,
        });
        self.definitions.insert(name.to_owned(), definition);
        json!({
            "if": {
                "properties": {"apiVersion": {"enum": versions}, "kind": {"const": kind}},
                "required": ["apiVersion", "kind"],
            },
            "then": {"$ref": format!("#/$defs/{name}")},
        })
    }

    /// The case of Checkstack's checks, which are hardly read.
    fn healthcheck(&mut self) -> Value {
        let case = self.document("Healthcheck", healthcheck::KIND, &[OTHER_VERSION], &METADATA, None, true);
        let about = "Whether the check is made; one that is not never counts";
        self.definitions["Healthcheck"]["properties"]["spec"]["properties"] =
            json!({"enabled": {"description": about, "type": ["boolean", "null"]}});
        case
    }

    /// A reference to a shape, defining it on first use.
    fn reference(&mut self, shape: &'static Shape) -> Value {
        if !self.definitions.contains_key(shape.name) {
            // Reserve its entry first: a shape may contain itself.
            self.definitions.insert(shape.name.to_owned(), Value::Null);
            let definition = self.mapping(shape);
            self.definitions.insert(shape.name.to_owned(), definition);
        }
        json!({"$ref": format!("#/$defs/{}", shape.name)})
    }

    fn mapping(&mut self, shape: &'static Shape) -> Value {
        let properties: Map<String, Value> =
            shape.fields.iter().map(|field| (field.name.to_owned(), self.field(field))).collect();
        let required: Vec<&str> =
            shape.fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
        let mut definition = json!({
            "type": "object",
            "description": shape.about,
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            definition["required"] = json!(required);
        }
        let groups: Vec<Value> = shape.one_of.iter().map(|fields| one_of(fields)).collect();
        if !groups.is_empty() {
            definition["allOf"] = Value::Array(groups);
        }
        definition
    }

    fn field(&mut self, field: &'static FieldShape) -> Value {
        let mut schema = self.content(&field.content);
        if !field.is_required {
            schema = or_null(schema);
        }
        let mut described = json!({"description": field.about});
        if let Some(default) = field.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            described["default"] = default;
        }
        extend(&mut described, schema);
        described
    }

    fn content(&mut self, content: &'static Content) -> Value {
        match content {
            Content::Refused => json!({"not": {}}),
            Content::Any => json!({}),
            Content::Text => json!({"type": "string"}),
            Content::ShortText(most) => json!({"type": "string", "maxLength": most}),
            Content::Name => json!({"type": "string", "pattern": "^[A-Za-z0-9._/:-]{1,253}$"}),
            Content::Flag => json!({"type": "boolean"}),
            Content::Truth(truth) => json!({"const": truth}),
            Content::Number => json!({"type": "number"}),
            Content::Positive(most) => {
                let mut schema = json!({"type": "number", "exclusiveMinimum": 0});
                if let Some(most) = most {
                    schema["maximum"] = json!(most);
                }
                schema
            }
            Content::Weight => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
            Content::Count(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Content::Percent { hundred } => {
                let limit = if *hundred { "maximum" } else { "exclusiveMaximum" };
                let pattern = "^0*([2-9]|[1-9][0-9]|100)(\\.[0-9]*)?$|^0*1\\.0*[1-9][0-9]*$";
                json!({"type": ["number", "string"], "exclusiveMinimum": 1, limit: 100, "pattern": pattern})
            }
            Content::Ratio => {
                let pattern = "^0*\\.[0-9]+$";
                json!({"type": ["number", "string"], "exclusiveMinimum": 0.01, "exclusiveMaximum": 1, "pattern": pattern})
            }
            Content::Duration => json!({"type": "string", "pattern": "^\\s*([0-9]+(ms|s|m|h|d|w))+\\s*$"}),
            Content::Shorthand => json!({"type": "string", "pattern": "^[0-9]+[mhdwMQY]$"}),
            Content::Instant => json!({"type": ["string", "number"], "pattern": "^\\s*[0-9]", "minimum": 946_684_800}),
            Content::Date => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
            Content::Zone => self.zone(),
            Content::Word(words) => match words().as_slice() {
                [word] => json!({"const": word}),
                words => json!({"enum": words}),
            },
            Content::Pairs(values) => {
                let values = self.content(values);
                json!({"type": "object", "propertyNames": {"pattern": KEY_PATTERN}, "additionalProperties": values})
            }
            Content::Table(values) => {
                let values = self.content(values);
                json!({"type": "object", "additionalProperties": values})
            }
            Content::Label => json!({"type": "string", "pattern": VALUE_PATTERN}),
            Content::Object(shape) => self.reference(shape),
            Content::List(items, length) => {
                let items = self.content(items);
                let mut schema = json!({"type": "array", "items": items});
                if matches!(length, Length::Some | Length::SomeDistinct | Length::One) {
                    schema["minItems"] = json!(1);
                }
                if *length == Length::One {
                    schema["maxItems"] = json!(1);
                }
                if matches!(length, Length::Distinct | Length::SomeDistinct) {
                    schema["uniqueItems"] = json!(true);
                }
                schema
            }
            Content::Either(contents) => {
                let contents: Vec<Value> = contents.iter().map(|content| self.content(content)).collect();
                json!({"anyOf": contents})
            }
        }
    }

    /// There are many zones, so they are defined once.
    fn zone(&mut self) -> Value {
        let name = "TimeZone";
        if !self.definitions.contains_key(name) {
            let zones: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            let about = "A time zone of the IANA database";
            self.definitions.insert(name.to_owned(), json!({"description": about, "enum": zones}));
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }
}

/// Exactly one of the fields is given; null does not count.
fn one_of(fields: &[&str]) -> Value {
    let written = |field: &&str| json!({"required": [field], "properties": {*field: {"not": {"type": "null"}}}});
    json!({"oneOf": fields.iter().map(written).collect::<Vec<_>>()})
}

/// The same or null, which equals an absent field.
fn or_null(schema: Value) -> Value {
    let Value::Object(mut fields) = schema else { return schema };
    if let Some(kind) = fields.get_mut("type") {
        match kind {
            Value::Array(kinds) => kinds.push(json!("null")),
            single => *single = json!([single.clone(), "null"]),
        }
        return Value::Object(fields);
    }
    if let Some(Value::Array(words)) = fields.get_mut("enum") {
        words.push(Value::Null);
        return Value::Object(fields);
    }
    if fields.is_empty() {
        return Value::Object(fields);
    }
    json!({"anyOf": [fields, {"type": "null"}]})
}

fn extend(schema: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (schema, more) {
        fields.extend(more);
    }
}
