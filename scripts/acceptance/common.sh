# Shared by the chapters of scripts/acceptance.sh, which sources it: where things are, what is built,
# and the comparison that nearly every point makes.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for the chapters, too
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

text=$root/rust-engine/src/fixture/text.txt
lockstep=$root/target/release/lockstep
engine=$root/target/release/rust-engine
scalar=$references/llama-scalar
work=$cache/acceptance

# figure POINT TEXT
figure() { printf '%s %s: %s\n' "$chapter" "$1" "$2"; }

prepare() {
    scripts/build-references.sh all >/dev/null
    scripts/build-references.sh ik >/dev/null
    model=$(scripts/fetch-demo-model.sh)
    LOCKSTEP_GEMMA3_MODEL=$(scripts/fetch-gemma3-model.sh)
    export LOCKSTEP_DEMO_MODEL=$model LOCKSTEP_REFERENCES=$references LOCKSTEP_GEMMA3_MODEL
    scripts/fetch-tokenizers.sh >/dev/null
    cargo build --quiet --locked --release -p runner -p rust-engine
    mkdir -p "$work"
}

# field FILE EXPRESSION: a Python expression over the receipt `r`.
field() { python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }

# exact NAME MODEL POSITIONS STEPS CANDIDATE_THREADS REFERENCE_THREADS [PROMPT_FILE]: has to be BIT-EXACT,
# over as many positions and steps.
exact() {
    local receipt=$work/receipt.json
    "$lockstep" per-token --model "$2" --prompt-file "${7:-$text}" --max-positions "$3" --max-tokens "$4" \
        --candidate-threads "$5" --reference-threads "$6" --profile exact --format json >"$receipt" ||
        die "$1 with $5 and $6 threads: $(field "$receipt" 'r["verdict"] + ": " + r["reason"]')"
    field "$receipt" "exit(0 if (r['verdict'], len(r['positions']), sum(len(it['steps']) for it in r['greedy'])) == ('BIT-EXACT', $3, $4) else 1)" ||
        die "$1: fewer positions or steps than asked for, or no bits: $(field "$receipt" 'r["reason"]')"
    figure "$point" "$1, threads $5 and $6: $(field "$receipt" \
        'f"""{r["verdict"]}, {len(r["positions"])} positions and {sum(len(it["steps"]) for it in r["greedy"])} steps, max abs difference {r["max_absolute_diff"]}"""')"
}

# variant TYPE OUT [FLAG…]: a quantised copy of source_model, made once for each source.
variant() {
    local type=$1 out=$2
    shift 2
    [[ $out -nt $source_model ]] || run_logged "$out.log" "$scalar" quantize "$type" "$source_model" "$out" --allow-requantize "$@"
}

# types MODEL: the types of all matrices.
types() { "$engine" describe --model "$1" | python3 -c 'import json,sys; print(*sorted(json.load(sys.stdin)["model"]["tensor_type_counts"]))'; }
