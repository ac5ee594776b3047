//! Which fields of two objects differ. Goes through their JSON, so that no field is forgotten that an
//! object gets one day.

use std::collections::{BTreeMap, BTreeSet};

use schemas::diff::FieldChange;
use serde::Serialize;
use serde_json::Value;

/// The fields that differ, by their places; of lists, what only one side has.
pub(in crate::sweep) fn changed(
    before: &impl Serialize,
    after: &impl Serialize,
) -> Vec<FieldChange> {
    let (before, after) = (leaves(before), leaves(after));
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changes = places.into_iter().filter_map(|place| {
        // What is not there and what is null is the same.
        let leaf = |of: &BTreeMap<String, Value>| of.get(place).cloned().unwrap_or_default();
        let (before, after) = (leaf(&before), leaf(&after));
        (before != after).then(|| change(place, &before, &after))
    });
    changes.collect()
}

fn change(place: &str, before: &Value, after: &Value) -> FieldChange {
    let (mut old, mut new) = (text(before), text(after));
    if let (Value::Array(before), Value::Array(after)) = (before, after) {
        let only = |these: &[Value], those: &[Value]| {
            let those: BTreeSet<_> = those.iter().map(Value::to_string).collect();
            let only = these.iter().filter(|it| !those.contains(&it.to_string()));
            only.cloned().collect::<Vec<_>>()
        };
        let (gone, come) = (only(before, after), only(after, before));
        // Else only their order or number differs, and the whole lists tell it.
        if !gone.is_empty() || !come.is_empty() {
            (old, new) = (text(&Value::Array(gone)), text(&Value::Array(come)));
        }
    }
    FieldChange {
        field: place.to_owned(),
        before: old,
        after: new,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(text).collect();
            Some(items.join(" "))
        }
        other => Some(other.to_string()),
    }
}

/// Everything that is no object, by its place.
fn leaves(value: &impl Serialize) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let value = serde_json::to_value(value).expect("it has no number that JSON has not");
    push_leaves("", value, &mut leaves);
    leaves
}

fn push_leaves(place: &str, value: Value, leaves: &mut BTreeMap<String, Value>) {
    let Value::Object(fields) = value else {
        leaves.insert(place.to_owned(), value);
        return;
    };
    for (key, value) in fields {
        let place = match place {
            "" => key,
            _ => format!("{place}.{key}"),
        };
        push_leaves(&place, value, leaves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(before: &Value, after: &Value) -> Vec<String> {
        let changes = changed(before, after).into_iter();
        let told = changes.map(|it| {
            let [before, after] = [it.before, it.after].map(|it| it.unwrap_or("-".to_owned()));
            format!("{} {before} {after}", it.field)
        });
        told.collect()
    }

    #[test]
    fn names_what_differs_and_nothing_else() {
        let before = json!({"a": {"b": 1, "c": "x"}, "d": null, "e": ["p", "q"]});
        assert_eq!(told(&before, &before), Vec::<String>::new());
        let after = json!({"a": {"b": 2, "c": "x"}, "d": {"f": true}, "e": ["q", "r"]});
        assert_eq!(told(&before, &after), ["a.b 1 2", "d.f - true", "e p r"]);
    }

    #[test]
    fn another_order_of_a_list_is_told_whole() {
        let (before, after) = (json!({"e": [1, 2]}), json!({"e": [2, 1]}));
        assert_eq!(told(&before, &after), ["e 1 2 2 1"]);
    }
}
