#!/usr/bin/env python3
"""Goal: through an evening on which everything is killed, whoever was answered ok has it: granted once, or
void or out of budget with its reason; and the campaign grants no more than it was given.
Method: viewers film the broadcast and check in over HTTP, and others' closures append to an inbox, while the
closure, the server and the database are killed at random, and the inbox is renamed and removed. Every ok is
remembered. At the end each account's check-ins and points are compared with what it was answered, and the
doctor looks. On SQLite, and on MariaDB where it is installed. MATSURI_EVENING_SECONDS says how long.
"""

import collections
import json
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import support
from checkin_client import (FRAMES, PERIOD_MS, Viewer, broadcast_at, build_programme, burst,
                            closure_of, from_base64url, make_video, pictures_of)
from game_client import new_key
from game_test import make_game
from inbox import OK, append, attempt
from mariadb_server import DATABASES

EVENING_S = int(os.environ.get("MATSURI_EVENING_SECONDS", "25"))
SHOW_S = EVENING_S + 20  # so that it is on for as long as anybody looks
WINDOW_S = 10
POINTS = 7
BUDGET = 40 * POINTS  # for some of those who come, not for all
VIEWER_COUNT, ACCOUNT_COUNT = 5, 3
WRITER_COUNT = 2
# One ticket more, and all that an account has is void.
TICKET_COUNT_MAX = 10

WINDOWS = "".join(
    f'[[window]]\nstart = {start}\nend = {min(start + WINDOW_S, SHOW_S - 1)}\n'
    f'campaign = "evening"\npoints = {POINTS}\n' for start in range(1, SHOW_S - 8, WINDOW_S))


class GaveUp(Exception):
    """Nobody knows what became of a check-in: it was sent, and no answer came."""


class Account:
    def __init__(self, server, handle):
        made, token = support.sign_up(server.port, handle)
        self.id, self.token = made["id"], token
        self.sent = 0  # tickets with which something was sent
        self.ok = set()  # (programme, window) that was answered ok, or written
        self.void = set()  # of them, those that came first behind too many attempts
        self.may_be_void = set()  # and those that perhaps did
        self.is_lost = False  # something was sent, and never answered
        self.is_unsure = False  # and that behind too many attempts


