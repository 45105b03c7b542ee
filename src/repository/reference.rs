//! Owns the commit of a repository: `HEAD`, what it refers to, in separate files or packed together.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::Repository;
use super::object::{Format, Id};
use super::reftable;

/// The longest file that holds one reference.
const LONGEST: u64 = 4 * 1024;
/// The most bytes of packed references that are searched.
const MOST_PACKED: u64 = 256 * 1024 * 1024;
/// The most references in a chain.
const MOST_STEPS: usize = 5;

/// What a reference leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    Commit(Id),
    Reference(String),
}

/// The commit of `HEAD`; `None` before the first one.
pub(super) fn head(repository: &Repository) -> Result<Option<Id>, String> {
    let mut name = "HEAD".to_owned();
    for _ in 0..=MOST_STEPS {
        match target(repository, &name)? {
            None => return Ok(None),
            Some(Target::Commit(id)) => return Ok(Some(id)),
            Some(Target::Reference(next)) => name = next,
        }
    }
    Err("HEAD leads in a circle".to_owned())
}

fn target(repository: &Repository, name: &str) -> Result<Option<Target>, String> {
    if name != "HEAD" && !is_reference(name) {
        return Err("HEAD refers to something that is not a reference".to_owned());
    }
    // A worktree has its own HEAD, and shares the branches of its repository.
    let folder = if name == "HEAD" { &repository.git } else { &repository.common };
    let format = repository.config.format;
    if repository.config.reftable {
        return reftable::target(&folder.join("reftable"), name, format, repository.trust);
    }
    let Some(text) = repository.trust.text(&folder.join(name), LONGEST)? else {
        return packed(repository, name, format);
    };
    match text.trim_end().strip_prefix("ref:") {
        Some(next) => Ok(Some(Target::Reference(next.trim().to_owned()))),
        None => match format.parse(text.split_whitespace().next().unwrap_or_default()) {
            Some(id) => Ok(Some(Target::Commit(id))),
            None => Err(format!("{name} names no commit")),
        },
    }
}

/// Whether a name may be used as a path: nothing leads out of the repository.
fn is_reference(name: &str) -> bool {
    let strange = |c: char| c.is_control() || matches!(c, '\\' | ':' | '?' | '*' | '[' | '^' | '~' | ' ');
    name.starts_with("refs/")
        && !name.contains(strange)
        && !name.contains("..")
        && Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn packed(repository: &Repository, name: &str, format: Format) -> Result<Option<Target>, String> {
    let Some(file) = repository.trust.open(&repository.common.join("packed-refs"))? else { return Ok(None) };
    let mut lines = BufReader::new(file.take(MOST_PACKED));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|error| format!("packed-refs cannot be read: {error}"))? == 0 {
            return Ok(None);
        }
        let Ok(text) = std::str::from_utf8(&line) else { continue };
        if let Some((id, of)) = text.trim_end().split_once(' ')
            && of == name
        {
            return format.parse(id).map(Target::Commit).map(Some).ok_or_else(|| format!("{name} names no commit"));
        }
    }
}
