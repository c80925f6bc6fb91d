#!/usr/bin/env python3
"""Adds up what `./dev test` ran, and ends with `N passed, N failed, N skipped` alone on a line.

    test_report.py REPORTS

REPORTS holds what the stages left: stages.tsv (name, verdict, what to count), and for each stage
that ran tests either a folder with ctest.junit and GoogleTest's own XML, or a log with a summary that
read_output() knows. A test that was skipped without an entry in tests/skips.txt fails where CI is set.
Exits 1 where anything failed.
"""

import dataclasses
import fnmatch
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


# Of a failed program, so that a log that is all that is left of a run says why; and of each failure in
# its own line, where the end of that log is all.
output_lines_max = 80
reason_chars_max = 200


@dataclasses.dataclass
class Results:
    passed: int = 0
    failed: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)  # (name, reason)
    outputs: list = dataclasses.field(default_factory=list)  # (program, what it printed) of the failed


def read_gtest(path, results):
    """Adds the tests of one GoogleTest program; False where it left nothing that can be read."""
    try:
        tree = ElementTree.parse(path)
    except (ElementTree.ParseError, OSError):
        return False
    for case in tree.iter("testcase"):
        name = f'{case.get("classname")}.{case.get("name")}'
        skipped = case.find("skipped")
        failure = case.find("failure")
        if failure is not None:
            results.failed.append(with_reason(name, failure.get("message")))
        elif skipped is not None:
            results.skipped.append((name, first_line(skipped.get("message") or skipped.text)))
        elif case.get("status") == "notrun":
            results.skipped.append((name, "disabled"))
        else:
            results.passed += 1
    return True


def with_reason(name, text):
    words = " ".join((text or "").split())
    if len(words) > reason_chars_max:
        words = words[:reason_chars_max] + "…"
    return f"{name}: {words}" if words else name


