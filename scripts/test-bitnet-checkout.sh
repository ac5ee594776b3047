#!/usr/bin/env bash
# What scripts/build-references.sh bitnet says of checkouts that are not whole, and that it builds on
# one that is. The whole one is made here of ik_llama.cpp's headers and libraries, laid out as
# bitnet.cpp's are.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checkout=$work/BitNet
llama=$checkout/3rdparty/llama.cpp

# refused FOLDER WORDS: it fails, and says so.
refused() {
    if BITNET_CPP_DIR=$1 "$root/scripts/build-references.sh" bitnet >"$work/out" 2>"$work/err"; then
        die "BITNET_CPP_DIR=$1 was taken"
    fi
    grep -qF -- "$2" "$work/err" || die "BITNET_CPP_DIR=$1: \`$2\` is not in: $(cat "$work/err")"
}

refused '' 'BITNET_CPP_DIR is not set'
refused "$work/nowhere" 'no such folder'
mkdir -p "$checkout"
refused "$checkout" 'include/llama.h is missing (hint: git submodule update'

harness=$(readlink -f "$("$root/scripts/build-references.sh" ik)")
libraries=$(dirname "$(ldd "$harness" | awk '$1 ~ /^libllama-/ { print $3 }')")
mkdir -p "$llama/include" "$llama/ggml/include" "$checkout/build/3rdparty/llama.cpp/src" \
    "$checkout/build/3rdparty/llama.cpp/ggml/src"
cp "$libraries"/../include/llama.h "$llama/include/"
refused "$checkout" 'ggml/include/ggml.h is missing'
cp "$libraries"/../include/ggml*.h "$llama/ggml/include/"
refused "$checkout" 'no libllama.so below'
# Linked by these names, found at run time by the ones that are written in them.
cp "$libraries"/*.so* "$checkout/build/3rdparty/llama.cpp/src/"
ln -s "$(basename "$libraries"/libllama-*.so)" "$checkout/build/3rdparty/llama.cpp/src/libllama.so"
refused "$checkout" 'no libggml.so below'
mv "$checkout"/build/3rdparty/llama.cpp/src/libggml-*.so "$checkout/build/3rdparty/llama.cpp/ggml/src/"
cp "$checkout"/build/3rdparty/llama.cpp/src/libgomp-* "$checkout/build/3rdparty/llama.cpp/ggml/src/"
ln -s "$(basename "$libraries"/libggml-*.so)" "$checkout/build/3rdparty/llama.cpp/ggml/src/libggml.so"

# Published elsewhere: it stops working when this script ends.
built=$(BITNET_CPP_DIR=$checkout LOCKSTEP_PUBLISH=$work/references "$root/scripts/build-references.sh" bitnet)
[[ $built == "$work/references/bitnet" ]] || die "published as $built"
# Into files: `grep -q` would end a pipe early, and with it, now and then, this script.
"$built" describe >"$work/describe" 2>"$work/err"
grep -qF '"name":"bitnet.cpp"' "$work/describe" || die "it does not say whose library it has"
ldd "$built" >"$work/ldd"
grep -qF "$checkout/build" "$work/ldd" || die "it is linked with other libraries"
# Of no use to anybody else, as the checkout goes.
rm -rf "$(dirname "$(readlink "$built")")"
say "bitnet is built on a checkout that is whole, and says what is missing in others"
