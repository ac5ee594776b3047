//! AMX: a unit beside the vector registers that multiplies tiles of bytes, eight times as many a cycle.
//!
//! ```text
//! tile 0, 3   sums: sixteen positions, sixteen 32-bit numbers each
//! tile 1, 2   positions and rows, 64 codes:  16 rows of 64 bytes, 16 of 64
//! tile 4, 5   positions and rows, 32 codes:  16 rows of 32 bytes, 8 of 64
//! tile 6, 7   positions and rows, 16 codes:  16 rows of 16 bytes, 4 of 64
//! ```
//! A strip, `[four codes][row]`, is what the unit takes for its second factor as it lies. Written as
//! assembly, for the compiler has no stable names for these instructions; it uses no tiles by itself, and
//! what a block leaves in them is of no use to the next.
#![expect(unsafe_code, reason = "instructions that only some x86-64 CPUs have")]

use std::arch::asm;
use std::sync::LazyLock;

use super::LANES;

/// Whether the CPU has AMX with bytes, and the system gives its state to this process: Linux does so on
/// demand, since the state is large.
pub(super) fn is_usable() -> bool {
    static USABLE: LazyLock<bool> = LazyLock::new(|| has_amx() && is_granted());
    *USABLE
}

/// Leaf 7 of `cpuid`: bit 24 of EDX is AMX-TILE, bit 25 AMX-INT8.
fn has_amx() -> bool {
    let leaf = std::arch::x86_64::__cpuid_count(7, 0);
    std::arch::x86_64::__cpuid(0).eax >= 7 && leaf.edx >> 24 & 3 == 3
}

#[cfg(target_os = "linux")]
fn is_granted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: the call asks for a permission; it reads and writes no memory of ours.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn is_granted() -> bool {
    false
}

/// `ldtilecfg`'s 64 bytes.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 32, 64, 16, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 8, 16, 4, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Gives the tiles their shapes, on this thread.
///
/// # Safety
/// The unit is usable.
#[inline(always)]
pub(super) unsafe fn begin() {
    // SAFETY: the caller says that the unit is there; the shapes are 64 bytes that stay.
    unsafe {
        asm!("ldtilecfg [{shapes}]", shapes = in(reg) &raw const SHAPES, options(nostack, readonly));
    }
}

/// Gives the unit's state back, so that the system need not keep it.
///
/// # Safety
/// The unit is usable.
#[inline(always)]
pub(super) unsafe fn end() {
    // SAFETY: the caller says that the unit is there.
    unsafe {
        asm!("tilerelease", options(nostack, nomem));
    }
}

/// What [`super::Isa::tile_sums`] says.
///
/// # Safety
/// The unit is usable, and [`begin`] was called on this thread.
#[inline(always)]
pub(super) unsafe fn sums(
    rows: &[u8],
    stride: usize,
    strip: &[[u8; 64]],
    sums: &mut [[i32; LANES]; LANES],
) {
    let (a, b, c) = (rows.as_ptr(), strip.as_ptr(), sums.as_mut_ptr());
    let codes = 4 * strip.len();
    assert!(
        rows.len() >= (LANES - 1) * stride + codes,
        "sixteen rows of positions"
    );
    match strip.len() {
        // SAFETY: the unit is ready, as the caller says. It reads 16 bytes of each of sixteen rows and 4
        // rows of the strip, which the assertion and the length say are there, and writes `sums`.
        4 => unsafe {
            asm!(
                "tilezero tmm0",
                "tileloadd tmm6, [{a} + {stride}]",
                "tileloadd tmm7, [{b} + {row}]",
                "tdpbssd tmm0, tmm6, tmm7",
                "tilestored [{c} + {row}], tmm0",
                a = in(reg) a, b = in(reg) b, c = in(reg) c,
                stride = in(reg) stride, row = in(reg) 64usize,
                options(nostack),
            );
        },
        // SAFETY: as above, of 32 bytes and 8 rows.
        8 => unsafe {
            asm!(
                "tilezero tmm0",
                "tileloadd tmm4, [{a} + {stride}]",
                "tileloadd tmm5, [{b} + {row}]",
                "tdpbssd tmm0, tmm4, tmm5",
                "tilestored [{c} + {row}], tmm0",
                a = in(reg) a, b = in(reg) b, c = in(reg) c,
                stride = in(reg) stride, row = in(reg) 64usize,
                options(nostack),
            );
        },
        fours => {
            assert!(
                fours > 0 && fours.is_multiple_of(16),
                "whole tiles of 64 codes"
            );
            // SAFETY: as above, of 64 bytes and 16 rows, as often as whole tiles fit.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "2:",
                    "tileloadd tmm1, [{a} + {stride}]",
                    "tileloadd tmm2, [{b} + {row}]",
                    "tdpbssd tmm0, tmm1, tmm2",
                    "add {a}, 64",
                    "add {b}, 1024",
                    "sub {n}, 1",
                    "jnz 2b",
                    "tilestored [{c} + {row}], tmm0",
                    a = inout(reg) a => _, b = inout(reg) b => _, c = in(reg) c,
                    n = inout(reg) fours / 16 => _,
                    stride = in(reg) stride, row = in(reg) 64usize,
                    options(nostack),
                );
            }
        }
    }
}
