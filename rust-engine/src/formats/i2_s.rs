//! I2_S: ternary codes of two bits with one scale for the whole tensor, as bitnet.cpp writes them
//! on x86.
//!
//! ```text
//! n/4 bytes of codes | scale f32 | 28 unused bytes
//! byte 32b + p holds, highest bits first, elements 128b + p, 128b + 32 + p, 128b + 64 + p and
//!   128b + 96 + p
//! value = (code - 1) · scale; code 3, which no quantiser writes, is 0
//! ```
//! bitnet.cpp on ARM writes groups of 16 in blocks of 64. Its codes are as good as these, and its
//! files say nothing of it: they cannot be told from files written on x86.
//!
//! A row of activations has one scale too, and there is one integer sum for a whole row:
//! ```text
//! s = 127 / max(1e-5, max |x|) (in f64, rounded to f32),  q = nearest(x · s), half to even
//! y = ((Σ code · q) - (Σ q)) / s · scale, in f32, in this order
//! ```
//! where a 3 counts as 2, as in bitnet.cpp.

use super::coded::{Coded, Packing};

/// The type, for generic code.
pub struct I2S;

impl Coded for I2S {
    const BYTES: usize = 32;
    const CODES: usize = 128;
    /// The whole row, whose step is the tensor's scale.
    const GROUP: usize = usize::MAX;
    const OFFSET: u8 = 1;
    const MINIMA: bool = false;
    const PACKING: Packing = Packing::Pairs {
        at: 0,
        third: None,
        highest_first: true,
    };
}

/// Bytes behind the codes of a tensor.
pub const TAIL_BYTES: usize = 32;

/// How much of a tensor is looked at before it is believed: stretches over all of it, so that other
/// data show, and few of them, so that a file of a gigabyte still opens by mapping alone.
const STRETCHES: usize = 8;
const STRETCH_BYTES: usize = 512;

/// The values of one row.
pub fn decode(bytes: &[u8], scale: f32, row: &mut [f32]) {
    const VALUES: [f32; 4] = [-1.0, 0.0, 1.0, 0.0];
    for (bytes, values) in bytes.chunks_exact(32).zip(row.chunks_exact_mut(128)) {
        for (group, values) in values.chunks_exact_mut(32).enumerate() {
            for (value, byte) in values.iter_mut().zip(bytes) {
                *value = VALUES[usize::from(byte >> (6 - 2 * group) & 3)] * scale;
            }
        }
    }
}

/// Whether codes are those of a quantiser: code 3 means nothing, so that data which have it are
/// something else, or broken. A sample is looked at.
pub fn check_codes(bytes: &[u8]) -> Result<(), String> {
    let stretches = bytes.chunks((bytes.len() / STRETCHES).max(STRETCH_BYTES));
    let samples = stretches.map(|stretch| &stretch[..stretch.len().min(STRETCH_BYTES)]);
    let (mut threes, mut codes) = (0, 0);
    for byte in samples.flatten() {
        // Both bits of a code set, on the lower of the two.
        threes += (byte & byte >> 1 & 0x55).count_ones();
        codes += 4;
    }
    if threes == 0 {
        return Ok(());
    }
    let share = 100.0 * f64::from(threes) / f64::from(codes);
    Err(format!(
        "{threes} of {codes} codes looked at are 3 ({share:.1} %), which stands for no ternary weight: \
         it is broken or no I2_S (hint: llama.cpp once had IQ4_NL_4_4 under this type's number)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_holds_elements_that_are_32_apart() {
        let mut bytes = [0b01_01_01_01; 64];
        bytes[3] = 0b00_10_01_10;
        let mut values = [0.0; 256];
        decode(&bytes, 0.5, &mut values);
        assert_eq!(
            [values[3], values[35], values[67], values[99]],
            [-0.5, 0.5, 0.0, 0.5]
        );
        assert!(values[128..].iter().all(|&value| value == 0.0));
    }

    #[test]
    fn codes_of_another_layout_are_told() {
        assert_eq!(check_codes(&[0b00_01_10_01; 100]), Ok(()));
        assert_eq!(check_codes(&[]), Ok(()));
        let random: Vec<u8> = (0..8192u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) / 0x100_0000) as u8)
            .collect();
        let complaint = check_codes(&random).expect_err("a quarter of them");
        assert!(
            complaint.contains("of 16384 codes looked at are 3 (25."),
            "{complaint}"
        );
        let mut late = vec![0b00_01_10_01; 1 << 20];
        late[1 << 19..].fill(0xff);
        assert!(
            check_codes(&late).is_err(),
            "the second half alone is broken"
        );
        // Two ones in neighbouring codes are no three.
        assert_eq!(check_codes(&[0b01_10_01_10]), Ok(()));
        assert!(check_codes(&[0b00_11_00_00]).is_err());
    }
}
