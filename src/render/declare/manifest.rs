//! Owns writing declared objects as manifests in slo's own format.

pub(crate) mod openslo;
mod system;
pub(in crate::render) mod yaml;

use chrono::NaiveTime;

use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Schedule as Maintenance};
use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted, Objective};
use crate::domain::account::schedule::{Schedule, Shift};
use crate::domain::account::weights::{Weights, default_counts_as_down, written};
use crate::domain::health::correction::{Correction, Target};
use crate::domain::health::transition::Status;
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::{Condition, Scope};
use crate::domain::value::calendar::Date;
use crate::domain::value::duration::write_millis;
use crate::domain::value::hours::Hours;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
use crate::domain::value::window::Window;
use system::system_spec;
use yaml::Node;
pub(crate) use yaml::name_text;

/// The objects as one stream of documents, in their order, without defaults.
pub(crate) fn text(objects: &[Object]) -> String {
    stream(objects.iter().map(document))
}

/// Documents one after another.
fn stream(documents: impl Iterator<Item = Node>) -> String {
    documents.map(|document| document.document()).collect::<Vec<_>>().join("---\n")
}

fn document(object: &Object) -> Node {
    let spec = match object {
        Object::System(system) => system_spec(system),
        Object::Objective(objective) => objective_spec(objective),
        Object::MaintenanceWindow(window) => maintenance_spec(window),
        Object::Correction(correction) => correction_spec(correction),
        Object::Condition(condition) => condition_spec(condition),
    };
    Node::map([
        ("apiVersion", Some(Node::text("slo/v1"))),
        ("kind", Some(Node::text(object.kind().as_str()))),
        ("metadata", Some(metadata(object.metadata()))),
        ("spec", Some(spec)),
    ])
}

fn correction_spec(DeclaredCorrection { system, correction, reason, .. }: &DeclaredCorrection) -> Node {
    let Correction { start, end, target: Target { check, source, location }, status } = correction;
    let name = |name: &Option<Name>| name.as_ref().map(|name| Node::text(name.as_str()));
    Node::map([
        ("systemRef", Some(reference("System", system))),
        ("check", name(check)),
        ("source", source.map(|source| Node::text(source.as_str()))),
        ("location", name(location)),
        ("start", start.map(|at| Node::plain(&at))),
        ("end", end.map(|at| Node::plain(&at))),
        ("status", Some(Node::text(status.as_str()))),
        ("reason", reason.as_ref().map(Node::text)),
    ])
}

fn metadata(metadata: &Metadata) -> Node {
    Node::map([
        ("name", Some(Node::text(metadata.name.as_str()))),
        ("title", metadata.title.as_ref().map(Node::text)),
        ("description", metadata.description.as_ref().map(Node::text)),
        ("labels", Node::pairs(metadata.labels.iter())),
        ("annotations", Node::pairs(metadata.annotations.iter())),
    ])
}

fn reference(kind: &str, name: &Name) -> Node {
    Node::flow([("kind", Some(Node::text(kind))), ("name", Some(Node::text(name.as_str())))])
}

fn objective_spec(objective: &Objective) -> Node {
    let (days, calendar) = match objective.window {
        Window::Rolling { days, .. } => (Some(Node::plain(&days)), None),
        Window::Calendar { unit, .. } => (None, Some(Node::flow([("calendar", Some(Node::text(unit.as_str())))]))),
    };
    let excluded = objective.excluded_dependencies.iter().map(|name| reference("System", name));
    Node::map([
        ("systemRef", Some(reference("System", &objective.system))),
        ("healthcheckRef", objective.healthcheck.as_ref().map(|check| reference("Healthcheck", check))),
        ("target", Some(Node::plain(&objective.target.percent()))),
        ("windowDays", days),
        ("window", calendar),
        ("timezone", timezone(objective)),
        ("dependencyExclusion", dependency_exclusion(objective)),
        ("excludedDependencyRefs", Node::some(excluded.collect())),
        ("excludeMaintenanceWindows", objective.exclude_maintenance_windows.then(|| Node::plain("true"))),
        ("countsAsDown", counts_as_down(objective)),
        ("minimumOutage", hindsight(objective.minimum_outage_ms)),
        ("attributionGrace", hindsight(objective.attribution_grace_ms)),
        ("notCounted", not_counted(objective.not_counted)),
        ("schedule", schedule(&objective.schedule)),
        ("burnRateThresholds", thresholds(objective.thresholds)),
    ])
}

/// The zone of its days, unless UTC.
fn timezone(objective: &Objective) -> Option<Node> {
    let zone = objective.window.calendar().zone;
    (zone != chrono_tz::UTC).then(|| Node::text(zone.name()))
}

fn dependency_exclusion(objective: &Objective) -> Option<Node> {
    let mode = objective.dependency_exclusion;
    (mode != DependencyExclusion::Strict).then(|| Node::text(mode.as_str()))
}

/// A duration, unless 0.
fn hindsight(millis: i64) -> Option<Node> {
    (millis > 0).then(|| Node::text(write_millis(millis)))
}

