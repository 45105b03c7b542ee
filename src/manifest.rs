//! Owns reading manifests: paths in; checked objects and every problem of every file out.

mod advice;
mod envelope;
mod excerpt;
mod kind;
mod mapping;
mod problem;
mod source;
mod vain;
mod whole;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::account::objective::Objective;
use crate::domain::health::feed::Feed;
use crate::domain::plan::object::Object;
use crate::domain::value::name::Name;
use crate::domain::value::wording;
use envelope::Draft;
use kind::{healthcheck, openslo};
pub(crate) use mapping::schema::schema;
use problem::Report;
pub(crate) use problem::{Position, Problem, Severity};
pub(crate) use source::Source;
pub(crate) use wording::did_you_mean;
use yaml::document::{self, Chunk};
use yaml::tree;

/// The most problems reported. More than that have one cause, or the file is not a manifest.
pub(crate) const MOST_PROBLEMS: usize = 5_000;
/// The most values of `OpenSLO` documents, which are all held until they are read together; each document counts as
/// several.
const MOST_OPENSLO: usize = 1_000_000;
const VALUES_OF_DOCUMENT: usize = 8;

/// What is known besides the documents, for resolving references.
#[derive(Clone, Default, Debug)]
pub(crate) struct Known {
    /// Systems that are stored or have at least one transition.
    pub(crate) systems: BTreeSet<Name>,
    /// The stored systems with the systems they refer to.
    pub(crate) declared: BTreeMap<Name, KnownSystem>,
    /// The checks of each system that have transitions.
    pub(crate) checks: BTreeMap<Name, BTreeSet<Name>>,
    /// The ids of each system's incidents, which are not checks.
    pub(crate) incidents: BTreeMap<Name, BTreeSet<Name>>,
    /// The checks of each system with transitions other than incidents; `None`: the entire system.
    pub(crate) reporting: BTreeMap<Name, BTreeSet<Option<Name>>>,
    /// From how many locations the checks of each system have reported.
    pub(crate) locations: BTreeMap<Name, BTreeMap<Name, usize>>,
    /// Stored objectives.
    pub(crate) objectives: BTreeMap<Name, Objective>,
}

/// The systems that a stored system refers to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct KnownSystem {
    /// Systems it depends on.
    pub(crate) upstreams: BTreeSet<Name>,
    /// Its members.
    pub(crate) members: BTreeSet<Name>,
}

/// The result of reading manifests.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The valid objects in the order of files and documents; complete only without errors.
    pub(crate) objects: Vec<Declared>,
    /// The valid feeds, each with its file. They are never applied.
    pub(crate) feeds: Vec<(Feed, Arc<str>)>,
    /// By file, then by line; those of unreadable files come first.
    pub(crate) problems: Vec<Problem>,
    /// Files that were read.
    pub(crate) files: usize,
    /// Nonempty documents.
    pub(crate) documents: usize,
    /// Whether problems were left out: after too many errors no further document is read.
    pub(crate) shortened: bool,
}

impl Reading {
    /// Whether an input could not be read at all.
    pub(crate) fn has_unreadable(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Unreadable)
    }

    /// Whether anything is invalid; warnings do not count.
    pub(crate) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity != Severity::Warning)
    }
}

/// A valid object and where it is declared.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Declared {
    /// Shared with the plan, because there may be very many.
    pub(crate) object: Rc<Object>,
    pub(crate) origin: Origin,
}

/// Where an object is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    pub(crate) file: Arc<str>,
    /// Counted from 1 within the file, without empty documents.
    pub(crate) document: usize,
    /// The line of its name.
    pub(crate) line: u32,
}

/// Loaded files, not yet read as manifests.
pub(crate) struct Files {
    sources: Vec<Source>,
    problems: Vec<Problem>,
}

impl Files {
    /// Loads paths: files, directories, `-` for `stdin`.
    pub(crate) fn load(paths: &[PathBuf], stdin: &mut dyn Read) -> Self {
        let (sources, problems) = source::load(paths, stdin);
        Self { sources, problems }
    }

