#!/usr/bin/env python3
"""Prints limits of the RMS of norm weights, as runner/limits/norms-v1.json has them.

    scripts/norm-limits.py "SmolLM2-135M" model.gguf
    scripts/norm-limits.py --chances model.gguf
    scripts/norm-limits.py --check model.gguf

The model is a sound one of its family. Its range is measured by `lockstep inspect`, and widened by
2 for a warning and by 10 for a failure, with two digits rounded outwards. LOCKSTEP names the
program.

--chances prints how likely a short sound weight has few different numbers, if its elements are
drawn from those of one of the model's norms, the worst one. --check fails if the file of limits has
other probabilities in its bases than this model's worst norm gives.
"""

import itertools
import json
import math
import operator
import os
import re
import struct
import subprocess
import sys
from collections import Counter

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

WIDENED = ((2, "warning"), (10, "failure"))


def outwards(value, up):
    """Two digits of a positive number, not nearer to the range than it is."""
    exponent = math.floor(math.log10(value)) - 1
    digits = value / 10**exponent
    # What is a whole number but for its last bit is one.
    digits = math.ceil(digits - 1e-9) if up else math.floor(digits + 1e-9)
    return float(f"{digits}e{exponent}")


def limits(family, norm, sizes, label):
    low, high = min(sizes), max(sizes)
    span = f"{low:.3g}" if len(sizes) == 1 else f"{low:.3g} to {high:.3g} in {len(sizes)} layers"
    for factor, severity in WIDENED:
        for bound, value in (
            ("smallest", outwards(low / factor, up=False)),
            ("largest", outwards(high * factor, up=True)),
        ):
            yield {
                "family": family,
                "norm": norm,
                "metric": "rms",
                "bound": bound,
                "value": value,
                "unit": "RMS of the weight",
                "severity": severity,
                "basis": f"measured: {label}, {span}; widened by a factor of {factor}",
            }


# At most so many different numbers in so many elements: what runner/src/inspect/norms/judge.rs
# says of its limit on the number of elements, and what was weighed against it.
ASKED = ((4, 12), (4, 16), (4, 64), (16, 32), (16, 64))


def chance(counts, n, most):
    """That n draws from values that occur so often have at most so many different numbers.

    Exact but for rounding. `ways[d][t]` belongs to t draws that have each of d different values at
    least once: the sum of the products of p**s / s! over these values, s being how often a value is
    drawn. One value after the other is let in; n! at the end counts the orders of the draws.
    """
    ways = [[0.0] * (n + 1) for _ in range(most + 1)]
    ways[0][0] = 1.0
    total = sum(counts)
    for count in counts:
        share = count / total
        # From s = n down to 1, so that the last t of them stand beside 0 to t - 1 earlier draws.
        terms = [share**s / math.factorial(s) for s in range(n, 0, -1)]
        # Downwards, as a value is let in once.
        for different in range(most, 0, -1):
            fewer = ways[different - 1]
            for t in range(1, n + 1):
                ways[different][t] += sum(map(operator.mul, fewer[:t], terms[n - t :]))
    return math.factorial(n) * sum(row[n] for row in ways)


def check_chance():
    """Every sequence of draws, one by one, where there are few."""
    counts, n = (5, 3, 1), 6
    for most in (1, 2, 3):
        draws = (d for d in itertools.product(range(3), repeat=n) if len(set(d)) <= most)
        expected = sum(math.prod(counts[i] / sum(counts) for i in draw) for draw in draws)
        found = chance(counts, n, most)
        assert math.isclose(found, expected, rel_tol=1e-12), (most, found, expected)


def counts_of_norms(facts, model):
    """How often each number occurs in each norm of F32."""
    norms = {weight["name"] for weight in facts["norms"]["weights"]}
    with open(model, "rb") as file:
        for tensor in facts["tensors"]:
            if tensor["name"] in norms and tensor["type"] == "F32":
                file.seek(facts["data_offset"] + tensor["offset"])
                values = struct.iter_unpack("<f", file.read(tensor["bytes"]))
                yield tensor["name"], Counter(values).values()


def worst(norms, most, n):
    return max((chance(counts, n, most), name) for name, counts in norms.items())


def print_chances(norms):
    for most, n in ASKED:
        one, name = worst(norms, most, n)
        hundred = -math.expm1(100 * math.log1p(-one))
        print(f"at most {most} in {n}: {one:.0e}, one of 100 such norms: {hundred:.0e} ({name})")


def check_bases(norms):
    with open(os.path.join(ROOT, "runner/limits/norms-v1.json")) as file:
        bases = [limit["basis"] for limit in json.load(file)["limits"]]
    words = re.compile(r"from (\d+) elements .* at most (\d+) .* with a probability of (\S+)")
    stated = [found.groups() for found in map(words.search, bases) if found]
    if not stated:
        sys.exit("norms-v1.json: no basis states a probability")
    for n, most, probability in stated:
        found, name = worst(norms, int(most), int(n))
        if float(f"{found:.0e}") != float(probability):
            expected = f"expected {found:.0e} ({name})"
            sys.exit(f"norms-v1.json: {probability} for {most} in {n}, {expected}")


def print_limits(facts, label):
    sizes = {}
    for weight in facts["norms"]["weights"]:
        # A weight without numbers is no basis: this ends with an error, as it should.
        sizes.setdefault(weight["norm"], []).append(weight["statistics"]["rms"])
    family = facts["metadata"]["general.architecture"]
    for norm in sorted(sizes):
        for limit in limits(family, norm, sizes[norm], label):
            print("    " + json.dumps(limit) + ",")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    label, model = sys.argv[1:]
    program = os.environ.get("LOCKSTEP", os.path.join(ROOT, "target/release/lockstep"))
    flags = ["--ln-stats", "--gate", "off", "--no-engines", "--format", "json"]
    run = subprocess.run([program, "inspect", model, *flags], stdout=subprocess.PIPE, check=True)
    facts = json.loads(run.stdout)
    if label in ("--chances", "--check"):
        check_chance()
        norms = dict(counts_of_norms(facts, model)) or sys.exit(f"{model}: no norm of F32")
        return print_chances(norms) if label == "--chances" else check_bases(norms)
    print_limits(facts, label)


main()
