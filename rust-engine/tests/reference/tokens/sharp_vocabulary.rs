//! A vocabulary on which it shows where words end: many pairs of neighbours merge, so that a word
//! that begins elsewhere has other pairs in it.
//!
//! A real one hides much: in `SmolLM2`'s no number has two digits, so that splitters which differ
//! only in the length of numbers are all the same to it.

use std::path::Path;

use gguf::{Array, Header, Text, Value, write};

use crate::process::fixture;

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const BYTE: i32 = 6;

/// Whole words that no merge leads to: seen only where words that are tokens are taken as they are.
const WHOLE_WORDS: [&str; 6] = ["the", "Ġthe", "Hello", "hello", "Ġworld", "aab"];
/// Texts that are no text of the byte alphabet, for BPE over text, and its merges.
const RAW: [&str; 12] = [
    "\n",
    "\n\n",
    "\n\n\n",
    "▁",
    "▁▁",
    "▁▁▁",
    "▁a",
    "é",
    "漢",
    "漢字",
    "\n▁",
    "\t",
];
const RAW_MERGES: [&str; 6] = ["▁ ▁", "▁ a", "漢 字", "\n \n", "▁▁ ▁", "▁ t"];

/// Writes it as a file of metadata alone, and returns its path.
pub(super) fn write_to(folder: &Path) -> String {
    let (tokens, types, merges) = tokens_and_merges();
    let strings = |texts: Vec<String>| {
        let texts = texts.iter().map(|text| Text::from(text.as_str())).collect();
        Value::Array(Array::String(texts))
    };
    let bytes = std::fs::read(fixture(folder, "f32")).expect("readable");
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    let mut entries = header.metadata().entries().to_vec();
    entries.retain(|(key, _)| !key.starts_with("tokenizer."));
    entries.extend(
        [
            ("tokenizer.ggml.model", Value::String("gpt2".into())),
            ("tokenizer.ggml.tokens", strings(tokens)),
            ("tokenizer.ggml.token_type", Value::Array(Array::I32(types))),
            ("tokenizer.ggml.merges", strings(merges)),
            ("tokenizer.ggml.bos_token_id", Value::U32(0)),
            ("tokenizer.ggml.eos_token_id", Value::U32(1)),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    let path = folder.join("sharp.gguf");
    let vocabulary = write::header(&entries, &[]).expect("a header");
    std::fs::write(&path, vocabulary).expect("writable");
    path.display().to_string()
}

fn tokens_and_merges() -> (Vec<String>, Vec<i32>, Vec<String>) {
    let alphabet = byte_alphabet();
    let mut tokens: Vec<String> = vec!["<s>".to_owned(), "<|end|>".to_owned()];
    let mut types = vec![CONTROL; tokens.len()];
    tokens.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    types.resize(tokens.len(), BYTE);
    let mut merges = Vec::new();
    let mut pairs = Vec::new();
    for (number, (left, right)) in alphabet
        .iter()
        .flat_map(|left| alphabet.iter().map(move |right| (left, right)))
        .enumerate()
    {
        // ASCII's pairs nearly all, of the others some.
        let most = left.is_ascii() && right.is_ascii();
        if number.wrapping_mul(0x9e37_79b1) >> 8 & 15 < if most { 14 } else { 4 } {
            merges.push(format!("{left} {right}"));
            pairs.push(format!("{left}{right}"));
        }
    }
    // In an order that is not that of the alphabet.
    merges.sort_by_key(|merge| merge.bytes().rev().collect::<Vec<_>>());
    tokens.extend(alphabet.iter().map(char::to_string));
    tokens.extend(pairs);
    for text in WHOLE_WORDS.into_iter().chain(RAW).map(str::to_owned) {
        if !tokens.contains(&text) {
            tokens.push(text);
        }
    }
    types.resize(tokens.len(), NORMAL);
    merges.extend(RAW_MERGES.map(str::to_owned));
    (tokens, types, merges)
}

/// The character of each byte, as byte-level vocabularies write it.
fn byte_alphabet() -> Vec<char> {
    let mut others = '\u{100}'..;
    (0..=255_u8)
        .map(|byte| match byte {
            0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
            _ => others.next().expect("there are many"),
        })
        .collect()
}
