"""Leaderboards of game state. The titles are those of walk_game.py."""

import json
import time

from game_client import command
from support import Person
from walk import Walk

DAMAGE = {"kind": "raider", "field": "damage"}


class BoardWalk(Walk):
    bodies = {"putBoard": DAMAGE}

    def hit(self, arena, entity, value, kind="raider", field="damage"):
        return command(arena, [(kind, entity)],
                       [{"entity": 0, "field": field, "do": "add", "value": value}])

    def told(self, game, *commands):
        """Runs them, and gives the token that a board waits for."""
        raw = json.dumps({"commands": list(commands)}, separators=(",", ":")).encode()
        told = self.call("runCommands", 200, raw=raw, headers=game.server, title=game.title).json
        self.assertEqual({one["outcome"] for one in told["outcomes"]}, {"applied"})
        return told["token"]

    def ready(self, name, headers, title):
        for _ in range(500):
            board = next(one for one in self.call("listBoards", 200, headers=headers, title=title)
                         .json["boards"] if one["name"] == name)
            if board["state"] == "ready":
                return board
            time.sleep(0.02)
        raise AssertionError(f"{name} is not filled")

    def entries(self, page):
        return [(one["rank"], one["id"], one["value"]) for one in page["entries"]]

    def test_boards(self):
        game, admin = self.game()
        title = {"title": game.title}
        server = {"title": game.title, "headers": game.server}
        # What is there before the board is.
        self.told(game, self.hit("a", "x", 5), self.hit("b", "x", 4), self.hit("a", "y", 9))
        put = self.call("putBoard", 200, board="best", **server).json
        self.assertEqual((put["order"], put["combine"], put["size"]), ("high", "best", 100_000))
        self.call("putBoard", 200, who=admin, board="sum", body=DAMAGE | {"combine": "sum"}, **title)
        self.call("putBoard", 200, board="one", body=DAMAGE | {"arena": "b", "order": "low"},
                  **server)
        for name, entries in (("best", [(1, "y", 9), (2, "x", 5)]),
                              ("sum", [(1, "x", 9), (1, "y", 9)]), ("one", [(1, "x", 4)])):
            self.assertEqual(self.ready(name, game.server, game.title)["count"], len(entries))
            page = self.call("getBoard", 200, board=name, **server).json
            self.assertEqual(self.entries(page), entries)
            self.assertNotIn("person", page["entries"][0])
        # And what comes, at least up to a token.
        token = self.told(game, self.hit("b", "x", 4), *(self.hit("c", f"r{number}", 7)
                                                         for number in range(3)))
        page = self.call("getBoard", 200, board="sum", query=f"?token={token}", **server).json
        self.assertEqual(self.entries(page), [(1, "x", 13), (2, "y", 9), (3, "r0", 7), (3, "r1", 7),
                                              (3, "r2", 7)])
        self.assertEqual((page["index"], page["count"], page["stale"]), (0, 5, False))
        page = self.call("getBoard", 200, board="sum", query="?after=1&limit=2", **server).json
        self.assertEqual(self.entries(page), [(2, "y", 9), (3, "r0", 7)])
        around = self.call("getBoardAround", 200, board="sum", id="r1", query="?limit=3",
                           **server).json
        self.assertEqual((self.entries(around), around["index"]),
                         ([(3, "r0", 7), (3, "r1", 7), (3, "r2", 7)], 2))
        nobody = self.call("getBoardAround", 200, board="sum", id="nobody", **server).json
        self.assertEqual((nobody["entries"], nobody["count"]), ([], 5))
        token = self.told(game, command("a", [("raider", "x")], [{"entity": 0, "do": "remove"}]))
        page = self.call("getBoard", 200, board="best", query=f"?token={token}", **server).json
        self.assertEqual(dict((one[1], one[2]) for one in self.entries(page))["x"], 8)
        # The same again changes nothing, another field counts anew, and what is gone is gone.
        again = self.call("putBoard", 200, board="best", **server).json
        self.assertEqual(again["state"], "ready")
        self.call("putBoard", 200, board="best", body={"kind": "raider", "field": "hp"}, **server)
        self.assertEqual(self.ready("best", game.server, game.title)["field"], "hp")
        self.call("deleteBoard", 204, board="best", **server)
        for name in ("getBoard", "getBoardAround", "deleteBoard"):
            self.call(name, 404, board="best", **server)
        self.call("deleteBoard", 204, who=admin, board="one", **title)

    def test_what_is_wrong_with_a_board(self):
        game, admin = self.game()
        server = {"title": game.title, "headers": game.server}
        for body in ({}, {"kind": "raider"}, {"field": "damage"}, DAMAGE | {"kind": "nobody"},
                     DAMAGE | {"field": "mana"}, DAMAGE | {"kind": "hold", "field": "state"},
                     DAMAGE | {"order": "up"}, DAMAGE | {"combine": "worst"},
                     DAMAGE | {"arena": ""}, DAMAGE | {"arena": "x" * 65},
                     DAMAGE | {"arena": "x", "combine": "sum"}, DAMAGE | {"size": 0},
                     DAMAGE | {"size": 1_000_001}, DAMAGE | {"name": "x"}, DAMAGE | {"players": 1}):
            self.call("putBoard", 400, board="x", body=body, **server)
        for name in ("X", "9", "x-y", "x" * 33):
            self.call("putBoard", 400, board=name, **server)
        self.call("putBoard", 200, board="x" * 32, **server,
                  body=DAMAGE | {"arena": "x" * 64, "size": 1_000_000})
        for number in range(15):
            self.call("putBoard", 200, board=f"b{number}", body=DAMAGE | {"size": 1}, **server)
        self.assertEqual(self.call("putBoard", 429, board="b15", **server).code, "exhausted")
        self.call("putBoard", 200, board="b0", body=DAMAGE | {"players": True}, **server)
        self.ready("b0", game.server, game.title)
        for query in ("?limit=0", "?limit=101", "?limit=x", "?after=-1", "?after=1000001", "?after=",
                      "?token=x"):
            self.call("getBoard", 400, board="b0", query=query, **server)
        for query in ("?limit=0", "?limit=101", "?token=g_"):
            self.call("getBoardAround", 400, board="b0", id="x", query=query, **server)
        for query in ("?limit=1", "?limit=100", "?after=1000000"):
            self.call("getBoard", 200, board="b0", query=query, **server)
        empty = self.server.request("POST", "/v1/titles", {"names": {"en": "x"}}, who=admin).json
        self.call("putBoard", 404, who=admin, board="x", title=empty["id"])
        self.assertEqual(self.call("listBoards", 200, who=admin, title=empty["id"]).json,
                         {"boards": []})

    def test_who_sees_a_board(self):
        game, admin = self.game()
        title = {"title": game.title}
        hana = Person(self.server, f"h{time.monotonic_ns() % 10**12}", "Hana")
        player = game.player(hana.headers(self.server))
        for name, more in (("shown", {"players": True, "accounts": True}), ("secret", {})):
            self.call("putBoard", 200, board=name, body=DAMAGE | more, headers=game.server, **title)
            self.ready(name, game.server, game.title)
        token = self.told(game, self.hit("a", hana.id, 5), self.hit("a", "nobody", 3),
                          self.hit("a", "5", 4))
        boards = self.call("listBoards", 200, headers=player, **title).json["boards"]
        self.assertEqual([board["name"] for board in boards], ["shown"])
        page = self.call("getBoard", 200, headers=player, board="shown", query=f"?token={token}",
                         **title).json
        self.assertEqual([entry["person"] and entry["person"]["handle"]
                          for entry in page["entries"]], [hana.handle, None, None])
        around = {"headers": player, "id": hana.id} | title
        self.call("getBoardAround", 200, board="shown", **around)
        self.call("getBoard", 404, headers=player, board="secret", **title)
        self.call("getBoardAround", 404, board="secret", **around)
        for name in ("putBoard", "deleteBoard"):
            self.call(name, 403, headers=player, board="shown", **title)
        for name in ("listBoards", "getBoard", "getBoardAround", "putBoard", "deleteBoard"):
            self.call(name, 403, who=self.mio, board="shown", **title)
            self.call(name, 404, who=admin, board="shown")
        for name in ("listBoards", "getBoard", "getBoardAround"):
            self.call(name, 401, headers=player[:1], board="shown", **title)
        self.call("getBoard", 200, who=admin, board="secret", **title)
        self.call("getBoardAround", 200, who=admin, board="secret", id="nobody", **title)
        # A browser sends its cookie, too.
        self.call("getBoard", 200, who=self.mio, headers=player, board="shown", **title)
