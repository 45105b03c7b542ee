//! Owns reading an `SLO` of `OpenSLO` into this project's own form, part by part.

use super::indicator::{self, Indicator, Named};
use super::metadata::{self, kept};
use super::shapes::{INDICATOR, OBJECTIVE, SLO};
use super::window;
use super::{Document, Library, Reported, entry, plain, reference, text};
use crate::domain::account::objective::Metadata;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::decimal::{Decimal, DecimalError};
use crate::domain::value::name::Name;
use crate::domain::value::target::Target;
use crate::manifest::envelope::Draft;
use crate::manifest::kind::objective;
use crate::manifest::kind::reference::Role;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::{and_list, did_you_mean, quote};
use crate::manifest::yaml::tree::{Entry, Node, Value};

/// Fields of our own specification that annotations may hold.
const CARRIED: [&str; 10] = [
    "timezone",
    "dependencyExclusion",
    "excludedDependencyRefs",
    "excludeMaintenanceWindows",
    "countsAsDown",
    "minimumOutage",
    "attributionGrace",
    "notCounted",
    "schedule",
    "burnRateThresholds",
];

/// The parts of a specification besides our own fields.
struct Parts {
    entries: Vec<Entry>,
    system: Named,
    check: Option<Named>,
    description: Option<String>,
    /// Annotations for values without another place.
    kept: Vec<(&'static str, String)>,
    leaves_unknown_out: Option<Position>,
}

pub(super) fn read(document: &mut Document<'_>, library: &mut Library) -> Option<Draft> {
    let heading = document.metadata.as_ref().and_then(|field| metadata::read(field, &CARRIED, &mut document.report));
    let parts = document.spec.as_ref().and_then(|spec| {
        let name = document.name.as_ref().map(|(name, _)| name);
        read_spec(spec, name, library, &mut document.report)
    });
    if let Some(spec) = &document.spec {
        library.policies.refer(spec, document.name.as_ref(), document.raw, &mut document.report);
    }
    if let (Some(heading), None) = (&heading, &parts) {
        check_carried(&heading.carried, document);
    }
    let mut references = Vec::new();
    let objective = heading.zip(parts).and_then(|(heading, parts)| {
        let Parts { mut entries, system, check, description, kept, leaves_unknown_out } = parts;
        replace_counted(&mut entries, &heading.carried, &mut document.report);
        entries.extend(heading.carried);
        if let Some(at) = leaves_unknown_out {
            leave_unknown_out(&mut entries, at);
        }
        let at = document.spec.as_ref().map_or(document.raw.root.at, |spec| spec.at);
        let node = Node { at, value: Value::Map(entries) };
        let spec = Field { path: "spec".to_owned(), at, node: &node };
        let mut metadata = heading.metadata?;
        metadata.annotations.extend(kept.into_iter().map(|(name, value)| (format!("slo/{name}"), value)));
        let metadata = Metadata { description, ..metadata };
        let before = document.report.problems.len();
        let objective = objective::read(&spec, Some(metadata), &mut references, &mut document.report);
        super::name_annotations(&mut document.report.problems[before..], "spec", &CARRIED);
        for reference in &mut references {
            match (reference.role, &check) {
                (Role::Covers, _) => reference.path.clone_from(&system.path),
                (Role::Checks, Some(check)) => reference.path.clone_from(&check.path),
                _ => {}
            }
        }
        objective
    });
    document.draft(Kind::Objective, objective.map(Object::Objective), references)
}

/// Reports the problems of annotations of a document whose specification cannot be read: those at their own places.
fn check_carried(carried: &[Entry], document: &mut Document<'_>) {
    let at = document.raw.root.at;
    let node = Node { at, value: Value::Map(carried.to_vec()) };
    let spec = Field { path: "spec".to_owned(), at, node: &node };
    let mut report = Report::new(&document.report.file);
    report.subject.clone_from(&document.report.subject);
    objective::read(&spec, None, &mut Vec::new(), &mut report);
    report.problems.retain(|problem| carried.iter().any(|entry| problem.at == Some(entry.value.at)));
    super::name_annotations(&mut report.problems, "spec", &CARRIED);
    document.report.problems.append(&mut report.problems);
}

fn read_spec(spec: &Field<'_>, name: Option<&Name>, library: &mut Library, report: &mut Report) -> Option<Parts> {
    let fields = Fields::of(spec, &SLO, report)?;
    let description = super::description(&fields, report);
    let service = fields
        .require("service", "name the system", report)
        .and_then(|field| Some(Named { name: field.name(report)?, at: field.at, path: field.path }));
    check_method(&fields, report);
    let window = window::read(&fields, report);
    let indicator = read_indicator(&fields, name, library, report);
    let target = read_objective(&fields, indicator.as_ref().map(|(indicator, _)| indicator), report);
    let (indicator, about) = indicator?;
    let target = target?;
    let measure = indicator.measure(target.compares, report);
    let (service, window, measure) = (service?, window?, measure?);
    let system = indicator.system.clone().unwrap_or_else(|| service.clone());
    let mut kept = Vec::new();
    if system.name != service.name {
        kept.push(("service", service.name.to_string()));
    }
    kept.extend(about.map(|about| ("indicator", about)));
    kept.extend(target.title.map(|title| ("objective", title)));
    let statuses = measure.down.iter().map(|status| text(indicator.at, status.as_str())).collect();
    let down = Node { at: indicator.at, value: Value::List(statuses) };
    let mut entries = vec![
        entry("systemRef", reference("System", system.at, &system.name)),
        target.entry,
        window,
        entry("countsAsDown", down),
    ];
    entries.extend(
        indicator.check.iter().map(|check| entry("healthcheckRef", reference("Healthcheck", check.at, &check.name))),
    );
    let leaves_unknown_out = measure.leaves_unknown_out.then_some(indicator.at);
    Some(Parts { entries, system, check: indicator.check, description, kept, leaves_unknown_out })
}

/// Replaces the statuses of the indicator by an annotation with their weights.
fn replace_counted(entries: &mut Vec<Entry>, carried: &[Entry], report: &mut Report) {
    let key = "countsAsDown";
    let Some(weights) = carried.iter().find(|entry| entry.key == key) else { return };
    let listed = entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value.value);
    if let (Value::Map(weights_of), Some(Value::List(items))) = (&weights.value.value, listed) {
        let mut named: Vec<&str> = weights_of.iter().map(|entry| entry.key.as_str()).collect();
        let mut bad: Vec<&str> = items.iter().filter_map(Node::as_text).collect();
        named.sort_unstable();
        bad.sort_unstable();
        if named != bad {
            let message =
                format!("metadata.annotations.slo/{key} weighs {}, and bad time is {}", and_list(named), and_list(bad));
            report.error(weights.value.at, message, "weigh the statuses of the indicator");
        }
    }
    entries.retain(|entry| entry.key != key);
}

