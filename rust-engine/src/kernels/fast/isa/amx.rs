//! AMX: a unit beside the vector registers that multiplies tiles of bytes, eight times as many a cycle.
//!
//! ```text
//! tiles 0 to 3    sums: sixteen positions, sixteen 32-bit numbers each
//! tiles 4 and 6   positions: 16 rows of 64 bytes
//! tiles 5 and 7   rows of weights: 16 rows of 64 bytes
//! ```
//! A strip, `[four codes][row]`, is what the unit takes for its second factor as it lies. Written as
//! assembly, for the compiler has no stable names for these instructions; it uses no tiles by itself, and
//! what a block leaves in them is of no use to the next.
//!
//! The order of the instructions decides: four products and then four stores take 50 cycles a product on
//! a Sapphire Rapids core, a store of what is three products old before each product takes 18, of 16 that
//! a product takes without any.
#![expect(unsafe_code, reason = "instructions that only some x86-64 CPUs have")]

use std::arch::asm;
use std::sync::LazyLock;

use super::tiles::{FloatRun, STALE, TileRun, TileSum, TileTotals};

/// Whether the CPU has AMX with bytes and BF16, and the system gives its state to this process: Linux does so on
/// demand, since the state is large.
pub(super) fn is_usable() -> bool {
    static USABLE: LazyLock<bool> = LazyLock::new(|| has_amx() && is_granted());
    *USABLE
}

