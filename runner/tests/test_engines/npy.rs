//! Files of rows.

use std::fs;
use std::path::Path;

/// The bytes of a file with this header; of a good one, `dtype` is `<f4` and `order` is `False`.
pub(crate) fn bytes(
    dtype: &str,
    order: &str,
    [rows, columns]: [u64; 2],
    data: &[Vec<f32>],
) -> Vec<u8> {
    let mut text =
        format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(data.iter().flatten().flat_map(|logit| logit.to_le_bytes()));
    bytes
}

/// Writes a good file.
pub(crate) fn write(path: &Path, rows: &[Vec<f32>], columns: u64) {
    store(
        path,
        &bytes("<f4", "False", [rows.len() as u64, columns], rows),
    );
}

/// As the protocol wants it: complete before it has its name.
pub(crate) fn store(path: &Path, bytes: &[u8]) {
    let temporary = path.with_extension("part");
    fs::write(&temporary, bytes).expect("the folder can be written");
    fs::rename(&temporary, path).expect("a file can be renamed");
}
