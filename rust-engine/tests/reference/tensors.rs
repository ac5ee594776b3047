//! Every type over random and extreme blocks: decoded values and products have the library's bits.
//!
//! NaN is compared as NaN: its sign and payload depend on which operand a compiler puts first.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use gguf::write::{self, PlannedTensor};
use gguf::{TensorType, Value};
use rust_engine::formats::{Matrix, SUPPORTED};
use rust_engine::forward::activations::{Activations, Form};
use rust_engine::forward::matmul::multiply;
use rust_engine::kernels::exact::Kernels;
use schemas::describe::Arithmetic;

use crate::extremes::{COLUMNS, Numbers, activations, weights};
use crate::process::{llama_scalar, rows, run};

/// Weights of one type and activations, in a file of their own.
struct Sample {
    path: PathBuf,
    tensor_type: TensorType,
    weights: Vec<Vec<u8>>,
    activations: Vec<Vec<f32>>,
}

impl Sample {
    fn write(folder: &Path, tensor_type: TensorType) -> Self {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ u64::from(tensor_type.id()));
        let sample = Self {
            path: folder.join(format!("{tensor_type}.gguf")),
            tensor_type,
            weights: weights(tensor_type, &mut numbers),
            activations: activations(&mut numbers),
        };
        let architecture = Value::String("llama".into());
        let planned = |name: &str, tensor_type, rows: usize| PlannedTensor {
            name: name.to_owned(),
            dimensions: vec![COLUMNS as u64, rows as u64],
            tensor_type,
        };
        let tensors = [
            planned("weights", tensor_type, sample.weights.len()),
            planned("activations", TensorType::F32, sample.activations.len()),
        ];
        let x = sample.activations.concat();
        let data = [
            sample.weights.concat(),
            x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ];
        let mut file = File::create(&sample.path).expect("writable");
        let entries = [("general.architecture".to_owned(), architecture)];
        write::file(&mut file, &entries, &tensors, |number, sink| {
            sink.write_all(&data[number])
        })
        .expect("written");
        sample
    }

    /// What the library makes of it.
    fn theirs(&self, flags: &[&str]) -> Vec<Vec<u32>> {
        let (model, out) = (
            self.path.display().to_string(),
            self.path.with_extension("npy"),
        );
        let out_path = out.display().to_string();
        let words = [&["tensor", "weights", &model, "--out", &out_path], flags].concat();
        let output = run(&llama_scalar(), &words, b"");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        rows(&out)
    }

    /// Asks for the rows of a matrix that has the weights.
    fn matrix<T>(&self, ask: impl FnOnce(&Matrix<'_>) -> T) -> T {
        let bytes = self.weights.concat();
        ask(&Matrix::of_tensor(
            self.tensor_type,
            COLUMNS,
            self.weights.len(),
            &bytes,
        ))
    }

    fn decoded(&self) -> Vec<Vec<u32>> {
        self.matrix(|matrix| {
            let row = |row| {
                let mut values = vec![0.0; COLUMNS];
                matrix.decode_row(row, &mut values);
                values.into_iter().map(f32::to_bits).collect()
            };
            (0..matrix.rows).map(row).collect()
        })
    }

    fn products(&self) -> Vec<Vec<u32>> {
        let form = Form::of(self.tensor_type, Arithmetic::Exact);
        let x = Activations::new(&self.activations.concat(), COLUMNS, form);
        self.matrix(|matrix| {
            let mut out = vec![0.0; self.activations.len() * matrix.rows];
            multiply(&Kernels::detect(), matrix, &x, &mut out);
            let rows = out.chunks_exact(matrix.rows);
            rows.map(|row| row.iter().map(|x| x.to_bits()).collect())
                .collect()
        })
    }
}

/// How many finite numbers agree, or the first that does not: NaN equals NaN, else bits count.
fn agreeing(ours: &[Vec<u32>], theirs: &[Vec<u32>]) -> Result<usize, String> {
    if ours.len() != theirs.len() {
        return Err(format!("{} rows, expected {}", ours.len(), theirs.len()));
    }
    let mut finite = 0;
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        if ours.len() != theirs.len() {
            return Err(format!("{} columns, expected {}", ours.len(), theirs.len()));
        }
        for (column, (&our_bits, &their_bits)) in ours.iter().zip(theirs).enumerate() {
            let (our, their) = (f32::from_bits(our_bits), f32::from_bits(their_bits));
            if our_bits != their_bits && !(our.is_nan() && their.is_nan()) {
                return Err(format!(
                    "row {row}, column {column}: {our:e}, expected {their:e}"
                ));
            }
            finite += usize::from(our.is_finite());
        }
    }
    Ok(finite)
}

/// Each type that this engine and llama.cpp both have.
fn samples(folder: &Path) -> impl Iterator<Item = Sample> {
    let upstream = SUPPORTED
        .iter()
        .filter(|&&tensor_type| tensor_type != TensorType::I2_S);
    upstream.map(move |&tensor_type| Sample::write(folder, tensor_type))
}

#[test]
fn extreme_blocks_are_decoded_as_the_library_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut compared = 0;
    for sample in samples(folder.path()) {
        let finite = agreeing(&sample.decoded(), &sample.theirs(&[]));
        let finite = finite.unwrap_or_else(|found| panic!("{}: {found}", sample.tensor_type));
        println!("{}: {finite} finite values agree", sample.tensor_type);
        assert!(finite > 40 * COLUMNS, "{}: {finite}", sample.tensor_type);
        compared += 1;
    }
    assert_eq!(compared, 18);
}

#[test]
fn products_of_extreme_blocks_have_the_librarys_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut compared = 0;
    for sample in samples(folder.path()) {
        let finite = agreeing(
            &sample.products(),
            &sample.theirs(&["--times", "activations"]),
        );
        let finite = finite.unwrap_or_else(|found| panic!("{}: {found}", sample.tensor_type));
        println!("{}: {finite} finite products agree", sample.tensor_type);
        assert!(finite > 400, "{}: {finite}", sample.tensor_type);
        compared += 1;
    }
    assert_eq!(compared, 18);
}

#[test]
fn a_difference_of_one_bit_is_told() {
    let row = |x: f32| vec![vec![1f32.to_bits(), x.to_bits()]];
    assert_eq!(agreeing(&row(2.0), &row(2.0)), Ok(2));
    assert_eq!(agreeing(&row(f32::NAN), &row(-f32::NAN)), Ok(1));
    assert!(agreeing(&row(0.0), &row(-0.0)).is_err());
    assert!(agreeing(&row(f32::NAN), &row(1.0)).is_err());
    assert!(agreeing(&row(2.0), &row(2f32.next_up())).is_err());
    assert!(agreeing(&[], &row(2.0)).is_err());
}

#[test]
fn what_the_library_cannot_do_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sample = Sample::write(folder.path(), TensorType::Q4_K);
    let model = sample.path.display().to_string();
    let out = folder.path().join("out.npy").display().to_string();
    for (words, code, expected) in [
        (
            vec!["weight", &model, "--out", &out],
            65,
            "no tensor `weight`",
        ),
        (vec!["weights", &model], 64, "--out"),
        (
            vec!["activations", &model, "--out", &out, "--times", "weights"],
            64,
            "must be F32",
        ),
    ] {
        let output = run(&llama_scalar(), &[vec!["tensor"], words].concat(), b"");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
        assert!(!Path::new(&out).exists());
    }
}
