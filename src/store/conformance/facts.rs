//! Owns the checks of facts: the journal does not depend on the order or the number of ingests; deleted facts are gone.

use anyhow::Result;

use super::{at, is, name, on_each, stream};
use crate::domain::health::ingest::IngestRecord;
use crate::domain::health::rewrite::{Rewrite, RewriteRecord, Streams};
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Status::{Degraded, Healthy, Unhealthy};
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::store::facts::journal::Merged;
use crate::store::{Followers, Incoming, JournalWriter, Store};

/// Merges facts of one stream inside the open transaction; the first of them has a note.
pub(super) fn bring(store: &Store, file: &str, stream: &StreamName, facts: &[Transition]) -> Result<Merged> {
    let (mut writer, mut record) = (JournalWriter::new(), IngestRecord::new(file, at(1000)));
    writer.add_stream(stream.clone());
    let span = facts.first().zip(facts.last()).map(|(first, last)| (first.at, last.at));
    if store.leaves_caches() {
        store.expect_facts(&mut writer, &[(0, span)])?;
    }
    let notes = facts.iter().take(1).map(|fact| (fact.at, format!("{file} says").into())).collect();
    let merged = store.merge(&mut writer, &Incoming { stream: 0, transitions: facts, notes: &notes }, &mut record)?;
    record.inserted = merged.inserted;
    record.conflicts = merged.conflicts;
    record.read = facts.len() as u64;
    record.finished_at = Some(at(1001));
    store.record_ingest(&record)?;
    store.trim_caches(&writer.take_touched(), &mut Followers::default())?;
    Ok(merged)
}

/// The same in its own transaction.
pub(super) fn ingest(store: &mut Store, file: &str, stream: &StreamName, facts: &[Transition]) -> Merged {
    store.write(|store| bring(store, file, stream, facts)).unwrap()
}

/// The same without the ids of ingests, which may have gaps.
pub(super) fn facts(store: &Store) -> Vec<String> {
    let without = |line: String| {
        let (fact, brought) = line.split_once(" #").unwrap();
        format!("{fact} {}", brought.split_once(' ').unwrap().1)
    };
    journal(store).into_iter().map(without).collect()
}

/// Every fact as a line, in the store's order.
pub(super) fn journal(store: &Store) -> Vec<String> {
    let read = store.read(|store| {
        let mut lines = Vec::new();
        for (system, id) in store.systems()? {
            store.each_fact(id, |stream, fact, note| {
                let Transition { at, status } = fact.transition;
                let check = stream.check.as_ref().map_or("-", |check| check.as_str());
                lines.push(format!("{system} {check} {at} {} #{} {note:?}", status.as_str(), fact.ingest));
                Ok(())
            })?;
        }
        Ok(lines)
    });
    read.unwrap()
}

#[test]
fn the_journal_is_the_same_in_whatever_order_facts_come() {
    let facts: Vec<Transition> = (0..40).map(|n| is(n * 7, [Healthy, Degraded, Unhealthy][n as usize % 3])).collect();
    let (early, late) = facts.split_at(20);
    let http = stream("shop", "http");
    let parts: [[&[Transition]; 4]; 3] =
        [[&facts, &[], &[], &[]], [late, early, late, &[]], [&facts[30..], &facts[5..25], &facts[..10], &facts[20..]]];
    let without_ingest = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().map(|line| line.split(" #").next().unwrap().to_owned()).collect()
    };
    let journals = parts.map(|parts| {
        on_each(|place| {
            let mut store = place.writer();
            for (number, part) in parts.iter().filter(|part| !part.is_empty()).enumerate() {
                ingest(&mut store, &number.to_string(), &http, part);
            }
            without_ingest(journal(&place.reader()))
        })
    });
    assert_eq!(journals[0].len(), 40);
    assert!(journals.iter().all(|journal| *journal == journals[0]));
}

#[test]
fn what_is_known_changes_nothing_and_the_worse_of_two_stays() {
    let counts = on_each(|place| {
        let (mut store, http) = (place.writer(), stream("shop", "http"));
        let facts = [is(0, Healthy), is(10, Degraded), is(20, Healthy)];
        let first = ingest(&mut store, "a", &http, &facts);
        let again = ingest(&mut store, "a", &http, &facts);
        let other = ingest(&mut store, "b", &http, &[is(0, Unhealthy), is(10, Healthy), is(15, Healthy)]);
        assert_eq!(store.read(Store::ingests).unwrap().len(), 2, "what changed nothing is not recorded");
        ([first, again, other].map(|merged| (merged.inserted, merged.conflicts, merged.changed)), journal(&store))
    });
    assert_eq!(counts.0, [(3, 0, true), (0, 0, false), (1, 2, true)]);
    assert!(counts.1[0].contains("unhealthy #") && counts.1[1].contains("degraded #"), "{:?}", counts.1);
}

