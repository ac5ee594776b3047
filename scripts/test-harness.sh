#!/usr/bin/env bash
# Builds the harness's own tests with address and undefined-behaviour checks, and runs them.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

exec "$root/scripts/build-references.sh" tests
