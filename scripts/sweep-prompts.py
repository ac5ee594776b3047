#!/usr/bin/env python3
"""Writes a set of prompts of this project's own text: the same set each time.

  scripts/sweep-prompts.py 200 > prompts.jsonl

They are pieces of documents, each longer than the one before; SmolLM2's vocabulary makes 20 to 300
tokens of them. Documents that change often are left out: each new prompt needs floors of its own.
"""

import json
import pathlib
import re
import sys

SOURCES = ["docs/token-parity.md", "docs/symptoms.md", "docs/floors.md", "docs/sabotage.md", "docs/references.md"]
# In words, digits and marks.
SHORTEST, LONGEST = 26, 230


def main():
    count = int(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parent.parent
    text = "".join((root / source).read_text(encoding="utf-8") for source in SOURCES)
    marks = list(re.finditer(r"\d|[^\W\d]+|[^\w\s]", text))
    for index in range(count):
        length = SHORTEST + (LONGEST - SHORTEST) * index // max(count - 1, 1)
        start = index * 131 % (len(marks) - LONGEST)
        piece = text[marks[start].start() : marks[start + length - 1].end()]
        print(json.dumps({"schema": "lockstep/prompt/v1", "name": f"piece-{index + 1}", "text": piece}))


main()
