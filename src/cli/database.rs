//! Owns the arguments of the commands about what the database holds.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Over, Selection, duration, name};

use crate::domain::value::name::Name;

/// List what the database holds
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo list objectives -o wide
  slo list systems -l tier=one
  slo list fields")]
pub(crate) struct List {
    /// What to list
    #[arg(value_name = "KIND")]
    pub(crate) kind: ListKind,
    /// Only this system or its objectives; may be given several times
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Vec<String>,
    /// Only systems or objectives with these labels: key=value, key!=value, key, !key; a comma means `and`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ListKind {
    Systems,
    Objectives,
    Maintenance,
    Corrections,
    Conditions,
    Policies,
    Fields,
    Ingests,
    Sets,
    Feeds,
}

/// Export the journal, the manifests or metrics
#[derive(Args, Debug)]
pub(crate) struct Export {}

/// Export every declared object as YAML
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo export manifests > all.yaml
  slo export manifests --system checkout --format openslo")]
pub(crate) struct ExportManifests {
    /// Language of the documents
    #[arg(long, value_name = "FORM", default_value = "slo")]
    pub(crate) format: ManifestFormat,
    /// Only this system, what is declared about it, and what that refers to
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only objects with these labels, and what they refer to: key=value, key!=value, key, !key; a comma means `and`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ManifestFormat {
    #[value(help = "slo/v1")]
    Slo,
    #[value(help = "OpenSLO v1, and slo/v1 for what it cannot express")]
    Openslo,
}

/// Export every transition as JSON Lines, or as CSV with -o csv
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo export journal > journal.jsonl
  slo export journal --system checkout --since 30d -o csv
  slo export journal --period last-month")]
pub(crate) struct ExportJournal {
    /// Only this system
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Transitions from this time on, or from this long before as-of; before it, each stream from its last healthy one
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this time, or this long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// The same as --since and --until of this period, of --timezone or UTC: 2026-10, 2026-Q3, yesterday, last-month
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["since", "until"])]
    pub(crate) period: Option<String>,
}

/// Export everything that status and health know as OpenMetrics
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo export metrics > slo.prom")]
pub(crate) struct ExportMetrics {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) over: Over,
    /// Backfill: samples with timestamps from this time on, or from this long before as-of, up to as-of
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub(crate) since: Option<String>,
    /// Time between two samples of a backfill [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "since")]
    pub(crate) step: Option<i64>,
}

/// Inspect and maintain the database
#[derive(Args, Debug)]
pub(crate) struct Db {}

/// Show size, counts, schema and caches
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db info")]
pub(crate) struct Info {}

/// Pack the same facts into the smallest file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db compact")]
pub(crate) struct Compact {}

/// Check the file, the journal and every cache
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db verify
  slo db verify --repair")]
pub(crate) struct Verify {
    /// Rebuild every cache, if anything is wrong that can be recomputed
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Write a checked copy, even while others write
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db backup copy.db
  slo db backup - > another.db")]
pub(crate) struct Backup {
    /// The copy, which must not exist yet; `-` is standard output
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// Copy a database to a new one: a file, or postgres://…
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db copy other.db another-copy.db")]
pub(crate) struct Copy {
    /// The database to copy; `--db` and SLO_DB are not used
    #[arg(value_name = "FROM")]
    pub(crate) from: PathBuf,
    /// The copy: a file that does not exist, or a shared database without data
    #[arg(value_name = "TO")]
    pub(crate) to: PathBuf,
}

/// Import every transition of other databases
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db merge other.db")]
pub(crate) struct Merge {
    /// The other databases, files or postgres://…; a database of an older version is upgraded first, the others stay unchanged
    #[arg(value_name = "FILE", required = true)]
    pub(crate) from: Vec<PathBuf>,
}

/// Delete facts for good
///
/// First shows how many, and the effect on the budgets. Use it for facts that must not be kept at all, such as a feed imported into the wrong database, or personal data in notes. A status that was recorded
/// wrongly is fixed by a Correction, which leaves the journal unchanged. Backups and exports are not changed.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["ingest", "system"]))]
#[command(after_help = "\
Examples:
  slo db forget --system mail --yes
  slo db forget --ingest 2 --yes")]
pub(crate) struct Forget {
    /// Delete the facts that this ingest was the first to import; `slo list ingests` shows the numbers
    #[arg(long, value_name = "N", conflicts_with_all = ["check", "location", "source"])]
    pub(crate) ingest: Option<i64>,
    /// Delete the facts of this system
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) system: Option<Name>,
    /// Only facts of this check
    #[arg(long, value_name = "NAME", value_parser = name, requires = "system")]
    pub(crate) check: Option<Name>,
    /// Only facts reported from this location
    #[arg(long, value_name = "NAME", value_parser = name, requires = "system")]
    pub(crate) location: Option<Name>,
    /// Only facts of this source
    #[arg(long, requires = "system")]
    pub(crate) source: Option<StreamSource>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Move the history of a system to another name
///
/// If both systems have facts, their histories are merged: at the same time of the same stream, the worse status wins, as always.
/// Manifests are not renamed; those that still name the old system are listed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo db rename-system search find --yes")]
pub(crate) struct RenameSystem {
    /// The system whose history moves
    #[arg(value_name = "OLD", value_parser = name)]
    pub(crate) old: Name,
    /// Its new name
    #[arg(value_name = "NEW", value_parser = name)]
    pub(crate) new: Name,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Args, Debug)]
pub(crate) struct Consent {
    /// Do it without asking; without this and without a terminal, only show what it would do
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// The source of facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StreamSource {
    Healthcheck,
    Incident,
}
