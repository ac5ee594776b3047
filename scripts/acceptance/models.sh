# Families, tensor types and tokenizers.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables

points=(1 2 3 4 5 6)

# What upstream's `bitnet` is run in beside the floats; its matrices are ternary.
ternary_types=(TQ1_0 TQ2_0)
upstream_types=(F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4)

# pure FAMILY TYPE: a fixture that has the type in every matrix, by the engine where it writes it.
pure() {
    local family=$1 type=$2 out=$work/$1-$2.gguf
    source_model=$work/$family-F32.gguf
    "$engine" fixture --family "$family" --seed 1 "$source_model"
    if [[ $family == bitnet ]]; then
        "$engine" fixture --family "$family" --seed 1 --type "$type" "$out"
        [[ $(types "$out") == "F16 F32 $type" ]] || die "a $type fixture of $family has the types $(types "$out")"
    elif [[ $type != F32 ]]; then
        variant "$type" "$out" --pure --token-embedding-type "$type" --output-type "$type"
        [[ $(types "$out") == $(sort <<<"F32"$'\n'"$type" | xargs) ]] || die "a pure $type fixture of $family has the types $(types "$out")"
    fi
}

point_1() {
    local gemma family type long=$work/long.txt
    cat "$text" "$text" "$text" >"$long"
    gemma=$(scripts/fetch-gemma3-model.sh)
    exact "Gemma-3-270M Q4_K_M" "$gemma" 128 16 1 2
    exact "Gemma-3-270M Q4_K_M, past its window of 512" "$gemma" 640 16 2 1 "$long"
    for type in "${ternary_types[@]}"; do
        pure bitnet "$type"
        exact "bitnet, $type" "$work/bitnet-$type.gguf" 128 16 2 1
    done
    # The fixture of gemma3 has a window of 16.
    for family in qwen2 qwen3 gemma3 llama; do
        for type in "${upstream_types[@]}"; do
            pure "$family" "$type"
            exact "$family, $type" "$work/$family-$type.gguf" 128 16 2 1
        done
    done
}

point_2() {
    local log=$work/golden.log
    cargo nextest run --locked -p rust-engine -E 'binary(golden)' --success-output final >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; die "golden models"; }
    local line
    grep -oE '[^ ]+: mean KL .*|[0-9]+ traced products .*' "$log" >"$log.figures" || die "the golden tests told no figure: $log"
    while read -r line; do figure 2 "$line"; done <"$log.figures"
}

point_3() {
    local log=$work/tokens.log figures line
    cargo nextest run --locked -p rust-engine -E 'binary(reference) & test(/^tokens/)' --success-output final >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; die "tokenizers"; }
    # The runner of the tests indents what they print.
    figures=$(grep -oE '[^ ]+: [0-9]+ texts, .*' "$log") || die "the tests of tokenizers told no figure: $log"
    while read -r line; do figure 3 "$line"; done <<<"$figures"
    figure 3 "$(grep -oE '[0-9]+ tests run: .*' "$log")"
    scripts/measure-tokenizers.sh >"$work/measured.log" || die "a text of 1 MB takes 2 s or more: $work/measured.log"
    figure 3 "1 MB of text: $(tail -n 1 "$work/measured.log")"
}

point_4() {
    local model=$work/bitnet-2b4t-i2_s.gguf
    [[ $model -nt $engine ]] || "$engine" fixture --family bitnet-b1.58 --shape 2b4t --type i2_s "$model"
    python3 - "$engine" "$model" "$work" <<'PYTHON' | while read -r line; do figure 4 "$line"; done
import json, os, subprocess, sys, time
engine, model, out = sys.argv[1:]
size = os.path.getsize(model)
words = [engine, "evaluate", "--model", model, "--out", out, "--context", "256"]
# From the start of the process to its end, with nothing to evaluate in between.
times = []
for _ in range(5):
    started = time.monotonic()
    subprocess.run(words, stdin=subprocess.DEVNULL, check=True)
    times.append(time.monotonic() - started)
load = min(times)
print(f"BitNet 2B-4T shape in I2_S, {size} bytes: loads in {load * 1e3:.0f} ms", flush=True)
request = {"schema": "lockstep/evaluate-request/v1", "id": "a", "tokens": list(range(40, 80)),
           "positions": "all", "greedy_steps": 4}
child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdin.write(json.dumps(request) + "\n")
child.stdin.close()
peak = 0
while child.poll() is None:
    with open(f"/proc/{child.pid}/status") as status:
        anonymous = [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
    peak = max([peak] + anonymous)
    time.sleep(0.002)
answer = json.loads(child.stdout.read())
if child.returncode != 0 or "error" in answer or len(answer["greedy_ids"]) != 4:
    sys.exit(f"it does not evaluate: {answer}")
print(f"it evaluates 40 positions and 4 steps; peak anonymous memory {peak / 1024:.0f} MiB, "
      f"{100 * peak * 1024 / size:.1f} % of the file", flush=True)
if load >= 0.1 or peak * 1024 >= 0.15 * size:
    sys.exit("slower than 100 ms, or more than 15 %")
PYTHON
}

point_5() {
    local tokenizers vocabulary=$work/llama3-no-pre.gguf model=$work/llama3-fixture.gguf receipt=$work/no-pre.json status=0
    tokenizers=$(scripts/fetch-tokenizers.sh)
    "$engine" vocabulary --from "$tokenizers/llama3.json" --bos '<|begin_of_text|>' --eos '<|end_of_text|>' "$vocabulary"
    "$engine" fixture --type q8_0 --vocabulary-of "$vocabulary" "$model"
    "$lockstep" per-token --model "$model" --tokenizer "$tokenizers/llama3.json" --prompt '2 + 2 =' --format json \
        >"$receipt" 2>/dev/null || status=$?
    [[ $status == 2 ]] || die "a missing pre: exit $status, expected 2"
    field "$receipt" 'exit(0 if r["verdict"] == "TOKEN-MISMATCH" and "has no tokenizer.ggml.pre" in r["suggestions"][0] else 1)' ||
        die "a missing pre is not the first suggestion: $(field "$receipt" 'r["suggestions"]')"
    figure 5 "LLaMA-3 without pre, '2 + 2 =': exit 2, first suggestion: $(field "$receipt" 'r["suggestions"][0]')"
    # The control: the same model and text, both by the file's own rules.
    "$lockstep" per-token --model "$model" --prompt '2 + 2 =' --quiet >/dev/null || die "the file's own rules on both sides: exit $?"
}

point_6() {
    scripts/readme-table.sh --check
    figure 6 "the README's table of what runs is what describe says"
}
