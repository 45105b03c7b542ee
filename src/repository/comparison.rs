//! Owns comparing manifests with a commit: their content with the trees of the commit, by object id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::object::{Format, Id, Kind, Objects};

/// The deepest nesting of folders that is followed, the same as for reading manifests.
const DEEPEST: usize = 64;
/// The mode of an entry in a tree.
const TREE: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const TYPE: u32 = 0o170_000;

/// A file that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    /// The path under which it was reached.
    pub(crate) path: &'a Path,
    pub(crate) bytes: &'a [u8],
}

/// A path from the root of the repository, its parts joined by slashes.
type Place = Vec<u8>;

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    mode: u32,
    id: Id,
}

/// The trees of a commit, each read once.
pub(super) struct Snapshot<'a> {
    objects: &'a mut Objects,
    folders: BTreeMap<Place, Option<BTreeMap<Vec<u8>, Entry>>>,
}

impl<'a> Snapshot<'a> {
    /// The files of a commit.
    ///
    /// # Errors
    /// If the commit or its tree cannot be read.
    pub(super) fn of(commit: &Id, objects: &'a mut Objects) -> Result<Self, String> {
        let content = objects.read(commit, Kind::Commit)?;
        let first = content.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"tree "));
        let tree = first.and_then(|id| objects.format.parse(std::str::from_utf8(id).ok()?));
        let tree = tree.ok_or_else(|| format!("commit {commit}: it names no tree"))?;
        let root = read(objects, &tree)?;
        Ok(Self { objects, folders: BTreeMap::from([(Place::new(), Some(root))]) })
    }

    /// Whether the inputs are what the commit has at the given paths: the same files, with the same content. Paths are
    /// real ones, except for inputs that are links themselves.
    ///
    /// # Errors
    /// If a tree cannot be read.
    pub(super) fn has(&mut self, root: &Path, given: &[&Path], inputs: &[(PathBuf, &[u8])]) -> Result<bool, String> {
        let mut read: BTreeSet<Place> = BTreeSet::new();
        for (path, bytes) in inputs {
            let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let Some(place) = place(root, &real) else { return Ok(false) };
            let is_same = match self.entry(&place)? {
                Some(entry) => entry.mode & TYPE == 0o100_000 && is_content(self.objects.format, bytes, &entry.id),
                None => false,
            };
            if !is_same {
                return Ok(false);
            }
            read.insert(place);
            if *path != real {
                let Some(link) = self::place(root, path) else { return Ok(false) };
                if !self.is_link(&link, path)? {
                    return Ok(false);
                }
                read.insert(link);
            }
        }
        // Other files in the commit were deleted, unless they are links to a file that was read.
        for place in self.declared(root, given)? {
            if read.contains(&place) {
                continue;
            }
            let path = root.join(String::from_utf8_lossy(&place).as_ref());
            let real = fs::canonicalize(&path).ok().and_then(|real| self::place(root, &real));
            if !real.is_some_and(|real| read.contains(&real)) || !self.is_link(&place, &path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the commit has a link at a place that leads to the file.
    fn is_link(&mut self, place: &[u8], path: &Path) -> Result<bool, String> {
        let Some(entry) = self.entry(place)? else { return Ok(false) };
        let Ok(target) = fs::read_link(path) else { return Ok(false) };
        let id = self.objects.format.id(Kind::Blob, target.as_os_str().as_encoded_bytes());
        Ok(entry.mode & TYPE == LINK && entry.id == id)
    }

    fn entry(&mut self, place: &[u8]) -> Result<Option<Entry>, String> {
        let (folder, name) = parent(place);
        let Some(entries) = self.folder(folder, 0)? else { return Ok(None) };
        Ok(entries.get(name).cloned())
    }

    /// The entries of a folder; `None` if the commit has no such folder.
    fn folder(&mut self, place: &[u8], depth: usize) -> Result<Option<&BTreeMap<Vec<u8>, Entry>>, String> {
        if depth > DEEPEST * 2 {
            return Err("its folders are nested too deep".to_owned());
        }
        if !self.folders.contains_key(place) {
            let (above, name) = parent(place);
            let entry = self.folder(above, depth + 1)?.and_then(|entries| entries.get(name).cloned());
            let found = match entry.filter(|entry| entry.mode & TYPE == TREE) {
                Some(entry) => Some(read(self.objects, &entry.id)?),
                None => None,
            };
            self.folders.insert(place.to_owned(), found);
        }
        Ok(self.folders.get(place).and_then(Option::as_ref))
    }

    /// The manifests that the commit has at the given paths. The content of a submodule is not in the commit.
    fn declared(&mut self, root: &Path, given: &[&Path]) -> Result<BTreeSet<Place>, String> {
        let mut found = BTreeSet::new();
        for path in given {
            let Some(place) = place(root, path) else { continue };
            if self.folder(&place, 0)?.is_some() {
                self.gather(&place, 0, &mut found)?;
            } else if self.entry(&place)?.is_some() {
                found.insert(place);
            }
        }
        Ok(found)
    }

    fn gather(&mut self, folder: &[u8], depth: usize, found: &mut BTreeSet<Place>) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("its folders are nested too deep".to_owned());
        }
        let Some(entries) = self.folder(folder, 0)? else { return Ok(()) };
        let mut folders = Vec::new();
        for (name, entry) in entries.iter().filter(|(name, _)| !name.starts_with(b".")) {
            let place = if folder.is_empty() { name.clone() } else { [folder, b"/", name].concat() };
            if entry.mode & TYPE == TREE {
                folders.push(place);
            } else if name.ends_with(b".yaml") || name.ends_with(b".yml") {
                found.insert(place);
            }
        }
        folders.iter().try_for_each(|place| self.gather(place, depth + 1, found))
    }
}

