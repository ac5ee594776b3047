#!/usr/bin/env bash
# Runs each point of what has been promised and prints its figure.
#
#   scripts/acceptance.sh                     all chapters
#   scripts/acceptance.sh foundation          one
#   scripts/acceptance.sh foundation 1 6      points of one
#   scripts/acceptance.sh foundation 7        a fresh clone with an empty cache: both README commands
#
# A chapter is a file of scripts/acceptance/ with a function for each point.
set -euo pipefail
# shellcheck source=scripts/acceptance/common.sh
source "$(dirname "$0")/acceptance/common.sh"
cd "$root"

chapters=(foundation models verdicts sweeps fast)

# run_chapter NAME [POINT…]
run_chapter() (
    chapter=$1
    [[ " ${chapters[*]} " == *" $chapter "* ]] || die "there is no chapter $chapter (there are ${chapters[*]})"
    # shellcheck source=/dev/null
    source "scripts/acceptance/$chapter.sh"
    if (($# > 1)); then points=("${@:2}"); fi
    for point in "${points[@]}"; do
        [[ $(type -t "point_$point") == function ]] || die "$chapter has no point $point"
        "point_$point"
    done
)

prepare
if (($# > 0)); then
    run_chapter "$@"
else
    for chapter in "${chapters[@]}"; do run_chapter "$chapter"; done
fi
