//! Owns the connection to the server: it sends statements and receives rows, without prepared statements, so that
//! poolers may run each transaction on another server process.

use anyhow::{Context as _, Result};
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row, SimpleQueryMessage, SimpleQueryRow};

use super::address::Address;
use super::catalog::Catalog;
use super::connecting::connect;
use super::retrying::Patience;
use super::{faults, schema};
use crate::failure::Failure;
use crate::store::database::open::{Access, SCHEMA};

/// A connection to a server, which may be lost and made again.
pub(super) struct Session {
    client: Option<Client>,
    /// The beginning of a transaction whose first statement is still to come: both are sent together.
    beginning: Option<&'static str>,
}

/// A row of the shared store that is locked while this is held: the server releases it when the connection ends, for
/// any reason.
#[derive(Debug)]
pub(in crate::store) struct Held(#[expect(dead_code, reason = "it is held, not used")] Box<Session>);

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.client.is_some() { "connected" } else { "not connected" })
    }
}

impl Session {
    /// Connects; to write the store, it also waits for a starting server.
    pub(super) fn connect(address: &Address, access: Access) -> Result<Self> {
        if access == Access::Read {
            let client = connect(address).map_err(|error| faults::told(error, &address.to_string(), false))?;
            return Ok(Self { client: Some(client), beginning: None });
        }
        Patience::new(address).until_it_works(|| Ok(Self { client: Some(connect(address)?), beginning: None }))
    }

    /// Connects, and makes sure that the tables are those of this build.
    ///
    /// # Errors
    /// If there are none and `access` does not create them, or they belong to a newer `slo`.
    pub(super) fn open(address: &Address, catalog: &Catalog, access: Access) -> Result<Self> {
        let mut session = Self::connect(address, access)?;
        let found = if access == Access::Read {
            session.version(address).map_err(|error| faults::told(error, &address.to_string(), false))
        } else {
            Patience::new(address).until_it_works(|| {
                session.reconnect(address)?;
                session.version(address)
            })
        };
        match found? {
            Some(SCHEMA) => Ok(session),
            Some(version) if version > SCHEMA => Err(Failure::new(
                format!(
                    "database {address}: it was written by a newer slo (schema {version}; this one knows schemas up to {SCHEMA})"
                ),
                "use that newer version; an older one could damage the data",
            )),
            None if access != Access::Create => Err(Failure::new(
                format!("database {address} has no tables of slo"),
                "import transitions with `slo ingest FILE`, or name another database with --db or SLO_DB",
            )),
            _ => {
                Patience::new(address).until_it_works(|| {
                    session.reconnect(address)?;
                    schema::bring_up_to_date(&mut session, address, catalog)
                })?;
                Ok(session)
            }
        }
    }

    /// The version of the tables, if they exist.
    ///
    /// # Errors
    /// If there is a place for the version, but no version that ever was.
    pub(super) fn version(&mut self, address: &Address) -> Result<Option<i32>> {
        let schema = &address.schema;
        let sql = format!("SELECT version FROM {schema}.about WHERE id = 1");
        let found = match self.client()?.simple_query(&sql) {
            Err(error)
                if [Some(&SqlState::UNDEFINED_TABLE), Some(&SqlState::INVALID_SCHEMA_NAME)].contains(&error.code()) =>
            {
                return Ok(None);
            }
            found => found.map_err(|error| faults::of_statement(&error))?,
        };
        let version = found.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        let Some(version) = version else {
            return Err(damaged(
                address,
                &format!("the table {schema}.about has lost its row 1, the schema's version"),
            ));
        };
        match version.parse() {
            Ok(0) => Ok(None),
            Ok(version @ 1..) => Ok(Some(version)),
            _ => Err(damaged(address, &format!("its schema {version} is unknown"))),
        }
    }

    /// Connects again if the connection was lost; one that may have an open transaction is dropped.
    pub(super) fn reconnect(&mut self, address: &Address) -> Result<()> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.client = Some(connect(address)?);
        }
        Ok(())
    }

    fn client(&mut self) -> Result<&mut Client> {
        self.client.as_mut().ok_or_else(|| faults::Lost::error("the connection was lost".to_owned(), "run this again"))
    }

    /// Begins a transaction with the next statement.
    pub(super) fn begin(&mut self, how: &'static str) {
        self.beginning = Some(how);
    }

    /// Runs statements in one round trip, and returns the rows of each.
    ///
    /// # Errors
    /// Server errors; then nothing of an open transaction is kept.
    pub(super) fn ask(&mut self, sql: &str) -> Result<Vec<Vec<SimpleQueryRow>>> {
        let beginning = self.beginning.take();
        let whole = beginning.map(|beginning| format!("{beginning};\n{sql}"));
        let messages = self
            .client()?
            .simple_query(whole.as_deref().unwrap_or(sql))
            .map_err(|error| faults::of_statement(&error))?;
        let (mut answers, mut rows) = (Vec::new(), Vec::new());
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => rows.push(row),
                SimpleQueryMessage::CommandComplete(_) => answers.push(std::mem::take(&mut rows)),
                _ => {}
            }
        }
        if beginning.is_some() && !answers.is_empty() {
            answers.remove(0);
        }
        Ok(answers)
    }

    /// Runs statements in one round trip.
    pub(super) fn run(&mut self, sql: &str) -> Result<()> {
        if let Some(beginning) = self.beginning.take() {
            return self.run(&format!("{beginning};\n{sql}"));
        }
        self.client()?.batch_execute(sql).map_err(|error| faults::of_statement(&error))
    }

    /// Calls `each` with the rows of a query, which arrive as fast as they are consumed.
    pub(super) fn stream(&mut self, query: &str, mut each: impl FnMut(&Row) -> Result<()>) -> Result<()> {
        if let Some(beginning) = self.beginning.take() {
            self.run(beginning)?;
        }
        // An unnamed statement lives only as long as this, so that poolers need not know it.
        let no_parameters = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
        let mut rows =
            self.client()?.query_typed_raw(query, no_parameters).map_err(|error| faults::of_statement(&error))?;
        while let Some(row) = rows.next().map_err(|error| faults::of_statement(&error))? {
            each(&row)?;
        }
        Ok(())
    }

    /// Ends the connection, so that the next one may be to another server.
    pub(super) fn leave(&mut self) {
        self.client = None;
    }

    /// Rolls back the open transaction, if any.
    pub(super) fn roll_back(&mut self) {
        if self.beginning.take().is_none() && self.run("ROLLBACK").is_err() {
            self.client = None;
        }
    }

    /// Locks the row for telling commands of changes, which one process can hold.
    pub(super) fn hold_delivery(address: &Address) -> Result<Held> {
        let mut session = Self::connect(address, Access::Update)?;
        let schema = &address.schema;
        let answers = session.ask(&format!("BEGIN; SELECT id FROM {schema}.about WHERE id = 2 FOR UPDATE"))?;
        if answers.last().is_none_or(Vec::is_empty) {
            return Err(damaged(address, &format!("the table {schema}.about has lost its row 2, the lock of --exec")));
        }
        Ok(Held(Box::new(session)))
    }
}

/// The error for tables that no version of slo leaves behind.
pub(super) fn damaged(address: &Address, what: &str) -> anyhow::Error {
    Failure::new(
        format!("database {address}: {what}"),
        "restore the database from a backup, or ingest and apply the same files into a new one",
    )
}

/// The value of a column as a number.
pub(super) fn number(row: &SimpleQueryRow, index: usize) -> Result<i64> {
    row.get(index).and_then(|text| text.parse().ok()).context("the server returned no number")
}
