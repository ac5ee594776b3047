//! The gate allocates nothing when the tokens match. A test program of its own, for a program has
//! one allocator.

mod counting;

use counting::{allocations, tokens};
use runner::gate;

#[test]
fn ac10_equal_tokens_cost_no_allocation() {
    // The negative control: what is made here is counted.
    let before = allocations();
    let sequences: Vec<_> = [0, 1, 1000, 10_000].map(|n| (tokens(n), tokens(n))).into();
    let different = (tokens(1000), tokens(999));
    assert!(allocations() - before > 22_000, "the allocator counts");

    for (candidate, reference) in sequences {
        let n = candidate.ids.len();
        let before = allocations();
        let agreed = gate::check(candidate, reference);
        assert_eq!(allocations() - before, 0, "{n} tokens");
        assert_eq!(agreed.expect("equal").ids().len(), n);
    }

    let before = allocations();
    let mismatch = gate::check(different.0, different.1);
    assert!(allocations() - before > 0, "a mismatch may allocate");
    assert_eq!(mismatch.expect_err("different").first_difference, 999);
}
