#!/usr/bin/env python3
"""Checks the files that `./dev bench NAME --out FILE` writes: their form, and that results were checked.

    check_bench_rows.py FILE...

Whatever the ratio, a row passes; a row that nobody verified does not.
"""

import json
import pathlib
import sys

TEXTS = ("bench", "case", "metric", "unit", "baseline")
KEYS = {*TEXTS, "value", "baseline_value", "ratio", "checked"}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def faults(row):
    """Yields what is wrong with one row."""
    if not isinstance(row, dict) or set(row) != KEYS:
        yield f"keys are not {sorted(KEYS)}"
        return
    for key in TEXTS:
        if not (isinstance(row[key], str) or (key == "baseline" and row[key] is None)):
            yield f"{key} is no text"
    if not is_number(row["value"]):
        yield "value is no number"
    for key in ("baseline_value", "ratio"):
        if row[key] is not None and not is_number(row[key]):
            yield f"{key} is neither a number nor null"
    if row["checked"] is not True:
        yield "results are not checked"


def main(paths):
    count = bad = 0
    for path in paths:
        rows = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        if not rows:
            print(f"{path}: no rows")
            bad += 1
        cases = [row.get("case") for row in rows]
        if len(set(cases)) != len(cases):
            print(f"{path}: a case stands twice")
            bad += 1
        for row in rows:
            count += 1
            for fault in faults(row):
                print(f"{path}: {row.get('case')}: {fault}")
                bad += 1
    print(f"{count} rows, {bad} faults")
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
