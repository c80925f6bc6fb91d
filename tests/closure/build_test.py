#!/usr/bin/env python3
"""Goal: whoever has a video and a file of windows gets a closure that runs, by one command and without a compiler.
Method: `matsuri program build` on videos that ffmpeg makes; then the closure itself says what is in it.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import support

MATSURI = os.environ.get("MATSURI_BINARY", str(support.ROOT / "build/dev/matsuri"))
START = "2026-12-01T21:00:00+09:00"
WINDOWS = """
[[window]]
start = 1
end = "00:00:09"
campaign = "summer"
points = 25
"""


def make_video(path, seed, seconds=12):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"life=s=160x90:r=10:mold=10:seed={seed}:ratio=.3:life_color=#C0F0FF:death_color=#204060",
                    "-t", str(seconds), "-pix_fmt", "yuv420p", str(path)], check=True)


class BuildTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="matsuri-build-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.video = self.folder / "show.mp4"
        make_video(self.video, 7)
        self.windows = self.folder / "windows.toml"
        self.windows.write_text(WINDOWS, encoding="utf-8")

    def build(self, out, *more, title="Summer 夏", windows=None, path=None):
        environment = dict(os.environ, HOME=str(self.folder), PATH=path or os.environ["PATH"])
        environment.pop("XDG_CACHE_HOME", None)
        return subprocess.run(
            [MATSURI, "program", "build", self.video, "--title", title, "--start", START,
             "--windows", windows or self.windows, "--out", self.folder / out, *more],
            capture_output=True, text=True, check=False, env=environment)

    def built(self, out, *more, **options):
        run = self.build(out, *more, **options)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def info(self, out):
        run = subprocess.run([self.folder / out / "show.checkin", "info"], capture_output=True, text=True, check=True)
        return run.stdout

    def test_makes_a_closure_that_says_what_it_holds(self):
        said = self.built("show")
        self.assertIn("window 1, 00:00:01–00:00:09, summer: ", said)
        self.assertTrue(said.endswith(f"{self.folder}/show/show.checkin\n{self.folder}/show/report.html\n"), said)
        info = self.info("show")
        for line in ("title      Summer 夏", "duration   12000 ms", "window 1   1000 to 9000 ms, campaign summer, 25 points"):
            self.assertIn(line + "\n", info)
        self.assertRegex(info, r"rows       120, of which a burst may begin at [1-9]")
        self.assertIn("<h1>Summer 夏</h1>", (self.folder / "show/report.html").read_text(encoding="utf-8"))
        self.assertEqual(sorted(os.listdir(self.folder / "show")), ["report.html", "show.checkin"])
        names = subprocess.run(["nm", self.folder / "show/show.checkin"], capture_output=True, text=True, check=True)
        begin = [line for line in names.stdout.splitlines() if line.endswith(" matsuri_show_begin")]
        self.assertEqual(int(begin[0].split()[0], 16) % 64, 0)
        self.assertEqual(begin[0].split()[1], "R", "in .rodata")

    def test_makes_the_same_file_every_time(self):
        self.built("one", "--threads", "1", "--cache", "")
        self.built("two", "--threads", "3")
        self.built("three")  # from the cache of the second
        self.assertTrue(list((self.folder / ".cache/matsuri/programs").iterdir()))
        for name in ("show.checkin", "report.html"):
            one = (self.folder / "one" / name).read_bytes()
            self.assertEqual(one, (self.folder / "two" / name).read_bytes())
            self.assertEqual(one, (self.folder / "three" / name).read_bytes())

    def test_knows_earlier_closures(self):
        self.built("library/week1", title="Week 1")
        said = self.built("show", "--library", self.folder / "library", title="Week 2")
        self.assertIn("WARNING: nobody can check in", said)
        self.assertIn("shown in an earlier programme", said)
        # The programme itself is no earlier one: built again, it is as it was.
        self.built("again", "--library", self.folder / "library", title="Week 1")
        self.assertEqual((self.folder / "again/show.checkin").read_bytes(),
                         (self.folder / "library/week1/show.checkin").read_bytes())

    def test_makes_the_data_alone(self):
        self.built("data", "--data", "--closure", self.folder / "nowhere.o")
        self.assertEqual((self.folder / "data/show.data").read_bytes()[:8], b"MTSRSHW1")
        self.assertFalse((self.folder / "data/show.checkin").exists())

    def test_says_what_is_wrong(self):
        def fails(status, *more, **options):
            run = self.build("wrong", *more, **options)
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
            self.assertFalse((self.folder / "wrong/show.checkin").exists())
            return run.stderr
        self.assertIn("nowhere.o is not there", fails(1, "--closure", self.folder / "nowhere.o"))
        self.assertIn("nowhere", fails(2, "--library", self.folder / "nowhere"))
        self.assertIn("title: ", fails(2, title=" "))
        late = self.folder / "late.toml"
        late.write_text(WINDOWS.replace("00:00:09", "00:00:13"), encoding="utf-8")
        self.assertIn("late.toml: line 2: this window ends at 00:00:13, after", fails(2, windows=late))
        self.assertIn("binutils", fails(2, path=str(self.folder)))
        (self.folder / "broken.o").write_bytes(b"no object")
        self.assertIn("ld failed: ", fails(2, "--closure", self.folder / "broken.o"))
        self.video.write_bytes(self.video.read_bytes()[:-2000])
        self.assertIn("cut short", fails(2))
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".link")], [])


if __name__ == "__main__":
    if not pathlib.Path(support.OBJECT).exists():
        print("there is no closure.o: builds under sanitizers have none")
        raise SystemExit(77)
    unittest.main()
