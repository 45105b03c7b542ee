//! Owns the published tables in PostgreSQL: views whose columns have its own types. docs/reference/tables.md promises
//! their names and columns.

use super::catalog::{Kind, Table};

/// The tables that `slo compute` fills for others, including those of earlier schemas.
const PUBLISHED: [&str; 9] = [
    "computation",
    "objective_status",
    "system_status",
    "daily_snapshot",
    "snapshot_run",
    "downtime_event",
    "streak",
    "achievement",
    "change_log",
];
const MOMENTS: [&str; 17] = [
    "as_of",
    "window_start",
    "window_end",
    "exhausted_at",
    "recovers_at",
    "full_at",
    "last_seen",
    "down_since",
    "in_status_since",
    "streak_start",
    "best_streak_end",
    "unlocked_at",
    "occurred_at",
    "computed_at",
    "maintenance_until",
    "start_time",
    "end_time",
];
const DATES: [&str; 1] = ["date"];
/// The table whose rows are several days in a row that closed alike.
const RUNS: &str = "snapshot_run";
/// Columns that mean nothing to others.
const UNTOLD: [&str; 4] = ["checksum", "days", "streak_step", "digest"];
const DOCUMENTS: [&str; 7] = ["labels", "attribution", "previous", "next", "changed_fields", "because", "view"];
const FLAGS: [&str; 6] = ["fast_burn", "orphaned", "retired", "status_known", "is_current", "is_breaching"];

pub(super) fn is_published(table: &str) -> bool {
    PUBLISHED.contains(&table)
}

/// The name under which others read a table.
pub(super) fn name(table: &str) -> &str {
    if table == RUNS { "daily_snapshot" } else { table }
}

/// The statement that makes the view of a table in a schema.
pub(super) fn view(schema: &str, table: &Table) -> String {
    let columns = table.columns.iter().filter(|column| !UNTOLD.contains(&column.name.as_str()));
    let columns: Vec<String> = columns.map(|column| typed(schema, &table.name, &column.name, column.kind)).collect();
    let (name, stored) = (name(&table.name), table.stored());
    let days = if table.name == RUNS { " JOIN generate_series(0, 63) AS n ON n < r.days" } else { "" };
    format!("CREATE VIEW {schema}.{name} AS SELECT {} FROM {schema}.{stored} AS r{days};\n", columns.join(", "))
}

fn typed(schema: &str, table: &str, column: &str, kind: Kind) -> String {
    if (table, column) == ("computation", "is_current") {
        // Facts added since then are known by the systems they touched.
        return format!(
            "r.is_current <> 0 AND NOT EXISTS (SELECT 1 FROM {schema}.touched AS t
             WHERE t.at <= extract(epoch FROM r.as_of::timestamptz) * 1000) AS is_current"
        );
    }
    match (table, column) {
        (RUNS, "date") => return "r.date::date + n AS date".to_owned(),
        (RUNS, "streak_days") => return "r.streak_days + n * r.streak_step AS streak_days".to_owned(),
        _ => {}
    }
    let is_flag = FLAGS.contains(&column) || column.starts_with("is_") || column.starts_with("has_");
    match kind {
        Kind::Text if MOMENTS.contains(&column) => format!("r.{column}::timestamptz AS {column}"),
        Kind::Text if DATES.contains(&column) => format!("r.{column}::date AS {column}"),
        Kind::Text if DOCUMENTS.contains(&column) => format!("r.{column}::jsonb AS {column}"),
        Kind::Integer if is_flag => format!("r.{column} <> 0 AS {column}"),
        _ => format!("r.{column}"),
    }
}
