#!/usr/bin/env bash
# Opens the pages of `lockstep report` in a real Chromium and walks through them by keyboard. With a
# folder as argument, pages and pictures of them are left there to be looked at.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# Drives Debian's browser instead of downloading one.
driver_version=24.8.2

find_browser() {
    browser=$(command -v chromium || command -v chromium-browser || true)
    if [[ -z $browser && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        say "installing Debian's chromium"
        mkdir -p "$cache"
        run_logged "$cache/chromium.log" apt-get update
        run_logged "$cache/chromium.log" env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends chromium fonts-dejavu-core
        browser=$(command -v chromium)
    fi
    [[ -n $browser ]] || die "there is no chromium (hint: apt-get install chromium)"
}

# Sets driver: the folder that has node_modules/puppeteer-core.
find_driver() {
    driver=$cache/tools/puppeteer-core-$driver_version
    [[ -d $driver ]] && return
    command -v npm >/dev/null || die "npm is needed to fetch puppeteer-core"
    mkdir -p "$cache/tools"
    local work
    work=$(mktemp -d "$cache/tools/driver.XXXXXX")
    say "fetching puppeteer-core $driver_version"
    run_logged "$cache/tools/driver.log" npm install --prefix "$work" --ignore-scripts --no-audit \
        --no-fund "puppeteer-core@$driver_version"
    # Another run may have been faster.
    mv --no-target-directory "$work" "$driver" 2>/dev/null || rm -rf "$work"
}

find_browser
find_driver
folder=${1:-}
if [[ -z $folder ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# With the workspace, as all tests are run: alone the runner would have dependencies with other features.
LOCKSTEP_PAGES=$folder cargo nextest run --locked --workspace -E 'package(runner) & kind(lib) & test(page::tests)'
NODE_PATH=$driver/node_modules LOCKSTEP_BROWSER=$browser node scripts/test-report.cjs "$folder"
