//! Owns the list of feeds that are built in, each a file of the feed language.

/// Names and descriptions; what a file fits earlier in the list is tried first.
pub(crate) const BUILTIN: [(&str, &str); 11] = [
    ("uptime-kuma", include_str!("builtin/uptime-kuma.yaml")),
    ("gatus", include_str!("builtin/gatus.yaml")),
    ("prometheus", include_str!("builtin/prometheus.yaml")),
    ("nagios", include_str!("builtin/nagios.yaml")),
    ("uptimerobot", include_str!("builtin/uptimerobot.yaml")),
    ("pingdom", include_str!("builtin/pingdom.yaml")),
    ("statuspage", include_str!("builtin/statuspage.yaml")),
    ("pagerduty", include_str!("builtin/pagerduty.yaml")),
    ("healthchecks-io", include_str!("builtin/healthchecks-io.yaml")),
    ("zabbix", include_str!("builtin/zabbix.yaml")),
    ("incidents", include_str!("builtin/incidents.yaml")),
];
