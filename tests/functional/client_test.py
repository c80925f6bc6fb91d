#!/usr/bin/env python3
"""The C++ client (sdk/cpp) and a real server: what it promises over the network, and over kills.

The programs come from MATSURI_CLIENT_LIVE and MATSURI_BINARY.
"""

import os
import signal
import subprocess
import time
import unittest

import support

LIVE = os.environ.get("MATSURI_CLIENT_LIVE", str(support.ROOT / "build/dev/sdk/cpp/tests/client_live"))


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

    def kill_while_runs(self, process, kills):
        """kill -9 under load, again and again; the port stays, as it would behind a proxy."""
        self.addCleanup(lambda: process.poll() is None and process.kill())
        for _ in range(kills):
            time.sleep(0.4)
            self.assertIsNone(process.poll(), "there was no load any more when the server was killed")
            self.server.stop(signal.SIGKILL)
            time.sleep(0.2)
            self.server.start(kept_port=True)
        out, err = process.communicate(timeout=150)
        self.assertEqual(process.returncode, 0, err)
        self.assertTrue(out.endswith("ok\n"), out)

    def test_community(self):
        self.live("community", self.url)

    def test_identity(self):
        self.live("identity", self.url)

    def test_posts_are_there_once_over_kills_of_both(self):
        process = subprocess.Popen(
            [LIVE, "posts", self.url, f"{self.server.folder}/queue", "1500"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.kill_while_runs(process, kills=4)


if __name__ == "__main__":
    unittest.main()
