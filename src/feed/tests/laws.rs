//! Laws for any bytes, in whatever pieces they arrive.

use proptest::prelude::*;

use super::*;

/// Tokens of valid and invalid JSON lines.
fn json_token() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "ts",
        "time",
        "timestamp",
        "at",
        "system",
        "systemId",
        "service",
        "status",
        "check",
        "healthcheck",
        "checkId",
        "location",
        "region",
        "source",
        "note",
        "other",
        "TS",
        "t\\u0073",
        "",
    ]);
    let values = prop::sample::select(vec![
        "1763640000",
        "1763640000000",
        "1763640000.5",
        "\"2025-11-20T14:05:00Z\"",
        "\"2025-11-20\"",
        "0",
        "-1",
        "1e9",
        "00",
        "1E400",
        "99999999999999999999",
        "NaN",
        "Infinity",
        "true",
        "false",
        "null",
        "\"up\"",
        "\"down\"",
        "\"DEGRADED\"",
        "\"\"",
        "\"a\"",
        "\"b c\"",
        "\"ü\"",
        "\"a\\\"b\"",
        "\"\\u0041\"",
        "{}",
        "[1]",
        "{\"a\":1}",
        "1",
        "\"incident\"",
        "\"a",
        "a\"",
        "",
    ]);
    let blank = prop::sample::select(vec!["", " ", "\t", "\r", "  "]);
    (keys, values, blank.clone(), blank)
        .prop_map(|(key, value, before, after)| format!("{before}\"{key}\"{after}:{before}{value}{after}"))
}

fn json_line() -> impl Strategy<Value = Vec<u8>> {
    let whole =
        Just(vec!["\"ts\":1763640000".to_owned(), "\"system\":\"a\"".to_owned(), "\"status\":\"up\"".to_owned()]);
    let some = prop::collection::vec(json_token(), 0..5);
    let open = prop::sample::select(vec!["{", "{", "{", " {", "", "["]);
    let close = prop::sample::select(vec!["}", "}", "}", "} ", "}\r", "", "}}", "} x"]);
    (whole, some, open, close, any::<bool>(), any::<(u16, u8)>(), 0..6u8).prop_map(
        |(whole, some, open, close, complete, (at, byte), mutation)| {
            let mut parts = if complete { whole } else { Vec::new() };
            parts.extend(some);
            let mut line = format!("{open}{}{close}", parts.join(",")).into_bytes();
            let at = usize::from(at) % (line.len() + 1);
            match mutation {
                0 => line.insert(at, byte),
                1 if at < line.len() => line[at] = byte,
                2 if at < line.len() => drop(line.remove(at)),
                3 => line.truncate(at),
                _ => {}
            }
            line.retain(|byte| *byte != b'\n');
            line
        },
    )
}

fn csv_piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "2025-11-20,a,up,x\n",
        "2025-11-20,b,down,\"quoted\"\n",
        "2025-11-20,c,up,\"two\nlines\"\r\n",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        ",",
        ";",
        "\n",
        "\r",
        "2025-11-20,d,up,5\" disk\n",
        "2025-11-20,e,up,\"never closed\n",
        "a",
        "\"a\"b\n",
        "2025-11-20,f,up,\"say \"\"hi\"\"\"\n",
        "\u{fffd}",
        "\0",
        "2025-11-20,g,up,\"\"\n",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// The strict parser reads whatever the fast scan accepts as the same values.
    #[test]
    fn the_fast_scan_agrees_with_the_strict_parser(line in json_line()) {
        let mut fast = Fields::default();
        if json::scan(&line, &mut fast) {
            let mut strict = Fields::default();
            prop_assert_eq!(json::parse(&line, &mut strict, &mut |_| {}), Ok(()));
            for field in Field::ALL {
                prop_assert_eq!(fast.get(field), strict.get(field));
            }
        }
    }

    /// The strict parser accepts exactly what a JSON library reads as an object of scalars without duplicate fields.
    #[test]
    fn lines_that_are_no_json_are_rejected(line in json_line()) {
        let outcome = read(&*line, options(Format::Jsonl));
        if !outcome.rows.is_empty() {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(&line);
            // A number too large for a float is valid JSON in an unused field.
            let valid = value.map_or_else(|error| error.to_string().contains("out of range"), |value| value.is_object());
            prop_assert!(valid);
        }
    }

    #[test]
    fn how_the_input_arrives_changes_nothing(
        lines in prop::collection::vec(json_line(), 0..8),
        sizes in prop::collection::vec(1..40usize, 1..6),
        end: bool,
    ) {
        let mut bytes = lines.join(&b'\n');
        if end { bytes.push(b'\n'); }
        let whole = auto(&bytes);
        prop_assert_eq!(&read(Drip::new(&bytes, &[1]), options(Format::Auto)), &whole);
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), options(Format::Auto)), &whole);
        let follow = Options { follow: true, batch_rows: 2, ..options(Format::Auto) };
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), follow), &whole);
        let zipped = gzip(&bytes);
        prop_assert_eq!(&read(Drip::new(&zipped, &sizes), options(Format::Auto)), &whole);
    }

    #[test]
    fn how_a_csv_arrives_changes_nothing(
        pieces in prop::collection::vec(csv_piece(), 0..12),
        sizes in prop::collection::vec(1..20usize, 1..6),
    ) {
        let bytes = format!("ts,system,status,note\n{}", pieces.concat()).into_bytes();
        let whole = auto(&bytes);
        prop_assert_eq!(&whole.error, &None);
        prop_assert_eq!(&read(Drip::new(&bytes, &[1]), options(Format::Auto)), &whole);
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), options(Format::Csv)), &whole);
        let follow = Options { follow: true, batch_rows: 2, ..options(Format::Csv) };
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), follow), &whole);
    }

    #[test]
    fn no_bytes_break_any_format(bytes: Vec<u8>, header: bool, format in 0..3usize) {
        let format = [Format::Auto, Format::Jsonl, Format::Csv][format];
        let mut input = if header { b"ts;system;status;note\n".to_vec() } else { Vec::new() };
        input.extend(bytes);
        let whole = read(&*input, options(format));
        prop_assert_eq!(&read(Drip::new(&input, &[1]), options(format)), &whole);
        if format == Format::Jsonl && whole.error.is_none() && !input.starts_with(&[0x1f, 0x8b]) {
            let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input);
            let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
            prop_assert_eq!(whole.read, lines.count() as u64);
        }
    }

    /// A note of any characters survives CSV.
    #[test]
    fn quoted_notes_come_back(note in "[a-z\",;\t\r\n ü\u{2028}]{1,20}", after in "[a-z]{1,5}") {
        let quoted = note.replace('"', "\"\"");
        let text = format!("ts,system,status,note\n2025-11-20,a,up,\"{quoted}\"\n2025-11-20,b,up,{after}\n");
        let outcome = auto(&text);
        prop_assert_eq!(outcome.reasons(), []);
        let notes: Vec<_> = outcome.rows.iter().map(|row| row.3.clone().unwrap()).collect();
        prop_assert_eq!(notes, [note, after]);
    }
}
