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

# tokenize ENGINE TEXT OUT
tokenize() {
    printf '{"schema":"lockstep/tokenize-request/v1","id":"a","text":"%s","bos":"model","parse_special":true}\n' "$2" |
        "$1" tokenize --model "$model" >"$3" 2>"$work/log"
    grep -q '"ids":\[[0-9]' "$3" || die "$1 made no tokens: $(cat "$3" "$work/log")"
}

# evaluate ENGINE FOLDER TOKEN: the numbers after three tokens and two greedy steps.
evaluate() {
    mkdir "$2"
    printf '%s\n' '{"schema":"lockstep/evaluate-request/v1","id":"a","tokens":['"$3"',338,105],"positions":"all","greedy_steps":2}' |
        "$1" evaluate --model "$model" --out "$2" --threads 2 --context 256 2>"$work/log" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["greedy_ids"])' >"$2/ids"
}

# describe ENGINE OUT
describe() {
    "$1" describe --model "$model" 2>"$work/log" |
        python3 -c 'import json, sys; told = json.load(sys.stdin); print(told["model"], told["can_run"])' >"$2"
    grep -q ' True$' "$2" || die "$1 cannot run the model: $(cat "$2" "$work/log")"
}

text='Hello, <|im_end|> world 42!'
tokenize "$ik" "$text" "$work/ik-tokens"
tokenize "$old" "$text" "$work/old-tokens"
cmp "$work/ik-tokens" "$work/old-tokens" || die "the tokens differ"
describe "$ik" "$work/ik-model"
describe "$old" "$work/old-model"
cmp "$work/ik-model" "$work/old-model" || die "the descriptions of the model differ"
evaluate "$ik" "$work/ik" 504
evaluate "$old" "$work/old" 504
diff -r "$work/ik" "$work/old" || die "the numbers differ"
# The negative controls: the comparisons see another text and another token.
tokenize "$old" "$text!" "$work/other-tokens"
if cmp -s "$work/ik-tokens" "$work/other-tokens"; then die "tokens of another text compare as equal"; fi
evaluate "$old" "$work/other" 505
if diff -rq "$work/ik" "$work/other" >"$work/log"; then die "numbers after another token compare as equal"; fi
# llama.cpp of 2024 cannot be asked to rearrange matrices, and says so.
status=0
"$old" evaluate --model "$model" --out "$work/old" --repack on </dev/null 2>"$work/log" || status=$?
[[ $status == 69 ]] || die "--repack ends with $status, expected 69: $(cat "$work/log")"
say "the file for llama.cpp of 2024 does on ik_llama.cpp what the file for ik_llama.cpp does"
