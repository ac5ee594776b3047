# Shared by the scripts that build references: the pinned source, cmake, and where executables go.
# Sourced after lib.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for those who source this

harness=$root/cpp-harness
# The package whose lock file pins the source; another one tries the references on another llama.cpp.
pinned_source=${LOCKSTEP_PINNED_SOURCE:-$harness/pinned-source}
crate=llama-cpp-sys-2
# Found when something has to be built.
source_dir=''
cmake=''

# CMake takes these from the environment. One `-march` among them would turn the scalar build into
# another, and the key would not show it.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE CMAKE_PREFIX_PATH CMAKE_BUILD_TYPE
export CC=${CC:-cc} CXX=${CXX:-c++}

# Sets crate_version and source_checksum from the lock file, which cargo checks the source against.
read_lock_file() {
    local lock=$pinned_source/Cargo.lock
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
    local manifest=$pinned_source/Cargo.toml metadata
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

harness_facts() {
    find "$harness/src" "$harness/CMakeLists.txt" "$root"/scripts/lib-*.sh "$root/scripts/build-references.sh" -type f -print0 | sort -z |
        xargs -0 sha256sum | cut -d ' ' -f 1
}

# harness_build NAME FACT…: sets built to the folder where the harness of this name is or will be,
# which depends on the facts and on the harness's own code.
harness_build() {
    local name=$1 facts key
    shift
    facts=$(harness_facts)
    key=$(printf '%s\n' "$name" "$facts" "$@" | hash_of_stdin)
    built=$cache/references/$name-${key:0:16}
}

# begin_harness NAME: makes the empty folder built.
begin_harness() {
    say "building the harness $1"
    rm -rf "$built"
    mkdir -p "$built"
}

# keep_harness: what was compiled in built is complete.
keep_harness() {
    cp "$built/build/cpp-harness" "$built/cpp-harness"
    # Written last: a folder without it is begun anew.
    touch "$built/complete"
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
