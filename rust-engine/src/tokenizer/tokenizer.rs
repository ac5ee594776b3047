//! The tokenizer: one vocabulary, one way to encode, one policy for the ends of a text.

use super::bpe::ByteLevelBpe;
use super::fragments::Fragment;
use super::json::Json;
use super::pre_tokenizers::{PreTokenizer, Writing};
use super::sentence_piece;
use super::special_ids::{Role, SpecialIds};
use super::text_bpe::TextBpe;
use super::vocabulary::Vocabulary;
use super::{Bos, TokenizerError, VocabularyFacts};

/// Encodes texts, and gives the bytes of ids.
pub struct Tokenizer {
    encoder: Encoder,
    special_ids: SpecialIds,
    adds_bos: bool,
    adds_eos: bool,
    pre_missing: bool,
}

enum Encoder {
    Vocabulary(Box<Vocabulary>, Merging),
    Json(Box<Json>),
}

/// How the texts between special tokens are encoded.
enum Merging {
    ByteLevelBpe(Box<ByteLevelBpe>),
    TextBpe(Box<TextBpe>),
    SentencePiece { space_prefix: bool },
}

/// Each `tokenizer.ggml.model` that is known, with the values of `tokenizer.ggml.pre` for it.
pub fn known() -> [(&'static str, Vec<&'static str>); 3] {
    [
        ("gpt2", PreTokenizer::names()),
        ("llama", Vec::new()),
        ("gemma4", Vec::new()),
    ]
}

impl Tokenizer {
    /// The tokenizer that llama.cpp makes of these facts.
    pub fn from_vocabulary(facts: &VocabularyFacts) -> Result<Self, TokenizerError> {
        match facts.model.as_str() {
            "gpt2" | "gemma4" => Self::bpe(facts),
            "llama" => Self::sentence_piece(facts),
            _ => Err(TokenizerError::UnknownModel {
                model: facts.model.clone(),
            }),
        }
    }

    /// The tokenizer of a `tokenizer.json`. The ids of special tokens and whether BOS and EOS are
    /// added come from the model's facts, whose tokens and pre-tokenizer need not be known here.
    pub fn from_json(bytes: &[u8], facts: &VocabularyFacts) -> Result<Self, TokenizerError> {
        let json = Json::new(bytes)?;
        let pre = pre_tokenizer(facts);
        let special_ids = SpecialIds::named(facts, pre, json.n_tokens);
        Ok(Self::new(
            Encoder::Json(Box::new(json)),
            special_ids,
            facts,
            pre,
        ))
    }

