//! The real models of tests. What is missing fails a test: without it nothing is proved.

use std::path::PathBuf;

/// SmolLM2-135M, as scripts/fetch-demo-model.sh fetches it.
pub(crate) fn smollm2() -> PathBuf {
    fetched(
        "LOCKSTEP_DEMO_MODEL",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "scripts/fetch-demo-model.sh",
    )
}

/// The file that a variable names, else the one in the cache that the scripts use.
pub(crate) fn fetched(variable: &str, below_cache: &str, script: &str) -> PathBuf {
    let cached = || {
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
        cache.join("lockstep/models").join(below_cache)
    };
    let path = std::env::var_os(variable).map_or_else(cached, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run {script}",
        path.display()
    );
    path
}
