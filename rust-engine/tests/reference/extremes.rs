//! Weights and activations that models do not have: scales that are zero, denormal, infinite or no
//! number, codes that are the largest and the smallest, rows that break quantisers.

use gguf::TensorType;

/// Four blocks of 256, so that orders of summation show.
pub(crate) const COLUMNS: usize = 1024;

/// Zero, the smallest and largest denormals, the smallest normal, the largest, infinity, NaN quiet
/// and signalling, as F16.
const SCALES: [u16; 11] = [
    0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7d01,
];

/// Where in a block of the type its F16 scales are.
fn scale_offsets(tensor_type: TensorType) -> &'static [usize] {
    match tensor_type {
        TensorType::Q4_1 | TensorType::Q5_1 | TensorType::Q4_K | TensorType::Q5_K => &[0, 2],
        TensorType::Q2_K => &[80, 82],
        TensorType::Q3_K => &[108],
        TensorType::Q6_K => &[208],
        TensorType::TQ1_0 => &[52],
        TensorType::TQ2_0 => &[64],
        // Numbers without blocks are their own scale; that of MXFP4 is one byte.
        TensorType::F32 | TensorType::BF16 | TensorType::MXFP4 => &[],
        _ => &[0],
    }
}

/// xorshift: the same numbers in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }

    /// Between -1 and 1.
    fn unit(&mut self) -> f32 {
        (self.next() % 0x100_0000) as f32 / f32::from(0x4000u16) / 512.0 - 1.0
    }

    /// An F16 number of an ordinary magnitude.
    fn ordinary_scale(&mut self) -> u16 {
        (0x2000 + (self.next() % 0x1c00) as u16) | ((self.next() % 2) as u16 * 0x8000)
    }
}

/// Random or uniform codes under the given scale; a second scale is taken from `numbers`.
fn block(
    tensor_type: TensorType,
    fill: Option<u8>,
    scale: Option<u16>,
    numbers: &mut Numbers,
) -> Vec<u8> {
    let block = tensor_type.block_elements().expect("known");
    let size = tensor_type.bytes(block, 1).expect("known") as usize;
    let mut bytes: Vec<u8> = (0..size)
        .map(|_| fill.unwrap_or(numbers.next() as u8))
        .collect();
    for (i, &offset) in scale_offsets(tensor_type).iter().enumerate() {
        let ordinary = numbers.ordinary_scale();
        let own = match (i, scale) {
            (0, Some(scale)) => scale,
            (_, Some(_)) => numbers.of(&SCALES),
            (_, None) => ordinary,
        };
        bytes[offset..offset + 2].copy_from_slice(&own.to_le_bytes());
    }
    if tensor_type == TensorType::MXFP4 {
        bytes[0] = match scale {
            Some(scale) => (scale as u8).wrapping_add((scale >> 8) as u8),
            None => 110 + (numbers.next() % 30) as u8,
        };
    }
    bytes
}

/// Rows of one kind of block each, rows in which kinds alternate, ordinary rows.
pub(crate) fn weights(tensor_type: TensorType, numbers: &mut Numbers) -> Vec<Vec<u8>> {
    const FILLS: [Option<u8>; 5] = [None, Some(0), Some(0xff), Some(0x55), Some(0xaa)];
    let blocks = COLUMNS / tensor_type.block_elements().expect("known") as usize;
    let mut kinds: Vec<Vec<(Option<u8>, Option<u16>)>> = Vec::new();
    for fill in FILLS {
        kinds.push(vec![(fill, None); blocks]);
        kinds.extend(SCALES.map(|scale| vec![(fill, Some(scale)); blocks]));
    }
    for _ in 0..40 {
        let mixed = |numbers: &mut Numbers| {
            let scale = numbers
                .next()
                .is_multiple_of(4)
                .then(|| numbers.of(&SCALES[..7]));
            (numbers.of(&FILLS), scale)
        };
        kinds.push((0..blocks).map(|_| mixed(numbers)).collect());
        kinds.push(vec![(None, None); blocks]);
    }
    let row = |kinds: Vec<(Option<u8>, Option<u16>)>| {
        let blocks = kinds
            .into_iter()
            .flat_map(|(fill, scale)| block(tensor_type, fill, scale, numbers));
        blocks.collect()
    };
    kinds.into_iter().map(row).collect()
}

/// Rows of activations: ordinary ones and what breaks quantisers.
pub(crate) fn activations(numbers: &mut Numbers) -> Vec<Vec<f32>> {
    let mut row = |change: &dyn Fn(usize, f32) -> f32| -> Vec<f32> {
        (0..COLUMNS).map(|i| change(i, numbers.unit())).collect()
    };
    let at =
        |place: usize, value: f32| move |i: usize, x: f32| if i % 256 == place { value } else { x };
    vec![
        row(&|_, x| x),
        row(&|_, x| x * 1000.0),
        row(&|_, x| if x < 0.9 { 0.0 } else { x }),
        row(&|_, _| 0.0),
        row(&|_, _| -0.0),
        row(&|i, _| if i % 2 == 0 { 127.0 } else { -127.0 }),
        row(&|i, _| if i % 2 == 0 { -3.5 } else { 3.5 }),
        row(&|_, _| 5.0),
        row(&|i, x| x * 10f32.powi((i % 60) as i32 - 30)),
        row(&|_, x| x * 1e-38),
        row(&|_, x| x * 1e-44),
        row(&|_, x| x * 3e38),
        row(&|_, x| x.signum() * f32::MAX),
        row(&at(7, f32::INFINITY)),
        row(&at(40, f32::NEG_INFINITY)),
        row(&at(7, f32::NAN)),
        row(&at(31, f32::NAN)),
        row(&at(255, -f32::NAN)),
        row(&|_, _| f32::NAN),
        row(&|_, x| x * x),
    ]
}
