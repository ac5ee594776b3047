//! The expressions of the pre-tokenizers, as data.
//!
//! Each follows what its model's makers published, as llama.cpp has it: where that is not the same
//! (all of `\p{Lu}`, `\p{Ll}` and so on mean any letter there), llama.cpp counts. See
//! [`Split::Expression`] for the notation; `\s+(?!\S)|\s+` at an end is [`Blanks::LeaveOne`].

use super::characters::Class;
use super::splits::{Blanks, Cut, Member, Split};

/// Blanks that precede a word are cut off.
const fn words(pattern: &'static str) -> Split {
    Split::Expression {
        pattern,
        blanks: Blanks::LeaveOne,
        sets: &[],
    }
}

/// Matches are set apart from what lies between them.
const fn isolate(pattern: &'static str, sets: &'static [Member]) -> Split {
    Split::Expression {
        pattern,
        blanks: Blanks::Unmatched,
        sets,
    }
}

pub(super) const GPT2: Split =
    words(r"'(?:[sdmt]|ll|ve|re)| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+");
pub(super) const LLAMA3: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
);
pub(super) const QWEN2: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
);
pub(super) const QWEN35: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|[\p{N}]| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+",
);
pub(super) const MINICPM5: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
);
pub(super) const UFAKZEKA: Split =
    words(r"[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+");
pub(super) const SEED_CODER: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+",
);
pub(super) const BAILING: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]",
);
pub(super) const EXAONE_MOE: Split = words(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?(?:[\p{L}][\p{M}]*(?: [\p{L}][\p{M}]*)*)+|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]",
);
pub(super) const JAIS2: Split = Split::Expression {
    pattern: r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
    blanks: Blanks::PowersOfTwo,
    sets: &[],
};

// Words by case, where only ASCII has case: other letters count as both.
pub(super) const TEKKEN: Split = words(
    r"[^\r\n\p{L}\p{N}]?[A-Z\p{L+}]*[a-z\p{L+}]+|[^\r\n\p{L}\p{N}]?[A-Z\p{L+}]+[a-z\p{L+}]*|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+",
);
pub(super) const GPT4O: Split = words(
    r"[^\r\n\p{L}\p{N}]?[A-Z\p{L+}]*[a-z\p{L+}]+(?:'(?i:[sdmt]|ll|ve|re))?|[^\r\n\p{L}\p{N}]?[A-Z\p{L+}]+[a-z\p{L+}]*(?:'(?i:[sdmt]|ll|ve|re))?|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+",
);
pub(super) const GRANITE_EMBEDDING: Split = words(
    r"[^\r\n\p{L}\p{N}]?[A-Z\p{L+}\p{M}]*[a-z\p{L+}\p{M}]+(?:'(?i:[sdmt]|ll|ve|re))?|[^\r\n\p{L}\p{N}]?[A-Z\p{L+}\p{M}]+[a-z\p{L+}\p{M}]*(?:'(?i:[sdmt]|ll|ve|re))?|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+",
);
// Published with cases, which llama.cpp does not see here.
pub(super) const TINY_AYA: Split = words(
    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'(?i:[sdmt]|ll|ve|re))?|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+",
);
pub(super) const YOUTU: Split = words(
    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'(?i:[sdmt]|ll|ve|re))?|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+",
);
pub(super) const YOUTU_SCRIPTS: Split = isolate(
    r"[\p{0}]+|[\p{1}]+|[\p{2}]+|[\p{3}]+",
    &[
        |code, _| matches!(code, 0x3131..=0x318e | 0xac00..=0xd7a3),
        |code, _| {
            matches!(code, 0x2014 | 0x2018 | 0x2019 | 0x201c | 0x201d | 0x2026 | 0x3001..=0x303f
                | 0xfe30..=0xfe4f | 0xff01 | 0xff0c | 0xff1a | 0xff1b)
        },
        |code, _| matches!(code, 0x3105..=0x312f),
        is_han_or_kana,
    ],
);

