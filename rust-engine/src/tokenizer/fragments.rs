//! Cutting special tokens out of a text, before anything else is done with it.

use memchr::memmem;

use super::vocabulary::{Attributes, Vocabulary};

/// A piece of a text: a special token, or what lies between two of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Text(&'a [u8]),
    Special(u32),
}

/// The fragments of a text.
///
/// One special token after the other, longest first, is cut out wherever it still occurs: an
/// earlier token takes its text away from the later ones. Control and unknown tokens take part only
/// if `parse_special`; user-defined ones always do.
///
/// A vocabulary can have thousands of special tokens, so each is first looked for in the whole text.
pub(super) fn fragments<'a>(
    vocabulary: &Vocabulary,
    text: &'a [u8],
    parse_special: bool,
) -> Vec<Fragment<'a>> {
    let mut fragments = if text.is_empty() {
        Vec::new()
    } else {
        vec![Fragment::Text(text)]
    };
    for id in &vocabulary.specials {
        let token = vocabulary.token(*id);
        let takes_part = parse_special || !token.attributes.has_any(Attributes::ONLY_IF_PARSED);
        if !takes_part || memmem::find(text, &token.text).is_none() {
            continue;
        }
        let cutter = Cutter {
            id: *id,
            attributes: token.attributes,
            finder: memmem::Finder::new(&token.text),
        };
        let mut finer = Vec::with_capacity(fragments.len() + 2);
        for fragment in fragments {
            match fragment {
                Fragment::Text(text) => cutter.cut(text, &mut finer),
                special @ Fragment::Special(_) => finer.push(special),
            }
        }
        fragments = finer;
    }
    fragments
}

struct Cutter<'t> {
    id: u32,
    attributes: Attributes,
    finder: memmem::Finder<'t>,
}

impl Cutter<'_> {
    fn cut<'a>(&self, text: &'a [u8], fragments: &mut Vec<Fragment<'a>>) {
        let mut rest = text;
        while let Some(at) = self.finder.find(rest) {
            let (mut left, from) = rest.split_at(at);
            let mut right = &from[self.finder.needle().len()..];
            if self.attributes.has_any(Attributes::STRIPS_LEFT) {
                while let [shorter @ .., last] = left
                    && is_space(*last)
                {
                    left = shorter;
                }
            }
            if self.attributes.has_any(Attributes::STRIPS_RIGHT) {
                while let [first, shorter @ ..] = right
                    && is_space(*first)
                {
                    right = shorter;
                }
            }
            push_text(left, fragments);
            fragments.push(Fragment::Special(self.id));
            rest = right;
        }
        push_text(rest, fragments);
    }
}

fn push_text<'a>(text: &'a [u8], fragments: &mut Vec<Fragment<'a>>) {
    if !text.is_empty() {
        fragments.push(Fragment::Text(text));
    }
}

/// C's `isspace`; Rust's `is_ascii_whitespace` leaves the vertical tab out.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
