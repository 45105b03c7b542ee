//! Owns the content of a shared store's address: a URL or `key=value` pairs as libpq reads them, its environment, and
//! the defaults.

mod naming;
mod reading;
mod writing;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

pub(crate) use reading::{is_address, shows_password, without_password};

use self::naming::{SCHEMA, schema};
use self::reading::ENCODE;
use super::passwords;
use crate::domain::value::duration::parse_millis;
use crate::failure::Failure;

const PORT: u16 = 5432;
/// How long connecting to a server may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction that the server aborted is retried.
const RETRY_FOR: Duration = Duration::from_secs(30);
/// Where servers have their sockets.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// Keys of an address, each with the variable used if the address does not have it.
const KNOWN: [(&str, &str); 16] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("fallback_application_name", ""),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("schema", "SLO_SCHEMA"),
    ("retry_for", "SLO_RETRY_FOR"),
];

/// How the connection must be encrypted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Encryption {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Encryption {
    const ALL: [(&'static str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

/// Which of several servers is acceptable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Server {
    /// A name, an address, or the folder of a socket.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn socket_folder(&self) -> Option<&Path> {
        self.host.starts_with('/').then(|| Path::new(&self.host))
    }
}

/// Where a shared store is and how to connect to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) servers: Vec<Server>,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) passfile: Option<PathBuf>,
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) encryption: Encryption,
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) options: Option<String>,
    pub(super) application: String,
    pub(super) wanted: Wanted,
    pub(super) connect_timeout: Duration,
    pub(super) retry_for: Duration,
    /// All parameters, also those of the environment.
    given: BTreeMap<&'static str, String>,
}

