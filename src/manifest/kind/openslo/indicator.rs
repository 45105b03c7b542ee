//! Owns converting an indicator of `OpenSLO`: the statuses of a system that count as down, and the time that counts at
//! all.

use super::shapes::{HEALTH, METRIC, RATIO, SLI, SOURCE};
use crate::domain::health::transition::{Status, StatusSet};
use crate::domain::value::decimal::Decimal;
use crate::domain::value::name::Name;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::quote;

/// A name, its position, and its path for messages.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Name,
    pub(super) at: Position,
    pub(super) path: String,
}

/// The measure of an indicator.
#[derive(Clone, Debug)]
pub(super) struct Indicator {
    pub(super) system: Option<Named>,
    pub(super) check: Option<Named>,
    pub(super) description: Option<String>,
    /// The position of its statuses, even if none are listed.
    pub(super) at: Position,
    states: Option<StatusSet>,
    /// `None` for a threshold, as the objective has its comparison.
    sense: Option<Sense>,
    total: Option<StatusSet>,
}

/// Whether the listed statuses are good or bad time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sense {
    Good,
    Bad,
}

/// How an objective counts time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Measure {
    pub(super) down: StatusSet,
    /// Whether unknown time leaves the window's length.
    pub(super) leaves_unknown_out: bool,
}

/// Reads the specification of an SLI.
pub(super) fn read(spec: &Field<'_>, report: &mut Report) -> Option<Indicator> {
    let fields = Fields::of(spec, &SLI, report)?;
    let description = super::description(&fields, report);
    let indicator = match (fields.get("thresholdMetric"), fields.get("ratioMetric")) {
        (Some(metric), None) => read_metric(&metric, report).map(|source| source.indicator(None, None)),
        (None, Some(ratio)) => read_ratio(&ratio, report),
        (Some(metric), Some(ratio)) => {
            let message = format!("{} and thresholdMetric contradict each other", ratio.path);
            report.error(ratio.at, message, "keep one of them");
            read_metric(&metric, report);
            read_ratio(&ratio, report);
            None
        }
        (None, None) => {
            let message = format!("{} has neither ratioMetric nor thresholdMetric", spec.path);
            report.error(spec.at, message, "write ratioMetric with bad and total");
            None
        }
    };
    Some(Indicator { description, ..indicator? })
}

fn read_ratio(field: &Field<'_>, report: &mut Report) -> Option<Indicator> {
    let fields = Fields::of(field, &RATIO, report)?;
    fields.flag("counter", report);
    let mut metric = |key: &str| fields.get(key).map(|field| (field.at, read_metric(&field, report)));
    let (good, bad, total, raw) = (metric("good"), metric("bad"), metric("total"), metric("raw"));
    let kind = fields.get("rawType").and_then(|field| {
        field.word(&[("success", Sense::Good), ("failure", Sense::Bad)], report).map(|sense| (sense, field.at))
    });
    let (sense, part) = match (good, bad, raw) {
        (Some((_, part)), None, None) => (Sense::Good, part),
        (None, Some((_, part)), None) => (Sense::Bad, part),
        (None, None, Some((at, part))) => {
            if kind.is_none() {
                let message = format!("{}.rawType is missing", field.path);
                report.error(at, message, "write success or failure: which statuses raw lists");
            }
            if let Some((at, _)) = &total {
                report.error(*at, format!("{}.total and raw contradict each other", field.path), "remove total");
            }
            (kind?.0, part)
        }
        (good, bad, raw) => {
            let none = good.is_none() && bad.is_none() && raw.is_none();
            let lack = if none { "has none of good, bad and raw" } else { "has more than one of good, bad and raw" };
            report.error(field.at, format!("{} {lack}", field.path), "write bad and total");
            return None;
        }
    };
    if let Some((_, at)) = kind.filter(|_| fields.get("raw").is_none()) {
        report.error(at, format!("{}.rawType is about raw, which is missing", field.path), "remove it");
    }
    if total.is_none() && fields.get("raw").is_none() {
        report.error(field.at, format!("{}.total is missing", field.path), "write it as bad, without states");
        return None;
    }
    let total = match total {
        Some((_, total)) => Some(total?),
        None => None,
    };
    let indicator = part?.with_total(total, report)?.indicator_with(sense);
    // Report it here, at the statuses, and not at each objective that refers to them.
    indicator.measure(None, report)?;
    Some(indicator)
}

