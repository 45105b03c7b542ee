//! Owns the arguments of the commands about what the database holds.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// List what the database holds, and what conditions can be made of
#[derive(Args, Debug)]
pub(crate) struct List {
    /// What to list
    #[arg(value_name = "KIND")]
    pub(crate) kind: ListKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ListKind {
    Systems,
    Objectives,
    Maintenance,
    Conditions,
    Policies,
    Fields,
    Ingests,
    Sets,
    Feeds,
}

/// Write the journal or the manifests out, so that bringing them in elsewhere gives the same answers
#[derive(Args, Debug)]
pub(crate) struct Export {}

/// Every declared object, as YAML that applies to an empty database
#[derive(Args, Debug)]
pub(crate) struct ExportManifests {
    /// The form of the documents
    #[arg(long, value_name = "FORM", default_value = "slo")]
    pub(crate) format: ManifestFormat,
    /// Only this system, what is declared about it, and what that needs
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only objects with these labels, and what they need: `key=value,key!=value,key,!key`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ManifestFormat {
    /// This project's own
    Slo,
    /// `OpenSLO` v1, and our own for what it has no kind for
    Openslo,
}

/// Every transition, as JSON Lines or, with -o csv, as CSV
#[derive(Args, Debug)]
pub(crate) struct ExportJournal {
    /// Only this system
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only transitions at or after this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// Inspect and maintain the database
#[derive(Args, Debug)]
pub(crate) struct Db {}

/// Show size, bytes a transition, streams, span, schema and caches
#[derive(Args, Debug)]
pub(crate) struct Info {}

/// Make the file as small as it can be; every fact and answer stays
#[derive(Args, Debug)]
pub(crate) struct Compact {}

/// Check the file, every row, the journal, and every cache against a recomputation
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Rebuild every cache, if anything is wrong that facts and manifests can put right
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Write a checked copy of the database as it is now, also while others write to it
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The copy; there must be no such file yet. `-` writes it to standard output
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// Take in every transition of other databases, as if they had been ingested
#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// The other databases; one of an older schema is brought up to date first, and nothing else in them changes
    #[arg(value_name = "FILE", required = true)]
    pub(crate) from: Vec<PathBuf>,
}