pub(super) const DEEPSEEK3: Split = words(
    r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+",
);
pub(super) const SPARK: Split =
    words(r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]");
pub(super) const HAN_OR_KANA: Split = isolate(r"[\p{0}]+", &[is_han_or_kana]);
pub(super) const HAN_OR_HANGUL: Split = isolate(
    r"[\p{0}]+",
    &[|code, _| matches!(code, 0x800..=0x9fa5 | 0xac00..=0xd7ff)],
);
pub(super) const LINE_BREAK: Split = isolate(r"[\r\n]", &[]);
pub(super) const DEEPSEEK_LLM_LETTERS: Split = isolate(r"\s?[A-Za-z\p{0}]+", &[has_case]);
// From the colon on this has ASCII letters too, which the split before has taken away.
pub(super) const DEEPSEEK_LLM_PUNCTUATION: Split = isolate(
    r"\s?[!-/:-~\p{0}]+",
    &[
        |code, _| matches!(code, 0x2018..=0x201f | 0x3000..=0x3002 | 0xff01..=0xff0f | 0xff1a..=0xff5e),
    ],
);
pub(super) const LAST_BLANKS: Split = isolate(r"\s+$", &[]);
pub(super) const DEEPSEEK_CODER_LETTERS: Split = isolate(r"\s?[\p{L}]+", &[]);
pub(super) const DEEPSEEK_CODER_PUNCTUATION: Split = isolate(r"\s?[\p{P}]+", &[]);

/// Han characters are no letters here, whatever their class; the second set has those of the
/// ranges that are not letters by class (they are not assigned).
pub(super) const KIMI_K2: Split = Split::Expression {
    pattern: r"[\p{0}\p{1}]+|[^\r\n\p{L}\p{N}\p{0}]?[\p{L}]+(?:'(?i:[sdmt]|ll|ve|re))?|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}\p{0}]+[\r\n]*|\s*[\r\n]+",
    blanks: Blanks::LeaveOne,
    sets: &[
        |code, class| is_han(code) && class == Class::Letter,
        |code, _| is_han(code),
    ],
};

pub(super) const AFMOE_SCRIPTS: Split = isolate(
    r"[\p{0}]+",
    &[|code, _| {
        matches!(code, 0xe40..=0xeff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff
            | 0x2f00..=0x2fdf | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0xfaff
            | 0xff65..=0xff9f)
    }],
);
pub(super) const ALL_THREES: Split = Split::Threes {
    member: |_, class| class == Class::Number,
    cut: Cut::End,
};
pub(super) const DIGIT_THREES: Split = Split::Threes {
    member: |code, _| matches!(code, 0x30..=0x39),
    cut: Cut::Beginning,
};

pub(super) const BLOOM: Split = isolate(
    r" ?[^(\s|.,!?)\p{0}]+",
    &[|code, _| {
        matches!(
            code,
            0x60c | 0x6d4 | 0x964 | 0x2026 | 0x3001 | 0x3002 | 0xff0c
        )
    }],
);
pub(super) const CHAMELEON_SENTINEL: Split = isolate("<sentinel:[0-9]+>", &[]);
pub(super) const CHAMELEON_IMAGE: Split = isolate("IMGIMG[A-I]{1,4}Z", &[]);
pub(super) const CHAMELEON_BLANKS: Split = isolate(r"[\t\n]|    |  ", &[]);
pub(super) const ONE_PUNCTUATION: Split = isolate(r"[\p{P}!-/:-@\[-`{-~]", &[]);

