# The fast engine: speed beside its peers, and that what is fast is right.
#
# Speeds are figures and no tests: one that misses its goal is told as such, and the chapter goes on. What
# is wrong ends it.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables
# shellcheck source=scripts/acceptance/judged.sh
source "$root/scripts/acceptance/judged.sh"

points=(1 2 3 4 5 6 7 8 9)

# bench OUT MODEL FLAG…: measures in turn.
bench() {
    local out=$1 model=$2
    shift 2
    "$lockstep" bench --model "$model" --threads 2 --format json "$@" >"$out" 2>"$out.log" ||
        die "bench of $model: exit $?: $(tail -n 1 "$out.log")"
}

# beside NAME OUT GOAL…: each engine's figures, then a line for each goal: `prefill:ik:2` is twice as many tokens
# a second as ik, `best` whoever is best of the others, `prefill::220` so many tokens a second.
beside() {
    local line told
    told=$(python3 - "${@:2}" <<'PYTHON'
import json, sys
receipt = json.load(open(sys.argv[1]))
positions, steps = receipt["work"]["positions"], receipt["work"]["steps"]
done = {"prefill": ("prefill_all_ns", positions), "last": ("prefill_last_ns", positions), "decode": ("decode_ns", steps - 1)}
def rates(engine, what):
    field, tokens = done[what]
    figure = engine["figures"][field]
    return [tokens * 1e9 / figure[it] for it in ("maximum", "median", "minimum")]
def words(settings):
    return (f"{', '.join(settings.get('kernels') or [])} flash {'on' if settings['flash_attention'] else 'off'}, "
            f"repack {settings.get('repack')}, micro-batch {settings['micro_batch']}").strip()
engines = {engine["name"]: engine for engine in receipt["engines"]}
for name, engine in engines.items():
    figures = "; ".join(f"{what} {'/'.join(f'{rate:.0f}' for rate in rates(engine, what))}" for what in done)
    memory = engine["figures"]["anonymous_bytes"]["median"] / 1e6
    print(f"{name}: tokens/s, slowest/median/fastest: {figures}; load {engine['figures']['load_ns']['median'] / 1e6:.0f} ms; own memory "
          f"{memory:.0f} MB; prefill with {words(engine['prefill_settings'])}; decode with {words(engine['decode_settings'])}")
first, *others = engines.values()
for goal in sys.argv[2:]:
    what, peer, wanted = goal.split(":")
    own, wanted = rates(first, what)[1], float(wanted)
    if peer:
        rivals = others if peer == "best" else [engines[peer]]
        rival = max(rivals, key=lambda it: rates(it, what)[1])
        found, shown = own / rates(rival, what)[1], f"times {rival['name']}"
    else:
        found, shown = own, "tokens/s"
    print(f"{what} {found:.3g} {shown}, goal {wanted:g}: {'reached' if found >= wanted else 'MISSED'}")
PYTHON
    ) || die "$1: $told"
    while read -r line; do figure "$point" "$1, $line"; done <<<"$told"
}

# Of this run.
rm -f "$work/reads.txt"

# reads: GB/s that two threads read, by the benchmark of kernels, which measures that before the smallest of them.
reads() {
    if [[ ! -s $work/reads.txt ]]; then
        cargo bench --quiet --locked -p rust-engine -- norm >"$work/norm.txt" 2>"$work/norm.log" ||
            die "cargo bench: $(tail -n 1 "$work/norm.log")"
        awk '/^reading by all/ { print $4 }' "$work/norm.txt" >"$work/reads.txt"
        [[ -s $work/reads.txt ]] || die "cargo bench: no line of what all threads read"
    fi
    cat "$work/reads.txt"
}

# scaled TOKENS_PER_SECOND: what was promised for 48 GB/s, for what this machine reads.
scaled() {
    local reads
    reads=$(reads) || return
    awk -v rate="$1" -v reads="$reads" 'BEGIN { printf "%.0f", rate * reads / 48 }'
}

point_1() {
    bench "$work/bench.json" "$model" --engine rust-engine --engine ik --engine llama-native --positions 300
    beside "SmolLM2 Q4_1" "$work/bench.json" prefill:ik:2 prefill:llama-native:5 decode:ik:1.5
}

# smollm2 TYPE: a copy in that type, made of the F32 twin.
smollm2() {
    source_model=$work/smollm2-F32.gguf
    [[ -f $source_model ]] || "$engine" f32-twin "$model" "$source_model"
    variant "$1" "$work/smollm2-$1.gguf"
}

# pure_q4_k: about 100 million parameters, all in one type.
pure_q4_k() {
    source_model=$work/wide-f16.gguf
    [[ -f $source_model ]] || "$engine" fixture --shape custom --layers 14 --width 768 --ffn-width 2048 --heads 12 \
        --kv-heads 4 --head-width 64 --vocabulary 16384 --context 4096 --type f16 "$source_model"
    variant Q4_K "$work/wide-Q4_K.gguf" --pure
}

