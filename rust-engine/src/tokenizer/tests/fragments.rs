//! Cutting special tokens out, against a plain partition that searches the text for each of them.

use super::super::fragments::{Fragment, Specials};
use super::super::vocabulary::{Attributes, Token};

/// Steele and Vigna's `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % limit as u64) as usize
    }

    /// Of three letters and two blanks, so that words meet, overlap, and begin with one another.
    fn word(&mut self, most: usize) -> Vec<u8> {
        let n_bytes = 1 + self.below(most);
        (0..n_bytes).map(|_| b"aab \n"[self.below(5)]).collect()
    }

    fn attributes(&mut self) -> Attributes {
        let kinds = [Attributes::USER_DEFINED, Attributes::CONTROL];
        let none = Attributes::NONE;
        let strips = [
            none,
            none,
            Attributes::STRIPS_LEFT,
            Attributes::STRIPS_RIGHT,
        ];
        kinds[self.below(2)]
            .and(strips[self.below(4)])
            .and(strips[self.below(4)])
    }

    /// Most beginnings of one word, so that a place which is refused goes past several of them.
    fn beginnings(&mut self) -> Vec<Vec<u8>> {
        let mut longest = vec![b'a'; self.below(12)];
        longest.extend(self.word(3));
        let lengths = (1..=longest.len()).filter(|_| self.below(4) > 0);
        lengths.map(|n_bytes| longest[..n_bytes].to_vec()).collect()
    }

    /// A word, and pieces of tokens.
    fn text(&mut self, tokens: &[Token]) -> Vec<u8> {
        let mut text = self.word(40);
        for _ in 0..self.below(6) {
            let piece = &tokens[self.below(tokens.len())].text;
            text.extend_from_slice(&piece[..=self.below(piece.len())]);
        }
        text
    }

    /// Special tokens in an order as vocabularies have it: longest first, equals in any order.
    fn tokens(&mut self) -> Vec<Token> {
        let n_tokens = 1 + self.below(12);
        let mut texts: Vec<_> = (0..n_tokens).map(|_| self.word(5)).collect();
        if self.below(2) == 0 {
            texts.extend(self.beginnings());
        }
        texts.sort();
        texts.dedup();
        texts.sort_by_cached_key(|text| (usize::MAX - text.len(), self.below(100)));
        let token = |text| Token {
            text,
            score: 0.0,
            attributes: self.attributes(),
        };
        texts.into_iter().map(token).collect()
    }
}

/// One token after the other, each looked for in what the earlier ones left.
fn plain_partition<'a>(tokens: &[Token], text: &'a [u8], parse_special: bool) -> Vec<Fragment<'a>> {
    let mut fragments = vec![Fragment::Text(text)];
    for (id, token) in (0..).zip(tokens) {
        if !parse_special && token.attributes.has_any(Attributes::ONLY_IF_PARSED) {
            continue;
        }
        let mut finer = Vec::new();
        for fragment in fragments {
            match fragment {
                Fragment::Text(text) => cut(id, token, text, &mut finer),
                special @ Fragment::Special(_) => finer.push(special),
            }
        }
        fragments = finer;
    }
    fragments.retain(|fragment| *fragment != Fragment::Text(b""));
    fragments
}

fn cut<'a>(id: u32, token: &Token, text: &'a [u8], fragments: &mut Vec<Fragment<'a>>) {
    let found = (0..text.len()).find(|at| text[*at..].starts_with(&token.text));
    let Some(at) = found else {
        fragments.push(Fragment::Text(text));
        return;
    };
    let mut left = &text[..at];
    let mut right = &text[at + token.text.len()..];
    if token.attributes.has_any(Attributes::STRIPS_LEFT) {
        left = left.trim_ascii_end();
    }
    if token.attributes.has_any(Attributes::STRIPS_RIGHT) {
        right = right.trim_ascii_start();
    }
    fragments.push(Fragment::Text(left));
    fragments.push(Fragment::Special(id));
    cut(id, token, right, fragments);
}

#[test]
fn one_pass_cuts_as_a_search_for_each_token_does() {
    let mut random = Random(1);
    let mut n_specials = 0;
    for round in 0..20_000 {
        let tokens = random.tokens();
        let order: Vec<u32> = (0..tokens.len() as u32).collect();
        let specials = Specials::new(&order, &tokens);
        let text = random.text(&tokens);
        for parse_special in [true, false] {
            let found = specials.cut(&text, parse_special);
            let expected = plain_partition(&tokens, &text, parse_special);
            let texts: Vec<_> = tokens
                .iter()
                .map(|token| token.text.escape_ascii())
                .collect();
            assert!(
                found == expected,
                "round {round}: {:?} in {}: {found:?}, expected {expected:?}",
                texts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                text.escape_ascii()
            );
            let is_special = |fragment: &&Fragment| matches!(fragment, Fragment::Special(_));
            n_specials += found.iter().filter(is_special).count();
        }
    }
    assert!(n_specials > 100_000, "only {n_specials} special tokens met");
}

#[test]
fn no_special_tokens_and_no_text_are_cut_too() {
    let none = Specials::new(&[], &[]);
    assert_eq!(none.cut(b"", true), []);
    assert_eq!(none.cut(b"a", true), [Fragment::Text(b"a")]);
}
