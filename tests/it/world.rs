//! Owns small worlds: the facts and manifests of SPEC 2 and 4 as plain data, and their text.

pub(crate) mod busy;
pub(crate) mod strategy;

use std::fmt::Write as _;

use crate::reference::calendar::{DAY, MINUTE, Ms, Unit, Zone, rfc3339, weekday};

/// From harmless to bad; this order also settles conflicts and several streams.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Status {
    Unknown,
    Healthy,
    Degraded,
    Unhealthy,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Source {
    Healthcheck,
    Incident,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fact {
    pub(crate) ts: Ms,
    pub(crate) system: String,
    pub(crate) source: Source,
    pub(crate) check: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) status: Status,
}

impl Fact {
    /// A report about a system as a whole.
    pub(crate) fn new(ts: Ms, system: &str, status: Status) -> Self {
        let (source, check, location) = (Source::Healthcheck, None, None);
        Self { ts, system: system.to_owned(), source, check, location, status }
    }

    pub(crate) fn check(self, check: &str) -> Self {
        Self { check: Some(check.to_owned()), ..self }
    }

    pub(crate) fn from(self, location: &str) -> Self {
        Self { location: Some(location.to_owned()), ..self }
    }

    pub(crate) fn incident(self) -> Self {
        Self { source: Source::Incident, ..self }
    }

    fn line(&self) -> String {
        let mut line =
            format!(r#"{{"ts":"{}","system":"{}","status":"{}""#, rfc3339(self.ts), self.system, self.status.name());
        if let Some(check) = &self.check {
            write!(line, r#","check":"{check}""#).unwrap();
        }
        if let Some(location) = &self.location {
            write!(line, r#","location":"{location}""#).unwrap();
        }
        if self.source == Source::Incident {
            line.push_str(r#","source":"incident""#);
        }
        line.push_str("}\n");
        line
    }
}

pub(crate) fn feed(facts: &[Fact]) -> String {
    facts.iter().map(Fact::line).collect()
}

#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) stale_after: Option<Ms>,
    pub(crate) checks: Vec<Check>,
    pub(crate) retired_at: Option<Ms>,
    /// Of a composite system.
    pub(crate) members: Vec<String>,
    pub(crate) quorum: Quorum,
    pub(crate) dependencies: Vec<Dependency>,
}

impl System {
    pub(crate) fn new(name: &str) -> Self {
        let (checks, members, dependencies) = (Vec::new(), Vec::new(), Vec::new());
        let (name, quorum) = (name.to_owned(), Quorum::All);
        Self { name, stale_after: None, checks, retired_at: None, members, quorum, dependencies }
    }
}

/// The declaration of a check.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) quorum: Quorum,
    pub(crate) stale_after: Option<Ms>,
    pub(crate) thresholds: Option<Thresholds>,
    pub(crate) retired_at: Option<Ms>,
}

impl Check {
    pub(crate) fn new(name: &str) -> Self {
        let (name, quorum) = (name.to_owned(), Quorum::All);
        Self { name, quorum, stale_after: None, thresholds: None, retired_at: None }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quorum {
    All,
    Any,
    Majority,
    Number(usize),
}

impl Quorum {
    fn text(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Any => "any".to_owned(),
            Self::Majority => "majority".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// As declared; `None` if not.
#[derive(Clone, Debug)]
pub(crate) enum Thresholds {
    Consecutive { healthy: Option<usize>, degraded: Option<usize>, unhealthy: Option<usize> },
    Window { size: usize, degraded: Option<usize>, unhealthy: Option<usize> },
}

#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) target: String,
    pub(crate) impact: &'static str,
    pub(crate) transitive: bool,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the manifest's own")]
pub(crate) struct Objective {
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) healthcheck: Option<String>,
    /// Percent × 10⁶.
    pub(crate) target_micro: i128,
    pub(crate) window: Window,
    /// `spec.timezone`, unless it is UTC; a calendar window's own zone is then written there instead of in the window.
    pub(crate) timezone: Zone,
    pub(crate) self_only: bool,
    pub(crate) excluded_dependencies: Vec<String>,
    pub(crate) exclude_maintenance: bool,
    pub(crate) counts_as_down: Vec<Status>,
    /// Of these statuses, in thousandths; empty if all count in full.
    pub(crate) weights: Vec<i128>,
    pub(crate) minimum_outage: Ms,
    pub(crate) attribution_grace: Ms,
    pub(crate) not_counted_maintenance: bool,
    pub(crate) not_counted_unknown: bool,
    pub(crate) schedule: Vec<Shift>,
    pub(crate) warning_percent: i128,
    pub(crate) critical_percent: i128,
    /// `fastBurnMultiplier` × 1000.
    pub(crate) fast_burn_milli: i128,
}

impl Objective {
    /// An objective with all defaults.
    pub(crate) fn new(name: &str, system: &str, target_micro: i128, window: Window) -> Self {
        Self {
            name: name.to_owned(),
            system: system.to_owned(),
            labels: Vec::new(),
            healthcheck: None,
            target_micro,
            window,
            timezone: Zone::Utc,
            self_only: false,
            excluded_dependencies: Vec::new(),
            exclude_maintenance: false,
            counts_as_down: vec![Status::Degraded, Status::Unhealthy],
            weights: Vec::new(),
            minimum_outage: 0,
            attribution_grace: 0,
            not_counted_maintenance: false,
            not_counted_unknown: false,
            schedule: Vec::new(),
            warning_percent: 50,
            critical_percent: 80,
            fast_burn_milli: 5000,
        }
    }

    /// Microseconds of downtime in a millisecond with a status.
    pub(crate) fn weight(&self, status: Status) -> i128 {
        let place = self.counts_as_down.iter().position(|counts| *counts == status);
        place.map_or(0, |place| self.weights.get(place).copied().unwrap_or(1000))
    }

    /// The zone of its days.
    pub(crate) fn zone(&self) -> Zone {
        match self.window {
            Window::Rolling { .. } => self.timezone,
            Window::Calendar { zone, .. } => zone,
        }
    }
}

/// Hours that count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shift {
    /// From Monday, which is 0; empty for every day.
    pub(crate) days: Vec<i64>,
    /// Minutes of the day.
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    /// Days since 1970-01-01.
    pub(crate) except: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Window {
    Rolling { days: i64 },
    Calendar { unit: Unit, zone: Zone },
}

#[derive(Clone, Debug)]
pub(crate) struct Maintenance {
    pub(crate) name: String,
    pub(crate) systems: Vec<String>,
    pub(crate) start: Ms,
    pub(crate) duration: Ms,
    /// For a recurring one; its start is on a whole minute.
    pub(crate) returns: Option<Returns>,
    /// Days since 1970-01-01 in its zone, on which it does not return.
    pub(crate) except: Vec<i64>,
    pub(crate) cancelled: bool,
}

/// Recurs at an interval of days, at the same local time of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Returns {
    pub(crate) zone: Zone,
    pub(crate) days: i64,
    /// Whether its end is declared instead of its duration.
    pub(crate) by_end: bool,
}

/// Everything `slo` can know, and the time to evaluate it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) as_of: Ms,
    pub(crate) facts: Vec<Fact>,
    pub(crate) systems: Vec<System>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) maintenance: Vec<Maintenance>,
    pub(crate) corrections: Vec<Correction>,
}

/// A correction of a system's record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Correction {
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) check: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) location: Option<String>,
    pub(crate) start: Option<Ms>,
    pub(crate) end: Option<Ms>,
    /// `None`: ignored.
    pub(crate) status: Option<Status>,
}

