//! docs/reference/conditions.md: its tables match the output of the commands, and both spellings of its examples are
//! the same condition.

use std::fs;

use crate::world::{REWRITE, World, repository};

const DOCUMENT: &str = "docs/reference/conditions.md";

fn text() -> String {
    fs::read_to_string(repository(DOCUMENT)).unwrap()
}

#[test]
fn tables_are_what_the_commands_print() {
    let mut text = text();
    let world = World::empty();
    let (begin, end) = ("<!-- begin: ", "<!-- end -->");
    let starts: Vec<usize> = text.match_indices(begin).map(|(at, _)| at).collect();
    assert_eq!(starts.len(), 2, "{DOCUMENT} has lost its tables");
    for start in starts.into_iter().rev() {
        let command = &text[start + begin.len()..start + text[start..].find(" -->").unwrap()];
        let args: Vec<&str> = command.split(' ').skip(1).collect();
        let output = world.stdout(&args);
        let shown: String =
            output.lines().filter(|line| line.starts_with('|')).map(|line| [line, "\n"].concat()).collect();
        assert!(shown.lines().count() > 4, "{command}: {output}");
        let from = start + text[start..].find('\n').unwrap() + 1;
        let to = from + text[from..].find(end).unwrap();
        if std::env::var_os(REWRITE).is_some() {
            text.replace_range(from..to, &shown);
        } else {
            assert_eq!(text[from..to], shown, "{DOCUMENT} differs from what {command} prints");
        }
    }
    if std::env::var_os(REWRITE).is_some() {
        fs::write(repository(DOCUMENT), text).unwrap();
    }
}

/// Applies conditions given as specifications, and returns their expressions as they are listed.
fn listed(world: &World, specs: &[String]) -> Vec<String> {
    let mut manifests = "apiVersion: slo/v1\nkind: System\nmetadata: { name: postgres }\nspec: {}\n".to_owned();
    manifests += "---\napiVersion: slo/v1\nkind: SLO\nmetadata: { name: checkout }\nspec: { systemRef: { kind: System, name: postgres }, target: 99.9, windowDays: 30 }\n";
    for (number, spec) in specs.iter().enumerate() {
        let indented: String = spec.lines().map(|line| ["  ", line, "\n"].concat()).collect();
        manifests +=
            &format!("---\napiVersion: slo/v1\nkind: Condition\nmetadata: {{ name: c{number:03} }}\nspec:\n{indented}");
    }
    fs::write(world.path().join("conditions.yaml"), manifests).unwrap();
    let db = world.path().join("slo.db").display().to_string();
    let output = world.slo(&["apply", "conditions.yaml", "--db", &db]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = world.stdout(&["list", "conditions", "-o", "json", "--db", &db]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let conditions = shown["conditions"].as_array().unwrap();
    conditions.iter().map(|condition| condition["expression"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn both_spellings_of_every_row_are_one_condition() {
    let text = text();
    let rows = text.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.contains("` | `"));
    let pairs: Vec<(String, String)> = rows
        .map(|row| {
            let row = row.replace("\\|", "¦");
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let code = |cell: &str| cell.trim_matches('`').replace('¦', "|");
            (code(cells[2]), code(cells[3]))
        })
        .collect();
    assert!(pairs.len() >= 13, "{pairs:?}");
    let yaml = pairs
        .iter()
        .map(|(yaml, _)| if yaml.starts_with('{') { format!("when: {yaml}") } else { format!("when:\n  {yaml}") });
    let expressions: Vec<&str> = pairs.iter().map(|(_, expression)| expression.as_str()).collect();
    assert_eq!(listed(&World::empty(), &yaml.collect::<Vec<_>>()), expressions);
    let written = expressions.iter().map(|expression| format!("when: {}", serde_json::json!(expression)));
    assert_eq!(listed(&World::empty(), &written.collect::<Vec<_>>()), expressions);
}

#[test]
fn the_manifest_and_its_expression_are_one_condition() {
    let text = text();
    let fenced = |language: &str| {
        let start = text.find(language).unwrap() + language.len();
        text[start..start + text[start..].find("```").unwrap()].to_owned()
    };
    let (manifest, expression) = (fenced("```yaml\n"), fenced("```text\n"));
    let spec: String = manifest
        .split_once("spec:\n")
        .unwrap()
        .1
        .lines()
        .map(|line| [line.strip_prefix("  ").unwrap(), "\n"].concat())
        .collect();
    assert_eq!(listed(&World::empty(), &[spec]), [expression.trim_end()]);
}
