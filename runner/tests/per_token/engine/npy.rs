//! Writes a file of rows as the protocol wants it: complete before it has its name.

use std::fs;
use std::path::Path;

pub(crate) fn write(path: &Path, rows: &[Vec<f32>], columns: u32) {
    let rows_n = rows.len();
    let mut text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows_n}, {columns}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|logit| logit.to_le_bytes()));
    let temporary = path.with_extension("part");
    fs::write(&temporary, bytes).expect("the folder can be written");
    fs::rename(&temporary, path).expect("a file can be renamed");
}
