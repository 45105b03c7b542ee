//! Owns the manifests of the benchmarks.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;

use super::feed::{once, service};

/// One objective for each system of the year's feed, with up to three later systems as upstreams: there are no cycles,
/// and transitive edges form chains.
pub(crate) fn thousand(path: &Path, systems: usize) -> Result<()> {
    once(path, |file| {
        for index in 0..systems {
            let name = service(index);
            write!(file, "apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec:\n  dependencies:\n")?;
            let mut any = false;
            for (edge, step) in [1, 7, 31].into_iter().enumerate().filter(|(_, step)| index + step < systems) {
                let upstream = service(index + step);
                // Chains of transitive edges are three long.
                let transitive = edge == 1 && index % 4 != 3;
                let impact = ["critical", "degraded", "degraded"][edge];
                writeln!(
                    file,
                    "    - {{ targetRef: {{ kind: System, name: {upstream} }}, impactType: {impact}, transitive: {transitive} }}"
                )?;
                any = true;
            }
            if !any {
                writeln!(file, "    []")?;
            }
            writeln!(file, "---")?;
        }
        for index in 0..systems {
            let exclusion = if index % 2 == 0 { "strict" } else { "self-only" };
            objective(file, &format!("{}-availability", service(index)), &service(index), exclusion)?;
        }
        Ok(())
    })
}

/// One objective for each system of the wide feed.
pub(crate) fn wide(path: &Path, systems: usize) -> Result<()> {
    once(path, |file| {
        for index in 0..systems {
            let name = format!("wide-{index:06}");
            objective(file, &name, &name, "strict")?;
        }
        Ok(())
    })
}

/// One objective of one system.
pub(crate) fn single(path: &Path, system: &str) -> Result<()> {
    once(path, |file| objective(file, system, system, "strict"))
}

fn objective(file: &mut impl std::io::Write, name: &str, system: &str, exclusion: &str) -> Result<()> {
    write!(
        file,
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name}, labels: {{ team: payments }} }}\nspec:\n  \
         systemRef: {{ kind: System, name: {system} }}\n  target: 99.9\n  windowDays: 30\n  \
         dependencyExclusion: {exclusion}\n---\n"
    )
    .map_err(Into::into)
}
