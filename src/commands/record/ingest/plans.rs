//! Owns maintenance found in records, as windows that can be applied.

use std::collections::BTreeMap;

use crate::domain::account::maintenance::{MaintenanceWindow, Schedule};
use crate::domain::account::objective::Metadata;
use crate::domain::health::stream::StreamName;
use crate::domain::plan::object::Object;
use crate::domain::value::instant::Instant;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::feed::{Batch, Work};

/// What happens to planned work at an instant, and the note about it.
type Told = (Work, Option<Box<str>>);

/// The known planned work, by stream.
#[derive(Clone, Default)]
pub(super) struct Plans {
    /// The streams of the current input, by index.
    streams: Vec<StreamName>,
    told: BTreeMap<StreamName, BTreeMap<Instant, Told>>,
}

impl Plans {
    /// Takes the planned work of a batch, before its streams are taken from it.
    pub(super) fn take(&mut self, batch: &mut Batch, begins: bool) {
        if begins || batch.restart {
            self.streams.clear();
        }
        self.streams.extend(batch.new_streams.iter().cloned());
        for planned in batch.planned.drain(..) {
            let Some(stream) = self.streams.get(planned.stream as usize) else { continue };
            let told = self.told.entry(stream.clone()).or_default();
            let new = (planned.what, planned.note);
            // Of two reports about one instant, the one that says more counts.
            match told.get_mut(&planned.at) {
                Some(known) if *known >= new => {}
                Some(known) => *known = new,
                None => drop(told.insert(planned.at, new)),
            }
        }
    }

    /// A window for each stretch of planned work that has an end.
    pub(super) fn windows(&self) -> Vec<Object> {
        let mut windows = BTreeMap::new();
        for (stream, told) in &self.told {
            let mut open: Option<(Instant, Option<&str>)> = None;
            for (at, (what, note)) in told {
                let note = note.as_deref();
                match what {
                    Work::Until(end) => window(&mut windows, &stream.system, Span::new(*at, *end), note),
                    Work::Begins => open = open.or(Some((*at, note))),
                    Work::Ends => {
                        if let Some((start, note)) = open.take() {
                            window(&mut windows, &stream.system, Span::new(start, *at), note);
                        }
                    }
                }
            }
        }
        windows.into_values().map(Object::MaintenanceWindow).collect()
    }
}

fn window(windows: &mut BTreeMap<Name, MaintenanceWindow>, system: &Name, span: Span, note: Option<&str>) {
    let start = span.start.to_chrono().format("%Y-%m-%dT%H-%M-%S");
    let system_text: String = system.as_str().chars().take(200).collect();
    let Some(name) = Name::like(&format!("{system_text}-{start}")) else { return };
    let reason = note.map(str::to_owned);
    let metadata = Metadata {
        name: name.clone(),
        title: None,
        description: None,
        labels: Labels::default(),
        annotations: BTreeMap::new(),
    };
    let schedule = Schedule::Once(span);
    let new = MaintenanceWindow { metadata, systems: vec![system.clone()], schedule, cancelled: false, reason };
    // Two streams of a system may report the same work; the longer one contains both.
    let longer = |known: &MaintenanceWindow| matches!(&known.schedule, Schedule::Once(known) if known.end >= span.end);
    if !windows.get(&name).is_some_and(longer) {
        windows.insert(name, new);
    }
}
