#!/usr/bin/env bash
# Runs the Slurm examples for real, on a cluster of this one machine made from Debian's packages: a small
# sweep as an array of four tasks, one of which is told to end and taken up again, must come to the same
# bytes as without Slurm. Needs root; the cluster has its own files and ports, and is gone afterwards.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/lib-runners.sh
source "$(dirname "$0")/lib-runners.sh"
cd "$root"

((EUID == 0)) || die "Slurm's daemons are started here, for which root is needed"
examples=$root/scripts/runners
work=$(mktemp -d)
# Munge wants no folder on the way to its socket that others may write to.
chmod 755 "$work"
daemons=()
trap stop_cluster EXIT

# Jobs first, for they outlive the daemons.
stop_cluster() {
    if ((${#daemons[@]} > 0)); then
        timeout 10 scancel --user root >/dev/null 2>&1 || true
        within 10 no_job_is_left || true
        kill -TERM "${daemons[@]}" 2>/dev/null || true
        within 10 no_daemon_is_left || kill -KILL "${daemons[@]}" 2>/dev/null || true
    fi
    rm -rf "$work"
}

no_job_is_left() { [[ $(timeout 10 squeue --noheader) == '' ]]; }

no_daemon_is_left() { ! kill -0 "${daemons[@]}"; }

# within SECONDS COMMAND…: waits for it to be true.
within() {
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

# until_true SECONDS WHAT COMMAND…: waits for it; else shows what the daemons and jobs said last.
until_true() {
    within "$1" "${@:3}" && return
    tail -n 15 "$work"/*.log "$work"/*.out >&2 || true
    die "not within $1 s: $2"
}

free_ports() {
    python3 -c 'import socket
open_ones = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in open_ones))'
}

# daemon NAME COMMAND…: starts it; its last words are in NAME.log.
daemon() {
    "${@:2}" >>"$work/$1.log" 2>&1 &
    daemons+=("$!")
}

start_cluster() {
    local host ports
    host=$(hostname -s)
    read -r -a ports < <(free_ports)
    mkdir "$work/state" "$work/spool"
    export SLURM_CONF=$work/slurm.conf
    # `cred_expire` is how long a task that is queued again waits, two minutes if not said.
    cat >"$SLURM_CONF" <<CONF
ClusterName=lockstep
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmUser=root
AuthInfo=socket=$work/munge.socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=all Nodes=ALL Default=YES
CONF
    head -c 128 /dev/urandom >"$work/munge.key"
    chmod 600 "$work/munge.key"
    daemon munged munged --foreground --force --key-file="$work/munge.key" \
        --socket="$work/munge.socket" --pid-file="$work/munged.pid" --seed-file="$work/munge.seed"
    until_true 10 "munge answers" test -S "$work/munge.socket"
    daemon slurmctld slurmctld -D
    daemon slurmd slurmd -D
    until_true 30 "the node is ready" node_is_idle
}

node_is_idle() { [[ $(sinfo --noheader --format %t) == idle ]]; }

# field JOB NAME: of what Slurm knows of a job.
field() {
    scontrol --oneliner show job "$1" | grep -o -m 1 "\b$2=[^ ]*" | cut -d= -f2
}

# queue SCRIPT OPTION… -- ARGUMENT…: hands a job in and prints its number. A task has one processor.
queue() {
    local script=$1 options=()
    shift
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    (cd "$work" && sbatch --parsable --cpus-per-task=1 "${options[@]}" "$examples/$script" "${@:2}")
}

is_over() { [[ $(field "$1" JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)$ ]]; }

# ends_with JOB CODE: waits for its end.
ends_with() {
    until_true 60 "job $1 ends" is_over "$1"
    [[ $(field "$1" ExitCode) == "$2:0" ]] || {
        cat "$work"/*.out >&2
        die "job $1 ended with $(field "$1" ExitCode), expected $2"
    }
}

# Whether one task of the array is left.
is_alone() { [[ $(squeue --noheader --array --jobs "$1" --format %T) == RUNNING ]]; }

test_array() {
    local out=$work/out array merge restarts
    touch "$engine/hang-once"
    array=$(queue slurm-array.sh -- "$plan" "$out")
    merge=$(queue slurm-merge.sh --dependency="afterany:$array" -- "$out")
    until_true 30 "an engine hangs" test -e "$engine/hanging"
    until_true 30 "the others are done" is_alone "$array"
    # What --signal does before the time limit.
    scancel --batch --signal=TERM --state=RUNNING "$array"
    ends_with "$merge" 0
    restarts=$(scontrol --oneliner show job "$array" | grep -c '\bRestarts=1\b' || true)
    ((restarts == 1)) || die "$restarts tasks were queued again, expected 1"
    same_bytes "$truth" "$out/run" "Slurm, four tasks, one of them queued again"
}

# The gate's exit code is the job's.
test_missing_shard() {
    local array merge
    array=$(SHARDS=4 queue slurm-array.sh --array=0,2,3 -- "$plan" "$work/three")
    merge=$(queue slurm-merge.sh --dependency="afterany:$array" -- "$work/three")
    ends_with "$merge" 5
    say "Slurm, without one task: exit code 5"
}

prepare_programs
debian_packages munged munge
debian_packages slurmctld slurmctld slurmd slurm-client
small_sweep "$work/sweep"
plan=$work/sweep/plan.json
truth=$work/sweep/truth/run
# The engine looks for the notes that break it beside itself.
engine=$work/sweep/config/lockstep
start_cluster
test_array
test_missing_shard
