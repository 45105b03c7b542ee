//! Owns the home of manifests: the Git repository around them, its name, and its commit.

mod comparison;
mod config;
mod object;
mod pack;
mod reference;
mod reftable;
mod trust;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::domain::value::name::{LONGEST, Name};
pub(crate) use comparison::Input;
use comparison::Snapshot;
use config::Config;
use object::Objects;
use trust::Trust;

/// The largest `.git` file that points elsewhere, and the largest configuration, in bytes.
const LONGEST_POINTER: u64 = 16 * 1024;
const LARGEST_CONFIG: u64 = 1024 * 1024;

/// The home of one run's manifests: the repository around the first path, or only the paths themselves.
#[derive(Debug)]
pub(crate) struct Home {
    given: Vec<Given>,
    /// The folder that is, or contains, the first path.
    folder: Option<PathBuf>,
    repository: Option<Repository>,
    /// Why an apparent repository is not used.
    pub(crate) doubts: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Commit {
    /// Its id, with `-dirty` unless the manifests match it; `None` outside a repository, before the first commit, and
    /// if it cannot be determined.
    pub(crate) id: Option<String>,
    /// Why the commit, or whether the manifests match it, cannot be determined.
    pub(crate) doubt: Option<String>,
}

/// A file of manifests, with the same name on every machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    /// Its repository, if it is in one.
    pub(crate) repository: Option<Name>,
    /// Relative to the root of the repository; outside of one, to the given folder or that of the given file, starting
    /// with the folder's own name.
    pub(crate) file: String,
}

/// A path on the command line, except standard input.
#[derive(Debug)]
struct Given {
    typed: PathBuf,
    real: PathBuf,
    /// The folder that it is, or that contains it.
    folder: PathBuf,
}

impl Given {
    fn of(path: &Path) -> Self {
        let real = real(path);
        let folder = if real.is_dir() { real.clone() } else { real.parent().unwrap_or(&real).to_owned() };
        Self { typed: path.to_owned(), real, folder }
    }
}

/// A Git repository with a working copy. Only its own files are read, and nothing that they name is run.
#[derive(Debug)]
struct Repository {
    /// The folder of its working copy.
    root: PathBuf,
    /// The folder of its `HEAD`.
    git: PathBuf,
    /// The folder of everything else: the same, except for a worktree, which shares that of its repository.
    common: PathBuf,
    config: Config,
    trust: Trust,
}

impl Home {
    /// The home of the manifests at these paths. A missing path is resolved as far as it exists.
    pub(crate) fn of(paths: &[PathBuf]) -> Self {
        let files = paths.iter().filter(|path| path.as_os_str() != "-");
        let given: Vec<Given> = files.map(|path| Given::of(path)).collect();
        let folder = given.first().map(|first| first.folder.clone()).or_else(|| fs::canonicalize(".").ok());
        let mut doubts = Vec::new();
        let repository = folder.as_deref().and_then(|folder| Repository::around(folder, &mut doubts));
        Self { given, folder, repository, doubts }
    }

    /// The name of the repository, else of the folder; `None` if neither has one.
    ///
    /// A repository is named after its remote `origin` (`acme/objectives` for one on a host, the last part of a path),
    /// else after its folder. Characters that a name cannot contain become `-`.
    pub(crate) fn name(&self) -> Option<Name> {
        let named = match &self.repository {
            Some(repository) => {
                let origin = repository.config.origin.as_deref().and_then(called);
                origin.or_else(|| last_part(&repository.root))
            }
            None => self.folder.as_deref().and_then(last_part),
        };
        let allowed = |c: char| if c.is_ascii_alphanumeric() || "._/:-".contains(c) { c } else { '-' };
        Name::parse(&named?.chars().map(allowed).take(LONGEST).collect::<String>()).ok()
    }

    /// A file with the same name on every machine; `shown` is its path by way of the given ones.
    pub(crate) fn place(&self, shown: &str) -> Place {
        let root = self.repository.as_ref().map(|repository| repository.root.as_path());
        let found = self.reached(Path::new(shown)).and_then(|(given, real)| {
            if let Some(inside) = root.and_then(|root| real.strip_prefix(root).ok()) {
                return Some(Place { repository: self.name(), file: joined(inside) });
            }
            let file = joined(real.strip_prefix(given.folder.parent()?).ok()?);
            Some(Place { repository: None, file })
        });
        found.unwrap_or_else(|| Place { repository: None, file: shown.to_owned() })
    }

