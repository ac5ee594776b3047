//! One message: one JSON object on one line.
//!
//! Reading names the field that is wrong, whichever way it is wrong: unknown, missing, given
//! twice, of another type, or of another version.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::canonical;
use crate::tag::{Kind, Tag};

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageError {
    /// The way to the offending field, `.` for the object itself.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "." => f.write_str(&self.problem),
            path => write!(f, "field `{path}`: {}", self.problem),
        }
    }
}

impl std::error::Error for MessageError {}

/// Reads one object; what follows it on the line is refused.
pub fn read<T: Kind + DeserializeOwned + Serialize>(text: &str) -> Result<T, MessageError> {
    let value = parse_kind(text)?;
    check_forms(text, &value)?;
    Ok(value)
}

/// As [`read`]; and no field may be missing, which a null would be where it is. What we write
/// ourselves has them all.
pub fn read_whole<T: Kind + DeserializeOwned + Serialize>(text: &str) -> Result<T, MessageError> {
    let value = parse_kind(text)?;
    // What is written as we write it has every field in its form.
    if canonical::to_string(&value).is_ok_and(|canonical| canonical == text) {
        return Ok(value);
    }
    let Forms { given, understood } = check_forms(text, &value)?;
    match missing_field("", &given, &understood) {
        None => Ok(value),
        Some(path) => Err(MessageError {
            path,
            problem: "is missing".to_owned(),
        }),
    }
}

/// As [`read_whole`], of a text that is known to be as it was written: its forms are not looked at.
pub fn read_unaltered<T: Kind + DeserializeOwned>(text: &str) -> Result<T, MessageError> {
    parse_kind(text)
}

fn parse_kind<T: Kind + DeserializeOwned>(text: &str) -> Result<T, MessageError> {
    parse(text).map_err(|error| other_version::<T>(text).unwrap_or(error))
}

/// An object as it was given, and as what was read of it is written.
struct Forms {
    given: Value,
    understood: Value,
}

/// The first field that is not there.
fn missing_field(path: &str, given: &Value, understood: &Value) -> Option<String> {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => {
            understood.iter().find_map(|(key, understood)| {
                let path = format!("{path}{}{key}", if path.is_empty() { "" } else { "." });
                match given.get(key) {
                    None => Some(path),
                    Some(given) => missing_field(&path, given, understood),
                }
            })
        }
        (Value::Array(given), Value::Array(understood)) => {
            // One was read from the other: they are of one length.
            let mut pairs = given.iter().zip(understood).enumerate();
            pairs.find_map(|(index, (given, understood))| {
                missing_field(&format!("{path}[{index}]"), given, understood)
            })
        }
        _ => None,
    }
}

/// Only finds out what an object says that it is.
#[derive(Deserialize)]
#[serde(bound = "")]
struct Head<K: Kind> {
    #[expect(dead_code, reason = "reading it is its check")]
    schema: Tag<K>,
}

/// That an object is of another version, or of another kind, is why its fields are others: a sorted
/// object has some of them before it says so.
fn other_version<K: Kind>(text: &str) -> Option<MessageError> {
    let error = parse::<Head<K>>(text).err()?;
    (error.path == "schema").then_some(error)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, MessageError> {
    // To keep track of the way takes as long again: it is asked for where something is wrong.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| MessageError {
            path: error.path().to_string(),
            problem: error.inner().to_string(),
        })?;
    deserializer.end().map_err(|error| MessageError {
        path: ".".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(value)
}

/// serde also takes a list for an object, its fields in their order, and `{"no": null}` for the
/// word `no`. Neither is the protocol; what was read, written again, shows them.
fn check_forms<T: Serialize>(text: &str, value: &T) -> Result<Forms, MessageError> {
    let bad = |error: serde_json::Error| MessageError {
        path: ".".to_owned(),
        problem: error.to_string(),
    };
    let given: Value = serde_json::from_str(text).map_err(bad)?;
    let understood = serde_json::to_value(value).map_err(bad)?;
    match other_form(&given, &understood) {
        None => Ok(Forms { given, understood }),
        Some((path, problem)) => Err(MessageError {
            path: match path.as_str() {
                "" => ".".to_owned(),
                path => path.trim_start_matches('.').to_owned(),
            },
            problem: problem.to_owned(),
        }),
    }
}

/// The path of the first value whose form is not the one that it was understood in.
fn other_form(given: &Value, understood: &Value) -> Option<(String, &'static str)> {
    match (given, understood) {
        (Value::Array(_), Value::Object(_)) => {
            Some((String::new(), "found a list, expected an object"))
        }
        (Value::Object(given), Value::String(_)) if given.values().all(Value::is_null) => {
            Some((String::new(), "found an object, expected a word"))
        }
        (Value::Object(given), Value::Object(understood)) => {
            let both = given
                .iter()
                .filter_map(|(k, v)| Some((k, v, understood.get(k)?)));
            both.into_iter().find_map(|(key, given, understood)| {
                let (path, problem) = other_form(given, understood)?;
                Some((format!(".{key}{path}"), problem))
            })
        }
        (Value::Array(given), Value::Array(understood)) => {
            let pairs = given.iter().zip(understood).enumerate();
            pairs.into_iter().find_map(|(index, (given, understood))| {
                let (path, problem) = other_form(given, understood)?;
                Some((format!("[{index}]{path}"), problem))
            })
        }
        _ => None,
    }
}

/// Writes one object and the end of the line.
pub fn write<T: Serialize>(message: &T) -> String {
    let mut text = serde_json::to_string(message)
        .expect("messages hold strings, integers and lists of them: these always have a JSON form");
    text.push('\n');
    text
}

/// The name of one item: it becomes a file name, so it is checked wherever it is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ItemId(String);

/// Longest id, in characters.
const ITEM_ID_MAX: usize = 64;

impl ItemId {
    /// Accepts 1 to 64 characters of `a-z`, `0-9`, `-`.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || text.len() > ITEM_ID_MAX || !text.bytes().all(allowed) {
            return Err(format!(
                "id {text:?}: expected 1 to {ITEM_ID_MAX} characters of a-z, 0-9 and -"
            ));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for ItemId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ItemId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" })
    }
}

