#!/usr/bin/env python3
"""Goal: on a full disk the server says busy, loses nothing, and goes on by itself when there is room.
Method: a data folder on a small tmpfs. Once somebody else's file fills it, once the journal does.
"""

import errno
import os
import pathlib
import re
import subprocess
import time
import unittest

import support

MIB = 1 << 20


def may_mount():
    """Root has CAP_SYS_ADMIN, but not in every container."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"^CapEff:\s+(\w+)$", status, re.MULTILINE)[1], 16) >> 21 & 1 == 1


class FullDiskTest(support.CrashTest):
    def setUp(self):
        if not may_mount():
            self.skipTest("may not mount a tmpfs")
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", self.disk], check=True)

    def tearDown(self):
        if may_mount():
            for server in self.servers:
                server.kill()
            subprocess.run(["umount", self.disk], check=True)
        super().tearDown()

    def free_size(self):
        room = os.statvfs(self.disk)
        return room.f_bavail * room.f_frsize

    def fill(self, left_size):
        with open(self.disk / "somebodys", "ab", buffering=0) as file:
            while (free := self.free_size()) > left_size:
                try:
                    file.write(b"x" * min(MIB, free - left_size))
                except OSError as error:  # the server was faster
                    if error.errno != errno.ENOSPC:
                        raise

    def wait_for(self, condition, what, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_fills_and_frees(self):
        server = self.server("[journal]\nsegment_bytes = 8388608\n", self.disk / "data").start()
        # Long texts, so that segments fill soon.
        posters = [LongPoster(server, f"poster{number}") for number in range(6)]
        for poster in posters:
            poster.start()
        time.sleep(1)
        self.fill(left_size=0)
        self.wait_for(lambda: sum(poster.busy for poster in posters) > 20, "nothing was busy")
        self.wait_for(lambda: server.get("/readyz")[0] == 503, "/readyz knows nothing of it")
        self.assertEqual(server.get("/livez")[0], 200)
        self.assertEqual(server.get("/v1/communities/1/posts")[0], 200, "reading needs no room")
        time.sleep(1)
        (self.disk / "somebodys").unlink()
        self.wait_for(lambda: server.get("/readyz")[0] == 200, "it did not go on by itself")
        before = [len(poster.answered) for poster in posters]
        self.wait_for(
            lambda: all(len(poster.answered) > count for poster, count in zip(posters, before)),
            "nobody is answered")
        support.finish(posters)
        self.assertEqual(server.metric("matsuri_applier_quarantined_total"), 0)
        self.check_feed(server, posters)
        self.check_doctor(server)

    def test_kill_while_full(self):
        server = self.server("[journal]\nsegment_bytes = 8388608\n", self.disk / "data").start()
        posters = [LongPoster(server, f"poster{number}") for number in range(4)]
        for poster in posters:
            poster.start()
        time.sleep(0.5)
        self.fill(left_size=0)
        self.wait_for(lambda: sum(poster.busy for poster in posters) > 10, "nothing was busy")
        server.kill()
        (self.disk / "somebodys").unlink()
        server.start()
        support.finish(posters)
        self.check_feed(server, posters)
        self.check_doctor(server)

    def test_backup_to_a_full_disk(self):
        server = self.server().start()
        self.fill(left_size=16384)
        done = server.command("backup", "--to", self.disk / "backup")
        self.assertEqual(done.returncode, 1)
        self.assertIn("backup to", done.stderr)
        self.assertFalse((self.disk / "backup" / "MANIFEST").exists())
        self.assertEqual(server.get("/readyz")[0], 200)


class LongPoster(support.Poster):
    """Posts of the longest texts that are taken."""

    def text_of(self, number):
        head = super().text_of(number) + " "
        return head + "祭" * (280 - len(head))


if __name__ == "__main__":
    support.main()
