# The engines, the gate and the exit codes on the demo model.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables

# How long the parser is fed with broken files, in seconds.
fuzz_seconds=${LOCKSTEP_FUZZ_SECONDS:-600}
# In the order in which they run; 7 begins again from nothing and is run by name alone.
points=(1 2 3 4 5 6)

point_1() {
    local type out
    exact "SmolLM2 Q4_1" "$model" 256 32 1 1
    exact "SmolLM2 Q4_1" "$model" 256 32 2 2
    exact "SmolLM2 Q4_1" "$model" 256 32 1 2
    exact "SmolLM2 Q4_1" "$model" 256 32 2 1
    source_model=$work/smollm2-F32.gguf
    [[ -f $source_model ]] || "$engine" f32-twin "$model" "$source_model"
    for type in F32 F16 BF16 Q4_0 Q5_0 Q5_1 Q8_0 Q4_K_M Q5_K_M Q6_K; do
        out=$work/smollm2-$type.gguf
        variant "$type" "$out"
        exact "SmolLM2 $type" "$out" 256 32 1 2
        exact "SmolLM2 $type" "$out" 256 32 2 1
    done
    source_model=$work/fixture-F32.gguf
    "$engine" fixture --type f32 --seed 1 "$source_model"
    for type in Q4_K Q5_K Q6_K; do
        out=$work/fixture-pure-$type.gguf
        variant "$type" "$out" --pure --token-embedding-type "$type" --output-type "$type"
        [[ $(types "$out") == "F32 $type" ]] || die "a pure $type fixture has the types $(types "$out")"
        exact "fixture, pure $type (types read back: $(types "$out"))" "$out" 256 32 1 2
        exact "fixture, pure $type" "$out" 256 32 2 1
    done
    out=$work/fixture-mixed.gguf
    "$engine" fixture --type mixed --seed 1 "$out"
    exact "fixture of all types ($(types "$out"))" "$out" 256 32 1 2
}

