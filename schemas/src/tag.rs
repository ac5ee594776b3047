//! The `schema` field: `lockstep/KIND/vN`.
//!
//! A tag carries no data. It is written as its one text, and reading any other text fails with
//! both names, so an object of another kind or of a later version is never taken for this one.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// A kind of object, known by the text of its `schema` field.
pub trait Kind {
    /// For example `lockstep/tokenize-request/v1`.
    const SCHEMA: &'static str;
}

/// The `schema` field of the kind `K`.
pub struct Tag<K>(PhantomData<K>);

impl<K> Tag<K> {
    /// The tag of this kind; there is only one.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K> Default for Tag<K> {
    fn default() -> Self {
        Self::new()
    }
}

// Written out because a derive would ask `K` for the same traits.
impl<K> Clone for Tag<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Tag<K> {}
impl<K> PartialEq for Tag<K> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl<K> Eq for Tag<K> {}

impl<K: Kind> fmt::Debug for Tag<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::SCHEMA)
    }
}

impl<K: Kind> Serialize for Tag<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(K::SCHEMA)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Tag<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Cow::<str>::deserialize(deserializer)?;
        if found == K::SCHEMA {
            return Ok(Self::new());
        }
        Err(D::Error::custom(format_args!(
            "field `schema`: found `{found}`, this reader knows `{}`",
            K::SCHEMA
        )))
    }
}

impl<K: Kind> JsonSchema for Tag<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        K::SCHEMA.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "const": K::SCHEMA })
    }
}
