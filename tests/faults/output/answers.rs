//! Answers for people: harmless with any text in feeds and manifests, and correct in words as well as in numbers.

use crate::harness::{OBJECTIVE, World, line};

/// Objective and maintenance window of a system with a note, all with texts that would drive a terminal.
const HOSTILE: &str = r#"apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability, title: "Shop\e[2J\r\nup" }
spec:
  systemRef: { kind: System, name: shop }
  target: 99.9
  windowDays: 7
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: move }
spec:
  systemRefs: [{ kind: System, name: shop }]
  start: 2024-03-02T00:00:00Z
  end: 2024-03-02T01:00:00Z
  reason: "new\e[31m\nrack"
"#;

#[test]
fn texts_of_others_do_nothing_to_a_terminal() {
    let world = World::new();
    let note = r#"{"ts":"2024-03-01T10:00:00Z","system":"shop","status":"down","note":"a\u001b]0;b\u0007\nc\u009b"}"#;
    world.ingest(&format!("{note}\n"));
    world.write("shop.yaml", HOSTILE);
    world.pass(&["apply", "shop.yaml"]);
    let history = ["history", "shop", "--as-of", "2024-03-02"];
    let show = ["show", "shop-availability", "--as-of", "2024-03-02"];
    let list = ["list", "maintenance", "--as-of", "2024-03-02"];
    let said = [
        (&history[..], r"a\u{1b}]0;b\u{7}\nc\u{9b}"),
        (&show, r"Shop\u{1b}[2J\r\nup"),
        (&list, r"new\u{1b}[31m\nrack"),
    ];
    for (args, shown) in said {
        for form in ["table", "wide", "markdown"] {
            let text = world.pass(&[args, &["-o", form]].concat());
            assert!(text.contains(shown), "{args:?} -o {form}: {text:?}");
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{args:?} -o {form}: {text:?}");
        }
    }
    // Programs get the original text.
    let json = world.run(&[&history[..], &["-o", "json"]].concat()).json();
    assert_eq!(json["transitions"][0]["note"], "a\u{1b}]0;b\u{7}\nc\u{9b}");
    assert!(world.pass(&[&history[..], &["-o", "csv"]].concat()).contains("a\u{1b}]0;b\u{7}\nc\u{9b}"));
    let json = world.run(&[&list[..], &["-o", "json"]].concat()).json();
    assert!(json.to_string().contains(r"new\u001b[31m\nrack"), "{json}");
}

/// An objective over the system `shop` in a calendar month of Berlin, which ends on 2024-03-31 at 22:00 UTC.
const MONTHLY: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: monthly }
spec:
  systemRef: { kind: System, name: shop }
  target: 99.9
  window: { calendar: month, timezone: Europe/Berlin }
";

#[test]
fn what_lies_ahead_is_true_in_words() {
    let world = World::new();
    let at = |time: &str, status: &str| line(&format!("2024-03-{time}:00Z"), "shop", status);
    let feed = [at("01T00:00", "up"), at("10T10:00", "down"), at("10T10:10", "up"), at("20T10:00", "down")];
    world.ingest(&feed.concat());
    world.write("shop.yaml", OBJECTIVE);
    world.write("monthly.yaml", MONTHLY);
    world.pass(&["apply", "shop.yaml", "monthly.yaml"]);
    let show = |name: &str, as_of: &str| world.pass(&["show", name, "--as-of", as_of]);
    let period = "a new period begins in ";
    let whole = "at 2024-03-31 22:00 UTC, with a full budget";
    let overspends = "if it stays down, every minute overspends another minute";
    // Nothing is consumed.
    let text = show("monthly", "2024-03-09T00:00:00Z");
    assert!(text.contains("no change expected") && !text.contains(period), "{text}");
    // 10 of 44.6 minutes are consumed, and nothing is ongoing.
    let text = show("monthly", "2024-03-11T00:00:00Z");
    assert!(text.contains(period) && text.contains(whole) && !text.contains("no change expected"), "{text}");
    // Down, with budget left.
    let text = show("monthly", "2024-03-20T10:05:00Z");
    assert!(
        text.contains("if it stays down, spent in") && text.contains(whole) && !text.contains(overspends),
        "{text}"
    );
    // Overspent, and still down.
    let text = show("monthly", "2024-03-20T12:00:00Z");
    assert!(text.contains(&format!("{overspends}\n")) && text.contains(whole), "{text}");
    assert!(!text.contains("no change expected") && !text.contains("stays up"), "{text}");
    let text = show("shop-availability", "2024-03-20T12:00:00Z");
    assert!(text.contains(&format!("{overspends}, minus the downtime that leaves the window")), "{text}");
    assert!(!text.contains("no change expected") && !text.contains("stays up") && !text.contains(period), "{text}");
    let status = world.pass(&["status", "monthly", "--as-of", "2024-03-20T12:00:00Z"]);
    assert!(status.contains("monthly: a new period begins 2024-03-31 22:00 UTC, with a full budget"), "{status}");
    let page = world.pass(&["report", "--html", "-", "monthly", "--as-of", "2024-03-20T12:00:00Z"]);
    assert!(page.contains("If it stays down, every minute overspends another minute."), "{page}");
    assert!(page.contains("A new period, with a full budget, begins <b data-field=\"window.end\""), "{page}");
    // For a calendar window, programs get the same times as before.
    let json = world.run(&["status", "monthly", "-o", "json", "--as-of", "2024-03-20T12:00:00Z"]).json();
    let forecast = &json["objectives"][0]["forecast"];
    assert!(["exhaustedAt", "recoversAt", "fullAt"].iter().all(|field| forecast[field].is_null()), "{forecast}");
}

