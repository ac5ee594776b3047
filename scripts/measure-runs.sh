#!/usr/bin/env bash
# How long merge, gate, diff and report take for a run of many large receipts, and how much memory.
#
#   scripts/measure-runs.sh [CASES [LOCKSTEP]]
#
# Writes a run of CASES receipts (default 1000) of 300 positions each, 0.6 MB a receipt, into a temporary
# folder, and times the release build or the program LOCKSTEP on it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"

cases=${1:-1000}
lockstep=${2:-$root/target/release/lockstep}
folder=${LOCKSTEP_LARGE_RUN:-}
if [ -z "$folder" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    folder=$scratch/shard
    LOCKSTEP_LARGE_RUN=$folder LOCKSTEP_LARGE_RUN_CASES=$cases \
        cargo test --quiet --locked -p runner --lib -- --ignored write_a_large_run >&2
else
    scratch=$(mktemp -d "$folder.XXXX")
    trap 'rm -rf "$scratch"' EXIT
    cases=$(find "$folder/cases" -name receipt.json | wc -l)
fi
[ -x "$lockstep" ] || cargo build --release --locked -p runner --bin lockstep

# time_it NAME COMMAND…: three times; the fastest counts, for whatever else runs only takes time away.
time_it() {
    local name=$1
    shift
    for _ in 1 2 3; do
        command time --format "%e %U %S %M" --output "$scratch/times" --append "$@" >"$scratch/out" 2>&1 ||
            [ "$name" = gate ] || die "$name failed: $(head -c 500 "$scratch/out")"
    done
    sort -n "$scratch/times" | awk -v name="$name" -v cases="$cases" 'NR == 1 {
        printf "%-7s %8.2f ms a receipt (user %.2f, system %.2f), %d MB\n",
            name, 1000 * $1 / cases, 1000 * $2 / cases, 1000 * $3 / cases, $4 / 1024 }'
    rm "$scratch/times"
}

time_it merge "$lockstep" merge "$folder" -o "$scratch/run"
time_it again "$lockstep" merge "$folder" -o "$scratch/run"
time_it gate "$lockstep" gate "$scratch/run"
# Every case is there twice, and every receipt has other bytes.
cp -r "$scratch/run" "$scratch/other"
time_it same "$lockstep" diff "$scratch/run" "$scratch/other"
time_it report "$lockstep" report "$scratch/run" -o "$scratch/report.html"
