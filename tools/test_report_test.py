#!/usr/bin/env python3
"""Tests test_report.py on made reports: what is counted, and what must never count as passed."""

import pathlib
import tempfile
import unittest

import test_report

GTEST = """<testsuites><testsuite name="S">
<testcase name="Good" status="run" result="completed" classname="S"/>
<testcase name="Bad" status="run" result="completed" classname="S"><failure message="x"/></testcase>
<testcase name="Gone" status="run" result="skipped" classname="S"><skipped message="a.cc:7&#10;no data"/></testcase>
</testsuite></testsuites>"""


def junit(*cases):
    rows = "".join(f'<testcase name="{name}" status="{status}">{inner}</testcase>'
                   for name, status, inner in cases)
    return f"<testsuite>{rows}</testsuite>"


class Report(unittest.TestCase):
    def read(self, stages, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "stages.tsv").write_text(
                "".join("\t".join(row) + "\n" for row in stages), encoding="utf-8")
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            results = test_report.Results()
            test_report.read_stages(root, results)
            return results

    def test_each_test_of_a_program_counts(self):
        results = self.read([("tests", "fail", "results")],
                            {"dev/ctest.junit": junit(("s_test", "fail", "<failure/>")),
                             "dev/s_test.xml": GTEST})
        self.assertEqual((results.passed, results.failed, results.skipped),
                         (1, ["S.Bad: x"], [("S.Gone", "no data")]))

    def test_a_program_that_is_no_gtest_counts_as_one(self):
        results = self.read([("tests", "pass", "results")],
                            {"dev/ctest.junit": junit(("x_fuzz", "run", ""))})
        self.assertEqual((results.passed, results.failed), (1, []))

    def test_a_crash_after_good_tests_is_a_failure(self):
        good = GTEST.replace('<failure message="x"/>', "")
        results = self.read([("asan-tests", "fail", "results")],
                            {"asan/ctest.junit": junit(("s_test", "fail", "<failure/><system-out>fine\nAborted\n"
                                                        "</system-out>")),
                             "asan/s_test.xml": good})
        self.assertEqual(results.failed, ["asan: s_test: Aborted"])

    def test_what_a_sanitizer_found_is_told_with_its_place(self):
        said = ("fine\nWARNING: ThreadSanitizer: data race (pid=7)\n  Read of size 8 at 0x7f by thread T1:\n"
                "    #0 broadcast null (s_test+0x1)\n    #1 pass() ../../src/s/gate.h:79:16 (s_test+0x2)\n"
                "ThreadSanitizer: reported 1 warnings\n")
        results = self.read([("tsan-tests", "fail", "results")],
                            {"tsan/ctest.junit": junit(("s_test", "fail", f"<system-out>{said}</system-out>"))})
        self.assertEqual(results.failed, ["tsan: s_test: ThreadSanitizer: data race at src/s/gate.h:79"])

    def test_a_stage_without_results_is_a_failure(self):
        for files in ({}, {"dev/x": ""}):
            with self.subTest(files=files):
                results = self.read([("tests", "pass", "results")], files)
                self.assertEqual(len(results.failed), 1)

    def test_node_is_counted_and_its_failure_is_seen(self):
        log = "# tests 5\n# pass 3\n# fail 1\n# skipped 1\n"
        results = self.read([("web-tests", "fail", "results")], {"web-tests.log": log})
        self.assertEqual((results.passed, len(results.failed), len(results.skipped)), (3, 1, 1))

    def test_a_test_of_node_that_took_too_long_is_a_failure(self):
        log = ("not ok 1 - kites rise\n  ---\n  error: 'test timed out after 100ms'\n  ...\n"
               "# pass 0\n# fail 0\n# cancelled 1\n")
        results = self.read([("browser", "fail", "results")], {"browser.log": log})
        self.assertEqual((results.passed, results.failed),
                         (0, ["browser: kites rise: 'test timed out after 100ms'"]))

    def test_a_failed_test_of_node_is_named_with_what_it_said(self):
        log = ("ok 1 - good\n  ---\n  ...\nnot ok 2 - kites rise\n  ---\n  error: too calm\n  ...\n"
               "ok 3 - good\n# pass 2\n# fail 1\n")
        results = self.read([("browser", "fail", "results")], {"browser.log": log})
        self.assertEqual((results.passed, results.failed), (2, ["browser: kites rise: too calm"]))
        self.assertEqual(results.outputs,
                         [("kites rise", "  ---\n  error: too calm\n  ...\n")])

    def test_what_fails_after_the_last_test_says_why(self):
        log = "ok 1 - good\n# Error: the lantern fell\n# pass 1\n# fail 0\n# duration_ms 7\n"
        results = self.read([("browser", "fail", "results")], {"browser.log": log})
        self.assertEqual((results.passed, results.failed),
                         (1, ["browser: its tests passed: Error: the lantern fell"]))

    def test_each_test_of_a_python_program_counts(self):
        output = "<system-out>Ran 19 tests in 0.9s\n\nOK (skipped=1)\n</system-out>"
        results = self.read([("tests", "pass", "results")],
                            {"dev/ctest.junit": junit(("x_test", "run", output))})
        self.assertEqual((results.passed, results.failed, len(results.skipped)), (18, [], 1))
        output = "<system-out>Ran 3 tests in 0.9s\n\nFAILED (errors=1, failures=1)\n</system-out>"
        results = self.read([("tests", "fail", "results")],
                            {"dev/ctest.junit": junit(("x_test", "fail", output))})
        self.assertEqual((results.passed, len(results.failed)), (1, 2))

    def test_a_failing_build_is_a_failure(self):
        results = self.read([("build", "fail", "itself"), ("layers", "pass", "itself")], {})
        self.assertEqual((results.passed, results.failed), (1, ["build"]))

    def test_only_listed_skips_are_excused(self):
        rows = [("S.*", "why", "always")]
        skipped = [("S.Gone", "no data"), ("T.Gone", "no data")]
        self.assertEqual(test_report.unlisted(skipped, rows, pathlib.Path("/")), skipped[1:])

    def test_the_project_s_own_list_of_skips_can_be_read(self):
        root = pathlib.Path(__file__).resolve().parent.parent
        for _, reason, condition in test_report.read_skips(root / "tests" / "skips.txt"):
            self.assertTrue(reason)
            test_report.condition_holds(condition, root)


if __name__ == "__main__":
    unittest.main()
