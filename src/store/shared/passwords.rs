//! Owns finding a password in libpq's password file, which has a `host:port:database:user:password` per line.

use std::fs;
use std::path::Path;

use super::address::Server;

/// The password of the first matching line; `None` if the file is missing, or others may read it.
pub(super) fn find(file: &Path, server: &Server, database: &str, user: &str) -> Option<String> {
    if !is_private(file) {
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    // Sockets are matched as localhost.
    let host = if server.socket_folder().is_some() { "localhost" } else { &server.host };
    let wanted = [host, &server.port.to_string(), database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, keys) = fields.split_last().filter(|(_, keys)| keys.len() == wanted.len())?;
        let fits = |(key, wanted): (&String, &&str)| key == "*" || key == wanted;
        let is_folder = keys[0] == server.host && keys[1..].iter().zip(&wanted[1..]).all(fits);
        (is_folder || keys.iter().zip(&wanted).all(fits)).then(|| password.clone())
    })
}

/// Whether only its owner may read it, as libpq requires.
#[cfg(unix)]
fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|known| known.is_file() && known.permissions().mode().trailing_zeros() >= 6)
}

#[cfg(not(unix))]
fn is_private(file: &Path) -> bool {
    file.is_file()
}

/// The fields of a line; a backslash escapes the next character.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let last = fields.len() - 1;
        match letter {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields[last].extend(letters.next()),
            other => fields[last].push(other),
        }
    }
    fields
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password_and_a_file_that_others_may_read_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgpass");
        fs::write(&file, "# a note\nother:*:*:*:no\ndb:5433:*:slo:a\\:b\\\\:c\n*:*:main:*:any\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let find =
            |host: &str, port, database: &str| find(&file, &Server { host: host.to_owned(), port }, database, "slo");
        assert_eq!(find("db", 5433, "x").as_deref(), Some("a:b\\:c"));
        assert_eq!(find("db", 5432, "main").as_deref(), Some("any"));
        assert_eq!(find("/tmp", 5432, "main").as_deref(), Some("any"));
        assert_eq!(find("db", 5432, "x"), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find("db", 5433, "x"), None);
    }
}
