//! `slo report` and `slo badge`: the numbers of a page match `status`, it is self-contained and runs nothing, and a
//! real browser shows it without errors at any width.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::browser::Browser;
use crate::scan::{Element, difference, elements, fields};
use crate::world::World;

/// Fields shown for every objective with data.
const ALWAYS: [&str; 16] = [
    "state",
    "systemId",
    "target",
    "dependencyExclusion",
    "currentAvailability",
    "budgetRemainingPercent",
    "errorBudgetTotalMinutes",
    "errorBudgetConsumedMinutes",
    "errorBudgetConsumedStrictMinutes",
    "burnRate",
    "burnRates.1h",
    "currentStreak",
    "bestStreak",
    "coveragePercent",
    "notCountedMinutes",
    "attribution.0.minutes",
];

const HOSTILE: &str = "\"><svg onload=alert(1)></title></style><script>alert(1)</script>&amp;";

fn page(world: &World, name: &str, args: &[&str]) -> PathBuf {
    let path = world.path().join(name);
    let written = world.slo(&[&["report", "--html", name][..], args].concat());
    assert!(written.status.success(), "{written:?}");
    path
}

fn objectives(world: &World) -> Vec<Value> {
    let mut status: Value = serde_json::from_str(&world.stdout(&["status", "-o", "json"])).unwrap();
    match status["objectives"].take() {
        Value::Array(objectives) => objectives,
        other => panic!("{other}"),
    }
}

/// Compares a page with the answers for programs: every value, every event, and nothing is missing.
fn holds(world: &World, found: &[Element]) {
    let objectives = objectives(world);
    assert_eq!(difference(found, &objectives), None);
    let fields = fields(found);
    for objective in &objectives {
        let name = objective["objectiveId"].as_str().unwrap();
        let told: BTreeSet<&str> =
            fields.iter().filter(|field| field.objective == name).map(|field| field.name.as_str()).collect();
        let missing: Vec<&&str> = ALWAYS.iter().filter(|field| !told.contains(**field)).collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}");
        for forecast in ["exhaustedAt", "recoversAt", "fullAt"] {
            let field = format!("forecast.{forecast}");
            assert_eq!(told.contains(field.as_str()), !objective["forecast"][forecast].is_null(), "{name} {field}");
        }
        let since = objective["window"]["start"].as_str().unwrap();
        let downtime = world.stdout(&["downtime", name, "--since", since, "-o", "json"]);
        let downtime: Value = serde_json::from_str(&downtime).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
        let expected: Vec<(String, String)> = downtime["events"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(|event| (text(&event["startTime"]), text(&event["endTime"])))
            .collect();
        assert_eq!(events(found, name), expected, "{name}");
        let system = objective["systemId"].as_str().unwrap();
        let unlocked: Value = serde_json::from_str(&world.stdout(&["achievements", system, "-o", "json"])).unwrap();
        let unlocked = unlocked["achievements"].as_array().unwrap().iter();
        let expected: Vec<(String, String)> =
            unlocked.map(|one| (text(&one["achievement"]), text(&one["unlockedAt"]))).collect();
        assert!(!expected.is_empty());
        assert_eq!(pairs(found, name, "data-achievement", "data-unlocked"), expected, "{name}");
    }
}

fn events(found: &[Element], objective: &str) -> Vec<(String, String)> {
    pairs(found, objective, "data-start", "data-end")
}

/// The pairs of two attributes on elements in the chapter of an objective.
fn pairs(found: &[Element], objective: &str, first: &str, second: &str) -> Vec<(String, String)> {
    let chapter = found.iter().skip_while(|element| element.get("id") != Some(&format!("o-{objective}"))).skip(1);
    let chapter = chapter.take_while(|element| element.name != "section");
    chapter.filter_map(|element| Some((element.get(first)?.to_owned(), element.get(second)?.to_owned()))).collect()
}

