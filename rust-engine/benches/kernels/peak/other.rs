//! There are no loops for other CPUs yet: figures stand alone, but for those of reading.

use rust_engine::kernels::fast::Fast;

use super::{Loop, Peak};
use crate::clock;

pub(super) fn dot_loop(_: Fast) -> Option<Loop> {
    None
}

pub(super) fn parts_loop(_: Fast) -> Option<Loop> {
    None
}

pub(super) fn multiply_add_loop(_: Fast) -> Option<Loop> {
    None
}

pub(super) fn reading(memory: &[u8]) -> Peak {
    let mut pieces = memory.chunks_exact(4 << 20).cycle();
    let rate = clock::best(|| {
        let piece = pieces.next().expect("memory has pieces");
        let mut joined = [0u8; 64];
        for line in piece.as_chunks::<64>().0 {
            for (joined, byte) in joined.iter_mut().zip(line) {
                *joined ^= byte;
            }
        }
        std::hint::black_box(joined);
        piece.len()
    });
    Peak {
        instruction: "exclusive or of all bytes",
        rate,
    }
}
