//! Owns the number of random cases of the expensive laws.

use proptest::prelude::ProptestConfig;

/// One in `times` of the usual number of cases, and at least one. `PROPTEST_CASES` also applies to these laws.
pub(crate) fn one_in(times: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases / times).max(1), ..usual }
}
