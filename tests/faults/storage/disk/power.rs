//! Power cuts: everything not made durable by a sync may be lost, in any order and in parts.

use std::collections::BTreeMap;
use std::fs;

use super::work::{STEPS, facts, is_sound, is_whole, world};
use super::{Fault, SHIM, scratch, under};
use crate::harness::{Output, World, night, tell};

/// Cuts of each recording, by default.
const CUTS: u64 = 24;
/// The unit that a disk writes completely or not at all.
const SECTOR: usize = 512;

/// A change of a file or of the names in the folder, in the order of the calls.
struct Operation {
    kind: u8,
    name: String,
    other: String,
    offset: u64,
    data: Vec<u8>,
}

fn read_record(bytes: &[u8], root: &str) -> Vec<Operation> {
    let mut at = 0;
    let mut take = |count: usize| {
        at += count;
        &bytes[at - count..at]
    };
    let mut operations = Vec::new();
    let mut left = bytes.len();
    while left > 0 {
        let kind = take(1)[0];
        let mut number4 = || u32::from_le_bytes(take(4).try_into().unwrap()) as usize;
        let (one, two) = (number4(), number4());
        let mut number8 = || u64::from_le_bytes(take(8).try_into().unwrap());
        let (offset, length) = (number8(), number8());
        let mut text = |count| {
            let text = std::str::from_utf8(take(count)).unwrap();
            text.strip_prefix(root).map_or_else(String::new, |text| text.trim_start_matches('/').to_owned())
        };
        let (name, other) = (text(one), text(two));
        let carried = if kind == b'W' { length as usize } else { 0 };
        let data = take(carried).to_vec();
        // A file without a name cannot be found any more.
        if !name.ends_with(" (deleted)") {
            operations.push(Operation { kind, name, other, offset, data });
        }
        left = left.checked_sub(25 + one + two + carried).unwrap();
    }
    operations
}

/// Numbers derived from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    /// Writes and truncations since the last sync.
    pending: Vec<(u8, u64, Vec<u8>)>,
}

