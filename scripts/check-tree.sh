#!/usr/bin/env bash
# Nothing of one machine and no third party's source is in the tree.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"

failed=0
refuse() {
    say "error: $1:"
    say "$2"
    failed=1
}

files=$(git ls-files --cached --others --exclude-standard)
if found=$(grep -nIE '/(home|Users|root)/[A-Za-z._-]+/' $files | grep -v '^scripts/check-tree.sh:'); then
    refuse "an absolute path of one machine" "$found"
fi
if found=$(printf '%s\n' "$files" | grep -E '(^|/)(ggml|llama)[^/]*\.(c|h|cpp|hpp)$' | grep -v '^cpp-harness/src/llama_api'); then
    refuse "a file that looks like the library's source" "$found"
fi
# Under pipefail such a test is false at random: the writer dies of SIGPIPE once `grep -q` has its match.
if found=$(grep -nE '\| *grep +-[a-zA-Z]*q' $(printf '%s\n' "$files" | grep -E '\.sh$|^\.ci/') | grep -v '^scripts/check-tree.sh:'); then
    refuse "a pipe into grep -q" "$found"
fi
if found=$(printf '%s\n' "$files" | grep '^results/' | grep -vE '^results/(README.md$|baseline/)'); then
    refuse "a run that was committed" "$found"
fi
exit "$failed"