    /// Whether the file of an object of `set` was given or is gone, so that it is known whether the object is still
    /// declared. `read` are the files that were read.
    ///
    /// Any other file was left out: another one of the repository, or one that no given folder contains. An object
    /// without a known repository is assumed to be in the one that its set is named after.
    pub(crate) fn decides(&self, declared: &Place, set: &Name, read: &BTreeSet<Place>) -> bool {
        let is_same = |place: &Place| {
            place.file == declared.file && (declared.repository.is_none() || place.repository == declared.repository)
        };
        if read.iter().any(is_same) {
            return true;
        }
        let repository = declared.repository.as_ref().unwrap_or(set);
        match &self.repository {
            Some(own) if self.name().as_ref() == Some(repository) => {
                !own.is_sparse() && is_gone(&own.root.join(&declared.file))
            }
            _ if declared.repository.is_some() => false,
            _ => self.given.iter().any(|given| {
                let file = given.folder.parent().map(|above| above.join(&declared.file));
                given.real.is_dir() && file.is_some_and(|file| file.starts_with(&given.folder) && is_gone(&file))
            }),
        }
    }

    /// The given path by which a file was reached, and the file's real path.
    fn reached(&self, shown: &Path) -> Option<(&Given, PathBuf)> {
        self.given.iter().find_map(|given| {
            let rest = shown.strip_prefix(&given.typed).ok()?;
            Some((given, if rest.as_os_str().is_empty() { given.real.clone() } else { given.real.join(rest) }))
        })
    }

