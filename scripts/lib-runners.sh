# What the tests of job runners share: programs from packages, a small sweep, and its result on one
# machine without any runner. Sourced after lib.sh, from the checkout's folder.
# shellcheck shell=bash
# shellcheck disable=SC2154  # lib.sh sets them

# The scripts under test call `lockstep`; a caller may name the folder of programs that it has built.
prepare_programs() {
    programs=${LOCKSTEP_PROGRAMS:-${CARGO_TARGET_DIR:-$root/target}/debug}
    [[ -n ${LOCKSTEP_PROGRAMS:-} ]] || cargo build --quiet --locked --workspace
    export PATH=$programs:$PATH
    export LOCKSTEP_REFERENCES=${LOCKSTEP_REFERENCES:-$references}
    [[ -x $LOCKSTEP_REFERENCES/llama-scalar ]] || scripts/build-references.sh scalar >/dev/null
}

# debian_packages PROGRAM PACKAGE…: has the packages installed, if the program is not there.
debian_packages() {
    command -v "$1" >/dev/null && return
    ((EUID == 0)) || die "$1 is needed: as root, apt-get install ${*:2}"
    say "installing ${*:2}"
    local log=$work/apt.log
    run_logged "$log" apt-get update
    DEBIAN_FRONTEND=noninteractive run_logged "$log" \
        apt-get install --yes --no-install-recommends "${@:2}"
    command -v "$1" >/dev/null || die "${*:2} did not bring $1"
}

# python_tools PACKAGE==VERSION…: prints the folder of the packages' programs, which is kept.
python_tools() {
    local key folder
    key=$(hash_of_stdin <<<"$* $(python3 --version)")
    folder=$cache/job-runners-${key:0:16}
    mkdir -p "$folder"
    take_lock "$folder/lock"
    if [[ ! -f $folder/complete ]]; then
        say "fetching $*"
        run_logged "$folder/fetch.log" python3 -m venv --clear "$folder/venv"
        run_logged "$folder/fetch.log" "$folder/venv/bin/pip" install --quiet \
            --disable-pip-version-check "$@"
        touch "$folder/complete"
    fi
    printf '%s\n' "$folder/venv/bin"
}

# small_sweep FOLDER: a sweep of 12 cases, its plan, and FOLDER/truth/run, what one machine makes of it.
small_sweep() {
    local folder=$1 n
    mkdir -p "$folder/config/lockstep"
    rust-engine fixture --type q8_0 "$folder/llama.gguf"
    rust-engine fixture --type q4_0 --family gemma3 "$folder/gemma3.gguf"
    for n in 1 2 3 4 5 6; do echo "Prompt $n: $((n * 17)) mice, $((n * n)) cats."; done >"$folder/prompts.txt"
    cat >"$folder/sweep.toml" <<TOML
name = "small"
profiles = ["exact"]
[[model]]
file = "$folder/llama.gguf"
[[model]]
file = "$folder/gemma3.gguf"
[[prompts]]
file = "prompts.txt"
format = "lines"
[[pair]]
candidate = "rust-engine"
reference = "llama-scalar"
[settings]
max_tokens = 2
threads = 1
allow_small = true
TOML
    breakable_engine "$folder/config/lockstep"
    export XDG_CONFIG_HOME=$folder/config
    lockstep plan "$folder/sweep.toml" -o "$folder/plan.json"
    lockstep run "$folder/plan.json" --out "$folder/truth/all" --quiet
    lockstep merge "$folder/truth/all" -o "$folder/truth/run"
    lockstep gate "$folder/truth/run" >"$folder/gate.txt" || die "the sweep itself has no parity: $(<"$folder/gate.txt")"
    n=$(find "$folder/truth/run/cases" -name receipt.json | wc -l)
    ((n == 12)) || die "the sweep has $n receipts, expected 12"
}

# breakable_engine FOLDER: has the Rust engine started by a script, so that one evaluation is killed if
# FOLDER/kill-once is there, and one hangs if FOLDER/hang-once is; it then leaves FOLDER/hanging.
breakable_engine() {
    cat >"$1/engines.toml" <<'TOML'
[[engine]]
name = "rust-engine"
command = ["./breakable-engine"]
TOML
    cat >"$1/breakable-engine" <<SHELL
#!/bin/sh
here=\$(dirname "\$0")
if [ "\$1" = evaluate ] && rm "\$here/kill-once" 2>/dev/null; then kill -KILL \$\$; fi
if [ "\$1" = evaluate ] && rm "\$here/hang-once" 2>/dev/null; then touch "\$here/hanging"; exec sleep 600; fi
exec "$(command -v rust-engine)" "\$@"
SHELL
    chmod +x "$1/breakable-engine"
}

# same_bytes TRUTH RUN WHO: all but the one file that tells of machine and time.
same_bytes() {
    local differences
    differences=$(diff -r --brief --exclude environment.json "$1" "$2" 2>&1) ||
        die "$3: the merged run is not that of one machine: $differences"
    say "$3: the same bytes as one machine"
}
