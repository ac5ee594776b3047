//! The tokens that every engine evaluates. No tokenizer is involved: what tokens say does not change how
//! long a dense model takes, so numbers by arithmetic serve, and every engine has the same ones.

/// 2⁶⁴ over the golden ratio, odd: multiples of it, taken as fractions of 2⁶⁴, lie as evenly as any
/// sequence does (Knuth, The Art of Computer Programming 3, section 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One token for each position, spread over a vocabulary of so many.
pub(super) fn tokens(positions: u32, vocabulary_size: u32) -> Vec<u32> {
    let token = |position: u32| {
        let fraction = (u64::from(position) + 1).wrapping_mul(GOLDEN) >> 32;
        ((fraction * u64::from(vocabulary_size)) >> 32) as u32
    };
    (0..positions).map(token).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn they_are_the_same_every_time() {
        assert_eq!(tokens(5, 49152), [30377, 11603, 41980, 23206, 4432]);
        assert_eq!(tokens(3, 49152), tokens(5, 49152)[..3]);
    }

    #[test]
    fn they_are_spread_over_the_vocabulary_and_leave_it_never() {
        for size in [1, 2, 257, 262_144, u32::MAX] {
            assert!(tokens(2000, size).iter().all(|&token| token < size));
        }
        // In each sixteenth of it is about a sixteenth of them.
        let sixteenths = tokens(1600, 49152).into_iter().map(|it| it / (49152 / 16));
        let mut counts = [0; 16];
        for sixteenth in sixteenths {
            counts[sixteenth as usize] += 1;
        }
        assert!(counts.iter().all(|count| (95..=105).contains(count)));
        let different: BTreeSet<u32> = tokens(1600, 49152).into_iter().collect();
        assert!(different.len() > 1500);
    }
}