#[test]
fn a_digest_of_nothing_is_refused() {
    let world = World::lived_in();
    for form in ["table", "json", "markdown", "html"] {
        let digest = ["digest", "--as-of", "2024-03-20", "-o", form];
        world.pass(&[&digest[..], &["-l", "!team"]].concat());
        let nothing = world.run(&[&digest[..], &["-l", "team=nope"]].concat());
        nothing.refuses("nothing to summarize: no objective matches");
    }
    let empty = World::new();
    empty.ingest(&line("2024-03-01T10:00:00Z", "shop", "down"));
    empty.run(&["digest"]).refuses("nothing to summarize: no objective is declared");
}

#[test]
fn a_log_is_about_objects_that_are_or_were() {
    let world = World::lived_in();
    let unknown = world.run(&["log", "shop-availability", "shop-availabilty"]);
    unknown.refuses("there is no object \"shop-availabilty\"");
    assert!(unknown.stderr.contains("did you mean shop-availability?"), "{}", unknown.stderr);
    world.pass(&["log", "shop-availability"]);
    // A deleted object existed.
    world.write("shop.yaml", OBJECTIVE.replace("shop-availability", "shop-week"));
    world.pass(&["apply", "--prune", "shop.yaml"]);
    assert!(world.pass(&["log", "shop-availability"]).contains("shop-availability"));
    // An empty log is an answer.
    let empty = World::new();
    empty.ingest(&line("2024-03-01T10:00:00Z", "shop", "down"));
    let log = empty.run(&["log"]);
    assert_eq!((log.code, &*log.text()), (0, ""), "{}", log.stderr);
    assert!(log.stderr.contains("no matching applies"), "{}", log.stderr);
}

#[test]
fn a_history_says_which_days_it_shows() {
    let world = World::lived_in();
    let history = ["history", "shop", "--as-of", "2024-03-20"];
    let range = "the last 7 days; --since 30d shows more";
    assert!(world.pass(&history).contains(range));
    assert!(!world.pass(&[&history[..], &["--since", "7d"]].concat()).contains(range));
}

#[test]
fn a_page_says_what_downtime_counts() {
    let world = World::lived_in();
    let sentences = [
        ("strict", false, "All downtime counts."),
        ("strict", true, "All downtime counts, except during maintenance."),
        ("self-only", false, "Downtime caused by an upstream does not count."),
        ("self-only", true, "Downtime caused by an upstream, or during maintenance, does not count."),
    ];
    for (mode, excused, sentence) in sentences {
        let spec = format!("{OBJECTIVE}  dependencyExclusion: {mode}\n  excludeMaintenanceWindows: {excused}\n");
        world.write("shop.yaml", spec);
        world.pass(&["apply", "shop.yaml"]);
        let page = world.pass(&["report", "--html", "-", "--as-of", "2024-03-20"]);
        assert!(page.contains(&format!(">{sentence}</span>")), "{mode} {excused}: {page}");
    }
}
