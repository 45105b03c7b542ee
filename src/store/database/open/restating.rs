//! Owns renaming the state `degraded` to `down` in stored conditions.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::domain::plan::object::Object;
use crate::domain::plan::reconcile::field::content_hash;
use crate::store::declared::wire::read_condition;

const OLD: &str = "\"degraded\"";
const NEW: &str = "\"down\"";
const RELATIONS: [&str; 2] = [" == ", " != "];

/// Rewrites stored conditions, and the hashes of their contents.
///
/// # Errors
/// If a stored condition is not JSON.
pub(super) fn rename_states(connection: &Connection) -> Result<()> {
    let sql = "SELECT id, name, body FROM manifest WHERE kind = 'Condition'";
    let stored: Vec<(i64, String, String)> = connection
        .prepare(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, name, body) in stored {
        let mut fields: Value = serde_json::from_str(&body)?;
        let Some(Value::String(expression)) = fields.get_mut("expression") else { continue };
        *expression = renamed(expression);
        let body = fields.to_string();
        // One that cannot be read is reported when it is used.
        let Ok(condition) = read_condition(&name, &body) else { continue };
        let hash = format!("{:016x}", content_hash(&Object::Condition(condition)));
        connection
            .execute("UPDATE manifest SET body = ?2, content_hash = ?3 WHERE id = ?1", params![id, body, hash])?;
    }
    Ok(())
}

/// A stored expression with `degraded` replaced by `down` wherever it is compared with a state.
fn renamed(expression: &str) -> String {
    let mut renamed = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once(OLD) {
        renamed.push_str(before);
        let follows = RELATIONS.iter().find_map(|relation| renamed.strip_suffix(relation)).is_some_and(ends_in_state);
        let field = RELATIONS.iter().find_map(|relation| after.strip_prefix(relation));
        let precedes =
            field.is_some_and(|field| ends_in_state(&field[..field.find([' ', ')']).unwrap_or(field.len())]));
        renamed.push_str(if follows || precedes { NEW } else { OLD });
        rest = after;
    }
    renamed + rest
}

/// Whether the last word is an objective's state.
fn ends_in_state(text: &str) -> bool {
    let before = text.strip_suffix("state");
    before.is_some_and(|before| before.is_empty() || before.ends_with(['.', ' ', '(', '!']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_states_of_objectives_are_renamed() {
        let kept = [
            r#"health.shop.status == "degraded""#,
            r#""degraded" != health["a.state"].status"#,
            r#"("degraded" == health.state.status) for 5m"#,
            r#"state == "breaching" && objectiveId == "degraded""#,
        ];
        for expression in kept {
            assert_eq!(renamed(expression), expression);
        }
        let changed = [
            r#"state == "degraded""#,
            r#""degraded" == state"#,
            r#"slo.shop.state != "degraded" || ("degraded" != slo["a.b"].state)"#,
            r#"("degraded" == slo.shop-up.state || "degraded" == state) for 10m && budgetRemainingPercent < 20"#,
            r#"!(slo.degraded.state == "degraded")"#,
        ];
        for expression in changed {
            assert_eq!(renamed(expression), expression.replace(OLD, NEW));
        }
        let mixed = r#""degraded" == health.shop.status && "degraded" == slo.shop.state"#;
        assert_eq!(renamed(mixed), r#""degraded" == health.shop.status && "down" == slo.shop.state"#);
    }
}
