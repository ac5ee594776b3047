#!/usr/bin/env bash
# Builds references: the harness on a library of the llama.cpp family.
#
#   scripts/build-references.sh [scalar|native|all|ik|bitnet|tests|old-generation]
#
# | which  | reference                | library                                              |
# |--------|--------------------------|------------------------------------------------------|
# | scalar | llama-scalar             | the pinned llama.cpp, generic C only                 |
# | native | llama-native             | the same as users run it                             |
# | all    | both of these            |                                                      |
# | ik     | ik                       | ik_llama.cpp as a Python package has it, built there |
# | bitnet | bitnet                   | a bitnet.cpp that you have built, in BITNET_CPP_DIR  |
# | tests  | none                     | builds the harness's own tests and runs them         |
# | old-generation | none             | for scripts/test-old-generation.sh                   |
#
# Prints the path of each executable. Library and harness are built apart and kept in the cache
# under a key of all that goes into them, so that only what changed is built again.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib-harness.sh
source "$root/scripts/lib-harness.sh"
# shellcheck source=scripts/lib-llama.sh
source "$root/scripts/lib-llama.sh"
# shellcheck source=scripts/lib-ik.sh
source "$root/scripts/lib-ik.sh"
# shellcheck source=scripts/lib-bitnet.sh
source "$root/scripts/lib-bitnet.sh"

which=${1:-all}
case $which in
    scalar | native | all | ik | bitnet | tests | old-generation) ;;
    *)
        say "usage: $0 [scalar|native|all|ik|bitnet|tests|old-generation]"
        exit 64
        ;;
esac
command -v "$CXX" >/dev/null || die "a C++ compiler is needed (Debian: apt-get install build-essential)"
mkdir -p "$cache/references"
# Two runs at once would build into one folder.
take_lock "$cache/references/lock"
read_lock_file
case $which in
    scalar | all) build_llama scalar exact "${scalar_options[@]}" ;;&
    native | all) build_llama native fast "${native_options[@]}" ;;
    ik) build_ik ;;
    bitnet) build_bitnet ;;
    tests) run_tests ;;
    old-generation) build_old_generation ;;
esac