/// Adds unknown time to the uncounted time, unless it is included.
fn leave_unknown_out(entries: &mut Vec<Entry>, at: Position) {
    let unknown = text(at, "unknown");
    match entries.iter_mut().find(|entry| entry.key == "notCounted").map(|entry| &mut entry.value.value) {
        Some(Value::List(items)) if items.iter().any(|item| item.as_text() == Some("unknown")) => {}
        Some(Value::List(items)) => items.push(unknown),
        // Other values are reported elsewhere.
        Some(_) => {}
        None => entries.push(entry("notCounted", Node { at, value: Value::List(vec![unknown]) })),
    }
}

fn check_method(fields: &Fields<'_>, report: &mut Report) {
    let Some(field) = fields.require("budgetingMethod", "write RatioTimeslices", report) else { return };
    if field.scalar() == Some("Timeslices") {
        let message = "budgetingMethod Timeslices makes whole slices bad, and slo measures time exactly";
        return report.error(field.at, message, "write RatioTimeslices, and remove timeSliceTarget");
    }
    field.word(&[("RatioTimeslices", ()), ("Occurrences", ())], report);
}

/// The indicator, and its metadata if that is kept.
fn read_indicator(
    fields: &Fields<'_>,
    name: Option<&Name>,
    library: &mut Library,
    report: &mut Report,
) -> Option<(Indicator, Option<String>)> {
    let keep =
        |metadata: Option<&Field<'_>>, indicator: &Indicator| kept(metadata, indicator.description.clone(), name?);
    match (fields.get("indicator"), fields.get("indicatorRef")) {
        (Some(inline), None) => {
            let fields = Fields::of(&inline, &INDICATOR, report)?;
            let metadata = fields.get("metadata");
            let heading = metadata.as_ref().map(|field| metadata::read(field, &[], report));
            let spec = fields.require("spec", "write spec: { ratioMetric: … }", report)?;
            let indicator = indicator::read(&spec, report)?;
            if matches!(heading, Some(None)) {
                return None;
            }
            let about = keep(metadata.as_ref(), &indicator);
            Some((indicator, about))
        }
        (None, Some(reference)) => {
            let wanted = reference.name(report)?;
            library.used.insert(("SLI", wanted.clone()));
            let Some(found) = library.indicators.get(&wanted) else {
                let remedy = did_you_mean(wanted.as_str(), library.indicators.keys().map(Name::as_str));
                let message = format!("{} names the SLI {wanted}, which no document declares", reference.path);
                report.error(reference.at, message, remedy);
                return None;
            };
            // The problems are reported at the SLI; the objective cannot be read without it.
            let Some((indicator, metadata)) = found else {
                let message = format!("{} names the SLI {wanted}, which is not valid", reference.path);
                report.error(reference.at, message, "see the problems of that document");
                return None;
            };
            let metadata = metadata.as_ref().map(|node| Field { path: String::new(), at: node.at, node });
            let about = keep(metadata.as_ref(), indicator);
            // Problems with statuses are reported at the reference: a position in another file would point at the wrong
            // line.
            let at = reference.at;
            Some((indicator.referred(at, &reference.path), about))
        }
        (Some(inline), Some(_)) => {
            let message = format!("{} and indicatorRef contradict each other", inline.path);
            report.error(inline.at, message, "keep one of them");
            let spec = Fields::of(&inline, &INDICATOR, report).and_then(|fields| fields.get("spec"));
            spec.and_then(|spec| indicator::read(&spec, report));
            None
        }
        (None, None) => {
            let has_typo = fields.has_misspelled("indicator") || fields.has_misspelled("indicatorRef");
            if !has_typo {
                report.error(fields.at, "spec.indicator is missing", "write it, or indicatorRef: the name of an SLI");
            }
            None
        }
    }
}

