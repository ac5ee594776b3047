//! Cutting a text into the words within which BPE merges, the way llama.cpp does.
//!
//! Pre-tokenizers are published as regular expressions. llama.cpp runs some through `std::regex`,
//! on a text where each character outside ASCII is one byte for its class, and has written others
//! out by hand, with the same results as such an expression. So one way serves for all: the text
//! as bytes, an ordered alternation over them, the leftmost match and in it the first alternative
//! that matches. The automata of `regex-automata` do that in linear time, where `std::regex`
//! backtracks.
//!
//! Two things that those expressions have and automata have not are written out here: looking ahead
//! at the end of a run of blanks ([`Blanks`]), and counting digits from the right
//! ([`Split::Threes`]).

use regex_automata::util::syntax;
use regex_automata::{Input, meta};

use super::characters::{Characters, Class, encode_code_point};

/// Whether a character belongs to a set that the classes do not give.
pub(super) type Member = fn(u32, Class) -> bool;

/// One step of a pre-tokenizer.
pub(super) enum Split {
    /// Each match is a word, and so is what lies between two matches.
    ///
    /// `\p{L}`, `\p{N}`, `\p{P}`, `\p{S}` and `\p{M}` stand for the members of a class and must be
    /// within brackets; `\p{L+}` are the letters outside ASCII; `\p{0}`, `\p{1}` and so on are the
    /// characters outside ASCII of these `sets`, which belong to no class then.
    Expression {
        pattern: &'static str,
        blanks: Blanks,
        sets: &'static [Member],
    },
    /// A run of members is cut where the number of those that follow is a multiple of three.
    Threes { member: Member, cut: Cut },
}

/// What becomes of a run of blanks that no alternative of the expression takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    /// Nothing: the expression has no such alternative.
    Unmatched,
    /// `\s+(?!\S)|\s+`: the last blank before a word is left for the word.
    LeaveOne,
    /// `\s{512}(?!\S)|\s{256}(?!\S)|` and so on: as before, but in powers of two.
    PowersOfTwo,
}

/// Whether a run of digits is cut off at its beginning or at its end too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Beginning,
    End,
}

/// The compiled splits of a pre-tokenizer.
pub(super) struct Splitter {
    steps: Vec<Step>,
}

enum Step {
    Expression {
        regex: meta::Regex,
        blanks: Blanks,
        sets: &'static [Member],
    },
    Threes {
        member: Member,
        cut: Cut,
    },
}

