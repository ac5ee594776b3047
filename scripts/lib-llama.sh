# llama-scalar and llama-native: the harness on the pinned llama.cpp, which is built here. Also the
# harness's own tests, which are linked with the scalar one.
# Sourced by build-references.sh.
# shellcheck shell=bash

# Where the library is, once it is named.
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
# GCC 12 takes only the first eight bytes of AMX's tile configuration for used and drops the stores of
# the rest: a llama.cpp with its AMX kernels dies at the first product (invalid memory access).
if [[ $(cc -march=native -dM -E - </dev/null 2>/dev/null) == *__AMX_INT8__* ]]; then
    native_options+=(-DCMAKE_C_FLAGS=-mno-amx-int8 -DCMAKE_CXX_FLAGS=-mno-amx-int8)
fi

# name_library KIND OPTION…: sets library to the folder where the library is or will be built.
name_library() {
    local kind=$1 facts key
    shift
    facts=$(machine_facts "$kind")
    key=$(printf '%s\n' "$facts" "$crate_version" "$source_checksum" "${common_options[@]}" "$@" | hash_of_stdin)
    library=$cache/references/llama-$kind-library-${key:0:16}
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
    # The stamp `complete` is written last: a folder without it is begun anew.
    if [[ -f $library/complete ]]; then return; fi
    say "building llama.cpp for $name (about a minute and a half on two cores)"
    rm -rf "$library"
    mkdir -p "$library"
    compile "$source_dir" "$library/build" llama "${common_options[@]}" "$@"
    touch "$library/complete"
}

# compile_on_llama BUILD TARGET KIND ARITHMETIC OPTION…: the OPTIONs are those of the library, to be
# told in answers.
compile_on_llama() {
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

# build_llama KIND ARITHMETIC OPTION…
build_llama() {
    local kind=$1 arithmetic=$2 name=llama-$1
    shift 2
    name_library "$kind" "$@"
    harness_build "$name" "$library" "$arithmetic"
    if [[ ! -f $built/complete ]]; then
        need_library "$kind" "$@"
        begin_harness "$name"
        compile_on_llama "$built/build" cpp-harness "$kind" "$arithmetic" "$@"
        keep_harness
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
    compile_on_llama "$build" harness-tests scalar exact "${scalar_options[@]}"
    for program in "$build"/*-test; do
        say "running $(basename "$program")"
        "$program"
    done
}
