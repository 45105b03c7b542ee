//! Owns the name of a shared store's schema: one that needs no quotes, so that it is written the same everywhere.

use anyhow::Result;

use crate::failure::Failure;

/// The schema of everything of slo, unless the address names another.
pub(super) const SCHEMA: &str = "slo";
/// The words that cannot name a schema without quotes, in PostgreSQL 12 to 18.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation \
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time \
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full \
    grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime \
    localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right \
    select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using \
    variadic verbose when where window with";

/// The name of the schema, as given or the usual one.
///
/// # Errors
/// If it would need quotes, or belongs to the server.
pub(super) fn schema(name: Option<String>) -> Result<String> {
    let name = name.unwrap_or_else(|| SCHEMA.to_owned());
    let what = format!("invalid schema {name:?} in the address of the database");
    let is_word = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_word || !name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') || name.len() > 63 {
        return Err(Failure::new(what, "expected up to 63 of a-z, 0-9 and _, beginning with a letter or _"));
    }
    if RESERVED.split_whitespace().any(|word| word == name) {
        return Err(Failure::new(
            format!("{what}: SQL reserves this word"),
            format!("name another one, such as slo_{name}"),
        ));
    }
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(Failure::new(
            format!("{what}: PostgreSQL reserves this name"),
            "name another one, such as slo_prod",
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_needs_quotes_or_belongs_to_the_server_is_refused() {
        for name in ["slo", "public", "_x", "value", "users", "order_1", &"a".repeat(63)] {
            assert_eq!(schema(Some(name.to_owned())).unwrap(), name);
        }
        for (name, told) in [
            ("user", "SQL reserves this word"),
            ("order", "SQL reserves this word"),
            ("left", "SQL reserves this word"),
            ("pg_slo", "PostgreSQL reserves this name"),
            ("information_schema", "PostgreSQL reserves this name"),
            ("Slo", "invalid schema \"Slo\""),
            ("1st", "invalid schema \"1st\""),
            (&"a".repeat(64), "invalid schema"),
        ] {
            let error = schema(Some(name.to_owned())).unwrap_err();
            assert!(format!("{error:#}").contains(told), "{error:#}");
        }
    }
}
