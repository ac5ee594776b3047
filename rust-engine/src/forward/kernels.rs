//! Which inner loops an evaluation uses.

use schemas::describe::Arithmetic;

#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::kernels::exact;
use crate::kernels::fast::Fast;

/// The inner loops that an evaluation uses.
#[derive(Clone, Copy)]
pub enum Kernels {
    /// Of arithmetics `exact` and `f32`.
    Exact(exact::Kernels),
    /// Of arithmetic `fast`.
    Fast(Fast),
}

impl Kernels {
    /// The set of this name for an arithmetic, or the best that this CPU can run.
    pub fn choose(arithmetic: Arithmetic, name: Option<&str>) -> Result<Self, String> {
        Ok(match (arithmetic, name) {
            (Arithmetic::Fast, None) => Self::Fast(best_of_fast()),
            (Arithmetic::Fast, Some(name)) => Self::Fast(Fast::named(name)?),
            (_, None) => Self::Exact(exact::Kernels::detect()),
            (_, Some(name)) => Self::Exact(exact::Kernels::named(name)?),
        })
    }

    /// The name that reaches `describe` and the receipt.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact(kernels) => kernels.name,
            Self::Fast(kernels) => kernels.name(),
        }
    }

    /// The CPU features that they use beyond those that everything is compiled for.
    pub fn simd(&self) -> &'static [&'static str] {
        match self {
            Self::Exact(kernels) => kernels.simd,
            Self::Fast(kernels) => kernels.simd(),
        }
    }
}

#[cfg(not(feature = "faults"))]
fn best_of_fast() -> Fast {
    Fast::detect()
}

/// The best of those in which the chosen fault can be made.
#[cfg(feature = "faults")]
fn best_of_fast() -> Fast {
    let mut sets = Fast::available().into_iter();
    let found = sets.find(|set| in_pass::acts_in_kernels(set.name()));
    found.unwrap_or_else(Fast::detect)
}