    /// The loaded files.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The names of the loaded files, as messages show them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| &*source.name)
    }

    /// Reads the manifests and checks each alone and all together.
    pub(crate) fn read(&self, known: &Known) -> Reading {
        let mut reading = read_sources(&self.sources, known);
        reading.problems.splice(0..0, self.problems.iter().cloned());
        reading
    }

    /// Reads only the feeds and ignores everything else.
    pub(crate) fn feeds(&self) -> (Vec<Feed>, Vec<Problem>) {
        let mut found = Found::default();
        for source in &self.sources {
            let mut in_file = 0;
            for chunk in document::split(&source.bytes) {
                in_file += usize::from(read_chunk(&chunk, &source.name, in_file + 1, &mut found));
            }
        }
        let is_of_feed = |problem: &Problem| problem.subject.as_ref().is_none_or(|it| it.starts_with(envelope::FEED));
        let mut problems = self.problems.clone();
        problems.extend(found.problems.into_iter().filter(is_of_feed));
        excerpt::attach(&mut problems, &self.sources);
        (found.feeds.into_iter().map(|(feed, _)| feed).collect(), problems)
    }

    /// Texts that are not files, each with a name for messages.
    pub(crate) fn given(texts: &[(&str, &str)]) -> Self {
        let source = |(name, text): &(&str, &str)| Source {
            name: (*name).into(),
            path: PathBuf::from(name),
            bytes: text.as_bytes().to_vec(),
        };
        Self { sources: texts.iter().map(source).collect(), problems: Vec::new() }
    }
}

fn read_sources(sources: &[Source], known: &Known) -> Reading {
    let mut found = Found::default();
    let mut documents = 0;
    for source in sources {
        let mut in_file = 0;
        for chunk in document::split(&source.bytes) {
            if found.errors >= MOST_PROBLEMS {
                break;
            }
            in_file += usize::from(read_chunk(&chunk, &source.name, in_file + 1, &mut found));
        }
        documents += in_file;
    }
    let Found { mut drafts, feeds, mut problems, doubtful, healthchecks, openslo, errors, .. } = found;
    let (more, wrong) = openslo::read(&openslo);
    drafts.extend(more);
    problems.extend(wrong);
    problems.extend(healthcheck::retire(&healthchecks, &mut drafts));
    let place: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(index, source)| (&*source.name, index)).collect();
    drafts.sort_by_key(|draft| (place.get(&*draft.file).copied(), draft.document));
    // Documents can only be checked together if all of them were read.
    if errors < MOST_PROBLEMS {
        problems.extend(whole::check(&drafts, &doubtful, known));
    }
    problems.sort_by_key(|problem| (place.get(&*problem.file).copied(), problem.at, problem.severity));
    let shortened = problem::shorten(&mut problems, MOST_PROBLEMS) || errors >= MOST_PROBLEMS;
    excerpt::attach(&mut problems, sources);
    let objects = drafts.into_iter().filter_map(Draft::declared).collect();
    Reading { objects, feeds, problems, files: sources.len(), documents, shortened }
}

/// What has been read so far.
#[derive(Default)]
struct Found {
    drafts: Vec<Draft>,
    feeds: Vec<(Feed, Arc<str>)>,
    problems: Vec<Problem>,
    /// Names that unreadable documents may have declared.
    doubtful: BTreeSet<Name>,
    /// The number of errors among the problems.
    errors: usize,
    healthchecks: Vec<healthcheck::Healthcheck>,
    /// The `OpenSLO` documents, which are read together, and their values.
    openslo: Vec<openslo::Raw>,
    openslo_values: usize,
}

