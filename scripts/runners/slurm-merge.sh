#!/usr/bin/env bash
#SBATCH --job-name=lockstep-merge
#SBATCH --time=00:30:00
#
# Merges what slurm-array.sh left and judges it: the job's exit code is the gate's. A shard that never
# ran leaves cases out, which the gate says with exit code 5.
set -euo pipefail

(($# == 1)) || { echo "usage: sbatch slurm-merge.sh OUT" >&2; exit 64; }

lockstep merge "$1"/shard-* -o "$1/run"
lockstep gate "$1/run"