fn counts_as_down(objective: &Objective) -> Option<Node> {
    let counts = objective.counts_as_down;
    if !counts.are_full() {
        return Some(weights(counts));
    }
    let words = counts.iter().map(|(status, _)| Node::text(status.as_str())).collect();
    (counts != default_counts_as_down()).then_some(Node::FlowList(words))
}

/// Weights by status.
fn weights(weights: Weights) -> Node {
    let field = |(status, weight): (Status, i64)| (status.as_str().to_owned(), Node::plain(&written(weight)));
    Node::FlowMap(weights.iter().map(field).collect())
}

fn not_counted(not_counted: NotCounted) -> Option<Node> {
    let words = [("maintenance", not_counted.maintenance), ("unknown", not_counted.unknown)];
    let words: Vec<Node> = words.iter().filter(|(_, listed)| *listed).map(|(word, _)| Node::text(*word)).collect();
    (!words.is_empty()).then_some(Node::FlowList(words))
}

fn schedule(schedule: &Schedule) -> Option<Node> {
    let clock = |time: NaiveTime| Node::text(Hours::clock(time));
    let shift = |Shift { hours, except }: &Shift| {
        let days = hours.weekdays.iter().map(|day| Node::text(day.to_string())).collect::<Vec<_>>();
        Node::flow([
            ("weekday", (!days.is_empty()).then_some(Node::FlowList(days))),
            ("after", hours.after.map(clock)),
            ("before", hours.before.map(clock)),
            ("exceptDates", except_dates(except)),
        ])
    };
    Node::some(schedule.shifts().iter().map(shift).collect())
}

fn except_dates(dates: &[Date]) -> Option<Node> {
    (!dates.is_empty()).then(|| Node::FlowList(dates.iter().map(Node::plain).collect()))
}

fn thresholds(thresholds: BurnRateThresholds) -> Option<Node> {
    let usual = BurnRateThresholds::default();
    let unless = |value, usual| (value != usual).then(|| Node::plain(&value));
    let fields = [
        ("warningPercent", unless(thresholds.warning_percent, usual.warning_percent)),
        ("criticalPercent", unless(thresholds.critical_percent, usual.critical_percent)),
        ("fastBurnMultiplier", unless(thresholds.fast_burn_multiplier, usual.fast_burn_multiplier)),
    ];
    (thresholds != usual).then(|| Node::flow(fields))
}

fn maintenance_spec(window: &MaintenanceWindow) -> Node {
    let systems = window.systems.iter().map(|name| reference("System", name)).collect();
    let lasting = |millis| Node::text(write_millis(millis));
    let (start, end, duration, rule) = match &window.schedule {
        // An end that no manifest may contain can only come from a duration.
        Maintenance::Once(span) if span.end > Instant::MAX => (span.start, None, Some(lasting(span.millis())), None),
        Maintenance::Once(span) => (span.start, Some(Node::plain(&span.end)), None, None),
        Maintenance::Recurring(rule) => match rule.length {
            Length::Until(end) => (rule.start, Some(Node::plain(&end)), None, Some(rule)),
            Length::Elapsed(millis) => (rule.start, None, Some(lasting(millis)), Some(rule)),
        },
    };
    let zone = rule.map(|rule| rule.zone).filter(|zone| *zone != chrono_tz::UTC);
    Node::map([
        ("systemRefs", Some(Node::List(systems))),
        ("start", Some(Node::plain(&start))),
        ("end", end),
        ("duration", duration),
        ("rrule", rule.map(|rule| Node::text(rule.rule.as_str()))),
        ("timezone", zone.map(|zone| Node::text(zone.name()))),
        ("exceptDates", rule.and_then(|rule| except_dates(&rule.except))),
        ("cancelled", window.cancelled.then(|| Node::plain("true"))),
        ("reason", window.reason.as_ref().map(Node::text)),
    ])
}

fn condition_spec(condition: &Condition) -> Node {
    let labels = |selector: &Selector| {
        let labels = selector.equal().map(|(key, value)| (key.to_owned(), Node::text(value))).collect();
        Node::map([("matchLabels", Some(Node::Map(labels)))])
    };
    let scope = match &condition.scope {
        Scope::All => ("selector", None),
        Scope::Objective(name) => ("objectiveRef", Some(reference("SLO", name))),
        Scope::Matching(selector) => ("selector", Some(labels(selector))),
        Scope::System(name) => ("systemRef", Some(reference("System", name))),
        Scope::Systems(selector) => ("systemSelector", Some(labels(selector))),
    };
    let spelled = condition.spelled();
    let at_least = spelled.at_least.map(|(times, within)| {
        Node::flow([("times", Some(Node::plain(&times))), ("within", Some(Node::text(write_millis(within))))])
    });
    Node::map([
        scope,
        ("when", Some(Node::text(spelled.when.to_string()))),
        ("for", spelled.held_for.map(|millis| Node::text(write_millis(millis)))),
        ("atLeast", at_least),
        ("severity", Some(Node::text(condition.severity.as_str()))),
    ])
}
