//! Writes the files of numbers, rightly or as a fault has it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use schemas::line::ItemId;

use crate::faults::Fault;
use crate::test_engines::Evaluation;
use crate::test_engines::npy::{self, store};

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
    let with_header =
        |dtype: &str, order: &str, shape: [u64; 2]| npy::bytes(dtype, order, shape, &rows);
    let shape = [rows.len() as u64, columns];
    let good = with_header("<f4", "False", shape);
    let bytes = match fault {
        Fault::ShortFile => good[..good.len() - 1].to_vec(),
        Fault::LongFile => [&good[..], &[0; 4]].concat(),
        Fault::OtherShape => with_header("<f4", "False", [columns, rows.len() as u64]),
        Fault::OtherDtype => with_header("<f8", "False", shape),
        Fault::FortranOrder => with_header("<f4", "True", shape),
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
    let greedy = out.join(format!("{id}.greedy.npy"));
    npy::write(&greedy, &evaluation.greedy, columns);
}

/// Leaves the header and nothing else.
pub(crate) fn truncate(path: &Path) {
    let file = File::options()
        .write(true)
        .open(path)
        .expect("the file was written before");
    file.set_len(128).expect("a file can be cut");
}