/// What an engine answers to one request: what was asked for, or why it cannot be had.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(bound = "T: Kind + JsonSchema")]
pub enum Answer<T: Kind> {
    /// What was asked for.
    Success(T),
    /// Why it cannot be had; the engine goes on with the next request.
    Failure(Failure<T>),
}

/// Why one request cannot be met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "")]
pub struct Failure<T: Kind> {
    /// Kind and version of this object.
    pub schema: Tag<T>,
    /// The id of the request.
    pub id: ItemId,
    /// The reason, for people.
    pub error: String,
}

/// Only finds out which of the two forms an answer has.
#[derive(Deserialize)]
struct HasError {
    error: Option<IgnoredAny>,
}

impl<T: Kind> Kind for Failure<T> {
    const SCHEMA: &'static str = T::SCHEMA;
}

impl<T: Kind + DeserializeOwned + Serialize> Answer<T> {
    /// Reads either form, and names the field that is wrong in the form that it took it for.
    pub fn read(text: &str) -> Result<Self, MessageError> {
        let failed = parse::<HasError>(text)?.error.is_some();
        if failed {
            read(text).map(Self::Failure)
        } else {
            read(text).map(Self::Success)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::{TokenizeRequest, TokenizeResponse};

    const REQUEST: &str = r#"{"schema":"lockstep/tokenize-request/v1","id":"a","text":"b","bos":"no","parse_special":false}"#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(REQUEST.contains(from), "the change must change something");
        read::<TokenizeRequest>(&REQUEST.replace(from, to))
            .expect_err("the changed request must be refused")
            .to_string()
    }

    #[test]
    fn reads_what_it_writes() {
        let request: TokenizeRequest = read(REQUEST).expect("valid");
        assert_eq!(write(&request).trim_end(), REQUEST);
    }

    #[test]
    fn names_the_offending_field() {
        assert!(refusal("\"bos\"", "\"bos2\"").contains("`bos2`"));
        assert!(refusal(",\"bos\":\"no\"", "").contains("missing field `bos`"));
        assert!(refusal("\"no\"", "\"perhaps\"").contains("field `bos`"));
        assert!(refusal("\"b\"", "7").contains("field `text`"));
        assert!(refusal("\"b\"", "{\"bytes\":[256]}").contains("field `text"));
        assert!(refusal("\"id\":\"a\"", "\"id\":\"../a\"").contains("field `id`"));
        assert!(
            refusal("\"id\":\"a\"", "\"id\":\"a\",\"id\":\"a\"").contains("duplicate field `id`")
        );
        assert!(refusal("request/v1", "request/v2").contains("tokenize-request/v2"));
        assert!(refusal("}", "} {}").contains("trailing"));
    }

    #[test]
    fn refuses_other_forms_that_serde_takes() {
        let list = r#"["lockstep/tokenize-request/v1","a","b","no",false]"#;
        let error = read::<TokenizeRequest>(list).expect_err("a list");
        assert_eq!(error.to_string(), "found a list, expected an object");
        let word = refusal("\"no\"", "{\"no\":null}");
        assert_eq!(word, "field `bos`: found an object, expected a word");
        let bytes = REQUEST.replace("\"b\"", "{\"bytes\":[98]}");
        assert!(
            read::<TokenizeRequest>(&bytes).is_ok(),
            "both forms of a text are right"
        );
        let limits = r#"{"schema":"lockstep/limits/v1","name":"n","version":1,"limits":[
            ["positions","mse","value","largest",1,null,null,"diverged","u","b"]]}"#;
        let error = read::<crate::limits::LimitsFile>(limits).expect_err("a list");
        assert_eq!(error.path, "limits[0]");
    }

    #[test]
    fn tells_an_answer_from_a_failure() {
        let failure = r#"{"schema":"lockstep/tokenize-response/v1","id":"a","error":"no"}"#;
        assert!(matches!(
            TokenizeResponse::read(failure),
            Ok(Answer::Failure(_))
        ));
        let both = failure.replace("\"error\"", "\"ids\":[],\"error\"");
        let error = TokenizeResponse::read(&both).expect_err("ids beside error");
        assert!(error.to_string().contains("`ids`"), "{error}");
    }
}
