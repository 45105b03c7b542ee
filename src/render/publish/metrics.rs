//! Owns metrics: the values of `status` and `health` as `OpenMetrics` text that is valid in Prometheus' own format,
//! too.

mod catalogue;
mod sloth;

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::Health;
use crate::domain::value::instant::Instant;

/// Labels of a sample, in order, as they are printed between braces.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct Labels(String);

impl Labels {
    /// The same with one more.
    fn with(mut self, name: &str, value: &str) -> Self {
        let text = &mut self.0;
        text.push_str(if text.is_empty() { "" } else { "," });
        text.push_str(name);
        text.push_str("=\"");
        for letter in value.chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                plain => text.push(plain),
            }
        }
        text.push('"');
        self
    }
}

/// A metric: its help, and its series in the order of first appearance.
struct Family {
    name: &'static str,
    help: &'static str,
    series: Vec<Series>,
    /// The index of the series of each set of labels, if there are several times.
    places: HashMap<Labels, usize>,
}

/// The values of one set of labels, oldest first.
struct Series {
    labels: Labels,
    samples: Vec<(Instant, f64)>,
}

/// Metrics as of one time or several, which come in order.
pub(crate) struct Metrics {
    families: Vec<Family>,
    /// Whether samples have timestamps.
    timed: bool,
}

/// Collects samples of one time.
struct Sink<'m> {
    metrics: &'m mut Metrics,
    at: Instant,
}

impl Sink<'_> {
    /// Adds a sample. Within a time, all samples of one name come together.
    fn put(&mut self, name: &'static str, help: &'static str, labels: Labels, value: f64) {
        let families = &mut self.metrics.families;
        let place = families.iter().position(|family| family.name == name).unwrap_or_else(|| {
            families.push(Family { name, help, series: Vec::new(), places: HashMap::new() });
            families.len() - 1
        });
        let family = &mut families[place];
        if !self.metrics.timed {
            // With only one time, every sample is a series of its own.
            family.series.push(Series { labels, samples: vec![(self.at, value)] });
            return;
        }
        let place = *family.places.entry(labels.clone()).or_insert_with(|| {
            family.series.push(Series { labels, samples: Vec::new() });
            family.series.len() - 1
        });
        family.series[place].samples.push((self.at, value));
    }
}

impl Metrics {
    pub(crate) fn new(timed: bool) -> Self {
        Self { families: Vec::new(), timed }
    }

    /// Adds the metrics as of a time.
    pub(crate) fn add(&mut self, reports: &[ObjectiveReport], healths: &[Health], at: Instant) {
        let mut sink = Sink { metrics: self, at };
        sink.put(
            "slo_as_of_timestamp_seconds",
            "Time as of which these metrics were evaluated",
            Labels::default(),
            seconds(at),
        );
        catalogue::objectives(&mut sink, reports);
        catalogue::systems(&mut sink, healths);
        sloth::objectives(&mut sink, reports);
    }

    /// All metrics as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for family in &self.families {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {} {}\n# TYPE {} gauge", family.name, family.help, family.name);
            for series in &family.series {
                let (open, labels, close) = match series.labels.0.as_str() {
                    "" => ("", "", ""),
                    labels => ("{", labels, "}"),
                };
                for (at, value) in &series.samples {
                    for part in [family.name, open, labels, close, " "] {
                        text.push_str(part);
                    }
                    let _ = write!(text, "{value}");
                    if self.timed {
                        let _ = write!(text, " {}", seconds(*at));
                    }
                    text.push('\n');
                }
            }
        }
        text.push_str("# EOF\n");
        text
    }
}

/// Unix seconds, to the millisecond.
fn seconds(at: Instant) -> f64 {
    at.millis() as f64 / 1000.0
}

/// A label key as a Prometheus label name: `app.io/team` is `label_app_io_team`.
fn label_name(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("label_{}", key.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_keys_are_names() {
        let labels = Labels::default().with("a", "x\"y\\z\nw").with("b", "");
        assert_eq!(labels.0, "a=\"x\\\"y\\\\z\\nw\",b=\"\"");
        assert_eq!(label_name("app.kubernetes.io/part-of"), "label_app_kubernetes_io_part_of");
    }

    #[test]
    fn samples_of_one_series_stand_together_in_order() {
        let mut metrics = Metrics::new(true);
        for at in [1000, 2500] {
            let mut sink = Sink { metrics: &mut metrics, at: Instant::from_millis(at) };
            for name in ["a", "b"] {
                sink.put("slo_x", "An X", Labels::default().with("name", name), at as f64);
            }
        }
        assert_eq!(
            metrics.text(),
            "# HELP slo_x An X\n# TYPE slo_x gauge\nslo_x{name=\"a\"} 1000 1\nslo_x{name=\"a\"} 2500 2.5\n\
             slo_x{name=\"b\"} 1000 1\nslo_x{name=\"b\"} 2500 2.5\n# EOF\n"
        );
    }
}