    /// Text to ids.
    ///
    /// The text need not be UTF-8, except for a `tokenizer.json`. With `parse_special`, control
    /// tokens in the text become their ids; without, their characters are encoded. A text that
    /// itself begins with BOS gets a second one if one is added: llama.cpp only warns.
    pub fn encode(
        &self,
        text: &[u8],
        bos: Bos,
        parse_special: bool,
    ) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = Vec::new();
        if bos == Bos::Yes || bos == Bos::Model && self.adds_bos {
            ids.push(
                self.special_ids
                    .get(Role::Bos)
                    .ok_or(TokenizerError::NoBos)?,
            );
        }
        self.encode_inner(text, parse_special, &mut ids)?;
        if bos == Bos::Model && self.adds_eos {
            ids.push(
                self.special_ids
                    .get(Role::Eos)
                    .ok_or(TokenizerError::NoEos)?,
            );
        }
        Ok(ids)
    }

    /// The bytes of a token; a special token has the bytes of its text.
    pub fn piece(&self, id: u32) -> Option<Vec<u8>> {
        match &self.encoder {
            Encoder::Vocabulary(vocabulary, _) => vocabulary.piece(id),
            Encoder::Json(json) => json.piece(id),
        }
    }

    /// The size of the vocabulary.
    pub fn n_tokens(&self) -> usize {
        match &self.encoder {
            Encoder::Vocabulary(vocabulary, _) => vocabulary.tokens.len(),
            Encoder::Json(json) => json.n_tokens,
        }
    }

    /// The id that plays a role, if one does.
    pub fn special_id(&self, role: Role) -> Option<u32> {
        self.special_ids.get(role)
    }

    /// Whether `Bos::Model` adds a BOS token.
    pub fn adds_bos(&self) -> bool {
        self.adds_bos
    }

    /// Whether `Bos::Model` adds an EOS token.
    pub fn adds_eos(&self) -> bool {
        self.adds_eos
    }

    /// Whether the file has no `tokenizer.ggml.pre` although its model needs one, so that the
    /// pre-tokenizer `default` is used. It is hardly ever the one the model was trained with.
    pub fn pre_missing(&self) -> bool {
        self.pre_missing
    }

    fn bpe(facts: &VocabularyFacts) -> Result<Self, TokenizerError> {
        let pre = pre_tokenizer(facts).ok_or_else(|| TokenizerError::UnknownPreTokenizer {
            name: facts.pre.clone().unwrap_or_default(),
        })?;
        let merges = match &facts.merges {
            Some(merges) => merges.as_slice(),
            None if pre.needs_merges() => return Err(TokenizerError::NoMerges),
            None => &[],
        };
        let vocabulary = Vocabulary::new(facts, Some(pre))?;
        let merging = if pre.writing == Writing::ByteAlphabet {
            Merging::ByteLevelBpe(Box::new(ByteLevelBpe::new(&vocabulary, merges, pre)?))
        } else {
            Merging::TextBpe(Box::new(TextBpe::new(merges, pre)))
        };
        Ok(Self::with_vocabulary(vocabulary, merging, facts, Some(pre)))
    }

    fn sentence_piece(facts: &VocabularyFacts) -> Result<Self, TokenizerError> {
        let vocabulary = Vocabulary::new(facts, None)?;
        let space_prefix = facts.add_space_prefix.unwrap_or(true);
        let merging = Merging::SentencePiece { space_prefix };
        Ok(Self::with_vocabulary(vocabulary, merging, facts, None))
    }

    fn with_vocabulary(
        vocabulary: Vocabulary,
        merging: Merging,
        facts: &VocabularyFacts,
        pre: Option<&PreTokenizer>,
    ) -> Self {
        let special_ids = vocabulary.special_ids.clone();
        let encoder = Encoder::Vocabulary(Box::new(vocabulary), merging);
        Self::new(encoder, special_ids, facts, pre)
    }

    fn new(
        encoder: Encoder,
        special_ids: SpecialIds,
        facts: &VocabularyFacts,
        pre: Option<&PreTokenizer>,
    ) -> Self {
        let is_byte_level = facts.model == "gpt2";
        let adds_bos_by_default = match facts.model.as_str() {
            "llama" => true,
            "gpt2" | "gemma4" => pre.is_some_and(|pre| pre.adds_bos),
            _ => false,
        };
        Self {
            encoder,
            special_ids,
            adds_bos: facts.add_bos.unwrap_or(adds_bos_by_default)
                || facts.model != "llama" && pre.is_some_and(PreTokenizer::insists_on_bos),
            adds_eos: facts.add_eos.unwrap_or(false),
            pre_missing: is_byte_level && facts.pre.as_deref().unwrap_or_default().is_empty(),
        }
    }

    fn encode_inner(
        &self,
        text: &[u8],
        parse_special: bool,
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        let (vocabulary, merging) = match &self.encoder {
            Encoder::Vocabulary(vocabulary, merging) => (vocabulary, merging),
            Encoder::Json(json) => return json.encode(text, parse_special, ids),
        };
        for fragment in vocabulary.specials.cut(text, parse_special) {
            match fragment {
                Fragment::Special(id) => ids.push(id),
                Fragment::Text(text) => merging.encode(vocabulary, text, ids)?,
            }
        }
        Ok(())
    }
}

impl Merging {
    /// Appends the ids of a text that holds no special token.
    fn encode(
        &self,
        vocabulary: &Vocabulary,
        text: &[u8],
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        match self {
            Self::ByteLevelBpe(bpe) => bpe.encode(vocabulary, text, ids),
            Self::TextBpe(bpe) => bpe.encode(vocabulary, text, ids),
            // llama.cpp puts the blank before the first text and before one that follows a special
            // token, which is every text.
            Self::SentencePiece { space_prefix } => {
                sentence_piece::encode(vocabulary, text, *space_prefix, ids)
            }
        }
    }
}

/// The pre-tokenizer that llama.cpp uses; the model `gemma4` has one whatever the file says.
fn pre_tokenizer(facts: &VocabularyFacts) -> Option<&'static PreTokenizer> {
    match facts.model.as_str() {
        "gemma4" => PreTokenizer::named(Some("gemma4")),
        _ => PreTokenizer::named(facts.pre.as_deref()),
    }
}
