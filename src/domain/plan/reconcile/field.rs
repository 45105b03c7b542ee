//! Owns the canonical fields of an object, which are compared, listed in a plan, and hashed.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Schedule};
use crate::domain::account::objective::{Members, Metadata, Objective, System};
use crate::domain::account::weights::{FULL, written};
use crate::domain::health::correction::{Correction, Target};
use crate::domain::health::rules::CheckRules;
use crate::domain::health::threshold::Thresholds;
use crate::domain::health::transition::{Source, Status};
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::{Condition, Scope};
use crate::domain::value::duration;
use crate::domain::value::hash::Fnv;
use crate::domain::value::selector::Selector;
use crate::domain::value::window::Window;

/// One field of an object; two objects are equal exactly when their fields are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Field {
    /// Its path in a manifest, such as `spec.target` or `spec.dependencies[postgres].impactType`.
    pub(crate) path: String,
    pub(crate) value: String,
}

/// The fields of an object in a stable order, defaults included, so that writing a default changes nothing. Lists
/// without a meaningful order are sorted.
pub(crate) fn fields(object: &Object) -> Vec<Field> {
    let mut list = Fields(Vec::new());
    list.metadata(object.metadata());
    match object {
        Object::System(system) => list.system(system),
        Object::Objective(objective) => list.objective(objective),
        Object::MaintenanceWindow(window) => list.maintenance_window(window),
        Object::Correction(correction) => list.correction(correction),
        Object::Condition(condition) => list.condition(condition),
    }
    list.0
}

/// A 64-bit FNV-1a hash of kind, name and fields: equal for manifests with the same meaning, however they are written.
pub(crate) fn content_hash(object: &Object) -> u64 {
    let mut hash = Fnv::new();
    hash.feed(object.kind().as_str());
    hash.feed(object.name().as_str());
    for field in fields(object) {
        hash.feed(&field.path);
        hash.feed(&field.value);
    }
    hash.finish()
}

struct Fields(Vec<Field>);

impl Fields {
    fn correction(&mut self, DeclaredCorrection { system, correction, reason, .. }: &DeclaredCorrection) {
        let Correction { start, end, target: Target { check, source, location }, status } = correction;
        self.put("spec.systemRef", system);
        self.put_some("spec.check", check.as_ref());
        self.put_some("spec.source", source.map(Source::as_str));
        self.put_some("spec.location", location.as_ref());
        self.put_some("spec.start", *start);
        self.put_some("spec.end", *end);
        self.put("spec.status", status.as_str());
        self.put_some("spec.reason", reason.as_ref());
    }

    fn put(&mut self, path: impl Into<String>, value: impl Display) {
        self.0.push(Field { path: path.into(), value: format!("{value}") });
    }

