#!/usr/bin/env python3
"""Goal: as CGI one process answers one request, and what it answered `ok` is in the inbox.
Method: the environment as Apache makes it; an inbox on a disk that is full; arguments from a query.
"""

import json
import os
import pathlib
import re
import subprocess
import time
import unittest

import support


def may_mount():
    """Root has CAP_SYS_ADMIN, but not in every container."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"^CapEff:\s+(\w+)$", status, re.MULTILINE)[1], 16) >> 21 & 1 == 1


class CgiTest(support.CgiTest):
    def test_answers_and_keeps(self):
        ticket, other = self.ticket(), self.ticket()
        good = support.body_of(ticket, self.start_ms)
        wrong = support.body_of(other, self.start_ms, film=2)
        support.wait_for_burst(ticket, other)
        status, body, _ = self.post(good)
        self.assertEqual((status, json.loads(body)),
                         (200, {"answer": "ok", "window": 1, "campaign": "waves", "points": 5}))
        status, body, _ = self.post(wrong)
        self.assertEqual((status, json.loads(body)["hint"]), (200, "step_closer"))
        kept = self.inbox.read_bytes()
        self.assertEqual([kept.count(ticket.nonce), kept.count(other.nonce), kept.count(b"MIB1")], [1, 1, 2])
        self.assertEqual(self.inbox.stat().st_mode & 0o077, 0, "others may not read who checked in")
        # The studio says that the programme began later: these pictures are of another moment.
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start_ms / 1000 + 3600))
        status, body, _ = self.post(good, MATSURI_CHECKIN_START=later)
        self.assertEqual((status, json.loads(body)["answer"]), (200, "not_now"))

    def test_a_query_is_no_command(self):
        """A server makes arguments of a query without `=`."""
        data = self.folder / "data"
        status, _, _ = self.run_cgi({"REQUEST_METHOD": "GET", "PATH_INFO": "/ticket", "QUERY_STRING": ""},
                                    arguments=("serve", "--data", str(data)))
        self.assertEqual(status, 401)
        self.assertFalse(data.exists())

    def test_says_nothing_of_a_wrong_set_up(self):
        for variable in ("MATSURI_CHECKIN_KEYS", "MATSURI_CHECKIN_INBOX"):
            status, body, run = self.run_cgi({"REQUEST_METHOD": "GET", variable: ""})
            self.assertEqual(status, 500)
            self.assertNotIn(b"MATSURI", body)
            self.assertIn(variable.encode("ascii"), run.stderr)
        for name, value in (("DELAY_CABLE", "soon"), ("DELAY_CABLE", "120001"), ("START", "at nine"), ("SETTINGS", "/missing")):
            status, _, run = self.run_cgi({"REQUEST_METHOD": "GET", f"MATSURI_CHECKIN_{name}": value})
            self.assertEqual(status, 500, name)
            self.assertNotEqual(run.stderr, b"")

    def test_a_full_disk_is_busy(self):
        if not may_mount():
            self.skipTest("may not mount a tmpfs")
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.inbox = disk / "checkin.inbox"
        ticket = self.ticket()
        good = support.body_of(ticket, self.start_ms)
        support.wait_for_burst(ticket)
        filler = disk / "somebodys"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        status, body, _ = self.post(good)
        self.assertEqual((status, json.loads(body)["code"]), (503, "busy"))
        os.unlink(filler)
        status, body, _ = self.post(good)
        self.assertEqual((status, json.loads(body)["answer"]), (200, "ok"))
        self.assertEqual(self.inbox.read_bytes().count(ticket.nonce), 1)


if __name__ == "__main__":
    unittest.main()
