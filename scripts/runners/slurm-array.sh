#!/usr/bin/env bash
#SBATCH --job-name=lockstep
#SBATCH --array=0-3
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
#
# Runs a plan in shards as a Slurm array, one task a shard; a second job merges and judges them:
#
#   array=$(sbatch --parsable scripts/runners/slurm-array.sh PLAN OUT)
#   sbatch --dependency=afterany:$array scripts/runners/slurm-merge.sh OUT
#
# A minute before its time is over a task gets SIGTERM and ends with 75; what ends with 75 is queued
# again, and goes on with the cases that have no result. PLAN and OUT are on a file system that all
# nodes see; the plan's models, too.
#
# To adapt: the lines above. Where the sweep says no `threads`, engines take as many as the task may run
# on, which is --cpus-per-task where tasks are bound. For some tasks alone (--array=2) give the number
# of all: SHARDS=4.
set -uo pipefail

(($# == 2)) || { echo "usage: sbatch slurm-array.sh PLAN OUT" >&2; exit 64; }
plan=$1 out=$2

lockstep run "$plan" --out "$out/shard-$SLURM_ARRAY_TASK_ID" --quiet \
    --shard-index0 "$SLURM_ARRAY_TASK_ID" --shard-count "${SHARDS:-$SLURM_ARRAY_TASK_COUNT}" &
run=$!

# Slurm tells this script alone. The signal ends the wait, and the run a moment later.
trap 'kill -TERM "$run"' TERM
wait "$run"
code=$?
while kill -0 "$run" 2>/dev/null; do
    wait "$run"
    code=$?
done

if ((code == 75 && ${SLURM_RESTART_COUNT:-0} < 5)); then
    # Slurm ends this script while it is at that.
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
