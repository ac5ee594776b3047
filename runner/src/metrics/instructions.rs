//! The metrics on every set of instructions that this CPU has: the same to the last bit, since receipts of
//! unlike machines are compared byte by byte.

use super::*;

/// Scalar code comes first: what the others are held against.
fn archs() -> Vec<Arch> {
    let mut archs = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        archs.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    archs
}

/// What is found, number by number: two numbers with other bits have another text.
fn text(arch: Arch, candidate: &[f32], reference: &[f32]) -> String {
    format!("{:?}", compare_on(arch, candidate, reference))
}

#[track_caller]
fn check(what: &str, candidate: &[f32], reference: &[f32]) {
    let archs = archs();
    let expected = text(archs[0], candidate, reference);
    for &arch in &archs[1..] {
        let found = text(arch, candidate, reference);
        assert_eq!(found, expected, "{what}, {} numbers", reference.len());
    }
}

/// Numbers that a sum, a power or an order could trip over.
const ODD: [f32; 12] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MAX,
    f32::MIN,
    1e30,
    -1e30,
    f32::MIN_POSITIVE,
    1e-45,
    0.0,
    -0.0,
    -708.5,
];

#[test]
fn every_set_of_instructions_finds_the_same_bits() {
    let mut numbers = tests::Numbers(11);
    // Around a vector, two of them, a line of columns, a block, and two of these.
    let around = [
        127, 128, 129, 1000, 1023, 1024, 1025, 1041, 2047, 2048, 2100,
    ];
    for n in (1..=70).chain(around).chain([4099, 49_152]) {
        let reference = numbers.row(n, 12.0);
        let mut near = |by: f32| -> Vec<f32> {
            let noise = numbers.row(n, by);
            reference.iter().zip(noise).map(|(r, e)| r + e).collect()
        };
        let like = |change: &dyn Fn(f32) -> f32| reference.iter().map(|&x| change(x)).collect();
        let candidates: [(&str, Vec<f32>); 9] = [
            ("equal", reference.clone()),
            ("near", near(1e-2)),
            ("far", near(30.0)),
            ("shifted far", like(&|x| x + 1e8)),
            ("half shifted", like(&|x| x + 4.0)),
            ("small", like(&|x| x * 1e-40)),
            ("huge", like(&|x| x * 1e37)),
            ("zero", like(&|_| -0.0)),
            ("turned round", like(&|x| -x)),
        ];
        for (what, candidate) in candidates {
            check(what, &candidate, &reference);
            check(what, &reference, &candidate);
        }
        for (i, odd) in ODD.into_iter().enumerate() {
            let mut spoilt = near(1e-2);
            spoilt[i * 97 % n] = odd;
            check("spoilt", &spoilt, &reference);
            check("spoilt", &reference, &spoilt);
            check("spoilt", &spoilt, &spoilt);
        }
    }
}

#[test]
fn a_last_bit_would_be_noticed() {
    let mut numbers = tests::Numbers(12);
    let [reference, mut candidate] = [(); 2].map(|()| numbers.row(1000, 12.0));
    for arch in archs() {
        let before = text(arch, &candidate, &reference);
        candidate[999] = f32::from_bits(candidate[999].to_bits() ^ 1);
        assert_ne!(text(arch, &candidate, &reference), before);
    }
}