def first_line(text):
    """The line that says why: GoogleTest puts the place in the source before it."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"^\S+:\d+$", line)] or lines
    return lines[0] if lines else "no reason given"


def read_ctest(folder, results):
    """Adds what ctest ran: each GoogleTest program by its tests, anything else as one."""
    junit = folder / "ctest.junit"
    if not junit.exists():
        results.failed.append(f"{folder.name}: ctest left no results")
        return
    for case in ElementTree.parse(junit).iter("testcase"):
        name, status = case.get("name"), case.get("status")
        if status == "fail":
            results.outputs.append((name, case.findtext("system-out") or ""))
        reports = sorted(folder.glob(f"{name}.xml")) + sorted(folder.glob(f"{name}_[0-9]*.xml"))
        failed_before = len(results.failed)
        counted = [read_gtest(path, results) for path in reports]
        if status == "run" and not any(counted):
            if not read_output(name, case.findtext("system-out") or "", results):
                results.passed += 1
        elif status == "run":
            continue
        elif case.find("skipped") is not None:
            output = case.findtext("system-out") or case.find("skipped").get("message")
            results.skipped.append((name, last_line(output)))
        elif len(results.failed) == failed_before:
            read_output(name, case.findtext("system-out") or "", results)
            if len(results.failed) > failed_before:
                continue
            # Crashed, hung, or told by a sanitizer: no test of its own says so.
            said = case.findtext("system-out") or ""
            results.failed.append(with_reason(f"{folder.name}: {name}", fault(said) or last_line(said)))


def fault(text):
    """What a sanitizer found first, and the first line of ours that it names; None where it is silent."""
    found = re.search(r"^.*?\b(\w+Sanitizer: .+?)(?: \(pid.*| on address .*)?$", text, re.MULTILINE)
    if found is None:
        return None
    place = re.search(r"\b((?:src|apps|sdk|tests)/\S+?:\d+)", text[found.end():])
    return f"{found[1]} at {place[1]}" if place else found[1]


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def read_output(name, text, results):
    """Adds the summary of node:test (`# pass 5` in TAP, or `ℹ pass 5`) or of Python's unittest, and
    of TAP what the failed ones said and which were skipped.

    How many tests that were; 0 where the text holds no such summary.
    """
    counts = {"pass": 0, "fail": 0, "skipped": 0}
    for key, number in re.findall(r"^(?:#|ℹ) (pass|fail|cancelled|skipped) (\d+)$", text, re.MULTILINE):
        counts["fail" if key == "cancelled" else key] += int(number)  # what took too long is cancelled
    for ran, verdict in re.findall(r"^Ran (\d+) tests? in .*\n\s*(.*)$", text, re.MULTILINE):
        told = {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", verdict)}
        failed = told.get("failures", 0) + told.get("errors", 0)
        skipped = told.get("skipped", 0)
        counts["pass"] += int(ran) - failed - skipped
        counts["fail"] += failed
        counts["skipped"] += skipped
    results.passed += counts["pass"]
    blocks = re.findall(r"^not ok \d+ - (.+)\n((?:  .*\n)*)", text, re.MULTILINE)
    for test, said in blocks[:counts["fail"]]:
        error = re.search(r"^ +error: (?:\|-?\n)?(.*)$", said, re.MULTILINE)
        results.failed.append(with_reason(f"{name}: {test}", error and error[1]))
        results.outputs.append((test, said))
    results.failed += [f"{name}: one of its tests"] * (counts["fail"] - len(blocks))
    skips = re.findall(r"^ok \d+ - (.+?) # SKIP ?(.*)$", text, re.MULTILINE)[:counts["skipped"]]
    results.skipped += [(f"{name}: {test}", reason) for test, reason in skips]
    results.skipped += [(name, "one of its tests")] * (counts["skipped"] - len(skips))
    return sum(counts.values())


def read_stages(reports, results):
    for line in (reports / "stages.tsv").read_text(encoding="utf-8").splitlines():
        name, verdict, counts = line.split("\t")
        if counts == "itself":
            if verdict == "pass":
                results.passed += 1
            else:
                results.failed.append(name)
            continue
        folder = reports / {"tests": "dev"}.get(name, name.removesuffix("-tests"))
        failed_before = len(results.failed)
        log = reports / f"{name}.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if folder.is_dir():
            read_ctest(folder, results)
        elif not read_output(name, text, results):
            results.failed.append(f"{name}: no test reported")
        if verdict != "pass" and len(results.failed) == failed_before:
            # What node:test found out only after the test that it was of.
            late = re.findall(r"^# ((?:Warning|Error): .*)$", text, re.MULTILINE)
            results.failed.append(with_reason(f"{name}: its tests passed", (late or [last_line(text)])[-1]))


def read_skips(path):
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, reason, condition = line.split("\t")
            rows.append((name, reason, condition))
    return rows


def condition_holds(condition, root):
    if condition == "always":
        return True
    if condition == "no-shared-data":
        shared = os.environ.get("MATSURI_SHARED") or root.parent / "shared"
        return not (pathlib.Path(shared) / "data").is_dir()
    if condition == "no-mount":
        status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
        effective = int(re.search(r"^CapEff:\s+(\w+)$", status, re.MULTILINE)[1], 16)
        return not effective >> 21 & 1  # CAP_SYS_ADMIN
    raise ValueError(f"tests/skips.txt: unknown condition {condition}")


def unlisted(skipped, rows, root):
    """Those of the skipped tests that tests/skips.txt does not excuse here."""
    return [(name, reason) for name, reason in skipped
            if not any(fnmatch.fnmatchcase(name, pattern) and condition_holds(condition, root)
                       for pattern, _, condition in rows)]


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(__file__).resolve().parent.parent
    results = Results()
    read_stages(pathlib.Path(arguments[0]), results)
    bad = unlisted(results.skipped, read_skips(root / "tests" / "skips.txt"), root)
    for name, reason in results.skipped:
        print(f"skipped: {name}: {reason}")
    if os.environ.get("CI"):
        for name, _ in bad:
            results.failed.append(f"{name}: skipped, and tests/skips.txt does not excuse it here")
        results.skipped = [row for row in results.skipped if row not in bad]
    for program, output in results.outputs:
        print(f"{program} said at its end:")
        for line in output.splitlines()[-output_lines_max:]:
            print(f"  | {line}")
    for name in results.failed:
        print(f"FAILED: {name}")
    print(f"{results.passed} passed, {len(results.failed)} failed, {len(results.skipped)} skipped")
    return 1 if results.failed or results.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
