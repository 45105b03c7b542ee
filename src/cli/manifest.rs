//! Owns the arguments of the commands that read manifests.

use std::path::PathBuf;

use clap::Args;

use super::{StreamSource, name};
use crate::domain::value::name::Name;

#[derive(Args, Debug)]
pub(crate) struct Paths {
    /// Manifest files, folders of *.yaml and *.yml, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// Check manifests and report every problem in every file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo validate objectives
  slo validate -o github objectives")]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) paths: Paths,
}

/// Print the JSON Schema of manifests, for editors
///
/// Write it to a file, and name that in the first line of a manifest:
///
/// # yaml-language-server: $schema=slo-v1.schema.json
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo schema > slo-v1.schema.json")]
pub(crate) struct Schema {}

/// Write a commented manifest for the recorded systems
///
/// Without recorded systems, it is an example. Its first line points editors with a YAML language server to the
/// schema beside it, which `slo schema > slo-v1.schema.json` writes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo init
  slo init slo.yaml
  slo init --github --cron")]
pub(crate) struct Init {
    /// Write the manifest into this file, which must not exist yet; `-` or no file: standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Write a GitHub workflow instead, to .github/workflows/slo.yaml
    #[arg(long, conflicts_with = "file")]
    pub(crate) github: bool,
    /// Write jobs for GitLab CI instead, to slo.gitlab-ci.yml
    #[arg(long, conflicts_with = "file")]
    pub(crate) gitlab: bool,
    /// Write lines for cron instead, to slo.crontab
    #[arg(long, conflicts_with = "file")]
    pub(crate) cron: bool,
}

/// Show what apply would change, and its effect on the budgets
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo plan objectives
  slo plan objectives -o markdown")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) apply: Apply,
}

/// Make the database match the manifests, all or nothing
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo apply objectives
  slo apply --prune objectives
  slo export manifests | slo apply --set copy --db empty.db -")]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Delete objects that their files no longer declare; the journal stays
    #[arg(long)]
    pub(crate) prune: bool,
    /// Set of these manifests; required with `-` [default: name of the repository, else of the folder]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) set: Option<Name>,
    /// Take over objects that belong to other sets
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Accept an input without manifests: the set is meant to be empty
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

/// Show who applied which manifests when, and what changed
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo log
  slo log checkout-availability -n 5")]
pub(crate) struct Log {
    /// Only applies that changed an object with this name [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) objects: Vec<String>,
    /// Only applies of this set
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) set: Option<Name>,
    /// Show the latest N applies
    #[arg(short = 'n', long = "last", value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last: u32,
}

/// Print a Correction of the past, and its effect on the budgets
///
/// The document is ready to commit and apply; the journal itself is never edited. Without --check, --source and --location it is about the
/// effective status of the system.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo correct checkout --since 2026-11-18 --until 2026-11-19 --status healthy --reason DNS")]
pub(crate) struct Correct {
    /// Name of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// Only this check
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) check: Option<Name>,
    /// Only this source
    #[arg(long)]
    pub(crate) source: Option<StreamSource>,
    /// Only what was reported from this location
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) location: Option<Name>,
    /// From this time on, or from this long before as-of [default: always]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Until this time, or until this long before as-of [default: forever]
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// True status: healthy, degraded, unhealthy, unknown, or ignored to leave these streams out
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: String,
    /// Why the record is wrong
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Name of the correction [default: derived from what it corrects]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) name: Option<Name>,
    /// Append the document to this file, created if missing, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}
