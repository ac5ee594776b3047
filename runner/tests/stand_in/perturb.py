#!/usr/bin/env python3
"""Wraps another engine and changes its numbers: `perturb.py CHANGE -- COMMAND… SUBCOMMAND…`.

CHANGE is one of
  add POSITION TOKEN AMOUNT   adds AMOUNT to one logit of one position
  swap POSITION POSITION      swaps two rows
  shift AMOUNT                adds AMOUNT to all logits of all positions and steps
  nan POSITION TOKEN          makes one logit not a number
  choose STEP TOKEN           makes one greedy step choose TOKEN, with a row that says so too
  tokens first|last           leaves out the first or the last token of every text
"""

import json
import os
import struct
import subprocess
import sys


def main(words):
    split = words.index("--")
    change, command = words[:split], words[split + 1 :]
    if "evaluate" not in command and not (change[0] == "tokens" and "tokenize" in command):
        return subprocess.call(command)
    engine = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in engine.stdout:
        answer = json.loads(line)
        if "error" not in answer:
            perturb(change, answer, command)
        print(json.dumps(answer), flush=True)
    return engine.wait()


def perturb(change, answer, command):
    kind, values = change[0], change[1:]
    if kind == "tokens":
        part = slice(1, None) if values[0] == "first" else slice(None, -1)
        answer["ids"], answer["pieces"] = answer["ids"][part], answer["pieces"][part]
        return
    folder = command[command.index("--out") + 1]
    columns = answer["shape"][1]
    logits = os.path.join(folder, answer["logits"])
    greedy = os.path.join(folder, answer["greedy_logits"])
    if kind == "add":
        position, token, amount = int(values[0]), int(values[1]), float(values[2])
        edit(logits, columns, position, lambda row: with_number(row, token, row[token] + amount))
    elif kind == "nan":
        position, token = int(values[0]), int(values[1])
        edit(logits, columns, position, lambda row: with_number(row, token, float("nan")))
    elif kind == "swap":
        first, second = (read(logits, columns, int(value)) for value in values)
        edit(logits, columns, int(values[0]), lambda _: second)
        edit(logits, columns, int(values[1]), lambda _: first)
    elif kind == "shift":
        amount = float(values[0])
        for path, rows in [(logits, answer["shape"][0]), (greedy, len(answer["greedy_ids"]))]:
            for number in range(rows):
                edit(path, columns, number, lambda row: [x + amount for x in row])
    elif kind == "choose":
        step, token = int(values[0]), int(values[1])
        edit(greedy, columns, step, lambda row: with_number(row, token, max(row) + 1.0))
        answer["greedy_ids"][step] = token
    else:
        sys.exit(f"unknown change {kind}")


def with_number(row, place, number):
    return row[:place] + [number] + row[place + 1 :]


def place_of(path, columns, row):
    with open(path, "rb") as file:
        header_bytes = 10 + struct.unpack("<H", file.read(10)[8:])[0]
    return header_bytes + 4 * columns * row


def read(path, columns, row):
    with open(path, "rb") as file:
        file.seek(place_of(path, columns, row))
        return list(struct.unpack(f"<{columns}f", file.read(4 * columns)))


def edit(path, columns, row, change):
    numbers = change(read(path, columns, row))
    with open(path, "r+b") as file:
        file.seek(place_of(path, columns, row))
        file.write(struct.pack(f"<{columns}f", *numbers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
