//! How answers look, compared byte by byte with files in `tests/docs/golden`. `SLO_REWRITE=1` rewrites them.

use std::fs;
use std::process::Command;

use crate::world::{REWRITE, World, repository};

fn compare(name: &str, shown: &str) {
    let path = repository("tests/docs/golden").join(name);
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == shown, "{name} differs; now it is:\n{shown}");
}

fn printed(world: &World, args: &[&str]) -> String {
    let output = world.slo(args);
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `slo` prints on a terminal of this many columns; `None` if there is no `script` program to make one.
fn on_terminal(world: &World, columns: u16, args: &str, env: &[(&str, &str)]) -> Option<String> {
    let ours = |command: &mut Command| {
        for name in ["SLO_DB", "SLO_AS_OF"] {
            let value = if name == "SLO_DB" { "demo/slo.db" } else { crate::world::MOMENT };
            command.env(name, value);
        }
        command.env("COLUMNS", columns.to_string()).env("TERM", "xterm-256color").envs(env.iter().copied());
    };
    let mut command = world.bare("script");
    ours(command.args(["-q", "-e", "-c", &format!("slo {args}"), "/dev/null"]));
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"))
}

#[test]
fn tables_for_people() {
    let world = World::new();
    for (name, args) in [
        ("status.txt", "status"),
        ("status-wide.txt", "status -o wide"),
        ("status.md", "status -o markdown"),
        ("status.csv", "status -o csv"),
        ("status-color.txt", "status --color always"),
        ("check.txt", "check"),
        ("check-at-risk.txt", "check --fail-on at-risk,fast-burn"),
        ("check-pass.txt", "check -l team=web"),
        ("check.md", "check -o markdown"),
        ("health.txt", "health"),
        ("health-color.txt", "health --color always"),
        ("list-maintenance.txt", "list maintenance"),
        ("downtime.txt", "downtime"),
        ("trend.txt", "trend checkout-availability --days 12"),
        ("streaks.txt", "streaks"),
        ("digest.txt", "digest"),
        ("digest.md", "digest --week last -o markdown"),
        ("digest.html", "digest --week 2026-W45 -o html"),
        ("achievements.txt", "achievements"),
        ("achievements-wide.txt", "achievements checkout -o wide"),
        ("history.txt", "history postgres --since 30d"),
        ("history-all.txt", "history postgres --since 30d --all"),
        ("show.txt", "show mail-delivery"),
        ("show-color.txt", "show checkout-availability --color always"),
    ] {
        compare(name, &printed(&world, &args.split(' ').collect::<Vec<_>>()));
    }
}

#[test]
fn a_page_and_its_badges() {
    let world = World::new();
    let page = printed(&world, &["report", "mail-delivery", "--html", "-"]);
    // The style sheet is compared in its own file.
    let (start, end) = (page.find("<style>").unwrap(), page.find("</style>").unwrap());
    compare("report.html", &format!("{}{}", &page[..start + 7], &page[end..]));
    for (name, args) in [
        ("badge-availability.svg", "badge checkout-availability"),
        ("badge-budget.svg", "badge mail-delivery --show budget"),
        ("badge-state.svg", "badge checkout-payment --show state --label payments"),
        ("badge-streak.svg", "badge storefront-availability --show streak"),
        ("badge.json", "badge mail-delivery -o json"),
    ] {
        compare(name, &printed(&world, &args.split(' ').collect::<Vec<_>>()));
    }
}

#[test]
fn a_plan_and_the_problems_of_manifests() {
    let world = World::new();
    let file = world.path().join("demo/manifests/objectives.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace("target: 99.95", "target: 99.99").replace("name: search-monthly", "name: search-month");
    fs::write(&file, &changed).unwrap();
    compare("plan.txt", &printed(&world, &["plan", "demo/manifests"]));
    compare("plan-prune-color.txt", &printed(&world, &["plan", "--prune", "--color", "always", "demo/manifests"]));
    fs::write(&file, changed.replace("target: 99.99", "target: 0.9999").replace("windowDays: 7", "windowDay: 7"))
        .unwrap();
    compare("validate.txt", &printed(&world, &["validate", "demo/manifests"]));
}

#[test]
fn tables_fit_the_terminal() {
    let world = World::new();
    for columns in [40, 60, 80, 100, 120] {
        let Some(text) = on_terminal(&world, columns, "status --color never -q", &[]) else { return };
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{columns}:\n{text}");
        compare(&format!("status-{columns}.txt"), &text);
    }
    for columns in [60, 80] {
        let args = "report --period last-month --by label:team --color never -q";
        let text = on_terminal(&world, columns, args, &[]).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{columns}:\n{text}");
        compare(&format!("report-period-{columns}.txt"), &text);
    }
    for (name, args) in [
        ("health-80.txt", "health"),
        ("list-objectives-80.txt", "list objectives"),
        ("list-maintenance-80.txt", "list maintenance"),
        ("downtime-80.txt", "downtime"),
        ("downtime-all-80.txt", "downtime --all"),
        ("history-80.txt", "history postgres --since 30d"),
        ("show-80.txt", "show checkout-availability --days 90"),
        ("digest-80.txt", "digest"),
        ("achievements-80.txt", "achievements checkout -o wide"),
    ] {
        let Some(text) = on_terminal(&world, 80, &format!("{args} --color never -q"), &[]) else { return };
        // What is asked for in full is not cut to the terminal.
        assert!(args.ends_with("-o wide") || text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        compare(name, &text);
    }
    let wide = on_terminal(&world, 200, "show checkout-availability --days 90 --color never -q", &[]).unwrap();
    compare("show-200.txt", &wide);
}

#[test]
fn markdown_is_the_same_on_any_terminal() {
    let world = World::new();
    for args in ["status", "status --by system", "trend mail-delivery", "show mail-delivery", "digest"] {
        let args = format!("{args} -o markdown -q");
        let Some(text) = on_terminal(&world, 40, &args, &[]) else { return };
        assert_eq!(text, printed(&world, &args.split(' ').collect::<Vec<_>>()), "{args}");
        assert!(args.starts_with("show") || !text.contains('█'), "{text}");
    }
}

#[test]
fn color_is_for_terminals_that_have_it() {
    let world = World::new();
    let Some(colored) = on_terminal(&world, 80, "status", &[]) else { return };
    assert!(colored.contains("\u{1b}["), "{colored}");
    for env in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        for args in ["status", "show mail-delivery", "digest"] {
            let text = on_terminal(&world, 80, args, &[env]).unwrap();
            assert!(!text.contains('\u{1b}'), "{env:?}: {text}");
        }
    }
    // A pipe is not a terminal, but --color always overrides that.
    assert!(!printed(&world, &["status"]).contains('\u{1b}'));
    assert!(printed(&world, &["status", "--color", "always"]).contains('\u{1b}'));
}
