#!/usr/bin/env python3
"""The house rules of docs/STYLE.md that a compiler does not know.

Prints each breach as file:line, and exits 1 where there is any. `NOLINT` on a line, with its reason
behind it, is respected.
"""

import collections
import pathlib
import re
import sys

FOLDERS = ("src", "apps", "bench", "tests", "fuzz", "sdk")
LINES_MAX = 600

# What no line may have, and why.
FORBIDDEN = (
    (re.compile(r"#\s*include\s*<regex>"), "<regex> is slow to compile and to run; parse by hand"),
    (re.compile(r"#\s*include\s*<iostream>"), "log through base/log.h, or write with std::fwrite"),
    (re.compile(r"//.*\b(TODO|FIXME|XXX)\b"), "finish it, or open an issue"),
    (re.compile(r"\busing namespace std;"),
     "name what you use"),
    (re.compile(r"\b(rand|srand)\("), "randomness comes in through io"),
)

# In how many translation units a heavy header may be included, by the module's own code.
HEAVY = (
    (re.compile(r"#\s*include\s*<boost/(asio|beast)"), 12, "Asio and Beast"),
    (re.compile(r"#\s*include\s*<simdjson\.h>"), 20, "simdjson"),
    (re.compile(r"#\s*include\s*<(mysql|mariadb/mysql)\.h>"), 2, "the MariaDB client"),
    (re.compile(r"#\s*include\s*<CLI/"), 1, "CLI11"),
    (re.compile(r"#\s*include\s*<toml\+\+/"), 2, "toml++"),
)


def files_of(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts:
                yield path


def needs_opening(path):
    """Whether the file must say why it exists: a source file's header, or its test's, does it."""
    header = re.sub(r"_(test|bench)$", "", path.stem) + ".h"
    folders = (path.parent, path.parent / "internal")
    return path.suffix == ".h" or not any((folder / header).exists() for folder in folders)


def breaches(root):
    """Yields a message for each breach below `root`."""
    heavy = collections.defaultdict(list)
    for path in files_of(root):
        name = path.relative_to(root).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > LINES_MAX:
            yield f"{name}:{len(lines)}: over {LINES_MAX} lines; split it"
        if path.suffix == ".h" and "#pragma once" not in lines:
            yield f"{name}:1: no #pragma once"
        if lines and not lines[0].startswith("//") and needs_opening(path):
            yield f"{name}:1: does not open with why it exists"
        product = name.startswith("src/") and not re.search(r"_(test|bench|fuzz)\.cc$", name)
        for number, line in enumerate(lines, 1):
            for pattern, why in FORBIDDEN:
                if pattern.search(line) and "NOLINT" not in line:
                    yield f"{name}:{number}: {why}"
            for pattern, _, what in HEAVY:
                if product and pattern.search(line) and name not in heavy[what]:
                    heavy[what].append(name)
    for _, most, what in HEAVY:
        if len(heavy[what]) > most:
            yield f"{heavy[what][-1]}:1: {what} in {len(heavy[what])} files, at most {most}"


def main():
    found = list(breaches(pathlib.Path(__file__).resolve().parent.parent))
    for message in found:
        print(message)
    print(f"{len(found)} breaches of the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