/// One source of health transitions.
struct Source {
    at: Position,
    system: Option<Named>,
    check: Option<Named>,
    states: Option<StatusSet>,
    total: Option<StatusSet>,
}

impl Source {
    fn indicator(self, sense: Option<Sense>, description: Option<String>) -> Indicator {
        let Self { at, system, check, states, total } = self;
        Indicator { system, check, description, at, states, sense, total }
    }

    fn indicator_with(self, sense: Sense) -> Indicator {
        self.indicator(Some(sense), None)
    }

    /// Good or bad time with a total: both must have one system and check.
    fn with_total(self, total: Option<Self>, report: &mut Report) -> Option<Self> {
        let Some(total) = total else { return Some(self) };
        let mut same = |one: Option<Named>, other: Option<Named>| match (one, other) {
            (Some(one), Some(other)) if one.name != other.name => {
                let message = format!("{} {} differs from {} {}", other.path, other.name, one.path, one.name);
                report.error(other.at, message, "an objective measures one system, or one check of it");
                Err(())
            }
            (one, other) => Ok(one.or(other)),
        };
        let (system, check) = (same(self.system, total.system), same(self.check, total.check));
        Some(Self { system: system.ok()?, check: check.ok()?, total: total.states, ..self })
    }
}

fn read_metric(field: &Field<'_>, report: &mut Report) -> Option<Source> {
    let metric = Fields::of(field, &METRIC, report)?;
    let source =
        metric.require("metricSource", "write metricSource: { type: HealthTransitions, spec: { … } }", report)?;
    let remedy = "write type: HealthTransitions and spec: { system: …, states: […] }";
    let entries = source.entries(report)?;
    let kind = entries.iter().find(|entry| entry.key == "type" && !entry.value.is_null());
    if let Some(entry) = kind {
        let kind = Field { path: format!("{}.type", source.path), at: entry.value.at, node: &entry.value };
        let text = kind.text(report)?;
        if text != "HealthTransitions" {
            // The specification of such a source is not checked.
            let message = format!("slo does not measure {} {}", kind.path, quote(text));
            report.error(kind.at, message, format!("slo only knows the transitions of systems; {remedy}"));
            return None;
        }
    }
    let fields = Fields::of(&source, &SOURCE, report)?;
    if let Some(reference) = fields.get("metricSourceRef") {
        report.error(reference.at, format!("{} names a DataSource, and slo reads none", reference.path), remedy);
        return None;
    }
    fields.require("type", "write type: HealthTransitions", report)?;
    let mut found = Source { at: source.at, system: None, check: None, states: None, total: None };
    let Some(spec) = fields.get("spec") else { return Some(found) };
    found.at = spec.at;
    let fields = Fields::of(&spec, &HEALTH, report)?;
    let mut named = |key: &str| match fields.get(key) {
        Some(field) => field.name(report).map(|name| Some(Named { name, at: field.at, path: field.path })).ok_or(()),
        None => Ok(None),
    };
    let (system, check) = (named("system"), named("healthcheck"));
    if let Some(field) = fields.get("states") {
        found.at = field.at;
        found.states = Some(read_states(&field, report)?);
    }
    (found.system, found.check) = (system.ok()?, check.ok()?);
    Some(found)
}

fn read_states(field: &Field<'_>, report: &mut Report) -> Option<StatusSet> {
    let words = Status::ALL.map(|status| (status.as_str(), status));
    let mut states = StatusSet::default();
    let items = field.items(report);
    let mut complete = true;
    for item in &items {
        let Some(status) = item.word(&words, report) else {
            complete = false;
            continue;
        };
        if states.contains(status) {
            report.error(item.at, format!("{} lists {status} twice", field.path), "remove one of them");
        }
        states = states.with(status);
    }
    if items.is_empty() && matches!(field.node.value, crate::manifest::yaml::tree::Value::List(_)) {
        report.error(field.at, format!("{} is empty", field.path), "list statuses, or remove the field");
        return None;
    }
    (complete && !items.is_empty()).then_some(states)
}

