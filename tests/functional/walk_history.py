"""Histories of entities and accounts, and what a player has. The titles are those of walk_game.py."""

import time
import urllib.parse

from game_client import attack, born, command, heal, leg, new_key, trade
from support import Person
from walk import Walk


class HistoryWalk(Walk):
    def history(self, game, query, status=200, **more):
        who = {} if "who" in more else {"headers": game.server}
        return self.call("getGameHistory", status, query=query, **{"title": game.title} | who | more).json

    def pages(self, game, query, limit):
        """All of a history, read in pages."""
        commands, before = [], ""
        while True:
            page = self.history(game, f"?{query}&limit={limit}{before}")
            self.assertLessEqual(len(page["commands"]), limit)
            commands += page["commands"]
            if page["next"] is None:
                return commands
            before = f"&before={page['next']}"

    def test_history_of_an_entity(self):
        game, admin = self.game()
        player = game.player(self.mio.headers(self.server))
        self.run_at(game, born("raid"), born("other"))
        self.run_at(game, attack("raid", 50), who=player)
        # Neither of these changed it: one was refused, one only looked.
        self.run_at(game, attack("raid") | {"guards": [{"entity": 0, "is": "absent"}]},
                    command("raid", [("boss", "b1"), ("sign", "s")],
                            [{"entity": 1, "field": "number", "do": "set", "value": 5}]))
        self.run_at(game, heal("raid", 20))
        gone = command("raid", [("boss", "b1")], [{"entity": 0, "do": "remove"}], reason="raid.end")
        told = self.expect(game, "applied", gone)
        began = time.time() * 1000
        page = self.history(game, "?entity=raid/boss/b1")
        self.assertLess(abs(page["as_of_ms"] - began), 60_000)
        self.assertIsNone(page["next"])
        self.assertEqual(page["read_to_ms"], 0)
        newest = page["commands"][0]
        self.assertEqual((newest["key"], newest["arena"], newest["seq"], newest["time_ms"],
                          newest["actor"], newest["reason"]),
                         (told["key"], "raid", told["seq"], told["time_ms"], None, "raid.end"))
        self.assertEqual(newest["entities"], [{"kind": "boss", "id": "b1", "version": 4,
                                               "fields": {}, "changes": {"hp": -970}}])
        seen = [(one["reason"], one["actor"], one["entities"][0]["changes"])
                for one in page["commands"]]
        self.assertEqual(seen, [("raid.end", None, {"hp": -970}), ("raid.heal", None, {"hp": 20}),
                                ("", None, {}), ("raid.attack", self.mio.id, {"hp": -50}),
                                ("raid.begin", None, {"hp": 1000})])
        # What was before is known across pages, too.
        for limit in (1, 2, 200):
            keys = [(one["key"], one["entities"][0]["fields"])
                    for one in self.pages(game, "entity=raid/boss/b1", limit)]
            self.assertEqual(keys, [(one["key"], one["entities"][0]["fields"])
                                    for one in page["commands"]])
        first = self.history(game, "?entity=raid/boss/b1&limit=1")
        self.assertEqual(first["read_to_ms"], first["commands"][0]["time_ms"])
        self.assertEqual(first["commands"][0]["entities"][0]["changes"], {"hp": -970})
        for who in (admin, admin.as_program(self.server), self.supporter(admin)):
            self.assertEqual(self.history(game, "?entity=raid/boss/b1", who=who)["commands"],
                             page["commands"])
        self.assertEqual(self.history(game, "?entity=raid/boss/nobody")["commands"], [])
        self.assertEqual(self.history(game, "?entity=nowhere/boss/b1")["commands"], [])
        self.check_who_may(game, "getGameHistory", "?entity=raid/boss/b1")

    def supporter(self, admin):
        person = Person(self.server, f"su{time.monotonic_ns() % 10**12}")
        given = self.server.request("PUT", f"/v1/accounts/{person.handle}/role",
                                    {"role": "support"}, who=admin)
        assert given.status == 200, given
        return person

    def check_who_may(self, game, name, query):
        other, admin = self.game()
        at = {"title": game.title, "query": query}
        self.call(name, 403, who=self.mio, **at)
        self.call(name, 403, headers=game.player(self.mio.headers(self.server)), **at)
        client = [("Authorization", f"Bearer {game.client_key['key']}")]
        for headers in ((), client, other.server):
            self.call(name, 401, headers=headers, **at)
        for title in ("1", "x"):
            self.call(name, 404, who=admin, title=title, query=query)

    def test_history_of_slashes_and_quotes(self):
        game, _ = self.game()
        arena, entity = 'guild/7 "é"', 'b/1,"id":"b1",'
        self.run_at(game, born(arena, boss=entity), born(arena))
        for id_, count in ((entity, 1), ("b1", 1), ("b", 0)):
            path = urllib.parse.quote(f"{arena}/boss/{id_}")
            self.assertEqual(len(self.history(game, f"?entity={path}")["commands"]), count, id_)

    def test_history_of_a_player(self):
        game, admin = self.game()
        player = game.player(self.mio.headers(self.server))
        other = game.player(self.ken.headers(self.server))
        own = ("raider", self.mio.id)
        hurt = {"entity": 0, "field": "damage", "do": "add", "value": 5}
        self.run_at(game, *(born(f"raid {n}") for n in range(4)))
        for n in range(4):
            self.run_at(game, command(f"raid {n}", [own], [hurt]), attack(f"raid {n}"), who=player)
            self.run_at(game, attack(f"raid {n}"), who=other)
        self.run_at(game, command("raid 2", [own], [hurt | {"field": "hp"}], reason="gift"))
        page = self.history(game, f"?player={self.mio.id}")
        self.assertEqual([one["actor"] for one in page["commands"]], [None] + [self.mio.id] * 8)
        self.assertEqual(page["commands"][0]["entities"][0]["changes"], {"hp": 5})
        self.assertEqual(page["commands"][-1]["entities"][0]["changes"], {"damage": 5})
        times = [one["time_ms"] for one in page["commands"]]
        self.assertEqual(times, sorted(times, reverse=True))
        for limit in (1, 3, 200):
            keys = [one["key"] for one in self.pages(game, f"player={self.mio.id}", limit)]
            self.assertEqual(keys, [one["key"] for one in page["commands"]])
        first = self.history(game, f"?player={self.mio.id}&limit=3")
        self.assertEqual(first["read_to_ms"], first["commands"][-1]["time_ms"])
        self.assertEqual(page["read_to_ms"], 0)
        self.assertEqual(self.history(game, "?player=5")["commands"], [])
        for query in ("", "?player=x", "?player=0", "?entity=raid", "?entity=raid/boss",
                      "?entity=raid/dragon/b1", "?entity=/boss/b1", "?entity=raid/boss/",
                      "?entity=" + "x" * 65 + "/boss/b1", "?entity=raid/boss/" + "x" * 65,
                      f"?player={self.mio.id}&entity=raid/boss/b1"):
            self.history(game, query, 400)
        for more in ("limit=0", "limit=201", "limit=x", "before=x", "before=h",
                     "before=hAAAA", "before=h" + "A" * 700):
            self.history(game, f"?player={self.mio.id}&{more}", 400)
        self.check_who_may(game, "getGameHistory", f"?player={self.mio.id}")
        empty = self.server.request("POST", "/v1/titles", {"names": {"en": "x"}}, who=admin).json
        self.call("getGameHistory", 404, who=admin, title=empty["id"], query="?player=5")

    def test_history_of_a_trade(self):
        game, _ = self.game()
        gold = {"entity": 0, "field": "gold", "do": "set", "value": 100}
        self.run_at(game, command("one", [("treasure", "t")], [gold]), born("two"))
        swap = trade(leg("one", [("treasure", "t", "gold", 30)], [("boss", "new", "hp", 7)]),
                     leg("two", [("boss", "b1", "hp", 7)], [("treasure", "x", "gold", 30)]),
                     key=new_key(), reason="shop.swap")
        told = self.call("runTrade", 200, body=swap, headers=game.server, title=game.title).json
        self.assertEqual(told["outcome"], "applied")
        seen = [[(entity["kind"], entity["changes"]) for entity in one["entities"]]
                for one in self.history(game, f"?entity=one/hold/{swap['key']}")["commands"]]
        self.assertEqual(len(seen), 2)
        self.assertIn(("hold", {"state": 1, "amount_0": 30}), seen[1])
        self.assertIn(("hold", {"state": -1, "amount_0": -30}), seen[0])
        seen = [(one["reason"], entity["changes"])
                for one in self.history(game, "?entity=one/treasure/t")["commands"]
                for entity in one["entities"] if entity["kind"] == "treasure"]
        self.assertEqual(seen, [("shop.swap", {"gold": -30}), ("", {"gold": 100})])

    def test_what_a_player_has(self):
        game, _ = self.game()
        mio, ken = self.mio.id, self.ken.id
        gold = {"entity": 0, "field": "gold", "do": "set", "value": 5}
        arenas = [f"raid {n}" for n in range(6)]
        for arena in arenas:
            self.run_at(game, command(arena, [("treasure", mio)], [gold]),
                        command(arena, [("treasure", ken)], [gold]), born(arena))
        self.run_at(game, command("raid 5", [("treasure", mio)], [{"entity": 0, "do": "remove"}]))
        at = {"title": game.title, "account": mio, "headers": game.server}
        page = self.call("getPlayerEntities", 200, **at).json
        self.assertIsNone(page["next"])
        self.assertEqual(page["entities"], [
            {"arena": arena, "kind": "treasure", "id": mio, "version": 1, "fields": {"gold": 5}}
            for arena in arenas[:5]])
        found, after = [], ""
        while after is not None:
            one = self.call("getPlayerEntities", 200, query=f"?limit=2&after={after}" if after
                            else "?limit=2", **at).json
            self.assertLessEqual(len(one["entities"]), 2)
            found, after = found + one["entities"], one["next"]
        self.assertEqual(found, page["entities"])
        for query in ("?limit=0", "?limit=201", "?after=x", "?after=e", "?after=eAA",
                      "?after=e" + "A" * 700):
            self.call("getPlayerEntities", 400, query=query, **at)
        self.call("getPlayerEntities", 404, **at | {"account": "x"})
        self.call("getPlayerEntities", 200, query="?limit=200", **at)
        self.check_who_may(game, "getPlayerEntities", "")
