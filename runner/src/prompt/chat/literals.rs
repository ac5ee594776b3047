//! Escapes in the texts of a template that the template engine does not read as Python does: a
//! backslash at the end of a line, which joins two lines (Mistral's templates have it), `\U` with
//! eight digits, `\a`, `\v`, and `\/`, which is none and keeps its backslash.

use std::borrow::Cow;

/// The template with these escapes written otherwise; every line stays where it is.
pub(super) fn in_rust(source: &str) -> Cow<'_, str> {
    if !source.contains('\\') {
        return Cow::Borrowed(source);
    }
    let mut changed = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        changed.push_str(before);
        let taken = match tag.as_bytes().get(1) {
            Some(b'#') => tag.find("#}").map_or(tag.len(), |end| end + 2),
            Some(b'%') if is_raw(tag) => tag.find("endraw").unwrap_or(tag.len()),
            Some(b'{' | b'%') => {
                rest = push_tag(&mut changed, tag);
                continue;
            }
            _ => 1,
        };
        changed.push_str(&tag[..taken]);
        rest = &tag[taken..];
    }
    changed.push_str(rest);
    Cow::Owned(changed)
}

fn is_raw(tag: &str) -> bool {
    let word = tag[2..].trim_start_matches(['-', '+']).trim_start();
    word.strip_prefix("raw")
        .is_some_and(|rest| rest.starts_with([' ', '\n', '\t', '-', '+', '%']))
}

/// Copies a tag and gives what follows it.
fn push_tag<'a>(changed: &mut String, tag: &'a str) -> &'a str {
    let close = if tag.starts_with("{{") { "}}" } else { "%}" };
    let mut quote = None;
    let mut rest = tag;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        match quote {
            None if rest.starts_with(close) => return rest,
            Some(quote) if character == '\\' => {
                rest = push_escape(changed, quote, after);
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(opened) if character == opened => quote = None,
            _ => {}
        }
        changed.push(character);
        rest = after;
    }
    rest
}

/// Writes an escape of which `after` is what follows its backslash, and gives the rest.
fn push_escape<'a>(changed: &mut String, quote: char, after: &'a str) -> &'a str {
    if let Some(rest) = after.strip_prefix('\n') {
        // Two texts side by side are one.
        changed.extend([quote, '\n', quote]);
        return rest;
    }
    if let Some(digits) = after.strip_prefix('U').and_then(|rest| rest.get(..8))
        && let Ok(number) = u32::from_str_radix(digits, 16)
        && let Some(character) = char::from_u32(number).filter(|c| !c.is_ascii())
    {
        changed.push(character);
        return &after[9..];
    }
    let escaped = after.chars().next();
    match escaped {
        Some('a') => changed.push_str("\\x07"),
        Some('v') => changed.push_str("\\x0b"),
        Some('/') => changed.push_str("\\\\/"),
        _ => {
            changed.push('\\');
            changed.extend(escaped);
        }
    }
    &after[escaped.map_or(0, char::len_utf8)..]
}

#[cfg(test)]
mod tests {
    use super::in_rust;

    #[test]
    fn only_escapes_in_texts_of_tags_are_changed() {
        for (source, expected) in [
            ("{{ \"a\\\nb\" }}", "{{ \"a\"\n\"b\" }}"),
            ("{% set x = 'a\\\n\\\nb' %}", "{% set x = 'a'\n''\n'b' %}"),
            ("{{ '\\U0001f642' }}", "{{ '\u{1f642}' }}"),
            // A backslash that is escaped itself, a quote that is, and one of the other kind.
            ("{{ '\\\\\n\\U0001f642' }}", "{{ '\\\\\n\u{1f642}' }}"),
            ("{{ '\\'\\\n\"' }}", "{{ '\\''\n'\"' }}"),
            ("{{ '\\a\\v\\/\\n' }} \\/", "{{ '\\x07\\x0b\\\\/\\n' }} \\/"),
            // No text, no tag, no character.
            ("a \\\n \\U0001f642", "a \\\n \\U0001f642"),
            ("{# '\\\n' #}{{ 'x\\\ny' }}", "{# '\\\n' #}{{ 'x'\n'y' }}"),
            (
                "{% raw %}{{ '\\\n' }}{% endraw %}{{ '\\\n' }}",
                "{% raw %}{{ '\\\n' }}{% endraw %}{{ ''\n'' }}",
            ),
            ("{{ '}}\\\n' }} '\\\n'", "{{ '}}'\n'' }} '\\\n'"),
            (
                "{{ '\\U00110000\\Uxyz\\U00000027' }}",
                "{{ '\\U00110000\\Uxyz\\U00000027' }}",
            ),
            ("{ \\\n {{ '\\", "{ \\\n {{ '\\"),
            ("{{ '\\Uéééé\\\n", "{{ '\\Uéééé'\n'"),
        ] {
            assert_eq!(in_rust(source), expected, "{source:?}");
        }
    }
}
