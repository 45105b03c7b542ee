//! Owns the tests of streamed rows, in every form, against rows in memory.

use anyhow::bail;
use serde_json::json;

use super::*;

const FORMS: [Form; 4] = [Form::Json, Form::Yaml, Form::Csv { safe: false }, Form::Csv { safe: true }];

fn as_of() -> Instant {
    Instant::from_millis(1_700_000_000_000)
}

fn written(document: &Document, form: Form) -> Result<String> {
    let mut text = Vec::new();
    document.write(form, &mut text)?;
    Ok(String::from_utf8(text).unwrap())
}

fn passing(rows: &[Value], vary: bool) -> Document {
    let rows = rows.to_vec();
    Document::passing_list(as_of(), "rows", vary, move |hand| rows.iter().try_for_each(|row| hand(row)))
}

#[test]
fn rows_that_pass_look_like_rows_that_are_held() {
    let alike = [json!({ "a": "=1", "b": { "c": [1, 2] } }), json!({ "a": "x,y", "b": { "c": [] } })];
    let varied = [json!({ "a": 1 }), json!({ "a": 2, "b": "two\nlines\n" }), json!({ "c": null })];
    for (rows, vary) in [(&alike[..], false), (&alike, true), (&varied, true), (&[], false), (&[], true)] {
        for form in FORMS {
            let (mut held, mut passing) = (Document::list(as_of(), "rows", &rows).unwrap(), passing(rows, vary));
            held.set("count", &rows.len()).unwrap();
            let count = rows.len();
            passing.set_late("count", move || Ok(count));
            assert_eq!(written(&passing, form).unwrap(), written(&held, form).unwrap(), "{form:?}");
        }
    }
    // Without rows, the header is unknown.
    assert_eq!(written(&passing(&[], true), Form::Csv { safe: false }).unwrap(), "");
    let row = written(&passing(&alike, false), Form::Yaml).unwrap();
    assert_eq!(row.lines().nth(3), Some("  - a: \"=1\""));
}

#[test]
fn why_rows_end_early_is_told_as_it_was() {
    for form in FORMS {
        let document = Document::passing_list(as_of(), "rows", false, |hand| {
            hand(&json!({ "a": 1 }))?;
            bail!("the disk is gone")
        });
        assert_eq!(written(&document, form).unwrap_err().to_string(), "the disk is gone");
    }
}

#[test]
fn a_row_with_a_field_of_its_own_is_no_row_like_the_others() {
    let rows = passing(&[json!({ "a": 1 }), json!({ "a": 1, "b": 2 })], false);
    let error = written(&rows, Form::Csv { safe: false }).unwrap_err();
    assert_eq!(error.to_string(), "a row has the new field Some(\"b\")");
}
