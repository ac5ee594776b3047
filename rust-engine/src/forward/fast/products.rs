//! Products of a weight matrix with activations: `out[position][row] = Σ weight[row] · x[position]`.
//!
//! With many positions the rows are cut into panels, with few into stretches; both are shared out to the
//! threads, and each writes its own columns of `out`.

use rayon::prelude::*;

use super::attention::{self, Attention};
use super::per_thread::PerThread;
use super::prepared::{Forms, Prepared};
use crate::formats::Matrix;
use crate::forward::attention::Heads;
use crate::kernels::fast::{
    Columns, Fast, PANEL_ROWS, Panel, PanelProduct, Piece, ROW_POSITIONS, RowProduct,
};

/// Pieces of rows for each thread: enough that a thread which is held up does not hold up all.
const PIECES_A_THREAD: usize = 4;
/// Bytes of weights that are no piece of their own: a thread reads them in two microseconds, and another
/// takes one to see that there is something to do.
const LEAST_PIECE: usize = 1 << 15;

/// A matrix, and where its products go.
pub(in crate::forward) type Product<'a> = (Matrix<'a>, &'a mut [f32]);

/// What arithmetic `fast` has: the inner loops, and the scratch of each thread.
pub(in crate::forward) struct Products {
    fast: Fast,
    panels: PerThread<Panel>,
    attention: PerThread<attention::Scratch>,
    forms: Forms,
}

impl Products {
    /// For the threads of the pool that this is called in.
    pub(in crate::forward) fn new(fast: Fast) -> Self {
        Self {
            fast,
            panels: PerThread::new(),
            attention: PerThread::new(),
            forms: Forms::default(),
        }
    }

    /// The inner loops.
    pub(in crate::forward) fn kernels(&self) -> Fast {
        self.fast
    }

    /// Attention with these inner loops.
    pub(in crate::forward) fn attention(&self, heads: Heads) -> Attention<'_> {
        Attention {
            fast: self.fast,
            heads,
            scratch: &self.attention,
        }
    }

    /// Takes back the forms of activations that no product needs any more; gives their values.
    pub(in crate::forward) fn done(&self, x: Prepared) -> Vec<f32> {
        x.into_values(&self.forms)
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
            x.make_rows(self.fast, matrix, &self.forms);
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
            x.make_panels(self.fast, matrix, &self.forms);
        }
        let x = &*x;
        let pieces = cut(products, |_| PANEL_ROWS).into_par_iter();
        // One at a time: of a few large ones, several in a row leave the other threads without work.
        pieces.with_max_len(1).for_each(|(matrix, out)| {
            let other = x.panels(&matrix);
            let panel = &mut *self.panels.own();
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