impl Correction {
    pub(crate) fn new(name: &str, system: &str, status: Option<Status>, start: Option<Ms>, end: Option<Ms>) -> Self {
        let (check, source, location) = (None, None, None);
        Self { name: name.to_owned(), system: system.to_owned(), check, source, location, start, end, status }
    }

    /// Whether it is of the effective status.
    pub(crate) fn is_of_system(&self) -> bool {
        self.check.is_none() && self.source.is_none() && self.location.is_none()
    }

    pub(crate) fn holds(&self, at: Ms) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }

    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        let before =
            |one: &Self, other: &Self| one.end.is_some_and(|end| other.start.is_some_and(|start| end <= start));
        self.system == other.system
            && self.status != other.status
            && self.is_of_system() == other.is_of_system()
            && fits(self.check.as_ref(), other.check.as_ref())
            && fits(self.source.as_ref(), other.source.as_ref())
            && fits(self.location.as_ref(), other.location.as_ref())
            && !before(self, other)
            && !before(other, self)
    }
}

fn correction_manifest(correction: &Correction) -> String {
    let mut text = envelope("Correction", &correction.name, &[]);
    let status = correction.status.map_or("ignored", Status::name);
    writeln!(text, "  systemRef: {{ kind: System, name: {} }}\n  status: {status}", correction.system).unwrap();
    let source = correction.source.map(|source| match source {
        Source::Healthcheck => "healthcheck".to_owned(),
        Source::Incident => "incident".to_owned(),
    });
    let fields = [
        ("check", correction.check.clone()),
        ("source", source),
        ("location", correction.location.clone()),
        ("start", correction.start.map(rfc3339)),
        ("end", correction.end.map(rfc3339)),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            writeln!(text, "  {field}: {value}").unwrap();
        }
    }
    text
}

