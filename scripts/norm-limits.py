#!/usr/bin/env python3
"""Prints limits of the RMS of norm weights, as runner/limits/norms-v1.json has them.

    scripts/norm-limits.py "SmolLM2-135M" model.gguf

The model is a sound one of its family. Its range is measured by `lockstep inspect`, and widened by 2
for a warning and by 10 for a failure, with two digits rounded outwards. LOCKSTEP names the program.
"""

import json
import math
import os
import subprocess
import sys

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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    label, model = sys.argv[1:]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    program = os.environ.get("LOCKSTEP", os.path.join(root, "target/release/lockstep"))
    flags = ["--ln-stats", "--gate", "off", "--no-engines", "--format", "json"]
    run = subprocess.run([program, "inspect", model, *flags], stdout=subprocess.PIPE, check=True)
    facts = json.loads(run.stdout)
    sizes = {}
    for weight in facts["norms"]["weights"]:
        # A weight without numbers is no basis: this ends with an error, as it should.
        sizes.setdefault(weight["norm"], []).append(weight["statistics"]["rms"])
    family = facts["metadata"]["general.architecture"]
    for norm in sorted(sizes):
        for limit in limits(family, norm, sizes[norm], label):
            print("    " + json.dumps(limit) + ",")


main()