    fn put_some(&mut self, path: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(path, value);
        }
    }

    fn metadata(&mut self, metadata: &Metadata) {
        self.put_some("metadata.title", metadata.title.as_ref());
        self.put_some("metadata.description", metadata.description.as_ref());
        for (key, value) in metadata.labels.iter() {
            self.put(format!("metadata.labels.{key}"), value);
        }
        for (key, value) in &metadata.annotations {
            self.put(format!("metadata.annotations.{key}"), value);
        }
    }

    fn system(&mut self, system: &System) {
        self.put_some("spec.staleAfter", system.stale_after_ms.map(duration::write_millis));
        for check in &system.checks {
            self.check(check);
        }
        self.put_some("spec.retiredAt", system.retired_at);
        if let Some(Members { systems, quorum }) = &system.members {
            let systems: BTreeSet<_> = systems.iter().collect();
            self.put("spec.members", list(systems));
            self.put("spec.quorum", quorum);
        }
        let mut dependencies: Vec<_> = system.dependencies.iter().collect();
        dependencies.sort_by_key(|edge| &edge.upstream);
        for edge in dependencies {
            let path = format!("spec.dependencies[{}]", edge.upstream);
            self.put(format!("{path}.impactType"), edge.impact.as_str());
            self.put(format!("{path}.transitive"), edge.transitive);
            self.put_some(&format!("{path}.label"), edge.label.as_ref());
        }
    }

    fn check(&mut self, check: &CheckRules) {
        let path = format!("spec.checks[{}]", check.name);
        self.put(format!("{path}.quorum"), check.quorum);
        self.put_some(&format!("{path}.staleAfter"), check.stale_after_ms.map(duration::write_millis));
        let put = |list: &mut Self, key: &str, number: u32| list.put(format!("{path}.thresholds.{key}"), number);
        match check.thresholds {
            None => {}
            Some(Thresholds::Consecutive { healthy, degraded, unhealthy }) => {
                self.put(format!("{path}.thresholds.mode"), "consecutive");
                put(self, "healthy", healthy);
                put(self, "degraded", degraded);
                put(self, "unhealthy", unhealthy);
            }
            Some(Thresholds::Window { size, degraded, unhealthy }) => {
                self.put(format!("{path}.thresholds.mode"), "window");
                put(self, "size", size);
                put(self, "degraded", degraded);
                put(self, "unhealthy", unhealthy);
            }
        }
        self.put_some(&format!("{path}.retiredAt"), check.retired_at);
    }

    fn objective(&mut self, objective: &Objective) {
        self.put("spec.systemRef", &objective.system);
        self.put_some("spec.healthcheckRef", objective.healthcheck.as_ref());
        self.put("spec.target", objective.target.percent());
        match objective.window {
            Window::Rolling { days, .. } => self.put("spec.windowDays", days),
            Window::Calendar { unit, .. } => self.put("spec.window.calendar", unit.as_str()),
        }
        let zone = objective.window.calendar().zone;
        self.put_some("spec.timezone", Some(zone).filter(|zone| *zone != chrono_tz::UTC));
        self.put("spec.dependencyExclusion", objective.dependency_exclusion.as_str());
        self.put("spec.excludedDependencyRefs", list(&objective.excluded_dependencies));
        self.put("spec.excludeMaintenanceWindows", objective.exclude_maintenance_windows);
        let word = |(status, weight): (Status, i64)| match weight {
            FULL => status.to_string(),
            weight => format!("{status} {}", written(weight)),
        };
        self.put("spec.countsAsDown", list(objective.counts_as_down.iter().map(word)));
        let length = |millis: i64| (millis > 0).then(|| duration::write_millis(millis));
        self.put_some("spec.minimumOutage", length(objective.minimum_outage_ms));
        self.put_some("spec.attributionGrace", length(objective.attribution_grace_ms));
        let not_counted =
            [("maintenance", objective.not_counted.maintenance), ("unknown", objective.not_counted.unknown)];
        self.put("spec.notCounted", list(not_counted.iter().filter(|(_, listed)| *listed).map(|(name, _)| name)));
        let mut shifts: Vec<String> = objective.schedule.shifts().iter().map(ToString::to_string).collect();
        shifts.sort();
        self.put_some("spec.schedule", (!shifts.is_empty()).then(|| format!("[{}]", shifts.join("; "))));
        let thresholds = &objective.thresholds;
        self.put("spec.burnRateThresholds.warningPercent", thresholds.warning_percent);
        self.put("spec.burnRateThresholds.criticalPercent", thresholds.critical_percent);
        self.put("spec.burnRateThresholds.fastBurnMultiplier", thresholds.fast_burn_multiplier);
    }

    fn labels(&mut self, path: &str, selector: &Selector) {
        for (key, value) in selector.equal() {
            self.put(format!("{path}.matchLabels.{key}"), value);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match &condition.scope {
            Scope::All => {}
            Scope::Objective(name) => self.put("spec.objectiveRef", name),
            Scope::Matching(selector) => self.labels("spec.selector", selector),
            Scope::System(name) => self.put("spec.systemRef", name),
            Scope::Systems(selector) => {
                self.put("spec.systemSelector", "systems");
                self.labels("spec.systemSelector", selector);
            }
        }
        let spelled = condition.spelled();
        self.put("spec.when", spelled.when);
        self.put_some("spec.for", spelled.held_for.map(duration::write_millis));
        if let Some((times, within)) = spelled.at_least {
            self.put("spec.atLeast.times", times);
            self.put("spec.atLeast.within", duration::write_millis(within));
        }
        self.put("spec.severity", condition.severity.as_str());
    }

    fn maintenance_window(&mut self, window: &MaintenanceWindow) {
        let mut systems: Vec<_> = window.systems.iter().collect();
        systems.sort();
        self.put("spec.systemRefs", list(systems));
        match &window.schedule {
            Schedule::Once(span) => {
                self.put("spec.start", span.start);
                self.put("spec.end", span.end);
            }
            Schedule::Recurring(recurrence) => {
                self.put("spec.start", recurrence.start);
                match recurrence.length {
                    Length::Until(end) => self.put("spec.end", end),
                    Length::Elapsed(millis) => self.put("spec.duration", duration::write_millis(millis)),
                }
                self.put("spec.rrule", recurrence.rule.as_str());
                self.put("spec.timezone", recurrence.zone);
                let except = &recurrence.except;
                self.put_some("spec.exceptDates", (!except.is_empty()).then(|| list(except)));
            }
        }
        self.put("spec.cancelled", window.cancelled);
        self.put_some("spec.reason", window.reason.as_ref());
    }
}

/// `[a, b]`; neither names nor statuses contain a comma or a bracket.
fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}
