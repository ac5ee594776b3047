#!/usr/bin/env python3
"""Reads what a merged run has for other programs, by other people's readers.

    PYTHONPATH=$(scripts/fetch-table-readers.sh) scripts/read-tables.py RUN

DuckDB must find in each Parquet file what stands in the CSV, cell by cell; the JUnit file must keep
Jenkins' schema and say to junitparser of each case what cases.csv says; GitHub's Markdown must make
nothing of summary.md but text, code and tables. Ends with 1 and the first thing that is not so.
"""
import csv
import html.parser
import os
import pathlib
import sys

import cmarkgfm
import cmarkgfm.cmark
import duckdb
import junitparser
import xmlschema

# One column of each kind that the tables have.
TYPES = {
    "cases": {"id": "VARCHAR", "exit_code": "UBIGINT", "worst_kl": "DOUBLE"},
    "positions": {"case": "VARCHAR", "index": "UBIGINT", "kl": "DOUBLE", "top1_equal": "BOOLEAN"},
}
# How a value of Parquet stands in CSV; numbers are compared as numbers.
READ = {
    "VARCHAR": str,
    "UBIGINT": int,
    "DOUBLE": float,
    "BOOLEAN": {"true": True, "false": False}.__getitem__,
}
TAGS = {"p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "h3", "ul", "li"}


def expect(found, expected, where):
    # To Python 1 is True and 0.0 is -0.0; their texts differ.
    if found != expected or repr(found) != repr(expected):
        sys.exit(f"error: {where}: found {found!r}, expected {expected!r}")


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, strict=True)
    return header, rows


def read_parquet(path):
    result = duckdb.read_parquet(str(path))
    return result.columns, [str(column) for column in result.types], result.fetchall()


def compare_tables(run, name):
    header, rows = read_csv(run / f"{name}.csv")
    columns, types, values = read_parquet(run / f"{name}.parquet")
    expect(columns, header, f"{name}: columns")
    for column, expected in TYPES[name].items():
        expect(types[columns.index(column)], expected, f"{name}: type of {column}")
    expect(len(values), len(rows), f"{name}: rows")
    for number, (cells, row) in enumerate(zip(values, rows)):
        for column, type_, value, text in zip(columns, types, cells, row):
            expected = READ[type_](text) if text else None
            expect(value, expected, f"{name}: row {number}, {column}")
    return [dict(zip(header, row)) for row in rows]


def in_xml(text):
    """As a text stands in XML, which does not have all characters."""
    return text.replace("\ufffe", r"\u{fffe}").replace("\uffff", r"\u{ffff}")


def read_junit(run, cases):
    path = run / "junit.xml"
    schema = pathlib.Path(xmlschema.__file__).parent.parent / "jenkins-junit.xsd"
    xmlschema.XMLSchema(str(schema)).validate(str(path))
    report = junitparser.JUnitXml.fromfile(str(path))
    tests = [test for suite in report for test in suite]
    for suite in report:
        declared = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
        expect(declared, counted, f"junit.xml: counts of {suite.name}")
    # Tests of no case come behind those of a comparison's cases.
    by_name = {(test.classname, test.name): test for test in tests}
    for case in cases:
        name = f"{case['prompt_set']}/{case['prompt']} [{case['template']}]"
        key = (in_xml(case["comparison"]), in_xml(name))
        if key not in by_name:
            sys.exit(f"error: junit.xml: no test {key!r}")
        passes = case["exit_code"] == "0" and not case["problems"]
        expect(not by_name[key].result, passes, f"junit.xml: whether {key!r} passes")
    return len(tests)


class Page(html.parser.HTMLParser):
    """Collects the rows of all tables, and refuses tags that nobody wrote on purpose."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.in_cell = False

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS or attrs:
            sys.exit(f"error: summary.md: makes <{tag}> with {attrs!r}")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1] += data


def read_markdown(run, cases):
    text = (run / "summary.md").read_text(encoding="utf-8")
    unsafe = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    # It makes text of <script> and a few others by itself; of other tags it would make tags.
    page = Page()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=unsafe))
    shown = [row for row in page.rows if len(row) == 8 and row[0] != "case"]
    by_id = {case["id"]: case for case in cases}
    for row in shown:
        case = by_id[row[0]]
        prompt = f"{case['prompt_set']}/{case['prompt']} [{case['template']}]"
        expected = [cut(prompt), cut(case["comparison"]), case["verdict"], cut(case["reason"])]
        expect([*row[1:4], row[7]], expected, f"summary.md: case {row[0]}")
    return len(shown)


def cut(text):
    return text if len(text) <= 200 else text[:200] + "…"


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    run = pathlib.Path(sys.argv[1])
    cases = compare_tables(run, "cases")
    rows = compare_tables(run, "positions")
    tests = read_junit(run, cases)
    shown = read_markdown(run, cases)
    print(f"read back the same: {len(cases)} cases, {len(rows)} rows, {tests} tests, {shown} shown")


main()
