//! Products of a weight matrix with activations: `out[position][row] = Σ weight[row] · x[position]`.
//!
//! With many positions the rows are cut into panels, with few into stretches; both are shared out to the
//! threads, and each writes its own columns of `out`.

use std::sync::{Mutex, PoisonError};

use gguf::TensorType;
use rayon::prelude::*;

use crate::formats::Matrix;
use crate::formats::coded::zero_of;
use crate::formats::float::{round_to_bf16, round_to_f16};
use crate::kernels::fast::{
    ByGroup, Coding, Columns, Fast, Other, PANEL_ROWS, Panel, PanelProduct, Piece, Positions,
    ROW_POSITIONS, RowOther, RowProduct, Streamed,
};

/// Pieces of rows for each thread: enough that a thread which is held up does not hold up all.
const PIECES_A_THREAD: usize = 4;

/// Computes products; holds the scratch of each thread.
pub(in crate::forward) struct Products {
    fast: Fast,
    panels: Vec<Mutex<Panel>>,
}

impl Products {
    /// For the threads of the pool that this is called in.
    pub(in crate::forward) fn new(fast: Fast) -> Self {
        let panels = (0..rayon::current_num_threads()).map(|_| Mutex::default());
        Self {
            fast,
            panels: panels.collect(),
        }
    }

    /// The inner loops.
    pub(in crate::forward) fn kernels(&self) -> Fast {
        self.fast
    }

    /// Computes `out`, `[position][row]`.
    pub(in crate::forward) fn multiply(
        &self,
        matrix: &Matrix<'_>,
        x: &mut Prepared,
        out: &mut [f32],
    ) {
        let positions = out.len() / matrix.rows;
        if positions == 0 {
            return;
        }
        let columns = Columns::new(out, matrix.rows);
        if positions <= ROW_POSITIONS {
            let pieces = rayon::current_num_threads() * PIECES_A_THREAD;
            let width = matrix.rows.div_ceil(pieces).next_multiple_of(16);
            let other = x.for_rows(self.fast, matrix);
            let pieces: Vec<Piece<'_>> = columns.pieces(width).collect();
            pieces.into_par_iter().for_each(|out| {
                let matrix = matrix.slice(out.start, out.width);
                RowProduct { matrix, other, out }.run(self.fast);
            });
        } else {
            let other = x.for_panels(self.fast, matrix);
            let pieces: Vec<Piece<'_>> = columns.pieces(PANEL_ROWS).collect();
            pieces.into_par_iter().for_each(|out| {
                let matrix = matrix.slice(out.start, out.width);
                let thread = rayon::current_thread_index().unwrap_or(0);
                // A panel is scratch: what a thread that panicked left in it harms nobody.
                let panel = self.panels[thread].lock();
                let panel = &mut *panel.unwrap_or_else(PoisonError::into_inner);
                PanelProduct {
                    matrix,
                    other,
                    panel,
                    out,
                }
                .run(self.fast);
            });
        }
    }
}

/// How activations become codes for weights of this type; floats stay floats.
pub(crate) fn coding_for(tensor_type: TensorType) -> Option<Coding> {
    match tensor_type {
        TensorType::Q4_0
        | TensorType::Q4_1
        | TensorType::Q5_0
        | TensorType::Q5_1
        | TensorType::Q8_0
        | TensorType::IQ4_NL
        | TensorType::MXFP4 => Some(Coding::Blocks),
        TensorType::Q2_K | TensorType::Q3_K | TensorType::Q6_K => {
            Some(Coding::Supers { group: 16 })
        }
        TensorType::Q4_K | TensorType::Q5_K | TensorType::IQ4_XS => {
            Some(Coding::Supers { group: 32 })
        }
        TensorType::TQ1_0 | TensorType::TQ2_0 => Some(Coding::Supers { group: 256 }),
        TensorType::I2_S => Some(Coding::Rows),
        _ => None,
    }
}

/// Activations with the forms that have been asked for so far: several matrices, not always of one type,
/// are multiplied with the same activations.
pub(in crate::forward) struct Prepared {
    pub(in crate::forward) values: Vec<f32>,
    coded: Vec<(Coding, Positions)>,
    /// For panels, by the zero of the weights' codes.
    by_group: Vec<(Coding, u8, ByGroup)>,
    /// For rows, by the weights' type.
    streamed: Vec<(TensorType, Streamed)>,
    /// Rounded to the type of float weights.
    rounded: Vec<(TensorType, Vec<f32>)>,
}

impl Prepared {
    pub(in crate::forward) fn new(values: Vec<f32>) -> Self {
        Self {
            values,
            coded: Vec::new(),
            by_group: Vec::new(),
            streamed: Vec::new(),
            rounded: Vec::new(),
        }
    }

    fn for_panels(&mut self, fast: Fast, matrix: &Matrix<'_>) -> Other<'_> {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            return Other::Floats(self.floats(matrix.tensor_type));
        };
        let at = self.code(fast, coding, matrix.columns);
        let Self {
            coded, by_group, ..
        } = self;
        let x = &coded[at].1;
        let zero = zero_of(matrix.tensor_type);
        let known = place(by_group, |it| (it.0, it.1) == (coding, zero));
        let at = known.unwrap_or_else(|| {
            by_group.push((coding, zero, x.by_group(zero)));
            by_group.len() - 1
        });
        Other::Codes(x, &by_group[at].2)
    }

    fn for_rows(&mut self, fast: Fast, matrix: &Matrix<'_>) -> RowOther<'_> {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            return RowOther::Floats(self.floats(matrix.tensor_type));
        };
        let at = self.code(fast, coding, matrix.columns);
        let Self {
            coded, streamed, ..
        } = self;
        let x = &coded[at].1;
        let known = place(streamed, |it| it.0 == matrix.tensor_type);
        let at = known.unwrap_or_else(|| {
            streamed.push((matrix.tensor_type, Streamed::new(x, matrix.tensor_type)));
            streamed.len() - 1
        });
        RowOther::Codes(x, &streamed[at].1)
    }

    /// Where in `coded` they are.
    fn code(&mut self, fast: Fast, coding: Coding, columns: usize) -> usize {
        place(&self.coded, |it| it.0 == coding).unwrap_or_else(|| {
            let positions = Positions::new(fast, &self.values, columns, coding);
            self.coded.push((coding, positions));
            self.coded.len() - 1
        })
    }

    fn floats(&mut self, tensor_type: TensorType) -> &[f32] {
        let round = match tensor_type {
            TensorType::F16 => round_to_f16,
            TensorType::BF16 => round_to_bf16,
            _ => return &self.values,
        };
        let known = place(&self.rounded, |it| it.0 == tensor_type);
        let at = known.unwrap_or_else(|| {
            let mut values = self.values.clone();
            round(&mut values);
            self.rounded.push((tensor_type, values));
            self.rounded.len() - 1
        });
        &self.rounded[at].1
    }
}

fn place<T>(known: &[T], is_it: impl FnMut(&T) -> bool) -> Option<usize> {
    known.iter().position(is_it)
}
