#!/usr/bin/env python3
"""Finds includes that a module's DEPS do not cover, and uses of a foreign internal/ folder.

    check_layers.py build/dev/layers.json       prints each breach as file:line, exits 1 where any is
    check_layers.py --compiled FILE             of the files on standard input, those that FILE compiles

CMake refuses a DEPS entry of the same floor or above when it configures; this check sees what CMake
cannot: an include that works only because the include root is shared. The target that configure
wrote to layers.json says which file belongs to which module.
"""

import json
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def owners_of_headers(targets):
    """The target of each header, by the path it is included with: journal/writer.h → journal."""
    owners = {}
    for target in targets:
        if not target["folder"].startswith("src/"):
            continue
        for file in target["files"]:
            path = pathlib.PurePosixPath(target["folder"], file).relative_to("src")
            owners[str(path)] = target
    return owners


def breaches_of_file(path, text, target, allowed, owners, root):
    """Yields one message for each include of the file that its target may not make."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        included = match[1]
        where = f"{path}:{number}"
        owner = owners.get(included)
        if owner is None:
            if (root / "src" / included).exists():
                yield f'{where}: "{included}" is in no HEADERS list'
            continue
        if owner["name"] not in allowed:
            yield (f'{where}: "{included}" is of {owner["name"]}, which the DEPS of '
                   f'{target["name"]} do not name')
        elif "/internal/" in included and owner["folder"] != target["folder"]:
            yield f'{where}: "{included}" is internal to {owner["folder"]}'


def breaches(targets, root):
    """All breaches of the tree below `root`, and the files of src/ that belong to no target."""
    owners = owners_of_headers(targets)
    known = set()
    for target in targets:
        own = {target["name"], *target["deps"]}
        for key, allowed in (("files", own), ("test_files", own | set(target["test_deps"]))):
            for file in target[key]:
                path = pathlib.PurePosixPath(target["folder"], file)
                known.add(str(path))
                full = root / path
                if full.exists():
                    text = full.read_text(encoding="utf-8")
                    yield from breaches_of_file(path, text, target, allowed, owners, root)
    for full in sorted((root / "src").rglob("*")):
        path = full.relative_to(root).as_posix()
        if full.suffix in (".h", ".cc") and path not in known:
            yield f"{path}:1: is in no target"


def print_compiled(database):
    commands = json.loads(pathlib.Path(database).read_text(encoding="utf-8"))
    compiled = {str(pathlib.Path(row["file"]).resolve()) for row in commands}
    for line in sys.stdin:
        if str(pathlib.Path(line.strip()).resolve()) in compiled:
            print(line.strip())


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--compiled":
        print_compiled(arguments[1])
        return 0
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(__file__).resolve().parent.parent
    targets = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    found = list(breaches(targets, root))
    for message in found:
        print(message)
    print(f"{len(targets)} targets, {len(found)} breaches of the floors")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
