//! Makes the fault in one answer and its files.

use std::io;

use schemas::evaluate::Evaluated;

use super::faults::{Chosen, Kind, ODD_POSITION, SWAPPED_POSITION};
use super::rows::Rows;
use crate::metrics::lowest_largest;

/// An answer, its files, and the positions whose rows were asked for, ascending.
pub(super) struct Item {
    pub(super) answer: Evaluated,
    pub(super) positions: Vec<usize>,
    pub(super) logits: Rows,
    pub(super) greedy: Rows,
}

/// Makes the fault in items one after the other.
pub(super) struct Changer {
    chosen: Chosen,
    /// The sound rows of the item before, for the fault that needs them.
    previous: Option<Rows>,
}

impl Changer {
    pub(super) fn new(chosen: Chosen) -> Self {
        Self {
            chosen,
            previous: None,
        }
    }

    pub(super) fn change(&mut self, mut item: Item) -> io::Result<Evaluated> {
        let strength = self.chosen.strength;
        let times = strength as f32;
        match self.chosen.fault.kind {
            Kind::OneNan => item.one_logit(|logit| *logit = f32::NAN),
            Kind::OneInfinity => item.one_logit(|logit| *logit = f32::INFINITY),
            Kind::OneLogitOff => item.one_logit(|logit| *logit += 0.001 * times),
            Kind::TopTwoExchanged => item.exchange_top_two(strength as usize),
            Kind::RowsSwapped => item.swap_rows(),
            Kind::FirstRowRepeated => item.repeat_first_row(),
            Kind::VocabularyOffsetByOne => item.logits.edit_each(|row| row.rotate_right(1)),
            Kind::LogitsOfPreviousPrompt => self.take_previous(&item),
            Kind::ConstantShift => item.each_logit(|logit| logit + 0.5),
            Kind::ScaledBy10001 => item.each_logit(|logit| logit * (1.0 + 0.0001 * times)),
            Kind::Float16Rounded => {
                item.each_logit(|logit| logit + times * (rounded(logit) - logit))
            }
            Kind::OneRowMissing => item.logits.end_before(item.logits.count.saturating_sub(1)),
            Kind::OneRowMissingAndSaid => item.leave_out_last_row(),
            Kind::FileTruncated => item.logits.end_in_the_middle(),
            Kind::GreedyTokenWrong => {
                item.choose_next_id();
                Ok(())
            }
            Kind::GreedyStepsOneAhead => item.step_ahead(),
        }?;
        Ok(item.answer)
    }

    fn take_previous(&mut self, item: &Item) -> io::Result<()> {
        let Some(previous) = self.previous.replace(item.logits.copy()?) else {
            return Ok(());
        };
        let both = previous.count.min(item.logits.count);
        (0..both).try_for_each(|row| item.logits.write(row, &previous.read(row)?))
    }
}

impl Item {
    /// The row of a position, if it was asked for.
    fn row_of(&self, position: usize) -> Option<usize> {
        self.positions.binary_search(&position).ok()
    }

    fn one_logit(&self, change: impl FnOnce(&mut f32)) -> io::Result<()> {
        let Some(row) = self.row_of(ODD_POSITION) else {
            return Ok(());
        };
        self.logits.edit(row, |row| change(&mut row[row.len() / 2]))
    }

    fn each_logit(&self, change: impl Fn(f32) -> f32) -> io::Result<()> {
        self.logits
            .edit_each(|row| row.iter_mut().for_each(|logit| *logit = change(*logit)))
    }

    fn exchange_top_two(&self, n_positions: usize) -> io::Result<()> {
        let rows = self.positions.iter().enumerate();
        let odd = rows
            .filter(|&(_, &position)| position >= ODD_POSITION)
            .take(n_positions);
        odd.into_iter().try_for_each(|(row, _)| {
            self.logits.edit(row, |row| {
                let first = lowest_largest(row) as usize;
                let largest = std::mem::replace(&mut row[first], f32::NEG_INFINITY);
                let second = lowest_largest(row) as usize;
                row[first] = std::mem::replace(&mut row[second], largest);
            })
        })
    }

    fn swap_rows(&self) -> io::Result<()> {
        let rows = (
            self.row_of(SWAPPED_POSITION),
            self.row_of(SWAPPED_POSITION + 1),
        );
        let (Some(a), Some(b)) = rows else {
            return Ok(());
        };
        let (row_a, row_b) = (self.logits.read(a)?, self.logits.read(b)?);
        self.logits.write(a, &row_b)?;
        self.logits.write(b, &row_a)
    }

    fn repeat_first_row(&self) -> io::Result<()> {
        (1..self.logits.count).try_for_each(|row| self.logits.write(row, &self.logits.read(0)?))
    }

    fn leave_out_last_row(&mut self) -> io::Result<()> {
        let rows = self.logits.count.saturating_sub(1);
        self.answer.shape[0] = rows as u64;
        self.logits.say(rows)?;
        self.logits.end_before(rows)
    }

    fn step_ahead(&mut self) -> io::Result<()> {
        for step in 1..self.greedy.count {
            self.greedy.write(step - 1, &self.greedy.read(step)?)?;
            // The file has a row for each of them.
            self.answer.greedy_ids[step - 1] = self.answer.greedy_ids[step];
        }
        Ok(())
    }

    fn choose_next_id(&mut self) {
        let columns = self.answer.shape[1] as u32;
        if let Some(id) = self.answer.greedy_ids.first_mut() {
            *id = (*id + 1) % columns;
        }
    }
}

/// To eleven binary digits, half to even, as F16 does within its range; an infinity stays one.
fn rounded(logit: f32) -> f32 {
    const DROPPED_BITS: u32 = 13;
    if !logit.is_finite() {
        return logit;
    }
    let bits = logit.to_bits();
    let odd = (bits >> DROPPED_BITS) & 1;
    let half_up = bits + (1 << (DROPPED_BITS - 1)) - 1 + odd;
    f32::from_bits(half_up & !((1 << DROPPED_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_digits_are_kept() {
        // 2^-11 is half of the last digit of 1.
        assert_eq!(rounded(1.0 + 2f32.powi(-11)), 1.0);
        assert_eq!(rounded(1.0 + 3.0 * 2f32.powi(-11)), 1.0 + 2f32.powi(-9));
        assert_eq!(
            rounded(-1.0 - 2f32.powi(-11) - 2f32.powi(-20)),
            -1.0 - 2f32.powi(-10)
        );
        assert_eq!(rounded(2047.9), 2048.0);
        assert_eq!(rounded(0.0), 0.0);
        assert_eq!(rounded(f32::NEG_INFINITY), f32::NEG_INFINITY);
    }
}
