//! Owns the checks of transactions: all or nothing, one instant for each reader, nothing of a rehearsal.

use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Result, bail};

use super::facts::{facts, ingest};
use super::{is, on_each, stream};
use crate::domain::health::transition::Status::{Degraded, Healthy, Unhealthy};
use crate::store::{Access, Store};

#[test]
fn what_was_written_is_seen_by_others_and_what_failed_is_not() {
    on_each(|place| {
        let (mut writer, http) = (place.writer(), stream("shop", "http"));
        ingest(&mut writer, "a", &http, &[is(0, Healthy)]);
        assert_eq!(facts(&place.reader()).len(), 1);
        let failed: Result<()> = writer.write(|store| {
            super::facts::bring(store, "b", &http, &[is(10, Unhealthy)])?;
            bail!("it is not meant")
        });
        assert_eq!(format!("{:#}", failed.unwrap_err()), "it is not meant");
        let rehearsed = writer.rehearse(|store| super::facts::bring(store, "c", &http, &[is(20, Unhealthy)])).unwrap();
        assert_eq!(rehearsed.inserted, 1);
        // The same handle can be used after both.
        ingest(&mut writer, "d", &http, &[is(30, Unhealthy)]);
        (facts(&place.reader()), facts(&writer))
    });
}

#[test]
fn what_is_read_is_of_one_moment() {
    on_each(|place| {
        let (mut writer, http) = (place.writer(), stream("shop", "http"));
        ingest(&mut writer, "a", &http, &[is(0, Healthy)]);
        let reader = place.reader();
        let seen = reader.read(|store| {
            let before = count(store)?;
            ingest(&mut writer, "b", &http, &[is(10, Unhealthy)]);
            ingest(&mut writer, "b", &stream("other", "http"), &[is(10, Unhealthy)]);
            Ok((before, count(store)?, store.systems()?.len()))
        });
        assert_eq!(seen.unwrap(), (1, 1, 1));
        reader.read(|store| Ok((count(store)?, store.systems()?.len()))).unwrap()
    });
}

fn count(store: &Store) -> Result<usize> {
    let mut count = 0;
    for (_, system) in store.systems()? {
        store.each_fact(system, |_, _, _| {
            count += 1;
            Ok(())
        })?;
    }
    Ok(count)
}

#[test]
fn every_kind_of_writing_keeps_what_it_writes() {
    let kept = on_each(|place| {
        let (mut writer, http) = (place.writer(), stream("shop", "http"));
        ingest(&mut writer, "a", &http, &[is(0, Healthy)]);
        writer.write_anyway(|store| store.follow_changes("pager")).unwrap();
        writer.write_alone(Store::empty_published).unwrap();
        let mut again = place.open(Access::Update);
        assert_eq!(again.read(|store| store.count_undelivered("pager")).unwrap(), 0);
        ingest(&mut again, "b", &http, &[is(5, Unhealthy)]);
        facts(&place.reader())
    });
    assert_eq!(kept.len(), 2);
}

#[test]
fn nobody_begins_a_system_while_another_writes_alone() {
    on_each(|place| {
        let mut alone = place.writer();
        ingest(&mut alone, "a", &stream("shop", "http"), &[is(0, Healthy)]);
        let is_early = std::thread::scope(|scope| {
            let mut begins = None;
            let written = alone.write_alone(|store| {
                let began = begins.get_or_insert_with(|| {
                    scope.spawn(|| ingest(&mut place.writer(), "b", &stream("bank", "http"), &[is(5, Degraded)]))
                });
                std::thread::sleep(Duration::from_millis(300));
                store.follow_changes("pager")?;
                Ok(began.is_finished())
            });
            begins.unwrap().join().unwrap();
            written.unwrap()
        });
        assert!(!is_early, "{}", place.engine);
        facts(&place.reader())
    });
}

#[test]
fn who_is_overtaken_again_and_again_gets_through() {
    on_each(|place| {
        let (mut slow, mut tries) = (place.writer(), 0);
        std::thread::scope(|scope| {
            let written = slow.write_anyway(|store| {
                store.follow_changes("slow")?;
                tries += 1;
                let (name, (ended, end)) = (format!("fast-{tries}"), channel());
                scope.spawn(move || {
                    place.open(Access::Update).write_anyway(|store| store.follow_changes(&name)).unwrap();
                    ended.send(()).unwrap_or_default();
                });
                // It cannot end while others are locked out.
                end.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
                Ok(())
            });
            written.unwrap();
        });
        assert!(tries <= 3, "{}: {tries} tries", place.engine);
        place.reader().read(|store| store.count_undelivered("slow")).unwrap()
    });
}
