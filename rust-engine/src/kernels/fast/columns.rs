//! A matrix whose columns are shared out: each thread writes columns of its own in every row.
#![expect(
    unsafe_code,
    reason = "slices cannot be split by columns; this is the one place that does it"
)]

use std::marker::PhantomData;

/// `[row][column]`, to be written by columns.
pub struct Columns<'a> {
    numbers: &'a mut [f32],
    columns: usize,
}

impl<'a> Columns<'a> {
    /// Of whole rows.
    pub fn new(numbers: &'a mut [f32], columns: usize) -> Self {
        assert!(
            columns > 0 && numbers.len().is_multiple_of(columns),
            "whole rows"
        );
        Self { numbers, columns }
    }

    /// All of it, in pieces of `width` columns; the last may have fewer.
    pub fn pieces(self, width: usize) -> impl ExactSizeIterator<Item = Piece<'a>> {
        let (columns, rows) = (self.columns, self.numbers.len() / self.columns);
        let first = self.numbers.as_mut_ptr();
        (0..columns.div_ceil(width)).map(move |piece| {
            let start = piece * width;
            Piece {
                // Without rows it may be behind the allocation's end, and is read by nobody.
                first: first.wrapping_add(start),
                start,
                width: width.min(columns - start),
                stride: columns,
                rows,
                owner: PhantomData,
            }
        })
    }
}

/// Some columns of every row. No two pieces of one [`Columns::pieces`] share a number.
pub struct Piece<'a> {
    first: *mut f32,
    /// The first of its columns.
    pub start: usize,
    /// How many.
    pub width: usize,
    stride: usize,
    rows: usize,
    owner: PhantomData<&'a mut [f32]>,
}

// SAFETY: a piece is the only one that reaches its numbers, as a slice that is borrowed mutably is,
// and those may go to other threads.
unsafe impl Send for Piece<'_> {}

impl Piece<'_> {
    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Its part of a row.
    #[inline]
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows, "a row of the matrix");
        // SAFETY: the row was checked; so the place is within the matrix, whose columns `first` is in.
        let place = unsafe { self.first.add(row * self.stride) };
        // SAFETY: `width` columns from there on are this piece's alone, by how `pieces` cuts, and stay
        // borrowed through it.
        unsafe { std::slice::from_raw_parts_mut(place, self.width) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_columns_once() {
        for (rows, columns, width) in [(3, 7, 3), (1, 32, 32), (2, 1, 5), (0, 4, 2)] {
            let mut numbers = vec![0.0; rows * columns];
            for mut piece in Columns::new(&mut numbers, columns).pieces(width) {
                assert_eq!(piece.rows(), rows);
                for row in 0..rows {
                    let start = piece.start;
                    for (i, number) in piece.row(row).iter_mut().enumerate() {
                        *number += (row * columns + start + i + 1) as f32;
                    }
                }
            }
            let expected: Vec<_> = (1..=rows * columns).map(|n| n as f32).collect();
            assert_eq!(numbers, expected);
        }
    }

    #[test]
    #[should_panic(expected = "a row of the matrix")]
    fn a_row_beyond_is_refused() {
        let mut numbers = [0.0; 4];
        let mut pieces = Columns::new(&mut numbers, 2).pieces(1);
        pieces.next().expect("a piece").row(2);
    }
}
