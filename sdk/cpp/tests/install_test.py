#!/usr/bin/env python3
"""The client as a studio gets it: installed, found by CMake, and linked by a program outside the tree.

Static from this build, and shared from sdk/cpp alone with the machine's own compiler.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CPP = pathlib.Path(__file__).resolve().parents[1]
BUILD = sys.argv.pop(1)


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-4000:]}"
    return done.stdout


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="matsuri_install_"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.prefix = self.folder / "prefix"
        # What is in the tree must not help.
        self.example = self.folder / "raid"
        shutil.copytree(CPP / "examples/raid", self.example)
        own = shutil.which("g++") or shutil.which("clang++-19")
        self.configure = ("cmake", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={own}")

    def build_example(self):
        run(*self.configure, "-S", self.example, "-B", self.folder / "build",
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", self.folder / "build")
        self.assertIn("--title-key", run(self.folder / "build/raid", "--help"))

    def build_first_program(self):
        """That of the README, as it stands there."""
        text = (CPP / "README.md").read_text(encoding="utf-8")
        first = self.folder / "first"
        first.mkdir()
        (first / "main.cc").write_text(re.search(r"```cpp\n(.*?)```", text, re.S)[1])
        uses = re.search(r"```cmake\n(.*?)```", text, re.S)[1]
        (first / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(my_game LANGUAGES CXX)\n"
            "add_executable(my_game main.cc)\n" + uses)
        run(*self.configure, "-S", first, "-B", first / "build",
            f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
        run("cmake", "--build", first / "build")
        run(first / "build/my_game")  # Says that there is no server, and ends.

    def test_static_from_the_whole_build(self):
        run("cmake", "--install", BUILD, "--prefix", self.prefix)
        found = sorted(p.name for p in self.prefix.rglob("*.h"))
        self.assertEqual(found, sorted(p.name for p in (CPP / "include/matsuri").iterdir()))
        for header in self.prefix.rglob("*.h"):
            self.assertNotIn("nlohmann", header.read_text(encoding="utf-8"))
        self.build_example()

    def test_shared_from_the_client_alone(self):
        build = self.folder / "client"
        run(*self.configure, "-S", CPP, "-B", build, "-DBUILD_SHARED_LIBS=ON")
        run("cmake", "--build", build)
        run("cmake", "--install", build, "--prefix", self.prefix)
        self.assertTrue(list(self.prefix.rglob("libmatsuri_client.so.0")))
        self.build_example()
        self.build_first_program()


if __name__ == "__main__":
    unittest.main()
