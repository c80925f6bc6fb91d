#!/usr/bin/env python3
"""The C++ client (sdk/cpp) and a real server: what it promises over the network, and over kills.

The programs come from MATSURI_CLIENT_LIVE and MATSURI_BINARY.
"""

import os
import pathlib
import signal
import subprocess
import time
import unittest

import support
from game_client import Game, new_key, sender

LIVE = os.environ.get("MATSURI_CLIENT_LIVE", str(support.ROOT / "build/dev/sdk/cpp/tests/client_live"))
KILLS = 5


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.server = support.Server()
        self.addCleanup(self.server.remove)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def live(self, *arguments):
        done = subprocess.run([LIVE, *arguments], capture_output=True, text=True, timeout=150,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.endswith("ok\n"), done.stdout)

    def live_over_kills(self, *arguments):
        """The server dies by kill -9 under load, again and again; its port stays."""
        process = subprocess.Popen([LIVE, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        for _ in range(KILLS):
            time.sleep(0.5)
            if process.poll() is not None:
                self.fail(f"it ended before it was told to:\n{process.stderr.read()}")
            self.server.stop(signal.SIGKILL)
            time.sleep(0.2)
            self.server.start(kept_port=True)
        pathlib.Path(self.server.folder, "enough").touch()
        out, err = process.communicate(timeout=150)
        self.assertEqual(process.returncode, 0, err)
        self.assertTrue(out.endswith("ok\n"), out)

    def test_community(self):
        self.live("community", self.url)

    def test_identity(self):
        self.live("identity", self.url)

    def test_posts_are_there_once_over_kills_of_both(self):
        self.live_over_kills("posts", self.url, self.server.folder)

    def title(self):
        """A title with game state, a campaign and a sink: its id, and the keys of its server and of its builds."""
        admin = support.Person(self.server, "studio").becomes_admin(self.server)
        game = Game(sender(self.server), admin.headers(self.server))
        for path, more in (("campaigns", {"name": "festival", "budget": 10**9}),
                           ("sinks", {"name": "shop"})):
            status, made = game.send("POST", f"/v1/points/{path}", {
                "key": new_key(), "title": game.title} | more, game.admin)
            self.assertEqual(status, 201, made)
        return game.title, game.server_key["key"], game.client_key["key"]

    def test_rules(self):
        self.live("rules", self.url, *self.title())

    def test_attacks_count_once_over_kills_of_both(self):
        self.live_over_kills("fight", self.url, *self.title(), self.server.folder)

    def test_trades_count_once_over_kills(self):
        self.live_over_kills("trades", self.url, *self.title(), self.server.folder)


if __name__ == "__main__":
    unittest.main()
