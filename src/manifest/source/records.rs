//! Owns detecting that a file passed as a manifest has records to ingest.

/// The bytes examined.
const LOOKED_AT: usize = 64 * 1024;
/// The fewest columns of a table.
const FEWEST_COLUMNS: usize = 3;
/// Keys that records have and manifests do not.
const KEYS: [&str; 6] = ["\"ts\"", "\"timestamp\"", "\"time\"", "\"status\"", "\"systemId\"", "\"start\""];

/// Where a SQLite database says which program it belongs to, and what it says there for slo.
const OWNER: std::ops::Range<usize> = 68..72;
const OWN: &[u8] = b"slo1";
/// The type of a database of slo itself.
pub(super) const OWN_DATABASE: &str = "a database of slo";

/// The type of a file that is clearly not a manifest but has records.
pub(super) fn told(bytes: &[u8]) -> Option<&'static str> {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    if start.starts_with(b"SQLite format 3\0") && start.get(OWNER) == Some(OWN) {
        return Some(OWN_DATABASE);
    }
    if start.starts_with(b"SQLite format 3\0") {
        return Some("a SQLite database");
    }
    let start = String::from_utf8_lossy(start);
    let start = start.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        let says_kind = start.contains("\"kind\"") || start.contains("\"apiVersion\"");
        return (!says_kind && KEYS.iter().any(|key| start.contains(key))).then_some("JSON records");
    }
    is_table(start).then_some("a table of records")
}

/// Whether the first two lines have equally many columns, and nothing with a meaning in YAML.
fn is_table(start: &str) -> bool {
    let mut lines = start.lines();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let is_yaml =
        first.contains(": ") || first.ends_with(':') || first.starts_with(['-', '#', '%', '?', '!', '&', '*']);
    let columns = |line: &str, delimiter| line.split(delimiter).count();
    let mut delimiters = [',', ';', '\t'].into_iter();
    !is_yaml
        && delimiters.any(|delimiter| {
            columns(first, delimiter) >= FEWEST_COLUMNS && columns(first, delimiter) == columns(second, delimiter)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_from_manifests() {
        let own = format!("SQLite format 3\0{}slo1", "\0".repeat(52));
        for (text, expected) in [
            (&*own, Some("a database of slo")),
            ("SQLite format 3\0x", Some("a SQLite database")),
            ("ts,system,status\n2026-10-01,a,up\n", Some("a table of records")),
            ("\u{feff}a;b;c\n1;2;3\n", Some("a table of records")),
            ("{\"ts\":1,\"system\":\"a\",\"status\":\"up\"}\n", Some("JSON records")),
            ("[{\"timestamp\":\"x\",\"up\":1}]", Some("JSON records")),
            ("{\"apiVersion\":\"slo/v1\",\"kind\":\"SLO\",\"spec\":{\"time\":1}}", None),
            ("apiVersion: slo/v1\nkind: System\n", None),
            ("# a, b, c\n# d, e, f\n", None),
            ("{ a: 1 }", None),
            ("Hello, dear, reader\nthis is prose\n", None),
            ("", None),
        ] {
            assert_eq!(told(text.as_bytes()), expected, "{text}");
        }
    }
}
