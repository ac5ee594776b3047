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
        fast.run(Silu(self));
    }

    /// The GELU with tanh.
    pub fn gelu(self, fast: Fast) {
        fast.run(Gelu(self));
    }

    /// `max(x, 0)²`; what is no number counts as zero.
    pub fn relu_squared(self, fast: Fast) {
        fast.run(ReluSquared(self));
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
            let x = *gate;
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

    /// A function as it runs, and as it is defined.
    type Function = (fn(Gated<'_>, Fast), fn(f64) -> f64);

    #[test]
    fn each_function_is_itself_for_every_length() {
        let functions: [Function; 3] = [
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
}
