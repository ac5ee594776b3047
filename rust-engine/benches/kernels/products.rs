//! Products of weights with activations.

use gguf::TensorType;
use rust_engine::formats::SUPPORTED;
use rust_engine::formats::coded::zero_of;
use rust_engine::kernels::fast::{
    ByGroup, Columns, Fast, Other, PANEL_ROWS, Panel, PanelProduct, Parts, Positions, RowOther,
    RowProduct, Streamed, coding_for,
};

use crate::report::{Bound, Kernel, Report};
use crate::weights;

/// As wide as a small model; all rows of a panel product's matrix stay in the second cache.
const COLUMNS: usize = 2048;
/// Whole tiles of six, twelve and sixteen.
const POSITIONS: usize = 96;
const ROWS: usize = 256;
/// Rows that are copied until memory is full.
const COPIED_ROWS: usize = 512;

/// Many positions; everything in cache.
pub(crate) fn panels(report: &mut Report) {
    for &tensor_type in SUPPORTED {
        let kernel = Kernel {
            name: format!("panel {tensor_type}"),
            unit: "GOPS",
            bound: match tensor_type {
                TensorType::F32 => Bound::MultiplyAdd,
                TensorType::F16 | TensorType::BF16 => Bound::Parts,
                _ => Bound::Dot,
            },
        };
        let sets = report.chosen(&kernel);
        if sets.is_empty() {
            continue;
        }
        let values = weights::values(POSITIONS * COLUMNS);
        let coded: Vec<_> = sets
            .iter()
            .map(|&fast| for_panels(fast, tensor_type, &values))
            .collect();
        let parts: Vec<_> = sets
            .iter()
            .map(|&fast| Parts::new(fast, &values, COLUMNS, tensor_type))
            .collect();
        let bytes = weights::random(tensor_type, COLUMNS, ROWS);
        let matrix = weights::matrix(tensor_type, COLUMNS, ROWS, &bytes);
        let (mut panel, mut out) = (Panel::default(), vec![0.0; POSITIONS * ROWS]);
        report.measure(&kernel, &sets, |set| {
            let other = match &coded[set] {
                Some((x, by_group)) => Other::Codes(x, by_group),
                None => Other::Floats(&values, parts[set].as_ref()),
            };
            for out in Columns::new(&mut out, ROWS).pieces(PANEL_ROWS) {
                let matrix = matrix.slice(out.start, out.width);
                PanelProduct {
                    matrix,
                    other,
                    panel: &mut panel,
                    out,
                }
                .run(sets[set]);
            }
            2 * COLUMNS * ROWS * POSITIONS
        });
    }
}

fn for_panels(fast: Fast, tensor_type: TensorType, values: &[f32]) -> Option<(Positions, ByGroup)> {
    let x = Positions::new(fast, values, COLUMNS, coding_for(tensor_type)?);
    let by_group = x.by_group(zero_of(tensor_type));
    Some((x, by_group))
}

/// One position, a matrix that no cache of a core holds. A try goes on where the one before it stopped.
pub(crate) fn rows(report: &mut Report) {
    for &tensor_type in SUPPORTED {
        let kernel = Kernel {
            name: format!("row {tensor_type}"),
            unit: "GB/s",
            bound: Bound::Reading,
        };
        let sets = report.chosen(&kernel);
        if sets.is_empty() {
            continue;
        }
        let values = weights::values(COLUMNS);
        let coded: Vec<_> = sets
            .iter()
            .map(|&fast| for_rows(fast, tensor_type, &values))
            .collect();
        let some_rows = weights::random(tensor_type, COLUMNS, COPIED_ROWS);
        let memory = weights::mapped(&some_rows).expect("room for a file");
        let copies = memory.len() / some_rows.len();
        let (mut copy, mut out) = (0, vec![0.0; COPIED_ROWS]);
        report.measure(&kernel, &sets, |set| {
            let bytes = &memory[copy * some_rows.len()..][..some_rows.len()];
            copy = (copy + 1) % copies;
            let other = match &coded[set] {
                Some((x, streamed)) => RowOther::Codes(x, streamed),
                None => RowOther::Floats(&values),
            };
            for out in Columns::new(&mut out, COPIED_ROWS).pieces(COPIED_ROWS) {
                RowProduct {
                    matrix: weights::matrix(tensor_type, COLUMNS, COPIED_ROWS, bytes),
                    other,
                    out,
                }
                .run(sets[set]);
            }
            bytes.len()
        });
    }
}

fn for_rows(fast: Fast, tensor_type: TensorType, values: &[f32]) -> Option<(Positions, Streamed)> {
    let x = Positions::new(fast, values, COLUMNS, coding_for(tensor_type)?);
    let streamed = Streamed::new(&x, tensor_type);
    Some((x, streamed))
}
