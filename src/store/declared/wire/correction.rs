//! Owns the JSON in which declared corrections are stored.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{WireMetadata, unknown};
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::health::correction::{Corrected, Correction, Target};
use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::facts::history::stored_name;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCorrection {
    metadata: WireMetadata,
    system: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(in crate::store) fn write_correction(declared: &DeclaredCorrection) -> Result<String> {
    let Correction { start, end, target: Target { check, source, location }, status } = &declared.correction;
    Ok(serde_json::to_string(&WireCorrection {
        metadata: WireMetadata::of(&declared.metadata),
        system: declared.system.to_string(),
        check: check.as_ref().map(Name::to_string),
        source: source.map(|source| source.as_str().to_owned()),
        location: location.as_ref().map(Name::to_string),
        start: start.map(Instant::millis),
        end: end.map(Instant::millis),
        status: status.as_str().to_owned(),
        reason: declared.reason.clone(),
    })?)
}

pub(in crate::store) fn read_correction(name: &str, body: &str) -> Result<DeclaredCorrection> {
    let wire: WireCorrection = serde_json::from_str(body).with_context(|| format!("the stored Correction {name}"))?;
    let named = |name: Option<String>| name.map(|name| stored_name(&name)).transpose();
    let source = wire.source.map(|text| Source::parse(text.as_bytes()).ok_or_else(|| unknown("source", &text)));
    let target = Target { check: named(wire.check)?, source: source.transpose()?, location: named(wire.location)? };
    let (start, end) = (wire.start.map(Instant::from_millis), wire.end.map(Instant::from_millis));
    let status = Corrected::parse(&wire.status).ok_or_else(|| unknown("status", &wire.status))?;
    Ok(DeclaredCorrection {
        metadata: wire.metadata.named(name)?,
        system: stored_name(&wire.system)?,
        correction: Correction { start, end, target, status },
        reason: wire.reason,
    })
}
