//! Transformers' own tag: `{% generation %}` … `{% endgeneration %}` marks what the assistant says,
//! for training. It changes nothing in the text but opens a scope, as Jinja's `with` does, and so it
//! is read as `with`.

use std::borrow::Cow;

/// The template with its `generation` tags as `with`; every line stays where it is.
pub(super) fn as_with(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return Cow::Borrowed(source);
    }
    let mut changed = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start + 2);
        changed.push_str(before);
        match word_of(tag) {
            Some((sign, word, after)) => {
                changed.push_str(sign);
                changed.push_str(word);
                rest = after;
            }
            None => rest = tag,
        }
    }
    changed.push_str(rest);
    Cow::Owned(changed)
}

/// Of what follows `{%`, if it is one of the tags: what stands before its word, the word that
/// replaces it, and the rest.
fn word_of(tag: &str) -> Option<(&str, &'static str, &str)> {
    let word = tag.trim_start_matches(['-', '+']).trim_start();
    let sign = &tag[..tag.len() - word.len()];
    [("generation", " with "), ("endgeneration", " endwith ")]
        .into_iter()
        .find_map(|(found, replacement)| {
            let after = word.strip_prefix(found)?;
            let end = after.trim_start().trim_start_matches(['-', '+']);
            end.starts_with("%}").then_some((sign, replacement, after))
        })
}

#[cfg(test)]
mod tests {
    use super::as_with;

    #[test]
    fn only_the_tags_are_replaced() {
        for (source, expected) in [
            (
                "{% generation %}a{% endgeneration %}",
                "{%  with  %}a{%  endwith  %}",
            ),
            (
                "{%- generation -%}\n{%-endgeneration-%}",
                "{%-  with  -%}\n{%- endwith -%}",
            ),
            (
                "{% if add_generation_prompt %}{{ generation }}{% generations %}",
                "{% if add_generation_prompt %}{{ generation }}{% generations %}",
            ),
            ("{%\ngeneration\n%}", "{%\n with \n%}"),
            ("generation {%", "generation {%"),
        ] {
            assert_eq!(as_with(source), expected);
        }
    }
}
