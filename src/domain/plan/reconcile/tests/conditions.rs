//! Owns examples of plans with conditions.

use super::*;
use crate::domain::rules::condition::{Scope, Severity};

#[test]
fn a_changed_condition_says_which_of_its_parts_differ() {
    let before = condition("c", "((isBreaching) for 15m) at least 3 times in 1h", Scope::All, Severity::Info);
    let labels = BTreeMap::from([("team".to_owned(), "payments".to_owned())]);
    let scope = Scope::Matching(crate::domain::value::selector::Selector::labels(&labels));
    let after = condition("c", "(health.db.status != \"healthy\") for 10m", scope, Severity::Critical);
    let changes = diff(&[after], &held(&[before]), &terms(false)).update.remove(0).changes;
    let said: Vec<String> = changes
        .iter()
        .map(|change| format!("{}: {:?} {:?}", change.path, change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            "spec.selector.matchLabels.team: None Some(\"payments\")",
            "spec.when: Some(\"isBreaching\") Some(\"health.db.status != \\\"healthy\\\"\")",
            "spec.for: Some(\"15m\") Some(\"10m\")",
            "spec.severity: Some(\"info\") Some(\"critical\")",
            "spec.atLeast.times: Some(\"3\") None",
            "spec.atLeast.within: Some(\"1h\") None",
        ]
    );
}

#[test]
fn a_condition_holds_on_to_what_it_names() {
    let on_system = condition("c", "health.db.inStatusFor > 10m", Scope::All, Severity::Info);
    let on_objective = condition("d", "slo.gone.isBreaching", Scope::Objective(name("o")), Severity::Info);
    let faults = conflicts(&[&on_system, &on_objective], &BTreeSet::new());
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Condition c: spec.when names the system db, which would have neither a manifest nor a transition",
            "Condition d: spec.objectiveRef names the objective o, which would have no manifest",
            "Condition d: spec.when names the objective gone, which would have no manifest",
        ]
    );
}