impl Indicator {
    /// Whether the objective must have its comparison.
    pub(super) const fn is_threshold(&self) -> bool {
        self.sense.is_none()
    }

    /// The same, with messages that point at the reference.
    pub(super) fn referred(&self, at: Position, path: &str) -> Self {
        let named = |named: &Named| Named { at, path: format!("{path} → {}", named.path), ..named.clone() };
        let (system, check) = (self.system.as_ref().map(named), self.check.as_ref().map(named));
        Self { system, check, at, ..self.clone() }
    }

    /// The statuses that count as down. `compares` is the objective's comparison for a threshold, whose metric is 1 in
    /// the listed statuses, else 0.
    pub(super) fn measure(&self, compares: Option<(&str, Decimal)>, report: &mut Report) -> Option<Measure> {
        self.judged(compares).map_err(|(message, remedy)| report.error(self.at, message, remedy)).ok()
    }

    fn judged(&self, compares: Option<(&str, Decimal)>) -> Result<Measure, (String, &'static str)> {
        let usual = StatusSet::default().with(Status::Healthy).with(Status::Degraded).with(Status::Unhealthy);
        // Healthy time is always good, so the list shows which time it means.
        let listed_good = self.states.is_none_or(|states| states.contains(Status::Healthy));
        let sense = match (self.sense, compares) {
            (Some(sense), _) => sense,
            (None, Some((op, value))) => compared(op, value)?,
            (None, None) if listed_good => Sense::Good,
            (None, None) => Sense::Bad,
        };
        let total = self.total.unwrap_or(usual);
        if let Some(missing) = usual.iter().find(|status| !total.contains(*status)) {
            let message = format!("the total leaves {missing} time out, and only unknown time can be left out");
            return Err((message, "list healthy, degraded and unhealthy; and unknown, if it counts"));
        }
        let down = match (sense, self.states) {
            (Sense::Bad, None) => StatusSet::default().with(Status::Degraded).with(Status::Unhealthy),
            (Sense::Bad, Some(states)) => states,
            (Sense::Good, states) => {
                let good = states.unwrap_or(StatusSet::default().with(Status::Healthy).with(Status::Unknown));
                if !good.contains(Status::Healthy) {
                    return Err(("healthy is not among the statuses of good time".to_owned(), "add it"));
                }
                total.iter().filter(|status| !good.contains(*status)).fold(StatusSet::default(), StatusSet::with)
            }
        };
        if down.contains(Status::Healthy) {
            return Err(("healthy is among the statuses of bad time".to_owned(), "remove it"));
        }
        if down.iter().next().is_none() {
            return Err(("no status is left to count as down".to_owned(), "leave degraded or unhealthy out of good"));
        }
        let leaves_unknown_out = self.total.is_some_and(|total| !total.contains(Status::Unknown));
        if leaves_unknown_out && down.contains(Status::Unknown) {
            return Err(("unknown time is bad, and not part of the total".to_owned(), "add unknown to the total"));
        }
        Ok(Measure { down, leaves_unknown_out })
    }
}

/// What a comparison of a metric that is 0 or 1 says about the time in which it is 1.
fn compared(op: &str, value: Decimal) -> Result<Sense, (String, &'static str)> {
    let (zero, one) = (Decimal::whole(0), Decimal::whole(1));
    let (above_zero, below_one) = (value > zero, value < one);
    match op {
        "gt" if below_one => Ok(Sense::Good),
        "gte" if above_zero && value <= one => Ok(Sense::Good),
        "lt" if above_zero && value <= one => Ok(Sense::Bad),
        "lte" if below_one => Ok(Sense::Bad),
        _ => {
            let message = format!(
                "op {op} and value {value} compare a metric that is 1 in the listed statuses, else 0: they are always true or never"
            );
            Err((message, "write op: gte and value: 1 where the listed statuses are good"))
        }
    }
}
