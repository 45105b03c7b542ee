//! Owns splitting a file into documents, so that a fault in one never hides another.

/// The largest document accepted, in bytes.
pub(in crate::manifest) const LARGEST_DOCUMENT: usize = 1024 * 1024;

/// The bytes of one document of a file, its `---` included.
#[derive(PartialEq, Eq, Debug)]
pub(in crate::manifest) struct Chunk<'a> {
    pub(in crate::manifest) bytes: &'a [u8],
    /// Lines of the file before this chunk.
    pub(in crate::manifest) lines_before: u32,
}

/// Splits at lines that begin with `---`, and after those that begin with `...`: YAML gives them a meaning anywhere,
/// even inside quotes, so no document can contain one. Directives and comments stay with the document that follows.
pub(in crate::manifest) fn split(bytes: &[u8]) -> Split<'_> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Split { bytes, at: 0, line: 0, start: 0, start_line: 0, has_content: false }
}

/// The documents of a file in order.
pub(in crate::manifest) struct Split<'a> {
    bytes: &'a [u8],
    /// The next byte and line.
    at: usize,
    line: u32,
    /// The start of the current document.
    start: usize,
    start_line: u32,
    has_content: bool,
}

impl<'a> Iterator for Split<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        while let Some(line) = self.bytes[self.at..].split_inclusive(|byte| *byte == b'\n').next() {
            let (at, number) = (self.at, self.line);
            (self.at, self.line) = (at + line.len(), number + 1);
            if is_marker(line, b"---") {
                let chunk = self.has_content.then(|| self.cut(at, (at, number)));
                self.has_content = true;
                if chunk.is_some() {
                    return chunk;
                }
            } else if is_marker(line, b"...") {
                let chunk = self.cut(self.at, (self.at, self.line));
                if std::mem::take(&mut self.has_content) {
                    return Some(chunk);
                }
            } else if !line.starts_with(b"%") && !is_blank(line) {
                self.has_content = true;
            }
        }
        std::mem::take(&mut self.has_content).then(|| self.cut(self.at, (self.at, self.line)))
    }
}

impl<'a> Split<'a> {
    /// The document up to `end`; the next one begins at this byte and line.
    fn cut(&mut self, end: usize, next: (usize, u32)) -> Chunk<'a> {
        let chunk = Chunk { bytes: &self.bytes[self.start..end], lines_before: self.start_line };
        (self.start, self.start_line) = next;
        chunk
    }
}

fn is_marker(line: &[u8], marker: &[u8]) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii_start().first().is_none_or(|byte| *byte == b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(u32, &str)> {
        split(text.as_bytes()).map(|chunk| (chunk.lines_before, std::str::from_utf8(chunk.bytes).unwrap())).collect()
    }

    #[test]
    fn documents_are_cut_at_their_markers() {
        assert_eq!(
            cut("a: 1\n---\nb: 2\n--- # c\nc: 3\n"),
            [(0, "a: 1\n"), (1, "---\nb: 2\n"), (3, "--- # c\nc: 3\n")]
        );
        assert_eq!(cut("# note\n\n%YAML 1.2\n---\na: 1\n...\n# end\n"), [(0, "# note\n\n%YAML 1.2\n---\na: 1\n...\n")]);
        assert_eq!(cut("a: \"x\n---\nb: 1"), [(0, "a: \"x\n"), (1, "---\nb: 1")]);
        assert_eq!(cut("a: |\n  ---\n---x: 1\n"), [(0, "a: |\n  ---\n---x: 1\n")]);
        assert_eq!(cut("---\r\na: 1\r\n---\r\n"), [(0, "---\r\na: 1\r\n"), (2, "---\r\n")]);
        assert_eq!(cut("\u{feff}# nothing\n\n"), []);
    }
}