/// The single objective of the document.
struct Goal<'a> {
    entry: Entry,
    title: Option<String>,
    /// The comparison of a threshold.
    compares: Option<(&'a str, Decimal)>,
}

fn read_objective<'a>(fields: &Fields<'a>, indicator: Option<&Indicator>, report: &mut Report) -> Option<Goal<'a>> {
    let list = fields.require("objectives", "write objectives: [{ targetPercent: 99.9 }]", report)?;
    let items = list.items(report);
    let [item] = items.as_slice() else {
        if matches!(list.node.value, Value::List(_)) {
            let message = format!("{} has {} objectives", list.path, items.len());
            report.error(list.at, message, "write one, and an SLO for each other one");
        }
        return None;
    };
    let fields = Fields::of(item, &OBJECTIVE, report)?;
    let title = fields.text("displayName", report);
    for key in ["indicator", "indicatorRef", "compositeWeight"] {
        if let Some(field) = fields.get(key) {
            let message = format!("{} makes a composite objective, which slo does not have", field.path);
            report.error(field.at, message, "write an SLO for each indicator");
        }
    }
    if let Some(field) = fields.get("timeSliceTarget") {
        let message = format!("{} makes whole slices bad, and slo measures time exactly", field.path);
        report.error(field.at, message, "remove it");
    }
    if let Some(field) = fields.get("timeSliceWindow") {
        let minutes =
            field.scalar().and_then(|text| Decimal::parse(text).ok()).filter(|minutes| minutes.millionths() > 0);
        if minutes.is_none() {
            window::Shorthand::read(&field, report);
        }
    }
    let compares = read_comparison(&fields, indicator, report);
    let entry = match (fields.get("target"), fields.get("targetPercent")) {
        (Some(ratio), None) => read_ratio(&ratio, report),
        (None, Some(percent)) => read_percent(&percent, report),
        (Some(ratio), Some(percent)) => {
            let message = format!("{} and target are both written", percent.path);
            report.error(percent.at, message, "keep one of them");
            read_ratio(&ratio, report);
            read_percent(&percent, report);
            None
        }
        (None, None) => {
            if !fields.has_misspelled("target") && !fields.has_misspelled("targetPercent") {
                report.error(item.at, format!("{}.target is missing", item.path), "write targetPercent: 99.9");
            }
            None
        }
    };
    Some(Goal { entry: entry?, title, compares: compares.ok()? })
}

