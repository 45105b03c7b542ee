//! Dashboards in `contrib/grafana`: their queries run on the output of `slo compute` and `slo export metrics`, and find
//! something.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::harness::Slo;
use crate::shared::server::Server;

const MANIFESTS: &str = "\
apiVersion: slo/v1
kind: SLO
metadata: { name: shop, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 7 }
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T14:05:00Z"];

/// A shop that was down for an hour, and is down again.
fn tell(slo: &Slo) {
    let line = |at: &str, status: &str| {
        format!("{{\"ts\":\"2026-11-{at}:00Z\",\"system\":\"shop\",\"status\":\"{status}\",\"note\":\"release\"}}\n")
    };
    let feed = [line("15T00:00", "up"), line("18T10:00", "down"), line("18T11:00", "up"), line("20T14:00", "down")];
    slo.ingest(&feed.concat());
    slo.apply(MANIFESTS);
    slo.pass(&[&["compute"], &AS_OF[..]].concat(), b"");
}

/// The titles of a dashboard's panels with their queries.
fn queries(file: &str, field: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/grafana").join(file);
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            found.push((text(&panel["title"]), text(&target[field])));
        }
    }
    found
}

#[test]
fn every_query_of_the_tables_finds_something_in_a_file() {
    let slo = Slo::new();
    tell(&slo);
    let connection = rusqlite::Connection::open(slo.file()).unwrap();
    let all = queries("slo-tables.json", "queryText");
    assert!(all.len() >= 10);
    for (title, query) in all {
        let mut statement = connection.prepare(&query).unwrap_or_else(|error| panic!("{title}: {error}"));
        assert!(statement.exists([]).unwrap(), "{title} finds nothing: {query}");
    }
}

#[test]
fn every_query_of_the_tables_finds_something_on_a_server() {
    let Some(server) = Server::any() else { return };
    let slo = Slo::on(server);
    tell(&slo);
    let address = slo.db().to_str().unwrap().to_owned();
    let schema = address.split("schema=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let (here, there) = (queries("slo-tables.json", "queryText"), queries("slo-tables-postgres.json", "rawSql"));
    let titles = |all: &[(String, String)]| all.iter().map(|(title, _)| title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&here), titles(&there));
    for (title, query) in there {
        assert!(query.contains(" slo."), "{query}");
        let found = server.sql("slo", &query.replace(" slo.", &format!(" {schema}.")));
        assert!(!found.trim().is_empty(), "{title} finds nothing: {query}");
    }
}

#[test]
fn every_metric_of_the_dashboard_is_exported() {
    let slo = Slo::new();
    tell(&slo);
    let exported = slo.pass(&[&["export", "metrics"], &AS_OF[..]].concat(), b"");
    let names: BTreeSet<&str> =
        exported.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut asked = 0;
    for (title, query) in queries("slo-metrics.json", "expr") {
        for word in query.split(|c: char| !is_of_name(c)).filter(|word| word.starts_with("slo_")) {
            assert!(names.contains(word), "{title} asks for {word}, which is not exported");
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked}");
}
