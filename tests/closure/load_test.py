#!/usr/bin/env python3
"""Goal: matsuri-load brings a crowd as a curve says, of which only those who film the programme are let in, and
its figures and its picture say so.
Method: the whole program in front of a whole closure; what was ok is counted again in the closure's metrics.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import support

LOAD = os.environ.get("MATSURI_LOAD", str(support.ROOT / "build/dev/matsuri-load"))
SHARED = pathlib.Path(os.environ.get("MATSURI_SHARED", support.ROOT.parent / "shared"))
TRACE = SHARED / "data/load_shape/twitter_trace_rps_dev.txt.zst"


class LoadTest(support.ClosureTest):
    film_ms = 600_000

    def load(self, server, *options, stdin=subprocess.DEVNULL):
        """The figures by their case and metric."""
        out, svg = self.folder / "rows.json", self.folder / "load.svg"
        run = subprocess.run(
            [LOAD, "--url", f"http://127.0.0.1:{server.port}", "--programme", self.binary, "--keys", self.keys,
             "--start", self.start_text(), "--out", out, "--svg", svg, *options],
            stdin=stdin, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        picture = xml.etree.ElementTree.parse(svg).getroot()
        lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
        self.assertGreaterEqual(len(lines), 5)
        return {(row["case"], row["metric"]): row["value"] for row in json.loads(out.read_text("utf-8"))}

    def oks(self, server):
        text = server.request("GET", "/metrics")[1].decode("utf-8")
        return int(re.search(r'attempts_total{result="ok"} (\d+)', text)[1])

    def test_lets_in_who_films_the_programme_and_nobody_else(self):
        server = support.Server(self).start()
        rows = self.load(server, "--seconds", "3", "--viewers", "200", "--other-channel", "0.2", "--replayed",
                         "0.15", "--forged", "0.15", "--again", "5")
        self.assertEqual(rows["ticket", "ok"], 200)
        self.assertGreaterEqual(rows["load", "requests"], 400)
        self.assertGreater(rows["valid", "ok"], 60)
        self.assertGreater(rows["valid", "ok"], 0.9 * (rows["valid", "ok"] + rows["valid", "retry"]))
        for kind, answer in (("other channel", "retry"), ("replayed", "retry"), ("forged", "refused")):
            self.assertEqual(rows[kind, "ok"], 0, rows)
            self.assertGreater(rows[kind, answer], 5, rows)
        self.assertEqual(self.oks(server), rows["valid", "ok"])
        self.assertGreaterEqual(rows["check-in", "max"], rows["check-in", "p50"])

    def test_signs_tickets_itself(self):
        server = support.Server(self).start()
        rows = self.load(server, "--seconds", "1", "--viewers", "100", "--sign-tickets", "--shape", "step")
        self.assertEqual((rows["load", "requests"], rows["ticket", "ok"]), (100, 0))
        self.assertGreater(rows["valid", "ok"], 90)
        self.assertEqual(self.oks(server), rows["valid", "ok"])

    def test_replays_a_trace(self):
        if not TRACE.exists() or shutil.which("zstd") is None:
            self.skipTest(f"{TRACE} is not there, or no zstd")
        server = support.Server(self).start()
        with subprocess.Popen(["zstd", "-dc", TRACE], stdout=subprocess.PIPE) as unpacked:
            rows = self.load(server, "--seconds", "2", "--viewers", "200", "--sign-tickets", "--trace", "-",
                             stdin=unpacked.stdout)
        self.assertEqual(rows["load", "requests"], 200)
        self.assertGreater(rows["valid", "ok"], 180)

    def test_says_what_is_wrong(self):
        def fails(*options):
            run = subprocess.run([LOAD, "--programme", self.binary, *options], capture_output=True, text=True,
                                 check=False)
            self.assertEqual(run.returncode, 2, run.stderr)
            return run.stderr
        self.assertIn("viewers need --tokens or --keys", fails())
        self.assertIn("url: http://ADDRESS:PORT", fails("--url", "127.0.0.1:80"))
        self.assertIn("is no IPv4 address", fails("--url", "http://localhost:80", "--keys", self.keys))
        wrong = self.folder / "trace"
        wrong.write_text("5\nmany\n", encoding="ascii")
        self.assertIn("trace: line 2 is no whole number", fails("--trace", wrong, "--keys", self.keys))
        self.assertIn("start: a time", fails("--start", "nine"))


if __name__ == "__main__":
    unittest.main()
