//! Owns the text of a first manifest.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::manifest::name_text;
use crate::domain::rules::backtest::historic::{Past, customary_below};
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::{LONGEST, Name};
use crate::render::form::moment::zoned;
use crate::render::form::number::{counted, percent};

/// A system to start with, and the name of its objective.
pub(crate) struct Starter {
    system: Name,
    checks: Vec<Name>,
    objective: String,
    target: Decimal,
    /// The reason for this target, if there is enough history.
    because: Option<String>,
}

/// The target without enough history, and the highest suggested one, in millionths of a percent: a month without
/// downtime promises no more.
const USUAL: i64 = 99_900_000;
/// The least history for a target.
const ENOUGH_MS: i64 = DAY_MS;

impl Starter {
    /// A starter whose objective has a new name.
    pub(crate) fn new(system: Name, checks: Vec<Name>, objectives: &BTreeSet<Name>) -> Self {
        let names = ["availability", "slo", "uptime"].map(|end| format!("{system}-{end}"));
        let numbered = (2..).map(|number| format!("{system}-{number}"));
        let free = |name: &String| name.len() <= LONGEST && !objectives.contains(name.as_str());
        let objective = names.into_iter().chain(numbered.take(1000)).find(free).unwrap_or_else(|| system.to_string());
        Self { system, checks, objective, target: Decimal::from_millionths(USUAL), because: None }
    }

    pub(crate) fn objective(&self) -> &str {
        &self.objective
    }

    /// Sets the target that the objective would have met in its last window.
    pub(crate) fn suggest(&mut self, past: &Past, as_of: Instant) {
        let Some(window) = past.windows.first().filter(|window| window.length_ms >= ENOUGH_MS) else { return };
        let (up, whole) = window.availability();
        let up = percent(up, whole, 3);
        let days = usize::try_from(window.span.millis() / DAY_MS).unwrap_or_default();
        let was = match window.span.end {
            end if end == as_of => format!("{up}% over the last {}", counted(days, "day")),
            end => format!("{up}% over the {} until the last data, {}", counted(days, "day"), zoned(end)),
        };
        let met = customary_below(window.highest_met());
        self.target = Decimal::from_millionths(met.unwrap_or(USUAL).min(USUAL));
        self.because = Some(match met {
            Some(_) => format!("the availability was {was}"),
            None => format!("not met yet: the availability was {was}"),
        });
    }
}

const HEAD: &str = "\
# yaml-language-server: $schema=slo-v1.schema.json
# Editors with a YAML language server read the line above; `slo schema > slo-v1.schema.json` writes that file.
#
# Check this with `slo validate FILE`, see what it would change with `slo plan FILE`, apply it with `slo apply FILE`,
# then run `slo status`. Lines that begin with # are suggestions: remove the # to use them.
";

const EXAMPLE: &str = "\
#
# The journal has no transitions yet, so this is an example: use your own names, and import transitions with
# `slo ingest`, one JSON object a line:
#   {\"ts\": \"2026-11-20T14:05:00Z\", \"system\": \"checkout\", \"status\": \"unhealthy\"}
";

/// The manifest; without systems, an example.
pub(crate) fn text(starters: &[Starter]) -> String {
    let mut text = HEAD.to_owned();
    if starters.is_empty() {
        text.push_str(EXAMPLE);
        example(&mut text);
        return text;
    }
    for (index, starter) in starters.iter().enumerate() {
        // A system that exists, if there is another one.
        let other = starters.iter().find(|other| other.system != starter.system);
        system(&mut text, starter.system.as_str(), other.map_or("postgres", |other| other.system.as_str()));
        objective(&mut text, starter, index == 0);
    }
    text
}

fn example(text: &mut String) {
    let name = Name::parse("checkout").ok();
    let Some(starter) = name.map(|name| Starter::new(name, Vec::new(), &BTreeSet::new())) else { return };
    system(text, "checkout", "postgres");
    objective(text, &starter, true);
}

fn system(text: &mut String, name: &str, upstream: &str) {
    let (name, upstream) = (name_text(name), name_text(upstream));
    let _ = write!(
        text,
        "---
apiVersion: slo/v1
kind: System
metadata:
  name: {name}
  # labels: {{ team: payments }}
spec:
  # staleAfter: 15m          # after this long without a report, healthy becomes unknown
  # dependencies:            # systems that may cause downtime of this one
  #   - targetRef: {{ kind: System, name: {upstream} }}
"
    );
}

fn objective(text: &mut String, starter: &Starter, explain: bool) {
    let (name, system) = (name_text(&starter.objective), name_text(starter.system.as_str()));
    let _ = write!(
        text,
        "---
apiVersion: slo/v1
kind: SLO
metadata:
  name: {name}
  # labels: {{ team: payments }}
spec:
  systemRef: {{ kind: System, name: {system} }}
"
    );
    for check in &starter.checks {
        let check = name_text(check.as_str());
        let _ = writeln!(text, "  # healthcheckRef: {{ kind: Healthcheck, name: {check} }}   # this check alone");
    }
    let target = format!("target: {}", starter.target);
    let because = starter.because.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    let _ = writeln!(text, "  {target:<26} # percent of the window{because}");
    text.push_str("  windowDays: 30\n");
    if explain {
        text.push_str(
            "  # window: { calendar: month, timezone: Europe/Berlin }   # instead of windowDays: remove that line
  # dependencyExclusion: self-only        # downtime caused by a dependency does not spend the budget
  # excludeMaintenanceWindows: true       # nor does downtime during planned work
  # countsAsDown: [unhealthy]             # default: degraded and unhealthy
  # schedule: [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\" }]   # the time that counts
",
        );
    }
}
