#!/usr/bin/env python3
"""Runs a command and tells what it took, as JSON in a file.

  measure.py OUT.json FOLDER… -- COMMAND…

`wall_s` is its time; `peak_memory` the most memory that the process itself had, without its children;
`peak_disk` the most bytes that were seen in the folders, looked at four times a second, beyond what
was there at the start. Ends with the command's exit code.
"""

import json
import os
import subprocess
import sys
import time


def held(folders):
    """Bytes on disk below the folders; what vanishes meanwhile is not counted."""
    total = 0
    stack = list(folders)
    while stack:
        try:
            for entry in os.scandir(stack.pop()):
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def peak_memory(pid):
    """The high-water mark of a running process, or 0 when it has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def main():
    split = sys.argv.index("--")
    out, folders, command = sys.argv[1], sys.argv[2:split], sys.argv[split + 1 :]
    before = held(folders)
    memory = disk = looks = 0
    start = time.monotonic()
    process = subprocess.Popen(command)
    while True:
        memory = max(memory, peak_memory(process.pid))
        if looks % 5 == 0:
            disk = max(disk, held(folders) - before)
        looks += 1
        try:
            code = process.wait(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            continue
    wall = time.monotonic() - start
    disk = max(disk, held(folders) - before)
    with open(out, "w", encoding="ascii") as file:
        json.dump({"wall_s": wall, "peak_memory": memory, "peak_disk": disk}, file)
    sys.exit(code if code >= 0 else 128 - code)


main()
