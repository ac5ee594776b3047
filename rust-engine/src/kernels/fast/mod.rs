//! The inner loops of arithmetic `fast`: own kernels, own order.
//!
//! A loop is written once, as a `Task` over vectors of sixteen lanes (`isa`), and compiled
//! for each instruction set; which set runs is chosen once, when the engine starts.
//!
//! ```text
//! panel    products of 32 rows of weights with many positions: weights are unpacked once
//! rows     products of rows with few positions: weights are streamed
//! mix      products of float matrices that stand anywhere: attention
//! coded    activations as signed bytes
//! unit     panels of codes by a unit for tiles
//! parts    panels of floats by it
//! columns  a result shared out by columns
//! weigh    scores of attention become weights
//! gated    gate and up are joined
//! ```

mod coded;
mod coding;
mod columns;
mod exp;
mod gated;
mod isa;
mod lines;
mod mix;
mod panel;
mod parts;
mod rows;

#[cfg(test)]
mod tests;
mod tile;
mod unit;
mod unpack;
mod weigh;

pub use coded::{ByGroup, Positions};
pub use coding::{Coding, coding_for};
pub use columns::{Columns, Piece};
pub use gated::Gated;
pub use mix::Mix;
pub use panel::{Other, PANEL_ROWS, Panel, PanelProduct};
pub use parts::Parts;
pub use rows::{ROW_POSITIONS, RowOther, RowProduct, Streamed};
pub use weigh::{Weigh, Whole};

use isa::Task;
use isa::portable::Portable;
use isa::scalar::Scalar;

/// One set of inner loops.
#[derive(Clone, Copy)]
pub struct Fast(Set);

#[derive(Clone, Copy)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Amx(isa::avx512::Avx512<true>),
    #[cfg(target_arch = "x86_64")]
    Avx512(isa::avx512::Avx512<false>),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(isa::avx2::Avx2<true>),
    #[cfg(target_arch = "x86_64")]
    Avx2(isa::avx2::Avx2<false>),
    #[cfg(target_arch = "aarch64")]
    Neon(isa::neon::Neon),
    Portable(Portable),
    Scalar(Scalar),
}

impl Fast {
    /// The sets that this CPU can run, the best first.
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(isa::avx512::Avx512::detect().map(Set::Amx));
            sets.extend(isa::avx512::Avx512::detect().map(Set::Avx512));
            sets.extend(isa::avx2::Avx2::detect().map(Set::AvxVnni));
            sets.extend(isa::avx2::Avx2::detect().map(Set::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        sets.extend(isa::neon::Neon::detect().map(Set::Neon));
        sets.extend([Set::Portable(Portable), Set::Scalar(Scalar)]);
        sets.into_iter().map(Self).collect()
    }

    /// The best set that this CPU can run.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// The set of this name, or what names there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let available = Self::available();
        let found = available.iter().find(|set| set.name() == name);
        found
            .copied()
            .ok_or_else(|| super::unknown(name, available.iter().map(Self::name)))
    }

    /// The name that reaches `describe` and the receipt.
    pub fn name(&self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Amx(_) => "fast-amx",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "fast-avx512-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) => "fast-avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "fast-avx2",
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "fast-neon-dotprod",
            Set::Portable(_) => "fast-portable",
            Set::Scalar(_) => "fast-scalar",
        }
    }

    /// The CPU features that it uses beyond those that everything is compiled for.
    pub fn simd(&self) -> &'static [&'static str] {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Amx(_) => &[
                "amx-bf16",
                "amx-int8",
                "amx-tile",
                "avx2",
                "avx512bw",
                "avx512dq",
                "avx512f",
                "avx512vl",
                "avx512vnni",
                "f16c",
                "fma",
            ],
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => &[
                "avx2",
                "avx512bw",
                "avx512dq",
                "avx512f",
                "avx512vl",
                "avx512vnni",
                "f16c",
                "fma",
            ],
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) => &["avx2", "avxvnni", "f16c", "fma"],
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => &["avx2", "f16c", "fma"],
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => &["dotprod", "neon"],
            Set::Portable(_) | Set::Scalar(_) => &[],
        }
    }

    /// Whether there is a unit for tiles.
    fn has_unit(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Amx(_) => true,
            _ => false,
        }
    }

    /// Does a task with these instructions.
    fn run<T: Task>(self, task: T) -> T::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Amx(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(isa) => isa.run(task),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(isa) => isa.run(task),
            Set::Portable(isa) => task.run(isa),
            Set::Scalar(isa) => task.run(isa),
        }
    }
}
