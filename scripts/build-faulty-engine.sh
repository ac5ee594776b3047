#!/usr/bin/env bash
# Builds the engine that makes faults on purpose and puts it beside every lockstep that is built, as
# rust-engine-faults, which `lockstep sabotage` looks for. Its build has a folder of its own, so that
# the sound engine stays what it is.
#
#   scripts/build-faulty-engine.sh
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

target=${CARGO_TARGET_DIR:-$root/target}
say "building rust-engine with faults"
cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml" \
    --target-dir "$target/faulty" -p rust-engine --features faults
published=0
for folder in "$target/release" "$target/debug"; do
    if [ -x "$folder/lockstep" ]; then
        # By a new name first: a run that has the old one open keeps it.
        cp "$target/faulty/release/rust-engine" "$folder/rust-engine-faults.new"
        mv "$folder/rust-engine-faults.new" "$folder/rust-engine-faults"
        printf '%s\n' "$folder/rust-engine-faults"
        published=1
    fi
done
[ "$published" = 1 ] || die "no lockstep in $target/release or $target/debug (hint: cargo build --release)"
