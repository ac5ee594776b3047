//! Cutting a text into the words within which BPE merges, the way llama.cpp does.
//!
//! Pre-tokenizers are published as regular expressions, and llama.cpp runs them in two ways. The
//! expressions of GPT-2, LLaMA-3 and Qwen2 are written out by hand there, and the hand decides where
//! it differs from the expression. The others go through `std::regex` on a text where every
//! character outside ASCII is replaced by one byte for its class; the ones needed so far only set a
//! class of characters apart, which [`Split::Isolate`] does.
//!
//! Everything is one pass to the right, so the time is linear in the text.

use super::characters::{Characters, Class};

/// One step of a pre-tokenizer.
pub(super) enum Split {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    Gpt2,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|`
    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    Llama { digits: usize },
    /// `[member]{least,most}`: each match is a word, and so is what lies between two matches.
    Isolate {
        member: fn(u32, Class) -> bool,
        least: usize,
        most: usize,
    },
}

/// Where each word ends, as an index into the characters; the last end is their number.
pub(super) fn word_ends(splits: &[Split], characters: &Characters) -> Vec<usize> {
    let n_characters = characters.codes.len();
    let mut ends = if n_characters == 0 {
        Vec::new()
    } else {
        vec![n_characters]
    };
    for split in splits {
        let mut finer = Vec::with_capacity(ends.len());
        let mut start = 0;
        for end in ends {
            split.apply(
                &Piece {
                    characters,
                    start,
                    end,
                },
                &mut finer,
            );
            start = end;
        }
        ends = finer;
    }
    ends
}

impl Split {
    fn apply(&self, piece: &Piece<'_>, ends: &mut Vec<usize>) {
        let word_end: &dyn Fn(usize) -> usize = match self {
            Self::Isolate {
                member,
                least,
                most,
            } => return isolate(piece, *member, *least..=*most, ends),
            Self::Gpt2 => &|at| gpt2_word_end(piece, at),
            Self::Llama { digits } => &|at| llama_word_end(piece, at, *digits),
        };
        let mut at = piece.start;
        while at < piece.end {
            at = word_end(at);
            ends.push(at);
        }
    }
}

/// A stretch of characters that earlier splits left whole. Nothing outside of it is seen.
struct Piece<'a> {
    characters: &'a Characters,
    start: usize,
    end: usize,
}

impl Piece<'_> {
    fn class(&self, at: usize) -> Class {
        if at < self.end {
            self.characters.classes[at]
        } else {
            Class::Outside
        }
    }

    fn is(&self, at: usize, ascii: &[u8]) -> bool {
        at < self.end
            && ascii
                .iter()
                .any(|byte| u32::from(*byte) == self.characters.codes[at])
    }

    fn run_end(&self, from: usize, belongs: impl Fn(Class) -> bool) -> usize {
        (from..self.end)
            .find(|at| !belongs(self.class(*at)))
            .unwrap_or(self.end)
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`; the letters may be capitals if `any_case`.
    fn contraction_end(&self, at: usize, any_case: bool) -> Option<usize> {
        let letter = |at: usize, lower: u8| {
            self.is(at, &[lower]) || any_case && self.is(at, &[lower.to_ascii_uppercase()])
        };
        let pair = |first, second| letter(at + 1, first) && letter(at + 2, second);
        if !self.is(at, b"'") {
            None
        } else if b"stmd".iter().any(|lower| letter(at + 1, *lower)) {
            Some(at + 2)
        } else {
            (pair(b'r', b'e') || pair(b'v', b'e') || pair(b'l', b'l')).then_some(at + 3)
        }
    }

    /// `\s+(?!\S)|\s+`: the last blank before a word is left for the word.
    fn whitespace_end(&self, at: usize) -> usize {
        let end = self.run_end(at, |class| class == Class::Whitespace);
        if end - at > 1 && end < self.end {
            end - 1
        } else {
            end
        }
    }
}

/// `[^\s\p{L}\p{N}]`
fn is_neither_word_nor_blank(class: Class) -> bool {
    !matches!(
        class,
        Class::Letter | Class::Number | Class::Whitespace | Class::Outside
    )
}

fn gpt2_word_end(piece: &Piece<'_>, at: usize) -> usize {
    if let Some(end) = piece.contraction_end(at, false) {
        return end;
    }
    let first = at + usize::from(piece.is(at, b" "));
    match piece.class(first) {
        class @ (Class::Letter | Class::Number) => piece.run_end(first, |next| next == class),
        Class::Whitespace | Class::Outside => piece.whitespace_end(at),
        _ => piece.run_end(first, is_neither_word_nor_blank),
    }
}

