//! Text to tokens: one request and one answer a line.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::line::{Answer, ItemId};
use crate::tag::{Kind, Tag};

/// Asks for the tokens of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenizeRequest {
    /// Kind and version of this object.
    pub schema: Tag<TokenizeRequest>,
    /// Given by the runner; the answer repeats it.
    pub id: ItemId,
    /// What to tokenize.
    pub text: Text,
    /// Whether the sequence begins with the BOS token.
    pub bos: Bos,
    /// Whether the text of a control token stands for that token.
    pub parse_special: bool,
}

impl Kind for TokenizeRequest {
    const SCHEMA: &'static str = "lockstep/tokenize-request/v1";
}

/// A text, or bytes that need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Text {
    /// Valid UTF-8.
    Utf8(String),
    /// Any bytes.
    Raw(RawBytes),
}

impl<'de> Deserialize<'de> for Text {
    // Not derived: of an untagged enum serde can only say that nothing matched.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or {\"bytes\": […]}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Utf8(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        RawBytes::deserialize(MapAccessDeserializer::new(map)).map(Text::Raw)
    }
}

impl Text {
    /// The shortest form that holds these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Utf8(text),
            Err(error) => Self::Raw(RawBytes {
                bytes: error.into_bytes(),
            }),
        }
    }

    /// The bytes to tokenize.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Utf8(text) => text.as_bytes(),
            Self::Raw(raw) => &raw.bytes,
        }
    }
}

/// Bytes written as a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBytes {
    /// Each from 0 to 255.
    pub bytes: Vec<u8>,
}

/// What to do about the BOS token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bos {
    /// As the model file says, at both ends.
    Model,
    /// One BOS token is put in front, whatever the file says.
    Yes,
    /// Nothing is added at either end.
    No,
}

/// The tokens of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Kind and version of this object.
    pub schema: Tag<Tokens>,
    /// The id of the request.
    pub id: ItemId,
    /// The tokens.
    pub ids: Vec<u32>,
    /// What each token stands for; as many as `ids`.
    pub pieces: Vec<Piece>,
}

/// The bytes of one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Piece {
    /// Valid UTF-8.
    Utf8(PieceText),
    /// Part of a character.
    Raw(RawBytes),
}

/// A piece that is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PieceText {
    /// The text.
    pub text: String,
}

/// Both forms at once, to be told apart by the field that is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PieceFields {
    text: Option<String>,
    bytes: Option<Vec<u8>>,
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match PieceFields::deserialize(deserializer)? {
            PieceFields {
                text: Some(text),
                bytes: None,
            } => Ok(Self::Utf8(PieceText { text })),
            PieceFields {
                text: None,
                bytes: Some(bytes),
            } => Ok(Self::Raw(RawBytes { bytes })),
            _ => Err(de::Error::custom(
                "a piece has either the field `text` or the field `bytes`",
            )),
        }
    }
}

impl Piece {
    /// The shortest form that holds these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match Text::from_bytes(bytes) {
            Text::Utf8(text) => Self::Utf8(PieceText { text }),
            Text::Raw(raw) => Self::Raw(raw),
        }
    }

    /// The bytes of the token.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Utf8(piece) => piece.text.as_bytes(),
            Self::Raw(raw) => &raw.bytes,
        }
    }
}

impl Kind for Tokens {
    const SCHEMA: &'static str = "lockstep/tokenize-response/v1";
}

/// The answer to a [`TokenizeRequest`]: tokens, or why there are none.
pub type TokenizeResponse = Answer<Tokens>;
