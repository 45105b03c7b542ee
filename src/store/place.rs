//! Owns the place of a database: a file, or the address of a server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::database::address::expect_file;
use super::database::open::{Access, Store};
use super::shared::{Address, is_address, shows_password};

/// The environment variables of the process, among them those of libpq.
type Environment = BTreeMap<OsString, OsString>;

/// The place of a database, as given. The environment completes an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    File(PathBuf),
    /// As typed: it may contain a password, and be invalid.
    Shared(String),
}

impl Place {
    pub(crate) fn named(name: &Path) -> Self {
        match name.to_str() {
            Some(address) if is_address(address) => Self::Shared(address.to_owned()),
            _ => Self::File(name.to_owned()),
        }
    }

    /// The path, if it is a file.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Shared(_) => None,
        }
    }

    /// The address, if it is shared.
    ///
    /// # Errors
    /// If the address is invalid.
    pub(crate) fn address(&self, env: &Environment) -> Result<Option<Address>> {
        match self {
            Self::File(_) => Ok(None),
            Self::Shared(address) => Address::parse(address, env).map(Some),
        }
    }

    /// Checks that it is an address, or names a file.
    ///
    /// # Errors
    /// If it is a URL of something else.
    pub(crate) fn expect_database(&self) -> Result<()> {
        self.file().map_or(Ok(()), expect_file)
    }

    /// Whether there is a database, which may be empty, for a command that will use it like this.
    ///
    /// # Errors
    /// If the address is invalid, or the server cannot be reached.
    pub(crate) fn exists(&self, access: Access, env: &Environment) -> Result<bool> {
        match self {
            Self::File(path) => Ok(path.exists()),
            Self::Shared(address) => Store::is_shared_there(&Address::parse(address, env)?, access),
        }
    }

    /// Whether it contains a password that others could see.
    pub(crate) fn shows_password(&self) -> bool {
        matches!(self, Self::Shared(address) if shows_password(address))
    }

    /// Opens the database; for `Access::Scratch`, an empty one in memory.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn open(&self, access: Access, env: &Environment) -> Result<Store> {
        match self {
            Self::Shared(address) if access != Access::Scratch => {
                Store::open_shared(Address::parse(address, env)?, access)
            }
            Self::Shared(_) => Store::open(Path::new(""), access),
            Self::File(path) => Store::open(path, access),
        }
    }

    /// For messages: without a password.
    pub(crate) fn shown(&self, env: &Environment) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Shared(address) => {
                Address::parse(address, env).map_or("postgres://…".to_owned(), |address| address.to_string())
            }
        }
    }
}
