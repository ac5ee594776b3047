//! The tokens of a model: text, score and attributes of each id, and the way back from text to id.

use ahash::{HashMap, HashMapExt};

use super::byte_level::bytes_of_token;
use super::cpp_order::{hash_map_order, sort_longest_first};
use super::fragments::Specials;
use super::overrides::{self, Change};
use super::pre_tokenizers::{PreTokenizer, Writing};
use super::special_ids::SpecialIds;
use super::{TokenizerError, VocabularyFacts};

/// U+2581, which stands for a blank in a `SentencePiece` vocabulary.
pub(super) const ESCAPED_BLANK: &[u8] = "▁".as_bytes();

/// What a token is, as a set: one type from the file, and what [`overrides`] adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attributes(u8);

impl Attributes {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NORMAL: Self = Self(1);
    pub(super) const UNKNOWN: Self = Self(2);
    pub(super) const CONTROL: Self = Self(4);
    pub(super) const USER_DEFINED: Self = Self(8);
    pub(super) const BYTE: Self = Self(16);
    /// The blanks before it are part of it.
    pub(super) const STRIPS_LEFT: Self = Self(32);
    /// The blanks after it are part of it.
    pub(super) const STRIPS_RIGHT: Self = Self(64);

    /// Cut out of a text before anything else is done with it.
    pub(super) const SPECIAL: Self = Self::UNKNOWN.and(Self::CONTROL).and(Self::USER_DEFINED);
    /// Of these, the ones that are text unless special tokens are parsed.
    pub(super) const ONLY_IF_PARSED: Self = Self::UNKNOWN.and(Self::CONTROL);

