//! The header of a logits file.
//!
//! ```text
//! 0   "\x93NUMPY"                                     6 bytes
//! 6   1, 0                                            version
//! 8   length of the text below, u16, little-endian
//! 10  {'descr': '<f4', 'fortran_order': False, 'shape': (R, V), }   blanks   "\n"
//!     little-endian float32, [R][V], from a multiple of 64 to the end of the file
//! ```
//!
//! The exchange protocol fixes the text to the very form that numpy writes, so the reader takes
//! no other: a lenient reader of somebody's Python literals would be a larger thing to trust.
//! Pure: bytes in, facts out.

use std::fmt;

/// Magic, version and length.
pub(crate) const PREFIX_BYTES: usize = 10;
/// The text for two numbers of any size needs less than 128; this is far from any harm.
pub(crate) const TEXT_LIMIT_BYTES: usize = 1024;
/// Data begins at a multiple of this.
const ALIGNMENT: usize = 64;
/// The largest vocabularies have a quarter of a million tokens. A row of this many numbers is
/// 64 MiB: what is larger is a broken file, and the runner must not try to hold its rows.
const COLUMN_LIMIT: u64 = 1 << 24;

/// What is wrong with a file of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogitsProblem {
    /// It is not there.
    Missing,
    /// It is a symbolic link, a folder, a device or a pipe.
    NotAFile,
    /// The system would not open or read it.
    Unreadable {
        /// What the system said.
        problem: String,
    },
    /// The system has no descriptor or memory left to open it with.
    NoMeans {
        /// What the system said.
        problem: String,
    },
    /// The header is not that of such a file.
    Header {
        /// The part.
        part: &'static str,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The file's size does not fit its shape.
    Size {
        /// The file's.
        found_bytes: u64,
        /// The shape's, header included.
        expected_bytes: u64,
    },
    /// It was the right size when it was opened and is shorter now.
    Shrank {
        /// The row that could not be read.
        row: usize,
    },
    /// It has more columns than any vocabulary has tokens.
    TooWide {
        /// The columns.
        columns: u64,
    },
}

impl fmt::Display for LogitsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the answer names this file, but there is none"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Unreadable { problem } | Self::NoMeans { problem } => f.write_str(problem),
            Self::Header {
                part,
                found,
                expected,
            } => {
                write!(f, "npy header: {part} is {found}, expected {expected}")
            }
            Self::Size {
                found_bytes,
                expected_bytes,
            } => write!(
                f,
                "file holds {found_bytes} bytes, its shape needs {expected_bytes} (hint: the \
                 engine's disk may be full)"
            ),
            Self::Shrank { row } => write!(f, "became shorter after it was opened: no row {row}"),
            Self::TooWide { columns } => {
                write!(
                    f,
                    "{columns} columns declared, at most {COLUMN_LIMIT} are possible"
                )
            }
        }
    }
}

fn header(part: &'static str, found: impl Into<String>, expected: &str) -> LogitsProblem {
    LogitsProblem::Header {
        part,
        found: found.into(),
        expected: expected.to_owned(),
    }
}

/// The length of the text, from the fixed beginning of the file.
pub(crate) fn text_bytes(prefix: [u8; PREFIX_BYTES]) -> Result<usize, LogitsProblem> {
    let (magic, rest) = prefix.split_at(6);
    if magic != b"\x93NUMPY" {
        return Err(header("magic", hex(magic), &hex(b"\x93NUMPY")));
    }
    if rest[..2] != [1, 0] {
        return Err(header("version", format!("{}.{}", rest[0], rest[1]), "1.0"));
    }
    let length = usize::from(u16::from_le_bytes([rest[2], rest[3]]));
    if length > TEXT_LIMIT_BYTES {
        let expected = format!("at most {TEXT_LIMIT_BYTES}");
        return Err(header("length", length.to_string(), &expected));
    }
    if !(PREFIX_BYTES + length).is_multiple_of(ALIGNMENT) {
        let expected = format!("{PREFIX_BYTES} less than a multiple of {ALIGNMENT}");
        return Err(header("length", length.to_string(), &expected));
    }
    Ok(length)
}