impl World {
    /// A world with one declared system per name and nothing else.
    pub(crate) fn new(as_of: Ms, systems: &[&str]) -> Self {
        Self {
            as_of,
            facts: Vec::new(),
            systems: systems.iter().map(|name| System::new(name)).collect(),
            objectives: Vec::new(),
            maintenance: Vec::new(),
            corrections: Vec::new(),
        }
    }

    /// The same world as of another time.
    pub(crate) fn at(&self, as_of: Ms) -> Self {
        Self { as_of, ..self.clone() }
    }

    pub(crate) fn as_of_text(&self) -> String {
        rfc3339(self.as_of)
    }

    pub(crate) fn feed(&self) -> String {
        feed(&self.facts)
    }

    /// All manifests as one YAML stream.
    pub(crate) fn manifests(&self) -> String {
        let systems = self.systems.iter().map(system_manifest);
        let maintenance = self.maintenance.iter().map(maintenance_manifest);
        let objectives = self.objectives.iter().map(objective_manifest);
        let corrections = self.corrections.iter().map(correction_manifest);
        let documents: Vec<String> = systems.chain(maintenance).chain(corrections).chain(objectives).collect();
        documents.join("---\n")
    }
}

fn envelope(kind: &str, name: &str, labels: &[(String, String)]) -> String {
    let mut text = format!("apiVersion: slo/v1\nkind: {kind}\nmetadata:\n  name: {name}\n");
    if !labels.is_empty() {
        text.push_str("  labels:\n");
    }
    for (key, value) in labels {
        writeln!(text, "    {key}: {value}").unwrap();
    }
    text.push_str("spec:\n");
    text
}

/// References in flow style: `[{ kind: System, name: db }]`.
fn references(names: &[String]) -> String {
    let items: Vec<String> = names.iter().map(|name| format!("{{ kind: System, name: {name} }}")).collect();
    format!("[{}]", items.join(", "))
}

fn system_manifest(system: &System) -> String {
    let mut text = envelope("System", &system.name, &[]);
    if let Some(stale_after) = system.stale_after {
        writeln!(text, "  staleAfter: {}m", stale_after / MINUTE).unwrap();
    }
    if let Some(retired_at) = system.retired_at {
        writeln!(text, "  retiredAt: {}", rfc3339(retired_at)).unwrap();
    }
    if !system.checks.is_empty() {
        text.push_str("  checks:\n");
    }
    system.checks.iter().for_each(|check| writeln!(text, "    - {}", check_item(check)).unwrap());
    if !system.members.is_empty() {
        let members = references(&system.members);
        writeln!(text, "  members: {members}\n  quorum: {}", system.quorum.text()).unwrap();
    }
    text.push_str(if system.dependencies.is_empty() { "  dependencies: []\n" } else { "  dependencies:\n" });
    for Dependency { target, impact, transitive } in &system.dependencies {
        writeln!(text, "    - targetRef: {{ kind: System, name: {target} }}").unwrap();
        writeln!(text, "      impactType: {impact}\n      transitive: {transitive}").unwrap();
    }
    text
}

fn check_item(check: &Check) -> String {
    let mut text = format!("{{ name: {}, quorum: {}", check.name, check.quorum.text());
    if let Some(stale_after) = check.stale_after {
        write!(text, ", staleAfter: {}m", stale_after / MINUTE).unwrap();
    }
    if let Some(retired_at) = check.retired_at {
        write!(text, ", retiredAt: \"{}\"", rfc3339(retired_at)).unwrap();
    }
    let numbers = match &check.thresholds {
        None => return text + " }",
        Some(Thresholds::Consecutive { healthy, degraded, unhealthy }) => {
            text.push_str(", thresholds: { mode: consecutive");
            [("healthy", *healthy), ("degraded", *degraded), ("unhealthy", *unhealthy)]
        }
        Some(Thresholds::Window { size, degraded, unhealthy }) => {
            text.push_str(", thresholds: { mode: window");
            [("size", Some(*size)), ("degraded", *degraded), ("unhealthy", *unhealthy)]
        }
    };
    for (key, number) in numbers {
        if let Some(number) = number {
            write!(text, ", {key}: {number}").unwrap();
        }
    }
    text + " } }"
}

fn maintenance_manifest(window: &Maintenance) -> String {
    let mut text = envelope("MaintenanceWindow", &window.name, &[]);
    writeln!(text, "  systemRefs: {}\n  start: {}", references(&window.systems), rfc3339(window.start)).unwrap();
    if window.returns.is_none_or(|returns| returns.by_end) {
        writeln!(text, "  end: {}", rfc3339(window.start + window.duration)).unwrap();
    } else {
        writeln!(text, "  duration: {}m", window.duration / MINUTE).unwrap();
    }
    if let Some(Returns { zone, days, .. }) = window.returns {
        let day = weekday(zone.to_local(window.start).div_euclid(DAY)) as usize;
        let day = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day];
        let rule = match days {
            7 => format!("FREQ=WEEKLY;BYDAY={day}"),
            days => format!("FREQ=DAILY;INTERVAL={days}"),
        };
        writeln!(text, "  rrule: {rule}\n  timezone: {}", zone.name()).unwrap();
        if !window.except.is_empty() {
            writeln!(text, "  exceptDates: [{}]", dates_text(&window.except)).unwrap();
        }
    }
    writeln!(text, "  cancelled: {}", window.cancelled).unwrap();
    text
}

