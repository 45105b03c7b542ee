//! Owns connecting to a server: which of several, the time limit, encryption, and what a failure means.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::Result;
use postgres::config::{SslMode, TargetSessionAttrs};
use postgres::{Client, Config, NoTls};

use super::address::{Address, Encryption, Server, Wanted};
use super::encryption;
use super::faults::{self, Lost};
use crate::failure::Failure;

/// After this long without data from the server, the system checks that it is alive.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Connects to the first acceptable server.
///
/// # Errors
/// If there is none: the error of the last one, and [`Lost`] if another try may succeed soon.
pub(super) fn connect(address: &Address) -> Result<Client> {
    let mut failed = None;
    for server in &address.servers {
        match connect_to(address, server) {
            Ok(client) => return Ok(client),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| Failure::new("the address of the database names no host", "name one")))
}

fn connect_to(address: &Address, server: &Server) -> Result<Client> {
    let place = if server.socket_folder().is_some() {
        format!("{}/.s.PGSQL.{}", server.host, server.port)
    } else {
        format!("{}:{}", server.host, server.port)
    };
    let config = config(address, server);
    let first = attempt(address, server, config.clone());
    // If encryption is optional, it tries the other way next, as libpq does.
    let other = match (&first, address.encryption) {
        (Err(Refused::Failed(error)), Encryption::Prefer) if is_of_encryption(error) => Some(SslMode::Disable),
        (Err(Refused::Failed(error)), Encryption::Allow) if error.as_db_error().is_some() => Some(SslMode::Require),
        _ => None,
    };
    let done = match other {
        Some(mode) => {
            let mut config = config;
            config.ssl_mode(mode);
            attempt(address, server, config).or(first)
        }
        None => first,
    };
    done.map_err(|refused| refused.explain(address, &place))
}

/// Why there is no connection.
enum Refused {
    Failed(postgres::Error),
    Certificates(anyhow::Error),
    Silent,
}

impl Refused {
    fn explain(self, address: &Address, place: &str) -> anyhow::Error {
        match self {
            Self::Certificates(error) => error,
            Self::Silent => Lost::error(
                format!("{place} has not answered within {} s", address.connect_timeout.as_secs()),
                "check the address and the network; connect_timeout=SECONDS in the address waits longer",
            ),
            Self::Failed(error) => faults::of_connecting(&error, place, address),
        }
    }
}

/// Connects on a thread, because nothing else ends the wait for a server that accepts a connection and then says
/// nothing.
fn attempt(address: &Address, server: &Server, config: Config) -> Result<Client, Refused> {
    let is_encrypted = config.get_ssl_mode() != SslMode::Disable && server.socket_folder().is_none();
    let connector =
        if is_encrypted { Some(encryption::connector(address).map_err(Refused::Certificates)?) } else { None };
    let (sender, connected) = sync_channel(1);
    let connecting = std::thread::Builder::new().name("connect".to_owned()).spawn(move || {
        let client = match connector {
            Some(connector) => config.connect(connector),
            None => config.connect(NoTls),
        };
        drop(sender.send(client));
    });
    if let Err(error) = connecting {
        return Err(Refused::Certificates(anyhow::Error::new(error).context("starting a thread")));
    }
    match connected.recv_timeout(address.connect_timeout) {
        Ok(client) => client.map_err(Refused::Failed),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Refused::Silent),
    }
}

fn config(address: &Address, server: &Server) -> Config {
    let mut config = Config::new();
    match server.socket_folder() {
        #[cfg(unix)]
        Some(folder) => drop(config.host_path(folder)),
        _ => drop(config.host(&server.host)),
    }
    config.port(server.port).user(&address.user).dbname(&address.database).application_name(&address.application);
    config.connect_timeout(address.connect_timeout).keepalives(true).keepalives_idle(KEEPALIVE);
    config.keepalives_interval(KEEPALIVE / 2).keepalives_retries(3);
    config.target_session_attrs(match address.wanted {
        Wanted::Any => TargetSessionAttrs::Any,
        Wanted::ReadWrite => TargetSessionAttrs::ReadWrite,
        Wanted::ReadOnly => TargetSessionAttrs::ReadOnly,
    });
    config.ssl_mode(match address.encryption {
        _ if server.socket_folder().is_some() => SslMode::Disable,
        Encryption::Disable | Encryption::Allow => SslMode::Disable,
        Encryption::Prefer => SslMode::Prefer,
        Encryption::Require | Encryption::VerifyCa | Encryption::VerifyFull => SslMode::Require,
    });
    if let Some(password) = address.password_for(server) {
        config.password(password);
    }
    if let Some(options) = &address.options {
        config.options(options);
    }
    config
}

fn is_of_encryption(error: &postgres::Error) -> bool {
    error.to_string().contains("TLS")
}
