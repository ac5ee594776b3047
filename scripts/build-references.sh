#!/usr/bin/env bash
# Builds the references llama-scalar and llama-native from the pinned source of llama.cpp.
#
#   scripts/build-references.sh [scalar|native|all|tests]
#
# Prints the path of each executable; `tests` runs the tests of the harness instead. The library
# and the harness are built apart and kept in the cache under a key of all that goes into them, so
# that only what changed is built again.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

harness=$root/cpp-harness
crate=llama-cpp-sys-2
# Found when something has to be built.
source_dir=''
cmake=''
library=''
# More options of the harness when its tests are built.
test_options=()

# Common to the references, and what is different in each.
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

# CMake takes these from the environment. One `-march` among them would turn the scalar build into
# another, and the key would not show it.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE CMAKE_PREFIX_PATH CMAKE_BUILD_TYPE
export CC=${CC:-cc} CXX=${CXX:-c++}

# Sets crate_version and source_checksum from the lock file, which cargo checks the source against.
read_lock_file() {
    local lock=$harness/pinned-source/Cargo.lock
    read -r crate_version source_checksum < <(
        awk -v name="\"$crate\"" '
            $1 == "name" { ours = $3 == name }
            ours && $1 == "version" { version = $3 }
            ours && $1 == "checksum" { checksum = $3 }
            END { gsub("\"", "", version); gsub("\"", "", checksum); print version, checksum }
        ' "$lock"
    )
    [[ $source_checksum =~ ^[0-9a-f]{64}$ ]] || die "$lock: no checksum of $crate"
}

