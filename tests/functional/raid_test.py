#!/usr/bin/env python3
"""The raid (sdk/cpp/examples/raid) with a real server: by bots that count, and with a keyboard.

The programs come from MATSURI_RAID and MATSURI_BINARY.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

import support
from game_client import Game, sender

RAID = os.environ.get("MATSURI_RAID", str(support.ROOT / "build/dev/sdk/cpp/examples/raid/raid"))
SCHEMA = json.loads((support.ROOT / "sdk/cpp/examples/raid/schema.json").read_text("utf-8"))
KILLS = 3


class Terminal:
    """Somebody who plays: the program behind a terminal of its own."""

    def __init__(self, *arguments):
        self.process_id, self.file = pty.fork()
        if self.process_id == 0:
            os.environ["MATSURI_PASSWORD"] = "correct horse"
            os.execv(RAID, [RAID, *arguments])
        self.shown = ""

    def press(self, keys):
        os.write(self.file, keys.encode())

    def wait_for(self, pattern):
        deadline = time.monotonic() + 30
        while not re.search(pattern, self.shown):
            assert time.monotonic() < deadline, f"{pattern!r} does not come:\n{self.shown[-2000:]}"
            if select.select([self.file], [], [], 0.1)[0]:
                self.shown += os.read(self.file, 65536).decode("utf-8", "replace")
        self.shown = ""

    def end(self):
        """Its exit status; what it still shows is read, or it would wait for that."""
        while True:
            try:
                if not os.read(self.file, 65536):
                    break
            except OSError:
                break
        os.close(self.file)
        return os.waitstatus_to_exitcode(os.waitpid(self.process_id, 0)[1])


class RaidTest(unittest.TestCase):
    def setUp(self):
        self.server = support.Server()
        self.addCleanup(self.server.remove)
        self.admin = support.Person(self.server, "studio").becomes_admin(self.server)
        self.game = Game(sender(self.server), self.admin.headers(self.server), SCHEMA)
        self.arguments = ["--server", f"http://127.0.0.1:{self.server.port}",
                          "--title", self.game.title, "--title-key", self.game.client_key["key"],
                          "--arena", "raid-test"]

    def test_bots_count_right_over_kills_of_the_server(self):
        process = subprocess.Popen([RAID, *self.arguments, "--bot", "6", "--pace", "100"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertRegex(process.stdout.readline(), r"^boss \d+\n")
        for _ in range(KILLS):
            time.sleep(0.3)
            self.assertIsNone(process.poll(), "the raid was over before the server was killed")
            self.server.stop(signal.SIGKILL)
            self.server.start(kept_port=True)
        out, err = process.communicate(timeout=200)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertRegex(out, r"boss 0 of 12000, damage 120\d\d; \d+ attacks, \d+ heals")
        self.assertIn("1 post, 5 empathies", out)

    def test_a_player_with_a_keyboard(self):
        terminal = Terminal(*self.arguments, "--handle", "mio", "--sign-up", "Mio")
        terminal.wait_for(r"12000 / 12000")
        terminal.press("a")
        terminal.wait_for(r"You hit for \d+")
        terminal.press("s")
        terminal.wait_for("say: ")
        terminal.press("hold on! q\n")
        terminal.wait_for("Said")
        terminal.press("d")
        terminal.wait_for("✎")
        other = support.Person(self.server, "ren_kaji", "Ren")
        community = self.server.request("GET", f"/v1/titles/{self.game.title}").json["main_community"]
        self.assertEqual(other.post(self.server, "together!", community=community).status, 201)
        terminal.wait_for("together!")
        terminal.press("e")
        terminal.wait_for("feel with them")
        terminal.press("q")
        self.assertEqual(terminal.end(), 0)
        # The count follows the answered empathy by two commits.
        deadline, posts = time.monotonic() + 60, []
        while time.monotonic() < deadline and (not posts or posts[0]["empathy_count"] != 1):
            posts = self.server.request("GET", f"/v1/communities/{community}/posts",
                                        who=other).json["posts"]
        self.assertEqual([p["text"] for p in posts], ["together!", "", "hold on! q"])
        self.assertEqual(posts[0]["empathy_count"], 1)
        self.assertEqual(posts[2]["tag"], "raid")

    def test_what_is_missing_is_said(self):
        for arguments in ([], ["--server", "x"], [*self.arguments, "--handle"],
                          [*self.arguments, "--bot", "0"]):
            done = subprocess.run([RAID, *arguments], capture_output=True, text=True, timeout=20,
                                  check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("--title-key", done.stderr)
        wrong = [*self.arguments[:5], "mk_wrong", "--arena", "x", "--bot", "1"]
        done = subprocess.run([RAID, *wrong], capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("title key", done.stderr)


if __name__ == "__main__":
    unittest.main()
