# Sweeps, nightly runs and reproducible artifacts.
# shellcheck shell=bash
# shellcheck disable=SC2154  # common.sh has the variables

points=(1 2 3 4 5 6)

# sweep_of FILE MODEL PROFILES REFERENCE PROMPTS [SETTING…]: writes a sweep.toml.
sweep_of() {
    local file=$1
    {
        printf 'name = "acceptance"\nprofiles = [%s]\n[[model]]\nfile = "%s"\nlabel = "model"\n' "$3" "$2"
        printf '[[prompts]]\nfile = "%s"\n[[pair]]\nreference = "%s"\n[settings]\nthreads = 2\n' "$5" "$4"
        (($# < 6)) || printf '%s\n' "${@:6}"
    } >"$file"
}

# expect CODE WHAT COMMAND…: its output is in $work/output.txt.
expect() {
    local expected=$1 what=$2 code=0
    shift 2
    "$@" >"$work/output.txt" 2>"$work/errors.txt" || code=$?
    ((code == expected)) || { tail -n 20 "$work/output.txt" "$work/errors.txt" >&2; die "$what: exit $code, expected $expected"; }
}

# run_figures RUN MEASURED FACTOR ENGINE…: what a run took beside the named engines' own time; fails where it is more
# than FACTOR times that, or takes more disk or memory than promised.
run_figures() {
    python3 - "$@" <<'PYTHON'
import json, sys
run, measured, factor, engines = sys.argv[1], json.load(open(sys.argv[2])), float(sys.argv[3]), sys.argv[4:]
cases = json.load(open(f"{run}/environment.json"))["cases"].values()
own = {engine: sum((it[engine]["prefill_ns"] or 0) + (it[engine]["decode_ns"] or 0) for it in cases) / 1e9 for engine in engines}
wall, memory, disk = measured["wall_s"], measured["peak_memory"] / 1e6, measured["peak_disk"] / 1e6
share = wall / sum(own.values())
print(f"{len(cases)} cases in {wall:.1f} s, {share:.3f} times the own time of "
      f"{' and '.join(f'the {engine} ({time:.1f} s)' for engine, time in own.items())}; "
      f"the runner had at most {memory:.0f} MB of memory, at most {disk:.0f} MB were on disk")
missed = [what for what, is_missed in (
    (f"more than {factor} times the engines' own time", share > factor),
    ("200 MB of memory", memory >= 200), ("1 GB of disk", disk >= 1000)) if is_missed]
sys.exit(f"promised was not {', '.join(missed)}" if missed else 0)
PYTHON
}

# timed OUT FACTOR ENGINE… -- FLAG…: runs the plan of 200 prompts into OUT, with a scratch folder of its own.
timed() {
    local out=$1 factor=$2 engines=() figures status=0
    shift 2
    while [[ $1 != -- ]]; do engines+=("$1"); shift; done
    shift
    rm -rf "$out" "$out.scratch" "$out.run"
    mkdir -p "$out" "$out.scratch"
    TMPDIR=$out.scratch scripts/acceptance/measure.py "$out.json" "$out" "$out.scratch" -- \
        "$lockstep" run "$plan" --out "$out" --quiet "$@" || die "$out: exit $?"
    "$lockstep" merge "$out" -o "$out.run" || die "$out: merge: exit $?"
    figures=$(run_figures "$out.run" "$out.json" "$factor" "${engines[@]}") || status=$?
    figure 1 "${out##*/}: $figures"
    ((status == 0)) || missed=1
}

# Floors are measured by a run of their own, unless they are kept.
point_1() {
    local tokens missed=0 folder=$work/sweep-200 plan=$work/sweep-200/plan.json
    mkdir -p "$folder"
    scripts/sweep-prompts.py 200 >"$folder/prompts.jsonl"
    sweep_of "$folder/sweep.toml" "$model" '"production"' llama-native prompts.jsonl 'allow_small = true'
    expect 0 plan "$lockstep" plan "$folder/sweep.toml" -o "$plan"
    rm -rf "$folder"/{floors,cache}
    "$lockstep" run "$plan" --out "$folder/floors" --quiet || die "the run that measures floors: exit $?"
    timed "$folder/first" 1.05 candidate reference -- --cache "$folder/cache"
    timed "$folder/reference-kept" 1.1 candidate -- --cache "$folder/cache"
    same_run "$folder/first.run" "$folder/reference-kept.run" "with the reference kept"
    figure 1 "$("$lockstep" gate "$folder/first.run" | head -n 1)"
    tokens=$(python3 -c '
import glob, json, sys
counts = [len(json.load(open(path))["ids"]) for path in glob.glob(sys.argv[1] + "/cases/*/tokens.json")]
print(f"{min(counts)} to {max(counts)}, {sum(counts)} in all")
sys.exit(len(counts) != 200 or min(counts) < 20 or max(counts) > 300)' "$folder/first.run") || die "the prompts are others: $tokens"
    figure 1 "tokens of a prompt: $tokens"
    ((missed == 0)) || die "what is promised was not reached"
}

# same_run TRUTH RUN WHO
same_run() {
    diff -r --brief --exclude environment.json "$1" "$2" >"$work/differences.txt" ||
        die "$3: the merged run has other bytes: $(head -n 3 "$work/differences.txt")"
}

# mixed_sweep FOLDER: 24 cases on a random model, in all profiles, and FOLDER/truth, what an undisturbed run makes of it.
mixed_sweep() {
    local folder=$1 n
    rm -rf "$folder"
    mkdir -p "$folder"
    "$engine" fixture --type mixed --seed 1 "$folder/model.gguf"
    for n in {1..8}; do echo "Prompt $n: $((n * 17)) mice, $((n * n)) cats, and all that they have eaten."; done >"$folder/prompts.txt"
    sweep_of "$folder/sweep.toml" "$folder/model.gguf" '"exact", "f32", "production"' llama-scalar prompts.txt 'allow_small = true'
    expect 0 plan "$lockstep" plan "$folder/sweep.toml" -o "$folder/plan.json"
    expect 0 "an undisturbed run" "$lockstep" run "$folder/plan.json" --out "$folder/calm" --quiet
    expect 0 merge "$lockstep" merge "$folder/calm" -o "$folder/truth"
    (($(find "$folder/truth/cases" -name receipt.json | wc -l) == 24)) || die "the undisturbed run has not 24 cases"
}

# resumed FOLDER WHO: runs on until all cases have a result, and compares.
resumed() {
    local folder=$1
    expect 0 "$2, resumed" "$lockstep" run "$folder/plan.json" --out "$folder/shaken" --quiet
    rm -rf "$folder/merged"
    expect 0 "$2, merged" "$lockstep" merge "$folder/shaken" -o "$folder/merged"
    same_run "$folder/truth" "$folder/merged" "$2"
}

# strike VICTIM RUNNER: kills the runner, or an engine of it; fails where there is none.
strike() {
    local pid=$2
    [[ $1 == runner ]] || pid=$(pgrep -P "$2" | shuf -n 1) || return
    kill -KILL "$pid" 2>/dev/null
}

# shaken FOLDER VICTIM: runs that lose VICTIM (runner or engine) at 50 random moments. Where all cases have a result they
# are compared, and it begins anew, with twins and floors that have to be made again.
shaken() {
    local folder=$1 victim=$2 killed=0 rounds=0 runner status
    rm -rf "$folder/shaken" "$folder/kept"
    while ((killed < 50)); do
        XDG_CACHE_HOME=$folder/kept "$lockstep" run "$folder/plan.json" --out "$folder/shaken" --quiet 2>>"$folder/shaken.log" &
        runner=$!
        while ((killed < 50)) && sleep "$(random_seconds 3)" && is_running "$runner"; do
            if strike "$victim" "$runner"; then killed=$((killed + 1)); fi
        done
        status=0
        wait "$runner" || status=$?
        if ((status == 0)); then
            rounds=$((rounds + 1))
            resumed "$folder" "after $killed kills of the $victim"
            rm -rf "$folder/shaken" "$folder/kept"
        fi
    done
    resumed "$folder" "after 50 kills of the $victim"
    figure 2 "50 SIGKILLs of the $victim: the merged run is byte-identical, each of $((rounds + 1)) times that it was complete"
}

# is_running PID: one that has ended and was not waited for is not.
is_running() { [[ $(ps -o stat= -p "$1") =~ ^[^Z] ]]; }

# random_seconds MOST
random_seconds() { python3 -c 'import random, sys; print(random.uniform(0, float(sys.argv[1])))' "$1"; }

point_2() {
    local folder=$work/shaken
    mixed_sweep "$folder"
    # The shell tells of each process that was killed.
    shaken "$folder" runner 2> >(grep -v ' Killed ' >&2)
    shaken "$folder" engine 2> >(grep -v ' Killed ' >&2)
    unshare --map-root-user --mount scripts/acceptance/full-disk.sh "$lockstep" "$folder" >"$work/full-disk.txt" ||
        die "a full disk: $(tail -n 3 "$work/full-disk.txt")"
    while read -r line; do figure 2 "$line"; done <"$work/full-disk.txt"
}

point_3() {
    local line
    cargo build --quiet --locked --workspace
    for line in test-runners test-slurm; do
        "scripts/$line.sh" >"$work/$line.log" 2>&1 || { tail -n 20 "$work/$line.log" >&2; die "scripts/$line.sh"; }
        grep 'same bytes' "$work/$line.log" >"$work/same.txt" || die "scripts/$line.sh compared nothing"
        while read -r line; do figure 3 "$line"; done <"$work/same.txt"
    done
}

# swept OUT [FLAG…]: the sweep of $folder. Its gate's exit code is in $code.
swept() {
    code=0
    "$lockstep" "${@:2}" sweep "$folder/sweep.toml" -o "$1" --quiet >"$1.txt" 2>"$1.log" || code=$?
}

# told WHAT WORD…: that `diff` of the runs `before` and the one named WHAT ends with 1 and says each word.
told() {
    local what=$1 word
    shift
    expect 1 "diff of $what" "$lockstep" diff "$folder/before" "$folder/$what"
    for word in "$@"; do
        grep -qF -- "$word" "$work/output.txt" || { cat "$work/output.txt" >&2; die "diff of $what does not say: $word"; }
    done
    figure 4 "$what: $(grep -F -- "$1" "$work/output.txt" | head -n 1 | sed 's/^ *//')"
}

# Another llama.cpp as the reference: an older version of the package that has it.
older_reference() {
    local pinned=$work/older-source
    older=$work/older-references
    mkdir -p "$pinned"
    cp -r cpp-harness/pinned-source/. "$pinned"
    rm -rf "$pinned/target"
    sed -i 's/^llama-cpp-sys-2 = .*/llama-cpp-sys-2 = { version = "=0.1.159", default-features = false }/' "$pinned/Cargo.toml"
    run_logged "$work/older.log" cargo update --manifest-path "$pinned/Cargo.toml" -p llama-cpp-sys-2 --precise 0.1.159
    LOCKSTEP_PINNED_SOURCE=$pinned LOCKSTEP_PUBLISH=$older scripts/build-references.sh scalar >/dev/null
}

point_4() {
    local folder=$work/nights code n
    rm -rf "$folder"
    mkdir -p "$folder"
    for n in {1..6}; do echo "Night $n: the engine is asked what it was asked before, $((n * n)) times."; done >"$folder/prompts.txt"
    sweep_of "$folder/sweep.toml" "$model" '"exact", "f32"' llama-scalar prompts.txt 'allow_small = true'
    printf '[limits]\nkl = 1e-9\n' >>"$folder/sweep.toml"
    swept "$folder/before"
    ((code == 0)) || die "the sweep itself: exit $code: $(tail -n 1 "$folder/before.txt")"
    swept "$folder/again"
    for format in text json csv; do
        expect 0 "diff of equal runs, $format" "$lockstep" diff "$folder/before" "$folder/again" --format "$format"
        [[ $format != text || ! -s $work/output.txt ]] || die "diff of equal runs says: $(<"$work/output.txt")"
    done
    figure 4 "two runs on the same inputs: diff prints nothing and ends with 0"

    older_reference
    LOCKSTEP_REFERENCES=$older swept "$folder/older-llama.cpp"
    told older-llama.cpp "reference llama-scalar changed" "llama-cpp-sys-2 0.1.161 -> llama-cpp-sys-2 0.1.159"

    sed -i 's/^kl = .*/kl = 2e-9/' "$folder/sweep.toml"
    swept "$folder/looser-limit"
    ((code == 0)) || die "a looser limit: exit $code"
    told looser-limit LOOSENED
    sed -i 's/^kl = .*/kl = 1e-9/' "$folder/sweep.toml"

    scripts/build-faulty-engine.sh >/dev/null
    printf '[[engine]]\nname = "rust-engine"\ncommand = ["%s", "--fault", "cache-index-off-by-one-at-7"]\n' \
        "$root/target/release/rust-engine-faults" >"$folder/faulty.toml"
    swept "$folder/faulty-engine" --engines "$folder/faulty.toml"
    ((code == 1)) || die "a faulty engine: exit $code"
    told faulty-engine "position 7" "12 worse"
}

# Every false pass that is known of other tools, by the name of its test.
false_passes=(
    exit_0_although_parity_is_disproven json_mode_exits_0_where_text_mode_exits_1 an_empty_comparison_passes
    a_declared_threshold_is_never_applied the_shorter_of_two_lists_decides nan_compares_as_fine
    two_runs_of_the_same_engine_compared_as_if_they_were_two_engines a_stale_reference_result_is_used
    what_is_captured_changes_silently a_rolling_baseline_absorbs_drift a_limit_creeps_up
)

point_5() {
    local log=$work/false-passes.log name
    cargo build --quiet --locked --workspace
    cargo nextest run --locked -p runner --test sweeps -E 'test(/^false_passes::/)' >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; die "a false pass"; }
    for name in "${false_passes[@]}"; do
        grep -qE "PASS .*false_passes::$name\$" "$log" || die "no test is called $name, or it did not run"
        figure 5 "$name"
    done
}

# A page to be looked at: SmolLM2 with a cache that forgets, from position 7 on.
point_6() {
    local folder=$work/nights code pages=$work/pages
    [[ -f $folder/faulty-engine/summary.json ]] || point_4
    rm -rf "$pages"
    mkdir -p "$pages"
    expect 0 report "$lockstep" report "$folder/faulty-engine" -o "$pages/faulty-engine.html"
    LOCKSTEP_TABLE_READERS=$(scripts/fetch-table-readers.sh) scripts/test-report.sh "$pages" >"$work/pages.log" 2>&1 ||
        { tail -n 20 "$work/pages.log" >&2; die "the pages in a real browser"; }
    figure 6 "the page of the sweep with a faulty engine, $(wc -c <"$pages/faulty-engine.html") bytes: $pages"
}
