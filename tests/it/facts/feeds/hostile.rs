//! Inputs that are hostile or of another kind: each ends soon, with one error and its remedy.

use std::fs;

use serde_json::Value;

use super::inputs::inputs;
use crate::harness::Slo;

#[test]
fn hostile_inputs_end_soon_and_say_why() {
    let slo = Slo::new();
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("incidents", format!("[{}", "[".repeat(1 << 20)).into_bytes(), 2),
        ("incidents", format!("[{{\"system\":\"a\",\"start\":1,\"x\":\"{}\"}},{{\"system\":\"a\",\"id\":1,\"start\":\"2026-10-01\",\"end\":null}}]", "x".repeat(20 << 20)).into_bytes(), 1),
        ("incidents", b"[{\"system\":\"a\"".to_vec(), 2),
        ("prometheus", format!("{{\"data\":{{\"result\":{}1", "[".repeat(100_000)).into_bytes(), 2),
        ("nagios", vec![b'['; 30 << 20], 1),
        ("nagios", "[x] nothing\n".repeat(5000).into_bytes(), 2),
        ("uptimerobot", b"SQLite format 3\0".to_vec(), 2),
        ("uptime-kuma", b"SQLite format 3\0".to_vec(), 2),
        ("uptime-kuma", b"PK\x03\x04".to_vec(), 2),
        ("pagerduty", b"\xff\xfe\x00\x00".to_vec(), 2),
    ];
    for (feed, input, code) in cases {
        let output = slo.run(&["ingest", "--feed", feed], &input);
        assert_eq!(output.code, code, "{feed}: {}", output.stderr);
        assert!(output.stderr.lines().count() <= 3 && output.stderr.len() < 2000, "{feed}: {}", output.stderr);
    }
    let broken = slo.path("kuma.db");
    fs::write(&broken, b"SQLite format 3\0 and nothing else").unwrap();
    let output = slo.run(&["ingest", "--feed", "uptime-kuma", broken.to_str().unwrap()], b"");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("file is not a database"), "{}", output.stderr);
}

/// Bytes without structure, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn every_built_in_feed_bounds_what_is_not_its_own() {
    let slo = Slo::new();
    let listed: Value = serde_json::from_str(&slo.pass(&["list", "feeds", "-o", "json"], b"")).unwrap();
    let mut names: Vec<&str> =
        listed["feeds"].as_array().unwrap().iter().map(|feed| feed["feed"].as_str().unwrap()).collect();
    names.dedup();
    let wide: Vec<u8> = "[{\"ts\":\"2026-10-01\"}]\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("noise", noise(200_000)),
        ("zeros", vec![0; 200_000]),
        ("a database", b"SQLite format 3\0".to_vec()),
        ("UTF-16", [&b"\xff\xfe"[..], &wide].concat()),
        ("UTF-16 without a mark", wide),
        ("brackets", "[".repeat(1 << 20).into_bytes()),
        ("braces", "{\"a\":".repeat(1 << 18).into_bytes()),
        ("a text without end", [&b"[{\"a\":\""[..], &b"x".repeat(9 << 20)].concat()),
        ("packed and cut off", b"\x1f\x8b\x08\0".to_vec()),
        ("the beginning of xz", b"\xfd7z".to_vec()),
        ("prose", "It was down for a while.\n".repeat(5000).into_bytes()),
    ];
    for name in &names {
        for (what, bytes) in &cases {
            let path = slo.path("input");
            fs::write(&path, bytes).unwrap();
            for args in [&["ingest", "--feed", name][..], &["feed", "try", "--feed", name]] {
                let output = slo.run(&[args, &[path.to_str().unwrap()]].concat(), b"");
                assert!(output.code > 0, "{args:?} {what}: {}", output.stdout);
                if output.code == 2 {
                    assert!(
                        output.stderr.contains("input: ") && output.stderr.contains("\nhelp: "),
                        "{args:?} {what}: {}",
                        output.stderr
                    );
                }
                let told = output.stderr.lines().count();
                assert!(told <= 4 && output.stderr.len() < 2500, "{args:?} {what}: {}", output.stderr);
            }
        }
    }
    assert_eq!(slo.pass(&["export", "journal"], b""), "", "none of it is a fact");
    // Each has inputs of its own, in each of its formats, so that no law skips one.
    for name in &names {
        let formats = |text: &str, word: &str| -> std::collections::BTreeSet<String> {
            text.lines()
                .filter_map(|line| line.trim().strip_prefix(word))
                .map(|rest| rest.trim_end_matches(')').to_owned())
                .collect()
        };
        let own = inputs().into_iter().filter(|input| input.feed == *name);
        let tried =
            own.map(|input| slo.run(&["feed", "try", "--feed", name, input.place(&slo).to_str().unwrap()], b"").stdout);
        let tried = formats(&tried.collect::<String>(), &format!("feed {name} ("));
        assert_eq!(tried, formats(&slo.pass(&["feed", "show", name], b""), "format: "), "{name}");
    }
}

