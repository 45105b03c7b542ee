//! Owns text in HTML and SVG: elements and attributes, with everything that comes from outside escaped.

use std::fmt::{self, Display, Write};

/// A document in the making. Names of elements and attributes are the program's own; every value and text is escaped.
#[derive(Default)]
pub(super) struct Markup {
    text: String,
}

/// Attributes in their order.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// What has been written so far.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Opens an element.
    pub(super) fn open(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.start(element, attributes);
        self.text.push('>');
    }

    pub(super) fn close(&mut self, element: &'static str) {
        self.text.push_str("</");
        self.text.push_str(element);
        self.text.push('>');
    }

    /// An element with text in it.
    pub(super) fn element(&mut self, element: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.open(element, attributes);
        self.words(text);
        self.close(element);
    }

    /// An element without content, as SVG writes it.
    pub(super) fn empty(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.start(element, attributes);
        self.text.push_str("/>");
    }

    /// Text.
    pub(super) fn words(&mut self, text: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(Escaped(&mut self.text), "{text}");
    }

    /// Markup of the program's own, such as its style sheet.
    pub(super) fn own(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    /// Ends a line, so that the text can be read and compared.
    pub(super) fn end_line(&mut self) {
        self.text.push('\n');
    }

    fn start(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(element);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.words(value);
            self.text.push('"');
        }
    }
}

/// Writes what is neither markup nor forbidden in XML.
struct Escaped<'t>(&'t mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\t' | '\n' | '\r' => self.0.push(' '),
                hidden if is_hidden(hidden) => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// Whether a character has no place in XML, or turns the direction of writing, so that a text could look like another one.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let mut markup = Markup::new();
        let hostile = "<script>alert(1)</script>";
        markup.element("p", &[("title", &"\"><svg onload='x'>"), ("data-n", &7)], hostile);
        assert_eq!(
            markup.into_text(),
            "<p title=\"&quot;&gt;&lt;svg onload=&#39;x&#39;&gt;\" data-n=\"7\">\
             &lt;script&gt;alert(1)&lt;/script&gt;</p>"
        );
        let mut markup = Markup::new();
        markup.words("a\u{0}b\u{202e}c\u{1b}[31m\nd &amp; e");
        assert_eq!(markup.into_text(), "a\u{fffd}b\u{fffd}c\u{fffd}[31m d &amp;amp; e");
    }

    proptest! {
        #[test]
        fn no_text_opens_or_ends_anything(text in any::<String>()) {
            let mut markup = Markup::new();
            markup.words(&text);
            let written = markup.into_text();
            prop_assert!(!written.contains(['<', '>', '"', '\'']));
            prop_assert!(!written.chars().any(char::is_control));
            // Every ampersand begins one of the five.
            for (at, _) in written.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                prop_assert!(known.iter().any(|entity| written[at..].starts_with(entity)));
            }
        }
    }
}
