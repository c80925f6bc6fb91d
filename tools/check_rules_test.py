#!/usr/bin/env python3
"""Tests check_rules.py on made trees: each rule has a planted breach that it must find."""

import pathlib
import tempfile
import unittest

import check_rules


class CheckRules(unittest.TestCase):
    def found(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            return list(check_rules.breaches(root))

    def test_a_good_file_passes(self):
        self.assertEqual(self.found({"src/a/a.h": "// Why.\n#pragma once\n#include <vector>\n"}), [])

    def test_each_rule_finds_its_breach(self):
        for text in ("// Why.\n#include <regex>\n", "// Why.\n#include <iostream>\n",
                     "// Why.\nint a;  // TODO: more\n", "// Why.\nusing namespace std;\n",
                     "// Why.\nint a = rand();\n", "#include <vector>\n",
                     "// Why.\n" + "int a;\n" * 600):
            with self.subTest(text=text[:40]):
                self.assertEqual(len(self.found({"src/a/a.cc": text})), 1)
        self.assertEqual(len(self.found({"src/a/a.h": "// Why.\n"})), 1)

    def test_nolint_is_respected(self):
        text = "// Why.\n#include <iostream>  // NOLINT: a program of its own\n"
        self.assertEqual(self.found({"apps/a/a.cc": text}), [])

    def test_heavy_headers_are_counted_in_product_code_only(self):
        text = "// Why.\n#include <CLI/CLI.hpp>\n"
        self.assertEqual(self.found({"src/a/a.cc": text, "src/a/a_test.cc": text}), [])
        self.assertEqual(len(self.found({"src/a/a.cc": text, "src/a/b.cc": text})), 1)


if __name__ == "__main__":
    unittest.main()
