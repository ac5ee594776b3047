//! The small part of SVG that pictures share: texts that stay in their places, and numbers.

use std::fmt::Write as _;

/// Adds words at a place; `anchor` says which part of them is there.
pub(crate) fn text(
    picture: &mut String,
    (x, y): (f64, f64),
    anchor: &str,
    size: &str,
    words: &str,
) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        picture,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{}</text>",
        number(x),
        number(y),
        escape(words)
    );
}

/// A tenth of a pixel is enough.
pub(crate) fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// Labels of models and names of prompts are other people's; characters that SVG cannot hold become
/// question marks.
pub(crate) fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_name_cannot_leave_its_place() {
        assert_eq!(escape("</text>&\u{1b}"), "&lt;/text&gt;&amp;?");
    }
}
