//! Methods of Python's texts and maps that chat templates call, as Python has them.
//!
//! Most come from the template engine's authors; here are those that differ where a prompt can
//! show it. Nothing can be changed in place (`append`, `update`): transformers' sandbox forbids it
//! too.

use minijinja::value::from_args;
use minijinja::{Error, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

/// What the engine asks when it does not know a method itself.
pub(super) fn method(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let Some(text) = value.as_str() else {
        return unknown_method_callback(state, value, name, arguments);
    };
    let stripped = |left: bool, right: bool| {
        let (characters,): (Option<&str>,) = from_args(arguments)?;
        Ok(Value::from(strip(text, characters, left, right)))
    };
    match name {
        "strip" => stripped(true, true),
        "lstrip" => stripped(true, false),
        "rstrip" => stripped(false, true),
        "title" => {
            let () = from_args(arguments)?;
            Ok(Value::from(title(text)))
        }
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(arguments)?;
            Ok(Value::from(text.strip_prefix(prefix).unwrap_or(text)))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(arguments)?;
            Ok(Value::from(text.strip_suffix(suffix).unwrap_or(text)))
        }
        _ => unknown_method_callback(state, value, name, arguments),
    }
}

/// The filter `trim`, which is `strip`.
pub(super) fn trim(text: &str, characters: Option<&str>) -> String {
    strip(text, characters, true, true).to_owned()
}

fn strip<'a>(text: &'a str, characters: Option<&str>, left: bool, right: bool) -> &'a str {
    let goes = |c: char| match characters {
        Some(set) => set.contains(c),
        None => is_space(c),
    };
    let text = if left {
        text.trim_start_matches(goes)
    } else {
        text
    };
    if right {
        text.trim_end_matches(goes)
    } else {
        text
    }
}

/// Python counts four separators as spaces that Unicode's property does not have.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// A letter is capital where no letter stands before it, be it after an apostrophe.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars() {
        if after_letter {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        after_letter = c.is_lowercase() || c.is_uppercase();
    }
    titled
}
