//! Feeds the parser with broken headers for a number of seconds: `break_headers SECONDS [SEED]`.
//!
//! Sound headers are cut, spliced, bit-flipped and filled with numbers that are near the edges of
//! what fits. Each result must be refused or be sound in itself: every tensor inside the file and
//! apart from the others, and what is written again reads the same. A panic ends the program.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use gguf::write::{self, PlannedTensor};
use gguf::{Array, Header, TensorType, Value};

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Numbers at which arithmetic goes wrong first.
const EDGES: [u64; 12] = [
    0,
    1,
    7,
    31,
    32,
    255,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 61,
    0x7fff_ffff_ffff_ffff,
    u64::MAX - 31,
    u64::MAX,
];

fn sound_files() -> Vec<Vec<u8>> {
    let entries = vec![
        (
            "general.architecture".to_owned(),
            Value::String("llama".into()),
        ),
        ("general.alignment".to_owned(), Value::U32(32)),
        ("small".to_owned(), Value::I8(-1)),
        ("flag".to_owned(), Value::Bool(true)),
        (
            "texts".to_owned(),
            Value::Array(Array::String(vec!["a".into(), "bc".into()])),
        ),
        (
            "nested".to_owned(),
            Value::Array(Array::Array(vec![
                Array::U16(vec![1, 2]),
                Array::Array(vec![]),
            ])),
        ),
        ("double".to_owned(), Value::F64(0.5)),
    ];
    let tensors = [
        ("a", vec![256, 2], TensorType::Q4_K),
        ("b", vec![32], TensorType::F32),
        ("c", vec![64, 1, 1, 2], TensorType::Q8_0),
    ]
    .map(|(name, dimensions, tensor_type)| PlannedTensor {
        name: name.to_owned(),
        dimensions,
        tensor_type,
    });
    (0..=tensors.len())
        .map(|n| {
            let tensors = &tensors[..n];
            let mut bytes = Vec::new();
            let written = write::file(&mut bytes, &entries, tensors, |i, sink| {
                let t = &tensors[i];
                let rows = t.dimensions[1..].iter().product();
                let size = t.tensor_type.bytes(t.dimensions[0], rows).unwrap_or(0);
                std::io::Write::write_all(sink, &vec![0; size as usize])
            });
            written.expect("writing to memory");
            bytes
        })
        .collect()
}

fn break_it(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let n = bytes.len();
        let at = numbers.below(n);
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 if n > 0 => bytes[at] ^= 1 << numbers.below(8),
            2 if n > 0 => bytes[at] = numbers.next() as u8,
            3 if at + 8 <= n => {
                let edge = EDGES[numbers.below(EDGES.len())];
                bytes[at..at + 8].copy_from_slice(&edge.to_le_bytes());
            }
            4 if at + 4 <= n => {
                let edge = EDGES[numbers.below(EDGES.len())] as u32;
                bytes[at..at + 4].copy_from_slice(&edge.to_le_bytes());
            }
            _ => {
                let piece: Vec<u8> = bytes
                    .iter()
                    .skip(at)
                    .take(numbers.below(40))
                    .copied()
                    .collect();
                let to = numbers.below(n + 1);
                bytes.splice(to..to, piece);
            }
        }
    }
}

/// What must hold of every header that is accepted.
fn check(header: &Header, file_bytes: u64) {
    let mut end_before = 0;
    let mut tensors: Vec<_> = header.tensors().iter().collect();
    tensors.sort_by_key(|tensor| tensor.offset);
    for tensor in tensors {
        assert!(tensor.offset >= end_before, "{tensor:?} overlaps");
        end_before = tensor.offset + tensor.bytes.unwrap_or(1);
        assert!(
            header.data_offset() + end_before <= file_bytes,
            "{tensor:?} is outside"
        );
        assert!(!tensor.dimensions.is_empty() && !tensor.dimensions.contains(&0));
    }
    let entries = header.metadata().entries();
    let again = write::header(entries, &[]).expect("what was read can be written");
    let again = Header::parse(&again, again.len() as u64).expect("what was written can be read");
    let alignment_apart = entries.iter().filter(|(key, _)| key != "general.alignment");
    // Compared as text, in which a NaN equals itself.
    let shown = |entries: Vec<&(String, Value)>| format!("{entries:?}");
    assert_eq!(
        shown(again.metadata().entries().iter().collect()),
        shown(alignment_apart.collect())
    );
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(seconds)), seed) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: break_headers SECONDS [SEED]");
        return ExitCode::from(64);
    };
    let mut numbers = Numbers(seed.and_then(Result::ok).unwrap_or(1));
    let sound = sound_files();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut accepted) = (0u64, 0u64);
    while Instant::now() < end {
        for _ in 0..1000 {
            let mut bytes = sound[numbers.below(sound.len())].clone();
            break_it(&mut bytes, &mut numbers);
            tried += 1;
            if let Ok(header) = Header::parse(&bytes, bytes.len() as u64) {
                accepted += 1;
                check(&header, bytes.len() as u64);
            }
        }
    }
    println!(
        "{tried} broken headers in {seconds} s: {accepted} sound in themselves, the others refused, no panic"
    );
    ExitCode::SUCCESS
}
