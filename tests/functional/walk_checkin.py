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
from inbox import FLAT, NO_MATCH, NO_WINDOW, OK, append, attempt
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

    def test_who_came_to_a_programme(self):
        game, admin = self.game()
        programme = self.show()[0]
        self.programme("serving")
        there = {"who": admin, "programme": programme}
        self.call("createCampaign", 201, who=admin, body={
            "key": new_key(), "name": "came", "title": game.title, "budget": 25})
        # Long ago, when nobody else tried.
        start_ms = now_ms() // 1000 * 1000 - 10 * HOUR_MS
        self.call("setBroadcast", 200, body=broadcast_at(start_ms), **there)
        viewer = Person(self.server, f"cw{time.monotonic_ns() % 10**12}")
        for after_ms, window, result, points in (
                (999, 11, OK, 10), (1000, 11, OK, 10), (2500, 12, NO_MATCH, 10), (2600, 12, NO_WINDOW, 10),
                (SECONDS * 1000 + 179_999, 13, FLAT, 10), (SECONDS * 1000 + 180_000, 13, FLAT, 10),
                (-1, 14, NO_MATCH, 10), (3000, 15, OK, 26)):  # more than the budget, whichever is granted first
            self.try_to(viewer, programme=programme, window=window, campaign="came", points=points, result=result,
                        now_ms=start_ms + after_ms)
        self.own_checkins(viewer, 2)

        told = self.call("getAttendance", 200, query="?step_s=1", **there).json
        self.assertEqual((told["id"], told["starts_at"], told["step_s"]), (programme, broadcast_at(start_ms)["starts_at"], 1))
        self.assertEqual({len(steps) for steps in told["attempts"].values()}, {SECONDS + 180})
        self.assertEqual({answer: {at: count for at, count in enumerate(steps) if count}
                          for answer, steps in told["attempts"].items()},
                         {"ok": {0: 1, 1: 1, 3: 1}, "retry": {2: 1, SECONDS + 179: 1}, "not_now": {2: 1}})
        self.assertEqual(told["results"], {"ok": 3, "no_match": 1, "flat": 1, "not_eligible": 0, "no_window": 1,
                                           "too_late": 0, "malformed": 0})
        self.assertEqual(
            [one for one in told["checkins"] if one["campaign"] == "came"],
            [{"window": window, "campaign": "came", "status": status, "reason": None, "count": 1, "points": points}
             for window, status, points in ((11, "granted", 10), (15, "budget_exhausted", 26))])
        self.assertIn({"name": "came", "state": "open", "left": 15}, told["campaigns"])
        self.assertEqual(told["backlog"]["trouble"], None)

        coarse = self.call("getAttendance", 200, **there).json
        self.assertEqual((coarse["step_s"], coarse["attempts"]["ok"][0], coarse["results"]),
                         (10, 3, told["results"]))
        self.assertEqual(sum(self.call("getAttendance", 200, query="?step_s=600", **there).json["attempts"]["ok"]), 3)
        for query in ("?step_s=0", "?step_s=601", "?step_s=x", "?step_s=1&step_s=1"):
            self.call("getAttendance", 400, query=query, **there)
        self.call("setBroadcast", 200, body=broadcast_at(now_ms() + HOUR_MS), **there)
        coming = self.call("getAttendance", 200, **there).json
        self.assertEqual(coming["attempts"], {"ok": [], "retry": [], "not_now": []})
        # Nobody has made the campaign of a window.
        self.try_to(viewer, programme=programme, window=16, campaign="nobody-came")
        self.own_checkins(viewer, 3)
        told = self.call("getAttendance", 200, **there).json
        self.assertIn({"name": "nobody-came", "state": "missing", "left": None}, told["campaigns"])
        self.assertIn({"window": 16, "campaign": "nobody-came", "status": "void", "reason": "no_campaign", "count": 1,
                       "points": 10}, told["checkins"])
        self.call("getAttendance", 403, who=self.mio, programme=programme)
        for nowhere in ("1", "x"):
            self.call("getAttendance", 404, who=admin, programme=nowhere)

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
