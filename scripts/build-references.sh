#!/usr/bin/env bash
# Builds the references llama-scalar and llama-native from the pinned source of llama.cpp.
#
#   scripts/build-references.sh [scalar|native|all]     prints the path of each executable
#   scripts/build-references.sh tests                   builds and runs the harness's own tests
#
# The library and the harness are built apart and kept in the cache under a key of all that goes
# into them, so that only what changed is built again.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

harness=$root/cpp-harness
crate=llama-cpp-sys-2

# The only differences between the two references, and what is common to both.
common_options=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_CCACHE=OFF
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF
)
scalar_options=(
    -DGGML_NATIVE=OFF -DGGML_SSE42=OFF -DGGML_AVX=OFF -DGGML_AVX2=OFF -DGGML_BMI2=OFF
    -DGGML_FMA=OFF -DGGML_F16C=OFF -DGGML_LLAMAFILE=OFF -DGGML_CPU_REPACK=OFF
)
native_options=(-DGGML_NATIVE=ON)

# Sets source_dir, crate_version and source_checksum.
find_source() {
    local manifest=$harness/pinned-source/Cargo.toml
    cargo fetch --quiet --locked --manifest-path "$manifest"
    read -r crate_version source_dir < <(
        cargo metadata --quiet --locked --format-version 1 --manifest-path "$manifest" |
            python3 -c '
import json, os, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == sys.argv[1]:
        print(package["version"], os.path.join(os.path.dirname(package["manifest_path"]), "llama.cpp"))
' "$crate"
    )
    source_checksum=$(python3 - "$crate" "$harness/pinned-source/Cargo.lock" <<'PYTHON'
import re, sys
name, path = sys.argv[1:]
for package in open(path).read().split("[[package]]"):
    if f'name = "{name}"' in package:
        print(re.search(r'checksum = "([0-9a-f]{64})"', package).group(1))
PYTHON
    )
    [[ -f $source_dir/include/llama.h ]] || die "the package $crate has no llama.cpp/include/llama.h"
    [[ -n $source_checksum ]] || die "the lock file has no checksum of $crate"
}

# Sets cmake and build_tool. A cmake of the system is taken when there is one.
find_cmake() {
    if cmake=$(command -v cmake) && build_tool=$(command -v ninja || command -v make); then
        return
    fi
    local tools=$cache/tools/cmake-4.0-ninja-1.11
    if [[ ! -f $tools/complete ]]; then
        say "installing cmake and ninja into the cache"
        rm -rf "$tools"
        mkdir -p "$tools"
        run_logged "$tools/install.log" python3 -m venv "$tools/venv"
        run_logged "$tools/install.log" "$tools/venv/bin/pip" install --quiet 'cmake==4.0.*' 'ninja==1.11.*'
        touch "$tools/complete"
    fi
    cmake=$tools/venv/bin/cmake
    build_tool=$tools/venv/bin/ninja
}

generator() {
    case $build_tool in
        *ninja) printf 'Ninja' ;;
        *) printf 'Unix Makefiles' ;;
    esac
}

# compile SOURCE BUILD TARGET OPTION…
compile() {
    local source=$1 build=$2 target=$3
    shift 3
    run_logged "$build.log" "$cmake" -S "$source" -B "$build" -G "$(generator)" \
        -DCMAKE_MAKE_PROGRAM="$build_tool" "$@"
    run_logged "$build.log" "$cmake" --build "$build" --target "$target" --parallel "$(nproc)"
}

# What the compiler would do differently on another machine.
machine_facts() {
    c++ --version | head -n 1
    c++ -dumpmachine
    if [[ $1 == native ]]; then
        grep -m 1 '^flags' /proc/cpuinfo || true
    fi
}

harness_facts() {
    find "$harness/src" "$harness/CMakeLists.txt" -type f -print0 | sort -z | xargs -0 sha256sum | cut -d ' ' -f 1
}

# build KIND ARITHMETIC OPTION…
build() {
    local kind=$1 arithmetic=$2
    shift 2
    local options=("${common_options[@]}" "$@")
    local name=llama-$kind
    local library_key harness_key
    library_key=$({ machine_facts "$kind"; printf '%s\n' "$source_checksum" "${options[@]}"; } | hash_of_stdin)
    harness_key=$({ printf '%s\n' "$library_key" "$name" "$arithmetic"; harness_facts; } | hash_of_stdin)
    local library=$cache/references/$name-library-${library_key:0:16}
    local built=$cache/references/$name-${harness_key:0:16}

    local facts=(
        -DLOCKSTEP_ENGINE_NAME="$name" -DLOCKSTEP_ARITHMETIC="$arithmetic"
        -DLOCKSTEP_BUILD_FLAGS="-O3 ${*#-D}"
        -DLOCKSTEP_LIBRARY_VERSION="$crate $crate_version"
        -DLOCKSTEP_SOURCE_CHECKSUM="sha256:$source_checksum"
        -DLOCKSTEP_LLAMA_SOURCE="$source_dir" -DLOCKSTEP_LLAMA_BUILD="$library/build"
    )

    # A build directory is taken as complete only by the stamp that is written last.
    if [[ ! -f $library/complete ]]; then
        say "building llama.cpp as $name (about a minute and a half on two cores)"
        rm -rf "$library"
        mkdir -p "$library"
        compile "$source_dir" "$library/build" llama "${options[@]}"
        touch "$library/complete"
    fi
    if [[ $which == tests ]]; then
        # Kept between runs for its objects; the build tool finds out what is stale.
        mkdir -p "$cache/references/harness-tests"
        compile "$harness" "$cache/references/harness-tests/build" harness-tests \
            -DLOCKSTEP_TESTS=ON -DLOCKSTEP_SANITIZE=ON "${facts[@]}"
        exec "$cache/references/harness-tests/build/harness-tests"
    fi
    if [[ ! -f $built/complete ]]; then
        say "building the harness of $name"
        rm -rf "$built"
        mkdir -p "$built"
        compile "$harness" "$built/build" cpp-harness "${facts[@]}"
        cp "$built/build/cpp-harness" "$built/cpp-harness"
        touch "$built/complete"
    fi
    mkdir -p "$references"
    ln -sfn "$built/cpp-harness" "$references/$name"
    printf '%s\n' "$references/$name"
}

which=${1:-all}
case $which in
    scalar | native | all | tests) ;;
    *) die "usage: $0 [scalar|native|all|tests]" ;;
esac
mkdir -p "$cache/references"
# Two runs at once would build into one directory.
exec 9>"$cache/references/lock"
flock 9
find_source
find_cmake
if [[ $which != native ]]; then build scalar exact "${scalar_options[@]}"; fi
if [[ $which == native || $which == all ]]; then build native fast "${native_options[@]}"; fi
