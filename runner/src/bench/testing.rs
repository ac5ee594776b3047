//! Records for the tests of this module.

use schemas::bench::{
    BenchAgreement, BenchEngine, BenchFigure, BenchFigures, BenchReceipt, BenchRows, BenchWork,
    Machine,
};
use schemas::describe::{Build, Settings};
use schemas::number::Finite;
use schemas::receipt::FileIdentity;
use schemas::tag::Tag;

use super::figures;
use crate::engine::testing::description;
use crate::exit::Exit;

/// Those of an engine that does not speak of repacking.
pub(super) fn settings() -> Settings {
    Settings {
        context: 512,
        repack: None,
        ..description("engine").settings
    }
}

pub(super) fn model() -> FileIdentity {
    FileIdentity {
        label: "model.gguf".to_owned(),
        file_bytes: 1,
        sha256: "sha256:1".to_owned(),
    }
}

pub(super) fn work() -> BenchWork {
    BenchWork {
        positions: 300,
        steps: 32,
        threads: 2,
        repeat: 3,
        as_configured: false,
    }
}

/// An engine whose median of every figure is this, a hundredth more and less the others.
pub(super) fn engine(name: &str, median: u64) -> BenchEngine {
    let figure =
        || -> BenchFigure { figures::of(vec![median, median * 101 / 100, median * 99 / 100]) };
    BenchEngine {
        name: name.to_owned(),
        version: "1".to_owned(),
        build: Build {
            compiler: "rustc".to_owned(),
            flags: Vec::new(),
            simd: Vec::new(),
            library: None,
        },
        kernels: vec!["scalar".to_owned()],
        prefill_settings: settings(),
        decode_settings: settings(),
        rows: BenchRows {
            load: 1,
            prefill_all: 300,
            prefill_last: 1,
            decode: 32,
        },
        figures: BenchFigures {
            load_ns: figure(),
            prefill_all_ns: figure(),
            prefill_last_ns: figure(),
            decode_ns: figure(),
            answer_ns: figure(),
            peak_resident_bytes: figure(),
            anonymous_bytes: figure(),
        },
        trials: Vec::new(),
        agreement: Some(BenchAgreement {
            rows: 300,
            mean_kl: Finite::new(0.001).expect("finite"),
            top1_equal: 290,
        }),
    }
}

/// Of these engines.
pub(super) fn receipt(engines: Vec<BenchEngine>) -> BenchReceipt {
    BenchReceipt {
        schema: Tag::new(),
        exit: Exit::Parity.record(),
        lockstep_version: "0.1.0".to_owned(),
        machine: Machine {
            cpu: Some("a CPU".to_owned()),
            processors: 2,
            memory_bytes: Some(8 << 30),
        },
        model: model(),
        work: work(),
        engines,
        against: None,
    }
}
