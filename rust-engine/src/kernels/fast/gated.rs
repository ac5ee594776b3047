//! What joins gate and up: `activation(gate) · up`.

use super::Fast;
use super::exp::exp;
use super::isa::{Isa, Task};

/// Numbers of as many columns; the result takes the place of `gate`.
pub struct Gated<'a> {
    /// What the activation is of.
    pub gate: &'a mut [f32],
    /// What it is multiplied with.
    pub up: &'a [f32],
}

impl Gated<'_> {
    /// `x · sigmoid(x)`
    pub fn silu(self, fast: Fast) {
        fast.run(Silu(self.checked()));
    }

    /// The GELU with tanh.
    pub fn gelu(self, fast: Fast) {
        fast.run(Gelu(self.checked()));
    }

    /// `max(x, 0)²`; what is no number counts as zero.
    pub fn relu_squared(self, fast: Fast) {
        fast.run(ReluSquared(self.checked()));
    }

    fn checked(self) -> Self {
        assert_eq!(self.gate.len(), self.up.len(), "as many of both");
        self
    }
}

struct Silu<'a>(Gated<'a>);

impl Task for Silu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        for (gate, up) in self.0.gate.iter_mut().zip(self.0.up) {
            *gate = *gate / (1.0 + exp(-*gate)) * up;
        }
    }
}

struct Gelu<'a>(Gated<'a>);

impl Task for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        for (gate, up) in self.0.gate.iter_mut().zip(self.0.up) {
            // Infinity over infinity would be no number.
            let x = if *gate < f32::MIN { f32::MIN } else { *gate };
            let u = 0.797_884_6 * x * (1.0 + 0.044_715 * x * x);
            // x · (1 + tanh u) / 2 is x / (1 + exp(-2u)).
            *gate = x / (1.0 + exp(u * -2.0)) * up;
        }
    }
}

struct ReluSquared<'a>(Gated<'a>);

impl Task for ReluSquared<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        for (gate, up) in self.0.gate.iter_mut().zip(self.0.up) {
            let x = if *gate > 0.0 { *gate } else { 0.0 };
            *gate = x * x * up;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function as it runs.
    type Run = fn(Gated<'_>, Fast);
    /// As it is defined.
    type Definition = fn(f64) -> f64;

    #[test]
    fn each_function_is_itself_for_every_length() {
        let functions: [(Run, Definition); 3] = [
            (|gated, fast| gated.silu(fast), |x| x / (1.0 + (-x).exp())),
            (
                |gated, fast| gated.gelu(fast),
                |x| 0.5 * x * (1.0 + (0.797_884_560_8 * (x + 0.044_715 * x * x * x)).tanh()),
            ),
            (
                |gated, fast| gated.relu_squared(fast),
                |x| x.max(0.0).powi(2),
            ),
        ];
        for fast in Fast::available() {
            for (run, function) in functions {
                for n in 0..40 {
                    let x: Vec<f32> = (0..n).map(|i| (i as f32 - 18.0) * 0.9).collect();
                    let (mut gate, up) = (x.clone(), vec![2.0; n]);
                    let gated = Gated {
                        gate: &mut gate,
                        up: &up,
                    };
                    run(gated, fast);
                    for (x, found) in x.iter().zip(gate) {
                        let expected = 2.0 * function(f64::from(*x));
                        let error = (f64::from(found) - expected).abs();
                        assert!(
                            error <= 1e-6 * expected.abs() + 1e-7,
                            "{}, {x}: {found} {expected}",
                            fast.name()
                        );
                    }
                }
            }
        }
    }

    /// As the exact ones, but for the sign of a zero: each with what is no number, and with what is far out.
    #[test]
    fn what_is_far_out_is_what_the_exact_ones_make_of_it() {
        let odd = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            100.0,
            -100.0,
            1e30,
            -1e30,
        ];
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let functions: [(Run, [f32; 7]); 3] = [
            (
                |gated, fast| gated.silu(fast),
                [nan, inf, nan, 100.0, 0.0, 1e30, 0.0],
            ),
            (
                |gated, fast| gated.gelu(fast),
                [nan, inf, 0.0, 100.0, 0.0, 1e30, 0.0],
            ),
            (
                |gated, fast| gated.relu_squared(fast),
                [0.0, inf, 0.0, 1e4, 0.0, inf, 0.0],
            ),
        ];
        for fast in Fast::available() {
            for (run, expected) in functions {
                for (x, expected) in odd.into_iter().zip(expected) {
                    // A whole vector and some.
                    let mut gate = [x; 20];
                    let gated = Gated {
                        gate: &mut gate,
                        up: &[1.0; 20],
                    };
                    run(gated, fast);
                    for found in gate {
                        assert!(
                            found == expected || found.is_nan() && expected.is_nan(),
                            "{}, {x}: {found} {expected}",
                            fast.name()
                        );
                    }
                }
            }
        }
    }
}
