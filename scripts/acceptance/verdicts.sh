# Floors, the ladder, sabotage and receipts.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables

points=(1 2 3 4 5)

# excess FOLDER OWN: what a climb's receipts come to. With OWN the candidate is a variant of the
# reference, and no floor may have it.
excess() {
    python3 - "$@" <<'PYTHON'
import collections, glob, json, sys
folder, own = sys.argv[1], sys.argv[2:] == ["own"]
receipts = [json.load(open(path)) for path in sorted(glob.glob(f"{folder}/*/receipt.json"))]
def worst(figure):
    values = [receipt["excess"][metric][figure] for receipt in receipts for metric in ("kl", "mse", "max_abs")]
    return max(float("inf") if value is None else value for value in values)
left_out = [sum(v["left_out"] == "it is the candidate" for v in r["floor"]["variants"]) for r in receipts]
if own and 0 in left_out:
    sys.exit("a floor has the candidate among its variants")
variants = min(sum(v["left_out"] is None for v in r["floor"]["variants"]) for r in receipts)
verdicts = collections.Counter(receipt["verdict"] for receipt in receipts)
rows = sum(len(r["positions"]) + sum(len(it["steps"]) for it in r["greedy"]) for r in receipts)
flips = sum(receipt["excess"]["flips"] for receipt in receipts)
print(f"{', '.join(f'{n} {verdict}' for verdict, n in sorted(verdicts.items()))}; {rows} rows, {flips} flips; of a floor "
      f"of {variants} variants: median {worst('median'):.2f}, p99 {worst('p99'):.2f}, max {worst('max'):.2f}, "
      f"share above 1 {worst('share_above'):.3f} (each the worst of its kind over prompts and metrics)")
PYTHON
}

# judged NAME MODEL PAIR OWN [FLAG…]: the built-in prompts in production, where only parity will do.
judged() {
    local name=$1 model=$2 pair=$3 own=$4 out=$work/climb figures status=0
    shift 4
    rm -rf "$out"
    "$lockstep" ladder --profile production --model "$model" --out "$out" "$@" >"$out.txt" 2>"$out.log" || status=$?
    [[ $status == 0 ]] || { cat "$out.txt" >&2; die "$name, $pair: exit $status: $(tail -n 1 "$out.txt")"; }
    figures=$(excess "$out" "$own") || die "$name, $pair: $figures"
    "$lockstep" verify-receipt "$out"/*/receipt.json >"$out.txt" || die "$name, $pair: $(grep -v '^✓' "$out.txt")"
    figure 1 "$name, $pair: $figures"
}

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

# sabotaged NAME MODEL: no fault slips in any profile, and in exact thirty are caught and none hides.
# Where one hides the figure says how well, and from which strength on it is caught.
sabotaged() {
    local name=$1 out=$work/sabotage.json figures line status=0
    "$lockstep" sabotage --model "$2" --profile all --format json >"$out" 2>"$out.log" || status=$?
    [[ -s $out ]] || die "sabotage of $name: exit $status: $(tail -n 1 "$out.log")"
    figures=$(python3 - "$out" <<'PYTHON'
import collections, json, sys
for profile in json.load(open(sys.argv[1]))["profiles"]:
    trials, name = profile["trials"], profile["profile"]
    found = collections.Counter(trial["outcome"] for trial in trials)
    print(f"{name}: {len(trials)} faults: {', '.join(f'{n} {outcome}' for outcome, n in sorted(found.items()))}")
    for trial in trials:
        if trial["outcome"] in ("slipped", "failed"):
            print(f"{name}: {trial['fault']} {trial['outcome']}: {trial['reason']}")
        if hidden := trial["hidden"]:
            strength = hidden["caught_at_strength"]
            caught = f"caught at {strength} times its strength" if strength else "at no strength that was tried"
            share = "no share" if hidden["share"] is None else f"{hidden['share']:.3g}"
            print(f"{name}: {trial['fault']} hides in {share} of the limit on {hidden['metric']}; {caught}")
    if found["slipped"] or found["failed"] or (name == "exact" and (found["caught"] < 30 or found["hidden"])):
        sys.exit("a fault is missed, or fewer than thirty are caught")
PYTHON
    ) || die "sabotage of $name: exit $status: $figures"
    [[ $status == 0 ]] || die "sabotage of $name: exit $status: $(field "$out" 'r["reason"]')"
    while read -r line; do figure 2 "$name, $line"; done <<<"$figures"
}

point_2() {
    local fixture=$work/fixture-sabotage.gguf
    scripts/build-faulty-engine.sh >/dev/null
    "$engine" fixture --type mixed --seed 1 "$fixture"
    sabotaged "fixture of all types" "$fixture"
    sabotaged "SmolLM2 Q4_1" "$model"
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