/// As it is shown: without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user)?;
        for (index, Server { host, port }) in self.servers.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let host = if host.contains(':') { format!("[{host}]") } else { host.replace('/', "%2F") };
            write!(f, "{separator}{host}")?;
            if *port != PORT {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.database)?;
        if self.schema == SCHEMA { Ok(()) } else { write!(f, "?schema={}", self.schema) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Address {
    /// The same with a connect timeout of at most `most`.
    pub(crate) fn at_most_waiting(self, most: Duration) -> Self {
        Self { connect_timeout: self.connect_timeout.min(most), ..self }
    }

    /// Reads an address; the environment or a default supplies what it does not say.
    ///
    /// # Errors
    /// If it is invalid. Errors never quote what may be a password.
    pub(crate) fn parse(text: &str, env: &BTreeMap<OsString, OsString>) -> Result<Self> {
        let given = reading::pairs(text)?;
        let mut values = BTreeMap::new();
        for (key, value) in given {
            let known = KNOWN.iter().find(|(known, _)| *known == key).ok_or_else(|| unknown(&key))?;
            values.insert(known.0, value);
        }
        let of_env = |name: &str| env.get(OsStr::new(name)).map(|value| value.to_string_lossy().into_owned());
        for (key, variable) in KNOWN {
            if !values.contains_key(key)
                && let Some(value) = of_env(variable).filter(|value| !value.is_empty())
            {
                values.insert(key, value);
            }
        }
        let given = values.clone();
        let mut take = |key: &str| values.remove(key).filter(|value| !value.is_empty());
        let servers = servers(take("hostaddr").or_else(|| take("host")), take("port"))?;
        let user = take("user").or_else(|| of_env("USER").or_else(|| of_env("LOGNAME"))).ok_or_else(|| {
            Failure::new(
                "the address of the database names no user",
                "write postgres://USER@HOST/DATABASE or set PGUSER",
            )
        })?;
        let home = of_env("HOME").map(PathBuf::from);
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        Ok(Self {
            database: take("dbname").unwrap_or_else(|| user.clone()),
            password: take("password"),
            passfile: take("passfile").map(PathBuf::from).or_else(|| in_home(".pgpass")),
            schema: schema(take("schema"))?,
            encryption: choice("sslmode", take("sslmode"), &Encryption::ALL, Encryption::Prefer)?,
            root_certificates: take("sslrootcert")
                .map(PathBuf::from)
                .or_else(|| in_home(".postgresql/root.crt").filter(|path| path.exists())),
            options: take("options"),
            application: take("application_name")
                .or_else(|| take("fallback_application_name"))
                .unwrap_or_else(|| "slo".to_owned()),
            wanted: choice(
                "target_session_attrs",
                take("target_session_attrs"),
                &[
                    ("any", Wanted::Any),
                    ("read-write", Wanted::ReadWrite),
                    ("primary", Wanted::ReadWrite),
                    ("read-only", Wanted::ReadOnly),
                    ("standby", Wanted::ReadOnly),
                    ("prefer-standby", Wanted::Any),
                ],
                Wanted::Any,
            )?,
            connect_timeout: connect_timeout(take("connect_timeout"))?,
            retry_for: retry_for(take("retry_for"))?,
            servers,
            user,
            given,
        })
    }

    /// The password for a server: the address's, else the one in the password file.
    pub(super) fn password_for(&self, server: &Server) -> Option<String> {
        let of_file = || passwords::find(self.passfile.as_deref()?, server, &self.database, &self.user);
        self.password.clone().or_else(of_file)
    }
}

fn unknown(key: &str) -> anyhow::Error {
    let known: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
    Failure::new(
        format!("the address of the database has an unknown parameter {key:?}"),
        format!("expected one of {}", known.join(", ")),
    )
}

fn servers(hosts: Option<String>, ports: Option<String>) -> Result<Vec<Server>> {
    let hosts = hosts.unwrap_or_else(|| {
        let socket = SOCKETS.iter().find(|folder| Path::new(folder).join(format!(".s.PGSQL.{PORT}")).exists());
        socket.map_or_else(|| "localhost".to_owned(), |folder| (*folder).to_owned())
    });
    let ports: Vec<u16> = ports.unwrap_or_default().split(',').map(port).collect::<Result<_>>()?;
    let hosts: Vec<&str> = hosts.split(',').collect();
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(Failure::new(
            format!("the address of the database names {} hosts and {} ports", hosts.len(), ports.len()),
            "name one port for all, or one for each host",
        ));
    }
    let server = |(index, host): (usize, &&str)| {
        let host = if host.is_empty() { "localhost" } else { host };
        Server { host: host.to_owned(), port: ports[if ports.len() == 1 { 0 } else { index }] }
    };
    Ok(hosts.iter().enumerate().map(server).collect())
}

fn port(text: &str) -> Result<u16> {
    if text.is_empty() {
        return Ok(PORT);
    }
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        // It may be the beginning of a password.
        Failure::new("invalid port in the address of the database", format!("expected a number up to 65535; {ENCODE}"))
    })
}

fn choice<T: Copy>(key: &str, text: Option<String>, choices: &[(&str, T)], otherwise: T) -> Result<T> {
    let Some(text) = text else { return Ok(otherwise) };
    let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
        Failure::new(
            format!("invalid {key} {text:?} in the address of the database"),
            format!("expected one of {}", names()),
        )
    })
}

/// Whole seconds, as in libpq: 0 means no limit, and the shortest is two.
fn connect_timeout(text: Option<String>) -> Result<Duration> {
    let Some(text) = text else { return Ok(CONNECT_TIMEOUT) };
    let seconds = text.parse::<u64>().map_err(|_| {
        Failure::new(
            format!("invalid connect_timeout {text:?} in the address of the database"),
            "expected whole seconds, such as 10",
        )
    })?;
    Ok(if seconds == 0 { Duration::from_hours(24) } else { Duration::from_secs(seconds.max(2)) })
}

