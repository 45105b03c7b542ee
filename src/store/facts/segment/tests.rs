//! Owns the laws of packing: it is lossless, bodies fit, damage breaks nothing, regular feeds take almost no space.

use proptest::prelude::*;

use super::*;

fn fact(at: i64, status: Status, ingest: i64) -> Fact {
    Fact { transition: Transition { at: Instant::from_millis(at), status }, ingest: IngestId(ingest) }
}

/// Gaps of all kinds: ticks, jitter in milliseconds or seconds, silence, the entire range.
fn gaps() -> impl Strategy<Value = Vec<i64>> {
    let one = prop_oneof![
        6 => Just(60_000),
        3 => (59..62_i64).prop_map(|seconds| seconds * 1000),
        2 => 59_000..61_000_i64,
        2 => 1..5_i64,
        2 => 1..10_000_000_i64,
        1 => Just(86_400_000),
        1 => 1..2_000_000_000_000_i64,
    ];
    // Runs of one kind, so that all kinds of blocks occur.
    let run = (one, 1..300_usize, any::<bool>(), 0..1000_i64);
    prop::collection::vec(run, 1..14).prop_map(|runs| {
        let mut gaps = Vec::new();
        for (gap, count, is_even, noise) in runs {
            gaps.extend((0..count as i64).map(|index| if is_even { gap } else { gap + index * noise % 7 }));
        }
        gaps
    })
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let moment = prop_oneof![Just(0_i64), Just(946_684_800_000), 0..2_000_000_000_000_i64];
    let status = prop_oneof![3 => Just(vec![1_u8]), 1 => prop::collection::vec(0..4_u8, 1..9)];
    let ingest = (1..i64::MAX / 2, 0..3_i64, 1..200_usize);
    (moment, gaps(), status, ingest).prop_map(|(first, gaps, statuses, (ingest, step, length))| {
        let (mut at, mut facts) = (first, Vec::new());
        for (index, gap) in gaps.into_iter().enumerate() {
            if at > Instant::MAX.millis() {
                break;
            }
            let status = Status::from_code(statuses[index / 3 % statuses.len()]).unwrap();
            facts.push(fact(at, status, ingest + step * (index / length) as i64));
            at += gap;
        }
        facts
    })
}

