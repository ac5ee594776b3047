//! Eight numbers at a time.
//!
//! Sums go in eight lanes and are put together in one order, and no product is fused with a sum: so the
//! last bits are the same on every CPU. What differs is how many instructions eight lanes take:
//! the loops are compiled once for each set of instructions, and pulp picks the set when they run.
//! `wide`, which picks when it is compiled, knows only SSE2 here: 214 µs for two rows of 49,152, not 90.
//!
//! All here is inlined into the loops, since a function of its own would be compiled for SSE2.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined gets the instructions of the loop around it"
)]

use std::ops::{Add, AddAssign, Mul, Sub};

/// How many.
pub(super) const LANES: usize = 8;

/// One number for each lane; aligned, so that a vector of them never crosses a line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Lanes(pub(super) [f64; LANES]);

impl Lanes {
    pub(super) const ZERO: Self = Self([0.0; LANES]);

    #[inline(always)]
    pub(super) fn splat(number: f64) -> Self {
        Self([number; LANES])
    }

    #[inline(always)]
    pub(super) fn of(numbers: &[f32; LANES]) -> Self {
        let mut lanes = Self::ZERO;
        for (lane, &number) in lanes.0.iter_mut().zip(numbers) {
            *lane = f64::from(number);
        }
        lanes
    }

    /// Less than a vector, and `filler` behind it.
    #[inline(always)]
    pub(super) fn of_some(numbers: &[f32], filler: f64) -> Self {
        let mut lanes = Self::splat(filler);
        for (lane, &number) in lanes.0.iter_mut().zip(numbers) {
            *lane = f64::from(number);
        }
        lanes
    }

    #[inline(always)]
    pub(super) fn with(mut self, other: Self, put: impl Fn(f64, f64) -> f64) -> Self {
        for (one, other) in self.0.iter_mut().zip(&other.0) {
            *one = put(*one, *other);
        }
        self
    }

    #[inline(always)]
    pub(super) fn abs(mut self) -> Self {
        for lane in &mut self.0 {
            *lane = lane.abs();
        }
        self
    }

    /// Not [`f64::max`], which leaves open what the larger of 0 and -0 is.
    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        self.with(other, |one, other| if other > one { other } else { one })
    }

    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        self.with(other, |one, other| if other < one { other } else { one })
    }

    /// The sum of all lanes. Never inlined: beside a loop, the compiler arranges the lanes of that as it
    /// suits this sum, and the loop takes twice its time.
    #[inline(never)]
    pub(super) fn total(self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + b) + (c + d)) + ((e + f) + (g + h))
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |one, other| one - other)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |one, other| one * other)
    }
}
