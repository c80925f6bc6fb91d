#!/usr/bin/env python3
"""Goal: a database that is away for a while costs nothing but time: posts go on being taken and
answered, nothing is quarantined, and all is applied when it is back.
Method: all databases on a private mariadbd, which is stopped, and killed, under load.
MATSURI_OUTAGE_SECONDS says for how long (8 s; 60 s is what the design asks for).
"""

import json
import os
import signal
import time
import unittest

import support
from mariadb_server import Mariadb

OUTAGE_S = float(os.environ.get("MATSURI_OUTAGE_SECONDS", "8"))


@unittest.skipUnless(Mariadb.is_installed(), "mariadbd is not installed")
class MariadbTest(support.CrashTest):
    def setUp(self):
        super().setUp()
        self.start_mariadb()

    def outage(self, number):
        server = self.server(self.mariadb.config("main", "timeline", "empathy", "notification")).start()
        posters = [support.Poster(server, f"poster{index}", pause_s=0.01) for index in range(4)]
        for poster in posters:
            poster.start()
        while sum(len(poster.answered) for poster in posters) < 50:
            time.sleep(0.05)
        self.mariadb.end(number)
        before = sum(len(poster.answered) for poster in posters)
        time.sleep(OUTAGE_S)
        during = sum(len(poster.answered) for poster in posters) - before
        self.assertGreater(during, 0, "posts wait for the database")
        self.assertEqual(server.get("/livez")[0], 200)
        self.mariadb.start()
        support.finish(posters)
        self.check_feed(server, posters)
        self.assertEqual(server.metric("matsuri_applier_quarantined_total"), 0)
        # Strict commands are back, too.
        support.sign_up(server.port, "afterwards")
        self.check_doctor(server)
        self.assertEqual(server.stop()[0], 0)

    def test_stopped(self):
        self.outage(signal.SIGTERM)

    def test_killed(self):
        self.outage(signal.SIGKILL)

    def test_stop_while_it_is_away(self):
        server = self.server(self.mariadb.config("main", "timeline")).start()
        poster = support.Poster(server, "hana")
        poster.start()
        while len(poster.answered) < 20:
            time.sleep(0.02)
        self.mariadb.end()
        time.sleep(1)
        self.assertEqual(server.stop()[0], 0, server.tail())
        self.mariadb.start()
        server.start()
        support.finish([poster])
        self.check_feed(server, [poster])
        self.check_doctor(server)

    def test_backup_and_restore(self):
        server = self.server(self.mariadb.config("main", "timeline")).start()
        posters = [support.Poster(server, f"poster{index}") for index in range(3)]
        for poster in posters:
            poster.start()
        time.sleep(1)
        support.wait_for_each(posters)
        before = {text: post for poster in posters for text, post in list(poster.answered.items())}
        to = self.folder / "backup"
        done = server.command("backup", "--to", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        support.finish(posters)
        copy = self.server(self.mariadb.config("main2", "timeline2"), self.folder / "copy")
        done = copy.command("restore", "--from", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        copy.start()
        copy.wait_applied()
        feed = {text: post for post, text in copy.feed()}
        self.assertEqual({text: feed.get(text) for text in before}, before)
        self.check_doctor(copy)
        # Into schemas that hold something nothing is restored.
        again = self.server(self.mariadb.config("main2", "timeline2"), self.folder / "again")
        done = again.command("restore", "--from", to)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(json.loads(copy.get("/v1/accounts/poster0")[1])["handle"], "poster0")


if __name__ == "__main__":
    support.main()