#[test]
fn the_numbers_of_a_page_are_those_of_status_and_downtime() {
    let world = World::new();
    let text = fs::read_to_string(page(&world, "page.html", &[])).unwrap();
    let found = elements(&text);
    holds(&world, &found);
    let order: Vec<&str> =
        found.iter().filter(|element| element.name == "section").filter_map(|one| one.get("data-objective")).collect();
    let expected = objectives(&world);
    let expected: Vec<&str> = expected.iter().map(|one| one["objectiveId"].as_str().unwrap()).collect();
    assert_eq!(order, expected);
}

#[test]
fn a_page_of_some_histories_counts_every_objective_in_groups() {
    let world = World::new();
    let all = objectives(&world);
    let counted = |found: &[Element], key: &dyn Fn(&Value) -> String| {
        let mut expected: Vec<(String, String, usize)> = Vec::new();
        // Groups are sorted by their worst objective, in the order of `status`.
        for objective in &all {
            let name = key(objective);
            if !expected.iter().any(|(known, _, _)| *known == name) {
                for state in ["breaching", "down", "at-risk", "healthy", "no-data"] {
                    let is = |other: &&Value| key(other) == name && other["state"] == state;
                    expected.push((name.clone(), state.to_owned(), all.iter().filter(is).count()));
                }
            }
        }
        let mut group = None;
        let mut told = Vec::new();
        for element in found {
            group = element.get("data-group").or(group.filter(|_| element.name != "section"));
            if let (Some(group), Some(state), Some(count)) =
                (group, element.get("data-state"), element.get("data-count"))
            {
                told.push((group.to_owned(), state.to_owned(), count.parse().unwrap()));
            }
        }
        assert_eq!(told, expected);
    };
    let text = fs::read_to_string(page(&world, "page.html", &["--details", "2"])).unwrap();
    assert!(text.contains(&format!("The 2 worst of {} objectives", all.len())));
    let found = elements(&text);
    counted(&found, &|objective| objective["systemId"].as_str().unwrap().to_owned());
    let chapters: Vec<&str> =
        found.iter().filter(|element| element.name == "section").filter_map(|one| one.get("data-objective")).collect();
    assert_eq!(chapters, [&all[0], &all[1]].map(|objective| objective["objectiveId"].as_str().unwrap()));
    let text = fs::read_to_string(page(&world, "page.html", &["--details", "all", "--by", "label:team"])).unwrap();
    let found = elements(&text);
    holds(&world, &found);
    counted(&found, &|objective| objective["labels"]["team"].as_str().unwrap_or_default().to_owned());
    let none = fs::read_to_string(page(&world, "page.html", &["--details", "0"])).unwrap();
    assert!(elements(&none).iter().all(|element| element.get("data-objective").is_none()));
}

#[test]
fn a_page_needs_nothing_and_runs_nothing() {
    let world = World::new();
    for args in [&[][..], &["--details", "2"]] {
        needs_nothing(&fs::read_to_string(page(&world, "page.html", args)).unwrap());
    }
}

