//! Owns the arguments of the commands that read manifests.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Paths {
    /// Manifest files, folders of *.yaml and *.yml, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Schema {}

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Write the manifest into this file, which must not exist yet, instead of to standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Delete declared objects that the manifests do not have; the journal stays
    #[arg(long)]
    pub(crate) prune: bool,
}
