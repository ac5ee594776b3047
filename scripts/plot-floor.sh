#!/usr/bin/env bash
# Draws docs/floors-smollm2.svg, the picture of docs/floors.md, out of a measured floor.
#
# Needs the references (scripts/build-references.sh all, and ik); takes minutes. The figures are those
# of this machine: other instruction sets round elsewhere.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

model=$(scripts/fetch-demo-model.sh)
cargo build --quiet --locked -p runner
"${CARGO_TARGET_DIR:-target}/debug/lockstep" floor --model "$model" --candidate none --plot docs/floors-smollm2.svg
