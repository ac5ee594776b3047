#!/usr/bin/env python3
"""Prints how far right builds are from each other, in floors: the basis of limits of production-v1.json.

    lockstep floor --model model.gguf --candidate none --out FOLDER
    scripts/floor-limits.py FOLDER...

A folder has the floors of one model. Each variant that differs at all is judged as a candidate would
be, by a floor of the other variants: every prompt alone, and all of the folder together. Prints of each
limit the figure that comes nearest to it, or furthest beyond, with whose it is and what passed there;
the largest figure of all; and the smallest share of rows with the reference's most likely token. Fails if
one is beyond what passed.
"""

import glob
import json
import math
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIGURES = {
    "excess-median": lambda rows: quantile(rows, 50),
    "excess-p99": lambda rows: quantile(rows, 99),
    "excess": max,
    "excess-share": lambda rows: sum(excess > 1 for excess in rows) / len(rows),
}
# With fewer rows nothing is said of what variants come to themselves.
LEAST_OWN_ROWS = 64


def quantile(values, percent):
    """The smallest value that so many percent are not above, as lockstep has it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def limits():
    """The limits in multiples of floors, and that of flips."""
    with open(f"{ROOT}/runner/limits/production-v1.json", encoding="utf-8") as file:
        found = json.load(file)["limits"]
    return [limit for limit in found if limit.get("figure") in (*FIGURES, "share")]


def variants_of(path):
    """The rows of each variant that differs anywhere."""
    with open(path, encoding="utf-8") as file:
        measured = json.load(file)["variants"]
    rows = {it["variant"]["name"]: it["rows"] for it in measured if not it["variant"]["left_out"]}
    return {name: of for name, of in rows.items() if any(row["differing"] for row in of)}


def distances(variants, metric):
    """One metric of their rows; rounding can take a KL below 0."""
    return {name: [max(0, row[metric]) for row in of] for name, of in variants.items()}


def equal_tokens(prompts, least_rows):
    """The smallest share of rows of a prompt with the same most likely token, and whose it is."""
    variants = [it for variants in prompts for it in variants.items() if len(it[1]) >= least_rows]
    return min((sum(not row["flip"] for row in rows) / len(rows), name) for name, rows in variants)


def excesses(variants, name):
    """The rows of one variant over the floor of the others; None where those are next to nowhere apart."""
    others = [rows for other, rows in variants.items() if other != name]
    largest = [max(row) for row in zip(*others)]
    least = quantile(largest, 90) if largest else 0
    return [own / max(of_others, least) for own, of_others in zip(variants[name], largest)] if least else None


def own_figure(variants, figure):
    """The largest figure that one of the variants comes to, if any."""
    if len(next(iter(variants.values()), [])) < LEAST_OWN_ROWS:
        return None
    judged = [excesses(variants, name) for name in variants]
    return max((FIGURES[figure](rows) for rows in judged if rows), default=None)


def passes(limit, own):
    """What passes where the floor's own variants come to so much."""
    widened = limit.get("widened")
    if not widened or own is None:
        return limit["value"]
    return max(limit["value"], min(widened["times"] * own, widened["at_most"]))


def judged(prompts, limit):
    """For each variant and prompt, and all prompts together: figure, what passes, and whose it is."""
    figure, least_rows = limit["figure"], limit.get("least_rows", 1)
    together = {}
    for variants in prompts:
        of_metric = distances(variants, limit["metric"])
        for name in of_metric:
            rows = excesses(of_metric, name)
            if rows is None:
                continue
            others = {other: of for other, of in of_metric.items() if other != name}
            own = own_figure(others, figure)
            all_rows, owns = together.setdefault(name, ([], []))
            all_rows.extend(rows)
            owns.extend([] if own is None else [own])
            if len(rows) >= least_rows:
                yield FIGURES[figure](rows), passes(limit, own), name
    for name, (rows, owns) in together.items():
        if len(rows) >= least_rows:
            yield FIGURES[figure](rows), passes(limit, max(owns, default=None)), name


def main():
    folders = [folder.rstrip("/") for folder in sys.argv[1:]]
    if not folders:
        sys.exit(__doc__)
    beyond = 0
    for folder in folders:
        paths = sorted(glob.glob(f"{folder}/*.floor.json"))
        if not paths:
            sys.exit(f"error: no floors: {folder}")
        prompts = [variants_of(path) for path in paths]
        print(os.path.basename(folder))
        for limit in limits():
            name = f"{limit['metric']:10} {limit['figure']:14}"
            if limit["figure"] == "share":
                share, whose = equal_tokens(prompts, limit["least_rows"])
                beyond += share < limit["value"]
                print(f"  {name} {share:6.3f} of {limit['value']:5}, {whose}")
                continue
            found = list(judged(prompts, limit))
            worst, passed, whose = max(found, key=lambda it: it[0] / it[1], default=(0, limit["value"], "nobody"))
            largest = max(found, default=(0,))[0]
            beyond += worst > passed
            print(f"  {name} {worst:6.3f} of {passed:5.3g}, {whose}; largest {largest:.3f}")
    sys.exit(f"error: figures beyond their limits: {beyond}" if beyond else 0)


main()
