"""Goal: docs/visibility.md is true: whoever is hidden is hidden on every path that can show them.

Method: for each situation of its table a world is made on a running server, each path of each row is
asked as the row says, and what is there is compared with the cell; and every path of api/openapi.yaml
is searched for those whom no row shows there. Once over SQLite, once over MariaDB.
"""

import itertools
import json
import os
import re
import shutil
import tempfile
import time
import unittest

from contract import Contract
from mariadb_server import DATABASES, Mariadb
from support import FREE_RATES, Person, Server
from visibility import SITUATIONS, THEIRS, WHATS, Table, World
from waiting import wait_until

TABLE = Table()
READS = {operation["path"]: operation for operation in Contract().operations.values()
         if operation["method"] == "GET"}
STREAM = "/v1/stream"
TOPICS = {row.query for row in TABLE.rows if row.path == STREAM and row.query}


class TableTest(unittest.TestCase):
    def test_every_path_has_a_row_and_every_row_a_path(self):
        self.assertEqual(sorted(TABLE.paths()), sorted(READS))

    def test_every_column_and_row_can_be_made(self):
        self.assertEqual(TABLE.situations, list(SITUATIONS))
        for row in TABLE.rows:
            if row.path != STREAM:
                self.assertIn(row.what, WHATS, row.name)


class Live:
    """What streams send while things happen in a world."""

    def __init__(self, world, viewer, is_spoiler, is_told):
        self.world = world
        # The stream's own copy of what is hidden comes from the database: that has to be there.
        world.get("/v1/timeline", world.me)
        head, self.connection = world.server.stream(
            viewer, query=f"?community={world.id['community']}")
        topics = {query: world.server.stream(viewer, query=query) for query in TOPICS}
        self.statuses = {query: topic.status for query, (topic, _) in topics.items()}
        self.statuses[""] = head.status
        self.all_events = {query: [] for query in self.statuses}
        self.events = self.all_events[""]
        more = {"spoiler": True} if is_spoiler else {}
        world.say("they", "new post", **more)
        world.say("they", "new comment", "another's post", **more)
        world.say("another", "comment on it", "new post")
        world.edit("they", "new post", feeling=5)
        world.edit("another", "comment on it", feeling=5)
        world.feel("another", "new post")
        world.feel("they", "comment on it")
        # Counts go out in their order: behind these, all others are there.
        world.say("another", "mark")
        world.feel("me", "mark")
        self.read_until("counts", "mark")
        world.delete("another", "comment on it")
        world.delete("they", "new post")
        world.delete("another", "mark")
        self.read_until("post_deleted", "mark")
        if is_told:
            self.read_until_notices(1)
        elif viewer is not None:
            # Of this one alone something is told.
            world.say("another", "mark for me", "my post")
            self.read_until_notices(1)
            is_told = self.notice_count() > 1
        self.is_told = is_told
        self.connection.close()
        for query, (_, connection) in topics.items():
            events = self.all_events[query]
            while self.statuses[query] == 200 and not self.found(events, "post_deleted", "mark"):
                events.append(parsed(connection.read_event()))
            connection.close()

    def read(self):
        self.events.append(parsed(self.connection.read_event()))

    def found(self, events, event, name):
        for one, data in events:
            if one == event and self.world.id[name] in (data.get("id"), data.get("post")):
                return data
        return None

    def read_until(self, event, name):
        while self.found(self.events, event, name) is None:
            self.read()

    def notice_count(self):
        return sum(event == "notification" for event, _ in self.events)

    def read_until_notices(self, count):
        while self.notice_count() < count:
            self.read()

    def word(self, row):
        if self.statuses[row.query] != 200:
            return str(self.statuses[row.query])
        if row.what == "what is unread, by their new comment":
            return "shown" if self.is_told else "hidden"
        event, name = {
            "their new post": ("plaza_post" if row.query == "?topic=plaza" else "post", "new post"),
            "their edit of it": ("post_changed", "new post"),
            "counts of it": ("counts", "new post"),
            "their deletion of it": ("post_deleted", "new post"),
            "their new comment": ("post", "new comment"),
            "another's new comment on their post": ("post", "comment on it"),
            "another's edit of a comment on their post": ("post_changed", "comment on it"),
            "counts of a comment on their post": ("counts", "comment on it"),
            "another's deletion of a comment on their post": ("post_deleted", "comment on it"),
        }[row.what]
        data = self.found(self.all_events[row.query], event, name)
        if data is None:
            return "hidden"
        return "veiled" if data.get("spoiler") else "shown"


def parsed(event):
    return event["event"], json.loads(event["data"])


