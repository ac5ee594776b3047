#!/usr/bin/env bash
# Sets everything up on a fresh machine and ends with a real comparison: SmolLM2-135M, the Rust
# engine against the scalar build of llama.cpp, bit by bit. Arguments are passed on to the
# comparison.
#
#   scripts/quickstart.sh
#   scripts/quickstart.sh --prompt "Once upon a time" --max-tokens 16
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

"$root/scripts/build-references.sh" all >/dev/null
model=$("$root/scripts/fetch-demo-model.sh")
say "building lockstep and rust-engine"
cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml" -p runner -p rust-engine

arguments=("$@")
case " $* " in
    *" --prompt"*) ;;
    *) arguments+=(--prompt "What is the capital of France?") ;;
esac
lockstep=$root/target/release/lockstep
say "comparing: lockstep per-token --model $(basename "$model") ${arguments[*]}"
exec "$lockstep" per-token --model "$model" "${arguments[@]}"
