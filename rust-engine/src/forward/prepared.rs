//! Activations on their way into products.

use super::activations::{Activations, Form};
use super::fast;

/// Activations, and what operations make of them for products.
pub(super) enum Prepared {
    Exact(Forms),
    Fast(fast::Prepared),
}

impl Prepared {
    pub(super) fn values(&self) -> &[f32] {
        match self {
            Self::Exact(forms) => &forms.values,
            Self::Fast(prepared) => &prepared.values,
        }
    }
}

/// Activations with the forms that have been asked for so far: several matrices, not always of
/// one type, are multiplied with the same activations.
pub(super) struct Forms {
    pub(super) values: Vec<f32>,
    forms: Vec<(Form, Activations)>,
}

impl Forms {
    pub(super) fn new(values: Vec<f32>) -> Self {
        Self {
            values,
            forms: Vec::new(),
        }
    }

    /// As rows of `width`, which is the same for every matrix that is asked for.
    pub(super) fn in_form(&mut self, form: Form, width: usize) -> &Activations {
        let known = self.forms.iter().position(|(known, _)| *known == form);
        let place = known.unwrap_or_else(|| {
            self.forms
                .push((form, Activations::new(&self.values, width, form)));
            self.forms.len() - 1
        });
        &self.forms[place].1
    }
}
