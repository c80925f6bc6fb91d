"""Check-ins: what becomes of attempts that a closure has written into an inbox."""

import os
import time

from game_client import new_key
from inbox import NO_MATCH, append, attempt
from support import Person
from walk import Walk


class CheckinWalk(Walk):
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
