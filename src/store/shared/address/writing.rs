//! Owns writing an address out for another environment: as a URL with everything it says, except the password.

use std::path::Path;

use super::{Address, PORT, Server};

/// The parameters that a URL has elsewhere, or not at all.
const APART: [&str; 6] = ["host", "hostaddr", "port", "user", "password", "dbname"];

impl Address {
    /// Whether it says the password, or the environment does.
    pub(crate) fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// As a URL that means the same without the environment it was read in, except that it has no password.
    pub(crate) fn written(&self) -> String {
        let servers: Vec<String> = self.servers.iter().map(server).collect();
        let mut url = format!("postgres://{}@{}/{}", encoded(&self.user), servers.join(","), encoded(&self.database));
        let others = self.given.iter().filter(|(key, value)| !APART.contains(key) && !value.is_empty());
        for (index, (key, value)) in others.enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let is_file = matches!(*key, "passfile" | "sslrootcert");
            let whole = is_file.then(|| std::path::absolute(Path::new(value)).ok()).flatten();
            let value = whole.as_deref().and_then(Path::to_str).unwrap_or(value);
            url.push_str(&format!("{separator}{key}={}", encoded(value)));
        }
        url
    }
}

fn server(Server { host, port }: &Server) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { encoded(host) };
    if *port == PORT { host } else { format!("{host}:{port}") }
}

/// A text with everything percent-encoded that a URL, a shell or a crontab could take for something else.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn a_written_address_says_everything_but_the_password() {
        let env: BTreeMap<OsString, OsString> =
            [("USER", "me"), ("PGSSLMODE", "require")].map(|(name, value)| (name.into(), value.into())).into();
        for (text, written) in [
            ("postgres://h/d", "postgres://me@h/d?sslmode=require"),
            (
                "postgres://u:topsecret@h:6000,[::1]/d?schema=ops&retry_for=5s&sslmode=disable",
                "postgres://u@h:6000,[::1]/d?retry_for=5s&schema=ops&sslmode=disable",
            ),
            (
                "host=/run/pg user='a @b' password=topsecret dbname=d options='-c x=y'",
                "postgres://a%20%40b@%2Frun%2Fpg/d?options=-c%20x%3Dy&sslmode=require",
            ),
        ] {
            let address = Address::parse(text, &env).unwrap();
            assert_eq!(address.written(), written, "{text}");
            assert_eq!(address.has_password(), text.contains("secret"), "{text}");
            assert_eq!(Address::parse(written, &BTreeMap::new()).unwrap().written(), written);
        }
    }
}
