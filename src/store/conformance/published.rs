//! Owns the checks of what is computed: the log of changes and its recipients, how far conditions are logged, and what
//! late facts outdate.

use super::facts::ingest;
use super::{at, is, name, on_each, stream};
use crate::domain::health::transition::Status::{Healthy, Unhealthy};
use crate::domain::rules::change::{Change, ChangeKind, Logged, Seen, View};
use crate::domain::rules::condition::Subject;
use crate::domain::rules::turn::Pair;
use crate::store::published::computed::Aligned;
use crate::store::{LogRange, LoggedUntil, Store};

fn change(number: i64) -> Change {
    let view = |flag: bool| {
        View(vec![("firing".to_owned(), Seen::Flag(flag)), ("é'\\".to_owned(), Seen::Text("\n".to_owned()))])
    };
    Change {
        kind: ChangeKind::Condition,
        id: format!("c{} o", number % 2),
        occurred_at: at(number),
        previous: (number >= 2).then(|| view(number % 4 >= 2)),
        next: Some(view(number % 4 < 2)),
    }
}

fn changes(store: &Store, range: LogRange) -> Vec<Logged> {
    let read = store.read(|store| {
        let mut found = Vec::new();
        store.each_change(range, |logged| {
            found.push(logged);
            Ok(true)
        })?;
        Ok(found)
    });
    read.unwrap()
}

#[test]
fn changes_are_numbered_in_their_order_and_each_recipient_is_told_once() {
    let found = on_each(|place| {
        let mut store = place.writer();
        let mut log = |from: i64, count: i64| {
            store.write_anyway(|store| store.log_changes((from..from + count).map(change), at(50))).unwrap()
        };
        let first = log(0, 3);
        let mut store = place.writer();
        store.write_anyway(|store| store.follow_changes("late")).unwrap();
        let second = store.write_anyway(|store| store.log_changes((3..7).map(change), at(60))).unwrap();
        assert!(first.after < first.through && first.through <= second.after);
        let told = changes(&place.reader(), LogRange { after: 0, through: second.through });
        assert!(told.is_sorted_by_key(|logged| logged.sequence));
        let counts = place.reader().read(|store| store.count_changes(second)).unwrap();
        assert!(place.reader().read(Store::verify_changes).unwrap().is_empty());
        // A recipient is told of later changes, one by one, and of none twice.
        let lock = store.lock_delivery().unwrap();
        let mut delivered = Vec::new();
        while let Some(logged) = store.undelivered("late").unwrap() {
            store.delivered("late", logged.sequence).unwrap();
            delivered.push(logged.change);
        }
        drop(lock);
        let again = place.writer();
        drop(again.lock_delivery().unwrap());
        assert_eq!(again.read(|store| store.count_undelivered("late")).unwrap(), 0);
        let told: Vec<Change> = told.into_iter().map(|logged| logged.change).collect();
        (told, counts, delivered)
    });
    assert_eq!(found.0, (0..7).map(change).collect::<Vec<_>>());
    assert_eq!(found.2, (3..7).map(change).collect::<Vec<_>>());
}

#[test]
fn late_facts_outdate_what_was_computed_after_them_and_nothing_before() {
    let found = on_each(|place| {
        let (mut store, http) = (place.writer(), stream("shop", "http"));
        ingest(&mut store, "a", &http, &[is(0, Healthy), is(100, Unhealthy)]);
        let pair = |text: &str| Pair { condition: name(text), subject: Subject::System(name("shop")) };
        let logged = |seconds| LoggedUntil { fingerprint: -7, from: at(0), at: at(seconds) };
        let done = store.write_anyway(|store| {
            store.put_computed(at(200), Aligned::default())?;
            store.put_logged(&pair("early"), logged(40))?;
            store.put_logged(&pair("late"), logged(200))
        });
        done.unwrap();
        let look = || {
            let read = place.reader().read(|store| {
                let computed = store.computed()?.map(|computed| (computed.as_of, computed.is_current));
                let conditions = store.logged_conditions()?;
                Ok((computed, conditions.into_iter().map(|(pair, until)| (pair, until.at)).collect::<Vec<_>>()))
            });
            read.unwrap()
        };
        let before = look();
        ingest(&mut store, "b", &http, &[is(300, Healthy)]);
        let after_later = look();
        ingest(&mut store, "c", &http, &[is(50, Unhealthy)]);
        let after_late = look();
        store.write_anyway(|store| store.drop_logged(&pair("late"))).unwrap();
        [before, after_later, after_late, look()]
    });
    let current = found.each_ref().map(|(computed, _)| computed.map(|(_, is_current)| is_current));
    assert_eq!(current, [Some(true), Some(true), Some(false), Some(false)]);
    let until =
        found.each_ref().map(|(_, logged)| logged.iter().map(|(_, at)| at.millis() - at_zero()).collect::<Vec<_>>());
    assert_eq!(until, [vec![40_000, 200_000], vec![40_000, 200_000], vec![40_000, 49_999], vec![40_000]]);
}

fn at_zero() -> i64 {
    at(0).millis()
}
