//! Engines' words for tests.

use schemas::describe::{Arithmetic, Build, DescribeResponse, KvType, Settings};
use schemas::tag::Tag;

/// Of an engine that does nothing.
pub(crate) fn description(name: &str) -> DescribeResponse {
    DescribeResponse {
        schema: Tag::new(),
        name: name.to_owned(),
        version: "1".to_owned(),
        build: Build {
            compiler: "none".to_owned(),
            flags: Vec::new(),
            simd: Vec::new(),
            library: None,
        },
        arithmetics: vec![Arithmetic::Exact, Arithmetic::Fast],
        architectures: Vec::new(),
        tensor_types: Vec::new(),
        tokenizers: None,
        kernels: Vec::new(),
        settings: Settings {
            arithmetic: Arithmetic::Fast,
            threads: 2,
            context: 0,
            micro_batch: 512,
            kv: KvType::F16,
            flash_attention: false,
            repack: Some(true),
            library: None,
            cpu_features: Vec::new(),
            kernels: None,
        },
        model: None,
        can_run: None,
        reason: None,
    }
}
