#!/usr/bin/env bash
# Runs the kernels' tests where a wrong access is seen: under AddressSanitizer every set of this CPU, and
# interpreted by Miri the portable and the scalar set, in a few small sizes (panels would take minutes).
#
#   scripts/check-kernels.sh            both
#   scripts/check-kernels.sh address    one
#   scripts/check-kernels.sh miri
#
# Assembly is not looked into by either: AMX' tiles, and NEON's products.
# The compiler is a nightly one, for both are unstable; LOCKSTEP_NIGHTLY names another than `nightly`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"

nightly=${LOCKSTEP_NIGHTLY:-nightly}
target=x86_64-unknown-linux-gnu
# Beside the builds of the stable compiler, which these would throw out.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/checked
# Most dependencies are the runner's, which is there for other tests: compiled quickly, not for speed.
quick_build=(--config 'profile.dev.package."*".opt-level=0' --config profile.dev.package.wide.opt-level=3)

address() {
    say "== under AddressSanitizer"
    RUSTFLAGS=-Zsanitizer=address cargo "+$nightly" test --quiet --locked -p rust-engine --lib \
        --target "$target" "${quick_build[@]}" -- kernels::
}

# Rayon's deques keep what their threads leave behind, and make pointers of numbers: no doing of ours.
miri() {
    say "== under Miri"
    rustup --quiet component add --toolchain "$nightly" miri rust-src
    RAYON_NUM_THREADS=1 MIRIFLAGS='-Zmiri-ignore-leaks -Zmiri-tree-borrows -Zmiri-permissive-provenance' \
        cargo "+$nightly" miri test --locked -p rust-engine --lib -- kernels::fast
}

case ${1:-both} in
    both)
        address
        miri
        ;;
    address | miri) "$1" ;;
    *) die "unknown check $1 (there are address and miri)" ;;
esac
