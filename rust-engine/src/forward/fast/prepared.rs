//! Activations in the forms that products with weights of one type or another take.

use gguf::TensorType;

use crate::formats::Matrix;
use crate::formats::coded::zero_of;
use crate::formats::float::{round_to_bf16, round_to_f16};
use crate::forward::spare::Spare;
use crate::kernels::fast::{
    ByGroup, Coding, Fast, Other, Parts, Positions, RowOther, Streamed, coding_for,
};

/// Forms that are not in use, to be filled again: at most six are used in a layer.
#[derive(Default)]
pub(super) struct Forms {
    coded: Spare<Positions, 8>,
    by_group: Spare<ByGroup, 8>,
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

    /// Gives back what was taken from `forms`.
    pub(super) fn into_values(self, forms: &Forms) -> Vec<f32> {
        forms.coded.give(self.coded.into_iter().map(|(_, it)| it));
        forms
            .by_group
            .give(self.by_group.into_iter().map(|(_, it)| it));
        self.values
    }

    /// Makes what panels of this type meet.
    pub(super) fn make_panels(&mut self, fast: Fast, matrix: &Matrix<'_>, forms: &Forms) {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            self.make_floats(matrix.tensor_type);
            if find(&self.parts, &matrix.tensor_type).is_none() {
                let values = self.floats(matrix.tensor_type);
                let parts = Parts::new(fast, values, matrix.columns, matrix.tensor_type);
                self.parts.push((matrix.tensor_type, parts));
            }
            return;
        };
        let at = self.make_codes(fast, coding, matrix.columns, forms);
        let zero = zero_of(matrix.tensor_type);
        if find(&self.by_group, &(coding, zero)).is_none() {
            let coded = &self.coded[at].1;
            let mut by_group = forms
                .by_group
                .find(|it| coded.fits_by_group(it))
                .unwrap_or_default();
            coded.fill_by_group(zero, &mut by_group);
            self.by_group.push(((coding, zero), by_group));
        }
    }

    /// What panels of a type meet, which has been made.
    pub(super) fn panels(&self, matrix: &Matrix<'_>) -> Other<'_> {
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
    pub(super) fn make_rows(&mut self, fast: Fast, matrix: &Matrix<'_>, forms: &Forms) {
        let tensor_type = matrix.tensor_type;
        let Some(coding) = coding_for(tensor_type) else {
            self.make_floats(tensor_type);
            return;
        };
        let at = self.make_codes(fast, coding, matrix.columns, forms);
        if find(&self.streamed, &tensor_type).is_none() {
            let streamed = Streamed::new(&self.coded[at].1, tensor_type);
            self.streamed.push((tensor_type, streamed));
        }
    }

    /// What rows of a type meet, which has been made.
    pub(super) fn rows(&self, matrix: &Matrix<'_>) -> RowOther<'_> {
        let Some(coding) = coding_for(matrix.tensor_type) else {
            return RowOther::Floats(self.floats(matrix.tensor_type));
        };
        RowOther::Codes(
            made(&self.coded, &coding),
            made(&self.streamed, &matrix.tensor_type),
        )
    }

    /// Where in `coded` they are.
    fn make_codes(&mut self, fast: Fast, coding: Coding, columns: usize, forms: &Forms) -> usize {
        find(&self.coded, &coding).unwrap_or_else(|| {
            let count = self.values.len() / columns;
            let positions = match forms.coded.find(|it| it.fits(count, columns, coding)) {
                Some(mut positions) => {
                    positions.fill(fast, &self.values);
                    positions
                }
                None => Positions::new(fast, &self.values, columns, coding),
            };
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
