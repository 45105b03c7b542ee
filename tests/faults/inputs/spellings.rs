//! Times as people and programs write them, wherever they are read: feeds of both formats, manifests, arguments.

use crate::harness::{OBJECTIVE, World};

/// Spellings of one time.
const SAME: [&str; 12] = [
    "2026-10-03T14:05:00Z",
    "2026-10-03T14:05Z",
    "2026-10-03 14:05",
    "2026-10-03 14:05 UTC",
    "2026-10-03T16:05:00+0200",
    "2026-10-03T16:05+02",
    "2026-10-03T08:35:00.000-05:30",
    "2026-10-03T14:05:00.000999Z",
    "2026-10-03 14:05:00.000000999 +0000 UTC",
    "1791036300",
    "1791036300000",
    "1791036300.0004",
];

/// Texts that are not times, with their errors.
const WRONG: [(&str, &str); 5] = [
    ("20261003", "is a number that looks like a date; write 2026-10-03"),
    ("46298.5", "is a number that looks like a spreadsheet date; write 2026-10-03 12:00"),
    ("20", "is outside 2000–2262: as Unix time it is 1970-01-01T00:00:20.000Z"),
    ("1999-12-31", "is outside 2000–2262"),
    ("03.10.2026 14:05", "is not a time; write RFC 3339"),
];

const WINDOW: &str = "apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: w }
spec: { systemRefs: [{ kind: System, name: shop }], start: 'START', end: 2026-10-04 }
";

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[test]
fn every_spelling_is_the_same_time_wherever_it_is_read() {
    for text in SAME {
        let world = World::new();
        world.ingest(&format!("{{\"ts\":\"{text}\",\"system\":\"shop\",\"status\":\"down\"}}\n"));
        let expected = world.journal();
        assert!(expected.contains("2026-10-03T14:05:00.000Z"), "{text}: {expected}");
        world.ingest(&format!("ts,system,status\n\"{text}\",shop,down\n"));
        if is_number(text) {
            world.ingest(&format!("{{\"ts\":{text},\"system\":\"shop\",\"status\":\"down\"}}\n"));
        }
        assert_eq!(world.journal(), expected, "{text}");
        let mut manifests = vec![WINDOW.replace("START", text)];
        if !text.contains(": ") {
            manifests.push(WINDOW.replace("'START'", text));
        }
        for manifest in manifests {
            world.write("w.yaml", &manifest);
            world.pass(&["apply", "w.yaml"]);
            assert!(world.pass(&["export", "manifests"]).contains("start: 2026-10-03T14:05:00.000Z\n"), "{manifest}");
        }
        let as_of = world.pass(&["status", "--as-of", text, "-o", "json"]);
        assert!(as_of.contains("\"asOf\": \"2026-10-03T14:05:00.000Z\""), "{text}: {as_of}");
        let as_of = "2026-10-04";
        assert_eq!(world.pass(&["export", "journal", "--as-of", as_of, "--since", text]), expected, "{text}");
        assert_eq!(world.pass(&["export", "journal", "--as-of", as_of, "--until", text]), "", "{text}");
        let output = world.command(&["status", "-o", "json"]).env("SLO_AS_OF", text).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("2026-10-03T14:05:00.000Z"), "{text}");
    }
}

#[test]
fn durations_go_back_from_as_of() {
    let world = World::new();
    world.ingest("{\"ts\":\"2026-10-03T14:05:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n");
    for (back, seen) in [("90s", 0), ("15m", 0), ("6h", 0), ("7d", 0), ("4w", 0), ("89s", 1)] {
        let args = ["export", "journal", "--as-of", "2026-10-03T14:06:30Z", "--until", back];
        assert_eq!(world.pass(&args).lines().count(), seen, "{back}");
    }
}

#[test]
fn what_is_no_time_is_refused_with_what_was_meant_wherever_it_is_read() {
    let world = World::lived_in();
    world.write("slo.yaml", OBJECTIVE);
    world.pass(&["apply", "--adopt", "slo.yaml"]);
    for (text, told) in WRONG {
        let line = format!("{{\"ts\":\"{text}\",\"system\":\"shop\",\"status\":\"up\"}}\n");
        for feed in [line, format!("ts,system,status\n{text},shop,up\n")] {
            let output = world.feed(&["ingest"], &feed);
            let told = format!("rejected: ts \"{text}\" {told}");
            assert!(output.code == 1 && output.stderr.contains(&told), "{}", output.stderr);
        }
        world.write("w.yaml", WINDOW.replace("START", text));
        let output = world.run(&["validate", "w.yaml"]);
        assert_eq!(output.code, 1);
        assert!(output.text().contains(&format!("spec.start \"{text}\" {told}")), "{}", output.text());
        for args in [
            ["status", "--as-of", text].as_slice(),
            &["downtime", "--since", text],
            &["downtime", "--until", text],
            &["history", "shop", "--since", text],
            &["trend", "shop-availability", "--since", text],
            &["export", "journal", "--since", text],
            &["backtest", "--condition", "x", "--until", text],
            &["backtest", "shop-availability", "--when", "isBreaching", "--since", text],
        ] {
            let output = world.run(args);
            assert_eq!(output.code, 2, "{args:?}");
            assert!(output.stderr.contains(&format!("\"{text}\" {told}")), "{args:?}: {}", output.stderr);
        }
    }
}