impl Splitter {
    pub(super) fn new(splits: &[Split]) -> Self {
        let steps = splits.iter().map(|split| match split {
            Split::Expression {
                pattern,
                blanks,
                sets,
            } => Step::Expression {
                regex: compile(pattern, *blanks),
                blanks: *blanks,
                sets,
            },
            Split::Threes { member, cut } => Step::Threes {
                member: *member,
                cut: *cut,
            },
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// The bytes of each word.
    pub(super) fn words(&self, characters: &Characters) -> impl Iterator<Item = Vec<u8>> {
        let mut start = 0;
        self.word_ends(characters).into_iter().map(move |end| {
            let mut word = Vec::new();
            for code_point in &characters.codes[std::mem::replace(&mut start, end)..end] {
                encode_code_point(*code_point, &mut word);
            }
            word
        })
    }

    /// Where each word ends, as an index into the characters; the last end is their number.
    fn word_ends(&self, characters: &Characters) -> Vec<usize> {
        let n_characters = characters.codes.len();
        let mut ends = if n_characters == 0 {
            Vec::new()
        } else {
            vec![n_characters]
        };
        for step in &self.steps {
            let mut finer = Vec::with_capacity(ends.len());
            match step {
                Step::Expression {
                    regex,
                    blanks,
                    sets,
                } => {
                    let bytes = collapse(characters, sets);
                    each_piece(&ends, |start, end| {
                        match_words(regex, *blanks, &bytes, start, end, &mut finer);
                    });
                }
                Step::Threes { member, cut } => each_piece(&ends, |start, end| {
                    cut_threes(characters, *member, *cut, start, end, &mut finer);
                }),
            }
            ends = finer;
        }
        ends
    }
}

fn each_piece(ends: &[usize], mut apply: impl FnMut(usize, usize)) {
    let mut start = 0;
    for &end in ends {
        apply(start, end);
        start = end;
    }
}

/// The second of the two patterns, which matches only where the first does not.
const ANY_BLANKS: &str = r"\s+";
const FIRST_SET: u8 = 0xe0;

fn compile(pattern: &str, blanks: Blanks) -> meta::Regex {
    let mut pattern = pattern.to_owned();
    for (name, members) in [
        (r"\p{L}", r"A-Za-z\xd2"),
        (r"\p{N}", r"0-9\xd1"),
        (r"\p{P}", r"!-\#%-*,-/:;?@\[-\]_{}\xd3"),
        (r"\p{S}", r"$+<=>\^`|\~\xd5"),
        (r"\p{M}", r"\xd4"),
        (r"\p{L+}", r"\xd2"),
        (r"\p{0}", r"\xe0"),
        (r"\p{1}", r"\xe1"),
        (r"\p{2}", r"\xe2"),
        (r"\p{3}", r"\xe3"),
    ] {
        pattern = pattern.replace(name, members);
    }
    let patterns = [pattern.as_str(), ANY_BLANKS];
    let n_patterns = if blanks == Blanks::Unmatched { 1 } else { 2 };
    meta::Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(meta::Config::new().utf8_empty(false))
        .build_many(&patterns[..n_patterns])
        .expect("the expressions are constants, and a test compiles all of them")
}

/// One byte for each character: itself in ASCII, else the vertical tab for a blank, the byte of its
/// set, or that of its class.
fn collapse(characters: &Characters, sets: &[Member]) -> Vec<u8> {
    let byte = |(code, class): (&u32, &Class)| match (*code, *class) {
        (0..=0x7f, _) => *code as u8,
        (_, Class::Whitespace) => 0x0b,
        (code, class) => match sets.iter().position(|member| member(code, class)) {
            Some(set) => FIRST_SET + set as u8,
            None => match class {
                Class::Number => 0xd1,
                Class::Letter => 0xd2,
                Class::Punctuation => 0xd3,
                Class::Mark => 0xd4,
                Class::Symbol => 0xd5,
                Class::Other | Class::Whitespace => 0xd0,
            },
        },
    };
    characters
        .codes
        .iter()
        .zip(&characters.classes)
        .map(byte)
        .collect()
}

/// Pushes the ends of the words of `bytes[start..end]`; nothing outside of it is seen.
fn match_words(
    regex: &meta::Regex,
    blanks: Blanks,
    bytes: &[u8],
    start: usize,
    end: usize,
    ends: &mut Vec<usize>,
) {
    let piece = &bytes[start..end];
    let mut at = 0;
    while let Some(found) = regex.find(Input::new(piece).range(at..)) {
        if found.start() > at {
            ends.push(start + found.start());
        }
        at = found.end();
        if found.pattern().as_usize() == 0 {
            ends.push(start + at);
            continue;
        }
        // Blanks that the next word does not want. One is always taken, or nothing would be.
        let mut left = found.len();
        let kept = usize::from(at < piece.len());
        while left > kept || left == found.len() {
            let taken = match blanks {
                Blanks::PowersOfTwo => power_of_two(left - kept),
                Blanks::LeaveOne | Blanks::Unmatched => (left - kept).max(1),
            };
            left -= taken;
            ends.push(start + at - left);
        }
        at -= left;
    }
    if at < piece.len() {
        ends.push(end);
    }
}

/// The longest of 512, 256 … 2, 1 that fits, and 1 if none does.
fn power_of_two(free: usize) -> usize {
    1 << free.clamp(1, 512).ilog2()
}

fn cut_threes(
    characters: &Characters,
    member: Member,
    cut: Cut,
    start: usize,
    end: usize,
    ends: &mut Vec<usize>,
) {
    let is_member = |at: usize| member(characters.codes[at], characters.classes[at]);
    let mut at = start;
    while at < end {
        let run_end = (at..end).find(|at| !is_member(*at)).unwrap_or(end);
        let (first, last) = match cut {
            Cut::Beginning => (at.max(start + 1), run_end),
            Cut::End => (at + 1, run_end + 1),
        };
        // The end of the piece is pushed below.
        let last = last.min(end);
        ends.extend((first..last).filter(|cut_at| (run_end - cut_at) % 3 == 0));
        at = run_end + 1;
    }
    ends.push(end);
}

#[cfg(test)]
mod tests {
    use super::super::pre_tokenizers::PreTokenizer;
    use super::*;

    fn words(pre: &str, text: &str) -> Vec<String> {
        let characters = Characters::of(text.as_bytes()).unwrap();
        let pre = PreTokenizer::named(Some(pre)).unwrap();
        let splitter = Splitter::new(pre.splits);
        splitter
            .words(&characters)
            .map(|word| String::from_utf8(word).unwrap())
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
    fn threes_are_counted_from_the_right() {
        assert_eq!(words("superbpe", "x1234567"), ["x", "1", "234", "567"]);
        // The first group takes what stands before it along.
        assert_eq!(words("afmoe", "x1234567y"), ["x", "1", "234", "567", "y"]);
        assert_eq!(words("superbpe", "1234567"), ["1", "234", "567"]);
    }

    #[test]
    fn blanks_are_halved_where_the_model_wants_it() {
        let lengths =
            |text: &str| -> Vec<usize> { words("jais-2", text).iter().map(String::len).collect() };
        assert_eq!(lengths(&" ".repeat(7)), [4, 2, 1]);
        assert_eq!(lengths(&(" ".repeat(8) + "a")), [4, 2, 1, 2]);
        assert_eq!(lengths("\ta"), [2]);
        assert_eq!(lengths("\t!"), [1, 1]);
    }

    #[test]
    fn no_expression_matches_nothing() {
        for pre in PreTokenizer::all() {
            for step in Splitter::new(pre.splits).steps {
                if let Step::Expression { regex, .. } = step {
                    assert!(!regex.is_match(""));
                }
            }
        }
    }

    #[test]
    fn an_empty_text_has_no_words() {
        assert!(words("default", "").is_empty());
    }
}