#[test]
fn what_is_named_as_a_feed_and_is_none_is_told() {
    let slo = Slo::new();
    let write = |name: &str, bytes: &[u8]| fs::write(slo.path(name), bytes).unwrap();
    write("kuma.db", b"SQLite format 3\0and more");
    write("checks.csv", b"ts,system,status\n2026-10-01,a,up\n");
    write("noise", &noise(5000));
    fs::create_dir(slo.path("folder")).unwrap();
    let table = slo.path("checks.csv");
    let refused = |feed: &str| {
        let output = slo.run(&["ingest", "--feed", feed, table.to_str().unwrap()], b"");
        assert_eq!((output.code, output.stderr.lines().count()), (2, 2), "{}", output.stderr);
        output.stderr
    };
    for name in ["kuma.db", "checks.csv", "noise"] {
        let told = refused(slo.path(name).to_str().unwrap());
        assert!(told.contains("not a feed, which is a YAML document of kind: Feed"), "{told}");
        assert!(told.contains("help: name the feed first, then the file to read: `slo ingest --feed NAME "), "{told}");
    }
    assert!(refused(slo.path("folder").to_str().unwrap()).contains("it is a folder"));
    assert!(refused("missing.yaml").contains("error: --feed missing.yaml: file not found"));
    for (name, guess) in [
        ("kuma", "uptime-kuma"),
        ("Uptime-Kuma", "uptime-kuma"),
        ("nagos", "nagios"),
        ("google", "name an existing file"),
    ] {
        let told = refused(name);
        assert!(
            told.contains(&format!("unknown feed {name:?}")) && told.lines().last().unwrap().contains(guess),
            "{told}"
        );
    }
}

#[test]
fn an_input_of_another_form_names_the_feed_that_reads_it() {
    let slo = Slo::new();
    let path = slo.write("flips.json", "[{\"timestamp\":\"2026-10-03T10:18:23+00:00\",\"up\":1}]");
    let table = slo.write("checks.csv", "ts,system,status\n2026-10-01,a,up\n");
    let other = slo.write("other.json", "{\"error\":{\"statuscode\":403}}");
    let own = slo.write(
        "own.yaml",
        "apiVersion: slo/v1\nkind: Feed\nmetadata: { name: own }\nspec:\n  format: csv\n  fields: { ts: when, system: host, status: state }\n",
    );
    for (feed, file, what, hint) in [
        (
            own.to_str().unwrap(),
            &path,
            "not the format of the feed own: expected CSV\n",
            "slo ingest --feed healthchecks-io",
        ),
        (
            "prometheus",
            &table,
            "not the format of the feed prometheus: expected JSON with records at $.data.result[*].values[*]\n",
            "`slo feed show prometheus`",
        ),
        (
            "uptime-kuma",
            &table,
            "not the format of the feed uptime-kuma: expected a SQLite database or JSON with records at $.heartbeatList.*[*]\n",
            "slo feed show uptime-kuma",
        ),
        // JSON of another shape.
        (
            "pingdom",
            &other,
            "not the format of the feed pingdom: expected JSON with records at $.summary.states[*] or $.report.states[*]\n",
            "slo feed show pingdom",
        ),
        (
            "uptimerobot",
            &other,
            "not the format of the feed uptimerobot: expected CSV or JSON with records at $.monitors[*].logs[*]\n",
            "slo feed show uptimerobot",
        ),
        ("pagerduty", &path, "not the format of the feed pagerduty", "healthchecks-io"),
    ] {
        let output = slo.run(&["ingest", "--feed", feed, file.to_str().unwrap()], b"");
        assert_eq!(output.code, 2, "{}", output.stderr);
        assert!(output.stderr.contains(what) && output.stderr.contains(hint), "{feed}: {}", output.stderr);
    }
}
