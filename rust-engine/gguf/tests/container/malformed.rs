//! Files that are not sound are refused with a message that says why, and never with a panic.

use crate::builder::{FileBuilder, array, counted, string};
use gguf::Header;

fn refusal(bytes: &[u8]) -> String {
    match Header::parse(bytes, bytes.len() as u64) {
        Ok(header) => panic!("accepted: {header:?}"),
        Err(error) => error.to_string(),
    }
}

/// A name, the file, and words that its refusal must have.
type Case = (&'static str, Vec<u8>, &'static str);

/// Magic, version, counts, and where the file ends.
#[rustfmt::skip] // One case a line.
fn outer_cases() -> Vec<Case> {
    let sound = FileBuilder::sound;
    let with = |change: fn(&mut FileBuilder)| sound().change(change).bytes();
    let bytes = sound().bytes();
    let header_bytes = sound().header().len();
    vec![
        ("empty file", vec![], "no GGUF file: it is empty"),
        ("three bytes", b"GGU".to_vec(), "no GGUF file"),
        ("wrong magic", with(|f| f.magic = b"GGML".to_vec()), "no GGUF file"),
        ("zip file", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaa".to_vec(), "begins with \"PK\\x03\\x04\""),
        ("magic alone", b"GGUF".to_vec(), "truncated"),
        ("big-endian", with(|f| f.version = 3u32.swap_bytes()), "big-endian"),
        ("version 0", with(|f| f.version = 0), "version 0"),
        ("version 1", with(|f| f.version = 1), "version 1"),
        ("version 4", with(|f| f.version = 4), "version 4"),
        ("cut in the counts", bytes[..20].to_vec(), "truncated"),
        ("cut in a key", bytes[..40].to_vec(), "absurd count"),
        ("cut in the table", bytes[..110].to_vec(), "tensors declared"),
        ("no data section", bytes[..header_bytes].to_vec(), "tensor \"weights\""),
        ("cut in the data", bytes[..header_bytes + 20].to_vec(), "tensor \"weights\": the file ends before its data"),
        ("2^64 entries", with(|f| f.n_entries = Some(u64::MAX)), "metadata entries"),
        ("more entries than bytes", with(|f| f.n_entries = Some(1000)), "metadata entries"),
        ("2^64 tensors", with(|f| f.n_tensors = Some(u64::MAX)), "tensors declared"),
        ("more tensors than bytes", with(|f| f.n_tensors = Some(100)), "tensors declared"),
        ("one tensor too many", with(|f| f.n_tensors = Some(2)), "tensor"),
        ("one entry too many", with(|f| f.n_entries = Some(3)), "truncated"),
        ("one entry too few", with(|f| f.n_entries = Some(1)), "llama.block_count"),
    ]
}

/// Keys and values.
#[rustfmt::skip] // One case a line.
fn metadata_cases() -> Vec<Case> {
    let sound = FileBuilder::sound;
    let empty = FileBuilder::new;
    let number = [4u32.to_le_bytes(), [0; 4]].concat();
    let key = |bytes: &[u8]| empty().raw_entry(&[bytes, &number].concat()).bytes();
    let value = |value_type, bytes: &[u8]| empty().entry("k", value_type, bytes).bytes();
    // A value whose count or length goes beyond the end: nothing may follow it.
    let last = |value_type, bytes: &[u8]| empty().entry("k", value_type, bytes).header();
    let alignment = |n: u32| sound().entry("general.alignment", 4, &n.to_le_bytes()).bytes();
    let nested = (0..20).fold(array(4, 0, &[]), |inner, _| array(9, 1, &inner));
    vec![
        ("key of 2^64 bytes", key(&counted(u64::MAX, b"k")), "metadata key"),
        ("key longer than the file", key(&counted(10_000, b"k")), "metadata key"),
        ("empty key", key(&string("")), "empty"),
        ("key that is not UTF-8", key(&counted(2, b"\xff\xfe")), "not UTF-8"),
        ("key of 70000 bytes", key(&string(&"k".repeat(70_000))), "longer than"),
        ("key twice", sound().entry("llama.block_count", 4, &[0; 4]).bytes(), "given twice"),
        ("value type 13", value(13, &[0; 8]), "unknown value type 13"),
        ("value type 2^32", value(u32::MAX, &[0; 8]), "unknown value type"),
        ("boolean 2", value(7, &[2]), "boolean is 2"),
        ("string of 2^64 bytes", value(8, &counted(u64::MAX, b"")), "truncated"),
        ("string beyond the end", last(8, &counted(9, b"12345678")), "truncated"),
        ("number beyond the end", last(10, &[0; 7]), "truncated"),
        ("array of type 13", value(9, &array(13, 1, &[0; 8])), "unknown value type 13"),
        ("array of 2^64 numbers", value(9, &array(10, u64::MAX, &[])), "absurd count"),
        ("array of 2^61 doubles", value(9, &array(12, 1 << 61, &[])), "absurd count"),
        ("array beyond the end", last(9, &array(4, 3, &[0; 8])), "absurd count"),
        ("array of 2^40 strings", value(9, &array(8, 1 << 40, &[])), "absurd count"),
        ("half a string in an array", last(9, &array(8, 1, &counted(5, b"1234"))), "truncated"),
        ("array of booleans with a 3", value(9, &array(7, 2, &[1, 3])), "boolean is 3"),
        ("arrays nested 20 deep", value(9, &nested), "nested"),
        ("2^60 arrays in an array", value(9, &array(9, 1 << 60, &[])), "absurd count"),
        ("alignment 0", alignment(0), "alignment"),
        ("alignment 24", alignment(24), "alignment"),
        ("alignment beyond the file", alignment(1 << 31), "weights"),
        ("alignment as text", sound().entry("general.alignment", 8, &string("32")).bytes(), "alignment"),
    ]
}

