#!/usr/bin/env python3
"""A whole engine that answers from a table: what it takes to join Lockstep from another language.

It knows four words. The logits of a position depend on its token alone. `--shift X` adds X to the
first logit of every row, so that two of these engines can be made to disagree.
"""

import json
import os
import struct
import sys

WORDS = ["<s>", "two", "and", "four"]
BOS = 0
CONTEXT = 64
# LOGITS[token][next token]
LOGITS = [
    [0.0, 3.0, 1.0, 2.0],
    [0.5, 0.25, 4.0, 1.0],
    [0.0, 5.0, 0.125, 2.0],
    [1.0, 1.0, 1.0, 1.0],
]


def main(arguments):
    shift = 0.0
    if arguments[:1] == ["--shift"]:
        shift, arguments = float(arguments[1]), arguments[2:]
    command, flags = arguments[0], dict(zip(arguments[1::2], arguments[2::2]))
    if command == "describe":
        say("describe-response", describe("--model" in flags))
    elif command == "tokenize":
        for request in requests("tokenize-request"):
            say("tokenize-response", tokenize(request))
    elif command == "evaluate":
        for request in requests("evaluate-request"):
            say("evaluate-response", evaluate(request, flags, shift))
    else:
        sys.exit(64)


def requests(kind):
    for line in sys.stdin:
        request = json.loads(line)
        if request["schema"] != f"lockstep/{kind}/v1":
            print(f"schema is {request['schema']}, expected {kind}/v1", file=sys.stderr)
            sys.exit(65)
        yield request


def say(kind, answer):
    print(json.dumps({"schema": f"lockstep/{kind}/v1", **answer}), flush=True)


def settings(flags):
    return {
        "arithmetic": flags.get("--arithmetic", "exact"),
        "threads": int(flags.get("--threads", 1)),
        "context": int(flags.get("--context", CONTEXT)),
        "micro_batch": int(flags.get("--micro-batch", 512)),
        "kv": flags.get("--kv", "f16"),
        "flash_attention": flags.get("--flash-attention", "off") == "on",
        "library": None,
        "cpu_features": [],
    }


def describe(with_model):
    answer = {
        "name": "table-engine",
        "version": "1",
        "build": {"compiler": "python", "flags": [], "simd": [], "library": None},
        "arithmetics": ["exact", "f32"],
        "architectures": ["llama"],
        "tensor_types": ["F32"],
        "kernels": ["table"],
        "settings": settings({}),
    }
    if with_model:
        answer["model"] = {
            "architecture": "llama",
            "vocabulary_size": len(WORDS),
            "context": CONTEXT,
            "special_tokens": {"bos": BOS},
            "tensor_type_counts": {"F32": 1},
        }
        answer["can_run"] = True
        answer["reason"] = None
    return answer


def tokenize(request):
    text = request["text"]
    if not isinstance(text, str):
        text = bytes(text["bytes"]).decode("utf-8", "replace")
    words = ([] if request["bos"] == "no" else ["<s>"]) + text.split()
    unknown = [word for word in words if word not in WORDS]
    if unknown:
        return {"id": request["id"], "error": f"the table has no word {unknown[0]}"}
    return {
        "id": request["id"],
        "ids": [WORDS.index(word) for word in words],
        "pieces": [{"text": word} for word in words],
    }


def evaluate(request, flags, shift):
    tokens, steps = request["tokens"], request["greedy_steps"]
    positions = request["positions"]
    if not tokens or any(token >= len(WORDS) for token in tokens):
        return {"id": request["id"], "error": f"tokens {tokens} are not all in the table"}
    if len(tokens) + max(steps - 1, 0) > int(flags.get("--context", CONTEXT)):
        return {"id": request["id"], "error": f"{len(tokens)} tokens do not fit the context"}
    if positions == "all":
        positions = range(len(tokens))
    elif positions == "last":
        positions = [len(tokens) - 1]

    def row(token):
        return [LOGITS[token][0] + shift] + LOGITS[token][1:]

    greedy_ids, greedy_rows, token = [], [], tokens[-1]
    for _ in range(steps):
        greedy_rows.append(row(token))
        # The lowest id among equals.
        token = max(range(len(WORDS)), key=lambda id: (greedy_rows[-1][id], -id))
        greedy_ids.append(token)
    rows = [row(tokens[position]) for position in positions]
    logits = write_npy(flags["--out"], f"{request['id']}.logits.npy", rows)
    greedy_logits = write_npy(flags["--out"], f"{request['id']}.greedy.npy", greedy_rows)
    return {
        "id": request["id"],
        "logits": logits,
        "shape": [len(rows), len(WORDS)],
        "greedy_ids": greedy_ids,
        "greedy_logits": greedy_logits,
        "prefill_ns": 1,
        "decode_ns": 1,
        "settings": settings(flags),
    }


def write_npy(folder, name, rows):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(WORDS)}), }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    temporary = os.path.join(folder, name + ".part")
    with open(temporary, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
        for row in rows:
            file.write(struct.pack(f"<{len(row)}f", *row))
    os.rename(temporary, os.path.join(folder, name))
    return name


if __name__ == "__main__":
    main(sys.argv[1:])