    /// The commit of the repository, and whether the input, as it was read, matches that commit at the given paths.
    pub(crate) fn commit(&self, inputs: &[Input<'_>]) -> Commit {
        let Some(repository) = &self.repository else { return Commit::default() };
        if !self.given.iter().any(|given| given.real.starts_with(&repository.root)) {
            return Commit::default();
        }
        let id = match reference::head(repository) {
            Ok(Some(id)) => id,
            Ok(None) => return Commit::default(),
            Err(doubt) => {
                let doubt = format!("cannot tell the commit of {}: {doubt}", repository.root.display());
                return Commit { id: None, doubt: Some(doubt) };
            }
        };
        match self.is_clean(repository, &id, inputs) {
            Ok(true) => Commit { id: Some(id.to_string()), doubt: None },
            Ok(false) => Commit { id: Some(format!("{id}-dirty")), doubt: None },
            Err(doubt) => {
                let doubt = format!("cannot compare the manifests with commit {id}, so it is marked dirty: {doubt}");
                Commit { id: Some(format!("{id}-dirty")), doubt: Some(doubt) }
            }
        }
    }

    fn is_clean(&self, repository: &Repository, id: &object::Id, inputs: &[Input<'_>]) -> Result<bool, String> {
        // Standard input has no path, and is in no commit.
        let reached = |input: &Input<'_>| self.reached(input.path).map(|(_, path)| path);
        let paths: Option<Vec<PathBuf>> = inputs.iter().map(reached).collect();
        let Some(paths) = paths else { return Ok(false) };
        let read: Vec<(PathBuf, &[u8])> = paths.into_iter().zip(inputs.iter().map(|input| input.bytes)).collect();
        let given: Vec<&Path> = self.given.iter().map(|given| given.real.as_path()).collect();
        let mut objects = Objects::of(&repository.common, repository.config.format, repository.trust)?;
        Snapshot::of(id, &mut objects)?.has(&repository.root, &given, &read)
    }
}

impl Repository {
    /// Whether the working copy is only a part of the files, so that a missing one means nothing.
    fn is_sparse(&self) -> bool {
        self.git.join("info/sparse-checkout").exists()
    }

    /// The repository that contains a real folder. An untrusted one is skipped, with the reason.
    fn around(folder: &Path, doubts: &mut Vec<String>) -> Option<Self> {
        folder.ancestors().find_map(|root| match Self::at(root) {
            Ok(found) => found,
            Err(doubt) => {
                doubts.push(doubt);
                None
            }
        })
    }

    /// The repository whose working copy is a folder.
    fn at(root: &Path) -> Result<Option<Self>, String> {
        let (trust, git) = (Trust::of(root), root.join(".git"));
        let git = if git.is_dir() {
            git
        } else {
            // A file points elsewhere, as in worktrees and submodules.
            let pointer = trust.text(&git, LONGEST_POINTER)?;
            let Some(path) = pointer.as_deref().and_then(|text| text.strip_prefix("gitdir:")) else { return Ok(None) };
            root.join(path.trim())
        };
        if !trust.folder(&git)? || trust.text(&git.join("HEAD"), LONGEST_POINTER)?.is_none() {
            return Ok(None);
        }
        let common = trust.text(&git.join("commondir"), LONGEST_POINTER)?;
        let common = common.map_or_else(|| git.clone(), |common| git.join(common.trim_end()));
        let config = trust.text(&common.join("config"), LARGEST_CONFIG)?.unwrap_or_default();
        Ok(Some(Self { root: root.to_owned(), git, common, config: Config::parse(&config), trust }))
    }
}

/// The name in a remote's URL: the full path on a host, so that repositories with the same name but different owners
/// differ; the last part of a path on this machine, where the other parts mean nothing.
fn called(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some(("file", path)) => path.rsplit('/').find(|part| !part.is_empty() && *part != ".git")?,
        Some((_, rest)) => rest.split_once('/')?.1,
        // host:path, except a drive letter
        None => match url.split_once(':') {
            Some((host, path)) if host.len() > 1 && !host.contains(['/', '\\']) => path,
            _ => url.rsplit(['/', '\\']).find(|part| !part.is_empty() && *part != ".git")?,
        },
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    Some(path.to_owned()).filter(|path| !path.is_empty() && path != "..")
}

/// The parts of a path, always joined by `/`.
fn joined(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Whether a file certainly does not exist; one that cannot be checked may.
fn is_gone(path: &Path) -> bool {
    let missing = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    fs::symlink_metadata(path).is_err_and(|error| missing(&error))
}

fn last_part(folder: &Path) -> Option<String> {
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

/// A path without links and dots; if it does not exist, resolved as far as possible.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_called_by_its_whole_path_on_a_host_and_by_its_last_part_on_this_machine() {
        for (url, name) in [
            ("https://github.com/acme/objectives.git", "acme/objectives"),
            ("https://user:token@gitlab.example.com:8443/a/b/objectives/", "a/b/objectives"),
            ("git@github.com:acme/objectives.git", "acme/objectives"),
            ("ssh://git@host:22/objectives", "objectives"),
            ("/srv/git/objectives.git", "objectives"),
            ("../objectives", "objectives"),
            ("../objectives/.git", "objectives"),
            ("file:///srv/git/objectives.git/", "objectives"),
            ("C:\\git\\objectives.git", "objectives"),
        ] {
            assert_eq!(called(url).as_deref(), Some(name), "{url}");
        }
        for url in ["", "https://host", "https://host/", "host:"] {
            assert_eq!(called(url), None, "{url}");
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn file(home: &Home, shown: &str) -> String {
        home.place(shown).file
    }

    #[test]
    fn files_are_named_from_the_root_of_the_repository_however_they_are_reached() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(&at("shop/.git/HEAD"), "ref: refs/heads/main\n");
        write(&at("shop/slo/a.yaml"), "");
        write(&at("elsewhere/b.yaml"), "");
        let given = [at("shop/slo/../slo"), at("elsewhere")];
        let home = Home::of(&given);
        assert_eq!(file(&home, at("shop/slo/../slo/a.yaml").to_str().unwrap()), "slo/a.yaml");
        assert_eq!(file(&home, at("elsewhere/b.yaml").to_str().unwrap()), "elsewhere/b.yaml");
        assert_eq!(file(&home, "stdin"), "stdin");
        let single = Home::of(&[at("shop/slo/a.yaml")]);
        assert_eq!(file(&single, at("shop/slo/a.yaml").to_str().unwrap()), "slo/a.yaml");
        assert_eq!(single.name().unwrap().as_str(), "shop");
        assert_eq!(Home::of(&[at("elsewhere/b.yaml")]).name().unwrap().as_str(), "elsewhere");
        let given = [at("elsewhere/b.yaml")];
        assert_eq!(file(&Home::of(&given), given[0].to_str().unwrap()), "elsewhere/b.yaml");
    }

    #[test]
    fn worktrees_are_called_as_the_repository_they_are_of() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(&at("main/.git/HEAD"), "ref: refs/heads/main\n");
        write(
            &at("main/.git/config"),
            "[core]\n\tbare = false\n[remote \"upstream\"]\n\turl = x:y/z\n[remote \"origin\"]\n\turl = git@host:acme/slos.git\n",
        );
        write(&at("main/.git/worktrees/other/HEAD"), "ref: refs/heads/other\n");
        write(&at("main/.git/worktrees/other/commondir"), "../..\n");
        write(&at("other/.git"), &format!("gitdir: {}\n", at("main/.git/worktrees/other").display()));
        for folder in ["main", "other"] {
            assert_eq!(Home::of(&[at(folder)]).name().unwrap().as_str(), "acme/slos", "{folder}");
        }
    }

    #[test]
    fn what_no_name_may_contain_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("my slos (ü)");
        fs::create_dir(&folder).unwrap();
        assert_eq!(Home::of(&[folder]).name().unwrap().as_str(), "my-slos----");
    }

    /// Files that were read decide about themselves, and the working copy about those that are gone; nothing decides
    /// about the rest.
    #[test]
    fn a_file_of_a_repository_decides_about_itself_and_about_what_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(&at("shop/.git/HEAD"), "ref: refs/heads/main\n");
        write(&at("shop/slo/a.yaml"), "");
        write(&at("shop/slo/b.yaml"), "");
        write(&at("shop/slo/hidden.json"), "");
        let name = |text: &str| Name::parse(text).unwrap();
        let place =
            |repository: Option<&str>, file: &str| Place { repository: repository.map(name), file: file.to_owned() };
        let home = Home::of(&[at("shop/slo/a.yaml")]);
        let read = BTreeSet::from([home.place(at("shop/slo/a.yaml").to_str().unwrap())]);
        for (repository, set, file, decides) in [
            (Some("shop"), "shop", "slo/a.yaml", true),
            (Some("shop"), "any", "slo/a.yaml", true),
            (None, "shop", "slo/a.yaml", true),
            (Some("shop"), "shop", "slo/b.yaml", false),
            (Some("shop"), "shop", "slo/hidden.json", false),
            (Some("shop"), "any", "slo/gone.yaml", true),
            (Some("shop"), "shop", "slo/a.yaml/gone.yaml", true),
            (None, "shop", "slo/gone.yaml", true),
            (None, "any", "slo/gone.yaml", false),
            (Some("other"), "shop", "slo/gone.yaml", false),
            (Some("other"), "other", "slo/a.yaml", false),
            (None, "shop", "stdin", true),
        ] {
            let declared = place(repository, file);
            assert_eq!(home.decides(&declared, &name(set), &read), decides, "{declared:?} of {set}");
        }
        // In a partial working copy, a missing file may still be declared.
        write(&at("shop/.git/info/sparse-checkout"), "/slo\n");
        assert!(!home.decides(&place(Some("shop"), "slo/gone.yaml"), &name("shop"), &read));
        // Outside of a repository, a folder decides about its content.
        write(&at("plain/a.yaml"), "");
        let outside = Home::of(&[at("plain")]);
        for (file, decides) in [("plain/gone.yaml", true), ("plain/a.yaml", false), ("other/gone.yaml", false)] {
            assert_eq!(outside.decides(&place(None, file), &name("plain"), &BTreeSet::new()), decides, "{file}");
        }
        let single = Home::of(&[at("plain/a.yaml")]);
        assert!(!single.decides(&place(None, "plain/gone.yaml"), &name("plain"), &BTreeSet::new()));
    }
}