/// The tensor table.
#[rustfmt::skip] // One case a line.
fn tensor_cases() -> Vec<Case> {
    let sound = FileBuilder::sound;
    let empty = FileBuilder::new;
    let named = |name: &str| empty().tensor(name, &[4], 0, 0).bytes();
    let raw = |head: &[u8], tail: &[u8]| empty().raw_tensor(&[head, tail].concat()).bytes();
    let tensor = |dimensions: &[u64], tensor_type, offset| {
        empty().tensor("t", dimensions, tensor_type, offset).bytes()
    };
    let close = empty().tensor("a", &[9], 0, 0).tensor("b", &[4], 0, 32).bytes();
    vec![
        ("tensor without a name", named(""), "name"),
        ("tensor name of 64 bytes", named(&"t".repeat(64)), "64 bytes"),
        ("tensor name that is not UTF-8", raw(&counted(1, b"\xff"), &[0; 40]), "UTF-8"),
        ("tensor name of 2^64 bytes", raw(&counted(u64::MAX, &[0; 40]), &[]), "truncated"),
        ("tensor twice", sound().tensor("weights", &[4], 0, 64).bytes(), "given twice"),
        ("no dimensions", tensor(&[], 0, 0), "dimensions"),
        ("five dimensions", tensor(&[1; 5], 0, 0), "5 dimensions"),
        ("2^32 dimensions", raw(&string("t"), &[0xff; 40]), "dimensions"),
        ("dimension 0", tensor(&[4, 0], 0, 0), "none may be 0"),
        ("2^64 elements", tensor(&[1 << 32, 1 << 32], 0, 0), "63 bits"),
        ("2^63 elements", tensor(&[1 << 62, 2], 0, 0), "63 bits"),
        ("2^62 floats", tensor(&[1 << 62], 0, 0), "rows of"),
        ("row that is no whole block", tensor(&[100], 2, 0), "blocks of 32"),
        ("K-quant row of 576", tensor(&[576], 12, 0), "blocks of 256"),
        ("offset that is not aligned", tensor(&[4], 0, 4), "no multiple of 32"),
        ("offset beyond the file", tensor(&[4], 0, 1 << 20), "offset 1048576"),
        ("offset near 2^64", tensor(&[4], 0, u64::MAX - 31), "offset"),
        ("tensor larger than the file", tensor(&[1024], 0, 0), "4096 bytes"),
        ("unknown type beyond the file", tensor(&[4], 99, 1 << 20), "offset 1048576"),
        ("tensors that overlap", sound().tensor("other", &[16], 0, 0).bytes(), "overlaps"),
        ("tensors that overlap by one block", close, "overlaps"),
    ]
}

#[test]
fn every_malformed_file_is_refused_by_message() {
    let cases = [outer_cases(), metadata_cases(), tensor_cases()].concat();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    println!("{} malformed files", cases.len());
    let unexpected: Vec<String> = cases
        .iter()
        .map(|(name, bytes, words)| (name, refusal(bytes), words))
        .filter(|(_, message, words)| words.is_empty() || !message.contains(*words))
        .map(|(name, message, words)| format!("{name}: {message:?} does not say {words:?}"))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

#[test]
fn the_sound_file_that_the_cases_start_from_is_accepted() {
    let bytes = FileBuilder::sound().bytes();
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    assert_eq!(header.metadata().u32("llama.block_count"), Ok(Some(7)));
    assert_eq!(header.tensors()[0].bytes, Some(32));
    let v2 = FileBuilder::sound().change(|f| f.version = 2).bytes();
    assert_eq!(
        Header::parse(&v2, v2.len() as u64).map(|h| h.version()),
        Ok(2)
    );
}

#[test]
fn every_prefix_of_a_sound_file_is_refused_or_incomplete() {
    let bytes = FileBuilder::sound().bytes();
    let header_bytes = FileBuilder::sound().header().len();
    for end in 0..header_bytes {
        assert!(
            Header::parse(&bytes[..end], end as u64).is_err(),
            "file of {end} bytes"
        );
        let error = Header::parse(&bytes[..end], bytes.len() as u64).expect_err("a piece");
        assert!(error.is_incomplete(), "head of {end} bytes: {error}");
    }
    let whole = Header::parse(&bytes[..header_bytes], bytes.len() as u64);
    assert!(whole.is_ok(), "the head is enough: {whole:?}");
}

#[test]
fn changed_bytes_never_cause_a_panic() {
    // Every byte of a file with all value types set to several values.
    let file = FileBuilder::sound()
        .entry("flags", 9, &array(7, 3, &[0, 1, 1]))
        .entry(
            "texts",
            9,
            &array(8, 2, &[string("a"), string("bc")].concat()),
        )
        .entry("nested", 9, &array(9, 1, &array(5, 2, &[0; 8])))
        .entry("double", 12, &1.5f64.to_le_bytes());
    let sound = file.bytes();
    assert!(Header::parse(&sound, sound.len() as u64).is_ok());
    for at in 0..sound.len() {
        for value in [0, 1, 7, 9, 0x7f, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] = value;
            let _ = Header::parse(&bytes, bytes.len() as u64);
        }
    }
}
