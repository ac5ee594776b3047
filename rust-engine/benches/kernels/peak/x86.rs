//! Loops of instructions of x86-64.
//!
//! Ten accumulators hide the latency of each instruction: five cycles at most, two a cycle. Registers hold
//! zeros, as no unit of these takes longer for other numbers, but for the smallest of floats.
#![expect(
    unsafe_code,
    reason = "loops whose instructions are to be these and no others"
)]

use std::arch::asm;

use rust_engine::kernels::fast::Fast;

use super::{Loop, Peak};
use crate::clock;

/// A function of ten times some instructions in a loop, before and behind which something is done.
/// Whoever calls it has found that the CPU has them.
macro_rules! ten_times {
    ($name:ident, $before:literal, $instructions:literal, $behind:literal) => {
        fn $name(turns: u64) {
            // SAFETY: registers alone are changed, and those that a called function may change. The
            // CPU has the instructions, for a kernel set is there that has them.
            unsafe {
                asm!(
                    $before,
                    "2:",
                    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
                    $instructions,
                    ".endr",
                    "sub rcx, 1",
                    "jnz 2b",
                    $behind,
                    inout("rcx") turns => _,
                    clobber_abi("C"),
                    options(nostack),
                );
            }
        }
    };
}

ten_times!(
    vpdpbusd_512,
    "vzeroall",
    "vpdpbusd zmm\\i, zmm14, zmm15",
    "vzeroupper"
);
ten_times!(
    vpdpbusd_256,
    "vzeroall",
    "{{vex}} vpdpbusd ymm\\i, ymm14, ymm15",
    "vzeroupper"
);
ten_times!(
    vpmaddubsw,
    "vzeroall",
    "vpmaddubsw ymm12, ymm14, ymm15\nvpmaddwd ymm12, ymm12, ymm13\nvpaddd ymm\\i, ymm\\i, ymm12",
    "vzeroupper"
);
ten_times!(
    vfmadd_512,
    "vzeroall",
    "vfmadd231ps zmm\\i, zmm14, zmm15",
    "vzeroupper"
);
ten_times!(
    vfmadd_256,
    "vzeroall",
    "vfmadd231ps ymm\\i, ymm14, ymm15",
    "vzeroupper"
);
ten_times!(
    pmaddwd,
    "pxor xmm14, xmm14",
    "movdqa xmm12, xmm14\npmaddwd xmm12, xmm14\npaddd xmm\\i, xmm12",
    ""
);
ten_times!(
    mulps,
    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14\nxorps xmm\\i, xmm\\i\n.endr",
    "movaps xmm12, xmm14\nmulps xmm12, xmm14\naddps xmm\\i, xmm12",
    ""
);

/// `ldtilecfg`'s 64 bytes: palette 1, sixteen rows of 64 bytes in each of eight tiles.
#[repr(align(64))]
struct Shapes([u8; 64]);

static SHAPES: Shapes = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    Shapes(bytes)
};

/// A function of six tiles of sums; each instruction takes 16 cycles, and the next of its tile waits for 52.
macro_rules! of_tiles {
    ($name:ident, $instruction:literal) => {
        fn $name(turns: u64) {
            // SAFETY: as above; the set of AMX is there only where the system gives the tiles to this
            // process. They are given back.
            unsafe {
                asm!(
                    "ldtilecfg [{shapes}]",
                    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
                    "tilezero tmm\\i",
                    ".endr",
                    "2:",
                    ".irp i, 0, 1, 2, 3, 4, 5",
                    $instruction,
                    ".endr",
                    "sub rcx, 1",
                    "jnz 2b",
                    "tilerelease",
                    shapes = in(reg) SHAPES.0.as_ptr(),
                    inout("rcx") turns => _,
                    clobber_abi("C"),
                    options(nostack),
                );
            }
        }
    };
}

of_tiles!(tdpbusd, "tdpbusd tmm\\i, tmm6, tmm7");
of_tiles!(tdpbf16ps, "tdpbf16ps tmm\\i, tmm6, tmm7");

