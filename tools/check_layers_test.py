#!/usr/bin/env python3
"""Tests check_layers.py on a made tree: one planted breach of each kind, and none where all is well."""

import pathlib
import tempfile
import unittest

import check_layers


def target(name, folder, files, deps=(), test_files=(), test_deps=()):
    return {"name": name, "folder": folder, "files": files, "deps": list(deps),
            "test_files": list(test_files), "test_deps": list(test_deps)}


class CheckLayers(unittest.TestCase):
    def found(self, files, targets):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            return list(check_layers.breaches(targets, root))

    def test_nothing_is_found_in_a_good_tree(self):
        files = {"src/io/file.h": "", "src/io/fake.h": '#include "io/file.h"\n',
                 "src/journal/writer.h": '#include <vector>\n#include "io/file.h"\n',
                 "src/journal/internal/frame.h": "",
                 "src/journal/writer.cc": '#include "journal/internal/frame.h"\n',
                 "src/journal/writer_test.cc": '#include "io/fake.h"\n'}
        targets = [target("io", "src/io", ["file.h"]),
                   target("io_testing", "src/io", ["fake.h"], ["io"]),
                   target("journal", "src/journal", ["writer.h", "internal/frame.h", "writer.cc"],
                          ["io"], ["writer_test.cc"], ["io_testing"])]
        self.assertEqual(self.found(files, targets), [])

    def test_an_include_that_deps_do_not_name_is_found(self):
        files = {"src/io/file.h": "", "src/journal/writer.cc": '// why\n#include "io/file.h"\n'}
        targets = [target("io", "src/io", ["file.h"]),
                   target("journal", "src/journal", ["writer.cc"])]
        found = self.found(files, targets)
        self.assertEqual(len(found), 1)
        self.assertIn("src/journal/writer.cc:2", found[0])

    def test_test_support_in_production_code_is_found(self):
        files = {"src/io/fake.h": "", "src/io/file.cc": '#include "io/fake.h"\n'}
        targets = [target("io", "src/io", ["file.cc"], test_deps=["io_testing"]),
                   target("io_testing", "src/io", ["fake.h"])]
        self.assertEqual(len(self.found(files, targets)), 1)

    def test_a_foreign_internal_header_is_found(self):
        files = {"src/io/internal/x.h": "", "src/journal/writer.cc": '#include "io/internal/x.h"\n'}
        targets = [target("io", "src/io", ["internal/x.h"]),
                   target("journal", "src/journal", ["writer.cc"], ["io"])]
        found = self.found(files, targets)
        self.assertEqual(len(found), 1)
        self.assertIn("internal to src/io", found[0])

    def test_a_program_is_held_to_its_deps(self):
        files = {"src/io/file.h": "", "apps/x/main.cc": '#include "io/file.h"\n'}
        targets = [target("io", "src/io", ["file.h"]), target("program:x", "apps/x", ["main.cc"])]
        self.assertEqual(len(self.found(files, targets)), 1)

    def test_files_of_no_target_are_found(self):
        files = {"src/io/lost.cc": "", "src/io/lost.h": "", "src/io/a.cc": '#include "io/lost.h"\n'}
        found = self.found(files, [target("io", "src/io", ["a.cc"])])
        self.assertEqual(len(found), 3)


if __name__ == "__main__":
    unittest.main()