point_2() {
    local type
    for type in Q8_0 Q4_0 Q4_K_M F16; do
        smollm2 "$type"
        bench "$work/bench.json" "$work/smollm2-$type.gguf" --engine rust-engine --engine ik --engine llama-native --positions 300
        beside "SmolLM2 $type" "$work/bench.json" prefill:best:2 decode:best:1.3
    done
    pure_q4_k
    # ik rotates without the divisors that a fixture has, and is refused.
    bench "$work/bench.json" "$work/wide-Q4_K.gguf" --engine rust-engine --engine llama-native --positions 300
    beside "100M Q4_K" "$work/bench.json" prefill:best:2 decode:best:1.3
}

point_3() {
    local bytes limit reads
    bench "$work/bench.json" "$LOCKSTEP_GEMMA3_MODEL" --engine rust-engine --engine ik --engine llama-native --positions 300
    # Its embedding is its output matrix: each token reads all of the file.
    bytes=$(stat -c %s "$LOCKSTEP_GEMMA3_MODEL")
    reads=$(reads)
    limit=$(awk -v reads="$reads" -v bytes="$bytes" 'BEGIN { printf "%.0f", 0.9 * reads * 1e9 / bytes }')
    beside "Gemma-3-270M Q4_K_M" "$work/bench.json" prefill:ik:2 "decode::$limit"
    figure 3 "two threads read $reads GB/s; a token reads $bytes bytes"
}

# ternary TYPE: random, in the shape of BitNet b1.58 2B 4T.
ternary() {
    local family=bitnet
    [[ $1 != i2_s ]] || family=bitnet-b1.58
    [[ -f $work/2b4t-$1.gguf ]] || "$engine" fixture --family "$family" --shape 2b4t --type "$1" "$work/2b4t-$1.gguf"
}

point_4() {
    local prefill decode
    ternary i2_s
    bench "$work/bench.json" "$work/2b4t-i2_s.gguf" --engine rust-engine --positions 128 --steps 16 --repeat 3
    prefill=$(scaled 220)
    decode=$(scaled 36)
    beside "2B-4T I2_S" "$work/bench.json" "prefill::$prefill" "decode::$decode"
    ternary tq2_0
    bench "$work/bench.json" "$work/2b4t-tq2_0.gguf" --engine rust-engine --engine llama-native --positions 128 --steps 16 --repeat 3
    beside "2B-4T TQ2_0" "$work/bench.json" prefill:llama-native:3
}

# From the start of the process to its end, after one that warms the page cache.
point_5() {
    local told
    ternary i2_s
    rm -rf "$work/eight"
    mkdir "$work/eight"
    told=$(python3 - "$engine" "$work/2b4t-i2_s.gguf" "$work/eight" <<'PYTHON'
import json, os, subprocess, sys, time
engine, model, out = sys.argv[1:]
request = json.dumps({"schema": "lockstep/evaluate-request/v1", "id": "eight", "tokens": [1, 5, 9, 13, 17, 21, 25, 29], "positions": "all", "greedy_steps": 0})
took = []
for _ in range(6):
    begin = time.monotonic()
    subprocess.run([engine, "evaluate", "--model", model, "--out", out, "--arithmetic", "fast", "--threads", "2"],
                   input=request + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
    took.append(time.monotonic() - begin)
    assert os.path.getsize(f"{out}/eight.logits.npy") > 8 * 4 * 100_000
took = sorted(took[1:])
print(f"8 tokens of the 2B shape, from the start of the process to its end: {took[0]:.3f}/{took[2]:.3f}/{took[4]:.3f} s, "
      f"goal 0.5: {'reached' if took[2] < 0.5 else 'MISSED'}")
PYTHON
    ) || die "eight tokens"
    figure 5 "$told"
}

# apart NAME CANDIDATE REFERENCE: the mean over all rows of the built-in prompts of how far two engines are apart.
apart() {
    local out=$work/apart
    rm -rf "$out"
    # Without a floor no verdict is a parity, and none is wanted.
    "$lockstep" --engines "$work/engines.toml" ladder --rung positions --profile production --floor off --model "$1" \
        --candidate "$2" --reference "$3" --max-tokens 0 --out "$out" >"$out.txt" 2>"$out.log" || (($? == 4)) ||
        die "$2 and $3: exit $?: $(tail -n 1 "$out.txt")"
    python3 - "$out" <<'PYTHON'
import glob, json, sys
rows = [row["row"]["metrics"] for path in sorted(glob.glob(f"{sys.argv[1]}/*/receipt.json")) for row in json.load(open(path))["positions"]]
kl = sum(row["kl"] for row in rows) / len(rows)
mse = sum(row["shift_removed"]["mse"] for row in rows) / len(rows)
print(len(rows), f"{kl:.4g} {mse:.4g}")
PYTHON
}

point_6() {
    local log=$work/kernels.log rows kl mse of_rows of_kl of_mse
    cargo test --quiet --locked --release -p rust-engine --lib -- kernels::fast::tests --nocapture >"$log" 2>&1 ||
        { tail -n 30 "$log" >&2; die "kernels"; }
    figure 6 "a product beside the exact one, largest distance over types and sets: $(grep -oE 'by rows (true|false): [0-9.e-]+' "$log" |
        awk '$4 + 0 > largest { largest = $4 + 0 } END { print largest }'); $(grep -oE '[0-9]+ passed' "$log")"
    printf '[[engine]]\nname = "rust-exact"\ncommand = ["%s"]\n[engine.settings]\narithmetic = "exact"\n' "$engine" >"$work/engines.toml"
    for name in "SmolLM2 Q4_1" "Gemma-3-270M Q4_K_M"; do
        local file=$model
        [[ $name != Gemma* ]] || file=$LOCKSTEP_GEMMA3_MODEL
        read -r rows kl mse < <(apart "$file" rust-engine rust-exact)
        read -r of_rows of_kl of_mse < <(apart "$file" llama-native llama-scalar)
        figure 6 "$name: fast from exact: mean KL $kl, MSE $mse over $rows rows; llama-native from llama-scalar: $of_kl, $of_mse over $of_rows; $(awk \
            -v a="$mse" -v b="$of_mse" -v c="$kl" -v d="$of_kl" 'BEGIN { printf "ratios %.2f and %.2f, goal 1.5: %s", c / d, a / b, (c <= 1.5 * d && a <= 1.5 * b) ? "reached" : "MISSED" }')"
    done
}

