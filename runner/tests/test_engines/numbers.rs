//! The numbers: logits between 0 and 10 in steps of 1/1000 that depend on every token before them.

/// The row of the last of these tokens: FNV-1a of the ids, spread over the columns.
pub(crate) fn row(tokens: &[u32], columns: u32) -> Vec<f32> {
    let seed = tokens
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &token| {
            (hash ^ u64::from(token)).wrapping_mul(0x0100_0000_01b3)
        });
    (0..u64::from(columns))
        .map(|id| {
            // The finalizer of MurmurHash3, so that neighbours have nothing in common.
            let mixed = seed ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            ((mixed >> 40) % 10_000) as f32 / 1000.0
        })
        .collect()
}

/// The tokens that a number of greedy steps choose, and the rows from which they were chosen.
pub(crate) fn greedy(
    tokens: &[u32],
    steps: u32,
    row: impl Fn(&[u32]) -> Vec<f32>,
) -> (Vec<u32>, Vec<Vec<f32>>) {
    let mut tokens = tokens.to_vec();
    let rows: Vec<_> = (0..steps)
        .map(|_| {
            let row = row(&tokens);
            tokens.push(lowest_largest(&row));
            row
        })
        .collect();
    (tokens.split_off(tokens.len() - rows.len()), rows)
}

/// The lowest id among the largest logits.
fn lowest_largest(row: &[f32]) -> u32 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let at = row.iter().position(|&logit| logit == largest);
    at.expect("a vocabulary is not empty") as u32
}
