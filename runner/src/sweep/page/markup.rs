//! HTML by pieces. Markup is ours and known when this is compiled; whatever else goes in is text, and
//! text is escaped on the way: there is no third way in, so no token can become an element.

use std::fmt::Display;

use serde::Serialize;

use crate::text::escape_for_terminal;

/// A piece of a page.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text on one line, also between the quotes of an attribute.
    pub(super) fn text(&mut self, words: impl Display) -> &mut Self {
        let shown = escape_for_terminal(&words.to_string());
        self.push_escaped(&shown);
        self
    }

    /// Text that others wrote: it may be of any direction and turns nothing around it.
    pub(super) fn foreign(&mut self, words: impl Display) -> &mut Self {
        self.raw("<bdi>").text(words).raw("</bdi>")
    }

    /// Text in which what cannot be seen is spelt out already.
    pub(super) fn shown(&mut self, words: &str) -> &mut Self {
        self.push_escaped(words);
        self
    }

    /// A command line: its words were quoted for a shell, which leaves nothing that is invisible, and
    /// whoever copies it must get it as it is.
    pub(super) fn command(&mut self, line: &str) -> &mut Self {
        self.shown(line)
    }

    /// Data for the script, as the content of a `script` element: nothing in it can end that.
    pub(super) fn data(&mut self, data: &impl Serialize) -> &mut Self {
        let json = serde_json::to_string(data).expect("numbers are whole, and keys are texts");
        self.0.push_str(&json.replace('<', "\\u003c"));
        self
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn push_escaped(&mut self, words: &str) {
        for c in words.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}

/// A text of several lines as it is shown: what cannot be seen, or changes what is around it, is
/// spelt out. At most so many characters; the second is how many there are beyond them.
pub(super) fn shown_lines(words: &str, most: usize) -> (String, usize) {
    let lines: Vec<_> = words.split('\n').map(escape_for_terminal).collect();
    let shown = lines.join("\n");
    match shown.char_indices().nth(most) {
        Some((end, _)) => (shown[..end].to_owned(), shown[end..].chars().count()),
        None => (shown, 0),
    }
}

/// Bytes in the letters of RFC 4648, with its padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            // One byte makes two letters, two make three.
            if place <= three.len() {
                let letter = bits >> (18 - 6 * place) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let mut page = Markup::new();
        page.raw("<td>")
            .foreign("</td><script>alert('\"&')</script>\u{202e}\0\u{2028}")
            .raw("</td>");
        assert_eq!(
            page.into_text(),
            "<td><bdi>&lt;/td&gt;&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;\\u{202e}\\u{0}\\u{2028}</bdi></td>"
        );
    }

    #[test]
    fn no_data_ends_its_element() {
        let mut page = Markup::new();
        let hostile = ["</script><!--", "\u{2028}\0"];
        page.data(&hostile);
        let text = page.into_text();
        assert!(!text.contains('<'), "{text}");
        let read: Vec<String> = serde_json::from_str(&text).expect("still JSON");
        assert_eq!(read, hostile);
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(shown_lines("ab\ncd", 9), ("ab\ncd".to_owned(), 0));
        assert_eq!(shown_lines("größe", 3), ("grö".to_owned(), 2));
        assert_eq!(
            shown_lines("a\u{202e}\n\0", 99).0,
            "a\\u{202e}\n\\u{0}",
            "line ends stay"
        );
    }

    #[test]
    fn bytes_are_written_as_the_standard_says() {
        // RFC 4648, section 10.
        let vectors = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, expected) in vectors.iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), *expected);
        }
    }
}