/// Reads one document of a file; returns whether there was one.
fn read_chunk(chunk: &Chunk<'_>, file: &Arc<str>, number: usize, found: &mut Found) -> bool {
    let mut report = Report::new(file);
    let mut complete = false;
    if let Some(text) = chunk.text(&mut report) {
        let tree = tree::read(text, chunk.lines_before, &mut report);
        if tree.complete && tree.root.as_ref().is_none_or(tree::Node::is_null) {
            return false;
        }
        complete = tree.complete;
        let documents = tree.root.iter().filter(|_| complete).flat_map(openslo::documents);
        let raw = |root: &tree::Node| openslo::Raw { file: Arc::clone(file), document: number, root: root.clone() };
        let of_openslo: Vec<openslo::Raw> = documents.map(raw).collect();
        if tree.root.as_ref().is_some_and(envelope::is_feed) {
            found.feeds.extend(envelope::read_feed(&tree, &mut report).map(|feed| (feed, Arc::clone(file))));
        } else if complete && tree.root.as_ref().is_some_and(healthcheck::is_one) {
            found.healthchecks.extend(healthcheck::read(&tree, &mut report));
        } else if of_openslo.is_empty() {
            found.drafts.extend(envelope::read(&tree, number, &mut report));
        }
        found.openslo_values += of_openslo.iter().map(|raw| raw.root.values() + VALUES_OF_DOCUMENT).sum::<usize>();
        if found.openslo_values <= MOST_OPENSLO {
            found.openslo.extend(of_openslo);
        } else {
            let first = Position { line: chunk.lines_before + 1, column: 1 };
            report.error(first, "too many OpenSLO documents at once", "apply them in several sets");
            found.errors = MOST_PROBLEMS;
        }
    }
    if !complete {
        found.doubtful.extend(chunk.possible_names());
    }
    found.errors += report.problems.iter().filter(|problem| problem.severity != Severity::Warning).count();
    found.problems.append(&mut report.problems);
    true
}

impl Chunk<'_> {
    /// The document as text, if it can be parsed; otherwise the reason is reported.
    fn text(&self, report: &mut Report) -> Option<&str> {
        let first = Position { line: self.lines_before + 1, column: 1 };
        if self.bytes.len() > document::LARGEST_DOCUMENT {
            let message = format!("the document is larger than {} KiB", document::LARGEST_DOCUMENT / 1024);
            report.error(first, message, "split it at --- into one document for each object");
            return None;
        }
        let text = match std::str::from_utf8(self.bytes) {
            Ok(text) => text,
            Err(error) => {
                let byte = self.bytes[error.valid_up_to()];
                let wide = self.bytes.starts_with(b"\xff\xfe") || self.bytes.starts_with(b"\xfe\xff");
                let remedy = if wide { "this looks like UTF-16; save it as UTF-8" } else { "save the file as UTF-8" };
                report.error(self.place(error.valid_up_to()), format!("not UTF-8 text: byte 0x{byte:02x}"), remedy);
                return None;
            }
        };
        let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
        if let Some(at) = self.bytes.iter().position(control) {
            let message = format!("a control character (0x{:02x}) that is not allowed in YAML", self.bytes[at]);
            report.error(self.place(at), message, "this does not look like a manifest");
            return None;
        }
        Some(text)
    }

    /// All values of `name:`, without parsing the document.
    fn possible_names(&self) -> Vec<Name> {
        let text = String::from_utf8_lossy(self.bytes);
        let after =
            text.split("name").skip(1).filter_map(|rest| rest.trim_start_matches(['"', '\'', ' ']).strip_prefix(':'));
        let word = |rest: &str| {
            let rest = rest.trim_start_matches([' ', '"', '\'']);
            let end = rest.find([' ', '"', '\'', ',', '}', '\n', '\r']).unwrap_or(rest.len());
            Name::parse(&rest[..end]).ok()
        };
        after.filter_map(word).collect()
    }

    /// The position of a byte; all bytes before it are UTF-8.
    fn place(&self, at: usize) -> Position {
        let before = String::from_utf8_lossy(&self.bytes[..at]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let lines = before.matches('\n').count();
        Position { line: self.lines_before + lines as u32 + 1, column: line.chars().count() as u32 + 1 }
    }
}

impl Draft {
    fn declared(self) -> Option<Declared> {
        let origin = Origin { file: self.file, document: self.document, line: self.name_at.line };
        Some(Declared { object: self.object?, origin })
    }
}

#[cfg(test)]
mod tests;
