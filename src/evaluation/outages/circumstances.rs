//! Owns the circumstances of outages: their notes and planned maintenance.

use std::collections::HashMap;

use anyhow::Result;

use super::notes::{Noted, Notes, last};
use super::windows::windows;
use crate::domain::account::outage::shared::Shared;
use crate::domain::budget::review::Circumstances;
use crate::domain::health::timeline::Scope;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};
use crate::evaluation::is_most;
use crate::evaluation::resolver::Resolver;
use crate::store::Store;

/// The circumstances of outages as of an instant, in the order given.
pub(in crate::evaluation) fn circumstances(
    store: &Store,
    outages: &[Shared<'_>],
    as_of: Instant,
) -> Result<Vec<Circumstances>> {
    let windows = windows(store, Some(&outages.iter().map(|outage| outage.system).collect()))?;
    let said = said(store, outages, as_of)?;
    let mut found = Vec::with_capacity(outages.len());
    for outage in outages {
        // Notes at `as_of` are included.
        let span = Span::new(outage.start, outage.end.unwrap_or(as_of.plus(1)));
        let known = Span::new(span.start, outage.end.unwrap_or(as_of));
        let (mut maintenance, mut planned) = (Vec::new(), Vec::new());
        for (name, spans) in windows.get(outage.system).map_or_else(Vec::new, |windows| windows.touching(span)) {
            maintenance.push(name);
            planned.extend(spans.iter().map(|part| part.intersect(known)).filter(|part| !part.is_empty()));
        }
        found.push(Circumstances {
            note: said.get(outage.system).and_then(|noted| last(noted, span)).map(|text| text.to_string()),
            maintenance,
            planned_ms: union(planned).into_iter().map(Span::millis).sum(),
        });
    }
    Ok(found)
}

/// The notes on the systems of outages, from the first outage to the last of each.
fn said<'o>(store: &Store, outages: &[Shared<'o>], as_of: Instant) -> Result<HashMap<&'o Name, Noted>> {
    let mut hulls: HashMap<&Name, Span> = HashMap::new();
    for outage in outages {
        let span = Span::new(outage.start, outage.end.unwrap_or(as_of.plus(1)));
        let hull = hulls.entry(outage.system).or_insert(span);
        *hull = Span::new(hull.start.min(span.start), hull.end.max(span.end));
    }
    let (mut resolver, mut notes) = (Resolver::new(store, is_most(store, hulls.len())?)?, Notes::new(store, as_of));
    let of_system =
        |(name, hull): (&'o Name, Span)| Ok((name, notes.within(&resolver.member(name)?, Scope::System, hull)?));
    hulls.into_iter().map(of_system).collect()
}
