//! Owns text in HTML and SVG: elements and attributes, with everything foreign escaped.

use std::fmt::{self, Display, Write};

use crate::domain::value::wording::is_hidden;

/// A document in progress. Names of elements and attributes are slo's own; every value and text is escaped.
#[derive(Default)]
pub(in crate::render) struct Markup {
    text: String,
}

/// Attributes, in order.
pub(in crate::render) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    pub(in crate::render) fn new() -> Self {
        Self::default()
    }

    /// Everything written so far.
    pub(in crate::render) fn into_text(self) -> String {
        self.text
    }

    pub(in crate::render) fn open(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.start(element, attributes);
        self.text.push('>');
    }

    pub(in crate::render) fn close(&mut self, element: &'static str) {
        self.text.push_str("</");
        self.text.push_str(element);
        self.text.push('>');
    }

    /// An element with text in it.
    pub(in crate::render) fn element(&mut self, element: &'static str, attributes: Attributes<'_>, text: impl Display) {
        self.open(element, attributes);
        self.words(text);
        self.close(element);
    }

    /// An element without content, as SVG writes it.
    pub(in crate::render) fn empty(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.start(element, attributes);
        self.text.push_str("/>");
    }

    pub(in crate::render) fn words(&mut self, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(Escaped { text: &mut self.text, is_attribute: false }, "{text}");
    }

    /// Fixed markup of slo, such as its style sheet.
    pub(in crate::render) fn own(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    /// Ends a line, to make the text readable and comparable.
    pub(in crate::render) fn end_line(&mut self) {
        self.text.push('\n');
    }

    fn start(&mut self, element: &'static str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(element);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            let _ = write!(Escaped { text: &mut self.text, is_attribute: true }, "{value}");
            self.text.push('"');
        }
    }
}

/// Writes text without markup, characters that XML forbids, or anything that a page would turn into a mention or a
/// reference.
struct Escaped<'t> {
    text: &'t mut String,
    is_attribute: bool,
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                '\t' | '\n' | '\r' => self.text.push(' '),
                '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                // A zero-width space, which is invisible, separates the mark from the name.
                '@' | '#' if !self.is_attribute => self.text.extend([character, '\u{200b}']),
                hidden if is_hidden(hidden) => self.text.extend(hidden.escape_default()),
                other => self.text.push(other),
            }
        }
        Ok(())
    }
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
        assert_eq!(markup.into_text(), "a\\u{0}b\\u{202e}c\\u{1b}[31m d &amp;amp; e");
        let mut markup = Markup::new();
        markup.element("a", &[("href", &"#top")], "@acme/oncall #12");
        assert_eq!(markup.into_text(), "<a href=\"#top\">@\u{200b}acme/oncall #\u{200b}12</a>");
    }

    proptest! {
        #[test]
        fn no_text_opens_or_ends_anything(text in any::<String>()) {
            let mut markup = Markup::new();
            markup.words(&text);
            let written = markup.into_text();
            prop_assert!(!written.contains(['<', '>', '"', '\'']));
            prop_assert!(!written.chars().any(char::is_control));
            // Every ampersand begins one of the five entities.
            for (at, _) in written.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
                prop_assert!(known.iter().any(|entity| written[at..].starts_with(entity)));
            }
        }
    }
}
