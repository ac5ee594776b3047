#!/usr/bin/env bash
# The harness's file for llama.cpp of 2024 (bitnet.cpp's), compiled and run on ik_llama.cpp's library:
# it must tokenize and evaluate as `ik` does, byte by byte, and so must what it says of the model.
#
# What this cannot show is that bitnet.cpp's own headers agree; they have the same calls by the same
# names, but are not to be had by a package.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ik=$("$root/scripts/build-references.sh" ik)
old=$("$root/scripts/build-references.sh" old-generation)
model=$("$root/scripts/fetch-demo-model.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tokenize() {
    printf '%s\n' '{"schema":"lockstep/tokenize-request/v1","id":"a","text":"Hello, <|im_end|> world 42!","bos":"model","parse_special":true}' |
        "$1" tokenize --model "$model" 2>"$work/log"
}

# evaluate ENGINE FOLDER TOKEN: the numbers after three tokens and two greedy steps.
evaluate() {
    mkdir "$2"
    printf '%s\n' '{"schema":"lockstep/evaluate-request/v1","id":"a","tokens":['"$3"',338,105],"positions":"all","greedy_steps":2}' |
        "$1" evaluate --model "$model" --out "$2" --threads 2 --context 256 2>"$work/log" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["greedy_ids"])' >"$2/ids"
}

describe() {
    "$1" describe --model "$model" 2>"$work/log" |
        python3 -c 'import json, sys; told = json.load(sys.stdin); print(told["model"], told["can_run"])'
}

[[ $(tokenize "$old") == "$(tokenize "$ik")" ]] || die "the tokens differ"
[[ $(describe "$old") == "$(describe "$ik")" ]] || die "the descriptions of the model differ"
evaluate "$ik" "$work/ik" 504
evaluate "$old" "$work/old" 504
diff -r "$work/ik" "$work/old" || die "the numbers differ"
# The negative control: the comparison sees another token.
evaluate "$old" "$work/other" 505
if diff -rq "$work/ik" "$work/other" >"$work/log"; then die "numbers after another token compare as equal"; fi
say "the file for llama.cpp of 2024 does on ik_llama.cpp what the file for ik_llama.cpp does"