    /// From a value of `tokenizer.ggml.token_type`. Unused tokens have no text of their own.
    fn from_type(token_type: i32) -> Self {
        match token_type {
            1 => Self::NORMAL,
            2 => Self::UNKNOWN,
            3 => Self::CONTROL,
            4 => Self::USER_DEFINED,
            6 => Self::BYTE,
            _ => Self::NONE,
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// One token.
pub(super) struct Token {
    pub(super) text: Vec<u8>,
    pub(super) score: f32,
    pub(super) attributes: Attributes,
}

/// All tokens.
pub(super) struct Vocabulary {
    pub(super) tokens: Vec<Token>,
    ids: HashMap<Vec<u8>, u32>,
    pub(super) specials: Specials,
    pub(super) special_ids: SpecialIds,
    is_byte_level: bool,
}

impl Vocabulary {
    pub(super) fn new(
        facts: &VocabularyFacts,
        pre: Option<&PreTokenizer>,
    ) -> Result<Self, TokenizerError> {
        let mut tokens = tokens(facts)?;
        let ids = ids_by_text(&tokens)?;
        let mut special_ids = SpecialIds::named(facts, pre, tokens.len());
        let order = apply_overrides(facts, &mut tokens, &ids, &mut special_ids)?;
        let vocabulary = Self {
            specials: Specials::new(&order, &tokens),
            tokens,
            ids,
            special_ids,
            is_byte_level: pre.is_some_and(|pre| !matches!(pre.writing, Writing::EscapedBlanks(_))),
        };
        vocabulary.check_pieces()?;
        Ok(vocabulary)
    }

    pub(super) fn id_of(&self, text: &[u8]) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// The token that is written `<0xHH>`, by which a vocabulary of text has a byte.
    pub(super) fn byte_token(&self, byte: u8) -> Option<u32> {
        self.id_of(format!("<{byte:#04X}>").as_bytes())
    }

    pub(super) fn token(&self, id: u32) -> &Token {
        &self.tokens[id as usize]
    }

    /// The bytes that a token stands for; a special token stands for its own text.
    pub(super) fn piece(&self, id: u32) -> Option<Vec<u8>> {
        let token = self.tokens.get(id as usize)?;
        // `check_pieces` has seen every token, so there is no error to report here.
        piece_of(token, self.is_byte_level, id).ok()
    }

    fn check_pieces(&self) -> Result<(), TokenizerError> {
        for (id, token) in (0..).zip(&self.tokens) {
            piece_of(token, self.is_byte_level, id)?;
        }
        Ok(())
    }
}

/// Makes the tokens what llama.cpp takes them for. Gives the special ones, in the order in which
/// they are cut out of a text: longest first.
fn apply_overrides(
    facts: &VocabularyFacts,
    tokens: &mut [Token],
    ids: &HashMap<Vec<u8>, u32>,
    special_ids: &mut SpecialIds,
) -> Result<Vec<u32>, TokenizerError> {
    let find = |text: &str| ids.get(text.as_bytes()).copied();
    let apply = |tokens: &mut [Token], changes: Vec<(u32, Change)>| {
        for (id, change) in changes {
            let attributes = &mut tokens[id as usize].attributes;
            *attributes = match change {
                Change::Add(added) => attributes.and(added),
                Change::Remove(removed) => Attributes(attributes.0 & !removed.0),
                Change::Replace(new) => new,
            };
        }
    };
    let changes = overrides::by_text(special_ids, &find, || {
        let texts: Vec<&[u8]> = tokens.iter().map(|token| token.text.as_slice()).collect();
        hash_map_order(&texts)
    });
    apply(tokens, changes);
    let mut specials: Vec<_> = (0..tokens.len() as u32)
        .filter(|id| tokens[*id as usize].attributes.has_any(Attributes::SPECIAL))
        .collect();
    sort_longest_first(&mut specials, |id| tokens[id as usize].text.len());
    apply(tokens, overrides::by_model(facts, &specials, &find)?);
    Ok(specials)
}

fn tokens(facts: &VocabularyFacts) -> Result<Vec<Token>, TokenizerError> {
    let n_tokens = facts.tokens.len();
    if n_tokens == 0 {
        return Err(TokenizerError::NoTokens);
    }
    let check_length = |key, length: Option<usize>| match length {
        Some(found) if found < n_tokens => Err(TokenizerError::ShortArray {
            key,
            found,
            n_tokens,
        }),
        _ => Ok(()),
    };
    check_length(
        "tokenizer.ggml.token_type",
        facts.token_types.as_ref().map(Vec::len),
    )?;
    check_length("tokenizer.ggml.scores", facts.scores.as_ref().map(Vec::len))?;
    let token = |(index, text): (usize, &Vec<u8>)| {
        let score = facts.scores.as_ref().map_or(0.0, |scores| scores[index]);
        if score.is_nan() {
            return Err(TokenizerError::ScoreNotANumber { id: index as u32 });
        }
        let attributes = match &facts.token_types {
            Some(types) => Attributes::from_type(types[index]),
            None => Attributes::NORMAL,
        };
        Ok(Token {
            text: token_text(index, text),
            score,
            attributes,
        })
    };
    facts.tokens.iter().enumerate().map(token).collect()
}

/// llama.cpp reads the strings of an array as C strings, and gives a token without text a name.
fn token_text(index: usize, text: &[u8]) -> Vec<u8> {
    match until_nul(text) {
        [] => format!("[EMPTY_{index}]").into_bytes(),
        text => text.to_vec(),
    }
}

/// A string as C sees it.
pub(super) fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn ids_by_text(tokens: &[Token]) -> Result<HashMap<Vec<u8>, u32>, TokenizerError> {
    let mut ids = HashMap::with_capacity(tokens.len());
    for (id, token) in (0..).zip(tokens) {
        if let Some(first) = ids.insert(token.text.clone(), id) {
            return Err(TokenizerError::DuplicateToken { first, second: id });
        }
    }
    Ok(ids)
}

fn piece_of(token: &Token, is_byte_level: bool, id: u32) -> Result<Vec<u8>, TokenizerError> {
    if token.attributes.has_any(Attributes::SPECIAL) {
        Ok(token.text.clone())
    } else if token.attributes.has_any(Attributes::NORMAL) {
        if is_byte_level {
            bytes_of_token(&token.text)
        } else {
            Ok(unescape_blanks(&token.text))
        }
    } else if token.attributes.has_any(Attributes::BYTE) {
        byte_token_value(&token.text)
            .map(|byte| vec![byte])
            .ok_or(TokenizerError::ByteTokenTooShort { id })
    } else {
        Ok(Vec::new())
    }
}

/// The `HH` of `<0xHH>`. What is not a hexadecimal digit ends the number, as C's `strtol` has it.
fn byte_token_value(text: &[u8]) -> Option<u8> {
    let digits = text
        .get(3..)?
        .iter()
        .take(2)
        .map_while(|digit| char::from(*digit).to_digit(16));
    Some(digits.fold(0, |value, digit| value << 4 | digit) as u8)
}

/// Puts U+2581 in the place of blanks, and before the text if `prefix`.
pub(super) fn escape_blanks(text: &[u8], prefix: bool) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len() + text.len() / 2);
    for byte in prefix.then_some(&b' ').into_iter().chain(text) {
        match byte {
            b' ' => escaped.extend_from_slice(ESCAPED_BLANK),
            byte => escaped.push(*byte),
        }
    }
    escaped
}

/// Puts blanks back where a `SentencePiece` token has U+2581.
pub(super) fn unescape_blanks(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, others)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(ESCAPED_BLANK) {
            bytes.push(b' ');
            rest = after;
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    bytes
}
