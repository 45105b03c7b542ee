//! Feeds that people write: each value is read from where the feed says, or the record is rejected with the reason.

use crate::harness::{Output, Slo};

/// A feed with this specification.
fn feed(slo: &Slo, spec: &str) -> String {
    let text = format!("apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: own }}\nspec: {{ {spec} }}\n");
    slo.write("own.yaml", &text).to_str().unwrap().to_owned()
}

/// Imports an input by a feed with this specification.
fn ingest(slo: &Slo, spec: &str, input: &str) -> Output {
    slo.run(&["ingest", "--feed", &feed(slo, spec)], input.as_bytes())
}

const FIELDS: &str = "fields: { ts: t, system: s, status: st }";

#[test]
fn local_times_are_in_the_zone_of_the_feed_in_every_spelling() {
    let slo = Slo::new();
    let times = ["2026-11-20 14:05:06.123", "2026-11-20 14:05:06,123", "2026-11-20t14:05:06", "2026-11-20  14:05"];
    let rows: Vec<String> = times.iter().enumerate().map(|(row, time)| format!("{time};s{row};up\n")).collect();
    let rows = rows.concat();
    let output = ingest(
        &slo,
        &format!("format: csv, {FIELDS}, timezone: America/New_York"),
        &format!("t;s;st\n{rows}2026-11-20 19:05Z;utc;up\n"),
    );
    assert_eq!(output.code, 0, "{}", output.stderr);
    let journal = slo.pass(&["export", "journal"], b"");
    assert_eq!(journal.matches("{\"ts\":\"2026-11-20T19:05:0").count(), 5, "{journal}");
    // A draft asks for the zone of such times, too.
    let path = slo.write("log.csv", "when,host,state\n\"2026-11-20 14:05:06,123\",web,up\n");
    let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
    assert!(draft.contains("timezone: UTC  # guessed: the times name no zone"), "{draft}");
}

#[test]
fn a_filter_of_records_may_refer_to_the_whole_document() {
    let document = "{\"want\":\"$x\",\"a\":[{\"t\":1763647500,\"s\":\"yes\",\"st\":\"up\",\"k\":\"$x\"},\
                    {\"t\":1763647500,\"s\":\"no\",\"st\":\"up\",\"k\":\"y\"}]}";
    for format in ["json", "yaml", "jsonl"] {
        for path in ["$.a[?@.k == $.want]", "$..a[?@.k == $.want]", "$.a[?@.k == '$x']", "$.a[0]"] {
            let slo = Slo::new();
            let spec = format!("format: {format}, records: \"{path}\", {FIELDS}");
            let output = ingest(&slo, &spec, document);
            assert_eq!(output.code, 0, "{format} {path}: {}", output.stderr);
            let journal = slo.pass(&["export", "journal"], b"");
            assert!(journal.contains("\"yes\"") && !journal.contains("\"no\""), "{format} {path}: {journal}");
        }
    }
    // Such records are not found while reading, so no others may be looked for in the same document.
    let slo = Slo::new();
    let spec = format!("format: json, records: [{{ at: '$.a[?@.k == $.want]' }}, {{ at: '$.b[*]' }}], {FIELDS}");
    let output = slo.run(&["validate", &feed(&slo, &spec)], b"");
    assert!(output.stdout.contains("leads into the records of another kind"), "{}{}", output.stdout, output.stderr);
}

#[test]
fn a_document_without_the_place_of_records_is_refused_and_one_without_records_is_not() {
    let refused = "{\"error\":{\"statuscode\":403,\"errordesc\":\"Forbidden\"}}";
    let own = |path: &str| format!("format: json, records: '{path}', {FIELDS}");
    let slo = Slo::in_file();
    for name in ["pingdom", "statuscake", "statuspage", "betterstack", "uptimerobot"] {
        let output = slo.run(&["ingest", "--feed", name], refused.as_bytes());
        assert_eq!(output.code, 2, "{name}: {}", output.stdout);
        assert!(output.stderr.contains(&format!("not the format of the feed {name}")), "{name}: {}", output.stderr);
    }
    let output = ingest(&slo, &own("$.data.checks"), refused);
    let told = "not the format of the feed own: nothing is at $.data.checks\n";
    assert!(output.code == 2 && output.stderr.contains(told), "{}", output.stderr);
    assert!(!slo.db().exists());
    for (path, document) in [
        ("$.checks[*]", "{\"checks\":[]}"),
        ("$.checks.*", "{\"checks\":{}}"),
        ("$.pages[*].checks[*]", "{\"pages\":[]}"),
        ("$.pages[*].check", "{\"pages\":[]}"),
        ("$.checks[?@.t]", "{\"checks\":[]}"),
    ] {
        let output = ingest(&slo, &own(path), document);
        assert_eq!(output.code, 0, "{path}: {}", output.stderr);
        assert!(output.stdout.starts_with("0 records read: "), "{path}: {}", output.stdout);
    }
    assert_eq!(slo.run(&["ingest", "--feed", "pingdom"], b"{\"summary\":{\"states\":[]}}").code, 0);
}

