"""Goal: `matsuri shards` shows where slots are and moves them under load; senders of a slot that moves
wait, a server that is killed in the middle goes on after its start, and nothing is lost or done twice.
Method: a server with two shards, on both engines; arenas under attack; moves, kill -9, a third shard.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from support import BINARY, FREE_RATES, Hang, Person, Server
from game_client import Game, attack, born, sender
from mariadb_server import Mariadb

ARENAS = ("raid-1", "raid-2", "raid-3")
HP = 100000


def slot_of(title, arena):
    """CRC-32C of "title/arena", as slots.cc has it."""
    crc = 0xFFFFFFFF
    for byte in f"{title}/{arena}".encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF) % 1024


class Client(threading.Thread):
    """A thread with a connection of its own."""

    def __init__(self, test):
        super().__init__(daemon=True)
        self.test = test
        self.connection = None
        self.stopped = False

    def send(self, method, path, body, headers):
        server = self.test.server
        if self.connection is None:
            self.connection = server.connect()
        raw = None if body is None else json.dumps(body).encode()
        answer = server.request(method, path, headers=headers, raw=raw, connection=self.connection)
        if answer is None:
            raise ConnectionError("the server is gone")
        return answer.status, json.loads(answer.body)

    def lose(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None
        time.sleep(0.05)


class Follower(Client):
    """Reads the changes as they come, over moves and kills."""

    def __init__(self, test):
        super().__init__(test)
        self.changes, self.after = [], ""
        self.start()

    def run(self):
        game = self.test.game
        while True:
            try:
                status, page = self.send("GET", f"{game.path}/changes?limit=1000&wait_ms=100"
                                         f"&after={self.after}", None, game.server)
            except (OSError, Hang):
                self.lose()
                continue
            if status != 200:
                time.sleep(0.05)
                continue
            self.changes += page["changes"]
            self.after = page["next"]
            if self.stopped and not page["changes"]:
                return


class Attacker(Client):
    """Hits one boss again and again; after a broken connection, with the same key."""

    def __init__(self, test, arena):
        super().__init__(test)
        self.arena = arena
        self.keys, self.seqs, self.refused = [], [], []
        self.start()

    def run(self):
        wanted = None
        while not self.stopped:
            wanted = wanted or attack(self.arena, value=1)
            try:
                told = self.test.game.run(wanted, send=self.send)[0][0]
            except (OSError, Hang, AssertionError):
                self.lose()
                continue
            if told["outcome"] == "applied":
                self.keys.append(wanted["key"])
                self.seqs.append(told["seq"])
                wanted = None
            elif told["outcome"] in ("not_owner", "unknown", "overloaded", "busy"):
                self.refused.append(told["outcome"])
                time.sleep(0.05)
            else:
                raise AssertionError(told)


class ShardsTest:
    """What both engines have to pass."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="matsuri_shards_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = Server(config=self.config(2))
        self.addCleanup(self.server.remove)
        admin = Person(self.server, "boss").becomes_admin(self.server)
        self.game = Game(sender(self.server), admin.headers(self.server))
        for arena in ARENAS:
            self.assertEqual(self.game.one(born(arena, hp=HP))["outcome"], "applied")

    def slot(self, arena):
        return slot_of(self.game.title, arena)

    def shards(self, *words, status=0):
        done = self.server.run("shards", *map(str, words))
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def where(self, arena):
        for first, last, shard in re.findall(r"slots (\d+)-(\d+)  shard (\d+)", self.shards("show")):
            if int(first) <= self.slot(arena) <= int(last):
                return int(shard)
        raise AssertionError("the map has a hole")

    def check(self, attackers, follower):
        """What was answered is there, once, and in one order; who followed has seen the same."""
        for attacker in attackers:
            attacker.stopped = True
            attacker.join(20)
        follower.stopped = True
        follower.join(20)
        changes, _ = self.game.all_changes()
        for attacker in attackers:
            arena = attacker.arena
            self.assertTrue(attacker.seqs == sorted(set(attacker.seqs)), "places of an arena grow")
            hits = [change for change in changes
                    if change["arena"] == arena and change["reason"] == "raid.attack"]
            keys = {change["key"] for change in hits}
            self.assertEqual(len(keys), len(hits), "a hit was told twice")
            self.assertEqual(len(set(attacker.keys) - keys), 0, "an answered hit is lost")
            status, read = self.game.entity(arena, "boss", "b1")
            self.assertEqual((status, read["entity"]["fields"]["hp"]), (200, HP - len(hits)))
            followed = [change["key"] for change in follower.changes if change["arena"] == arena]
            told = [change["key"] for change in changes if change["arena"] == arena]
            self.assertTrue(followed == told, f"{len(followed)} followed, {len(told)} there are")
            versions = [change["entities"][0]["version"] for change in hits]
            self.assertTrue(versions == list(range(2, len(hits) + 2)), "one order, across moves")
            of_arena, _ = self.game.all_changes(f"&arena={arena}")
            self.assertEqual(len(keys - {change["key"] for change in of_arena}), 0)
            status, told = self.game.look_up(attacker.keys[0], arena)
            self.assertEqual((status, told["outcome"]["outcome"]), (200, "applied"))

    def test_slots_move_under_load(self):
        attackers = [Attacker(self, arena) for arena in ARENAS]
        follower = Follower(self)
        time.sleep(0.3)
        for turn in range(2):
            for arena in ARENAS:
                to = 1 - self.where(arena)
                self.assertIn("1 slots are where", self.shards("move", self.slot(arena), to))
                self.assertEqual(self.where(arena), to)
        self.assertEqual([attacker.refused for attacker in attackers], [[], [], []])
        self.check(attackers, follower)
        told = self.game.one(attack(ARENAS[0], value=1, key=attackers[0].keys[0]))
        self.assertTrue(told["duplicate"], "a key is known where its slot is")

    def test_a_kill_in_the_middle(self):
        attackers = [Attacker(self, arena) for arena in ARENAS]
        follower = Follower(self)
        for turn in range(3):
            moving = [subprocess.Popen([BINARY, "shards", "move", str(self.slot(arena)),
                                        str(turn % 2), "--data", self.server.data, "--config",
                                        self.server.config], stdout=subprocess.PIPE)
                      for arena in ARENAS]
            time.sleep(0.05 + 0.15 * turn)
            self.server.stop(signal.SIGKILL)
            self.server.start(kept_port=True)
            for one in moving:
                one.communicate(timeout=60)
                self.assertEqual(one.returncode, 0, "it is done by the next server")
            self.assertEqual({self.where(arena) for arena in ARENAS}, {turn % 2})
            time.sleep(0.3)
        self.check(attackers, follower)

    def test_a_shard_more_and_a_shard_less(self):
        self.server.stop()
        pathlib.Path(self.server.config).write_text(self.config(3), encoding="utf-8")
        self.server.start()
        self.assertRegex(self.shards("show"), r"shard 2  game-2  slots 0 ")
        for arena in ARENAS:
            self.shards("move", self.slot(arena), 2)
            self.assertEqual(self.where(arena), 2)
        self.assertEqual(self.game.one(attack(ARENAS[0]))["outcome"], "applied")
        self.shards("drain", 2)
        self.assertRegex(self.shards("show"), r"shard 2  game-2  slots 0 ")
        self.assertEqual(self.game.one(attack(ARENAS[0]))["entities"][0]["fields"]["hp"], HP - 20)

    def test_wrong_words(self):
        for words in (("move", 1024, 0), ("move", "5-4", 0), ("move", "x", 0), ("move", 1, 2),
                      ("drain", 2), ("drain", "-1")):
            with self.subTest(words):
                self.assertIn("0 to " if words[1] != "5-4" else "SLOTS",
                              self.shards(*words, status=2))


class SqliteShardsTest(ShardsTest, unittest.TestCase):
    def config(self, shard_count):
        return f"{FREE_RATES}\n[game]\nshards = {shard_count}\n"


@unittest.skipUnless(Mariadb.is_installed() or "CI" in os.environ, "mariadbd is not installed")
class MariadbShardsTest(ShardsTest, unittest.TestCase):
    def setUp(self):
        self.mariadb = None
        super().setUp()

    def config(self, shard_count):
        if self.mariadb is None:
            self.mariadb = Mariadb(self.folder).start()
            self.addCleanup(self.mariadb.end)
        schemas = ", ".join(f'"game_{i}"' for i in range(shard_count))
        return (f'{FREE_RATES}\n[game]\nengine = "mariadb"\nsocket = "{self.mariadb.socket}"\n'
                f'user = "root"\nschemas = [{schemas}]\n')


if __name__ == "__main__":
    unittest.main(verbosity=2)
