#!/usr/bin/env bash
# Prints the names of `tokenizer.ggml.pre` that the pinned llama.cpp compares with, one a line.
#
#   scripts/list-pre-tokenizers.sh > rust-engine/tests/reference/tokens/pre_tokenizers.txt
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

manifest=$(cargo metadata --quiet --locked --format-version 1 --manifest-path "$root/cpp-harness/pinned-source/Cargo.toml" |
    python3 -c 'import json, sys
print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "llama-cpp-sys-2"))')
grep -o 'tokenizer_pre == "[^"]*"' "$(dirname "$manifest")/llama.cpp/src/llama-vocab.cpp" |
    cut -d '"' -f 2 | LC_ALL=C sort -u