class Person(threading.Thread):
    """Does one thing after the other until it is told to end, and keeps what went wrong."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world = world
        self.random = support.random.Random(support.SEED + number)
        self.failure = None

    def run(self):
        try:
            while not self.world.is_over.is_set():
                self.do()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error


class Filming(Person):
    """Several accounts take turns in front of one TV."""

    def __init__(self, world, number):
        super().__init__(world, number)
        self.accounts = [Account(world.server_, f"viewer{number}x{i}") for i in range(ACCOUNT_COUNT)]
        self.turn = 0

    def do(self):
        self.turn += 1
        account = self.accounts[self.turn % ACCOUNT_COUNT]
        is_past = time.time() - self.world.start_ms / 1000 > SHOW_S - 10
        if is_past or account.sent == TICKET_COUNT_MAX:
            time.sleep(0.1)
            return
        viewer = Viewer(lambda *words: self.ask(account, *words), self.world.programme,
                        self.world.pictures, self.world.start_ms)
        is_over = self.random.randrange(5) == 0
        try:
            given = viewer.wait_for_ticket()
            account.sent += 1
            if is_over:
                self.try_too_often(viewer, given)
            answer = viewer.check_in(ticket=given)
        except support.NoAnswer:
            time.sleep(0.1)
            return
        except GaveUp:
            account.is_unsure |= is_over
            account.is_lost = True
            return
        if answer["answer"] == "ok":
            checkin = (str(self.world.programme), answer["window"])
            if is_over:
                account.may_be_void.add(checkin)
                # Else an attempt that nobody heard of may have made it before.
                if checkin not in account.ok and not account.is_lost:
                    account.void.add(checkin)
            account.ok.add(checkin)

    def try_too_often(self, viewer, given):
        """Three attempts that fail: what comes behind them under the ticket is void."""
        ticket, asked, came = given
        time.sleep(max(0, came + (FRAMES - 1) * PERIOD_MS / 1000 - time.time()))
        pictures = self.world.pictures
        row = int((came * 1000 - self.world.start_ms) / 100 + len(pictures) / 2) % (len(pictures) - 40)
        elsewhere = burst(pictures, from_base64url(ticket["seed"]), row)
        for _ in range(3):
            answer = viewer.ask("POST", f"/v1/checkin/{viewer.programme}", {
                "ticket": ticket["ticket"], "path": "terrestrial", "dt_ms": int((came - asked) * 1000),
                "rtt_ms": int((came - asked) * 1000), "descriptor": elsewhere})
            assert answer["answer"] != "ok", answer

    def ask(self, account, method, path, body):
        """Asks for a ticket once, and where none comes gives up for now. What is sent is sent again where
        no answer comes, as a page does."""
        for _ in range(1 if method == "GET" else 3):
            try:
                status, told, _ = support.request(
                    self.world.server_.port, method, path, body, token=account.token)
            except support.NoAnswer:
                time.sleep(0.2)
                continue
            if status == 200:
                answer = json.loads(told)
                if method == "POST" or answer["answer"] == "ticket":
                    return answer
            else:
                assert status == 503, (status, told)
            time.sleep(0.2)
        raise support.NoAnswer(path) if method == "GET" else GaveUp(path)


class Writing(Person):
    """A closure that runs as CGI: each attempt that is written is answered ok."""

    def __init__(self, world, number):
        super().__init__(world, number)
        self.accounts = [Account(world.server_, f"writer{number}")]
        self.window = 0

    def do(self):
        self.window += 1
        programme = f"cgi-{self.window // 8}"  # few tickets for each
        self.write(self.accounts[0], programme, self.window)
        time.sleep(0.1 * self.random.random())

    def write(self, account, programme, window):
        with self.world.appending:  # nobody stands between opening and writing when it is removed
            append(self.world.inbox / "show.inbox", attempt(
                account.id, self.random.randbytes(16), programme=programme, window=window,
                campaign="evening", points=POINTS, result=OK))
        account.ok.add((programme, window))


class EveningTest(support.CrashTest):
    @classmethod
    def setUpClass(cls):
        cls.made = pathlib.Path(tempfile.mkdtemp(prefix="matsuri_evening_"))
        video = make_video(cls.made / "show.mp4", SHOW_S, 7)
        cls.closure = build_programme(support.BINARY, cls.made, video, WINDOWS)
        cls.pictures = pictures_of(video)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.made, ignore_errors=True)

    def begin(self, config):
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir()
        self.appending = threading.Lock()
        self.is_over = threading.Event()
        self.server_ = self.server(f'{config}[checkin]\ninboxes = ["{self.inbox}"]\n').start()
        self.game = make_game(self.server_)
        self.send("POST", "/v1/points/campaigns", {
            "key": new_key(), "title": self.game.title, "name": "evening", "budget": BUDGET}, 201)
        self.people = [Filming(self, number) for number in range(VIEWER_COUNT)]
        self.people += [Writing(self, number) for number in range(WRITER_COUNT)]
        self.marker = Writing(self, WRITER_COUNT)
        added = self.server_.command("program", "add", self.closure)
        self.assertEqual(added.returncode, 0, added.stderr)
        self.programme = self.wait_until_serving()
        self.start_ms = int(time.time() * 1000)
        self.send("PUT", f"/v1/checkin/programmes/{self.programme}", broadcast_at(self.start_ms), 200)

    def send(self, method, path, body, wanted, headers=None):
        deadline = time.monotonic() + 90
        while True:
            status, told = self.game.send(method, path, body, headers or self.game.admin)
            if status == wanted:
                return told
            # A database that was killed is found again in a moment.
            self.assertEqual(status, 503, told)
            self.assertLess(time.monotonic(), deadline, told)
            time.sleep(0.1)

    def wait_until(self, what, is_so):
        deadline = time.monotonic() + 90
        while not is_so():
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.server_.tail()}")
            time.sleep(0.05)

    def wait_until_serving(self):
        def is_serving():
            shown = self.send("GET", "/v1/checkin/programmes", None, 200)["programmes"]
            found[:] = [one["id"] for one in shown if one["state"] == "serving"]
            return found
        found = []
        self.wait_until("no programme is served", is_serving)
        return found[0]

    # What happens on such an evening.

    def kill_closure(self, _):
        process = closure_of(self.server_.process.pid)
        if process is not None:
            os.kill(process, signal.SIGKILL)

    def kill_server(self, _):
        self.server_.kill()
        time.sleep(self.random.random() / 2)
        self.server_.start()

    def kill_database(self, _):
        if self.mariadb is None:
            return
        self.mariadb.end(signal.SIGKILL)
        time.sleep(self.random.random() * 2)
        self.mariadb.start()

    def kill_both(self, _):
        """The server hears nothing of what its database did last."""
        if self.mariadb is not None:
            self.mariadb.end(signal.SIGKILL)
        self.server_.kill()
        if self.mariadb is not None:
            self.mariadb.start()
        self.server_.start()

    def rotate(self, number):
        if (self.inbox / "show.inbox").exists():
            (self.inbox / "show.inbox").rename(self.inbox / f"show.inbox.{number}")

    def remove_inbox(self, _):
        """While others write to it, and the agent has it open; it is read to its end."""
        self.write_and_wait()
        with self.appending:
            (self.inbox / "show.inbox").unlink(missing_ok=True)
        self.write_and_wait()
        self.wait_until("what was removed is not read",
                        lambda: self.server_.metric("matsuri_inbox_backlog_bytes") == 0)

    def write_and_wait(self):
        """When it returns, the agent follows the file of that name."""
        account = self.marker.accounts[0]
        self.marker.window += 1
        checkin = (f"cgi-{self.marker.window // 8}", self.marker.window)
        self.marker.write(account, *checkin)
        self.wait_until("an inbox is not read", lambda: checkin in self.checkins(account))

    # What is left of it.

    def checkins(self, account):
        found, before = {}, ""
        while True:
            page = self.send("GET", f"/v1/checkin/me?limit=100{before}", None, 200,
                             [("Authorization", f"Bearer {account.token}")])
            for one in page["checkins"]:
                self.assertNotIn((one["programme"], one["window"]), found)
                found[one["programme"], one["window"]] = one
            if page["next"] is None:
                return found
            before = f"&before={page['next']}"

    def settled(self, account):
        found = {}

        def is_settled():
            found.clear()
            found.update(self.checkins(account))
            return account.ok <= set(found) and all(one["status"] != "pending"
                                                    for one in found.values())
        self.wait_until(f"{account.ok - set(found)} were answered ok, and {len(found)} are there", is_settled)
        return found

    def check(self):
        outcomes, granted, ok_count = collections.Counter(), 0, 0
        for account in (one for person in [*self.people, self.marker] for one in person.accounts):
            found = self.settled(account)
            ok_count += len(account.ok)
            for checkin, one in found.items():
                outcomes[one["status"]] += 1
                if checkin in account.void:
                    self.assertEqual((one["status"], one["reason"]), ("void", "too_many_attempts"), one)
                elif one["status"] == "void":
                    self.assertEqual(one["reason"], "too_many_attempts", one)
                    self.assertTrue(checkin in account.may_be_void or account.is_unsure, one)
            own = sum(one["points"] for one in found.values() if one["status"] == "granted")
            balance = self.send("GET", "/v1/points/me", None, 200,
                                [("Authorization", f"Bearer {account.token}")])
            self.assertEqual(balance, {"balance": own, "held": 0})
            granted += own
        self.assertLessEqual(granted, BUDGET)
        campaigns = self.send("GET", "/v1/points/campaigns", None, 200)["campaigns"]
        self.assertEqual(granted + campaigns[0]["left"], BUDGET)
        print(f"{self.id()}: {ok_count} were ok: {dict(outcomes)}", flush=True)
        self.assertGreater(outcomes["granted"], 0)
        self.assertGreater(outcomes["budget_exhausted"], 0)

    def evening(self, config):
        self.begin(config)
        for person in self.people:
            person.start()
        end = time.monotonic() + EVENING_S
        things = [self.kill_closure, self.kill_server, self.rotate, self.remove_inbox,
                  self.kill_database, self.kill_both]
        # Each of them once at least, however long one takes.
        plan = self.random.sample(things, len(things))
        happened = collections.Counter()
        for number in range(1 << 20):
            if not plan and time.monotonic() > end:
                break
            time.sleep(0.5 + 2 * self.random.random())
            thing = plan.pop() if plan else self.random.choice(things)
            thing(number)
            happened[thing.__name__] += 1
        self.is_over.set()
        for person in self.people:
            person.join(timeout=120)
            self.assertFalse(person.is_alive() or person.failure, repr(person.failure))
        filmed = sum(len(account.ok) for person in self.people[:VIEWER_COUNT]
                     for account in person.accounts)
        print(f"{self.id()}: {filmed} by film; {dict(happened)}", flush=True)
        self.assertGreater(filmed, 0)
        self.check()
        self.check_doctor(self.server_)
        self.server_.kill()
        self.check_doctor(self.server_)
        self.server_.start()
        self.check()

    def test_sqlite(self):
        self.evening("")

    def test_mariadb(self):
        mariadb = self.start_mariadb()
        names = (f"{one}_db" for one in DATABASES)
        self.evening(mariadb.config(*names) + mariadb.game_config("game0"))


if __name__ == "__main__":
    if shutil.which("ffmpeg") is None:
        print("ffmpeg, which makes the broadcast, is not there")
        raise SystemExit(77)
    support.main()
