#!/usr/bin/env python3
"""Goal: backup while writing, restore elsewhere, both continue: no position confused.
Method: the commands of docs/operations/backup.md and restore.md, as an operator gives them, while
people post.
"""

import json
import os
import pathlib
import shutil
import sqlite3
import time
import unittest

import support


class BackupTest(support.CrashTest):
    def posters(self, server, prefix="poster"):
        posters = [support.Poster(server, f"{prefix}{number}") for number in range(4)]
        for poster in posters:
            poster.start()
        return posters

    def back_up(self, server, to):
        done = server.command("backup", "--to", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("backup in", done.stdout)

    def restore(self, to, name, *words, config=""):
        copy = self.server(config, self.folder / name)
        done = copy.command("restore", "--from", to, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return copy

    def copy_goes_on(self, *words, config=""):
        """Everything that was answered before the backup began is in the copy, and both go on."""
        original = self.server('[journal]\nsegment_bytes = 8388608\n').start()
        posters = self.posters(original)
        time.sleep(1.5)
        support.wait_for_each(posters)
        before = {text: post for poster in posters for text, post in list(poster.answered.items())}
        to = self.folder / "backup"
        self.back_up(original, to)
        time.sleep(0.5)
        copy = self.restore(to, "copy", *words, config=config).start()
        support.finish(posters)
        copy.wait_applied()
        feed = {text: post for post, text in copy.feed()}
        self.assertEqual({text: feed.get(text) for text in before}, before)
        everything = {text: post for poster in posters for text, post in poster.answered.items()}
        for text, post in feed.items():
            self.assertEqual(everything.get(text), post, "the copy has what nobody was answered")

        # The same key is the same post on both; what is new has its own ids and positions.
        text, post = next(iter(before.items()))
        _, token = support.sign_up(copy.port, "newcomer")
        status, body, headers = support.request(
            copy.port, "POST", "/v1/communities/1/posts", {"text": "only in the copy"},
            token=token, key="k")
        self.assertEqual(status, 201)
        self.assertNotIn(json.loads(body)["id"], everything.values())
        position = headers["matsuri-position"]
        status, _, headers = copy.get_fresh("/v1/communities/1/posts", position=position)
        self.assertEqual((status, "matsuri-stale" in headers), (200, False))

        # A position from the original's later life is not one of the copy's: it says so.
        there = self.posters(original, "later")
        time.sleep(0.5)
        support.finish(there)
        _, token = support.sign_up(original.port, "stranger")
        status, _, headers = support.request(
            original.port, "POST", "/v1/communities/1/posts", {"text": "only in the original"},
            token=token)
        self.assertEqual(status, 201)
        status, _, stale = copy.get("/v1/communities/1/posts",
                                    position=headers["matsuri-position"])
        self.assertEqual((status, stale.get("matsuri-stale")), (200, "1"))
        for server in (original, copy):
            server.wait_applied()
            self.check_doctor(server)
            self.assertEqual(server.stop()[0], 0)
            self.check_doctor(server)
        return copy

    def test_both_go_on(self):
        self.copy_goes_on()

    def test_both_go_on_under_two_numbers(self):
        copy = self.copy_goes_on("--node", "7", config="node = 7\n")
        # Under the old number it would make the original's ids: it is refused.
        copy.config.write_text(copy.config.read_text().replace("node = 7", "node = 1"))
        with self.assertRaisesRegex(AssertionError, "another region or node"):
            copy.start()

    def test_to_another_file_system(self):
        elsewhere = pathlib.Path("/dev/shm")
        if not elsewhere.is_dir() or elsewhere.stat().st_dev == self.folder.stat().st_dev:
            self.skipTest("there is no second file system")
        to = elsewhere / f"matsuri_crash_{os.getpid()}"
        self.addCleanup(shutil.rmtree, to, ignore_errors=True)
        original = self.server().start()
        posters = self.posters(original)
        time.sleep(0.5)
        support.finish(posters)
        self.back_up(original, to)
        copy = self.restore(to, "copy").start()
        self.check_feed(copy, posters)
        self.check_doctor(copy)

    def test_damage_is_named(self):
        original = self.server().start()
        posters = self.posters(original)
        time.sleep(0.3)
        support.finish(posters)
        to = self.folder / "backup"
        self.back_up(original, to)
        again = original.command("backup", "--to", to)
        self.assertEqual(again.returncode, 2)
        self.assertIn("is not empty", again.stderr)
        onto = original.command("restore", "--from", to)
        self.assertEqual(onto.returncode, 2)
        self.assertIn("is not empty", onto.stderr)

        for path in sorted(path for path in to.rglob("*") if path.is_file()):
            good = path.read_bytes()
            bad = bytearray(good)
            bad[len(bad) // 2] ^= 1
            path.write_bytes(bad)
            copy = self.server(data=self.folder / "copy")
            done = copy.command("restore", "--from", to)
            self.assertEqual(done.returncode, 1, path)
            self.assertIn(str(path), done.stderr)
            self.assertFalse(copy.data.exists())
            path.write_bytes(good)
        (to / "MANIFEST").unlink()
        done = copy.command("restore", "--from", to)
        self.assertIn("did not come to its end", done.stderr)

    def test_way_back(self):
        """A database of a later version is refused; the backup from before it is the way back."""
        server = self.server().start()
        posters = self.posters(server)
        time.sleep(0.3)
        support.finish(posters)
        to = self.folder / "before_upgrade"
        self.back_up(server, to)
        self.assertEqual(server.stop()[0], 0)
        database = sqlite3.connect(server.data / "db/main.sqlite")
        with database:
            database.execute("UPDATE schema_version SET version = 999 WHERE component = 'main'")
        database.close()
        with self.assertRaisesRegex(AssertionError, "use a newer program"):
            server.start()
        old = self.restore(to, "old").start()
        self.check_feed(old, posters)
        self.check_doctor(old)

    def test_kill_while_it_is_taken(self):
        """What is left has no MANIFEST or is whole; the server never notices."""
        original = self.server().start()
        posters = self.posters(original)
        time.sleep(0.5)
        for number in range(6):
            to = self.folder / f"backup{number}"
            with support.started("backup", "--data", original.data, "--config", original.config,
                                 "--to", to) as process:
                time.sleep(0.004 * (number + 1) * (number + 1))
                process.kill()
            copy = self.server(data=self.folder / f"copy{number}")
            done = copy.command("restore", "--from", to)
            if (to / "MANIFEST").exists():
                self.assertEqual(done.returncode, 0, done.stderr)
                self.check_doctor(copy)
            else:
                self.assertEqual(done.returncode, 2)
                self.assertIn("did not come to its end", done.stderr)
        support.finish(posters)
        self.check_feed(original, posters)
        self.check_doctor(original)


if __name__ == "__main__":
    support.main()
