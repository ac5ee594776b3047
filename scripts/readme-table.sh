#!/usr/bin/env bash
# Writes what the README says of what runs, out of what the engines say of themselves.
#
#   scripts/readme-table.sh            writes it
#   scripts/readme-table.sh --check    fails if the README has another
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# With the workspace, whose dependencies are built once: alone it would have them with other features.
cargo build --quiet --locked --workspace
python3 - "${1:-}" "${CARGO_TARGET_DIR:-target}/debug/rust-engine" "$references/llama-scalar" <<'PYTHON'
import json, subprocess, sys
mode, engine, reference = sys.argv[1:]
begin, end = "<!-- begin: what runs -->\n", "<!-- end: what runs -->\n"

def describe(program):
    return json.loads(subprocess.run([program, "describe"], check=True, capture_output=True).stdout)

ours, theirs = describe(engine), describe(reference)

def row(title, kind):
    shared = [name for name in ours[kind] if name in theirs[kind]]
    alone = [name for name in ours[kind] if name not in theirs[kind]]
    return f"| {title} | {', '.join(shared)} | {', '.join(alone)} |"

def tokenizers(known):
    words = []
    for model, pre in sorted(known.items()):
        names = f" with {len(pre)} names of `tokenizer.ggml.pre`" if pre else ""
        words.append(f"`{model}`{names}")
    return f"Tokenizers (`tokenizer.ggml.model`): {', '.join(words)}."

lines = ["| | in `llama-scalar`, too | here alone |", "|---|---|---|"]
lines += [row("`general.architecture`", "architectures"), row("tensor type", "tensor_types")]
lines += ["", tokenizers(ours["tokenizers"])]
table = begin + "\n".join(lines) + "\n" + end
with open("README.md") as file:
    readme = file.read()
start, stop = readme.index(begin), readme.index(end) + len(end)
if mode == "--check":
    if readme[start:stop] != table:
        sys.exit("README.md: what runs is not what describe says: run scripts/readme-table.sh")
else:
    with open("README.md", "w") as file:
        file.write(readme[:start] + table + readme[stop:])
PYTHON