fn llama_word_end(piece: &Piece<'_>, at: usize, digits: usize) -> usize {
    if let Some(end) = piece.contraction_end(at, true) {
        return end;
    }
    let class = piece.class(at);
    if class == Class::Number {
        // No further than needed: else a long number is scanned once for each of its words.
        let limit = piece.end.min(at + digits);
        return (at..limit)
            .find(|at| piece.class(*at) != Class::Number)
            .unwrap_or(limit);
    }
    let begins_word = class == Class::Letter || piece.class(at + 1) == Class::Letter;
    if begins_word && !piece.is(at, b"\r\n") {
        return piece.run_end(at + 1, |next| next == Class::Letter);
    }
    let first = at + usize::from(piece.is(at, b" "));
    if is_neither_word_nor_blank(piece.class(first)) {
        let end = piece.run_end(first, is_neither_word_nor_blank);
        return (end..piece.end)
            .find(|at| !piece.is(*at, b"\r\n"))
            .unwrap_or(piece.end);
    }
    // `\s*[\r\n]+`: up to the last line break of the run of blanks.
    let blanks_end = piece.run_end(at, |next| next == Class::Whitespace);
    match (at..blanks_end).rev().find(|at| piece.is(*at, b"\r\n")) {
        Some(last_break) => last_break + 1,
        None => piece.whitespace_end(at),
    }
}

fn isolate(
    piece: &Piece<'_>,
    member: fn(u32, Class) -> bool,
    length: std::ops::RangeInclusive<usize>,
    ends: &mut Vec<usize>,
) {
    let is_member = |at: &usize| member(piece.characters.codes[*at], piece.class(*at));
    let mut unmatched = piece.start;
    let mut at = piece.start;
    while at < piece.end {
        let limit = piece.end.min(at.saturating_add(*length.end()));
        let end = (at..limit).find(|at| !is_member(at)).unwrap_or(limit);
        if end - at < *length.start() {
            at += 1;
            continue;
        }
        if at > unmatched {
            ends.push(at);
        }
        ends.push(end);
        unmatched = end;
        at = end;
    }
    if piece.end > unmatched {
        ends.push(piece.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::pre_tokenizers::PreTokenizer;
    use super::*;

    fn words(pre: &str, text: &str) -> Vec<String> {
        let characters = Characters::of(text.as_bytes()).unwrap();
        let letters: Vec<char> = text.chars().collect();
        let mut start = 0;
        let ends = word_ends(PreTokenizer::named(Some(pre)).unwrap().splits, &characters);
        ends.into_iter()
            .map(|end| {
                letters[std::mem::replace(&mut start, end)..end]
                    .iter()
                    .collect()
            })
            .collect()
    }

    #[test]
    fn gpt2_keeps_one_blank_with_the_word() {
        assert_eq!(
            words("gpt-2", "I'm  10 don't"),
            ["I", "'m", " ", " 10", " don", "'t"]
        );
        assert_eq!(words("gpt-2", "a \n\n"), ["a", " \n\n"]);
        assert_eq!(
            words("gpt-2", "a\u{3000}\u{3000}b"),
            ["a", "\u{3000}", "\u{3000}", "b"]
        );
    }

    #[test]
    fn only_llama_takes_contractions_in_capitals() {
        assert_eq!(words("gpt-2", "I'LL"), ["I", "'", "LL"]);
        assert_eq!(words("llama-bpe", "I'LL"), ["I", "'LL"]);
        assert_eq!(words("llama-bpe", "I'LX"), ["I", "'LX"]);
    }

    #[test]
    fn llama_and_qwen_differ_in_the_length_of_numbers() {
        assert_eq!(words("llama-bpe", "1234 5"), ["123", "4", " ", "5"]);
        assert_eq!(words("qwen2", "1234"), ["1", "2", "3", "4"]);
        assert_eq!(words("smollm", "12 3"), ["1", "2", " ", "3"]);
    }

    #[test]
    fn llama_puts_line_breaks_with_what_stands_before_them() {
        assert_eq!(
            words("llama-bpe", "x;\n\n y \n z"),
            ["x", ";\n\n", " y", " \n", " z"]
        );
        assert_eq!(words("llama-bpe", "\nx"), ["\n", "x"]);
        assert_eq!(words("llama-bpe", "a  \t"), ["a", "  \t"]);
    }

    #[test]
    fn default_separates_punctuation_and_groups_digits() {
        assert_eq!(words("default", "x == y."), ["x", " ", "==", " y", "."]);
        assert_eq!(words("default", "a 12345"), ["a", " ", "123", "45"]);
        assert_eq!(words("default", "`a`"), ["`", "a", "`"]);
        assert_eq!(words("falcon", "`|a"), ["`|", "a"]);
    }

    #[test]
    fn an_empty_text_has_no_words() {
        assert!(words("default", "").is_empty());
    }
}
