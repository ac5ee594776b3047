# Shared by the scripts, which source it: where things are, and how they speak.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for those who source this

# The checkout that the running script belongs to.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that is kept between runs, keyed by content.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lockstep
# Where the programs that scripts and tests start are found; a test publishes elsewhere.
references=${LOCKSTEP_PUBLISH:-$root/target/references}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# sha256 of standard input, as hex digits alone.
hash_of_stdin() { sha256sum | cut -d ' ' -f 1; }

# run_logged LOG COMMAND…: runs a command silently; its last lines are shown if it fails.
run_logged() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "failed: $* (all of its output: $log)"
    fi
}

# take_lock FILE: waits until no other run holds it; it is given back when the script ends.
take_lock() {
    exec 9>"$1"
    if ! flock --nonblock 9; then
        say "waiting for another run that holds $1"
        flock 9
    fi
}
