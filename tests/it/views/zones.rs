//! The time zone for people: every time they see is in it, and says so; programs always read UTC.

use crate::harness::Slo;

const FEED: &str = r#"{"ts":"2026-10-24T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-10-24T22:30:00Z","system":"shop","status":"down"}
{"ts":"2026-10-25T02:30:00Z","system":"shop","status":"up"}
{"ts":"2026-11-20T13:41:00Z","system":"shop","status":"down","note":"card processor"}
"#;
const MANIFESTS: &str = "\
apiVersion: slo/v1
kind: System
metadata: { name: shop }
spec: {}
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-slo }
spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 30 }
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: upgrade }
spec:
  systemRefs: [{ kind: System, name: shop }]
  start: 2026-11-20T13:00:00Z
  end: 2026-11-20T23:30:00Z
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-20T14:05:00Z"];
/// Views that show times to people.
const VIEWS: [&[&str]; 16] = [
    &["status"],
    &["status", "--by", "system"],
    &["show", "shop-slo"],
    &["health"],
    &["downtime"],
    &["downtime", "--last", "2"],
    &["history", "shop", "--since", "40d"],
    &["achievements"],
    &["achievements", "--recent", "3"],
    &["digest"],
    &["report", "--period", "2026-11"],
    &["check", "--explain"],
    &["backtest", "--when", "burnRates.1h > 14.4"],
    &["list", "ingests"],
    &["list", "sets"],
    &["log"],
];

fn shop() -> Slo {
    Slo::with(FEED, MANIFESTS)
}

fn printed(slo: &Slo, args: &[&str], more: &[&str]) -> String {
    slo.run(&[args, &AS_OF, more].concat(), b"").stdout
}

/// Whether a text contains a time of day.
fn says_when(text: &str) -> bool {
    text.as_bytes()
        .windows(5)
        .any(|five| five[2] == b':' && [0, 1, 3, 4].iter().all(|place| five[*place].is_ascii_digit()))
}

#[test]
fn wherever_a_moment_stands_its_zone_does_too() {
    let slo = shop();
    let mut seen = 0;
    for view in VIEWS {
        for form in ["table", "wide", "markdown"] {
            let utc = printed(&slo, view, &["-o", form]);
            let berlin = printed(&slo, view, &["-o", form, "--timezone", "Europe/Berlin"]);
            if !says_when(&utc) {
                continue;
            }
            seen += 1;
            assert!(utc.contains("UTC"), "{view:?} -o {form}\n{utc}");
            let named = ["CET", "CEST", "Europe/Berlin"].iter().any(|name| berlin.contains(name));
            assert!(named, "{view:?} -o {form}\n{berlin}");
            // Times of the machine's clock are converted to another zone, too.
            assert!(!berlin.contains("13:41") && !berlin.contains("22:30"), "{view:?} -o {form}\n{berlin}");
        }
    }
    assert!(seen > 35, "{seen} of the views say when");
}

#[test]
fn moments_are_those_of_the_zone_across_a_change_of_clocks() {
    let slo = shop();
    let lines =
        |text: &str| text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    let downtime = printed(&slo, &["downtime"], &["--timezone", "Europe/Berlin"]);
    // Four hours, of which the clocks of Berlin show three.
    assert_eq!(lines(&downtime)[1], "shop-slo 2026-10-25 00:30 2026-10-25 03:30 4h self healthcheck", "{downtime}");
    assert!(downtime.ends_with("times in Europe/Berlin\n"), "{downtime}");
    let kathmandu = printed(&slo, &["status"], &["--timezone", "Asia/Kathmandu"]);
    assert!(kathmandu.contains("down now: shop-slo since 2026-11-20 19:26 +0545 (24m)"), "{kathmandu}");
    let page = printed(&slo, &["report", "--html", "-"], &["--timezone", "Europe/Berlin"]);
    assert!(page.contains("2026-11-20 14:41 CET") && !page.contains("13:41 UTC"), "{page}");
}

#[test]
fn programs_read_utc_whatever_people_read() {
    let slo = shop();
    // A period is one of the given zone.
    for view in VIEWS.into_iter().filter(|view| !view.contains(&"--period")) {
        for form in ["json", "yaml", "csv"] {
            let plain = printed(&slo, view, &["-o", form]);
            assert_eq!(printed(&slo, view, &["-o", form, "--timezone", "Europe/Berlin"]), plain, "{view:?} -o {form}");
        }
    }
}

#[test]
fn the_environment_says_the_zone_and_the_command_line_says_it_louder() {
    let slo = shop();
    let args = [&["downtime"][..], &AS_OF].concat();
    let last = |output: String| output.lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(slo.run_where(&[("SLO_TZ", "Asia/Tokyo")], &args, b"").stdout), "times in Asia/Tokyo");
    assert_eq!(last(slo.run_where(&[("SLO_TZ", "")], &args, b"").stdout), "times in UTC");
    let both = slo.run_where(&[("SLO_TZ", "Asia/Tokyo")], &[&args[..], &["--timezone", "Europe/Berlin"]].concat(), b"");
    assert_eq!(last(both.stdout), "times in Europe/Berlin");
    let wrong = slo.run(&["status", "--timezone", "Europe/Berln"], b"");
    let told = "error: unknown time zone \"Europe/Berln\" in --timezone\nhelp: did you mean Europe/Berlin?\n";
    assert_eq!((wrong.code, wrong.stderr.as_str()), (2, told));
    let abbreviation = slo.run_where(&[("SLO_TZ", "PST")], &["status"], b"");
    let told = "error: unknown time zone \"PST\" in SLO_TZ\nhelp: write an IANA name such as Europe/Berlin\n";
    assert_eq!((abbreviation.code, abbreviation.stderr.as_str()), (2, told));
}