#[test]
fn a_key_in_a_path_is_the_key_whatever_it_contains() {
    let slo = Slo::new();
    let document = "{\"checks\":{\"web\":{\"n\":{\"web\":\"W\"},\"t\":1763647500,\"st\":\"up\"},\
                    \"o'k\":{\"n\":{\"o'k\":\"Q\"},\"t\":1763647500,\"st\":\"up\"},\
                    \"a\\\\\\\"b\":{\"n\":{\"a\\\\\\\"b\":\"B\"},\"t\":1763647500,\"st\":\"up\"}}}";
    for path in ["$.n['#key']", "$.n[\\\"#key\\\"]"] {
        let spec = |check: &str| {
            format!(
                "format: json, records: $.checks.*, slug: true, fields: {{ ts: t, system: '#key', status: st, check: {check} }}"
            )
        };
        let output = ingest(&slo, &spec(&format!("\"{path}\"")), document);
        assert_eq!(output.code, 0, "{path}: {}", output.stderr);
        let journal = slo.pass(&["export", "journal"], b"");
        assert!(["W", "Q", "B"].iter().all(|check| journal.contains(&format!("\"check\":\"{check}\""))), "{journal}");
        let output = ingest(&slo, &spec("\"$.n[#key]\""), document);
        let told = "rejected: $.n[#key] needs a number in place of #key, not \"web\"; write '#key' in quotes";
        assert!(output.code == 1 && output.stderr.contains(told), "{}", output.stderr);
    }
}

#[test]
fn a_column_or_key_that_the_feed_uses_may_not_be_there_twice() {
    let slo = Slo::in_file();
    for (format, fields, input, code, told) in [
        ("csv", FIELDS, "t,s,st,st\n1763647500,a,up,down\n", 2, "it has two columns st: t,s,st,st"),
        ("csv", FIELDS, "t,s,ST,St\n1763647500,a,up,down\n", 2, "it has two columns st: t,s,ST,St"),
        ("csv", FIELDS, "t,s,st,St,x,x\n1763647500,a,up,down,1,2\n", 0, ""),
        ("jsonl", FIELDS, "{\"t\":1763647500,\"s\":\"a\",\"st\":\"up\",\"st\":\"down\"}", 1, "st is given twice"),
        ("jsonl", FIELDS, "{\"t\":1763647500,\"s\":\"a\",\"st\":null,\"st\":\"up\"}", 1, "st is given twice"),
        ("jsonl", FIELDS, "{\"t\":1763647500,\"s\":\"a\",\"st\":\"up\",\"x\":1,\"x\":2}", 0, ""),
        (
            "json, records: '$[?@.t]'",
            "fields: { ts: t, system: s, status: $.a.st }",
            "[{\"t\":1763647500,\"s\":\"a\",\"a\":{\"st\":\"up\",\"st\":\"down\"}}]",
            1,
            "st is given twice",
        ),
        (
            "json, records: '$[?@.t]'",
            "fields: { ts: t, system: s, status: $.a.st }",
            "[{\"t\":1763647500,\"s\":\"a\",\"a\":{\"st\":\"up\",\"x\":1,\"x\":2}}]",
            0,
            "",
        ),
    ] {
        let output = ingest(&slo, &format!("format: {format}, {fields}"), input);
        assert_eq!(output.code, code, "{input}: {}", output.stderr);
        assert!(output.stderr.contains(told), "{input}: {}", output.stderr);
    }
}

#[test]
fn a_feed_is_read_however_its_document_is_written() {
    let slo = Slo::new();
    let records = slo.write("records.jsonl", "{\"a\":1763647500,\"b\":\"x\",\"c\":\"up\"}\n");
    let spec = "{\"format\":\"jsonl\",\"fields\":{\"ts\":\"a\",\"system\":\"b\",\"status\":\"c\"}}";
    let one_line =
        format!("{{\"apiVersion\":\"slo/v1\",\"kind\":\"Feed\",\"metadata\":{{\"name\":\"f\"}},\"spec\":{spec}}}\n");
    let quoted = format!("apiVersion: slo/v1\n'kind': Feed\nmetadata: {{ name: f }}\nspec: {spec}\n");
    let late = format!("{}{one_line}", "# a long comment\n".repeat(5000));
    for text in [&one_line, &quoted, &late] {
        let path = slo.write("feed.yaml", text);
        let output = slo.run(&["ingest", "--feed", path.to_str().unwrap(), records.to_str().unwrap()], b"");
        assert_eq!(output.code, 0, "{}", output.stderr);
    }
    // Problems of such a feed are shown, and what is far from a feed is still one error.
    let path = slo.write("feed.yaml", &quoted.replace("jsonl", "jsnol"));
    let output = slo.run(&["ingest", "--feed", path.to_str().unwrap(), records.to_str().unwrap()], b"");
    assert!(output.code == 2 && output.stderr.contains("did you mean jsonl?"), "{}", output.stderr);
    let large = "{\"a\":1}\n".repeat(200_000);
    for text in ["a: 1\nb: [1, 2]\n", "a: [\n", &large] {
        let path = slo.write("feed.yaml", text);
        let output = slo.run(&["ingest", "--feed", path.to_str().unwrap(), records.to_str().unwrap()], b"");
        assert_eq!((output.code, output.stderr.lines().count()), (2, 2), "{}", output.stderr);
        assert!(output.stderr.contains("not a feed, which is a YAML document of kind: Feed"), "{}", output.stderr);
    }
}

#[test]
fn a_gap_is_refused_for_a_feed_without_observations() {
    let slo = Slo::in_file();
    let output = slo.run(&["ingest", "--feed", "pingdom", "--max-gap", "5m"], b"{\"summary\":{\"states\":[]}}");
    assert_eq!(output.code, 2);
    let told = "error: --max-gap: the feed pingdom has no observations, so it has no gaps\nhelp: remove --max-gap\n";
    assert_eq!(output.stderr, told);
    assert!(!slo.db().exists());
}

#[test]
fn only_what_is_missing_of_a_template_is_named() {
    let slo = Slo::new();
    let spec = "format: csv, fields: { ts: t, system: { template: '{h}/{s}' }, status: st }";
    let output = ingest(&slo, spec, "t,h,s,st\n1763647500,a,,up\n1763647500,,,up\n");
    for told in ["2: rejected: missing s\n", "3: rejected: missing h and s\n"] {
        assert!(output.stderr.contains(told), "{}", output.stderr);
    }
}
