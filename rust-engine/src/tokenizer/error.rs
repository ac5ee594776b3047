//! Everything that can be wrong with a vocabulary or a text.

use std::fmt;

/// Why a tokenizer cannot be built, or a text not be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerError {
    /// `tokenizer.ggml.model` names a kind of tokenizer that is not here.
    UnknownModel {
        /// The name found.
        model: String,
    },
    /// `tokenizer.ggml.pre` names a splitter that is not here. Guessing one would give other ids.
    UnknownPreTokenizer {
        /// The name found.
        name: String,
    },
    /// The vocabulary has no tokens.
    NoTokens,
    /// A `gpt2` vocabulary without `tokenizer.ggml.merges`.
    NoMerges,
    /// An array of per-token values does not cover all tokens.
    ShortArray {
        /// The metadata key of the array.
        key: &'static str,
        /// Its length.
        found: usize,
        /// The number of tokens.
        n_tokens: usize,
    },
    /// Two ids have one text, so the text has no one id. llama.cpp aborts on such a file.
    DuplicateToken {
        /// The lower id.
        first: u32,
        /// The higher id.
        second: u32,
    },
    /// A score is NaN: the order of merges would depend on the sorting routine.
    ScoreNotANumber {
        /// The token's id.
        id: u32,
    },
    /// A token of type "byte" is too short to hold `<0xHH>`.
    ByteTokenTooShort {
        /// The token's id.
        id: u32,
    },
    /// A token, or a text, encodes a code point above U+10FFFF.
    CodePointTooLarge {
        /// The code point.
        code_point: u32,
    },
    /// A token that this kind of model must have is not in the vocabulary.
    MissingToken {
        /// The text of the token.
        text: &'static str,
    },
    /// A beginning-of-sequence token is asked for, and the vocabulary has none.
    NoBos,
    /// An end-of-sequence token is asked for by the file, and the vocabulary has none.
    NoEos,
    /// A word of several characters has a blank in it, on which llama.cpp ends itself.
    BlankInWord,
    /// A `SentencePiece` vocabulary has neither a piece nor a byte token for this byte.
    NoTokenForByte {
        /// The byte.
        byte: u8,
    },
    /// A `tokenizer.json` works on characters, and the text is not UTF-8.
    NotUtf8 {
        /// How many bytes of the text are valid.
        valid_bytes: usize,
    },
    /// The `tokenizers` library refused the vocabulary, the file or the text.
    Library {
        /// Its message.
        message: String,
    },
}

impl TokenizerError {
    pub(super) fn library(error: &tokenizers::Error) -> Self {
        Self::Library {
            message: error.to_string(),
        }
    }
}

impl fmt::Display for TokenizerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel { model } => {
                write!(
                    formatter,
                    "tokenizer.ggml.model is `{model}`, known are `gpt2` and `llama` (hint: try --tokenizer with the model's tokenizer.json)"
                )
            }
            Self::UnknownPreTokenizer { name } => {
                write!(
                    formatter,
                    "tokenizer.ggml.pre is `{name}`, which this engine does not know (hint: try --tokenizer with the model's tokenizer.json)"
                )
            }
            Self::NoTokens => write!(formatter, "tokenizer.ggml.tokens is absent or empty"),
            Self::NoMerges => write!(
                formatter,
                "tokenizer.ggml.merges is absent, and a `gpt2` vocabulary needs it"
            ),
            Self::ShortArray {
                key,
                found,
                n_tokens,
            } => {
                write!(formatter, "{key} has {found} values for {n_tokens} tokens")
            }
            Self::DuplicateToken { first, second } => {
                write!(formatter, "tokens {first} and {second} have the same text")
            }
            Self::ScoreNotANumber { id } => {
                write!(formatter, "the score of token {id} is not a number")
            }
            Self::ByteTokenTooShort { id } => {
                write!(
                    formatter,
                    "token {id} has the type of a byte, and its text is shorter than `<0xHH>`"
                )
            }
            Self::CodePointTooLarge { code_point } => {
                write!(formatter, "code point {code_point:#x} is above 0x10ffff")
            }
            Self::MissingToken { text } => {
                write!(
                    formatter,
                    "the vocabulary has no token `{text}`, which a model of this name must have"
                )
            }
            Self::NoBos => write!(
                formatter,
                "a BOS token is asked for, and this vocabulary has none"
            ),
            Self::NoEos => write!(
                formatter,
                "the file asks for an EOS token, and this vocabulary has none"
            ),
            Self::BlankInWord => write!(
                formatter,
                "a run of blanks is one word with this pre-tokenizer, which llama.cpp does not survive"
            ),
            Self::NoTokenForByte { byte } => {
                write!(
                    formatter,
                    "no token stands for the byte {byte:#04x}: neither `<{byte:#04X}>` nor the byte itself"
                )
            }
            Self::NotUtf8 { valid_bytes } => {
                write!(
                    formatter,
                    "the text is not UTF-8 after {valid_bytes} bytes, and a tokenizer.json takes nothing else"
                )
            }
            Self::Library { message } => {
                write!(formatter, "the tokenizers library refused: {message}")
            }
        }
    }
}

impl std::error::Error for TokenizerError {}