# fast_parity NAME MODEL: candidate and reference as they are shipped.
fast_parity() { judged "$1" "$2" "rust-engine (fast) against native" other; }

point_7() {
    local type
    fast_parity "SmolLM2 Q4_1" "$model"
    for type in Q8_0 Q4_K_M; do
        smollm2 "$type"
        fast_parity "SmolLM2 $type" "$work/smollm2-$type.gguf"
    done
    fast_parity "Gemma-3-270M Q4_K_M" "$LOCKSTEP_GEMMA3_MODEL"
    "$engine" fixture --family bitnet --type tq2_0 --vocabulary-of "$model" --context 2048 --shape custom "$work/bitnet-tq2_0.gguf"
    fast_parity "BitNet fixture TQ2_0" "$work/bitnet-tq2_0.gguf"
    scripts/build-faulty-engine.sh >/dev/null
    sabotaged "SmolLM2 Q4_1" "$model" production
    sabotaged "BitNet fixture TQ2_0" "$work/bitnet-tq2_0.gguf" production
}

# prefill_ns THREADS POSITIONS: the median, with all logits.
prefill_ns() {
    "$lockstep" bench --model "$model" --engine rust-engine --as-configured --threads "$1" --positions "$2" --steps 2 \
        --repeat 5 --format json >"$work/bench.json" 2>"$work/bench.json.log" || die "bench: $(tail -n 1 "$work/bench.json.log")"
    field "$work/bench.json" 'r["engines"][0]["figures"]["prefill_all_ns"]["median"]'
}

point_8() {
    local one two positions curve=()
    one=$(prefill_ns 1 300)
    two=$(prefill_ns 2 300)
    figure 8 "$(awk -v one="$one" -v two="$two" 'BEGIN { printf "300 positions, 1 to 2 threads: %.2f times as fast, goal 1.85: %s", one / two, (one >= 1.85 * two) ? "reached" : "MISSED" }')"
    for positions in 64 128 256 512 1024 2048; do curve+=("$positions $(prefill_ns 2 "$positions")"); done
    # What does not depend on the position and what grows with it: a straight line, attention being its slope.
    figure 8 "$(printf '%s\n' "${curve[@]}" | python3 -c '
import sys
points = [(int(n), int(ns) / int(n) / 1000) for n, ns in map(str.split, sys.stdin)]
mean_n, mean_us = (sum(it) / len(points) for it in zip(*points))
slope = sum((n - mean_n) * (us - mean_us) for n, us in points) / sum((n - mean_n) ** 2 for n, _ in points)
start = mean_us - slope * mean_n
off = max(abs(us - start - slope * n) / us for n, us in points)
shown = ", ".join(f"{n}: {us:.0f}" for n, us in points)
print(f"us a position: {shown}; {start:.0f} and {1000 * slope:.0f} for every 1000 positions before it, but for {off:.1%} at most")')"
}

point_9() {
    local log=$work/bench-kernels.txt
    cargo bench --quiet --locked -p rust-engine -- --check >"$log" 2>"$log.log" || { tail -n 5 "$log" "$log.log" >&2; die "a kernel is slower than its portable twin"; }
    figure 9 "no kernel is slower than its portable twin ($(wc -l <"$log") lines)"
    cargo nextest run --locked -p rust-engine -E 'binary(purity)' >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "unsafe code"; }
    figure 9 "unsafe code is in the kernels' modules and in that of the mapping: $(grep -oE '[0-9]+ passed' "$log")"
    scripts/check-kernels.sh >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "the kernels' tests where accesses are seen"; }
    figure 9 "under AddressSanitizer and Miri: $(grep -oE '[0-9]+ passed' "$log" | paste -sd ' ')"
}
