"""Goal: api/openapi.yaml tells the truth. Each operation and each error that it documents has a live
request here, every answer is checked against its schema, and what is not documented fails.

Method: errors that all operations have in common are provoked for each of them by one rule; all else
by a request of its own. A documented pair of operation and status that no request met is an error.
The requests are in walk_*.py, a file for each domain.
"""

import unittest

from walk import CONTRACT
from walk_account import AccountWalk
from walk_analytics import AnalyticsWalk
from walk_board import BoardWalk
from walk_checkin import CheckinWalk
from walk_common import CommonWalk
from walk_community import CommunityWalk
from walk_empathy import EmpathyWalk
from walk_follow import FollowWalk
from walk_game import GameWalk
from walk_history import HistoryWalk
from walk_notification import NotificationWalk
from walk_play import PlayWalk
from walk_plaza import PlazaWalk
from walk_points import PointsWalk
from walk_stream import StreamWalk
from walk_support import SupportWalk
from walk_timeline import TimelineWalk
from walk_trade import TradeWalk


class OpenapiTest(AccountWalk, AnalyticsWalk, BoardWalk, CheckinWalk, CommonWalk, CommunityWalk,
                  EmpathyWalk, FollowWalk, GameWalk, HistoryWalk, NotificationWalk, PlayWalk, PlazaWalk, PointsWalk,
                  StreamWalk, SupportWalk, TimelineWalk, TradeWalk, unittest.TestCase):
    def test_z_every_documented_pair_was_met(self):
        """Last by its name. What is missing here is documented and not tested, or not true."""
        self.assertEqual(sorted(CONTRACT.pairs() - self.seen.keys()), [])
        self.assertEqual(sorted(CONTRACT.anywhere.keys() - self.anywhere), [])


class ContractTest(unittest.TestCase):
    """A check that can't fail would prove nothing: answers with one planted fault each."""

    def test_planted_faults_are_found(self):
        schema = {"$ref": "#/components/schemas/CreatedPost"}
        good = {"id": "5", "community": "1", "parent": None,
                "author": {"id": "6", "handle": "mio", "name": "M", "face": "0123456789abcdef"},
                "text": "a", "drawing": None, "feeling": 0, "spoiler": False, "tag": None,
                "language": None, "created_at": "2026-11-21T22:30:00.123Z", "edited_at": None,
                "comment_count": 0, "empathy_count": 0, "empathized": False, "mine": True,
                "durability": "local", "position": "0.1.89abcdef01234567.42"}
        self.assertEqual(CONTRACT.mismatches(schema, good, "body"), [])
        for fault in ({"id": 5}, {"id": "05"}, {"language": "english"}, {"feeling": 6},
                      {"text": "x" * 281}, {"created_at": "yesterday"}, {"durability": "none"},
                      {"more": 1}, {"author": {"id": "6", "handle": "mio"}},
                      {"author": good["author"] | {"password": "x"}}, {"position": "42"}):
            self.assertNotEqual(CONTRACT.mismatches(schema, good | fault, "body"), [], fault)
        for key in good:
            if key == "position":
                continue
            less = {name: value for name, value in good.items() if name != key}
            self.assertNotEqual(CONTRACT.mismatches(schema, less, "body"), [], key)

    def test_planted_faults_in_maps_are_found(self):
        schema = {"$ref": "#/components/schemas/Names"}
        self.assertEqual(CONTRACT.mismatches(schema, {"en": "x", "ja": "y"}, "names"), [])
        for fault in ({}, {"en": 5}, {"en": ""}, {"en": "x" * 129},
                      {str(number): "x" for number in range(17)}):
            self.assertNotEqual(CONTRACT.mismatches(schema, fault, "names"), [], fault)


if __name__ == "__main__":
    unittest.main()