pub(crate) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A decimal without trailing zeros: `99_900_000` millionths are `99.9`.
pub(crate) fn decimal(scaled: i128, digits: usize) -> String {
    let unit = 10_i128.pow(digits as u32);
    let text = format!("{}.{:0digits$}", scaled / unit, scaled % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn dates_text(dates: &[i64]) -> String {
    dates.iter().map(|date| rfc3339(date * DAY)[..10].to_owned()).collect::<Vec<_>>().join(", ")
}

fn shift_text(shift: &Shift) -> String {
    let clock = |minutes: i64| format!("\"{:02}:{:02}\"", minutes / 60, minutes % 60);
    let days: Vec<&str> = shift.days.iter().map(|day| DAYS[*day as usize]).collect();
    let mut parts = Vec::new();
    parts.extend((!days.is_empty()).then(|| format!("weekday: [{}]", days.join(", "))));
    parts.extend(shift.after.map(|after| format!("after: {}", clock(after))));
    parts.extend(shift.before.map(|before| format!("before: {}", clock(before))));
    parts.extend((!shift.except.is_empty()).then(|| format!("exceptDates: [{}]", dates_text(&shift.except))));
    format!("{{ {} }}", parts.join(", "))
}

fn objective_manifest(objective: &Objective) -> String {
    let mut text = envelope("SLO", &objective.name, &objective.labels);
    writeln!(text, "  systemRef: {{ kind: System, name: {} }}", objective.system).unwrap();
    if let Some(check) = &objective.healthcheck {
        writeln!(text, "  healthcheckRef: {{ kind: Healthcheck, name: {check} }}").unwrap();
    }
    writeln!(text, "  target: {}", decimal(objective.target_micro, 6)).unwrap();
    match objective.window {
        Window::Rolling { days } => writeln!(text, "  windowDays: {days}").unwrap(),
        Window::Calendar { unit, zone } if objective.timezone == Zone::Utc => {
            writeln!(text, "  window: {{ calendar: {}, timezone: {} }}", unit.name(), zone.name()).unwrap();
        }
        Window::Calendar { unit, .. } => writeln!(text, "  window: {{ calendar: {} }}", unit.name()).unwrap(),
    }
    if objective.timezone != Zone::Utc {
        writeln!(text, "  timezone: {}", objective.zone().name()).unwrap();
    }
    let exclusion = if objective.self_only { "self-only" } else { "strict" };
    writeln!(text, "  dependencyExclusion: {exclusion}").unwrap();
    writeln!(text, "  excludedDependencyRefs: {}", references(&objective.excluded_dependencies)).unwrap();
    writeln!(text, "  excludeMaintenanceWindows: {}", objective.exclude_maintenance).unwrap();
    let down: Vec<&str> = objective.counts_as_down.iter().map(|status| status.name()).collect();
    for (name, millis) in
        [("minimumOutage", objective.minimum_outage), ("attributionGrace", objective.attribution_grace)]
    {
        if millis > 0 {
            writeln!(text, "  {name}: {millis}ms").unwrap();
        }
    }
    if objective.weights.is_empty() {
        writeln!(text, "  countsAsDown: [{}]", down.join(", ")).unwrap();
    } else {
        let weights = down.iter().zip(&objective.weights);
        let weights: Vec<String> =
            weights.map(|(status, weight)| format!("{status}: {}", decimal(*weight, 3))).collect();
        writeln!(text, "  countsAsDown: {{ {} }}", weights.join(", ")).unwrap();
    }
    let not_counted = [(objective.not_counted_maintenance, "maintenance"), (objective.not_counted_unknown, "unknown")];
    let not_counted: Vec<&str> = not_counted.iter().filter(|(listed, _)| *listed).map(|(_, name)| *name).collect();
    writeln!(text, "  notCounted: [{}]", not_counted.join(", ")).unwrap();
    if !objective.schedule.is_empty() {
        let shifts: Vec<String> = objective.schedule.iter().map(shift_text).collect();
        writeln!(text, "  schedule: [{}]", shifts.join(", ")).unwrap();
    }
    writeln!(
        text,
        "  burnRateThresholds: {{ warningPercent: {}, criticalPercent: {}, fastBurnMultiplier: {} }}",
        objective.warning_percent,
        objective.critical_percent,
        decimal(objective.fast_burn_milli, 3)
    )
    .unwrap();
    text
}