fn apply(bytes: &mut Vec<u8>, (kind, offset, data): &(u8, u64, Vec<u8>)) {
    let offset = *offset as usize;
    if *kind == b'T' {
        return bytes.resize(offset, 0);
    }
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

/// A folder on a disk that keeps what was synced.
#[derive(Default)]
struct Disk {
    files: Vec<File>,
    /// The file behind each name, as programs see it and as it is on the disk.
    seen: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// Names after each change since the folder was last synced.
    history: Vec<BTreeMap<String, usize>>,
}

impl Disk {
    fn file(&mut self, name: &str) -> usize {
        if let Some(known) = self.seen.get(name) {
            return *known;
        }
        self.files.push(File::default());
        self.seen.insert(name.to_owned(), self.files.len() - 1);
        self.files.len() - 1
    }

    fn run(&mut self, operation: &Operation) {
        match operation.kind {
            b'W' | b'T' => {
                let file = self.file(&operation.name);
                self.files[file].pending.push((operation.kind, operation.offset, operation.data.clone()));
                return;
            }
            b'S' if operation.name.is_empty() => {
                self.durable = self.seen.clone();
                self.history.clear();
                return;
            }
            b'S' => {
                let file = self.file(&operation.name);
                let file = &mut self.files[file];
                for write in file.pending.drain(..) {
                    apply(&mut file.durable, &write);
                }
                return;
            }
            b'C' => drop(self.file(&operation.name)),
            b'U' => drop(self.seen.remove(&operation.name)),
            b'L' | b'R' => {
                let file = self.file(&operation.name);
                self.seen.insert(operation.other.clone(), file);
                if operation.kind == b'R' {
                    self.seen.remove(&operation.name);
                }
            }
            other => panic!("unknown operation {other}"),
        }
        self.history.push(self.seen.clone());
    }

    /// The content of the disk when the power goes. `loses` of four unsynced sectors are lost.
    fn cut(&self, dice: &mut Dice, loses: u64) -> BTreeMap<String, Vec<u8>> {
        let reached = dice.roll(self.history.len() as u64 + 1) as usize;
        let names = if reached == 0 { &self.durable } else { &self.history[reached - 1] };
        // The index of the log is only in memory.
        let kept = names.iter().filter(|(name, _)| !name.ends_with("-shm"));
        let mut contents = |file: &File| {
            let mut bytes = file.durable.clone();
            for (kind, offset, data) in &file.pending {
                if *kind == b'T' {
                    if dice.roll(4) >= loses {
                        apply(&mut bytes, &(*kind, *offset, Vec::new()));
                    }
                    continue;
                }
                for (index, sector) in data.chunks(SECTOR).enumerate() {
                    if dice.roll(4) >= loses {
                        apply(&mut bytes, &(*kind, offset + (index * SECTOR) as u64, sector.to_vec()));
                    }
                }
            }
            bytes
        };
        kept.map(|(name, file)| (name.clone(), contents(&self.files[*file]))).collect()
    }
}

/// The operations of all steps on the disk.
struct Recording {
    operations: Vec<Operation>,
    /// The number of operations when each step reported success, and the facts by then.
    reported: Vec<(usize, Facts)>,
}

impl Recording {
    fn of(seed: u64) -> Self {
        let recorded = world(seed);
        let root = fs::canonicalize(recorded.root()).unwrap();
        let root = root.to_str().unwrap();
        let record = scratch("record");
        let mut reported = Vec::new();
        for step in &STEPS {
            let output = Output::of(&under(&recorded, step.args, Fault::Record, 0, &record).output().unwrap());
            assert_eq!(output.code, 0, "{}", output.stderr);
            let so_far = read_record(&fs::read(&record).unwrap(), root).len();
            reported.push((so_far, facts(&recorded)));
        }
        let operations = read_record(&fs::read(&record).unwrap(), root);
        assert!(operations.len() > 200, "{} operations were recorded", operations.len());
        fs::remove_file(&record).unwrap();
        Self { operations, reported }
    }

    fn whole(&self) -> &Facts {
        &self.reported.last().unwrap().1
    }

    /// The facts that were reported as stored by the time of an operation.
    fn reported_by(&self, operations: usize) -> Option<&Facts> {
        self.reported.iter().rev().find(|(end, _)| *end <= operations).map(|(_, facts)| facts)
    }
}

/// Cuts the power at many places, and checks the result.
fn cuts(seed: u64, wanted: u64) -> u64 {
    let recording = Recording::of(seed);
    let operations = &recording.operations;
    let mut dice = Dice(seed + 1);
    let mut disk = Disk::default();
    let mut done = 0;
    let due = |at: u64| at * operations.len() as u64 / wanted;
    for (at, operation) in operations.iter().enumerate() {
        disk.run(operation);
        while done < wanted && due(done) <= at as u64 {
            let loses = dice.roll(5);
            let left = disk.cut(&mut dice, loses);
            let context =
                format!("seed {seed}: power cut after operation {at} of {}, losing {loses}/4", operations.len());
            check(&left, recording.reported_by(at + 1), recording.whole(), seed, &context);
            done += 1;
        }
    }
    done
}

type Facts = std::collections::BTreeSet<String>;

fn check(left: &BTreeMap<String, Vec<u8>>, acknowledged: Option<&Facts>, whole: &Facts, seed: u64, context: &str) {
    let world: World = world(seed);
    for (name, bytes) in left {
        world.write(name, bytes);
    }
    is_sound(&world, context);
    let kept = facts(&world);
    assert!(kept.is_subset(whole), "{context}: facts came from nowhere");
    if let Some(acknowledged) = acknowledged {
        let lost = acknowledged.difference(&kept).next();
        assert!(lost.is_none(), "{context}: a fact that was reported as kept is lost: {lost:?}");
    }
    for name in ["copy.db", "page.html"] {
        is_whole(&world, name, context);
    }
    let again = world.run(&["ingest", "-q", "a.jsonl", "b.jsonl", "c.jsonl", "late.jsonl"]);
    assert_eq!(again.code, 0, "{context}: {}", again.stderr);
    assert!(facts(&world) == *whole, "{context}: the same again gives something else");
    is_sound(&world, context);
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_reported() {
    if SHIM.is_none() {
        return;
    }
    let (each, worlds) = (CUTS * night().min(10), night().div_ceil(10));
    let done: u64 = (0..worlds).map(|seed| cuts(seed, each)).sum();
    assert!(done >= CUTS);
    tell(&format!("power cuts: {done}"));
}

/// The test is effective: on a disk that ignores syncs, reported facts are lost.
#[test]
fn a_disk_that_ignores_syncs_is_noticed() {
    if SHIM.is_none() {
        return;
    }
    let recording = Recording::of(0);
    let mut disk = Disk::default();
    // Names are kept, or nothing would be left at all.
    let unsynced = recording.operations.iter().filter(|one| one.kind != b'S' || one.name.is_empty());
    let (end, facts) = &recording.reported[0];
    unsynced.take(*end).for_each(|operation| disk.run(operation));
    disk.durable = disk.seen.clone();
    let left = disk.cut(&mut Dice(1), 4);
    let lost = std::panic::catch_unwind(|| check(&left, Some(facts), recording.whole(), 0, "without syncs"));
    assert!(lost.is_err(), "a file without a byte passed for a database with {} facts", facts.len());
}
