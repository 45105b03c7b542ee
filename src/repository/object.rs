//! Owns reading the objects of a repository by id: loose ones, packed ones, and those of other folders that it borrows
//! from.
//!
//! Only commits and trees are read, which are small. The id of an object is verified, and the total size unpacked in
//! one run is limited, so that a malicious repository costs little time and memory.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::pack::Pack;
use super::trust::Trust;

/// The largest object that is read, in bytes: a tree of some 400 000 entries.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;
/// The most bytes that are unpacked in one run.
const MOST_UNPACKED: usize = 256 * 1024 * 1024;
/// The most folders of objects: the repository's own, and those it borrows from.
const MOST_FOLDERS: usize = 16;
/// The most packs that are searched.
const MOST_PACKS: usize = 10_000;
/// The most bytes of the list of borrowed folders.
const LONGEST_LIST: u64 = 64 * 1024;

/// The kind of object ids.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Format {
    #[default]
    Sha1,
    Sha256,
}

/// The id of an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Id(Vec<u8>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

impl Format {
    /// The bytes of an id.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The id of an object with this content.
    pub(super) fn id(self, kind: Kind, content: &[u8]) -> Id {
        let head = format!("{} {}\0", kind.as_str(), content.len());
        Id(match self {
            Self::Sha1 => Sha1::new().chain_update(head).chain_update(content).finalize().to_vec(),
            Self::Sha256 => Sha256::new().chain_update(head).chain_update(content).finalize().to_vec(),
        })
    }

    /// The id written in hexadecimal digits, if it is one.
    pub(super) fn parse(self, text: &str) -> Option<Id> {
        let digits = text.as_bytes();
        if digits.len() != self.length() * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>().map(Id)
    }
}

impl Id {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How many more bytes may be unpacked.
pub(super) struct Allowance(usize);

impl Allowance {
    /// Unpacks exactly `size` bytes.
    ///
    /// # Errors
    /// If it is too much, or the packed data is damaged or of another size.
    pub(super) fn inflate(&mut self, packed: impl Read, size: usize) -> Result<Vec<u8>, String> {
        if size > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        self.0 = self.0.checked_sub(size).ok_or_else(|| format!("more than {MOST_UNPACKED} bytes to unpack"))?;
        let mut bytes = Vec::with_capacity(size.min(64 * 1024));
        let read = ZlibDecoder::new(packed).take(size as u64 + 1).read_to_end(&mut bytes);
        match read {
            Ok(length) if length == size => Ok(bytes),
            _ => Err("it is damaged".to_owned()),
        }
    }
}

/// The objects of a repository.
pub(super) struct Objects {
    trust: Trust,
    pub(super) format: Format,
    /// Folders of objects, the repository's own first.
    folders: Vec<PathBuf>,
    /// All packs, those with earlier hits first; listed when first needed.
    packs: Option<Vec<Pack>>,
    allowance: Allowance,
}

impl Objects {
    /// The objects of the repository with this common folder.
    ///
    /// # Errors
    /// If the folder of objects cannot be trusted.
    pub(super) fn of(common: &Path, format: Format, trust: Trust) -> Result<Self, String> {
        let mut folders = vec![common.join("objects")];
        let mut next = 0;
        while next < folders.len() {
            let list = trust.text(&folders[next].join("info/alternates"), LONGEST_LIST)?.unwrap_or_default();
            let borrowed = list.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '"']));
            for folder in borrowed.map(|line| folders[next].join(line)).collect::<Vec<_>>() {
                if folders.len() < MOST_FOLDERS && !folders.contains(&folder) && trust.folder(&folder)? {
                    folders.push(folder);
                }
            }
            next += 1;
        }
        Ok(Self { trust, format, folders, packs: None, allowance: Allowance(MOST_UNPACKED) })
    }

    /// The content of an object.
    ///
    /// # Errors
    /// If it is missing, of another kind, damaged, too large, or not trusted.
    pub(super) fn read(&mut self, id: &Id, kind: Kind) -> Result<Vec<u8>, String> {
        let about = |error: String| format!("{} {id}: {error}", kind.as_str());
        let found = match self.loose(id).map_err(about)? {
            Some(found) => Some(found),
            None => self.packed(id).map_err(about)?,
        };
        let (found, content) = found.ok_or_else(|| about("it is missing".to_owned()))?;
        if found != kind {
            return Err(about(format!("it is a {}", found.as_str())));
        }
        if self.format.id(kind, &content) != *id {
            return Err(about("it is damaged".to_owned()));
        }
        Ok(content)
    }

    fn loose(&mut self, id: &Id) -> Result<Option<(Kind, Vec<u8>)>, String> {
        let name = id.to_string();
        for folder in &self.folders {
            let path = folder.join(&name[..2]).join(&name[2..]);
            let Some(packed) = self.trust.read(&path, LARGEST as u64)? else { continue };
            let mut head = Vec::new();
            let mut unpacked = ZlibDecoder::new(&packed[..]).take(32);
            unpacked.read_to_end(&mut head).map_err(|_| "it is damaged".to_owned())?;
            let damaged = || "it is damaged".to_owned();
            let end = head.iter().position(|byte| *byte == 0).ok_or_else(damaged)?;
            let text = std::str::from_utf8(&head[..end]).map_err(|_| damaged())?;
            let (kind, size) = text.split_once(' ').ok_or_else(damaged)?;
            let kinds = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag];
            let kind = kinds.into_iter().find(|known| known.as_str() == kind).ok_or_else(damaged)?;
            let size: usize = size.parse().map_err(|_| damaged())?;
            let whole = end + 1;
            let mut content = self.allowance.inflate(&packed[..], size.saturating_add(whole))?;
            content.drain(..whole);
            return Ok(Some((kind, content)));
        }
        Ok(None)
    }

    fn packed(&mut self, id: &Id) -> Result<Option<(Kind, Vec<u8>)>, String> {
        let packs = match &mut self.packs {
            Some(packs) => packs,
            none => none.insert(list(&self.folders)),
        };
        for at in 0..packs.len() {
            if let Some(offset) = packs[at].offset(id, self.trust)? {
                let found = packs[at].read(offset, self.format, self.trust, &mut self.allowance)?;
                packs.swap(0, at);
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The packs of these folders.
fn list(folders: &[PathBuf]) -> Vec<Pack> {
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder.join("pack")).ok()).flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "idx")).take(MOST_PACKS).map(Pack::of_index).collect()
}
