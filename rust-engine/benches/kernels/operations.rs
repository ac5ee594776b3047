//! What is between the products with weights.

use rust_engine::forward::fast_rms_norm;
use rust_engine::kernels::fast::{Coding, Fast, Gated, Mix, Positions, Weigh};

use crate::clock;
use crate::report::{Bound, Kernel, Report};
use crate::weights;

/// Tokens that are looked back on.
const TOKENS: usize = 1024;
/// Numbers of a head.
const HEAD: usize = 64;
/// Numbers of a position.
const COLUMNS: usize = 2048;
/// Positions whose numbers are coded.
const POSITIONS: usize = 96;

/// Scores and weighted values of a block of 24 positions, and of four heads of one.
pub(crate) fn attention(report: &mut Report) {
    for (what, positions, depth, width) in [
        ("scores-of-24", 24, HEAD, TOKENS),
        ("values-of-24", 24, TOKENS, HEAD),
        ("scores-of-4", 4, HEAD, TOKENS),
        ("values-of-4", 4, TOKENS, HEAD),
    ] {
        let kernel = Kernel {
            name: format!("mix {what}"),
            unit: "GOPS",
            bound: Bound::MultiplyAdd,
        };
        let sets = report.chosen(&kernel);
        let (x, y) = (
            weights::values(positions * depth),
            weights::values(depth * width),
        );
        let mut out = vec![0.0; positions * width];
        report.measure(&kernel, &sets, |set| {
            Mix {
                x: &x,
                x_stride: depth,
                depth,
                y: &y,
                y_stride: width,
                out: &mut out,
                out_stride: width,
                width,
                positions,
            }
            .run(sets[set]);
            2 * positions * depth * width
        });
    }
}

/// Activations to bytes; bytes of the floats that are read.
pub(crate) fn coding(report: &mut Report) {
    for (what, coding) in [
        ("blocks", Coding::Blocks),
        ("supers-16", Coding::Supers { group: 16 }),
        ("supers-32", Coding::Supers { group: 32 }),
        ("supers-256", Coding::Supers { group: 256 }),
        ("rows", Coding::Rows),
    ] {
        let kernel = Kernel {
            name: format!("code {what}"),
            unit: "GB/s",
            bound: Bound::None,
        };
        let sets = report.chosen(&kernel);
        let values = weights::values(POSITIONS * COLUMNS);
        report.measure(&kernel, &sets, |set| {
            let coded = Positions::new(sets[set], &values, COLUMNS, coding);
            std::hint::black_box(&coded);
            size_of_val(&values[..])
        });
    }
}

/// How gate and up are joined.
type Join = fn(Gated<'_>, Fast);

/// Weights of attention, and what joins gate and up; bytes of the floats that are changed.
pub(crate) fn exponentials(report: &mut Report) {
    let kernel = |name: &str| Kernel {
        name: name.to_owned(),
        unit: "GB/s",
        bound: Bound::None,
    };
    let softmax = kernel("softmax");
    let sets = report.chosen(&softmax);
    let mut numbers = weights::values(24 * TOKENS);
    report.measure(&softmax, &sets, |set| {
        for scores in numbers.chunks_exact_mut(TOKENS) {
            let weigh = Weigh {
                scores,
                scale: 0.125,
                seen: 0..TOKENS,
            };
            std::hint::black_box(weigh.run(sets[set]));
        }
        size_of_val(&numbers[..])
    });
    let numbers = weights::values(numbers.len());
    let (mut gate, up) = (numbers.clone(), weights::values(numbers.len()));
    let functions: [(&str, Join); 2] = [
        ("silu", |gated, set| gated.silu(set)),
        ("gelu", |gated, set| gated.gelu(set)),
    ];
    for (what, run) in functions {
        let kernel = kernel(&format!("gate {what}"));
        let sets = report.chosen(&kernel);
        report.measure(&kernel, &sets, |set| {
            // In place once more and once more, they would be smaller than normal numbers.
            gate.copy_from_slice(&numbers);
            let gated = Gated {
                gate: &mut gate,
                up: &up,
            };
            run(gated, sets[set]);
            size_of_val(&gate[..])
        });
    }
}

/// What there is one of, whatever the set; bytes of the floats that are read.
pub(crate) fn portable(report: &mut Report) {
    let (x, weight) = (
        weights::values(POSITIONS * COLUMNS),
        weights::values(COLUMNS),
    );
    let mut out = vec![0.0; x.len()];
    report.single("norm", "GB/s", || {
        clock::best(|| {
            fast_rms_norm(&x, &weight, 1e-5, &mut out);
            size_of_val(&x[..])
        })
    });
}
