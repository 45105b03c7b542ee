//! Owns finding and loading the files of manifests: paths, directories and standard input, within bounds.

mod records;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{Problem, Severity};

/// The largest file accepted, in bytes.
pub(super) const LARGEST_FILE: u64 = 64 * 1024 * 1024;
/// The deepest nesting of directories.
const DEEPEST_DIRECTORY: usize = 64;

/// A file that was read, or standard input.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path for messages and positions.
    pub(crate) name: Arc<str>,
    /// The path as it was reached; `-` is standard input.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// The files at the given paths, in the order given; within a directory by name, with subdirectories. Directories
/// contribute `*.yaml` and `*.yml`, but nothing hidden. A file reached twice is read once; `-` is standard input.
/// Anything in a directory that cannot be read, such as a link to a directory or a pipe, is a problem: silently
/// skipped, it would look deleted.
pub(super) fn load(paths: &[PathBuf], stdin: &mut dyn Read) -> (Vec<Source>, Vec<Problem>) {
    let mut loader = Loader { stdin, seen: BTreeSet::new(), sources: Vec::new(), problems: Vec::new() };
    for path in paths {
        if path.as_os_str() == "-" {
            loader.standard_input();
        } else if path.is_dir() {
            loader.directory(path, 0);
        } else {
            loader.file(path);
        }
    }
    (loader.sources, loader.problems)
}

struct Loader<'a> {
    stdin: &'a mut dyn Read,
    seen: BTreeSet<PathBuf>,
    sources: Vec<Source>,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn standard_input(&mut self) {
        if self.seen.insert(PathBuf::from("-")) {
            let read = bounded(&mut *self.stdin);
            self.keep("stdin".into(), PathBuf::from("-"), read);
        }
    }

    fn file(&mut self, path: &Path) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(real) {
            let read = File::open(path).map_err(|error| error.to_string()).and_then(|mut file| bounded(&mut file));
            self.keep(path.to_string_lossy().into(), path.to_owned(), read);
        }
    }

    fn directory(&mut self, path: &Path, depth: usize) {
        if depth > DEEPEST_DIRECTORY {
            let message = format!("more than {DEEPEST_DIRECTORY} directories deep");
            return self.unreadable(path.to_string_lossy().into(), message, "move the manifests up");
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(path.to_string_lossy().into(), cannot_read(&error.to_string()), ""),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.directory(&path, depth + 1);
                continue;
            }
            // This follows links; a broken link cannot be read.
            let kind = fs::metadata(&path).ok().map(|target| target.file_type());
            let is_manifest = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
            if kind.is_some_and(|kind| kind.is_dir()) {
                // Not followed, as it may lead back up.
                let message = "a link to a directory, which is not followed".to_owned();
                let remedy =
                    "name where it leads on the command line too and move the link out, or replace it by the directory";
                self.unreadable(path.to_string_lossy().into(), message, remedy);
            } else if is_manifest && kind.is_some_and(|kind| !kind.is_file()) {
                let message = "neither a file nor a link to one".to_owned();
                let remedy = "move it out of the directory; a pipe is read when it is named on the command line";
                self.unreadable(path.to_string_lossy().into(), message, remedy);
            } else if is_manifest {
                self.file(&path);
            }
        }
    }

    fn keep(&mut self, name: Arc<str>, path: PathBuf, read: Result<Vec<u8>, String>) {
        match read {
            Ok(bytes) => match records::told(&bytes) {
                Some(what) => {
                    let remedy = match &*name {
                        _ if what == records::OWN_DATABASE => "name it with `--db`".to_owned(),
                        "stdin" => "did you mean `slo ingest`?".to_owned(),
                        name => format!("did you mean `slo ingest {name}`?"),
                    };
                    self.unreadable(name, format!("not a manifest but {what}"), &remedy);
                }
                None => self.sources.push(Source { name, path, bytes }),
            },
            Err(cause) => self.unreadable(name, cannot_read(&cause), ""),
        }
    }

    fn unreadable(&mut self, file: Arc<str>, message: String, remedy: &str) {
        let remedy = Some(remedy.to_owned()).filter(|remedy| !remedy.is_empty());
        let severity = Severity::Unreadable;
        self.problems.push(Problem { severity, file, at: None, subject: None, message, remedy, excerpt: None });
    }
}

fn cannot_read(cause: &str) -> String {
    format!("cannot be read: {cause}")
}

fn bounded(input: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    input.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("it is larger than {} MiB", LARGEST_FILE / 1024 / 1024));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf]) -> Vec<String> {
        load(paths, &mut &b""[..]).0.iter().map(|source| source.name.to_string()).collect()
    }

    #[test]
    fn directories_are_walked_in_order_without_what_is_hidden_or_not_yaml() {
        let root = tempfile::tempdir().unwrap();
        for file in ["b.yaml", "a/z.yml", "a/y.json", ".git/c.yaml", ".d.yaml", "c.txt", "e/f/g.yaml"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = names(&[root.path().to_owned(), root.path().join("b.yaml"), root.path().join("a/y.json")]);
        let expected = ["a/z.yml", "b.yaml", "e/f/g.yaml", "a/y.json"];
        assert_eq!(found, expected.map(|file| root.path().join(file).to_string_lossy().into_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let good = root.path().join("good.yaml");
        fs::write(&good, "").unwrap();
        let (sources, problems) = load(&[root.path().join("gone.yaml"), good, "-".into()], &mut &b"x"[..]);
        assert_eq!(sources.len(), 2);
        assert_eq!(&*sources[1].name, "stdin");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().contains("gone.yaml: error: cannot be read: No such file"), "{}", problems[0]);
    }

    #[test]
    fn an_endless_input_is_cut_off() {
        let (sources, problems) = load(&["-".into()], &mut std::io::repeat(b'a'));
        assert!(sources.is_empty());
        assert_eq!(problems[0].to_string(), "stdin: error: cannot be read: it is larger than 64 MiB");
    }
}