fn unpacked(parts: &[Part<'_>]) -> Vec<Fact> {
    let facts = |part: &Part<'_>| decode(&part.body, part.facts[0].transition.at, part.facts.len()).unwrap();
    parts.iter().flat_map(facts).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_documented_examples_are_what_is_written() {
    let page = include_str!("../../../../docs/design/segment-format.md");
    let start = 1_795_183_500_000;
    let few = [
        fact(start, Status::Healthy, 1),
        fact(start + 60_000, Status::Unhealthy, 1),
        fact(start + 61_500, Status::Healthy, 2),
    ];
    // A check a minute for six hours, each ingested by its own command; one came a second late, and one reported an
    // outage.
    let status = |minute: i64| if minute == 200 { Status::Unhealthy } else { Status::Healthy };
    let at = |minute: i64| start + minute * 60_000 + if minute == 100 { 1000 } else { 0 };
    let many: Vec<Fact> = (0..360).map(|minute| fact(at(minute), status(minute), 7 + minute)).collect();
    for facts in [&few[..], &many] {
        let parts = pack(facts);
        assert_eq!((parts.len(), unpacked(&parts)), (1, facts.to_vec()));
        assert!(page.contains(&hex(&parts[0].body)), "{}", hex(&parts[0].body));
    }
}

#[test]
fn bodies_of_version_1_still_read() {
    let body = [0x01, 0x01, 0x83, 0xd3, 0x0e, 0xf1, 0x2e, 0x02, 0x02, 0x01, 0x02, 0x6b, 0x24, 0x19, 0x3c];
    assert!(include_str!("../../../../docs/design/segment-format.md").contains(&hex(&body)));
    let first = Instant::from_millis(1_795_183_500_000);
    let facts = decode(&body, first, 3).unwrap();
    let expected = [
        fact(1_795_183_500_000, Status::Healthy, 1),
        fact(1_795_183_560_000, Status::Unhealthy, 1),
        fact(1_795_183_561_500, Status::Healthy, 2),
    ];
    assert_eq!(facts, expected);
    for index in 0..body.len() {
        let mut flipped = body;
        flipped[index] ^= 4;
        assert_eq!(decode(&flipped, first, 3), Err(Damaged), "{index}");
        assert_eq!(decode(&body[..index], first, 3), Err(Damaged), "{index}");
    }
}

#[test]
fn regular_feeds_take_next_to_nothing() {
    let minutes = |jitter: i64| -> Vec<Fact> {
        let at = |minute: i64| minute * 60_000 + minute * 7919 % (jitter + 1) * 1000;
        (0..525_600).map(|minute| fact(at(minute), Status::Healthy, 1)).collect()
    };
    for (jitter, most) in [(0, 0.02), (1, 0.35), (2, 0.45)] {
        let facts = minutes(jitter);
        let parts = pack(&facts);
        let bytes: usize = parts.iter().map(|part| part.body.len()).sum();
        let each = bytes as f64 / facts.len() as f64;
        assert!(each < most, "{each} bytes each, with {jitter} s of jitter");
    }
}

#[test]
fn the_longest_and_shortest_times_are_packed() {
    let most = Instant::MAX.millis();
    for ends in [vec![0, most], vec![0, 1, most], vec![most - 1, most], vec![most], vec![0, 1, 2, 3, most - 7, most]] {
        let facts: Vec<Fact> = ends.iter().map(|at| fact(*at, Status::Unknown, i64::MAX)).collect();
        assert_eq!(unpacked(&pack(&facts)), facts);
    }
}

#[test]
fn what_is_claimed_is_not_made_room_for() {
    let first = Instant::from_millis(0);
    // A run of 2^57 statuses, a block of 2^50 times, 2^60 runs of an ingest.
    let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let statuses = [&[2, 1, 0][..], &long].concat();
    let block = [&[2, 1, 0, 9][..], &long, &[1]].concat();
    let ingests = [&[2, 1, 0, 5][..], &[1, 2], &long].concat();
    for count in [0, 1, 2, MOST_FACTS, MOST_FACTS + 1, 1 << 20, usize::MAX] {
        for body in [&statuses, &block, &ingests] {
            let read = decode(body, first, count);
            assert!(read.is_err() || (count == 1 && read.unwrap().len() == 1), "{count} {body:?}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_packed_comes_back_and_fits(facts in facts()) {
        for parts in [pack(&facts), pack_evenly(&facts)] {
            prop_assert_eq!(parts.iter().flat_map(|part| part.facts).copied().collect::<Vec<_>>(), facts.clone());
            for part in &parts {
                prop_assert!(part.body.len() <= MOST_BYTES, "{} bytes", part.body.len());
                prop_assert!(part.facts.len() <= MOST_FACTS);
            }
            prop_assert_eq!(unpacked(&parts), facts.clone());
        }
        prop_assert_eq!(pack_evenly(&facts).len(), pack(&facts).len());
    }

    #[test]
    fn transitions_are_read_without_the_rest(facts in facts()) {
        for part in pack(&facts) {
            let mut seen = Vec::new();
            read(&part.body, part.facts[0].transition.at, part.facts.len(), |transition| seen.push(transition)).unwrap();
            prop_assert_eq!(seen, part.facts.iter().map(|fact| fact.transition).collect::<Vec<_>>());
        }
    }

    #[test]
    fn changes_are_read_without_what_repeats_them(facts in facts()) {
        for part in pack(&facts) {
            let (mut seen, count) = (Vec::new(), part.facts.len());
            read_changes(&part.body, part.facts[0].transition.at, count, |transition| seen.push(transition)).unwrap();
            let status = |place: usize| part.facts[place].transition.status;
            let is_wanted = |place: &usize| *place == 0 || *place + 1 == count || status(*place) != status(*place - 1);
            let wanted = (0..count).filter(is_wanted).map(|place| part.facts[place].transition);
            prop_assert_eq!(seen, wanted.collect::<Vec<_>>());
        }
    }

    #[test]
    fn damaged_bodies_break_nothing(facts in facts(), at: usize, bit in 0..8_u8, count: u16, noise: Vec<u8>) {
        for part in pack(&facts) {
            let (first, mut body) = (part.facts[0].transition.at, part.body);
            let at = at % body.len();
            prop_assert_eq!(decode(&body[..at], first, part.facts.len()), Err(Damaged));
            body[at] ^= 1 << bit;
            for body in [&body, &noise] {
                for count in [part.facts.len(), usize::from(count)] {
                    let _ = (read(body, first, count, |_| {}), read_changes(body, first, count, |_| {}));
                    if let Ok(facts) = decode(body, first, count) {
                        prop_assert_eq!(facts.len(), count);
                        prop_assert!(facts.windows(2).all(|pair| pair[0].transition.at < pair[1].transition.at));
                        prop_assert!(facts[facts.len() - 1].transition.at <= Instant::MAX);
                    }
                }
            }
        }
    }
}
