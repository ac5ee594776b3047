#!/usr/bin/env bash
# A whole night: plan, run, merge, gate, diff against the last good night and against the baseline,
# report, retention. Ends with one line of JSON on standard output and the gate's exit code.
#
#   scripts/nightly.sh SWEEP.toml NIGHTS [--keep N] [--night NAME] [-- ARGUMENTS OF lockstep run…]
#
# Each night has a folder NIGHTS/NAME-PLAN, where PLAN begins the digest of its plan: started again, it
# goes on where it was. NIGHTS/last-good points to the last night whose gate was 0; NIGHTS/baseline, if
# somebody has made that link, is what every night is held against, too, so that a drift in small steps
# is seen. Neither of them is ever removed. Only one night at a time is at work on NIGHTS.
set -euo pipefail

lockstep=${LOCKSTEP:-lockstep}
keep=14
night=$(date -u +%F)

die() { printf 'nightly: %s\n' "$1" >&2; exit "${2:-64}"; }

(($# >= 2)) || die "usage: $0 SWEEP.toml NIGHTS [--keep N] [--night NAME] [-- ARGUMENTS]"
sweep=$1 nights=$2
shift 2
while (($# > 0)); do
    case $1 in
        --keep) keep=${2:?--keep needs a number}; shift 2 ;;
        --night) night=${2:?--night needs a name}; shift 2 ;;
        --) shift; break ;;
        *) die "unknown argument $1" ;;
    esac
done
[[ $keep =~ ^[0-9]+$ && $keep -ge 1 ]] || die "--keep $keep: expected a number from 1 on"
[[ $night =~ ^[A-Za-z0-9.-]+$ ]] || die "--night $night: expected letters, digits, dots and hyphens"

# finish CODE REASON: what is told whatever happens.
finish() {
    local names=([0]=parity [1]=diverged [2]=tokens-differ [4]=inconclusive [5]=incomplete
        [64]=usage [65]=bad-input [69]=unavailable [70]=internal [75]=retryable)
    printf '{"schema":"lockstep/night/v1","night":"%s","exit":{"code":%d,"name":"%s"},"stage":"%s",%s}\n' \
        "${folder_name:-$night}" "$1" "${names[$1]:-internal}" "$2" \
        "\"diff_last_good\":${diff_last_good:-null},\"diff_baseline\":${diff_baseline:-null},\"removed\":${removed:-0}"
    exit "$1"
}

mkdir -p "$nights"
exec 9>"$nights/.lock"
flock --nonblock 9 || finish 75 lock

# A signal goes to the command that is at work, which then ends in its own way.
child='' stopped=''
trap 'stopped=1; [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true' TERM INT HUP

# call COMMAND…: its exit code is in $code. Nothing is begun after a signal.
call() {
    code=75
    [[ -z $stopped ]] || return 0
    "$@" &
    child=$!
    while true; do
        code=0
        wait "$child" || code=$?
        kill -0 "$child" 2>/dev/null || break
    done
    child=''
}

# step NAME COMMAND…: one that must succeed.
step() {
    local name=$1
    shift
    call "$@"
    ((code == 0)) || finish "$code" "$name"
}

# The paths of a plan begin at its folder: this one is as deep as the night's, whose name is not known yet.
planning=$(mktemp -d "$nights/.plan.XXXXXX")
trap 'rm -rf "$planning"' EXIT
step plan "$lockstep" plan "$sweep" -o "$planning/plan.json"
folder_name=$night-$(sha256sum "$planning/plan.json" | cut -c1-8)
folder=$nights/$folder_name
mkdir -p "$folder"
mv "$planning/plan.json" "$folder/plan.json"

# What can be tried again is tried once more: a machine that was busy may be so no longer.
call "$lockstep" run "$folder/plan.json" --out "$folder/shard" --quiet "$@"
[[ -n $stopped || $code -ne 75 ]] || call "$lockstep" run "$folder/plan.json" --out "$folder/shard" --quiet "$@"
[[ -z $stopped ]] || finish 75 run
((code == 0 || code == 75)) || finish "$code" run

step merge "$lockstep" merge "$folder/shard" -o "$folder/run"
call "$lockstep" gate "$folder/run"
gate=$code
[[ -z $stopped ]] || finish 75 gate

# against NAME: what has changed since, in $difference.
against() {
    difference=null
    [[ -L $nights/$1 || -e $nights/$1 ]] || return 0
    call "$lockstep" diff "$nights/$1/run" "$folder/run" >"$folder/diff-$1.txt"
    difference=$code
}
if [[ $(readlink "$nights/last-good" || true) != "$folder_name" ]]; then
    against last-good
    diff_last_good=$difference
fi
against baseline
diff_baseline=$difference

step report "$lockstep" report "$folder/run" -o "$folder/report.html"

if ((gate == 0)); then
    ln -sfn "$folder_name" "$nights/last-good"
fi

# Of the other nights the oldest go. A link is no night, and what one leads to stays.
is_kept() {
    local link
    for link in last-good baseline; do
        [[ $nights/$link -ef $nights/$1 ]] && return 0
    done
    [[ $1 == "$folder_name" ]]
}
removed=0
while IFS= read -r name; do
    is_kept "$name" && continue
    rm -rf "${nights:?}/$name"
    removed=$((removed + 1))
done < <(find "$nights" -mindepth 1 -maxdepth 1 -type d -not -name '.*' -printf '%T@ %f\n' |
    sort -rn | cut -d ' ' -f 2- | tail -n +$((keep + 1)))

finish "$gate" gate