/// `op` and `value`, if given.
fn read_comparison<'a>(
    fields: &Fields<'a>,
    indicator: Option<&Indicator>,
    report: &mut Report,
) -> Result<Option<(&'a str, Decimal)>, Reported> {
    // The kind of an invalid indicator is unknown.
    let Some(indicator) = indicator else { return Ok(None) };
    let (op, value) = (fields.get("op"), fields.get("value"));
    let Some(first) = op.as_ref().or(value.as_ref()) else { return Ok(None) };
    if !indicator.is_threshold() {
        report.error(
            first.at,
            format!("{} compares a thresholdMetric, and this is a ratioMetric", first.path),
            "remove it",
        );
        return Err(Reported);
    }
    let (Some(op), Some(value)) = (&op, &value) else {
        let message = format!("{} is written alone", first.path);
        report.error(first.at, message, "write op and value, such as op: gte and value: 1");
        return Err(Reported);
    };
    let word = op.word(&["lte", "gte", "lt", "gt"].map(|word| (word, word)), report);
    let number = match &value.node.value {
        Value::Scalar { text, plain: true } => Decimal::parse(text).ok(),
        _ => None,
    };
    if number.is_none() {
        value.expected("a number", "the metric is 1 in the listed statuses, else 0", report);
    }
    word.zip(number).map(Some).ok_or(Reported)
}

/// A percentage, below 100.
fn read_percent(field: &Field<'_>, report: &mut Report) -> Option<Entry> {
    if field.scalar().and_then(|text| Target::parse(text).ok()).is_some_and(|target| target.error_share() == 0) {
        report.error(field.at, format!("{} 100: a target of OpenSLO is below 100", field.path), "write 99.999 or so");
        return None;
    }
    // Everything else is checked like our own target.
    Some(entry("target", field.node.clone()))
}

/// A ratio below 1; its point is moved without rounding.
fn read_ratio(field: &Field<'_>, report: &mut Report) -> Option<Entry> {
    let Some(written) = field.scalar() else {
        field.expected("a ratio such as 0.999", "", report);
        return None;
    };
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let is_decimal =
        !written.is_empty() && [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_decimal {
        let message = format!("{} {} is not a plain decimal number", field.path, quote(written));
        report.error(field.at, message, "write a ratio such as 0.999");
        return None;
    }
    if !whole.trim_start_matches('0').is_empty() {
        let remedy = match Target::parse(written) {
            Ok(target) if target.percent() > Decimal::whole(1) => format!("did you mean targetPercent: {written}?"),
            _ => "write for example 0.999".to_owned(),
        };
        report.error(field.at, format!("{} {written}: a target is at least 0 and below 1", field.path), remedy);
        return None;
    }
    let digits = format!("{fraction:0<2}");
    let percent = format!("{}.{}", &digits[..2], &digits[2..]);
    match Decimal::parse(&percent) {
        Ok(value) if value > Decimal::whole(1) => {
            let percent = value.to_string();
            Some(entry("target", plain(field.at, percent)))
        }
        Ok(value) => {
            let message = format!("{} {written} is {value}%, which is almost surely a mistake", field.path);
            report.error(field.at, message, "a target of slo is above 1%");
            None
        }
        Err(DecimalError::TooFine) => {
            let message = format!("{} {written} has more than 8 decimals", field.path);
            report.error(field.at, message, "targets are exact to a millionth of a percent");
            None
        }
        Err(error) => {
            report.error(field.at, format!("{} {written}: {error}", field.path), "write a ratio such as 0.999");
            None
        }
    }
}
