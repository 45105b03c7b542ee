//! Owns what errors of a server mean: whether a retry may help, and what to report.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use postgres::error::SqlState;

use super::address::{Address, Wanted};
use crate::failure::Failure;
use crate::store::database::open::explain;

/// A failure that may pass: the connection was lost, the server is starting or stopping, or another process was faster.
#[derive(Debug)]
pub(super) struct Lost {
    what: String,
    hint: &'static str,
    /// Whether only another server can help.
    elsewhere: bool,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Lost {}

impl Lost {
    pub(super) fn error(what: String, hint: &'static str) -> anyhow::Error {
        anyhow::Error::new(Self { what, hint, elsewhere: false })
    }
}

/// Whether a retry from the beginning may succeed.
pub(super) fn is_passing(error: &anyhow::Error, address: &Address) -> bool {
    error.downcast_ref::<Lost>().is_some_and(|lost| !lost.elsewhere || address.servers.len() > 1)
}

/// Whether only another server can help.
pub(super) fn is_elsewhere(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Lost>().is_some_and(|lost| lost.elsewhere)
}

/// The error to report when it is not retried.
pub(super) fn told(error: anyhow::Error, place: &str, tried: bool) -> anyhow::Error {
    match error.downcast::<Lost>() {
        Ok(Lost { what, hint, .. }) => {
            let tries = if tried { ", again and again" } else { "" };
            Failure::new(format!("database {place}: {what}{tries}"), hint)
        }
        Err(error) => explain(error, Path::new(place)),
    }
}

/// The meaning of a statement's error.
pub(super) fn of_statement(error: &postgres::Error) -> anyhow::Error {
    const ANEW: &str = "run this again: what was committed is kept, and doing it twice changes nothing";
    let Some(state) = error.code().cloned() else {
        return Lost::error(format!("the connection was lost ({})", causes(error)), ANEW);
    };
    let what = error.as_db_error().map_or_else(|| error.to_string(), |told| told.message().to_owned());
    let class = state.code().get(..2).unwrap_or_default();
    match state {
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::UNIQUE_VIOLATION
        | SqlState::DUPLICATE_SCHEMA
        | SqlState::DUPLICATE_TABLE
        | SqlState::DUPLICATE_OBJECT
        | SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        | SqlState::LOCK_NOT_AVAILABLE => Lost::error(format!("others were writing the same rows ({what})"), ANEW),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        | SqlState::IDLE_SESSION_TIMEOUT
        | SqlState::TOO_MANY_CONNECTIONS => Lost::error(what, ANEW),
        // A standby aborts queries that hinder it; a primary that became one refuses writes.
        SqlState::READ_ONLY_SQL_TRANSACTION => anyhow::Error::new(Lost {
            what: format!("the server does not accept writes from this user ({what})"),
            hint: "name the primary, or all servers and target_session_attrs=read-write, and a user who may write",
            elsewhere: true,
        }),
        _ if class == "08" => Lost::error(what, ANEW),
        // Two processes create the same object at the same time.
        SqlState::INTERNAL_ERROR if what.contains("concurrently") => Lost::error(what, ANEW),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            Failure::new(what, "docs/how-to/many-hosts.md says which rights a writer and a reader need")
        }
        SqlState::DISK_FULL => {
            Failure::new(what, "free some space on the server and run this again; what was committed is kept")
        }
        SqlState::QUERY_CANCELED => {
            Failure::new(what, "the server's statement_timeout ended it: set a longer one for this role")
        }
        _ => Failure::new(
            format!("the server refuses a statement: {what} ({})", state.code()),
            "if it is not the server's or its administrator's, this is a bug in slo: please report it",
        ),
    }
}

/// The meaning of a connection error.
pub(super) fn of_connecting(error: &postgres::Error, place: &str, address: &Address) -> anyhow::Error {
    if let Some(told) = error.as_db_error() {
        let what = format!("{place} refuses {}: {}", address.user, told.message());
        let code = told.code();
        if [
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::TOO_MANY_CONNECTIONS,
        ]
        .contains(code)
        {
            return Lost::error(what, "wait until the server accepts connections, then run this again");
        }
        let hint = if *code == SqlState::INVALID_CATALOG_NAME {
            "name a database that exists, or create it: createdb NAME"
        } else {
            "check the user and the password: PGPASSWORD, or a line of ~/.pgpass, which nobody else may read"
        };
        return Failure::new(what, hint);
    }
    let why = causes(error);
    let kind = error_kind(error);
    let is_down = matches!(
        kind,
        Some(
            ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
                | ErrorKind::TimedOut
                | ErrorKind::NotFound
        )
    );
    // A standby that is about to take over.
    if kind == Some(ErrorKind::PermissionDenied) && address.wanted != Wanted::Any {
        return Lost::error(
            format!("{place} does not match target_session_attrs ({why})"),
            "name a server of that kind as well, or another target_session_attrs",
        );
    }
    if is_down || error.is_closed() {
        return Lost::error(
            format!("cannot connect to {place}: {why}"),
            "check that the server runs there and accepts connections from here",
        );
    }
    let hint = if why.contains("certificate") || why.contains("TLS") {
        "see sslmode and sslrootcert in docs/how-to/many-hosts.md"
    } else if why.contains("password") {
        "set PGPASSWORD, or add a line to ~/.pgpass, which nobody else may read"
    } else {
        "check the address and the network"
    };
    Failure::new(format!("cannot connect to {place}: {why}"), hint)
}

fn error_kind(error: &postgres::Error) -> Option<ErrorKind> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

/// An error with its causes, each once.
fn causes(error: &postgres::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts.join(": ")
}