class VisibilityTest:
    """One server for all situations, each with people of its own."""

    @classmethod
    def start(cls, config):
        cls.server = Server(config + FREE_RATES)
        cls.admin = Person(cls.server, "librarian").becomes_admin(cls.server)
        cls.numbers = itertools.count()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def check(self, situation):
        title = self.server.request("POST", "/v1/titles", {"names": {"en": "A Title"}},
                                    who=self.admin).json["id"]
        world = World(self.server, title, next(self.numbers))
        world.play(self.admin)
        # The plaza is made anew every second, and its stream takes one post of a title a second.
        time.sleep(1)
        words = world.texts["their post"]
        self.assertTrue(wait_until(lambda: words in world.get(
            "/v1/plaza?limit=24", world.another).body.decode(), 20))
        viewer = None if situation == "visitor" else world.me
        SITUATIONS[situation](world)
        if situation != "deleted":
            world.say("another", "another's later comment", "their other post")
        wrong = []
        for row in TABLE.rows:
            if row.path != STREAM and row.cells[situation] != "–":
                # Notices are facts of facts: no position waits for them, nor for the plaza.
                seconds = 5 if row.path in ("/v1/notifications", "/v1/plaza") else 0
                got = None

                def is_so():
                    nonlocal got
                    got = self.word_of(row, world, viewer)  # pylint: disable=cell-var-from-loop
                    return got == row.cells[situation]  # pylint: disable=cell-var-from-loop

                if not wait_until(is_so, seconds):
                    wrong.append(f"{row.name}: {got}, not {row.cells[situation]}")
        wrong += self.strangers(situation, world, viewer)
        wrong += self.check_stream(situation, world, viewer)
        self.assertFalse(wrong, "\n".join(["", *wrong]))

    def word_of(self, row, world, viewer):
        what = WHATS[row.what]
        answer = world.get(target_of(row.path, world, what.of) + query_of(row, world), viewer)
        if answer.status != 200:
            return str(answer.status)
        return what.word(world, answer, row.path)

    def check_stream(self, situation, world, viewer):
        rows = [row for row in TABLE.rows if row.path == STREAM]
        told = next(row for row in rows if row.what == "what is unread, by their new comment")
        live = Live(world, viewer, situation == "spoiler", told.cells[situation] == "shown")
        return [f"{row.name}: {live.word(row)}, not {row.cells[situation]}" for row in rows
                if live.word(row) != row.cells[situation]]

    def strangers(self, situation, world, viewer):
        """Who or what of theirs is on a path where no row shows it."""
        they = {world.they.handle, "Name of " + world.they.handle.replace("_", " ")}
        theirs = {world.texts[name] for name in THEIRS}
        signs = they | theirs | {world.texts["another's comment on their post"]}
        found = []
        for path in READS:
            if path == STREAM:
                continue
            shown, queries = set(), {""}
            for row in TABLE.rows:
                if row.path == path:
                    queries.add(query_of(row, world))
                    if row.cells[situation] in ("shown", "veiled"):
                        shown |= WHATS[row.what].signs(world)
            if shown & theirs:
                shown |= theirs | they  # a post comes with others, and with its author
            elif shown & they:
                shown |= they
            for target in all_targets(path, world):
                for query in queries:
                    answer = world.get(target + query, viewer)
                    body = answer.body.decode("utf-8", "replace")
                    if answer.status == 200:
                        found += [f"{target}{query} shows {sign}" for sign in signs - shown
                                  if f'"{sign}"' in body]
        return found


def query_of(row, world):
    return row.query.replace("{they}", world.they.id)


def target_of(path, world, of):
    """The path with what `of` names in the place of its parameters."""
    values = dict(world.id)
    if "handle" in of:
        values["handle"] = getattr(world, of["handle"]).handle
    if "player" in of:
        values["player"] = getattr(world, of["player"]).id
    if "post" in of:
        values["post"] = world.id[of["post"]]
        if path.endswith("/comments"):
            values["post"] = world.id[world.parents[of["post"]]]
    return path.format_map(values)


def all_targets(path, world):
    """The path with everybody and everything of the world in the place of its parameters."""
    values = {
        "handle": [world.me.handle, world.they.handle, world.another.handle],
        "post": [world.id[name] for name in world.parents],
        "community": [world.id["community"], "1"],
        "title": [world.id["title"]],
        "position": ["0.1.0000000000000000.1"],
        "genome": ["0123456789abcdef"],
        "feeling": ["0"],
        "key": ["0193e0a1-b2c3-7d4e-8f50-123456789abc"],
        "arena": ["raid"],
        "kind": ["boss"],
        "id": ["b1", world.they.id],
        "board": ["damage"],
        "account": [world.me.id, world.they.id],
        "hold": ["0193e0a1-b2c3-7d4e-8f50-123456789abc.shop"],
        "player": [world.me.id, world.they.id],
        "programme": ["1"],
    }
    names = re.findall(r"{(\w+)}", path)
    for chosen in itertools.product(*(values[name] for name in names)):
        yield path.format_map(dict(zip(names, chosen)))


for one in TABLE.situations:
    def test(self, situation=one):
        self.check(situation)
    setattr(VisibilityTest, "test_" + one.replace(" ", "_"), test)


class SqliteTest(VisibilityTest, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start("")


@unittest.skipUnless(Mariadb.is_installed() or "CI" in os.environ, "mariadbd is not installed")
class MariadbTest(VisibilityTest, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="matsuri_visibility_")
        cls.mariadb = Mariadb(cls.folder).start()
        cls.start(cls.mariadb.config(*DATABASES))

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.mariadb.end()
        shutil.rmtree(cls.folder, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