#[test]
fn systems_and_streams_come_in_the_order_of_their_names() {
    let found = on_each(|place| {
        let mut store = place.writer();
        for (system, check) in [("b", "z"), ("a", "y"), ("b", "a"), ("a-1", "x"), ("a", "b")] {
            ingest(&mut store, "f", &stream(system, check), &[is(0, Healthy)]);
        }
        let store = place.reader();
        let found = store.read(|store| {
            let mut found = Vec::new();
            for (system, id) in store.systems()? {
                let streams = store.streams(id)?;
                assert_eq!(store.system(&system)?, Some(id));
                found.extend(streams.into_iter().map(|row| format!("{system} {:?} {}", row.check, row.first)));
            }
            assert_eq!(store.system(&name("c"))?, None);
            Ok(found)
        });
        found.unwrap()
    });
    assert_eq!(found.len(), 5);
    assert!(found.is_sorted(), "{found:?}");
}

fn rewritten(store: &mut Store, rewrite: &Rewrite) -> (u64, u64) {
    let done = store.write_alone(|store| {
        let systems = store.rewritten_systems(rewrite)?;
        let (extent, touched) = store.rewrite(rewrite)?;
        assert!(!systems.is_empty() && !touched.is_empty());
        let (transitions, notes) = (extent.transitions, extent.notes);
        let rewrite = rewrite.clone();
        store.record_rewrite(&RewriteRecord { done_at: at(2000), author: None, rewrite, transitions, notes })?;
        Ok((transitions, notes))
    });
    done.unwrap()
}

#[test]
fn what_is_forgotten_or_renamed_is_so_for_everybody_and_no_number_is_given_twice() {
    let found = on_each(|place| {
        let (mut store, http, tcp) = (place.writer(), stream("shop", "http"), stream("shop", "tcp"));
        ingest(&mut store, "a", &http, &[is(0, Healthy), is(10, Unhealthy)]);
        ingest(&mut store, "b", &tcp, &[is(5, Healthy), is(10, Unhealthy), is(15, Healthy)]);
        let last = store.read(Store::ingests).unwrap().iter().map(|record| record.id).max().unwrap();
        let forget = Rewrite::ForgetIngest { ingest: last, file: "b".to_owned() };
        assert_eq!(rewritten(&mut store, &forget), (3, 1));
        let mut store = place.writer();
        ingest(&mut store, "c", &tcp, &[is(20, Healthy)]);
        let ids: Vec<_> = store.read(Store::ingests).unwrap().iter().map(|record| record.id).collect();
        assert!(ids.iter().all(|id| *id != last), "{ids:?} after {last}");
        let rename = Rewrite::RenameSystem { old: name("shop"), new: name("store") };
        assert_eq!(rewritten(&mut store, &rename).0, 3);
        let streams = Streams { system: name("store"), source: None, check: Some(name("tcp")), location: None };
        assert_eq!(rewritten(&mut store, &Rewrite::ForgetStreams(streams)).0, 1);
        let deeds: Vec<Rewrite> = place
            .reader()
            .read(|store| store.rewrites(&[], 10))
            .unwrap()
            .into_iter()
            .map(|record| record.rewrite)
            .collect();
        assert_eq!(deeds.len(), 3);
        (journal(&place.reader()), deeds)
    });
    assert!(found.0.len() == 2 && found.0.iter().all(|line| line.starts_with("store http ")), "{found:?}");
}

#[test]
fn counts_are_those_of_what_was_stored_and_all_of_it_is_sound() {
    let counts = on_each(|place| {
        let mut store = place.writer();
        for number in 0..30 {
            let facts: Vec<Transition> =
                (0..50).map(|n| is(n * 30 + number, [Healthy, Unhealthy][n as usize % 2])).collect();
            ingest(&mut store, "f", &stream(&format!("s{}", number % 4), &format!("c{}", number % 3)), &facts);
        }
        let store = place.reader();
        let info = store.read(Store::info).unwrap();
        let sound = store.read(|store| {
            let [facts, derived] = [store.verify_facts()?, store.verify_derived()?];
            Ok([store.verify_file()?, facts, derived, store.verify_journal()?].concat())
        });
        assert!(sound.unwrap().is_empty());
        let [systems, streams, transitions, notes, ingests] =
            [info.systems, info.streams, info.transitions, info.notes, info.ingests];
        let span = info.span.map(|span| (span.start, span.end));
        ([systems, streams, transitions, notes, ingests, info.ledgers, info.manifests], span)
    });
    assert_eq!(counts.0, [4, 12, 1500, 30, 30, 0, 0]);
    assert_eq!(counts.1, Some((at(0), Instant::from_millis(at(49 * 30 + 29).millis()))));
}

