//! Hostile and damaged files, and the real model.

use std::fs;
use std::os::unix::fs::FileExt;

use super::{f32s, gate, sound, write};
use crate::desk::{Desk, Run};
use crate::models;

/// `--gate strict` on the file that is there.
fn strict(desk: &Desk) -> Run {
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.args(["inspect", "norms.gguf", "--no-engines", "--gate", "strict"]))
}

/// The file, and where in it the tensor's dimension stands.
fn sound_file(desk: &Desk) -> (Vec<u8>, usize) {
    let weights = [f32s("output_norm.weight", &sound(1.8))];
    write(&desk.path("norms.gguf"), "llama", &weights);
    let bytes = fs::read(desk.path("norms.gguf")).expect("written");
    let mut windows = bytes.windows(18);
    let name = windows.position(|window| window == b"output_norm.weight");
    // name | n_dims u32 | dimension u64 | type u32
    let place = name.expect("it is there") + 18 + 4;
    (bytes, place)
}

/// A file with holes can claim a norm of any size: it is not read, and it is no pass.
#[test]
fn a_norm_of_absurd_size_is_not_read() {
    let desk = Desk::new();
    let (mut bytes, place) = sound_file(&desk);
    let elements: u64 = 1 << 34;
    bytes[place..place + 8].copy_from_slice(&elements.to_le_bytes());
    fs::write(desk.path("norms.gguf"), &bytes).expect("written");
    // The header is refused as long as the file is too short for it.
    strict(&desk).exits(65).complains(&["output_norm.weight"]);
    let file = fs::File::options()
        .write(true)
        .open(desk.path("norms.gguf"));
    let hole = file.expect("ours").set_len(4 * elements + 4096);
    hole.expect("a hole");
    strict(&desk).exits(65).says(&[
        "not read: 17179869184 elements, at most 16777216 are read",
        "failure: output_norm.weight: n_elements is 17179869184, expected at most 1048576",
    ]);
}

#[test]
fn truncated_bytes_are_bad_input() {
    let desk = Desk::new();
    let (bytes, _) = sound_file(&desk);
    strict(&desk).exits(0);
    fs::write(desk.path("norms.gguf"), &bytes[..bytes.len() - 1]).expect("written");
    strict(&desk)
        .exits(65)
        .complains(&["output_norm.weight", "2560 bytes"]);
}

#[test]
fn a_type_that_nobody_knows_is_no_pass() {
    let desk = Desk::new();
    let (mut bytes, place) = sound_file(&desk);
    bytes[place + 8..place + 12].copy_from_slice(&99_u32.to_le_bytes());
    fs::write(desk.path("norms.gguf"), &bytes).expect("written");
    strict(&desk).exits(65).says(&[
        "not read: type-99 is no float type",
        "failure: output_norm.weight: quantised is 1",
    ]);
}

#[test]
fn names_of_tensors_and_families_are_escaped() {
    let weight = f32s("blk.0.\u{1b}[2J\u{202e}norm.weight", &[0.0; 4]);
    let run = gate(&Desk::new(), "\u{1b}[31m", &[weight], &["--gate", "strict"]);
    run.exits(65).says(&[r"blk.0.\u{1b}[2J\u{202e}norm.weight"]);
    let unsafe_character = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    for told in [&run.stdout, &run.stderr] {
        assert!(!told.contains(unsafe_character), "{run:?}");
    }
}

/// The real model: passes as it is, fails with one weight spoilt in place.
#[test]
fn the_demo_model_passes_strictly_until_it_is_spoilt() {
    let desk = Desk::new();
    let copy = desk.path("norms.gguf");
    fs::copy(models::smollm2(), &copy).expect("copied");
    strict(&desk)
        .exits(0)
        .says(&["Gate strict: PASSED (norm weights: 61, "]);
    let header = runner::model_file::read_header(&copy).expect("a model");
    let tensor = header.tensor("blk.7.ffn_norm.weight").expect("it has one");
    let file = fs::File::options().write(true).open(&copy).expect("ours");
    let place = header.data_offset() + tensor.offset + 4 * 100;
    file.write_all_at(&f32::NAN.to_le_bytes(), place)
        .expect("written");
    strict(&desk)
        .exits(65)
        .says(&["failure: blk.7.ffn_norm.weight: non_finite is 1, expected at most 0"]);
}
