//! Texts on which tokenizers disagree, made from a seed.
//!
//! A helper for tests that compare two tokenizers: the same seed gives the same texts on every
//! machine. Texts are bytes, and some are not UTF-8. It makes texts and knows no tokenizer.

mod pieces;

use pieces::{
    BLANKS, BROKEN, CODE, CONTRACTIONS, CONTROLS, DIGITS, EMOJI, LOOKALIKES, MARKS, SYMBOLS, WORDS,
};

/// `SplitMix64`: a dozen lines, and the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Between one and `most` strings out of `choices`, joined.
    fn some_of(&mut self, choices: &[&str], most: usize) -> Vec<u8> {
        (0..=self.below(most))
            .flat_map(|_| self.one_of(choices).bytes())
            .collect()
    }
}

/// `count` texts; every `specials` text is mixed in as often as the built-in look-alikes.
pub(crate) fn strings(seed: u64, count: usize, specials: &[&str]) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    let lookalikes: Vec<&str> = LOOKALIKES.iter().chain(specials).copied().collect();
    (0..count)
        .map(|_| string(&mut random, &lookalikes))
        .collect()
}

fn string(random: &mut Random, lookalikes: &[&str]) -> Vec<u8> {
    let n_parts = random.one_of(&[0, 1, 1, 2, 3, 5, 8, 13, 40]);
    (0..n_parts)
        .flat_map(|_| part(random, lookalikes))
        .collect()
}

fn part(random: &mut Random, lookalikes: &[&str]) -> Vec<u8> {
    match random.below(16) {
        0 | 1 => random.some_of(BLANKS, 6),
        2 => random.some_of(DIGITS, 8),
        3 => random.some_of(CONTRACTIONS, 4),
        4..=6 => random.some_of(WORDS, 6),
        7 => random.some_of(SYMBOLS, 6),
        8 => random.some_of(EMOJI, 3),
        9 => random.some_of(MARKS, 4),
        10 => random.some_of(CONTROLS, 3),
        11 => random.some_of(CODE, 5),
        12 => random.some_of(lookalikes, 3),
        13 => random.one_of(BROKEN).to_vec(),
        14 => random_code_points(random),
        _ => random_bytes(random),
    }
}

/// Code points of the first three planes, where nearly all that are assigned lie.
fn random_code_points(random: &mut Random) -> Vec<u8> {
    let limit = random.one_of(&[0x80, 0x800, 0x3000, 0x1_0000, 0x3_2000]);
    let characters =
        (0..=random.below(8)).filter_map(|_| char::from_u32(random.below(limit) as u32));
    characters.collect::<String>().into_bytes()
}

/// Any bytes, now and then a long word of few letters, and seldom a number beyond Unicode.
fn random_bytes(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0 => b"\xf4\x90\x80\x80".to_vec(),
        1..=3 => (0..random.below(600))
            .map(|_| random.one_of(b"abcdelst"))
            .collect(),
        4..=6 => vec![random.one_of(b" \n\t1=-a!"); random.below(300)],
        _ => (0..random.below(12))
            .map(|_| random.next() as u8)
            .filter(|byte| *byte < 0xf4)
            .collect(),
    }
}

/// What pre-tokenizers are known to treat differently, one at a time.
pub(crate) fn splitter_traps() -> Vec<Vec<u8>> {
    let traps = [
        "1234567 12345678 123456789 x1 12 123 1234",
        "٣٣٣٣ 12٣ 1٣23456 ²³1234567²",
        "a\u{301}b \u{301}a x\u{301}\u{302} e\u{301}'s .\u{301}",
        "camelCase HTTPServer ABCdef ABC défÉÀ ÉCOLE aÉb Éa ǅa",
        "don't DON'T DOn'T it'LL 'S x's'S l'eau ''s",
        "a  b   c    d     e      f       g        h",
        "a \n b \n\n c\r\n\r\n  d\n \n  ",
        "!\n.\n\n/\n//\n x/\n/ ;\n/\r\n/",
        "漢字かなカナ한국어漢 a漢b 漢A漢a ㄅㄆㄇ ㄱㄴ ไทย ລາວ ភាសា",
        "！。、，…“quoted”‘x’—：； ︰﹏ 〿",
        "$a +b <c =d >e ^f |g `h ~i _j #k @l \\m {n",
        "... ,,, !!! ??? (a) |b| .c ،d ۔e ।f",
        "word word word \u{301} word  word",
        "<sentinel:12><sentinel:> IMGIMGABZ IMGIMGABCDEZ IMGIMGJZ",
        "\u{fa6e}a !\u{fa6e} \u{2a6e0}漢 \u{9fff}\u{9fa6}",
        "\u{3000}a\u{3000}\u{3000}b \u{a0}c\u{85}d",
    ];
    let blanks = (1..20)
        .chain([
            31, 32, 33, 255, 256, 257, 300, 511, 512, 513, 600, 1024, 1025,
        ])
        .flat_map(|n| [" ".repeat(n), " ".repeat(n) + "a", " ".repeat(n) + "!\n"]);
    traps
        .iter()
        .map(ToString::to_string)
        .chain(blanks)
        .map(String::into_bytes)
        .collect()
}

/// One line of some 10 kB of each kind of text: mixed, code, and runs of a letter, a digit, a
/// blank, a mark, punctuation, letters of both cases, and digits that are not all ASCII's.
pub(crate) fn long_lines(seed: u64) -> Vec<Vec<u8>> {
    const N_BYTES: usize = 10_000;
    let mut random = Random(seed);
    let mut fill = |kinds: &[&[&str]]| {
        let mut line = Vec::new();
        while line.len() < N_BYTES {
            let kind = random.one_of(kinds);
            line.extend(
                random
                    .one_of(kind)
                    .bytes()
                    .filter(|byte| !b"\r\n".contains(byte)),
            );
        }
        line
    };
    let mut lines = vec![
        fill(&[
            BLANKS,
            DIGITS,
            CONTRACTIONS,
            WORDS,
            SYMBOLS,
            EMOJI,
            MARKS,
            CODE,
        ]),
        fill(&[WORDS, &[" "]]),
        fill(&[CODE]),
        fill(&[DIGITS]),
        fill(&[SYMBOLS]),
        fill(&[BLANKS]),
        fill(&[MARKS]),
        fill(&[EMOJI]),
        fill(&[&["a", "B", "é", "漢", "Ǆ"]]),
    ];
    for unit in [
        "a", "A", "7", " ", "\t", "-", "=", "漢", "é", "\u{301}", "😀", " a", "'s",
    ] {
        lines.push(unit.repeat(N_BYTES / unit.len()).into_bytes());
    }
    lines
}

/// Every code point once, surrogates included (as three bytes, which is not UTF-8), 64 to a text:
/// plain, then each after a blank and a letter, so that its class shows in the words around it.
pub(crate) fn every_code_point() -> Vec<Vec<u8>> {
    let batches = (0..0x11_0000_u32).step_by(64);
    let text = |first: u32, before: &'static str| -> Vec<u8> {
        (first..first + 64)
            .flat_map(|code| before.bytes().chain(code_point_bytes(code)))
            .collect()
    };
    batches
        .flat_map(|first| [text(first, ""), text(first, " a")])
        .collect()
}

fn code_point_bytes(code: u32) -> Vec<u8> {
    match char::from_u32(code) {
        Some(character) => character.to_string().into_bytes(),
        None => vec![
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ],
    }
}