fn retry_for(text: Option<String>) -> Result<Duration> {
    let Some(text) = text else { return Ok(RETRY_FOR) };
    let millis = if text == "0" { Some(0) } else { parse_millis(&text) };
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis.map(Duration::from_millis).ok_or_else(|| {
        Failure::new(format!("invalid retry_for {text:?}"), "expected a duration such as 30s, or 0 to try once")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    fn parse(text: &str) -> Address {
        Address::parse(text, &env(&[("USER", "me")])).unwrap()
    }

    #[test]
    fn urls_and_pairs_say_the_same() {
        let url = parse("postgres://slo:s%20x@db-1:5433,db-2/main?sslmode=verify-full&schema=ops&connect_timeout=3");
        let pairs = parse(
            r"host=db-1,db-2 port=5433,5432 user = slo password='s x' dbname=main sslmode=verify-full schema=ops connect_timeout=3",
        );
        assert_eq!(url.to_string(), "postgres://slo@db-1:5433,db-2/main?schema=ops");
        assert!(url == pairs, "{url} {pairs}");
        assert_eq!((url.password.as_deref(), url.encryption), (Some("s x"), Encryption::VerifyFull));
        assert_eq!(url.connect_timeout, Duration::from_secs(3));
    }

    #[test]
    fn what_is_not_said_the_environment_says_and_then_a_default() {
        let given =
            env(&[("PGUSER", "slo"), ("PGPORT", "6000"), ("PGHOST", "h"), ("PGPASSWORD", "secret"), ("HOME", "/x")]);
        let address = Address::parse("postgres:///main", &given).unwrap();
        assert_eq!(address.to_string(), "postgres://slo@h:6000/main");
        assert_eq!(address.password.as_deref(), Some("secret"));
        assert_eq!(address.passfile.as_deref(), Some(Path::new("/x/.pgpass")));
        let address = parse("postgres://[::1]/");
        assert_eq!((address.to_string().as_str(), address.database.as_str()), ("postgres://me@[::1]/me", "me"));
        assert_eq!((address.retry_for, address.encryption), (RETRY_FOR, Encryption::Prefer));
        let address = parse("postgresql://%2Frun%2Fpg/db");
        assert_eq!(address.servers[0].socket_folder(), Some(Path::new("/run/pg")));
        assert_eq!(address.to_string(), "postgres://me@%2Frun%2Fpg/db");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_password_is_repeated() {
        for (text, told) in [
            ("postgres://u:topsecret@h/db?sslmod=require", "unknown parameter \"sslmod\""),
            ("postgres://u:topsecret@h/db?sslmode=full", "invalid sslmode \"full\""),
            ("postgres://u:topsecret@h:x/db", "invalid port in"),
            ("postgres://u:top/secret@h/db", "an @ after its first / or ?"),
            ("postgres://u:12/secret@h:1/db", "/ as %2F"),
            ("postgres://u:top?secret@h/db", "? as %3F"),
            ("postgres://u:top?schema=secret@h/db", "? as %3F"),
            ("postgres://u:p@top/secret@h/db", "an @ after its first / or ?"),
            ("postgres://u:topsecret/db", "invalid port in"),
            ("postgres://u:topsecret:1/db", "more than one colon"),
            ("host=h password=top secret=x", "unknown parameter after the password"),
            ("postgres://u:topsecret@h/db?schema=A-b", "invalid schema \"A-b\""),
            ("postgres://u:topsecret@h/db?connect_timeout=soon", "invalid connect_timeout"),
            ("host=h password='topsecret", "quote"),
            ("host=h password", "\"password\" has no value"),
            ("host=h password=top secret", "a word has no value"),
            ("postgres://u:top%zzsecret@h/db", "percent"),
        ] {
            let error = Address::parse(text, &env(&[("USER", "me")])).unwrap_err();
            let all = format!("{error:#} {}", Failure::hint(&error).unwrap_or_default());
            assert!(all.contains(told), "{text}: {all}");
            assert!(!all.contains("secret"), "{all}");
        }
        let shown = format!("{:?}", parse("postgres://u:topsecret@h/db"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
