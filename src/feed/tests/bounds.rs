//! What bounds memory, and where a batch ends.

use super::*;

#[test]
fn a_line_may_be_one_mebibyte_and_not_a_byte_more() {
    let padded = |length: usize| {
        let mut line = GOOD.as_bytes().to_vec();
        line.resize(length, b' ');
        line
    };
    for end in [&b"\n"[..], b"\r\n", b""] {
        for sizes in [&[usize::MAX][..], &[65_537], &[1 << 20, 1, 1, 1, 1]] {
            for (length, accepted) in
                [(LONGEST_LINE - 1, true), (LONGEST_LINE, true), (LONGEST_LINE + 1, false), (LONGEST_LINE + 2, false)]
            {
                let line = [&padded(length), end].concat();
                let outcome = read(Drip::new(&line, sizes), options(Format::Jsonl));
                assert_eq!(outcome.rows.len() == 1, accepted, "{length} bytes, {end:?}, {sizes:?}");
                if !accepted {
                    assert_eq!(outcome.rejects[0].1, "longer than 1 MiB");
                    let kept = [&padded(length), end.strip_suffix(b"\n").unwrap_or(end)].concat();
                    assert!(outcome.rejects[0].2 == kept);
                }
            }
        }
    }
}

#[test]
fn lines_of_ten_megabytes_pass_in_pieces_and_hide_nothing() {
    let long = vec![b'{'; 10 << 20];
    let mut text = good("a").into_bytes();
    text.extend_from_slice(&long);
    text.push(b'\n');
    text.extend_from_slice(good("b").as_bytes());
    text.extend_from_slice(&long);
    for sizes in [&[usize::MAX][..], &[4096], &[100_000, 7]] {
        let mut reader = Reader::new(Drip::new(&text, sizes), options(Format::Auto), Names::default());
        let (mut kept, mut largest, mut lines) = (0, 0, Vec::new());
        while let Some(batch) = reader
            .next_batch(&mut |reject| {
                kept += reject.raw.len();
                largest = largest.max(reject.raw.len());
                lines.extend(reject.reason.is_some().then_some(reject.line));
                Ok(())
            })
            .unwrap()
        {
            assert_eq!((batch.rows.len(), batch.read, batch.rejected), (2, 4, 2));
        }
        assert_eq!((kept, lines), (2 * long.len(), vec![2, 4]));
        assert!(largest < 2 << 20, "{largest} bytes were held at once");
    }
    // As the first line it says nothing about the format.
    let text = [&long[..], b"\nts,system,status\n2025-11-20,a,up\n"].concat();
    let outcome = auto(text);
    assert_eq!((outcome.systems(), outcome.rejects.len(), &outcome.error), (vec!["a"], 1, &None));
}

#[test]
fn a_pipe_gets_a_batch_for_whatever_has_arrived() {
    /// Returns one piece per read, then fails: a further read would block in real use.
    struct Pieces(Vec<&'static str>);
    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("asked for more while lines were waiting"));
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(piece.as_bytes());
            Ok(piece.len())
        }
    }
    let follow = Options { follow: true, ..options(Format::Auto) };
    let csv = "ts,system,status,note\n2025-11-20,a,up,\n2025-11-20,b,up,\"open\nstill open\n";
    let json = "{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\"}\n{\"ts\":17";
    let rejected = "{\"ts\":1763640000}\n{\"ts\":17";
    for (text, rows) in [(csv, 1), (json, 1), (rejected, 0)] {
        // The first read is of one byte, to look for a mark.
        let mut reader = Reader::new(Pieces(vec![&text[..1], &text[1..]]), follow, Names::default());
        let batch = reader.next_batch(&mut |_| Ok(())).unwrap().unwrap();
        assert_eq!((batch.rows.len(), batch.read), (rows, 1), "{text}");
        assert!(reader.next_batch(&mut |_| Ok(())).is_err());
    }
}

#[test]
fn more_streams_than_there_are_indices_begin_anew() {
    let most = Row::MOST_STREAMS;
    let total = most + most / 2;
    let mut text = String::new();
    for number in 0..total {
        text.push_str(&good(&format!("s{number}")));
    }
    text.push_str(&good("s0"));
    let outcome = read(text.as_bytes(), Options { batch_rows: 100_000, ..options(Format::Auto) });
    assert_eq!(outcome.rows.len(), total + 1);
    let wrong = outcome
        .rows
        .iter()
        .enumerate()
        .find(|(number, row)| row.0 != format!("s{} healthcheck -", if *number == total { 0 } else { *number }));
    assert_eq!(wrong, None);
}

#[test]
fn long_names_begin_anew_earlier() {
    let name = |number: usize| format!("{number:0>253}");
    let text: String = (0..70_000).map(|number| good(&name(number))).collect();
    let mut reader = Reader::new(text.as_bytes(), options(Format::Auto), Names::default());
    let (mut restarts, mut streams) = (0, Vec::new());
    while let Some(batch) = reader.next_batch(&mut |_| Ok(())).unwrap() {
        if batch.restart {
            restarts += 1;
            streams.clear();
        }
        streams.extend(batch.new_streams);
        assert!(batch.rows.iter().all(|row| row.stream() < streams.len()));
    }
    assert_eq!(restarts, 1);
}

#[test]
fn notes_bound_a_batch() {
    let line =
        format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",\"note\":\"{}\"}}\n", "n".repeat(500_000));
    let text = line.repeat(20);
    let mut reader = Reader::new(text.as_bytes(), options(Format::Auto), Names::default());
    let mut sizes = Vec::new();
    while let Some(batch) = reader.next_batch(&mut |_| Ok(())).unwrap() {
        sizes.push(batch.rows.len());
    }
    assert_eq!(sizes, [9, 9, 2]);
}

#[test]
fn ignored_fields_are_remembered_once_and_not_without_end() {
    let long = "x".repeat(300);
    let line = format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",\"{long}\":1}}\n");
    assert_eq!(auto(line.repeat(3)).ignored.len(), 1);
    let many: Vec<String> = (0..100).map(|number| format!("\"f{number}\":1")).collect();
    let line = format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",{}}}\n", many.join(","));
    assert_eq!(auto(line).ignored.len(), 16);
}
