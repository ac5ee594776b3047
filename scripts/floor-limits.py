#!/usr/bin/env python3
"""Prints how far right builds are from each other, in floors: the basis of limits of production-v1.json.

    lockstep floor --model model.gguf --candidate none --out FOLDER
    scripts/floor-limits.py FOLDER...

A folder has the floors of one model. Each variant that differs at all is judged as a candidate would
be, by a floor of the other variants: every prompt alone, and all of the folder together. Prints the
largest figure of each limit for each folder, and whose it is, and the smallest share of rows with the
reference's most likely token. Fails if one is beyond the limit.
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


def quantile(values, percent):
    """The smallest value that so many percent are not above, as lockstep has it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def limits():
    """Value and least number of rows of each limit in multiples of floors."""
    with open(f"{ROOT}/runner/limits/production-v1.json", encoding="utf-8") as file:
        found = json.load(file)["limits"]
    wanted = [limit for limit in found if limit.get("figure") in (*FIGURES, "share")]
    return {(it["metric"], it["figure"]): (it["value"], it.get("least_rows", 1)) for it in wanted}


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
    """The rows of one variant over the floor of the others."""
    others = [rows for other, rows in variants.items() if other != name]
    largest = [max(row) for row in zip(*others)]
    least = quantile(largest, 90)
    return [own / max(of_others, least) for own, of_others in zip(variants[name], largest)]


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
        for (metric, figure), (limit, least_rows) in limits().items():
            if figure == "share":
                share, name = equal_tokens(prompts, least_rows)
                beyond += share < limit
                print(f"  {metric:10} {figure:14} {share:6.3f} of {limit:5}, {name}")
                continue
            together, worst = {}, (0, "nobody")
            for variants in prompts:
                of_metric = distances(variants, metric)
                for name in of_metric:
                    rows = excesses(of_metric, name)
                    together.setdefault(name, []).extend(rows)
                    if len(rows) >= least_rows:
                        worst = max(worst, (FIGURES[figure](rows), name))
            for name, rows in together.items():
                if len(rows) >= least_rows:
                    worst = max(worst, (FIGURES[figure](rows), name))
            beyond += worst[0] > limit
            print(f"  {metric:10} {figure:14} {worst[0]:6.3f} of {limit:5}, {worst[1]}")
    sys.exit(f"error: figures beyond their limits: {beyond}" if beyond else 0)


main()