/// Leaf 7 of `cpuid`: bit 22 of EDX is AMX-BF16, bit 24 AMX-TILE, bit 25 AMX-INT8.
fn has_amx() -> bool {
    let leaf = std::arch::x86_64::__cpuid_count(7, 0);
    std::arch::x86_64::__cpuid(0).eax >= 7 && leaf.edx >> 22 & 0b1101 == 0b1101
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
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
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
pub(super) unsafe fn sums(run: TileRun<'_>, sums: &mut [TileSum]) {
    assert!(sums.len() >= STALE + run.checked(), "room for the sums");
    let c = sums.as_mut_ptr();
    match run {
        TileRun::Long {
            x,
            strips,
            groups,
            tiles,
        } => {
            // SAFETY: the caller says that the unit is ready; the lengths were checked, and there is room.
            unsafe { long(x, strips, groups, tiles, c) }
        }
        TileRun::Wide { x, strips, tiles } => {
            // SAFETY: as above, behind the sums that hold nothing.
            unsafe { wide(x, strips, tiles, c.wrapping_add(STALE)) }
        }
    }
}

/// ```text
/// for each group
///     for each tile of codes
///         for each strip, tile of positions
///             before the first: store the sum of the group before
///             sum += rows · positions
/// store the last four
/// ```
///
/// # Safety
/// As [`sums`]; positions and strips have `groups · tiles` tiles, and there is room for four sums more than
/// four for each group.
#[inline(always)]
unsafe fn long(
    [x, y]: [&[u8]; 2],
    [a, b]: [&[[u8; 64]]; 2],
    groups: usize,
    tiles: usize,
    c: *mut TileSum,
) {
    // SAFETY: the unit is ready, as the caller says. Of each tile of each group it reads a kilobyte of
    // positions and of each strip, and before the first of each group, and at last, it writes four sums.
    unsafe {
        asm!(
            "2:",
            "tilestored [{c} + {row}], tmm0",
            "tilezero tmm0",
            "tileloadd tmm4, [{x} + {row}]",
            "tileloadd tmm5, [{a} + {row}]",
            "tdpbssd tmm0, tmm4, tmm5",
            "tilestored [{c} + {row} + 1024], tmm1",
            "tilezero tmm1",
            "tileloadd tmm7, [{b} + {row}]",
            "tdpbssd tmm1, tmm4, tmm7",
            "tilestored [{c} + {row} + 2048], tmm2",
            "tilezero tmm2",
            "tileloadd tmm6, [{y} + {row}]",
            "tdpbssd tmm2, tmm6, tmm5",
            "tilestored [{c} + {row} + 3072], tmm3",
            "tilezero tmm3",
            "tdpbssd tmm3, tmm6, tmm7",
            "add {x}, 1024",
            "add {y}, 1024",
            "add {a}, 1024",
            "add {b}, 1024",
            "mov {m}, {tiles}",
            "sub {m}, 1",
            "jz 4f",
            "3:",
            "tileloadd tmm4, [{x} + {row}]",
            "tileloadd tmm5, [{a} + {row}]",
            "tdpbssd tmm0, tmm4, tmm5",
            "tileloadd tmm7, [{b} + {row}]",
            "tdpbssd tmm1, tmm4, tmm7",
            "tileloadd tmm6, [{y} + {row}]",
            "tdpbssd tmm2, tmm6, tmm5",
            "tdpbssd tmm3, tmm6, tmm7",
            "add {x}, 1024",
            "add {y}, 1024",
            "add {a}, 1024",
            "add {b}, 1024",
            "sub {m}, 1",
            "jnz 3b",
            "4:",
            "add {c}, 4096",
            "sub {n}, 1",
            "jnz 2b",
            "tilestored [{c} + {row}], tmm0",
            "tilestored [{c} + {row} + 1024], tmm1",
            "tilestored [{c} + {row} + 2048], tmm2",
            "tilestored [{c} + {row} + 3072], tmm3",
            x = inout(reg) x.as_ptr() => _, y = inout(reg) y.as_ptr() => _,
            a = inout(reg) a.as_ptr() => _, b = inout(reg) b.as_ptr() => _,
            c = inout(reg) c => _, n = inout(reg) groups => _,
            m = out(reg) _, tiles = in(reg) tiles, row = in(reg) 64usize,
            options(nostack),
        );
    }
}

/// ```text
/// for each tile of codes
///     for each strip
///         low += low bytes · positions
///         high += high bytes · positions
/// store the four
/// ```
///
/// # Safety
/// As [`sums`]; positions and strips have `tiles` tiles, and there is room for four sums.
#[inline(always)]
unsafe fn wide(x: &[u8], [[a, b], [d, e]]: [[&[[u8; 64]]; 2]; 2], tiles: usize, c: *mut TileSum) {
    // SAFETY: the unit is ready, as the caller says. Of each tile it reads a kilobyte of positions and of
    // both halves of each strip; it writes four sums.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{x} + {row}]",
            "tileloadd tmm5, [{a} + {row}]",
            "tdpbsud tmm0, tmm4, tmm5",
            "tileloadd tmm7, [{b} + {row}]",
            "tdpbssd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{d} + {row}]",
            "tdpbsud tmm2, tmm4, tmm5",
            "tileloadd tmm7, [{e} + {row}]",
            "tdpbssd tmm3, tmm4, tmm7",
            "add {x}, 1024",
            "add {a}, 1024",
            "add {b}, 1024",
            "add {d}, 1024",
            "add {e}, 1024",
            "sub {n}, 1",
            "jnz 2b",
            "tilestored [{c} + {row}], tmm0",
            "tilestored [{c} + {row} + 1024], tmm1",
            "tilestored [{c} + {row} + 2048], tmm2",
            "tilestored [{c} + {row} + 3072], tmm3",
            x = inout(reg) x.as_ptr() => _,
            a = inout(reg) a.as_ptr() => _, b = inout(reg) b.as_ptr() => _,
            d = inout(reg) d.as_ptr() => _, e = inout(reg) e.as_ptr() => _,
            c = in(reg) c, n = inout(reg) tiles => _,
            row = in(reg) 64usize,
            options(nostack),
        );
    }
}