point_2() {
    local receipt=$work/f32.json
    "$lockstep" per-token --model "$model" --prompt-file "$text" --max-positions 256 --max-tokens 32 \
        --profile f32 --format json >"$receipt" || die "f32: $(field "$receipt" 'r["reason"]')"
    figure 2 "$(field "$receipt" \
        'f"""{r["verdict"]}, largest NMSE {max(p["row"]["metrics"]["nmse"] for p in r["positions"])}, argmax equal at {sum(p["row"]["metrics"]["top1_equal"] for p in r["positions"])} of {len(r["positions"])} positions"""')"
    field "$receipt" 'exit(0 if all(p["row"]["metrics"]["nmse"] <= 1e-9 and p["row"]["metrics"]["top1_equal"] for p in r["positions"]) else 1)' ||
        die "f32: a position is beyond NMSE 1e-9, or its argmax differs"
}

# patched KIND OUT: a copy of the model with one fact about its tokenizer changed in place.
patched() {
    python3 - "$model" "$1" "$2" <<'PYTHON'
import shutil, sys
source, kind, out = sys.argv[1:]
shutil.copyfile(source, out)
with open(out, "r+b") as file:
    head = file.read(4 << 20)
    if kind == "pre":
        key, old, new = b"tokenizer.ggml.pre", b"smollm", b"llama3"
    else:
        key, old, new = b"tokenizer.ggml.add_bos_token", b"\x00", b"\x01"
    at = head.index(key) + len(key) + 4 + (8 if kind == "pre" else 0)
    assert head[at:at + len(old)] == old, head[at:at + len(old)]
    file.seek(at)
    file.write(new)
PYTHON
}

point_3() {
    local kind prompt receipt=$work/mismatch.json other status
    for kind in pre add_bos; do
        other=$work/smollm2-$kind.gguf
        patched "$kind" "$other"
        prompt=$'Three line ends:\n\n\nThe end.'
        status=0
        "$lockstep" per-token --model "$model" --reference-model "$other" --prompt "$prompt" --format json \
            >"$receipt" 2>"$work/mismatch.txt" || status=$?
        [[ $status == 2 ]] || die "a changed $kind: exit $status, expected 2"
        grep -q "$(case $kind in pre) printf 'tokenizer.ggml.pre' ;; *) printf 'add_bos_token' ;; esac)" \
            <(field "$receipt" 'r["suggestions"][0]') || die "a changed $kind is not the first suggestion"
        [[ $(field "$receipt" 'r["positions"], r["greedy"]') == "([], None)" ]] || die "something was evaluated"
        figure 3 "a changed $kind: exit 2, nothing evaluated, first suggestion: $(field "$receipt" 'r["suggestions"][0]')"
    done
}

# perturbed POSITION CHANGE…: the real engine with changed numbers diverges first at this position; at
# none if the position is empty.
perturbed() {
    local position=$1 receipt=$work/perturbed.json status=0 expected=1 first
    shift
    [[ -n $position ]] || expected=0
    printf '[[engine]]\nname = "perturbed"\ncommand = [%s, "--", "%s"]\n' \
        "$(printf '"%s", ' "$root/target/release/perturb" "$@" | sed 's/, $//')" "$engine" >"$work/engines.toml"
    local words=(per-token --engines "$work/engines.toml" --candidate perturbed --model "$model"
        --prompt "The quick brown fox jumps over the lazy dog." --max-tokens 2)
    "$lockstep" "${words[@]}" >"$work/perturbed.txt" || status=$?
    [[ $status == "$expected" ]] || die "perturbed by '$*': text exits $status, expected $expected"
    first=$(sed -n 's/^first divergence at token //p' "$work/perturbed.txt")
    [[ $first == "$position" ]] || die "perturbed by '$*': text says '$first', expected '$position'"
    status=0
    "$lockstep" "${words[@]}" --format json >"$receipt" || status=$?
    [[ $status == "$expected" ]] || die "perturbed by '$*': JSON exits $status, expected $expected"
    first=$(field "$receipt" 'r["first_divergence_token"] if r["first_divergence_token"] is not None else ""')
    [[ $first == "$position" ]] || die "perturbed by '$*': JSON says '$first', expected '$position'"
    figure 4 "SmolLM2, rust-engine perturbed by '$*': exit $status, first divergence at '$position' in both formats"
}

point_4() {
    cargo build --quiet --locked --release -p runner --bin perturb
    perturbed ''
    perturbed 5 --add 5 17 0.001
    perturbed 0 --add 0 49151 0.001
    perturbed 3 --swap-rows 3 7
    cargo nextest run --locked -p runner -E 'test(perturb)' >"$work/perturbed.log" 2>&1 ||
        { tail -n 40 "$work/perturbed.log" >&2; die "perturbed engines"; }
    figure 4 "perturbed stand-ins: $(tail -n 1 "$work/perturbed.log" | sed 's/^ *//')"
}

point_5() {
    cargo nextest run --locked -p gguf --success-output final >"$work/gguf.log" 2>&1 ||
        { tail -n 40 "$work/gguf.log" >&2; die "gguf tests"; }
    figure 5 "$(grep -oE '[0-9]+ malformed files' "$work/gguf.log" | head -n 1) refused by message"
    # Not the release profile: there a sum that overflows would wrap unseen.
    figure 5 "$(cargo run --quiet --locked -p gguf --example break_headers -- "$fuzz_seconds")"
}

# speed RECEIPT THREADS: tokens/s of both engines; fails where the candidate is the slower one. The first
# greedy token comes from the prompt's own rows, so decoding evaluates one token less than it chooses.
speed() {
    python3 - "$1" "$2" <<'PYTHON'
import json, sys
receipt = json.load(open(sys.argv[1]))
candidate, reference = (receipt["environment"][engine] for engine in ("candidate", "reference"))
work = {"prefill": len(receipt["tokens"]), "decode": len(receipt["greedy"][0]["steps"]) - 1}
for kind, n_tokens in work.items():
    ours, theirs = (n_tokens / engine[kind + "_ns"] * 1e9 for engine in (candidate, reference))
    print(f"{sys.argv[2]} threads: {kind} {ours:.1f} against {theirs:.1f} tokens/s ({ours / theirs:.2f}x)")
    if ours < theirs:
        sys.exit("exact is slower than llama-scalar")
PYTHON
}

point_6() {
    local threads receipt=$work/speed.json figures line
    for threads in 1 2; do
        "$lockstep" per-token --model "$model" --prompt-file "$text" --max-positions 256 --max-tokens 33 \
            --threads "$threads" --format json >"$receipt" || die "the comparison for its speed"
        figures=$(speed "$receipt" "$threads") || die "speed with $threads threads: $figures"
        while read -r line; do figure 6 "$line"; done <<<"$figures"
    done
}

point_7() {
    local clone fresh started
    clone=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder of now
    trap "rm -rf '$clone'" EXIT
    git clone --quiet "$root" "$clone/lockstep"
    mkdir "$clone/cache"
    fresh=(env -u CARGO_TARGET_DIR -u LOCKSTEP_REFERENCES -u LOCKSTEP_DEMO_MODEL "XDG_CACHE_HOME=$clone/cache")
    started=$SECONDS
    "${fresh[@]}" "$clone/lockstep/scripts/quickstart.sh" >"$work/quickstart.log" 2>&1 ||
        { tail -n 40 "$work/quickstart.log" >&2; die "quickstart.sh in a fresh clone"; }
    figure 7 "quickstart in a fresh clone with an empty cache, $((SECONDS - started)) s: $(tail -n 1 "$work/quickstart.log")"
    started=$SECONDS
    "${fresh[@]}" "$clone/lockstep/scripts/test.sh" >"$work/test.log" 2>&1 ||
        { tail -n 40 "$work/test.log" >&2; die "test.sh in a fresh clone"; }
    figure 7 "test.sh in it, $((SECONDS - started)) s: $(tail -n 1 "$work/test.log" | sed 's/^ *//')"
    started=$SECONDS
    "${fresh[@]}" "$clone/lockstep/scripts/quickstart.sh" >"$work/quickstart.log" 2>&1 || die "quickstart.sh again"
    figure 7 "quickstart again, $((SECONDS - started)) s"
}
