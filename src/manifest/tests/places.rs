//! Checks where problems are shown.

use super::*;

/// The positions and messages of the problems of a condition, without the remedies.
fn condition(spec: &str) -> Vec<String> {
    let text = format!("apiVersion: slo/v1\nkind: Condition\nmetadata: {{ name: c }}\nspec:\n{spec}");
    let texts = [objective("a", "web", ""), text].join("---\n");
    let reading = read_sources(&[source("slo.yaml", texts)], &known(&["web"]));
    let place = |problem: &Problem| {
        let Position { line, column } = problem.at.unwrap();
        // The condition's own lines, counted from `apiVersion`.
        format!("{}:{column} {}", line - 9, problem.message)
    };
    reading.problems.iter().map(place).collect()
}

#[test]
fn a_warning_about_a_condition_is_at_the_field_it_is_about() {
    let fraction = |place: &str| format!("{place} budgetRemainingPercent is a percentage, so 0.2 is 0.2%");
    assert_eq!(condition("  when: budgetRemainingPercent < 0.2\n"), [fraction("5:9")]);
    // In a tree, at the number itself.
    let tree = "  when:\n    and:\n      - isBreaching\n      - numeric_state:\n          value: budgetRemainingPercent\n          \
                below: 0.2\n";
    assert_eq!(condition(tree), [fraction("10:18")]);
    let never = condition("  severity: info\n  when: currentStreak < 0\n");
    assert_eq!(never, ["6:9 the condition can never hold: currentStreak is never below 0"]);
    let part = condition("  when: isBreaching || currentStreak < 0\n");
    assert_eq!(part, ["5:9 its part currentStreak < 0 can never hold: currentStreak is never below 0"]);
    let nobody = condition("  when: isBreaching\n  selector: { matchLabels: { team: nobody } }\n");
    assert_eq!(nobody, ["6:13 spec.selector matches no objective"]);
}
