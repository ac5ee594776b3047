//! Every value type is read as it was written, arrays of arrays too.

use crate::builder::{FileBuilder, array, string};
use gguf::write::{self, PlannedTensor};
use gguf::{Array, Header, TensorType, Value};

#[test]
fn reads_every_value_type() {
    let file = FileBuilder::new()
        .entry("u8", 0, &[200])
        .entry("i8", 1, &[200])
        .entry("u16", 2, &40_000u16.to_le_bytes())
        .entry("i16", 3, &(-5i16).to_le_bytes())
        .entry("u32", 4, &4_000_000_000u32.to_le_bytes())
        .entry("i32", 5, &(-6i32).to_le_bytes())
        .entry("f32", 6, &0.5f32.to_le_bytes())
        .entry("bool", 7, &[1])
        .entry("string", 8, &string("grün"))
        .entry(
            "array",
            9,
            &array(
                9,
                2,
                &[array(4, 1, &[7, 0, 0, 0]), array(8, 1, &string("x"))].concat(),
            ),
        )
        .entry("u64", 10, &u64::MAX.to_le_bytes())
        .entry("i64", 11, &(-7i64).to_le_bytes())
        .entry("f64", 12, &0.25f64.to_le_bytes());
    let bytes = file.bytes();
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    let inner = vec![Array::U32(vec![7]), Array::String(vec!["x".into()])];
    let expected = [
        Value::U8(200),
        Value::I8(-56),
        Value::U16(40_000),
        Value::I16(-5),
        Value::U32(4_000_000_000),
        Value::I32(-6),
        Value::F32(0.5),
        Value::Bool(true),
        Value::String("grün".into()),
        Value::Array(Array::Array(inner)),
        Value::U64(u64::MAX),
        Value::I64(-7),
        Value::F64(0.25),
    ];
    let found: Vec<_> = header
        .metadata()
        .entries()
        .iter()
        .map(|(_, value)| value.clone())
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn writes_what_it_reads() {
    let entries = vec![
        (
            "a".to_owned(),
            Value::Array(Array::Array(vec![
                Array::F64(vec![0.1]),
                Array::Bool(vec![true]),
            ])),
        ),
        ("b".to_owned(), Value::String(vec![0xff, 0x00].into())),
        ("c".to_owned(), Value::I16(-3)),
    ];
    let tensors = ["first", "second"].map(|name| PlannedTensor {
        name: name.to_owned(),
        dimensions: vec![3, 1],
        tensor_type: TensorType::F32,
    });
    let mut bytes = Vec::new();
    write::file(&mut bytes, &entries, &tensors, |number, sink| {
        std::io::Write::write_all(sink, &[number as u8; 12])
    })
    .expect("writing to memory");
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    assert_eq!(header.metadata().entries(), entries);
    let second = header.tensor("second").expect("written");
    let start = (header.data_offset() + second.offset) as usize;
    assert_eq!(bytes[start..start + 12], [1; 12]);
}

#[test]
fn a_tensor_of_the_wrong_length_is_not_written() {
    let tensor = PlannedTensor {
        name: "t".to_owned(),
        dimensions: vec![4],
        tensor_type: TensorType::F32,
    };
    let result = write::file(&mut Vec::new(), &[], &[tensor], |_, sink| {
        std::io::Write::write_all(sink, &[0; 15])
    });
    assert!(result.is_err_and(|error| error.to_string().contains("15 bytes were written")));
}

#[test]
fn typed_getters_name_key_and_type() {
    let bytes = FileBuilder::sound().bytes();
    let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
    let error = header
        .metadata()
        .u32("general.architecture")
        .expect_err("a string");
    assert!(
        error.to_string().contains("general.architecture"),
        "{error}"
    );
    assert!(error.to_string().contains("found string"), "{error}");
    assert_eq!(header.metadata().u32("absent"), Ok(None));
}