#[track_caller]
fn needs_nothing(text: &str) {
    for outside in ["http://", "https://", "url(\"", "@import", "javascript:", " src="] {
        assert!(!text.contains(outside), "{outside}");
    }
    let found = elements(text);
    for element in &found {
        assert!(
            !["script", "link", "iframe", "object", "embed", "img", "base"].contains(&&*element.name),
            "{element:?}"
        );
        assert!(element.attributes.keys().all(|name| !name.starts_with("on")), "{element:?}");
        if let Some(target) = element.get("href") {
            let id = target.strip_prefix('#').unwrap_or_else(|| panic!("{element:?}"));
            assert!(found.iter().any(|other| other.get("id") == Some(id)), "{target} leads nowhere");
        }
        // Charts describe themselves in words, or are beside the words.
        if element.name == "svg" {
            let told =
                element.get("role") == Some("img") && element.get("aria-label").is_some_and(|text| text.len() > 5);
            assert!(told || element.get("aria-hidden") == Some("true"), "{element:?}");
        }
    }
    let ids: Vec<&str> = found.iter().filter_map(|element| element.get("id")).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id is given twice");
    for part in ["<!doctype html>\n<html lang=\"en\">", "<main>", "<h1", "default-src 'none'", "name=\"viewport\""] {
        assert!(text.replace("&#39;", "'").contains(part), "{part}");
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let world = World::new();
    let manifest = world.path().join("demo/manifests/objectives.yaml");
    let text = fs::read_to_string(&manifest).unwrap();
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    fs::write(&manifest, text.replace("title: Customers can pay", &format!("title: {hostile}"))).unwrap();
    assert!(world.slo(&["apply", "demo/manifests"]).status.success());
    let path = page(&world, "page.html", &["--title", HOSTILE]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.matches("&lt;script&gt;alert(1)").count() >= 3, "the title is shown as it is");
    let check = |text: &str| {
        for element in elements(text) {
            assert!(element.name != "script" && element.get("onload").is_none(), "{element:?}");
        }
    };
    check(&text);
    let badge = world.stdout(&["badge", "mail-delivery", "--label", HOSTILE]);
    check(&badge);
    assert!(badge.contains("&lt;script&gt;"), "{badge}");
    let Some(browser) = Browser::find() else { return };
    let seen = browser.open(&path, 1280, 900);
    assert_eq!(seen.console, [""; 0]);
    check(&seen.dom);
}

#[test]
fn a_browser_shows_the_page_without_complaint() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let path = page(&world, "page.html", &[]);
    let seen = browser.open(&path, 1280, 900);
    assert_eq!(seen.console, [""; 0]);
    holds(&world, &elements(&seen.dom));
    // The browser reports a page that runs something, so silence is meaningful.
    let text = fs::read_to_string(&path).unwrap();
    let broken = world.path().join("broken.html");
    fs::write(&broken, text.replace("<main>", "<main><script>document.title = 'no'</script>")).unwrap();
    let seen = browser.open(&broken, 1280, 900);
    assert!(seen.console.iter().any(|line| line.contains("Content Security Policy")), "{:?}", seen.console);
}

#[test]
fn a_page_is_as_wide_as_its_window() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let text = fs::read_to_string(page(&world, "page.html", &[])).unwrap();
    // Windows have a minimum width, frames do not. A script outside opens and measures their content.
    let escaped = text.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |width: u32| {
        format!("<iframe width=\"{width}\" height=\"900\" style=\"border:0\" srcdoc=\"{escaped}\"></iframe>")
    };
    let script = "<script>onload = () => { for (const frame of document.querySelectorAll('iframe')) {\
                  const page = frame.contentDocument;\
                  for (const one of page.querySelectorAll('details')) one.open = true;\
                  frame.setAttribute('data-seen', page.documentElement.scrollWidth + ' ' + page.body.clientWidth) } }</script>";
    let widths = [320, 360, 390, 768, 1280];
    let measured = world.path().join("measured.html");
    fs::write(&measured, format!("<!doctype html>{}{script}", widths.map(frame).concat())).unwrap();
    let seen = browser.open(&measured, 1400, 900);
    let frames: Vec<Element> = elements(&seen.dom).into_iter().filter(|element| element.name == "iframe").collect();
    assert_eq!(frames.len(), widths.len());
    for (frame, width) in frames.iter().zip(widths) {
        // The body is as wide as the frame, up to its own limit of 68rem.
        assert_eq!(frame.get("data-seen"), Some(&*format!("{width} {}", width.min(1088))), "nothing sticks out");
    }
}

#[test]
fn pictures_of_the_page_are_made_for_people_to_look_at() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let path = page(&world, "page.html", &[]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&folder).unwrap();
    for (name, width) in [("phone", 390), ("desktop", 1280)] {
        let pictures = [("light", false), ("dark", true)].map(|(scheme, dark)| {
            let picture = folder.join(format!("{name}-{scheme}.png"));
            drop(fs::remove_file(&picture));
            browser.draw(&path, width, 2400, dark, &picture);
            let bytes = fs::read(&picture).unwrap();
            // A PNG file has its width and height at bytes 16 to 23.
            assert_eq!(bytes[16..20], width.to_be_bytes());
            bytes
        });
        assert_ne!(pictures[0], pictures[1], "{name}: dark is not light");
    }
}
