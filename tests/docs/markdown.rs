//! Owns the list of documents, and checks each: it is listed, its links and anchors are valid, and README is short.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::world::repository;

/// The longest README, in bytes.
const LONGEST_README: usize = 15 * 1024;
/// Documents outside of docs/.
const AT_THE_ROOT: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Every document, by its path in the repository.
pub(crate) fn pages() -> Vec<String> {
    let (mut pages, mut folders) = (Vec::new(), vec!["docs".to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(repository(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                folders.push(name);
            } else if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(name);
            }
        }
    }
    pages.extend(AT_THE_ROOT.map(ToOwned::to_owned));
    pages.sort();
    pages
}

/// The text of a document.
pub(crate) fn text(page: &str) -> String {
    fs::read_to_string(repository(page)).unwrap()
}

/// A document's links, and the anchors of its headings.
#[derive(Default)]
struct Read {
    links: Vec<String>,
    anchors: Vec<String>,
}

impl Read {
    fn of(text: &str) -> Self {
        let mut read = Self::default();
        let mut heading = None::<String>;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    read.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap());
                    // A repeated heading gets a number.
                    let same = |known: &&String| known.starts_with(&anchor) && known[anchor.len()..].starts_with('-');
                    let twice = read.anchors.iter().filter(same).count();
                    let taken = read.anchors.contains(&anchor);
                    read.anchors.push(if taken { format!("{anchor}-{}", twice + 1) } else { anchor });
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                _ => {}
            }
        }
        read
    }
}

/// The anchor that a heading gets on a rendered page.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn readme_is_short() {
    let length = text("README.md").len();
    assert!(length <= LONGEST_README, "README.md has {length} bytes: move something into docs/");
}

#[test]
fn links_and_anchors_lead_somewhere() {
    let read: BTreeMap<PathBuf, Read> =
        pages().into_iter().map(|page| (PathBuf::from(&page), Read::of(&text(&page)))).collect();
    for (page, links) in &read {
        for link in links.links.iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { plain(&page.parent().unwrap().join(path)) };
            assert!(repository(target.to_str().unwrap()).exists(), "{} links to {link}", page.display());
            if !anchor.is_empty() {
                let known = read.get(&target).is_some_and(|target| target.anchors.iter().any(|known| known == anchor));
                assert!(known, "{} links to {link}, which has no such heading", page.display());
            }
        }
    }
}

#[test]
fn every_page_is_listed() {
    let listed = |page: &str| -> Vec<String> {
        let links = Read::of(&text(page)).links.into_iter().filter(|link| !link.contains("..") && !link.contains(':'));
        let mut links: Vec<String> = links.map(|link| format!("docs/{link}")).collect();
        links.sort();
        links
    };
    let pages: Vec<String> = pages().into_iter().filter(|page| page.starts_with("docs/")).collect();
    let (summary, index) = ("docs/SUMMARY.md", "docs/README.md");
    let but = |left_out: &[&str]| -> Vec<String> {
        pages.iter().filter(|page| !left_out.contains(&page.as_str())).cloned().collect()
    };
    assert_eq!(listed(summary), but(&[summary]), "{summary} lists every page once");
    assert_eq!(listed(index), but(&[summary, index]), "{index} lists every page once");
}
