"""Check-ins: programmes and their broadcasts, what closures answer to viewers, and what becomes of
attempts that a closure has written into an inbox.
"""

import functools
import json
import os
import pathlib
import signal
import tempfile
import time

from checkin_client import Viewer, broadcast_at, build_programme, closure_of, make_video, pictures_of, to_base64url
from game_client import new_key
from inbox import NO_MATCH, append, attempt
from support import BINARY, Person
from walk import Walk

SECONDS = 40
WINDOWS = f'[[window]]\nstart = 1\nend = {SECONDS - 1}\ncampaign = "evening"\npoints = 120\n'
HOUR_MS = 3_600_000


def now_ms():
    return int(time.time() * 1000)


def flat_burst(frame_count):
    """What a camera sees in a dark room, in 2 s."""
    last_ms, frames = 2000, b""
    for frame in range(frame_count):
        frames += (last_ms * frame // (frame_count - 1)).to_bytes(2, "little") + bytes(16)
    return to_base64url(bytes([1, frame_count, 0, 0]) + frames)


class CheckinWalk(Walk):
    bodies = {
        "setBroadcast": broadcast_at(1_900_000_000_000),
        "checkIn": {"ticket": "AAAA", "path": "terrestrial", "dt_ms": 0, "rtt_ms": 0,
                    "descriptor": flat_burst(12)},
    }

    @classmethod
    @functools.cache
    def show(cls):
        """A programme that the server serves: its id, and what is on the screen."""
        with tempfile.TemporaryDirectory(prefix="matsuri_programme_") as name:
            folder = pathlib.Path(name)
            video = make_video(folder / "show.mp4", SECONDS, 7)
            added = cls.server.run("program", "add", str(build_programme(BINARY, folder, video, WINDOWS)))
            assert added.returncode == 0, added.stderr
            return added.stdout.split()[1].rstrip(":"), pictures_of(video)

    def programme(self, state):
        """As it is listed, once its closure answers, or does not."""
        deadline = time.monotonic() + 60
        while True:
            listed = self.call("listProgrammes", 200).json["programmes"]
            if [one["state"] for one in listed] == [state]:
                return listed[0]
            self.assertLess(time.monotonic(), deadline, listed)
            time.sleep(0.05)

    def test_when_a_programme_is_broadcast(self):
        admin = self.game()[1]
        programme = self.show()[0]
        there = {"who": admin, "programme": programme}
        self.assertEqual(self.programme("serving")["id"], programme)
        good = broadcast_at(now_ms() - 5000, cable=120_000)
        changed = self.call("setBroadcast", 200, body=good, **there).json
        self.assertEqual(changed, self.programme("serving"))
        self.assertEqual({key: changed[key] for key in good}, good)
        self.assertEqual([(one["window"], one["campaign"], one["points"]) for one in changed["windows"]],
                         [(1, "evening", 120)])

        self.call("setBroadcast", 403, who=self.mio, programme=programme)
        for nowhere in ("1", "x", f"0{programme}"):
            self.call("setBroadcast", 404, who=admin, programme=nowhere)
            self.call("getTicket", 404, who=self.mio, programme=nowhere)
            self.call("checkIn", 404, who=self.mio, programme=nowhere)
        for raw in (b"", b"{", b"[]", b"{}", b"null", b"\xff"):
            self.call("setBroadcast", 400, raw=raw, **there)
        delays = good["delay_ms"]
        for wrong in ({"starts_at": "tonight"}, {"starts_at": 5}, {"delay_ms": 5}, {"delay_ms": {}}, {"title": "x"},
                      {"delay_ms": delays | {"cable": 120_001}}, {"delay_ms": delays | {"cable": -1}},
                      {"delay_ms": delays | {"cable": 0.5}}, {"delay_ms": delays | {"satellite": 0}}):
            self.call("setBroadcast", 400, body=good | wrong, **there)
        self.assertEqual(self.programme("serving"), changed)

        for query in ("?path=satellite", "?path=", "?path=cable&path=stream"):
            self.call("getTicket", 400, query=query, who=self.mio, programme=programme)
        # By cable it comes two minutes later.
        self.call("setBroadcast", 200, body=broadcast_at(now_ms() - 5000, cable=120_000), **there)
        self.assertEqual(self.ticket("ticket")["answer"], "ticket")
        self.assertGreater(self.ticket("not_now", "?path=cable")["retry_in_ms"], 60_000)
        self.call("setBroadcast", 200, body=broadcast_at(now_ms() - HOUR_MS), **there)
        self.assertIsNone(self.ticket("not_now")["retry_in_ms"])

    def ticket(self, wanted, query=""):
        """What mio is answered, once the closure goes by the last change."""
        deadline = time.monotonic() + 30
        while True:
            answer = self.call("getTicket", 200, query=query, who=self.mio, programme=self.show()[0]).json
            if answer["answer"] == wanted:
                return answer
            self.assertLess(time.monotonic(), deadline, answer)
            time.sleep(0.05)

    def test_a_viewer_of_a_programme(self):
        game, admin = self.game()
        self.call("createCampaign", 201, who=admin, body={
            "key": new_key(), "name": "evening", "title": game.title, "budget": 1000})
        programme, pictures = self.show()
        self.programme("serving")
        person = Person(self.server, f"ci{time.monotonic_ns() % 10**12}")
        there = {"who": person, "programme": programme}
        start_ms = now_ms() - 3000
        self.call("setBroadcast", 200, body=broadcast_at(start_ms), who=admin, programme=programme)
        sent = None

        def ask(method, path, body):
            nonlocal sent
            if method == "GET":
                return self.call("getTicket", 200, query="?" + path.split("?")[1], **there).json
            sent = body
            return self.call("checkIn", 200, body=body, **there).json

        self.assertEqual(Viewer(ask, programme, pictures, start_ms).check_in(),
                         {"answer": "ok", "window": 1, "campaign": "evening", "points": 120})

        def try_again(**more):
            return self.call("checkIn", 200, body=sent | more, **there).json

        # In its place comes something else: the same burst is of nothing that is on.
        self.call("setBroadcast", 200, body=broadcast_at(now_ms() + HOUR_MS), who=admin, programme=programme)
        self.assertGreater(self.ticket("not_now")["retry_in_ms"], HOUR_MS // 2)
        moved = try_again()
        self.assertEqual(moved["answer"], "not_now")
        self.assertGreater(moved["retry_in_ms"], HOUR_MS // 2)
        [settled] = self.own_checkins(person, 1)["checkins"]
        self.assertEqual([settled[key] for key in ("programme", "window", "status", "points")],
                         [programme, 1, "granted", 120])

        self.assertEqual(try_again(descriptor=flat_burst(24))["answer"], "retry")
        self.assertEqual(try_again(descriptor=flat_burst(12), dt_ms=60_000, rtt_ms=60_000)["answer"], "retry")
        for wrong in ({"dt_ms": 60_001}, {"rtt_ms": 60_001}, {"dt_ms": -1}, {"rtt_ms": 0.5}, {"path": "satellite"},
                      {"descriptor": flat_burst(11)}, {"descriptor": flat_burst(25)}, {"descriptor": "+"},
                      {"ticket": 5}, {"score": 1}):
            self.call("checkIn", 400, body=sent | wrong, **there)
        for raw in (b"", b"{", b"[]", b"{}", b"null", b"\xff"):
            self.call("checkIn", 400, raw=raw, **there)
        self.call("checkIn", 401, body=sent | {"ticket": sent["ticket"][::-1]}, **there)
        # At the size and one past it.
        self.call("checkIn", 200, raw=json.dumps(sent).encode().ljust(2048), **there)
        self.call("checkIn", 413, raw=json.dumps(sent).encode().ljust(2049), **there)

    def test_a_closure_that_is_away(self):
        programme = self.show()[0]
        self.programme("serving")
        closure = pathlib.Path(f"{self.server.data}/programmes/{programme}/show.checkin")
        closure.chmod(0o600)  # so that it can't be started again
        os.kill(closure_of(self.server.process.pid), signal.SIGKILL)
        self.programme("away")
        for name in ("getTicket", "checkIn"):
            self.call(name, 503, who=self.mio, programme=programme)
        closure.chmod(0o700)
        self.programme("serving")

    def own_checkins(self, person, count, query=""):
        """The page, once so many are decided: the ledger is asked in between."""
        deadline = time.monotonic() + 60
        while True:
            page = self.call("listOwnCheckins", 200, who=person, query=query).json
            decided = [one for one in page["checkins"] if one["status"] != "pending"]
            if len(decided) >= count:
                return page
            self.assertLess(time.monotonic(), deadline, page)
            time.sleep(0.05)

    def try_to(self, person, nonce=None, **more):
        append(f"{self.server.inbox}/show.inbox", attempt(person.id, nonce or os.urandom(16), **more))

    def test_checkins(self):
        game, admin = self.game()
        self.call("createCampaign", 201, who=admin, body={
            "key": new_key(), "name": "viewers", "title": game.title, "budget": 25})
        viewer = Person(self.server, f"ci{time.monotonic_ns() % 10**12}")
        self.assertEqual(self.call("listOwnCheckins", 200, who=viewer).json, {"checkins": [], "next": None})
        nonce = os.urandom(16)
        self.try_to(viewer, nonce, campaign="viewers", result=NO_MATCH)
        self.try_to(viewer, nonce, campaign="viewers")
        self.try_to(viewer, campaign="viewers")  # the same window: nothing more
        self.try_to(viewer, window=2, campaign="nobody-s")
        for _ in range(3):
            self.try_to(viewer, b"0" * 16, window=3, campaign="viewers", result=NO_MATCH)
        self.try_to(viewer, b"0" * 16, window=3, campaign="viewers")
        self.own_checkins(viewer, 3)
        self.try_to(viewer, window=4, campaign="viewers", points=16)
        page = self.own_checkins(viewer, 4)
        self.assertEqual([(one["window"], one["status"], one["reason"], one["points"])
                          for one in page["checkins"]],
                         [(4, "budget_exhausted", None, 16), (3, "void", "too_many_attempts", 10),
                          (2, "void", "no_campaign", 10), (1, "granted", None, 10)])
        self.assertEqual(page["checkins"][0]["programme"], "show")
        self.assertIsNone(page["next"])
        self.assertEqual(self.call("getOwnPoints", 200, who=viewer).json, {"balance": 10, "held": 0})
        first = self.call("listOwnCheckins", 200, who=viewer, query="?limit=3").json
        rest = self.call("listOwnCheckins", 200, who=viewer, query=f"?before={first['next']}").json
        self.assertEqual(first["checkins"] + rest["checkins"], page["checkins"])
        self.call("listOwnCheckins", 200, who=viewer, query="?limit=100")
        for query in ("?limit=0", "?limit=101", "?before=x"):
            self.call("listOwnCheckins", 400, who=viewer, query=query)
