//! Owns the list of built-in feeds, each a file in the feed language.

/// Names and descriptions, in the order in which they are tried.
pub(crate) const BUILTIN: [(&str, &str); 16] = [
    ("uptime-kuma", include_str!("builtin/uptime-kuma.yaml")),
    ("gatus", include_str!("builtin/gatus.yaml")),
    ("upptime", include_str!("builtin/upptime.yaml")),
    ("prometheus", include_str!("builtin/prometheus.yaml")),
    ("nagios", concat!(include_str!("builtin/nagios.yaml"), include_str!("builtin/common/nagios-log.yaml"))),
    ("icinga", concat!(include_str!("builtin/icinga.yaml"), include_str!("builtin/common/nagios-log.yaml"))),
    ("uptimerobot", include_str!("builtin/uptimerobot.yaml")),
    ("pingdom", include_str!("builtin/pingdom.yaml")),
    ("statuscake", include_str!("builtin/statuscake.yaml")),
    ("betterstack", include_str!("builtin/betterstack.yaml")),
    ("statuspage", include_str!("builtin/statuspage.yaml")),
    ("gcp-status", include_str!("builtin/gcp-status.yaml")),
    ("pagerduty", include_str!("builtin/pagerduty.yaml")),
    ("healthchecks-io", include_str!("builtin/healthchecks-io.yaml")),
    ("zabbix", include_str!("builtin/zabbix.yaml")),
    ("incidents", INCIDENTS),
];

/// The fields shared by all layouts of records.
const INCIDENTS: &str = concat!(
    include_str!("builtin/incidents/object.yaml"),
    include_str!("builtin/common/incidents.yaml"),
    "---\n",
    include_str!("builtin/incidents/list.yaml"),
    include_str!("builtin/common/incidents.yaml"),
    "---\n",
    include_str!("builtin/incidents/lines.yaml"),
    include_str!("builtin/common/incidents.yaml"),
    "---\n",
    include_str!("builtin/incidents/yaml-object.yaml"),
    include_str!("builtin/common/incidents.yaml"),
    "---\n",
    include_str!("builtin/incidents/yaml-list.yaml"),
    include_str!("builtin/common/incidents.yaml"),
    "---\n",
    include_str!("builtin/incidents/table.yaml"),
    include_str!("builtin/common/incidents.yaml"),
);
