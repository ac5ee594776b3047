#!/usr/bin/env bash
# Runs the sweep in FOLDER (see mixed_sweep) while the disk is full, in each of the places where
# something is written, then with room again. The merged run must be FOLDER/truth.
#
#   unshare --map-root-user --mount scripts/acceptance/full-disk.sh LOCKSTEP FOLDER
set -euo pipefail

lockstep=$1 folder=$2
disk=$folder/disk

# run_into OUT ARGUMENT…: sets code.
run_into() {
    code=0
    "$lockstep" run "$folder/plan.json" --out "$1" --quiet "${@:2}" 2>"$folder/full-disk.log" || code=$?
}

# fails WHERE SIZE: that the run could not end, and said so.
fails() {
    ((code == 75)) || { tail -n 5 "$folder/full-disk.log"; echo "$1 of $2: exit $code, expected 75"; exit 1; }
    grep -q 'No space left on device' "$folder/full-disk.log" || { echo "$1 of $2: no word of the disk"; exit 1; }
}

# succeeds WHERE SIZE OUT: that the run is at its end, and its result is as always.
succeeds() {
    ((code == 0)) || { tail -n 5 "$folder/full-disk.log"; echo "$1 of $2: exit $code, expected 0"; exit 1; }
    rm -rf "$folder/merged"
    "$lockstep" merge "$3" -o "$folder/merged" 2>>"$folder/full-disk.log"
    diff -r --brief --exclude environment.json "$folder/truth" "$folder/merged"
}

mkdir -p "$disk"
for size in 100k 400k 800k 1500k; do
    mount -t tmpfs -o "size=$size" tmpfs "$disk"
    run_into "$disk/out"
    fails "the run's folder" "$size"
    mount -o remount,size=1g "$disk"
    run_into "$disk/out"
    succeeds "the run's folder" "$size" "$disk/out"
    umount "$disk"
    echo "the run's folder on a disk of $size: exit 75; with room again the same bytes"
done
for size in 16k 32k 64k; do
    mount -t tmpfs -o "size=$size" tmpfs "$disk"
    rm -rf "$folder/scratch"
    TMPDIR=$disk run_into "$folder/scratch"
    fails "scratch files" "$size"
    umount "$disk"
    run_into "$folder/scratch"
    succeeds "scratch files" "$size" "$folder/scratch"
    echo "scratch files on a disk of $size: exit 75; with room again the same bytes"
done
# A cache is a help: without room for it all is computed.
mount -t tmpfs -o size=64k tmpfs "$disk"
rm -rf "$folder/uncached"
run_into "$folder/uncached" --cache "$disk/cache"
succeeds "kept answers" 64k "$folder/uncached"
umount "$disk"
echo "kept answers on a disk of 64k: exit 0, the same bytes"