pub(super) const ONE_NUMBER: Split = isolate(r"[\p{N}]", &[]);
pub(super) const NUMBERS: Split = isolate(r"[\p{N}]+", &[]);
pub(super) const UP_TO_THREE_NUMBERS: Split = isolate(r"[\p{N}]{1,3}", &[]);
pub(super) const THREE_DIGITS: Split = isolate("[0-9]{3}", &[]);
// `$+<=>^~|` are symbols, not punctuation. The grave accent is one too; only Falcon has it here.
pub(super) const PUNCTUATION: Split = isolate(r"[\p{P}$+<=>\^\~|]+", &[]);
pub(super) const PUNCTUATION_AND_GRAVE: Split = isolate(r"[\p{P}$+<=>\^\~|`]+", &[]);
pub(super) const NOT_BLANK: Split = isolate(r"\S+", &[]);
pub(super) const LINES: Split = isolate(r"[^\n]+|\n+", &[]);

fn is_han_or_kana(code: u32, _: Class) -> bool {
    matches!(code, 0x3040..=0x30ff | 0x4e00..=0x9fa5)
}

/// The ranges of llama.cpp's `unicode_cpt_is_han`.
fn is_han(code: u32) -> bool {
    matches!(code, 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x2_a6df
        | 0x2_a700..=0x2_ebef | 0x2_f800..=0x2_fa1f)
}

/// The letters outside ASCII that have a case, as DeepSeek's makers list them.
fn has_case(code: u32, _: Class) -> bool {
    matches!(code, 0xb5 | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x1ba | 0x1bc..=0x1bf | 0x1c4..=0x293
        | 0x295..=0x2af | 0x370..=0x373 | 0x376 | 0x377 | 0x37b..=0x37d | 0x37f | 0x386
        | 0x388..=0x38a | 0x38c | 0x38e..=0x3a1 | 0x3a3..=0x3f5 | 0x3f7..=0x481 | 0x48a..=0x52f
        | 0x531..=0x556 | 0x10a0..=0x10c5 | 0x13a0..=0x13f5 | 0x13f8..=0x13fd | 0x1c90..=0x1cba
        | 0x1cbd..=0x1cbf | 0x1d00..=0x1d2b | 0x1d6b..=0x1d77 | 0x1d79..=0x1d9a | 0x1e00..=0x1f15
        | 0x1f18..=0x1f1d | 0x1f20..=0x1f45 | 0x1f48..=0x1f4d | 0x1f50..=0x1f57 | 0x1f59 | 0x1f5b
        | 0x1f5d | 0x1f5f..=0x1f7d | 0x1f80..=0x1fb4 | 0x1fb6..=0x1fbc | 0x1fbe | 0x1fc2..=0x1fc4
        | 0x1fc6..=0x1fcc | 0x1fd0..=0x1fd3 | 0x1fd6..=0x1fdb | 0x1fe0..=0x1fec | 0x1ff2..=0x1ff4
        | 0x1ff6..=0x1ffc | 0x2102 | 0x2107 | 0x210a..=0x2113 | 0x2115 | 0x2119..=0x211d | 0x2124
        | 0x2126 | 0x2128 | 0x212a..=0x212d | 0x212f..=0x2134 | 0x2139 | 0x213c..=0x213f
        | 0x2145..=0x2149 | 0x214e | 0x2183 | 0x2184 | 0x2c00..=0x2c7b | 0x2c7e..=0x2ce4
        | 0x2ceb..=0x2cee | 0x2cf2 | 0x2cf3 | 0xa640..=0xa66d | 0xa680..=0xa69b | 0xa722..=0xa76f
        | 0xa771..=0xa787 | 0xa78b..=0xa78e | 0xab70..=0xabbf | 0xfb00..=0xfb06 | 0xfb13..=0xfb17
        | 0xff21..=0xff3a | 0xff41..=0xff5a | 0x1_0400..=0x1_044f | 0x1_04b0..=0x1_04d3
        | 0x1_04d8..=0x1_04fb | 0x1_0c80..=0x1_0cb2 | 0x1_0cc0..=0x1_0cf2 | 0x1_18a0..=0x1_18df
        | 0x1_e900..=0x1_e943)
}
