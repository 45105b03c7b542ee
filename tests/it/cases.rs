//! Owns how many random cases a law looks at that costs more than others.

use proptest::prelude::ProptestConfig;

/// One in so many of the cases that are run otherwise, and at least one. Where `PROPTEST_CASES` is set, it holds for these laws, too.
pub(crate) fn one_in(times: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases / times).max(1), ..usual }
}