#[test]
fn facts_that_come_in_several_parts_of_one_transaction_are_there_once() {
    let http = stream("shop", "http");
    // Before, between, at and after what is stored.
    let parts: [&[Transition]; 4] = [
        &[is(50, Healthy), is(60, Unhealthy)],
        &[is(105, Degraded), is(110, Healthy)],
        &[is(20, Healthy), is(115, Degraded)],
        &[is(120, Healthy), is(130, Degraded)],
    ];
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1], [0, 3, 0, 3], [2, 2, 1, 0]];
    let journals = orders.map(|order| {
        on_each(|place| {
            let mut store = place.writer();
            ingest(&mut store, "stored", &http, &[is(100, Healthy), is(110, Unhealthy)]);
            let brought = store.write(|store| {
                let bring = |part: &usize| bring(store, &part.to_string(), &http, parts[*part]);
                order.iter().map(bring).collect::<Result<Vec<_>>>()
            });
            assert_eq!(brought.unwrap().len(), 4);
            let store = place.reader();
            let differences = store.read(|store| Ok([store.verify_facts()?, store.verify_journal()?].concat()));
            assert_eq!(differences.unwrap().into_iter().map(|it| it.0).collect::<Vec<_>>(), [""; 0]);
            facts(&store)
        })
    });
    assert_eq!(journals[0].len(), 9);
    assert!(journals[..4].iter().all(|journal| *journal == journals[0]), "{journals:#?}");
}

#[test]
fn an_ingest_that_lasts_notices_what_others_forget_and_rename() {
    let found = on_each(|place| {
        let (mut store, mut other, http) = (place.writer(), place.writer(), stream("shop", "http"));
        let (mut writer, mut records) = (JournalWriter::new(), vec![IngestRecord::new("pipe", at(1000))]);
        writer.add_stream(http.clone());
        let mut more = |seconds: i64, status| {
            let facts = [is(seconds, status)];
            // A transaction may be tried several times.
            (writer, records) = store
                .write(|store| {
                    let (mut writer, mut records) = (writer.clone(), records.clone());
                    store.resume(&mut writer, &mut records)?;
                    if store.leaves_caches() {
                        store.expect_facts(&mut writer, &[(0, Some((facts[0].at, facts[0].at)))])?;
                    }
                    let incoming =
                        Incoming { stream: 0, transitions: &facts, notes: &std::collections::BTreeMap::new() };
                    store.merge(&mut writer, &incoming, &mut records[0])?;
                    records[0].inserted += 1;
                    store.record_ingest(&records[0])?;
                    store.trim_caches(&writer.take_touched(), &mut Followers::default())?;
                    Ok((writer, records))
                })
                .unwrap();
            records[0].id
        };
        more(0, Healthy);
        let all = Streams { system: name("shop"), source: None, check: None, location: None };
        rewritten(&mut other, &Rewrite::ForgetStreams(all));
        other.write_alone(|store| store.forget_unknown(&[name("shop")])).unwrap();
        // In a file, it gets the ids that are free now.
        ingest(&mut other, "b", &stream("bank", "http"), &[is(5, Degraded)]);
        more(10, Unhealthy);
        rewritten(&mut other, &Rewrite::RenameSystem { old: name("shop"), new: name("store") });
        let last = more(20, Healthy);
        rewritten(&mut other, &Rewrite::ForgetIngest { ingest: last, file: "pipe".to_owned() });
        assert_ne!(more(30, Degraded), last, "a forgotten ingest begins again");
        let reader = place.reader();
        assert_eq!(reader.read(Store::verify_journal).unwrap().len(), 0);
        let counts: Vec<u64> = reader.read(Store::ingests).unwrap().iter().map(|record| record.inserted).collect();
        assert_eq!(counts, [1, 1], "those of the other ingest, and of this one since it was forgotten");
        facts(&reader)
    });
    let found: Vec<&str> = found.iter().map(|line| line.split(" None").next().unwrap()).collect();
    let expected = [format!("bank http {} degraded Some(\"b says\")", at(5)), format!("shop http {} degraded", at(30))];
    assert_eq!(found, expected);
}
