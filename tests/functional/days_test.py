"""Goal: with `game.keep_days` commands of old days go when analytics have counted them, whoever read across
them is told, their keys are refused by their time, and points, boards and the doctor are none the worse.
Method: a server that is played on, whose commands are then made three weeks older in its database; it goes
on with eight days, on both engines. days_test.cc of src/sequencer has days one by one, kills and moves.
"""

import os
import pathlib
import re
import sqlite3
import tempfile
import time
import unittest

from support import FREE_RATES, Person, Server
from game_client import Game, attack, born, new_key, sender
from mariadb_server import Mariadb

# Days wait for the night in which analytics count, which must not come in between.
FAR_NIGHT = time.strftime("[analytics]\nat = \"%H:%M\"\n", time.gmtime(time.time() + 12 * 3600))
AGE_MS = 21 * 86400_000
HITS = 400


def older(key):
    """The bytes of a key as if it had been made so much earlier."""
    made_ms = int.from_bytes(key[:6], "big")
    return (made_ms - AGE_MS).to_bytes(6, "big") + key[6:]


def text_of(key):
    digits = key.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class DaysTest:
    """What both engines have to pass."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="matsuri_days_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = Server(config=self.config())
        self.addCleanup(self.server.remove)
        self.admin = Person(self.server, "boss").becomes_admin(self.server)
        self.game = Game(sender(self.server), self.admin.headers(self.server))
        self.mio = Person(self.server, "mio")

    def send(self, method, path, body, headers, status):
        got, told = self.game.send(method, path, body, headers)
        self.assertEqual(got, status, told)
        return told

    def grant(self):
        return self.send("POST", "/v1/points/grants", {
            "event": "raid-1", "campaign": "festival", "account": self.mio.id, "amount": 30,
            "reason": "test.grant"}, self.game.server, 200)["outcome"]

    def first_day(self):
        text = self.server.request("GET", "/metrics").body.decode()
        return max(map(float, re.findall(r"^matsuri_sequencer_first_day_seconds\S* (\S+)$", text, re.M)))

    def freed(self):
        text = self.server.request("GET", "/metrics").body.decode()
        return sum(map(float, re.findall(r"^matsuri_sequencer_dropped_bytes_total\S* (\S+)$", text, re.M)))

    def play(self):
        """Before: one raid, and points. Gives where a slow reader and a quick one are."""
        game = self.game
        for path, more in (("campaigns", {"name": "festival", "budget": 100}),
                           ("sinks", {"name": "shop"})):
            self.send("POST", f"/v1/points/{path}", {"key": new_key(), "title": game.title} | more,
                      self.admin.headers(self.server), 201)
        self.assertEqual(self.grant(), "granted")
        self.assertEqual(game.one(born("raid", hp=100000))["outcome"], "applied")
        game.put_board("hits", kind="boss", field="hp", order="low")
        hits = [attack("raid", value=1) for _ in range(HITS)]
        for outcome in game.run(*hits)[0]:
            self.assertEqual(outcome["outcome"], "applied")
        slow = game.changes("?limit=100")[1]["next"]
        everything, quick = game.all_changes()
        self.assertEqual(len(everything), HITS + 1)
        return slow, quick

    def count(self):
        """Asks analytics to count, and waits until days have gone."""
        self.assertEqual(self.first_day(), 0, "days wait for analytics")
        self.send("POST", "/v1/analytics/runs", None, self.admin.headers(self.server), 202)
        deadline = time.monotonic() + 60
        while self.first_day() == 0:
            self.assertLess(time.monotonic(), deadline, "no day went")
            time.sleep(0.1)

    def test_old_days_go(self):
        slow, quick = self.play()
        self.server.stop()
        old_keys = [text_of(key) for key in self.make_older()]
        self.assertEqual(len(old_keys), HITS + 1)
        pathlib.Path(self.server.config).write_text(self.config("keep_days = 8\n"), encoding="utf-8")
        self.server.start()
        game = self.game
        new = attack("raid", value=1)
        self.assertEqual(game.one(new)["outcome"], "applied")
        self.count()
        self.assertEqual(self.first_day() % 86400, 0)
        self.assertGreater(self.freed(), 0)

        status, told = game.changes(f"?after={slow}")
        self.assertEqual((status, told["code"]), (409, "conflict"))
        self.assertIn("not kept any more", told["detail"])
        stream = self.server.connect()
        stream.send(f"GET {game.path}/changes?after={slow} HTTP/1.1\r\nHost: x\r\n"
                    f"Accept: text/event-stream\r\n{game.server[0][0]}: {game.server[0][1]}\r\n\r\n"
                    .encode())
        self.assertEqual(stream.read_head().status, 200)
        self.assertEqual(stream.read_event()["event"], "reset")
        stream.close()
        for after in ("", quick):
            status, page = game.changes(f"?after={after}")
            self.assertEqual([change["key"] for change in page["changes"]], [new["key"]])
        status, past = game.send("GET", f"{game.path}/history?entity=raid/boss/b1", None, game.server)
        self.assertEqual((status, [one["key"] for one in past["commands"]], past["next"]),
                         (200, [new["key"]], None))

        status, told = game.look_up(old_keys[0], "raid")
        self.assertEqual((status, told["code"]), (404, "not_found"))
        self.assertIn("key_too_old", told["detail"])
        self.assertEqual(game.one(attack("raid", key=old_keys[0]))["outcome"], "key_too_old")
        self.assertEqual(game.entity("raid", "boss", "b1")[1]["entity"]["fields"]["hp"],
                         100000 - HITS - 1)
        self.assertEqual(game.board("hits")[1]["entries"][0]["value"], 100000 - HITS - 1)

        self.assertEqual(self.grant(), "granted_before")
        self.send("POST", "/v1/points/spends", {"key": new_key(), "sink": "shop", "amount": 30},
                  self.mio.headers(self.server), 200)
        self.server.stop()
        for words in (("doctor",), ("rebuild", "points"), ("doctor",)):
            done = self.server.run(*words)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class SqliteDaysTest(DaysTest, unittest.TestCase):
    def config(self, more=""):
        return f"{FREE_RATES}\n{FAR_NIGHT}[game]\n{more}"

    def make_older(self):
        connection = sqlite3.connect(f"{self.server.data}/db/game-0.sqlite")
        keys = {}
        for table in ("command", "kept_command"):
            found = [key for (key,) in connection.execute(f"SELECT command_key FROM {table}")]
            keys[table] = [older(key) for key in found]
            connection.executemany(
                f"UPDATE {table} SET command_key = ?, unix_ms = unix_ms - {AGE_MS}"
                " WHERE command_key = ?", zip(keys[table], found))
        connection.commit()
        connection.close()
        return keys["command"]


@unittest.skipUnless(Mariadb.is_installed() or "CI" in os.environ, "mariadbd is not installed")
class MariadbDaysTest(DaysTest, unittest.TestCase):
    def setUp(self):
        self.mariadb = None
        super().setUp()

    def config(self, more=""):
        if self.mariadb is None:
            self.mariadb = Mariadb(self.folder).start()
            self.addCleanup(self.mariadb.end)
        return f"{FREE_RATES}\n{FAR_NIGHT}{self.mariadb.game_config('game_0')}{more}"

    def make_older(self):
        for table in ("command", "kept_command"):
            self.mariadb.run(
                f"UPDATE game_0.{table} SET unix_ms = unix_ms - {AGE_MS}, command_key = CONCAT("
                f"UNHEX(LPAD(HEX(CONV(HEX(LEFT(command_key, 6)), 16, 10) - {AGE_MS}), 12, '0')),"
                " SUBSTRING(command_key, 7))")
        return [bytes.fromhex(key) for (key,) in
                self.mariadb.ask("SELECT HEX(command_key) FROM game_0.command ORDER BY seq")]


if __name__ == "__main__":
    unittest.main(verbosity=2)
