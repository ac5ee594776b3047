# Floors, the ladder, sabotage and receipts.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables
# shellcheck source=scripts/acceptance/judged.sh
source "$root/scripts/acceptance/judged.sh"

points=(1 2 3 4 5)

# The pairs of one model. Its floors are measured by the first and kept.
pairs() {
    judged "$1" "$2" "rust-engine (exact) against native" other
    # The scalar build has its bits, so that the floor above is in part its own.
    LOCKSTEP_REFERENCES=$work/no-scalar judged "$1" "$2" "the same, no scalar build in the floor" other
    judged "$1" "$2" "native, micro-batch 1 against 512" own --candidate llama-native --candidate-micro-batch 1
    judged "$1" "$2" "native, flash attention on against off" own --candidate llama-native --candidate-flash-attention on
    judged "$1" "$2" "ik against native" own --candidate ik
}

point_1() {
    local type name
    rm -rf "$work/no-scalar"
    mkdir "$work/no-scalar"
    for name in llama-native ik; do ln -s "$references/$name" "$work/no-scalar/$name"; done
    pairs "SmolLM2 Q4_1" "$model"
    source_model=$work/smollm2-F32.gguf
    [[ -f $source_model ]] || "$engine" f32-twin "$model" "$source_model"
    for type in Q8_0 Q4_K_M; do
        variant "$type" "$work/smollm2-$type.gguf"
        pairs "SmolLM2 $type" "$work/smollm2-$type.gguf"
    done
    pairs "Gemma-3-270M Q4_K_M" "$LOCKSTEP_GEMMA3_MODEL"
}

point_2() {
    local fixture=$work/fixture-sabotage.gguf
    scripts/build-faulty-engine.sh >/dev/null
    "$engine" fixture --type mixed --seed 1 "$fixture"
    sabotaged "fixture of all types" "$fixture" all
    sabotaged "SmolLM2 Q4_1" "$model" all
}

# The prompts of the playbook's quick workflow: its commands 2 and 5, 3, and 4.
workflow=("What is 2+2?" "Test" "What is the capital of France?")

point_3() {
    local out=$work/workflow line number=0 prompt
    rm -rf "$out" "$out".*
    printf '%s\n' "${workflow[@]}" >"$out.txt"
    "$lockstep" ladder --model "$model" --prompts "$out.txt" --allow-small --max-tokens 8 --out "$out" >"$out.climb" ||
        die "the quick workflow: exit $?: $(tail -n 1 "$out.climb")"
    while read -r line; do figure 3 "$line"; done <"$out.climb"
    "$lockstep" preflight --model "$model" >"$out.preflight" || die "preflight alone: exit $?"
    for prompt in "${workflow[@]}"; do
        number=$((number + 1))
        "$lockstep" per-token --model "$model" --prompt "$prompt" --max-tokens 8 --format json >"$out.single" ||
            die "'$prompt' alone: exit $?"
        same_answers "$out.single" "$out/line-$number/receipt.json" || die "'$prompt' has other answers alone"
        figure 3 "'$prompt' alone has the same answers: $(field "$out.single" \
            'f"""{len(r["tokens"])} tokens, greedy {r["greedy"][0]["candidate_ids"]}, {r["verdict"]}"""')"
    done
}

# same_answers RECEIPT RECEIPT: tokens, every figure of every position, what both engines chose.
same_answers() {
    python3 - "$@" <<'PYTHON'
import json, sys
sides = [json.load(open(path)) for path in sys.argv[1:]]
keys = ("tokens", "positions", "greedy", "verdict")
sys.exit(any(sides[0][key] != sides[1][key] for key in keys))
PYTHON
}

point_4() {
    local log=$work/verify.log profile out=$work/twice
    cargo nextest run --locked -p runner -E 'binary(per_token) & test(/^verify::/)' --success-output final >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; die "verify-receipt"; }
    figure 4 "edits that verify-receipt notices: $(noticed "$log" 'by its digest') by the digest, $(noticed "$log" 'with a new digest') with a new digest"
    (($(noticed "$log" 'with a new digest') >= 20)) || die "fewer than twenty kinds of tampering"
    for profile in exact production; do
        rm -rf "$out" "$out.again"
        for folder in "$out" "$out.again"; do
            "$lockstep" per-token --model "$model" --prompt "What is 2+2?" --profile "$profile" --out "$folder" >"$out.txt" ||
                die "$profile: exit $?: $(tail -n 1 "$out.txt")"
        done
        cmp "$out/receipt.json" "$out.again/receipt.json" || die "$profile: two runs store other bytes"
        "$lockstep" verify-receipt "$out/receipt.json" >"$out.txt" || die "$profile: $(cat "$out.txt")"
        figure 4 "$profile: two runs store the same $(wc -c <"$out/receipt.json") bytes"
    done
}

# noticed LOG HOW: the sum of what the tests tell.
noticed() { grep -oE "noticed $2: [0-9]+" "$1" | awk '{ sum += $NF } END { print sum + 0 }'; }

point_5() {
    local part word
    part=$(sed -n '/^## Reading a verdict/,/^## Exit codes/p' README.md)
    for word in BIT-EXACT MATCH DRIFT TIE-FLIP DIVERGED TOKEN-MISMATCH REFUSED ENGINE-FAILED INCONCLUSIVE NOT-REACHED SKIPPED; do
        grep -qF "\`$word\`" <<<"$part" || die "the README does not explain $word"
    done
    figure 5 "the README explains every verdict"
    grep -qF '(floors-smollm2.svg)' docs/floors.md || die "docs/floors.md has no picture"
    grep -q 'llama-scalar' docs/floors-smollm2.svg || die "the picture of floors names no build"
    figure 5 "docs/floors.md has its picture"
}
