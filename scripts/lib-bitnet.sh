# bitnet: the harness on a bitnet.cpp that the user has built, named by BITNET_CPP_DIR. Only its
# headers and shared libraries are used, where they lie: the harness stops working when they go.
# Sourced by build-references.sh.
# shellcheck shell=bash

# first_file FILE…: prints the first one that is there.
first_file() {
    local file
    for file in "$@"; do
        if [[ -f $file ]]; then
            printf '%s\n' "$file"
            return
        fi
    done
    return 1
}

# Sets bitnet_include and bitnet_shared, or says what is missing.
find_bitnet() {
    local dir=${BITNET_CPP_DIR:-} llama library found
    [[ -n $dir ]] || die "bitnet: BITNET_CPP_DIR is not set; it names a checkout of bitnet.cpp that you have built"
    dir=$(cd "$dir" 2>/dev/null && pwd) || die "bitnet: BITNET_CPP_DIR=$BITNET_CPP_DIR: no such folder"
    llama=$dir/3rdparty/llama.cpp
    for found in "$llama/include/llama.h" "$llama/ggml/include/ggml.h"; do
        [[ -f $found ]] || die "bitnet: $found is missing (hint: git submodule update --init --recursive)"
    done
    bitnet_include="$llama/include;$llama/ggml/include"
    if [[ -d $dir/include ]]; then bitnet_include="$bitnet_include;$dir/include"; fi
    bitnet_shared=''
    for library in llama ggml; do
        found=$(first_file "$dir/build/3rdparty/llama.cpp/src/lib$library.so" \
            "$dir/build/3rdparty/llama.cpp/ggml/src/lib$library.so" "$dir/build/bin/lib$library.so" \
            "$dir/build/lib/lib$library.so") ||
            die "bitnet: no lib$library.so below $dir/build (hint: build it with -DBUILD_SHARED_LIBS=ON)"
        bitnet_shared="$bitnet_shared;$found"
    done
    bitnet_shared=${bitnet_shared#;}
    # Later versions have more than one library of ggml.
    for library in ggml-base ggml-cpu; do
        if found=$(first_file "$dir"/build/{bin,3rdparty/llama.cpp/ggml/src}/lib"$library".so); then
            bitnet_shared="$bitnet_shared;$found"
        fi
    done
    bitnet_version=unknown
    # Not the commit of a repository around it.
    if [[ -e $dir/.git ]]; then
        bitnet_version=$(git -C "$dir" describe --always --abbrev=12 --dirty 2>/dev/null) || bitnet_version=unknown
    fi
}

build_bitnet() {
    local facts bitnet_include bitnet_shared bitnet_version checksum files
    find_bitnet
    IFS=';' read -r -a files <<<"$bitnet_shared"
    # No package vouches for them, so they are known by their own bytes.
    checksum=$(cat "${files[@]}" | hash_of_stdin)
    facts=$(machine_facts bitnet)
    harness_build bitnet "$bitnet_include" "$bitnet_shared" "$checksum" "$facts"
    if [[ ! -f $built/complete ]]; then
        # For the headers of its JSON library.
        find_source
        find_cmake
        begin_harness bitnet
        compile "$harness" "$built/build" cpp-harness \
            -DCMAKE_BUILD_TYPE=Release \
            -DLOCKSTEP_ENGINE_NAME=bitnet -DLOCKSTEP_ARITHMETIC=fast \
            -DLOCKSTEP_BUILD_FLAGS=built-by-the-user \
            -DLOCKSTEP_LIBRARY_NAME=bitnet.cpp \
            -DLOCKSTEP_LIBRARY_VERSION="commit $bitnet_version" \
            -DLOCKSTEP_SOURCE_CHECKSUM="sha256:$checksum" \
            -DLOCKSTEP_LLAMA_SOURCE="$source_dir" \
            -DLOCKSTEP_LLAMA_INCLUDE="$bitnet_include" -DLOCKSTEP_LLAMA_SHARED="$bitnet_shared"
        keep_harness
    fi
    publish "$built/cpp-harness" bitnet
}
