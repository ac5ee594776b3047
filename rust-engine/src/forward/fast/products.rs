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
    ByGroup, Coding, Columns, Fast, Other, PANEL_ROWS, Panel, PanelProduct, Parts, Piece,
    Positions, ROW_POSITIONS, RowOther, RowProduct, Streamed,
};

/// Pieces of rows for each thread: enough that a thread which is held up does not hold up all.
const PIECES_A_THREAD: usize = 4;
/// Bytes of weights that are no piece of their own: a thread reads them in two microseconds, and another
/// takes one to see that there is something to do.
const LEAST_PIECE: usize = 1 << 15;

/// A matrix, and where its products go.
pub(in crate::forward) type Product<'a> = (Matrix<'a>, &'a mut [f32]);

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

    /// Computes what some matrices make of the same activations, each `[position][row]`, in one go.
    pub(in crate::forward) fn multiply(&self, products: Vec<Product<'_>>, x: &mut Prepared) {
        let Some((matrix, _)) = products.first() else {
            return;
        };
        let positions = x.values.len() / matrix.columns;
        if positions == 0 {
            return;
        }
        if positions <= ROW_POSITIONS {
            self.rows(products, x);
        } else {
            self.panels(products, x);
        }
    }

    fn rows(&self, products: Vec<Product<'_>>, x: &mut Prepared) {
        for (matrix, _) in &products {
            x.make_rows(self.fast, matrix);
        }
        let pieces = rayon::current_num_threads() * PIECES_A_THREAD;
        let bytes: usize = products.iter().map(|(matrix, _)| matrix.bytes.len()).sum();
        let piece = (bytes / pieces).max(LEAST_PIECE);
        let x = &*x;
        let pieces = cut(products, |matrix| {
            let pieces = matrix.bytes.len().div_ceil(piece);
            matrix.rows.div_ceil(pieces).next_multiple_of(16)
        });
        pieces.into_par_iter().for_each(|(matrix, out)| {
            let other = x.rows(&matrix);
            RowProduct { matrix, other, out }.run(self.fast);
        });
    }

    fn panels(&self, products: Vec<Product<'_>>, x: &mut Prepared) {
        for (matrix, _) in &products {
            x.make_panels(self.fast, matrix);
        }
        let x = &*x;
        let pieces = cut(products, |_| PANEL_ROWS).into_par_iter();
        // One at a time: of a few large ones, several in a row leave the other threads without work.
        pieces.with_max_len(1).for_each(|(matrix, out)| {
            let other = x.panels(&matrix);
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

/// Pieces of rows, `width` of a matrix at a time, with their places.
fn cut(
    products: Vec<Product<'_>>,
    width: impl Fn(&Matrix<'_>) -> usize,
) -> Vec<(Matrix<'_>, Piece<'_>)> {
    let mut cut = Vec::new();
    for (matrix, out) in products {
        let pieces = Columns::new(out, matrix.rows).pieces(width(&matrix));
        cut.extend(pieces.map(|out| (matrix.slice(out.start, out.width), out)));
    }
    cut
}

/// How activations become codes for weights of this type; floats stay floats.
pub fn coding_for(tensor_type: TensorType) -> Option<Coding> {
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
    by_group: Vec<((Coding, u8), ByGroup)>,
    /// For rows, by the weights' type.
    streamed: Vec<(TensorType, Streamed)>,
    /// Rounded to the type of float weights.
    rounded: Vec<(TensorType, Vec<f32>)>,
    /// The same for the unit for tiles, where it takes them.
    parts: Vec<(TensorType, Option<Parts>)>,
}

impl Prepared {
    pub(in crate::forward) fn new(values: Vec<f32>) -> Self {
        Self {
            values,
            coded: Vec::new(),
            by_group: Vec::new(),
            streamed: Vec::new(),
            rounded: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Makes what panels of this type meet.
    fn make_panels(&mut self, fast: Fast, matrix: &Matrix<'_>) {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            self.make_floats(matrix.tensor_type);
            if find(&self.parts, &matrix.tensor_type).is_none() {
                let values = self.floats(matrix.tensor_type);
                let parts = Parts::new(fast, values, matrix.columns, matrix.tensor_type);
                self.parts.push((matrix.tensor_type, parts));
            }
            return;
        };
        let at = self.make_codes(fast, coding, matrix.columns);
        let zero = zero_of(matrix.tensor_type);
        if find(&self.by_group, &(coding, zero)).is_none() {
            let by_group = self.coded[at].1.by_group(zero);
            self.by_group.push(((coding, zero), by_group));
        }
    }

    /// What panels of a type meet, which has been made.
    fn panels(&self, matrix: &Matrix<'_>) -> Other<'_> {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            let parts = made(&self.parts, &matrix.tensor_type);
            return Other::Floats(self.floats(matrix.tensor_type), parts.as_ref());
        };
        let zero = zero_of(matrix.tensor_type);
        Other::Codes(
            made(&self.coded, &coding),
            made(&self.by_group, &(coding, zero)),
        )
    }

    /// Makes what rows of this type meet.
    fn make_rows(&mut self, fast: Fast, matrix: &Matrix<'_>) {
        let tensor_type = matrix.tensor_type;
        let Some(coding) = coding_for(tensor_type) else {
            self.make_floats(tensor_type);
            return;
        };
        let at = self.make_codes(fast, coding, matrix.columns);
        if find(&self.streamed, &tensor_type).is_none() {
            let streamed = Streamed::new(&self.coded[at].1, tensor_type);
            self.streamed.push((tensor_type, streamed));
        }
    }

    /// What rows of a type meet, which has been made.
    fn rows(&self, matrix: &Matrix<'_>) -> RowOther<'_> {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            return RowOther::Floats(self.floats(matrix.tensor_type));
        };
        RowOther::Codes(
            made(&self.coded, &coding),
            made(&self.streamed, &matrix.tensor_type),
        )
    }

    /// Where in `coded` they are.
    fn make_codes(&mut self, fast: Fast, coding: Coding, columns: usize) -> usize {
        find(&self.coded, &coding).unwrap_or_else(|| {
            let positions = Positions::new(fast, &self.values, columns, coding);
            self.coded.push((coding, positions));
            self.coded.len() - 1
        })
    }

    fn make_floats(&mut self, tensor_type: TensorType) {
        if let Some(round) = rounding(tensor_type)
            && find(&self.rounded, &tensor_type).is_none()
        {
            let mut values = self.values.clone();
            round(&mut values);
            self.rounded.push((tensor_type, values));
        }
    }

    fn floats(&self, tensor_type: TensorType) -> &[f32] {
        match rounding(tensor_type) {
            Some(_) => made::<_, Vec<f32>>(&self.rounded, &tensor_type),
            None => &self.values,
        }
    }
}

/// What activations are rounded to before they meet weights of a type.
fn rounding(tensor_type: TensorType) -> Option<fn(&mut [f32])> {
    match tensor_type {
        TensorType::F16 => Some(round_to_f16),
        TensorType::BF16 => Some(round_to_bf16),
        _ => None,
    }
}

fn find<K: PartialEq, T>(known: &[(K, T)], key: &K) -> Option<usize> {
    known.iter().position(|(known, _)| known == key)
}

fn made<'a, K: PartialEq, T>(known: &'a [(K, T)], key: &K) -> &'a T {
    &known[find(known, key).expect("made before it is asked for")].1
}
