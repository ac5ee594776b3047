//! What stands in a table: cells of four kinds, each of which may be empty.
//!
//! A table's rows are made by one function that names its columns. Asked for no row at all it gives
//! empty cells, which are the header: names and kinds cannot be others than those of the rows.

use std::borrow::Cow;

use schemas::number::Finite;

/// A cell with the name of its column.
pub(super) type Named<'a> = (&'static str, Cell<'a>);

/// A cell; its kind is there even if it is empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Words; none at all are an empty cell, as CSV has but one of the two.
    Text(Option<Cow<'a, str>>),
    /// A count, an index or a token.
    Count(Option<u64>),
    /// A finite number.
    Number(Option<f64>),
    /// Yes or no.
    Flag(Option<bool>),
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }

    pub(super) fn number(number: Option<Finite>) -> Self {
        Self::Number(number.map(Finite::get))
    }
}
