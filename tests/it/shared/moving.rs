//! Databases that move between files and servers, and changes to facts other than adding.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::server::Server;
use super::{both, compare, dealt};
use crate::cases::one_in;
use crate::harness::Slo;
use crate::world::strategy::worlds;
use crate::world::{World, feed};

/// Every row of every table of a file, without the ids of segments, which mean nothing.
fn rows(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> =
        connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found = Vec::new();
    for table in tables {
        let columns = if table == "segment" { "stream, first_ts, last_ts, count, body, checksum" } else { "*" };
        let mut statement = connection.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
        let width = statement.column_count();
        let mut of_table: Vec<String> = statement
            .query_map([], |row| {
                let values: Vec<_> = (0..width).map(|index| format!("{:?}", row.get_ref(index).unwrap())).collect();
                Ok(format!("{table} {}", values.join(" ")))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        of_table.sort();
        found.extend(of_table);
    }
    found
}

fn made(world: &World, keys: &[u8]) -> Slo {
    let file = Slo::in_file();
    let heaps = dealt(world, keys);
    file.ingest(&feed(&heaps[0]));
    file.apply(&world.manifests());
    file.ingest(&feed(&heaps[1]));
    file.pass(&["compute", "--as-of", &world.as_of_text(), "-q"], b"");
    file.ingest(&feed(&heaps[2]));
    file
}

proptest! {
    #![proptest_config(one_in(32))]

    #[test]
    fn a_copy_there_and_back_is_the_same(world in worlds(), keys in vec(any::<u8>(), 48)) {
        let Some(server) = Server::any() else { return Ok(()) };
        let file = made(&world, &keys);
        let (there, back) = (server.fresh(), file.path("back.db"));
        let path = file.db();
        file.pass(&["db", "copy", path.to_str().unwrap(), &there], b"");
        let again = file.run(&["db", "copy", path.to_str().unwrap(), &there], b"");
        prop_assert!(again.code == 2 && again.stderr.contains("is not empty"), "{}", again.stderr);
        compare(&file, &Slo::at(&there), &world, "copied")?;
        file.pass(&["db", "copy", &there, back.to_str().unwrap()], b"");
        prop_assert_eq!(rows(&back), rows(&path));
        // Further writes there do not reuse an id.
        let shared = Slo::at(&there);
        let folder = file.write_manifests(&world.manifests());
        for args in [&["ingest", "-"][..], &["apply", "--prune", folder.to_str().unwrap()]] {
            both(&file, &shared, args, "{\"ts\":\"2026-01-01T00:00:00Z\",\"system\":\"another\",\"status\":\"up\"}\n")?;
        }
        compare(&file, &shared, &world, "gone on")?;
    }

    #[test]
    fn what_is_merged_forgotten_and_renamed_is_so_on_both(world in worlds(), keys in vec(any::<u8>(), 48)) {
        let Some(server) = Server::any() else { return Ok(()) };
        let (file, shared, other) = (Slo::in_file(), Slo::on(server), made(&world, &keys));
        let as_of = world.as_of_text();
        let heaps = dealt(&world, &keys);
        both(&file, &shared, &["ingest", "-"], &feed(&heaps[2]))?;
        let folder = file.write_manifests(&world.manifests());
        both(&file, &shared, &["apply", "--set", "world", folder.to_str().unwrap()], "")?;
        let path = other.db();
        let from_file = shared.run(&["db", "merge", path.to_str().unwrap()], b"");
        file.pass(&["db", "merge", path.to_str().unwrap()], b"");
        prop_assert_eq!(from_file.code, 0, "{}", from_file.stderr);
        compare(&file, &shared, &world, "merged")?;
        both(&file, &shared, &["compute", "--as-of", &as_of, "-o", "json"], "")?;
        both(&file, &shared, &["db", "forget", "--ingest", "1", "--as-of", &as_of, "-o", "json"], "")?;
        both(&file, &shared, &["db", "forget", "--ingest", "1", "--yes", "--as-of", &as_of, "-o", "json"], "")?;
        compare(&file, &shared, &world, "an ingest is forgotten")?;
        if let Some(system) = world.systems.first() {
            let args = ["db", "rename-system", &system.name, "renamed", "--yes", "--as-of", &as_of, "-o", "json"];
            both(&file, &shared, &args, "")?;
            compare(&file, &shared, &world, "renamed")?;
            let args = ["db", "forget", "--system", "renamed", "--yes", "--as-of", &as_of, "-o", "json"];
            both(&file, &shared, &args, "")?;
            compare(&file, &shared, &world, "a system is forgotten")?;
        }
        both(&file, &shared, &["compute", "--as-of", &as_of, "-o", "json"], "")?;
        compare(&file, &shared, &world, "computed")?;
        // And from a server into a file.
        let merged = Slo::in_file();
        merged.pass(&["db", "merge", shared.db().to_str().unwrap()], b"");
        prop_assert_eq!(merged.pass(&["export", "journal"], b""), file.pass(&["export", "journal"], b""));
    }
}
