//! Owns the messages and remedies for syntax errors in YAML.

use crate::manifest::wording::quote;

/// Causes as the parser words them (an identifying part of each), in words for the author of the file.
const KNOWN: [(&str, &str, &str); 25] = [
    (
        "invalid indentation in quoted",
        "a quoted string is not closed before the next line",
        "add the closing quote, or indent what continues it",
    ),
    (
        "invalid indentation for anchor",
        "an anchor must be where its value is",
        "write it before the value, indented as that is",
    ),
    ("invalid indentation", "a line inside [ ] or { } is indented less than the key before them", "indent the line"),
    ("expected <document start>", "text follows the end of the document", "begin another document with a line ---"),
    (
        "before directive",
        "a directive inside a document",
        "end the document before it with a line ..., or quote a string that begins with %",
    ),
    ("unexpected end of stream", "a quoted string is never closed", "add the closing quote"),
    ("unexpected document indicator", "a quoted string is not closed before the next ---", "add the closing quote"),
    (
        "quoted scalar, found unknown escape",
        "an unknown escape in a quoted string",
        "write \\\\ for a backslash, or use ' quotes",
    ),
    ("expected hexadecimal number", "a \\x, \\u or \\U without its hexadecimal digits", ""),
    ("invalid Unicode character escape", "an escape that is not a Unicode character", "write the character itself"),
    ("trailing content after double-quoted", "something follows the closing quote", "put all of it in quotes, or none"),
    (
        "unknown anchor",
        "an alias names an anchor that is not defined before it",
        "define it with &name in the same document, or quote a string that begins with *",
    ),
    (
        "mapping values are not allowed",
        "a \":\" is not expected here",
        "indent the line like its neighbors, or quote a string that contains \": \"",
    ),
    (
        "illegal placement of ':'",
        "a \":\" is not expected here",
        "indent the line like its neighbors, or quote a string that contains \": \"",
    ),
    ("mapping keys are not allowed", "a key is not expected here", "indent it like its neighbors"),
    (
        "block sequence entries are not allowed",
        "a list item is not expected here",
        "put it on a line of its own, indented like its neighbors",
    ),
    (
        "expected '-' indicator",
        "this line does not belong to the list above it",
        "begin it with \"- \", or indent it like its neighbors",
    ),
    (
        "block mapping, did not find expected key",
        "this line does not belong to the mapping above it",
        "indent it like its neighbors",
    ),
    ("expected ',' or '}'", "a { } mapping is not closed, or a comma is missing", "add the \",\" or \"}\""),
    ("expected ',' or ']'", "a [ ] list is not closed, or a comma is missing", "add the \",\" or \"]\""),
    ("simple key expect", "a key without its \":\"", "write key: value"),
    ("expected node content", "a value is expected here", ""),
    ("recursion limit", "lists and mappings are nested too deep", ""),
    ("misplaced bracket", "a bracket that was never opened", "remove it, or quote the value"),
    ("cannot start any token", "a character that cannot start a value", "quote the value"),
];

/// Whether the cause is a line inside brackets that is badly indented for the parser.
pub(super) fn is_too_far_left(info: &str) -> bool {
    info == "invalid indentation" || info == "invalid indentation in flow construct"
}

/// The message and remedy for a syntax error on the given line, below another one.
pub(super) fn explain(info: &str, line: &str, above: &str) -> (String, String) {
    let indent = &line[..line.len() - line.trim_start().len()];
    let is_deeper = indent.len() > above.len() - above.trim_start().len();
    let empty = ["{}", "[]"].into_iter().find(|empty| is_deeper && above.trim_end().ends_with(&format!(": {empty}")));
    if let Some(empty) = empty.filter(|_| info.contains("did not find expected key")) {
        let message = format!("not valid YAML: the value above is {empty}, so nothing may be indented below it");
        return (message, format!("remove the {empty}"));
    }
    if info.contains("tab") || indent.contains('\t') {
        return ("not valid YAML: a tab where only spaces are allowed".to_owned(), "indent with spaces".to_owned());
    }
    if info.contains("unexpected character") || info.contains("cannot start any token") {
        let first = line.trim_start_matches(['-', ' ']);
        let value = first.split_once(": ").map_or(first, |(_, value)| value);
        return (format!("not valid YAML: an unquoted string cannot be {}", quote(value)), "quote it".to_owned());
    }
    let known = KNOWN.iter().find(|(part, ..)| info.contains(part));
    let (cause, remedy) = known.map_or((info, ""), |(_, cause, remedy)| (*cause, *remedy));
    (format!("not valid YAML: {cause}"), remedy.to_owned())
}
