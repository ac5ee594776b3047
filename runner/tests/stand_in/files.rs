//! Writes the files of numbers, rightly or as a fault has it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use schemas::line::ItemId;

use crate::answers::Evaluation;
use crate::faults::Fault;

/// Writes both files of one item; the fault concerns the first one.
pub(crate) fn write(fault: Fault, out: &Path, id: &ItemId, evaluation: &Evaluation) {
    let path = out.join(format!("{id}.logits.npy"));
    let columns = evaluation.response.shape[1];
    let mut rows = evaluation.logits.clone();
    match fault {
        Fault::Nan => rows[0][3] = f32::NAN,
        Fault::Infinity => rows[0][3] = f32::NEG_INFINITY,
        _ => {}
    }
    let good = npy("<f4", "False", [rows.len() as u64, columns], &rows);
    let with_header = |dtype: &str, order: &str, shape: [u64; 2]| npy(dtype, order, shape, &rows);
    let bytes = match fault {
        Fault::ShortFile => good[..good.len() - 1].to_vec(),
        Fault::LongFile => [&good[..], &[0; 4]].concat(),
        Fault::OtherShape => with_header("<f4", "False", [columns, rows.len() as u64]),
        Fault::OtherDtype => with_header("<f8", "False", [rows.len() as u64, columns]),
        Fault::FortranOrder => with_header("<f4", "True", [rows.len() as u64, columns]),
        Fault::GarbageHeader => vec![b'x'; good.len()],
        Fault::EmptyFile => Vec::new(),
        _ => good,
    };
    match fault {
        Fault::MissingFile => {}
        Fault::Fifo => rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0)
            .expect("a FIFO can be made"),
        Fault::Symlink => {
            let elsewhere = out.join("elsewhere.npy");
            fs::write(&elsewhere, bytes).expect("the folder can be written");
            symlink(&elsewhere, &path).expect("a link can be made");
        }
        _ => store(&path, &bytes),
    }
    let greedy = &evaluation.greedy;
    let shape = [greedy.len() as u64, columns];
    store(
        &out.join(format!("{id}.greedy.npy")),
        &npy("<f4", "False", shape, greedy),
    );
}

/// Leaves the header and nothing else.
pub(crate) fn truncate(path: &Path) {
    let file = File::options()
        .write(true)
        .open(path)
        .expect("the file was written before");
    file.set_len(128).expect("a file can be cut");
}

/// As the protocol wants it: complete before it has its name.
fn store(path: &Path, bytes: &[u8]) {
    let temporary = path.with_extension("part");
    fs::write(&temporary, bytes).expect("the folder can be written");
    fs::rename(&temporary, path).expect("a file can be renamed");
}

fn npy(dtype: &str, order: &str, [rows, columns]: [u64; 2], data: &[Vec<f32>]) -> Vec<u8> {
    let mut text =
        format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(
        data.iter()
            .flatten()
            .flat_map(|number| number.to_le_bytes()),
    );
    bytes
}
