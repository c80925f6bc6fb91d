#!/usr/bin/env python3
"""Goal: every check-in that was ok ends as one thing, whatever is killed: granted once, or void or out of
budget with its reason; and no campaign grants more than it was given.
Method: writers append attempts to an inbox, as closures do that run as CGI, torn ones among them, while the
server is killed and the inbox is renamed and removed. Attempts within the bounds and beyond them are remembered.
At the end each person's check-ins and points are compared with what was written, and the doctor looks. On
SQLite, and on MariaDB where it is installed. MATSURI_KILLS says how many.
"""

import collections
import os
import pathlib
import threading
import time

import support
from game_client import new_key
from game_test import make_game
from inbox import FLAT, NO_MATCH, OK, append, attempt
from mariadb_server import DATABASES

KILL_COUNT = int(os.environ.get("MATSURI_KILLS", "6"))
PEOPLE_COUNT, WINDOW_COUNT, POINTS = 8, 400, 7
# Less than all of it is worth.
BUDGET = PEOPLE_COUNT * WINDOW_COUNT * POINTS // 3
BACKLOG_COUNT = 3000


class Viewer(threading.Thread):
    """Tries to check in to one window after the other until it is told to end."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world = world
        self.random = support.random.Random(support.SEED + number)
        self.account, token = support.sign_up(world.game.port, f"viewer{number}")
        self.id = self.account["id"]
        self.own = [("Authorization", f"Bearer {token}")]
        self.fine, self.over = set(), set()  # windows: within the bounds, and beyond them before the ok
        self.is_over = threading.Event()
        self.failure = None

    def run(self):
        try:
            for window in range(1, WINDOW_COUNT):
                if self.is_over.is_set():
                    return
                self.check_in(window)
                time.sleep(self.random.random() * 0.02)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def write(self, nonce, window, result):
        append(self.world.inbox / "show.inbox", attempt(
            self.id, nonce, programme=f"show-{window // 5}", window=window, points=POINTS, result=result))

    def check_in(self, window):
        nonce, kind = self.random.randbytes(16), self.random.randrange(10)
        if kind == 0:
            for _ in range(3):
                self.write(nonce, window, NO_MATCH)
            self.over.add(window)
        else:
            for _ in range(self.random.randrange(3)):
                self.write(nonce, window, FLAT)
            self.fine.add(window)
        if kind == 1:  # a writer that the system has stopped in the middle
            append(self.world.inbox / "show.inbox", attempt(self.id, nonce)[:self.random.randrange(1, 110)])
        self.write(nonce, window, OK)
        if kind == 2:  # once more, by somebody who has not heard the answer
            self.write(self.random.randbytes(16), window, OK)


class CheckinTest(support.CrashTest):
    def begin(self, config):
        self.inbox = pathlib.Path(self.folder) / "inbox"
        self.inbox.mkdir(exist_ok=True)
        self.server_ = self.server(f'{config}[checkin]\ninboxes = ["{self.inbox}"]\n').start()
        self.game = make_game(self.server_)
        status, made = self.game.send("POST", "/v1/points/campaigns", {
            "key": new_key(), "title": self.game.title, "name": "festival", "budget": BUDGET}, self.game.admin)
        self.assertEqual(status, 201, made)
        self.viewers = [Viewer(self, number) for number in range(PEOPLE_COUNT)]
        self.rotated = 0

    def rotate(self):
        """Under another name; and what was renamed before goes, once it is read."""
        for old in self.inbox.glob("show.inbox.*"):
            self.wait_read()
            old.unlink()
        if (self.inbox / "show.inbox").exists():
            self.rotated += 1
            (self.inbox / "show.inbox").rename(self.inbox / f"show.inbox.{self.rotated}")

    def wait_read(self):
        """Until what was renamed long ago is read; others go on writing."""
        deadline = time.monotonic() + 60
        while self.server_.metric("matsuri_inbox_backlog_bytes") != 0:
            self.assertLess(time.monotonic(), deadline, "the inbox is not read")
            time.sleep(0.02)

    def kill_loop(self, config):
        self.begin(config)
        for viewer in self.viewers:
            viewer.start()
        for number in range(KILL_COUNT):
            time.sleep(0.3 + self.random.random())
            if number % 2 == 0:
                self.rotate()
            self.server_.kill()
            self.server_.start()
        for viewer in self.viewers:
            viewer.is_over.set()
            viewer.join(timeout=60)
            self.assertFalse(viewer.is_alive() or viewer.failure, repr(viewer.failure))
        self.check()
        self.wait_read()
        self.assertEqual(self.server_.metric("matsuri_inbox_read_total"),
                         self.server_.metric("matsuri_inbox_shipped_total")
                         + self.server_.metric("matsuri_inbox_quarantined_total"))
        self.check_doctor(self.server_)
        self.drain_a_backlog()
        self.server_.kill()
        self.check_doctor(self.server_)
        for view in ("checkin", "grants") if not config else ():  # MariaDB's schema is emptied by hand
            done = self.server_.command("rebuild", view)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.server_.start()
        self.check()
        self.check_doctor(self.server_)

    def get(self, path, headers):
        status, told = self.game.send("GET", path, None, headers)
        self.assertEqual(status, 200, told)
        return told

    def checkins(self, viewer):
        found, before = [], ""
        while True:
            page = self.get(f"/v1/checkin/me?limit=100{before}", viewer.own)
            found += page["checkins"]
            if page["next"] is None:
                return found
            before = f"&before={page['next']}"

    def settled(self, viewer):
        """What became of a viewer's check-ins, once none is pending."""
        expected = viewer.fine | viewer.over
        deadline = time.monotonic() + 90
        while True:
            found = [one for one in self.checkins(viewer) if not one["programme"].startswith("backlog")]
            if len(found) == len(expected) and all(one["status"] != "pending" for one in found):
                self.assertEqual({one["window"] for one in found}, expected)
                return {one["window"]: one for one in found}
            self.assertLess(time.monotonic(), deadline,
                            collections.Counter(one["status"] for one in found))
            time.sleep(0.1)

    def check(self):
        granted, late, outcomes = 0, 0, collections.Counter()
        for viewer in self.viewers:
            found = self.settled(viewer)
            for window, one in found.items():
                outcomes[one["status"]] += 1
                if window in viewer.over and one["status"] == "void":
                    self.assertEqual(one["reason"], "too_many_attempts")
                elif window in viewer.over:
                    late += 1  # a rename has put the failures into another file, which was read later
                else:
                    self.assertIn(one["status"], ("granted", "budget_exhausted"), one)
            own = sum(one["points"] for one in found.values() if one["status"] == "granted")
            self.assertEqual(self.get("/v1/points/me", viewer.own), {"balance": own, "held": 0})
            granted += own
        print(f"{self.id()}: {dict(outcomes)}, {late} late", flush=True)
        self.assertLessEqual(granted, BUDGET)
        self.assertLessEqual(late, self.rotated * PEOPLE_COUNT)
        left = {one["name"]: one["left"] for one in self.get(
            "/v1/points/campaigns", self.game.admin)["campaigns"]}["festival"]
        self.assertEqual(granted + left, BUDGET)
        self.assertGreater(outcomes["granted"], 0, outcomes)
        self.assertGreater(outcomes["void"], 0, outcomes)

    def drain_a_backlog(self):
        """What came while nobody read is settled in few transactions, however much it was."""
        self.server_.kill()
        name = self.inbox / "backlog.inbox"
        content = b"".join(
            attempt(self.viewers[number % PEOPLE_COUNT].id, os.urandom(16), programme=f"backlog-{number // 40}",
                    window=1 + number, campaign="nobody-s", result=OK if number % 2 else NO_MATCH)
            for number in range(BACKLOG_COUNT))
        append(name, content)
        self.server_.start()
        deadline = time.monotonic() + 90
        while True:
            settled = self.server_.metric("matsuri_grants_settled_total")
            unread = self.server_.metric("matsuri_inbox_backlog_bytes")
            pending = sum(one["status"] == "pending" for viewer in self.viewers
                          for one in self.checkins(viewer))
            if unread == 0 and settled >= BACKLOG_COUNT / 2 and pending == 0:
                break
            self.assertLess(time.monotonic(), deadline, (settled, pending))
            time.sleep(0.1)
        shipped = self.server_.metric("matsuri_inbox_shipped_total")
        self.assertEqual(shipped, BACKLOG_COUNT)
        self.assertEqual(settled, BACKLOG_COUNT / 2)
        self.assertLess(self.server_.metric("matsuri_grants_batches_total"), settled / 4)

    def test_sqlite(self):
        self.kill_loop("")

    def test_mariadb(self):
        mariadb = self.start_mariadb()
        names = (f"{one}_db" for one in DATABASES)
        self.kill_loop(mariadb.config(*names) + mariadb.game_config("game0"))


if __name__ == "__main__":
    support.main()
