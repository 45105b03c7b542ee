//! Owns telling database files from URLs: a URL is never taken for a file. Addresses of PostgreSQL are in `shared`.

use std::path::Path;

use anyhow::Result;

use crate::failure::Failure;

/// Schemes that other programs use for databases, also without slashes: `sqlite:shop.db`, `file:shop.db?mode=ro`.
const SCHEMES: [&str; 6] = ["file", "sqlite", "sqlite3", "postgres", "postgresql", "jdbc"];

/// Checks that `path` names a file.
///
/// # Errors
/// If it is a URL. The rest of it may hold a password and is not repeated.
pub(crate) fn expect_file(path: &Path) -> Result<()> {
    let text = path.to_string_lossy();
    let Some(scheme) = scheme(&text) else { return expect_no_url(&text) };
    let what =
        format!("\"{scheme}:…\" is not a database: slo opens SQLite files by path, and PostgreSQL by postgres://…");
    let remedy = match scheme.to_ascii_lowercase().as_str() {
        "file" | "sqlite" | "sqlite3" => "write the path alone, such as --db /var/lib/slo/slo.db",
        "postgres" | "postgresql" => "name a file",
        _ => "name a SQLite file or a postgres:// URL with --db or SLO_DB",
    };
    Err(Failure::new(what, format!("{remedy}; if a file really has that name, write ./{scheme}:…")))
}

/// Checks that a name does not contain the URL of a server, which may hold a password and would be shown.
fn expect_no_url(text: &str) -> Result<()> {
    let name = text.to_ascii_lowercase();
    if text.starts_with(['/', '.']) || !["postgres://", "postgresql://"].iter().any(|url| name.contains(url)) {
        return Ok(());
    }
    Err(Failure::new(
        "the name of the database contains the address of a server and something before it",
        "write only the address: postgres://USER@HOST/DATABASE; if a file really has that name, write ./ before it",
    ))
}

/// The scheme of a URL, as in RFC 3986. One letter is a Windows drive.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let letters = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    let is_scheme = scheme.len() > 1 && letters && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (is_scheme && (known || rest.starts_with("//"))).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_file_names() {
        for url in [
            "postgres://user@host/db",
            "PostgreSQL://host",
            "postgres:db",
            "mysql://h/d",
            "http://h/slo.db",
            "s3+x://bucket/slo.db",
            "file:///var/lib/slo.db",
            "file:x?mode=memory",
            "sqlite:shop.db",
            "jdbc:sqlite:shop.db",
            "SLO_DB=postgres://host",
            "psql PostgreSQL://host",
            "\"postgres://host",
        ] {
            assert!(expect_file(Path::new(url)).is_err(), "{url}");
        }
        for file in [
            "slo.db",
            "./postgres://host",
            "/var/lib/slo.db",
            ":memory:",
            "C:\\slo.db",
            "c://slo.db",
            "at-12:30.db",
            "a b://c",
            "2026://x",
            "",
            "://x",
            "files:x",
        ] {
            assert!(expect_file(Path::new(file)).is_ok(), "{file}");
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        for url in ["postgres://user:secret@host/db", "SLO_DB=postgres://user:secret@host/db"] {
            let error = expect_file(Path::new(url)).unwrap_err();
            let hint = Failure::hint(&error).unwrap_or_default();
            assert!(!format!("{error:#}{hint}").contains("secret"), "{error:#} {hint}");
        }
    }
}
