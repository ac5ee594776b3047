//! A helper of tests: reads files of logits, and nothing else that NumPy can write.

use std::path::Path;

/// Rows of a `.npy` file as bits, `[row][column]`.
pub(crate) fn rows(path: &Path) -> Vec<Vec<u32>> {
    let bytes = std::fs::read(path).expect("the file is there");
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!(data % 64, 0, "the data is aligned");
    let header = std::str::from_utf8(&bytes[10..data]).expect("ASCII");
    let shape = header
        .split("'shape': (")
        .nth(1)
        .and_then(|rest| rest.split(')').next());
    let mut sizes = shape
        .expect("a shape")
        .split(", ")
        .map(|n| n.parse::<usize>().expect("a number"));
    let (n_rows, columns) = (sizes.next().expect("rows"), sizes.next().expect("columns"));
    assert_eq!(bytes.len() - data, n_rows * columns * 4, "{header}");
    let (numbers, _) = bytes[data..].as_chunks::<4>();
    let bits: Vec<u32> = numbers
        .iter()
        .map(|number| u32::from_le_bytes(*number))
        .collect();
    bits.chunks_exact(columns).map(<[u32]>::to_vec).collect()
}
