//! Owns the checks of declared objects: one per kind and name, with its origin; and of the record of applies.

use std::collections::BTreeMap;

use super::{Place, at, name, on_each};
use crate::domain::account::maintenance::{MaintenanceWindow, Schedule};
use crate::domain::account::objective::{Metadata, System};
use crate::domain::plan::applied::ApplyRecord;
use crate::domain::plan::object::{Identity, Kind, Object};
use crate::domain::plan::reconcile::change::{Change, Deed};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Declaration, Store};

fn metadata(text: &str) -> Metadata {
    let (labels, annotations) = (BTreeMap::from([("team".to_owned(), "web".to_owned())]), BTreeMap::new());
    Metadata {
        name: name(text),
        title: None,
        description: Some("a 'quoted' \\ text".to_owned()),
        labels: labels.into(),
        annotations,
    }
}

fn system(text: &str) -> Object {
    Object::System(System::bare(metadata(text)))
}

fn window(text: &str, system: &str) -> Object {
    let schedule = Schedule::Once(Span::new(at(0), at(3600)));
    let (metadata, systems) = (metadata(text), vec![name(system)]);
    Object::MaintenanceWindow(MaintenanceWindow { metadata, systems, schedule, cancelled: false, reason: None })
}

fn identity(kind: Kind, text: &str) -> Identity {
    Identity { kind, name: name(text) }
}

/// Puts objects, each declared in a document of its own.
fn put(store: &mut Store, set: &str, objects: &[Object]) {
    let set = name(set);
    let done = store.write_anyway(|store| {
        for (index, object) in objects.iter().enumerate() {
            let (document, applied_at) = (index + 1, at(100));
            store.put_object(
                object,
                Declaration { set: &set, repository: None, file: "a.yaml", document, commit: Some("c1"), applied_at },
            )?;
        }
        Ok(())
    });
    done.unwrap();
}

/// All objects as text.
fn all(place: &Place) -> Vec<String> {
    let read = place.reader().read(|store| {
        let mut all = Vec::new();
        for kind in Kind::ALL {
            all.extend(store.objects(kind)?.into_iter().map(|stored| format!("{stored:?}")));
        }
        Ok(all)
    });
    read.unwrap()
}

#[test]
fn objects_are_put_replaced_placed_renamed_orphaned_and_deleted() {
    let steps = on_each(|place| {
        let mut store = place.writer();
        put(&mut store, "one", &[system("b"), system("a"), window("w", "a")]);
        let mut steps = vec![all(place)];
        put(&mut store, "one", &[window("w", "b")]);
        steps.push(all(place));
        let done = store.write_anyway(|store| {
            let (set, repository) = (name("two"), name("git"));
            let placed = Declaration {
                set: &set,
                repository: Some(&repository),
                file: "b.yaml",
                document: 7,
                commit: None,
                applied_at: at(200),
            };
            store.place_object(&identity(Kind::System, "a"), placed)?;
            store.rename_object(&identity(Kind::System, "b"), &name("c"))?;
            store.orphan_object(&identity(Kind::MaintenanceWindow, "w"), at(300))
        });
        done.unwrap();
        steps.push(all(place));
        let sets = place.reader().read(Store::sets).unwrap();
        store.write_anyway(|store| store.delete_object(&identity(Kind::MaintenanceWindow, "w"))).unwrap();
        steps.push(all(place));
        assert_eq!(place.reader().read(|store| store.object(Kind::System, &name("a"))).unwrap(), Some(system("a")));
        assert_eq!(place.reader().read(|store| store.object(Kind::System, &name("b"))).unwrap(), None);
        (steps, sets)
    });
    assert_eq!(steps.0.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 2]);
    assert_eq!(steps.1.iter().map(Name::as_str).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn applies_are_listed_newest_first_and_found_by_either_name() {
    let record = |set: &str, deed, old: Option<&str>, new: &str| ApplyRecord {
        id: 0,
        applied_at: at(100),
        set: name(set),
        commit: None,
        author: Some("O'Brien \\ Sons".to_owned()),
        changes: vec![Change {
            deed,
            identity: identity(Kind::System, new),
            old_name: old.map(name),
            fields: Vec::new(),
        }],
        unchanged: 3,
    };
    let found = on_each(|place| {
        let mut store = place.writer();
        for record in [
            record("one", Deed::Create, None, "a"),
            record("two", Deed::Create, None, "b"),
            record("one", Deed::Rename, Some("a"), "z"),
        ] {
            store.write_anyway(|store| store.record_apply(&record)).unwrap();
        }
        let ask = |set: Option<&str>, names: &[&str], most| {
            let (set, names) = (set.map(name), names.iter().map(|text| name(text)).collect::<Vec<_>>());
            let found = place.reader().read(|store| store.applies(set.as_ref(), &names, most)).unwrap();
            found.into_iter().map(|record| ApplyRecord { id: 0, ..record }).collect::<Vec<_>>()
        };
        [ask(None, &[], 10), ask(Some("one"), &[], 10), ask(None, &["a"], 10), ask(None, &[], 1)]
    });
    assert_eq!(found.map(|records| records.len()), [3, 2, 2, 1]);
}