# Sets source_dir: where cargo keeps the source. Cargo fetches it if it is not there.
find_source() {
    if [[ -n $source_dir ]]; then return; fi
    local manifest=$harness/pinned-source/Cargo.toml metadata
    command -v cargo >/dev/null || die "cargo is needed to fetch the pinned source"
    cargo fetch --quiet --locked --manifest-path "$manifest"
    metadata=$(cargo metadata --quiet --locked --format-version 1 --manifest-path "$manifest")
    source_dir=$(python3 -c '
import json, os, sys
name, version = sys.argv[1:]
[manifest] = [package["manifest_path"] for package in json.load(sys.stdin)["packages"]
              if (package["name"], package["version"]) == (name, version)]
print(os.path.join(os.path.dirname(manifest), "llama.cpp"))
' "$crate" "$crate_version" <<<"$metadata")
    [[ -f $source_dir/include/llama.h ]] || die "$source_dir: include/llama.h is missing in the package $crate"
}

# Whether there is a cmake of the system that can read our CMakeLists.txt, and something to run it with.
system_has_cmake() {
    local version
    cmake=$(command -v cmake) || return 1
    build_tool=$(command -v ninja || command -v make) || return 1
    version=$("$cmake" --version | awk 'NR == 1 { print $3 }')
    [[ $(printf '%s\n' 3.20 "$version" | sort -V | sed -n 1p) == 3.20 ]]
}

# Sets cmake and build_tool; where the system has none, they are installed into the cache.
find_cmake() {
    if [[ -n $cmake ]] || system_has_cmake; then return; fi
    local tools=$cache/tools/cmake-4.0.3-ninja-1.11.1.4
    if [[ ! -f $tools/complete ]]; then
        say "installing cmake and ninja into the cache"
        rm -rf "$tools"
        mkdir -p "$tools"
        run_logged "$tools/venv.log" python3 -m venv "$tools/venv"
        run_logged "$tools/install.log" "$tools/venv/bin/python" -m pip install --quiet \
            --disable-pip-version-check cmake==4.0.3 ninja==1.11.1.4
        touch "$tools/complete"
    fi
    cmake=$tools/venv/bin/cmake
    build_tool=$tools/venv/bin/ninja
}

# compile SOURCE BUILD TARGET OPTION…
compile() {
    local source=$1 build=$2 target=$3 generator='Unix Makefiles'
    shift 3
    if [[ $build_tool == *ninja ]]; then generator=Ninja; fi
    run_logged "$build.configure.log" "$cmake" -S "$source" -B "$build" -G "$generator" \
        -DCMAKE_MAKE_PROGRAM="$build_tool" "$@"
    run_logged "$build.log" "$cmake" --build "$build" --target "$target" --parallel "$(nproc)"
}

# What decides about the code that the compiler makes, beside the options.
machine_facts() {
    # Not `head`, which would end the pipe early and with it, now and then, this script.
    "$CC" --version | sed -n 1p
    "$CXX" --version | sed -n 1p
    "$CXX" -dumpmachine
    if [[ $1 == native ]]; then
        grep -m 1 '^flags' /proc/cpuinfo || true
    fi
}

# name_library KIND OPTION…: sets library to the folder where the library is or will be built.
name_library() {
    local kind=$1 facts key
    shift
    facts=$(machine_facts "$kind")
    key=$(printf '%s\n' "$facts" "$crate_version" "$source_checksum" "${common_options[@]}" "$@" | hash_of_stdin)
    library=$cache/references/llama-$kind-library-${key:0:16}
}

harness_facts() {
    find "$harness/src" "$harness/CMakeLists.txt" "${BASH_SOURCE[0]}" -type f -print0 | sort -z |
        xargs -0 sha256sum | cut -d ' ' -f 1
}

# The flags with which the compiler was really called for the library's kernels.
compiler_flags() {
    python3 - "$1/compile_commands.json" <<'PYTHON'
import json, shlex, sys
[command] = [entry["command"] for entry in json.load(open(sys.argv[1])) if entry["file"].endswith("ggml-cpu/vec.cpp")]
print(*(word for word in shlex.split(command) if word.startswith(("-O", "-D", "-m", "-f", "-std="))))
PYTHON
}

# need_library KIND OPTION…: sets library to the folder of the built library.
need_library() {
    local name=llama-$1
    name_library "$@"
    shift
    find_source
    find_cmake
    # The stamp `complete` is written last: a folder without it is begun anew. So below.
    if [[ -f $library/complete ]]; then return; fi
    say "building llama.cpp for $name (about a minute and a half on two cores)"
    rm -rf "$library"
    mkdir -p "$library"
    compile "$source_dir" "$library/build" llama "${common_options[@]}" "$@"
    touch "$library/complete"
}

# compile_harness BUILD TARGET KIND ARITHMETIC OPTION…: the OPTIONs are those of the library, to be
# told in answers.
compile_harness() {
    local build=$1 target=$2 name=llama-$3 arithmetic=$4 flags
    shift 4
    flags="${*#-D} $(compiler_flags "$library/build")"
    compile "$harness" "$build" "$target" \
        -DCMAKE_BUILD_TYPE=Release \
        -DLOCKSTEP_ENGINE_NAME="$name" -DLOCKSTEP_ARITHMETIC="$arithmetic" \
        -DLOCKSTEP_BUILD_FLAGS="$flags" \
        -DLOCKSTEP_LIBRARY_VERSION="$crate $crate_version" \
        -DLOCKSTEP_SOURCE_CHECKSUM="sha256:$source_checksum" \
        -DLOCKSTEP_LLAMA_SOURCE="$source_dir" -DLOCKSTEP_LLAMA_BUILD="$library/build" \
        "${test_options[@]}"
}

# Puts the executable where the runner looks for it. A rename, so that a run which starts it at this
# moment finds the old one or the new one.
publish() {
    local executable=$1 name=$2
    mkdir -p "$references"
    ln -sfn "$executable" "$references/.$name.new"
    mv -T "$references/.$name.new" "$references/$name"
    printf '%s\n' "$references/$name"
}

# build KIND ARITHMETIC OPTION…
build() {
    local kind=$1 arithmetic=$2 name=llama-$1 facts key built
    shift 2
    name_library "$kind" "$@"
    facts=$(harness_facts)
    key=$(printf '%s\n' "$library" "$name" "$arithmetic" "$facts" | hash_of_stdin)
    built=$cache/references/$name-${key:0:16}
    if [[ ! -f $built/complete ]]; then
        need_library "$kind" "$@"
        say "building the harness $name"
        rm -rf "$built"
        mkdir -p "$built"
        compile_harness "$built/build" cpp-harness "$kind" "$arithmetic" "$@"
        cp "$built/build/cpp-harness" "$built/cpp-harness"
        touch "$built/complete"
    fi
    publish "$built/cpp-harness" "$name"
}

# Builds the harness's own tests with address and undefined-behaviour checks, and runs them.
run_tests() {
    local build key program
    need_library scalar "${scalar_options[@]}"
    # Kept between runs for its objects; the build tool finds out what is stale. One for each
    # checkout, because CMake binds a build to its source.
    key=$(hash_of_stdin <<<"$root")
    build=$cache/references/harness-tests-${key:0:16}
    test_options=(-DLOCKSTEP_TESTS=ON -DLOCKSTEP_SANITIZE=ON)
    compile_harness "$build" harness-tests scalar exact "${scalar_options[@]}"
    for program in "$build"/*-test; do
        say "running $(basename "$program")"
        "$program"
    done
}

which=${1:-all}
case $which in
    scalar | native | all | tests) ;;
    *)
        say "usage: $0 [scalar|native|all|tests]"
        exit 64
        ;;
esac
command -v "$CXX" >/dev/null || die "a C++ compiler is needed (Debian: apt-get install build-essential)"
mkdir -p "$cache/references"
# Two runs at once would build into one folder.
take_lock "$cache/references/lock"
read_lock_file
case $which in
    scalar | all) build scalar exact "${scalar_options[@]}" ;;&
    native | all) build native fast "${native_options[@]}" ;;
    tests) run_tests ;;
esac
