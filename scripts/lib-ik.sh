# ik: the harness on ik_llama.cpp, of which a Python package has the headers and shared libraries.
# Nothing of it is run or built, so any Python that can download is good enough.
# Sourced by build-references.sh.
# shellcheck shell=bash

ik_package=ik-llama-cpp-python
ik_version=0.1.5
ik_wheel=ik_llama_cpp_python-0.1.5-cp311-cp311-manylinux_2_28_x86_64.whl
ik_sha256=52408f31dd05d16ada53b041155f14ec1fee9acd6ab0b4b4f77de04bd565bd67
# Where it is unpacked.
ik_library=$cache/references/ik-library-${ik_sha256:0:16}

# Makes sure that the package is unpacked at ik_library.
need_ik() {
    if [[ -f $ik_library/complete ]]; then return; fi
    [[ $(uname -sm) == 'Linux x86_64' ]] || die "ik: the package $ik_package has libraries for Linux on x86-64 only"
    say "fetching the package $ik_package $ik_version (25 MB)"
    rm -rf "$ik_library"
    mkdir -p "$ik_library"
    run_logged "$ik_library/fetch.log" python3 -m pip download --quiet --no-deps --disable-pip-version-check \
        --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 \
        --platform manylinux_2_28_x86_64 --dest "$ik_library" "$ik_package==$ik_version"
    [[ -f $ik_library/$ik_wheel ]] || die "$ik_package $ik_version: no file $ik_wheel"
    [[ $(hash_of_stdin <"$ik_library/$ik_wheel") == "$ik_sha256" ]] ||
        die "$ik_wheel has another sha256 than $ik_sha256"
    python3 - "$ik_library" "$ik_wheel" <<'PYTHON'
import os, sys, zipfile
folder, wheel = sys.argv[1:]
with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
    wanted = [name for name in archive.namelist() if name.startswith(("include/", "ik_llama_cpp_python.libs/"))]
    archive.extractall(folder, wanted)
PYTHON
    rm "$ik_library/$ik_wheel"
    touch "$ik_library/complete"
}

# compile_on_ik NAME BUILD TARGET OPTION…
compile_on_ik() {
    local name=$1 build=$2 target=$3 libraries
    shift 3
    # The names have a hash in them.
    libraries=$(printf '%s;' "$ik_library"/ik_llama_cpp_python.libs/lib{llama,ggml}-*.so)
    compile "$harness" "$build" "$target" \
        -DCMAKE_BUILD_TYPE=Release \
        -DLOCKSTEP_ENGINE_NAME="$name" -DLOCKSTEP_ARITHMETIC=fast \
        -DLOCKSTEP_BUILD_FLAGS="wheel=$ik_wheel" \
        -DLOCKSTEP_LIBRARY_NAME=ik_llama.cpp \
        -DLOCKSTEP_LIBRARY_VERSION="$ik_package $ik_version" \
        -DLOCKSTEP_SOURCE_CHECKSUM="sha256:$ik_sha256" \
        -DLOCKSTEP_LLAMA_SOURCE="$source_dir" \
        -DLOCKSTEP_LLAMA_INCLUDE="$ik_library/include" -DLOCKSTEP_LLAMA_SHARED="${libraries%;}" "$@"
}

build_ik() {
    local facts
    facts=$(machine_facts ik)
    harness_build ik "$ik_library" "$facts"
    # The harness is linked with it: without it, one that is built already does not start.
    need_ik
    if [[ ! -f $built/complete ]]; then
        # For the headers of its JSON library.
        find_source
        find_cmake
        begin_harness ik
        compile_on_ik ik "$built/build" cpp-harness
        keep_harness
    fi
    publish "$built/cpp-harness" ik
}

# Prints the path of the harness whose file for llama.cpp of 2024 is compiled for this library; it is
# a test's, so it is not published.
build_old_generation() {
    local build key
    find_source
    find_cmake
    need_ik
    # As the harness's tests: kept for its objects, one for each checkout.
    key=$(hash_of_stdin <<<"$root")
    build=$cache/references/old-generation-${key:0:16}
    compile_on_ik old-generation "$build" old-generation-harness -DLOCKSTEP_TESTS=ON
    printf '%s\n' "$build/old-generation-harness"
}