/// Reads the text and compares the shape in it with `[rows, columns]`.
pub(crate) fn check_text(text: &[u8], shape: [u64; 2]) -> Result<(), LogitsProblem> {
    let whole = String::from_utf8_lossy(text);
    let form = || {
        header(
            "text",
            whole.trim_end(),
            "numpy's form for a two-dimensional array",
        )
    };
    let after =
        |rest: &'_ str, fixed: &str| rest.strip_prefix(fixed).map(str::to_owned).ok_or_else(form);

    let rest = after(&whole, "{'descr': '")?;
    let (dtype, rest) = rest.split_once('\'').ok_or_else(form)?;
    if dtype != "<f4" {
        return Err(header("dtype", dtype, "<f4"));
    }
    let rest = after(rest, ", 'fortran_order': ")?;
    let (order, rest) = rest.split_once(',').ok_or_else(form)?;
    if order != "False" {
        return Err(header("fortran_order", order, "False"));
    }
    let rest = after(rest, " 'shape': (")?;
    let (found, rest) = rest.split_once(')').ok_or_else(form)?;
    let expected = format!("{}, {}", shape[0], shape[1]);
    if found != expected {
        return Err(header("shape", found, &expected));
    }
    let blanks = after(rest, ", }")?;
    let blanks = blanks.strip_suffix('\n').ok_or_else(form)?;
    if blanks.bytes().any(|byte| byte != b' ') {
        return Err(form());
    }
    Ok(())
}

/// The bytes of the numbers.
pub(crate) fn data_bytes([rows, columns]: [u64; 2]) -> Result<u64, LogitsProblem> {
    if columns > COLUMN_LIMIT {
        return Err(LogitsProblem::TooWide { columns });
    }
    let width = size_of::<f32>() as u64;
    // 2^40 rows of 64 MiB: beyond any file system, but not beyond a header.
    rows.checked_mul(columns * width)
        .ok_or(LogitsProblem::Size {
            found_bytes: 0,
            expected_bytes: u64::MAX,
        })
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(version: u8, length: u16) -> [u8; PREFIX_BYTES] {
        let mut prefix = *b"\x93NUMPY\0\0\0\0";
        prefix[6] = version;
        prefix[8..].copy_from_slice(&length.to_le_bytes());
        prefix
    }

    fn refusal(text: &str) -> String {
        check_text(text.as_bytes(), [2, 3])
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn takes_what_numpy_writes() {
        assert_eq!(text_bytes(prefix(1, 118)), Ok(118));
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     \n";
        assert_eq!(check_text(text.as_bytes(), [2, 3]), Ok(()));
        assert_eq!(data_bytes([2, 3]), Ok(24));
        assert_eq!(data_bytes([0, 3]), Ok(0));
    }

    #[test]
    fn refuses_another_beginning() {
        assert!(
            text_bytes(*b"GGUF......")
                .expect_err("magic")
                .to_string()
                .contains("magic")
        );
        assert!(
            text_bytes(prefix(2, 118))
                .expect_err("version")
                .to_string()
                .contains("2.0")
        );
        let long = text_bytes(prefix(1, 65_526))
            .expect_err("length")
            .to_string();
        assert!(long.contains("65526"), "{long}");
        assert!(text_bytes(prefix(1, 117)).is_err());
    }

    #[test]
    fn names_the_part_that_is_wrong() {
        let with = |dtype: &str, order: &str, shape: &str| {
            refusal(&format!(
                "{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': ({shape}), }}\n"
            ))
        };
        assert!(with("<f8", "False", "2, 3").contains("dtype is <f8, expected <f4"));
        assert!(with(">f4", "False", "2, 3").contains("dtype is >f4"));
        assert!(with("<f4", "True", "2, 3").contains("fortran_order is True, expected False"));
        assert!(with("<f4", "False", "3, 2").contains("shape is 3, 2, expected 2, 3"));
        assert!(with("<f4", "False", "6,").contains("shape is 6,"));
        assert!(with("<f4", "False", "-2, 3").contains("shape is -2, 3"));
        assert!(with("<f4", "False", "02, 3").contains("shape is 02, 3"));
    }

    #[test]
    fn refuses_another_form_without_panic() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n";
        for end in 0..good.len() {
            assert!(
                check_text(&good.as_bytes()[..end], [2, 3]).is_err(),
                "{end}"
            );
        }
        for text in [
            "",
            "{}\n",
            "\u{1b}[2J\n",
            &good.replace("  \n", " x\n"),
            &good.replace('\'', "\""),
        ] {
            assert!(refusal(text).contains("expected"), "{text}");
        }
        assert!(check_text(b"\xff\xfe\xfd", [2, 3]).is_err());
    }

    #[test]
    fn refuses_sizes_that_overflow() {
        assert!(matches!(
            data_bytes([1, u64::MAX]),
            Err(LogitsProblem::TooWide { .. })
        ));
        assert!(matches!(
            data_bytes([u64::MAX, 1 << 24]),
            Err(LogitsProblem::Size { .. })
        ));
    }
}
