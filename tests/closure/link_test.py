#!/usr/bin/env python3
"""Goal: closure.o and a programme's data make a program that needs nothing else, with the data where all
processes share it.
Method: both linkers of Debian; what the file says of itself, and what the program says of its data.
"""

import re
import subprocess
import unittest

import support


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


class LinkTest(support.ClosureTest):
    linker = ("ld",)
    film_ms = 20_000

    def test_needs_no_library_and_knows_no_sql(self):
        self.assertIn("There is no dynamic section", output("readelf", "-d", self.binary))
        self.assertNotIn("INTERP", output("readelf", "-lW", self.binary))
        names = output("nm", self.binary)
        self.assertIn("matsuri", names)
        for word in ("sqlite3_", "mysql_", "simdjson", "curl_"):
            self.assertNotIn(word, names)

    def test_has_its_data_aligned_where_nobody_writes(self):
        names = dict((line.split()[-1], int(line.split()[0], 16))
                     for line in output("nm", self.binary).splitlines() if " matsuri_show_" in line)
        begin, end = names["matsuri_show_begin"], names["matsuri_show_end"]
        self.assertEqual(begin % 64, 0)
        self.assertEqual(end - begin, (self.folder / "show.bin").stat().st_size)
        section = re.search(r" \.rodata\s+PROGBITS\s+(\w+)\s+\w+\s+(\w+)\s+\w+\s+(\S+)",
                            output("readelf", "-SW", self.binary))
        self.assertLessEqual(int(section[1], 16), begin)
        self.assertLessEqual(end, int(section[1], 16) + int(section[2], 16))
        self.assertEqual(section[3].replace("MS", ""), "A", "not to be written, not to be run")

    def test_says_what_it_holds(self):
        text = output(self.binary, "info")
        for line in ("programme  7", "title      Waves", "duration   20000 ms",
                     "rows       200, of which a burst may begin at 200",
                     "window 1   0 to 20000 ms, campaign waves, 5 points"):
            self.assertIn(line + "\n", text)
        self.assertIn("signing with 1", output(self.binary, "info", "--keys", self.keys))
        self.assertIn("serve", output(self.binary, "--help"))

    def test_makes_keys_that_it_reads(self):
        line = output(self.binary, "new-key", "9")
        self.assertRegex(line, r"^9 [0-9a-f]{64}\n$")
        self.assertNotEqual(line, output(self.binary, "new-key", "9"))
        self.keys.write_text(self.keys.read_text("ascii") + line, encoding="ascii")
        self.assertIn("keys       2, signing with 9\n", output(self.binary, "info", "--keys", self.keys))

    def test_says_what_is_wrong(self):
        def fails(*arguments):
            run = subprocess.run([self.binary, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 2, run.stderr)
            return run.stderr
        self.assertIn("subcommand", fails())
        self.assertIn("--data", fails("serve"))
        data = ("--data", self.folder / "data")
        self.assertIn("keys file is needed", fails("serve", *data))
        keys = ("--keys", self.keys)
        self.assertIn("start: a time like", fails("serve", *data, *keys, "--start", "at nine"))
        self.assertIn("listen: HOST:PORT", fails("serve", *data, *keys, "--listen", "8090"))
        self.assertIn("--delay-cable", fails("serve", *data, *keys, "--delay-cable", "120001"))
        self.keys.write_text("1 abc\n", encoding="ascii")
        self.assertIn("line 1 of the keys", fails("serve", *data, *keys))

    def test_damage_is_seen(self):
        show = bytearray((self.folder / "show.bin").read_bytes())
        data = self.binary.read_bytes()
        at = data.index(bytes(show[:64])) + len(show) - 1
        broken = self.folder / "broken.checkin"
        broken.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        broken.chmod(0o755)
        run = subprocess.run([broken, "info"], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("a programme's data", run.stderr)


class OtherLinkerTest(LinkTest):
    linker = ("ld.lld-19",)


if __name__ == "__main__":
    unittest.main()
