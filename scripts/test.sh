#!/usr/bin/env bash
# Every quick check: format, lints, docs, the harness's own tests, a real comparison on SmolLM2,
# and all tests of the workspace. What a check needs is made first; nothing is skipped.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"

step() { say "== $*"; }

step "references, models, tokenizers and readers of tables"
scripts/build-references.sh all >/dev/null
scripts/build-references.sh ik >/dev/null
scripts/fetch-tokenizers.sh >/dev/null
LOCKSTEP_DEMO_MODEL=$(scripts/fetch-demo-model.sh)
LOCKSTEP_GEMMA3_MODEL=$(scripts/fetch-gemma3-model.sh)
LOCKSTEP_TABLE_READERS=$(scripts/fetch-table-readers.sh)
export LOCKSTEP_DEMO_MODEL LOCKSTEP_GEMMA3_MODEL LOCKSTEP_TABLE_READERS
export LOCKSTEP_REFERENCES=$references

step "format"
cargo fmt --all --check

step "lints"
cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
cargo clippy --quiet --locked --workspace --all-targets --features rust-engine/faults -- -D warnings

step "the kernels for ARM, compiled"
[[ -d $(rustc --print sysroot)/lib/rustlib/aarch64-unknown-linux-gnu ]] ||
    rustup --quiet target add aarch64-unknown-linux-gnu
cargo clippy --quiet --locked -p rust-engine --all-targets --target aarch64-unknown-linux-gnu -- -D warnings

step "documentation"
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --workspace --no-deps --document-private-items

step "what the README says of the engines"
scripts/readme-table.sh --check

step "words that must not be there"
scripts/check-tree.sh

step "the harness's own tests"
scripts/test-harness.sh

step "the harness for bitnet.cpp's library"
scripts/test-old-generation.sh
scripts/test-bitnet-checkout.sh

step "mistakes that the engine makes on purpose"
# With the workspace, so that its dependencies are built once; the build of the next step puts the
# engine without mistakes back in its place. They are tried by lockstep, too, as its users try them.
cargo build --quiet --locked --workspace --features rust-engine/faults
cargo nextest run --locked --workspace --features rust-engine/faults --test faults

step "a real comparison: SmolLM2, exact"
# The same build as that of the tests below; quickstart.sh compares with the release build.
cargo build --quiet --locked --workspace
"${CARGO_TARGET_DIR:-target}/debug/lockstep" per-token --model "$LOCKSTEP_DEMO_MODEL" --quiet \
    --prompt "The quick brown fox counts: 1, 2, 3 and 42!" --max-tokens 8

step "the chances in the norm limits' bases"
LOCKSTEP="${CARGO_TARGET_DIR:-target}/debug/lockstep" \
    scripts/norm-limits.py --check "$LOCKSTEP_DEMO_MODEL"

step "job runners: GNU parallel, Snakemake, a workflow"
scripts/test-runners.sh

step "the report in a real browser"
scripts/test-report.sh

step "all tests"
cargo nextest run --locked --workspace --no-fail-fast