/// The folder of a place and the name in it.
fn parent(place: &[u8]) -> (&[u8], &[u8]) {
    match place.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&place[..at], &place[at + 1..]),
        None => (&[], place),
    }
}

/// A path relative to the repository; `None` outside of it.
fn place(root: &Path, path: &Path) -> Option<Place> {
    let inside = path.strip_prefix(root).ok()?;
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.as_encoded_bytes().to_owned()),
        _ => None,
    };
    let parts: Option<Vec<Place>> = inside.components().map(part).collect();
    Some(parts?.join(&b'/'))
}

/// Whether a file has the content with this id, also if checkout converted its line ends to those of Windows.
fn is_content(format: Format, bytes: &[u8], id: &Id) -> bool {
    if format.id(Kind::Blob, bytes) == *id {
        return true;
    }
    let converted = bytes.windows(2).any(|pair| pair == b"\r\n");
    converted && format.id(Kind::Blob, &with_line_feeds(bytes)) == *id
}

fn with_line_feeds(bytes: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            converted.push(*byte);
        }
    }
    converted
}

/// The entries of a tree.
fn read(objects: &mut Objects, id: &Id) -> Result<BTreeMap<Vec<u8>, Entry>, String> {
    let content = objects.read(id, Kind::Tree)?;
    entries(&content, objects.format).ok_or_else(|| format!("tree {id}: it is damaged"))
}

fn entries(mut content: &[u8], format: Format) -> Option<BTreeMap<Vec<u8>, Entry>> {
    let mut entries = BTreeMap::new();
    while !content.is_empty() {
        let space = content.iter().position(|byte| *byte == b' ')?;
        let mode = u32::from_str_radix(std::str::from_utf8(&content[..space]).ok()?, 8).ok()?;
        let end = content.iter().position(|byte| *byte == 0).filter(|end| *end > space)?;
        let name = content[space + 1..end].to_owned();
        let (id, rest) = content[end + 1..].split_at_checked(format.length())?;
        entries.insert(name, Entry { mode, id: Id::of(id) });
        content = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_tree_or_damaged(bytes in any::<Vec<u8>>(), names in proptest::collection::vec("[a-c ]{0,3}", 0..4)) {
            drop(entries(&bytes, Format::Sha1));
            let mut tree = Vec::new();
            for name in &names {
                tree.extend([b"100644 ", name.as_bytes(), b"\0", &[7; 20]].concat());
            }
            let read = entries(&tree, Format::Sha1).unwrap();
            prop_assert!(names.iter().all(|name| read.contains_key(name.as_bytes())));
            tree.extend(&bytes);
            drop(entries(&tree, Format::Sha1));
        }
    }

    #[test]
    fn line_ends_of_windows_are_no_difference() {
        let id = Format::Sha1.id(Kind::Blob, b"a\nb\n");
        assert_eq!(id.to_string(), "422c2b7ab3b3c668038da977e4e93a5fc623169c");
        assert!(is_content(Format::Sha1, b"a\nb\n", &id) && is_content(Format::Sha1, b"a\r\nb\r\n", &id));
        assert!(!is_content(Format::Sha1, b"a\rb\n", &id) && !is_content(Format::Sha1, b"a\n\nb\n", &id));
    }
}
