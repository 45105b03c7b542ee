//! Owns parsing the address of a server: URLs, and `key=value` pairs with their quotes.

use anyhow::Result;

use crate::failure::Failure;

const SCHEMES: [&str; 2] = ["postgres", "postgresql"];
pub(super) const ENCODE: &str =
    "in a user, a password and the rest, write % as %25, / as %2F, : as %3A, ? as %3F and @ as %40";
const SHAPE: &str = "write postgres://USER@HOST/DATABASE, or key=value pairs such as \"host=db user=slo dbname=slo\"";

/// Whether a text is the address of a server: a URL, or pairs whose first key is one of an address.
pub(crate) fn is_address(text: &str) -> bool {
    let text = bare(text);
    if let Some((scheme, _)) = text.split_once("://") {
        return SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    }
    let key = text.split_once('=').map(|(key, _)| key.trim());
    key.is_some_and(is_known)
}

fn is_known(key: &str) -> bool {
    super::KNOWN.iter().any(|(known, _)| *known == key)
}

/// A text without what the files of an environment leave around it: blanks, and a pair of quotes.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    quoted.map_or(text, str::trim)
}

/// Whether an address contains a password.
pub(crate) fn shows_password(text: &str) -> bool {
    is_address(text) && pairs(text).is_ok_and(|pairs| pairs.iter().any(|(key, _)| key == "password"))
}

/// An address that contains a password, or may contain one, as pairs without it.
pub(crate) fn without_password(text: &str) -> Option<String> {
    if !is_address(text) {
        return None;
    }
    let Ok(mut pairs) = pairs(text) else { return Some("postgres://".to_owned()) };
    let before = pairs.len();
    pairs.retain(|(key, _)| key != "password");
    let pair = |(key, value): &(String, String)| {
        let value = value.replace('\\', "\\\\").replace('\'', "\\'");
        format!("{key}='{value}'")
    };
    (pairs.len() < before).then(|| pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
}

/// The pairs of an address, with libpq's names.
///
/// # Errors
/// If it cannot be parsed.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let text = bare(text);
    match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => url(rest),
        _ => key_values(text),
    }
}

fn url(rest: &str) -> Result<Vec<(String, String)>> {
    // What follows the first / or ? may be the rest of a password: no message may show it as a database, say.
    if rest.find(['/', '?']).is_some_and(|end| rest[end..].contains('@')) {
        return Err(Failure::new("the address of the database has an @ after its first / or ?", ENCODE));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    // The same of what follows the first colon of a host.
    if hosts.split(',').any(|host| !host.starts_with('[') && host.matches(':').count() > 1) {
        let remedy = format!("write an IPv6 address in brackets, as in [::1]; {ENCODE}");
        return Err(Failure::new("a host in the address of the database has more than one colon", remedy));
    }
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let mut found = Vec::new();
    let mut put = |key: &str, value: &str| -> Result<()> {
        if !value.is_empty() {
            found.push((key.to_owned(), decoded(value)?));
        }
        Ok(())
    };
    put("user", user)?;
    put("password", password)?;
    put("dbname", database)?;
    let (names, ports): (Vec<&str>, Vec<&str>) = hosts.split(',').map(host_and_port).unzip();
    if !hosts.is_empty() {
        put("host", &names.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        let ports: Vec<&str> = ports.iter().map(|port| if port.is_empty() { "5432" } else { port }).collect();
        put("port", &ports.join(","))?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| valueless(pair))?;
        let (key, value) = (decoded(key)?, decoded(value)?);
        // JDBC's spelling.
        let is_ssl = key == "ssl" && value == "true";
        found.push(if is_ssl { ("sslmode".to_owned(), "require".to_owned()) } else { (key, value) });
    }
    Ok(found)
}

/// A host with its port; an IPv6 address is in brackets.
fn host_and_port(text: &str) -> (&str, &str) {
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').unwrap_or_default());
    }
    text.rsplit_once(':').unwrap_or((text, ""))
}

fn decoded(text: &str) -> Result<String> {
    let malformed =
        || Failure::new("the address of the database has a % that does not begin a percent-encoded byte", ENCODE);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(malformed)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| malformed())?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| Failure::new("the address of the database is not UTF-8", SHAPE))
}

fn key_values(text: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let after = after.trim_start().strip_prefix('=').ok_or_else(|| valueless(key))?;
        // The rest of a password with a space in it is not repeated as the name of a parameter.
        if !is_known(key) && found.iter().any(|(earlier, _)| earlier == "password") {
            return Err(Failure::new(
                "the address of the database has an unknown parameter after the password",
                "if the password contains a space, put it in quotes: password='…'",
            ));
        }
        let (value, after) = value(after.trim_start())?;
        found.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(found)
}

/// A value, in quotes or up to a space, and the rest.
fn value(text: &str) -> Result<(String, &str)> {
    let quoted = text.strip_prefix('\'');
    let mut value = String::new();
    let rest = quoted.unwrap_or(text);
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted.is_some() => return Ok((value, &rest[at + 1..])),
            space if quoted.is_none() && space.is_whitespace() => return Ok((value, &rest[at..])),
            other => value.push(other),
        }
    }
    if quoted.is_some() {
        return Err(Failure::new("the address of the database has a quote that does not end", SHAPE));
    }
    Ok((value, ""))
}

/// A part without a value may be the end of a password with a space in it, so only known parameters are quoted.
fn valueless(key: &str) -> anyhow::Error {
    let key = if is_known(key) { format!("{key:?}") } else { "a word".to_owned() };
    Failure::new(format!("the address of the database: {key} has no value"), SHAPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_files() {
        for address in [
            "postgres://h/d",
            "PostgreSQL://",
            "host=/tmp dbname=slo",
            "dbname = slo",
            "user=slo",
            "connect_timeout=3 host=h",
            " postgres://h/d\n",
            "\"postgres://h/d\"",
            "' host=h dbname=slo '",
        ] {
            assert!(is_address(address), "{address}");
        }
        assert_eq!(pairs(" 'postgres://h/d' ").unwrap(), pairs("postgres://h/d").unwrap());
        for file in ["slo.db", "./host=x", "a=b.db", "/data/host=1/slo.db", "mysql://h/d", "postgres"] {
            assert!(!is_address(file), "{file}");
        }
    }
}
