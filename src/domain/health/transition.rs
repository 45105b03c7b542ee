//! Owns facts: statuses and their aliases, sources, and transitions.

use std::fmt;

use crate::domain::value::instant::Instant;

/// The reported health; the worse of two is the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub(crate) enum Status {
    Unknown = 0,
    Healthy = 1,
    Degraded = 2,
    Unhealthy = 3,
}

impl Status {
    pub(crate) const ALL: [Self; 4] = [Self::Unknown, Self::Healthy, Self::Degraded, Self::Unhealthy];

    /// The status with this code (`self as u8`), if there is one.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Unknown),
            1 => Some(Self::Healthy),
            2 => Some(Self::Degraded),
            3 => Some(Self::Unhealthy),
            _ => None,
        }
    }

    /// Reads a status or one of its aliases, in any case.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        // Long feeds mostly use these.
        Some(match text {
            b"healthy" => Self::Healthy,
            b"unhealthy" => Self::Unhealthy,
            b"degraded" => Self::Degraded,
            b"unknown" => Self::Unknown,
            _ => Self::alias(text)?,
        })
    }

    fn alias(text: &[u8]) -> Option<Self> {
        let mut lower = [0u8; 20];
        let lower = lower.get_mut(..text.len())?;
        lower.copy_from_slice(text);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"healthy" | b"up" | b"ok" | b"pass" | b"passing" | b"success" | b"operational" | b"resolved"
            | b"recovery" | b"true" | b"1" => Self::Healthy,
            b"degraded" | b"warn" | b"warning" | b"partial" | b"degraded_performance" | b"partial_outage" => {
                Self::Degraded
            }
            b"unhealthy" | b"down" | b"fail" | b"failing" | b"failed" | b"critical" | b"problem" | b"firing"
            | b"error" | b"outage" | b"major_outage" | b"false" | b"0" => Self::Unhealthy,
            b"unknown" | b"nodata" | b"pending" | b"paused" | b"maintenance" | b"none" => Self::Unknown,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether a system in this status can excuse its dependents.
    pub(crate) const fn is_outage(self) -> bool {
        matches!(self, Self::Degraded | Self::Unhealthy)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of statuses, such as those that count as down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct StatusSet(u8);

impl StatusSet {
    pub(crate) const fn with(self, status: Status) -> Self {
        Self(self.0 | (1 << status as u8))
    }

    pub(crate) const fn contains(self, status: Status) -> bool {
        self.0 & (1 << status as u8) != 0
    }

    /// The members, mildest first (unknown, healthy, degraded, unhealthy).
    pub(crate) fn iter(self) -> impl Iterator<Item = Status> {
        Status::ALL.into_iter().filter(move |status| self.contains(*status))
    }
}

/// Where a transition comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub(crate) enum Source {
    Healthcheck = 0,
    Incident = 1,
}

impl Source {
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Healthcheck),
            1 => Some(Self::Incident),
            _ => None,
        }
    }

    /// Reads `healthcheck` or `incident`, in any case.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.eq_ignore_ascii_case(b"healthcheck") {
            Some(Self::Healthcheck)
        } else if text.eq_ignore_ascii_case(b"incident") {
            Some(Self::Incident)
        } else {
            None
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthcheck => "healthcheck",
            Self::Incident => "incident",
        }
    }
}

/// One change of one stream: its status from `at` on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Transition {
    pub(crate) at: Instant,
    pub(crate) status: Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_read_in_any_case_and_nothing_else_does() {
        for (alias, status) in [
            ("UP", Status::Healthy),
            ("Passing", Status::Healthy),
            ("1", Status::Healthy),
            ("WARNING", Status::Degraded),
            ("False", Status::Unhealthy),
            ("outage", Status::Unhealthy),
            ("NoData", Status::Unknown),
            ("unhealthy", Status::Unhealthy),
        ] {
            assert_eq!(Status::parse(alias.as_bytes()), Some(status), "{alias}");
        }
        for wrong in ["", "2", "healthyish", "upp", "unhealthyyy", "ü"] {
            assert_eq!(Status::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn the_worse_status_is_the_greater() {
        let mut sorted = Status::ALL;
        sorted.sort();
        assert_eq!(sorted, Status::ALL);
        for status in Status::ALL {
            assert_eq!(Status::from_code(status as u8), Some(status));
            assert_eq!(Status::parse(status.as_str().as_bytes()), Some(status));
        }
    }
}
