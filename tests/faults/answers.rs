//! Answers for people: harmless whatever was written into feeds and manifests, and true in words as well as in numbers.

use crate::harness::{World, line};

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
    // Programs read what was written.
    let json = world.run(&[&history[..], &["-o", "json"]].concat()).json();
    assert_eq!(json["transitions"][0]["note"], "a\u{1b}]0;b\u{7}\nc\u{9b}");
    assert!(world.pass(&[&history[..], &["-o", "csv"]].concat()).contains("a\u{1b}]0;b\u{7}\nc\u{9b}"));
    let json = world.run(&[&list[..], &["-o", "json"]].concat()).json();
    assert!(json.to_string().contains(r"new\u001b[31m\nrack"), "{json}");
}