/// What [`super::Isa::tile_products`] says.
///
/// # Safety
/// As [`sums`].
#[inline(always)]
pub(super) unsafe fn products(run: FloatRun<'_>, totals: &mut [TileTotals; 4]) {
    run.check();
    let c = totals.as_mut_ptr();
    if run.parts == 1 {
        // SAFETY: the caller says that the unit is ready; the lengths were checked.
        unsafe { one_part(run.x, run.strips, run.depth, c) }
    } else {
        // SAFETY: as above.
        unsafe { two_parts(run.x, run.strips, run.depth, c) }
    }
}

/// A function of the products of a tile of columns: those of first parts, and more. Its tiles of columns have
/// so many bytes of each factor. Safe as [`products`] is.
macro_rules! of_parts {
    ($(#[$words:meta])* $name:ident, $bytes:literal, [$($more:literal),*]) => {
        $(#[$words])*
        #[inline(always)]
        unsafe fn $name(
            [x, y]: [&[[u8; 64]]; 2],
            [a, b]: [&[[u8; 64]]; 2],
            depth: usize,
            c: *mut TileTotals,
        ) {
            // SAFETY: the unit is ready, as the caller says. Of each tile of columns it reads a kilobyte of
            // each part of both tiles of positions and of both strips; it reads and writes four totals.
            unsafe {
                asm!(
                    "tileloadd tmm0, [{c} + {row}]",
                    "tileloadd tmm1, [{c} + {row} + 1024]",
                    "tileloadd tmm2, [{c} + {row} + 2048]",
                    "tileloadd tmm3, [{c} + {row} + 3072]",
                    "2:",
                    "tileloadd tmm4, [{x} + {row}]",
                    "tileloadd tmm5, [{a} + {row}]",
                    "tdpbf16ps tmm0, tmm4, tmm5",
                    "tileloadd tmm7, [{b} + {row}]",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tileloadd tmm6, [{y} + {row}]",
                    "tdpbf16ps tmm2, tmm6, tmm5",
                    "tdpbf16ps tmm3, tmm6, tmm7",
                    $($more,)*
                    "add {x}, {bytes}",
                    "add {y}, {bytes}",
                    "add {a}, {bytes}",
                    "add {b}, {bytes}",
                    "sub {n}, 1",
                    "jnz 2b",
                    "tilestored [{c} + {row}], tmm0",
                    "tilestored [{c} + {row} + 1024], tmm1",
                    "tilestored [{c} + {row} + 2048], tmm2",
                    "tilestored [{c} + {row} + 3072], tmm3",
                    x = inout(reg) x.as_ptr() => _, y = inout(reg) y.as_ptr() => _,
                    a = inout(reg) a.as_ptr() => _, b = inout(reg) b.as_ptr() => _,
                    c = in(reg) c, n = inout(reg) depth => _, row = in(reg) 64usize,
                    bytes = const $bytes,
                    options(nostack),
                );
            }
        }
    };
}

of_parts!(
    /// Four products for each tile of columns.
    one_part,
    1024,
    []
);

of_parts!(
    /// Sixteen products for each tile of columns: first with first parts, then with the rest of the
    /// positions, of both, and of the rows. Each total has every fourth product.
    two_parts,
    2048,
    [
        "tileloadd tmm4, [{x} + {row} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm5",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tileloadd tmm6, [{y} + {row} + 1024]",
        "tdpbf16ps tmm2, tmm6, tmm5",
        "tdpbf16ps tmm3, tmm6, tmm7",
        "tileloadd tmm5, [{a} + {row} + 1024]",
        "tdpbf16ps tmm0, tmm4, tmm5",
        "tdpbf16ps tmm2, tmm6, tmm5",
        "tileloadd tmm7, [{b} + {row} + 1024]",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm3, tmm6, tmm7",
        "tileloadd tmm4, [{x} + {row}]",
        "tdpbf16ps tmm0, tmm4, tmm5",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tileloadd tmm6, [{y} + {row}]",
        "tdpbf16ps tmm2, tmm6, tmm5",
        "tdpbf16ps tmm3, tmm6, tmm7"
    ]
);