/// The set's product of bytes.
pub(super) fn dot_loop(set: Fast) -> Option<Loop> {
    let (instruction, run, products): (_, fn(u64), _) = match set.name() {
        "fast-amx" => ("TDPBUSD", tdpbusd, 6 * 16 * 16 * 64),
        "fast-avx512-vnni" => ("VPDPBUSD, 512 bits", vpdpbusd_512, 10 * 64),
        "fast-avx-vnni" => ("VPDPBUSD, 256 bits", vpdpbusd_256, 10 * 32),
        "fast-avx2" => (
            "VPMADDUBSW, VPMADDWD, VPADDD, 256 bits",
            vpmaddubsw,
            10 * 32,
        ),
        "fast-portable" => ("PMADDWD, PADDD, 128 bits", pmaddwd, 10 * 8),
        _ => return None,
    };
    Some(Loop {
        instruction,
        run,
        products,
    })
}

/// The set's product of BF16 numbers, if it uses one.
pub(super) fn parts_loop(set: Fast) -> Option<Loop> {
    (set.name() == "fast-amx").then_some(Loop {
        instruction: "TDPBF16PS",
        run: tdpbf16ps,
        products: 6 * 16 * 16 * 32,
    })
}

/// The set's product of floats.
pub(super) fn multiply_add_loop(set: Fast) -> Option<Loop> {
    let (instruction, run, products): (_, fn(u64), _) = match set.name() {
        "fast-amx" | "fast-avx512-vnni" => ("VFMADD231PS, 512 bits", vfmadd_512, 10 * 16),
        "fast-avx-vnni" | "fast-avx2" => ("VFMADD231PS, 256 bits", vfmadd_256, 10 * 8),
        "fast-portable" => ("MULPS, ADDPS, 128 bits", mulps, 10 * 4),
        _ => return None,
    };
    Some(Loop {
        instruction,
        run,
        products,
    })
}

/// Bytes of a turn, eight loads.
const STRETCH: usize = 8 * 32;
/// Bytes between two looks at the clock.
const PIECE: usize = 4 << 20;

/// A function that reads all whole stretches of some bytes in order, each after something else.
macro_rules! read_all {
    ($name:ident, $before:literal, $load:literal) => {
        fn $name(bytes: &[u8]) {
            let turns = bytes.len() / STRETCH;
            assert!(turns > 0, "a stretch");
            // SAFETY: as many stretches are there as are read; what is asked for ahead is not read.
            unsafe {
                asm!(
                    "2:",
                    $before,
                    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
                    $load,
                    ".endr",
                    "add rax, {stretch}",
                    "sub rcx, 1",
                    "jnz 2b",
                    stretch = const STRETCH,
                    inout("rax") bytes.as_ptr() => _,
                    inout("rcx") turns => _,
                    clobber_abi("C"),
                    options(nostack, readonly),
                );
            }
        }
    };
}

read_all!(
    read,
    "",
    "movdqu xmm\\i, [rax + 32 * \\i]\nmovdqu xmm\\i, [rax + 32 * \\i + 16]"
);
// As far ahead as the kernels do it.
read_all!(
    ask_and_read,
    ".irp i, 0, 64, 128, 192\nprefetcht1 [rax + 4096 + \\i]\n.endr",
    "movdqu xmm\\i, [rax + 32 * \\i]\nmovdqu xmm\\i, [rax + 32 * \\i + 16]"
);

/// Piece after piece, with and without asking ahead: which is quicker depends on the CPU. The loads are
/// short ones, as two of them a cycle are more than memory gives.
pub(super) fn reading(memory: &[u8]) -> Peak {
    let plain = Peak {
        instruction: "MOVDQU",
        rate: reading_by(read, memory),
    };
    let asking = Peak {
        instruction: "MOVDQU, asked for ahead",
        rate: reading_by(ask_and_read, memory),
    };
    if plain.rate > asking.rate {
        plain
    } else {
        asking
    }
}

fn reading_by(read: fn(&[u8]), memory: &[u8]) -> f64 {
    let mut pieces = memory.chunks_exact(PIECE).cycle();
    clock::best(|| {
        let piece = pieces.next().expect("memory has pieces");
        read(piece);
        piece.len()
    })
}
