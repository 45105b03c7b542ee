//! Owns the JSON in which declared systems are stored.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{WireMetadata, unknown};
use crate::domain::account::objective::{Dependency, ImpactType, Members, System};
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::CheckRules;
use crate::domain::health::threshold::Thresholds;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::facts::history::stored_name;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSystem {
    metadata: WireMetadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale_after_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<WireCheck>,
    /// Milliseconds since 1970, as all times here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    members: Option<WireMembers>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<WireDependency>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCheck {
    name: String,
    quorum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale_after_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thresholds: Option<WireThresholds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WireThresholds {
    Consecutive { healthy: u32, degraded: u32, unhealthy: u32 },
    Window { size: u32, degraded: u32, unhealthy: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMembers {
    systems: Vec<String>,
    quorum: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDependency {
    upstream: String,
    impact_type: String,
    transitive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

pub(in crate::store) fn write_system(system: &System) -> Result<String> {
    let dependencies = system.dependencies.iter().map(|edge| WireDependency {
        upstream: edge.upstream.to_string(),
        impact_type: edge.impact.as_str().to_owned(),
        transitive: edge.transitive,
        label: edge.label.clone(),
    });
    let members = system.members.as_ref().map(|members| WireMembers {
        systems: members.systems.iter().map(Name::to_string).collect(),
        quorum: members.quorum.to_string(),
    });
    Ok(serde_json::to_string(&WireSystem {
        metadata: WireMetadata::of(&system.metadata),
        stale_after_ms: system.stale_after_ms,
        checks: system.checks.iter().map(write_check).collect(),
        retired_at: system.retired_at.map(Instant::millis),
        members,
        dependencies: dependencies.collect(),
    })?)
}

fn write_check(check: &CheckRules) -> WireCheck {
    let thresholds = check.thresholds.map(|thresholds| match thresholds {
        Thresholds::Consecutive { healthy, degraded, unhealthy } => {
            WireThresholds::Consecutive { healthy, degraded, unhealthy }
        }
        Thresholds::Window { size, degraded, unhealthy } => WireThresholds::Window { size, degraded, unhealthy },
    });
    WireCheck {
        name: check.name.to_string(),
        quorum: check.quorum.to_string(),
        stale_after_ms: check.stale_after_ms,
        thresholds,
        retired_at: check.retired_at.map(Instant::millis),
    }
}

pub(in crate::store) fn read_system(name: &str, body: &str) -> Result<System> {
    let wire: WireSystem = serde_json::from_str(body).with_context(|| format!("the stored System {name}"))?;
    let dependencies = wire.dependencies.into_iter().map(|edge| {
        let impact = ImpactType::parse(&edge.impact_type).ok_or_else(|| unknown("impactType", &edge.impact_type))?;
        let (transitive, label) = (edge.transitive, edge.label);
        Ok(Dependency { upstream: stored_name(&edge.upstream)?, impact, transitive, label })
    });
    let members = wire.members.map(|members| {
        let systems = members.systems.iter().map(|name| stored_name(name)).collect::<Result<_>>()?;
        anyhow::Ok(Members { systems, quorum: read_quorum(&members.quorum)? })
    });
    Ok(System {
        metadata: wire.metadata.named(name)?,
        stale_after_ms: wire.stale_after_ms,
        checks: wire.checks.into_iter().map(read_check).collect::<Result<_>>()?,
        retired_at: wire.retired_at.map(Instant::from_millis),
        members: members.transpose()?,
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}

fn read_check(wire: WireCheck) -> Result<CheckRules> {
    let thresholds = wire.thresholds.map(|thresholds| match thresholds {
        WireThresholds::Consecutive { healthy, degraded, unhealthy } => {
            Thresholds::Consecutive { healthy, degraded, unhealthy }
        }
        WireThresholds::Window { size, degraded, unhealthy } => Thresholds::Window { size, degraded, unhealthy },
    });
    Ok(CheckRules {
        name: stored_name(&wire.name)?,
        quorum: read_quorum(&wire.quorum)?,
        stale_after_ms: wire.stale_after_ms,
        thresholds,
        retired_at: wire.retired_at.map(Instant::from_millis),
    })
}

fn read_quorum(text: &str) -> Result<Quorum> {
    let word = Quorum::WORDS.iter().find(|(word, _)| *word == text).map(|(_, quorum)| *quorum);
    let number = || text.parse().ok().filter(|number| *number > 0).map(Quorum::Number);
    word.or_else(number).ok_or_else(|| unknown("quorum", text))
}
