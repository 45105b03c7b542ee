//! Owns the part of a path that a table shows.

/// The last two parts of a path, which distinguish most files: `/srv/slo/feed/checks.jsonl` → `feed/checks.jsonl`.
pub(in crate::render) fn last_of(path: &str) -> &str {
    let mut slashes = path.rmatch_indices(['/', '\\']);
    match slashes.nth(1) {
        Some((at, _)) => &path[at + 1..],
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_parts_remain() {
        for (path, last) in [
            ("/srv/slo/feed/checks.jsonl", "feed/checks.jsonl"),
            ("C:\\slo\\feed\\checks.jsonl", "feed\\checks.jsonl"),
            ("/checks.jsonl", "/checks.jsonl"),
            ("checks.jsonl", "checks.jsonl"),
            ("-", "-"),
        ] {
            assert_eq!(last_of(path), last, "{path}");
        }
    }
}
