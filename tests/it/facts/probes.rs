//! `slo probe --spool`: storing the spool of earlier probes is the same as ingesting it.

use proptest::prelude::*;

use crate::cases::one_in;
use crate::harness::Slo;

/// A line of a spool: a fact, maybe a known one, or something else.
fn lines() -> impl Strategy<Value = String> {
    let fact =
        (0..4_i64, 0..3, prop::sample::select(vec!["up", "down", "degraded", "unknown", "wrong"]), any::<bool>());
    prop_oneof![
        8 => fact.prop_map(|(minute, check, status, noted)| {
            let note = if noted { format!(r#","note":"n{minute} {status}""#) } else { String::new() };
            format!(r#"{{"ts":{},"system":"shop","check":"c{check}","status":"{status}"{note}}}"#, 1_700_000_000 + minute * 60)
        }),
        1 => Just("{\"ts\":\"20".to_owned()),
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn a_spool_is_ingested_by_the_next_probe(lines in prop::collection::vec(lines(), 0..12), torn: bool) {
        let mut text = lines.join("\n");
        if !torn && !text.is_empty() {
            text.push('\n');
        }
        let (probed, ingested) = (Slo::new(), Slo::new());
        let spool = probed.write("spool", &text);
        let args = ["probe", "probe", "-q", "--spool", spool.to_str().unwrap(), "--", "true"];
        let output = probed.run(&args, b"");
        prop_assert_eq!(output.code, 0, "{}", output.stderr);
        let rejects = ingested.path("rejects");
        ingested.run(&["ingest", "-", "--format", "jsonl", "--rejects", rejects.to_str().unwrap()], text.as_bytes());
        let facts = |slo: &Slo| {
            let all = slo.run(&["export", "journal"], b"").stdout;
            all.lines().filter(|line| !line.contains("\"system\":\"probe\"")).map(str::to_owned).collect::<Vec<_>>()
        };
        let known = facts(&probed);
        prop_assert_eq!(&known, &facts(&ingested));
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        prop_assert_eq!(read(spool.clone()), "");
        prop_assert_eq!(read(probed.path("spool.rejected")).trim_end().to_owned(), read(rejects).trim_end().to_owned());
        // Nothing is stored twice, and the spool stays empty.
        let again = probed.run(&args, b"");
        prop_assert_eq!((again.code, again.stderr), (0, String::new()));
        prop_assert_eq!(facts(&probed), known);
        probed.pass(&["db", "verify"], b"");
    }
}
