"""Goal: with a replica and a log replica configured, `any` is the replica's, and what support and
analysts read never touches the primary; a replica that is away costs nothing but freshness, and the
doctor says what is wrong with one.
Method: a server on a primary of MariaDB; one replica of it plays both parts. What the primary was
asked is in its general log.
"""

import os
import pathlib
import re
import shutil
import tempfile
import time
import unittest

from support import FREE_RATES, Person, Server
from game_client import Game, attack, born, sender
from mariadb_server import DATABASES, Mariadb, MariadbPair

SCHEMAS = ("game_0", "game_1")


@unittest.skipUnless(Mariadb.is_installed() or "CI" in os.environ, "mariadbd is not installed")
class ReplicaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="matsuri_replica_")
        cls.pair = MariadbPair(cls.folder)
        primary, replica = cls.pair.primary, cls.pair.replica
        cls.config = (FREE_RATES + "\n" + primary.config(*DATABASES) + primary.game_config(*SCHEMAS)
                      + replica.server_config("game.replica")
                      + replica.server_config("log_replica"))
        cls.server = Server(cls.config)
        cls.admin = Person(cls.server, "chief").becomes_admin(cls.server)
        cls.game = Game(sender(cls.server), cls.admin.headers(cls.server))

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()
        cls.pair.end()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.pair.catch_up()
        self.wait_for("2 replicas", lambda: self.lines().count(" places and ") >= 4)

    def wait_for(self, what, is_so, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), deadline, f"waited in vain: {what}")
            time.sleep(0.05)

    def lines(self):
        """What /readyz says of replicas."""
        answer = self.server.request("GET", "/readyz")
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def metric(self, name, **labels):
        text = self.server.request("GET", "/metrics").body.decode()
        wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return float(re.search(rf"^{name}{{{wanted}}} (\S+)$", text, re.M)[1])

    def hp(self, arena, query=""):
        status, body = self.game.entity(arena, "boss", "b1", query)
        self.assertEqual(status, 200, body)
        return body["entity"]["fields"]["hp"], body["stale"]

    def history(self, query):
        status, body = self.game.send("GET", f"{self.game.path}/history?{query}", None,
                                      self.game.server)
        self.assertEqual(status, 200, body)
        return body

    def test_any_is_the_replicas(self):
        self.game.one(born("stale"))
        self.pair.catch_up()
        self.pair.stop_applying()
        try:
            _, token = self.game.run(attack("stale", 100))
            self.assertEqual(self.hp("stale", "?consistency=any"), (1000, True))
            self.assertEqual(self.hp("stale"), (900, False))
            self.assertEqual(self.hp("stale", f"?consistency=at_least&token={token}"), (900, False))
            self.wait_for("the lag", lambda: self.metric(
                "matsuri_game_replica_lag_seconds", role="game", shard="0") + self.metric(
                "matsuri_game_replica_lag_seconds", role="game", shard="1") > 0)
            self.assertRegex(self.lines(), r"game replica of shard \d: 1 places and")
            # What the log replica lacks is not in a history, which says so.
            page = self.history("entity=stale/boss/b1")
            self.assertEqual(len(page["commands"]), 1)
            wanted = time.time() * 1000
        finally:
            self.pair.go_on_applying()
        self.pair.catch_up()
        self.assertEqual(self.hp("stale", "?consistency=any"), (900, True))
        self.wait_for("fresh", lambda: self.history("entity=stale/boss/b1")["as_of_ms"] > wanted)
        self.assertEqual(len(self.history("entity=stale/boss/b1")["commands"]), 2)
        self.assertGreater(self.metric("matsuri_game_reads_total", consistency="any",
                                       **{"from": "replica"}), 0)

    def test_histories_and_views_never_touch_the_primary(self):
        mio = Person(self.server, "mio")
        self.game.one(born("quiet"))
        self.game.one(attack("quiet", 100))
        self.pair.catch_up()
        primary = self.pair.primary
        view = f"matsuri_views.v_{self.game.title}_boss"
        self.wait_for("the view", lambda: self.pair.replica.run(
            f"SELECT COUNT(*) FROM information_schema.views WHERE table_schema = 'matsuri_views'"
            f" AND table_name = 'v_{self.game.title}_boss'") == "1")
        primary.run("SET GLOBAL general_log_file = 'asked'; SET GLOBAL general_log = 1")
        try:
            commands = self.history("entity=quiet/boss/b1")["commands"]
            self.assertEqual([one["entities"][0]["changes"] for one in commands],
                             [{"hp": -100}, {"hp": 1000}])
            self.history(f"player={mio.id}")
            status, body = self.game.send("GET", f"{self.game.path}/players/{mio.id}/entities", None,
                                          self.game.server)
            self.assertEqual(status, 200, body)
            self.hp("quiet", "?consistency=any")
            self.assertEqual(self.pair.replica.run(
                f"SELECT hp FROM {view} WHERE arena = 'quiet'"), "900")
        finally:
            primary.run("SET GLOBAL general_log = 0")
        asked = pathlib.Path(f"{primary.folder}/data/asked").read_text(errors="replace")
        self.assertIn("general_log", asked)
        self.assertEqual([line for line in asked.splitlines()
                          if re.search(r"\b(command|moved_command|entity)\b", line)], [])
        # The other way round, this test could not fail: reads of the primary are in its log.
        primary.run("SET GLOBAL general_log = 1")
        self.hp("quiet", "?consistency=linearizable")
        self.game.changes()
        primary.run("SET GLOBAL general_log = 0")
        asked = pathlib.Path(f"{primary.folder}/data/asked").read_text(errors="replace")
        self.assertRegex(asked, r"FROM command\b")

    def test_a_replica_that_is_away_costs_nothing_but_freshness(self):
        self.game.one(born("alone"))
        self.pair.catch_up()
        self.pair.replica.end()
        try:
            self.assertEqual(self.hp("alone", "?consistency=any"), (1000, True))
            self.wait_for("away", lambda: self.lines().count(": away") == 4)
            self.assertEqual(self.metric("matsuri_game_replica_up", role="game", shard="0"), 0)
            self.server.restart()
            self.assertEqual(self.hp("alone", "?consistency=any"), (1000, True))
            self.assertEqual(self.game.one(attack("alone", 1))["outcome"], "applied")
            status, _ = self.game.send("GET", f"{self.game.path}/history?entity=alone/boss/b1", None,
                                       self.game.server)
            self.assertEqual(status, 503)
            found = self.server.run("doctor")
            self.assertEqual(found.returncode, 1)
            self.assertIn("log_replica: game-0: ", found.stdout)
        finally:
            self.pair.replica.start()
        self.wait_for("back", lambda: self.lines().count(": away") == 0)
        self.pair.catch_up()
        self.assertEqual(self.hp("alone", "?consistency=any"), (999, True))

    def test_what_the_doctor_says_of_replicas(self):
        found = self.server.run("doctor")
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)
        self.pair.replica.run("SET GLOBAL read_only = 0")
        found = self.server.run("doctor")
        self.pair.replica.run("SET GLOBAL read_only = 1")
        self.assertIn("log_replica: is not read_only", found.stdout)
        self.assertIn("game.replica: is not read_only", found.stdout)
        path = pathlib.Path(self.server.config)
        config = path.read_text()
        replica = str(self.pair.replica.socket)
        try:
            path.write_text(config.replace(replica, str(self.pair.primary.socket)))
            found = self.server.run("doctor")
            self.assertIn("log_replica: is the server that is written", found.stdout)
            alone = Mariadb(self.folder, "alone").start()
            try:
                alone.run("SET GLOBAL read_only = 1")
                path.write_text(config.replace(replica, str(alone.socket)))
                found = self.server.run("doctor")
                self.assertIn("schema game_1 is not there", found.stdout)
            finally:
                alone.end()
        finally:
            path.write_text(config)

    def test_configurations_that_make_no_sense(self):
        path = pathlib.Path(self.server.config)
        config = path.read_text()
        for wrong, why in (("[game.replica]\nsocket = \"/x\"\n", "game has to lie on mariadb"),
                           ("[log_replica]\nsocket = \"/x\"\n", "have to lie on mariadb"),
                           ("[log_replica]\nuser = \"x\"\n", "socket, or host and port, are missing"),
                           ("[log_replica]\nviews = \"a b\"\nsocket = \"/x\"\n", "log_replica.views"),
                           ("[log_replica]\nschema = \"x\"\n", "log_replica.schema is not known")):
            try:
                path.write_text(wrong)
                told = self.server.run("doctor")
            finally:
                path.write_text(config)
            self.assertEqual(told.returncode, 2)
            self.assertIn(why, told.stderr)


if __name__ == "__main__":
    unittest.main()
