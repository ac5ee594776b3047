#!/usr/bin/env bash
# Runs a plan in shards by GNU parallel, then merges and judges them.
#
#   scripts/runners/gnu-parallel.sh PLAN OUT SHARDS
#
# Started again after a failure it goes on where it was: GNU parallel runs the shards again that its log
# says failed, and `lockstep run` only their cases that have no result. The exit code is the gate's.
#
# To adapt: `jobs`, and for other machines that see the same folders `--sshloginfile HOSTS`. `threads` of
# the sweep times `jobs` should be the processors of a machine.
set -euo pipefail

# Shards at the same time on one machine.
jobs=2

(($# == 3)) || { echo "usage: $0 PLAN OUT SHARDS" >&2; exit 64; }
plan=$1 out=$2 shards=$3

# The log knows shards by number alone, so a folder is for one plan and one number of them.
mkdir -p "$out"
asked="$shards shards of $(sha256sum <"$plan")"
[[ -e $out/asked ]] || printf '%s\n' "$asked" >"$out/asked"
[[ $(<"$out/asked") == "$asked" ]] || { echo "$out is of another plan or number of shards" >&2; exit 65; }

# How many shards failed is not asked: what they left out is missing, and the gate says so.
# A shard that is told to end has five seconds for it.
seq "$shards" | parallel --quote --jobs "$jobs" --joblog "$out/joblog" --resume-failed \
    --termseq TERM,6000,KILL \
    lockstep run "$plan" --out "$out/shard-{}" --shard "{}/$shards" --quiet || true

lockstep merge "$out"/shard-* -o "$out/run"
lockstep gate "$out/run"
