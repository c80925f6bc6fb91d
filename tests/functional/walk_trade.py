"""Trades between arenas, and the holds that they leave meanwhile. The titles are those of walk_game.py."""

import copy
import time

from game_client import SCHEMA, born, command, leg, new_key, points_leg, trade
from walk import Walk
from walk_points import name


class TradeWalk(Walk):
    bodies = {"runTrade": {"key": "x", "legs": []}}

    def trade_at(self, game, outcome, wanted, player=()):
        headers = game.server + list(player[1:])
        told = self.call("runTrade", 200, body=wanted, headers=headers, title=game.title).json
        self.assertEqual(told["outcome"], outcome, told)
        return told

    def purse(self, arena, gold, entity="t"):
        return command(arena, [("treasure", entity)],
                       [{"entity": 0, "field": "gold", "do": "set", "value": gold}])

    def gold(self, game, arena, entity="t"):
        place = {"title": game.title, "arena": arena, "kind": "treasure", "id": entity}
        return self.call("getGameEntity", 200, headers=game.server, **place).json["entity"]["fields"]["gold"]

    def test_trades(self):
        game, _ = self.game()
        title = {"title": game.title, "headers": game.server}
        self.run_at(game, self.purse("one", 100), born("two", 40))
        swap = trade(leg("one", [("treasure", "t", "gold", 30)], [("boss", "new", "hp", 7)]),
                     leg("two", [("boss", "b1", "hp", 7)], [("treasure", "x", "gold", 30)]),
                     reason="shop.swap")
        told = self.trade_at(game, "applied", swap)
        self.assertEqual((told["settled"], told["duplicate"]), (True, False))
        self.assertEqual((self.gold(game, "one"), self.gold(game, "two", "x")), (70, 30))
        again = self.trade_at(game, "applied", swap)
        self.assertEqual(again, told | {"duplicate": True})
        self.assertEqual(self.gold(game, "one"), 70)
        found = self.call("getTrade", 200, key=swap["key"], **title).json
        self.assertEqual(found, told | {"duplicate": True})
        self.call("getTrade", 404, key=new_key(), **title)
        self.call("getTrade", 404, key="x", **title)
        self.trade_at(game, "key_reuse", swap | {"reason": "x"})
        self.trade_at(game, "key_reuse", swap | {"legs": swap["legs"][::-1]})
        now = int(time.time() * 1000)
        self.trade_at(game, "key_too_old", swap | {"key": new_key(now - 7 * 86400_000 - 2000)})
        self.trade_at(game, "key_from_future", swap | {"key": new_key(now + 60_000)})
        hold = {"title": game.title, "arena": "one", "kind": "hold", "id": swap["key"]}
        self.call("getGameEntity", 404, headers=game.server, **hold)
        changes = self.call("getGameChanges", 200, query="?arena=one", **title).json["changes"]
        self.assertEqual([change["reason"] for change in changes], ["", "shop.swap", "shop.swap"])
        held = [entity for entity in changes[1]["entities"] if entity["kind"] == "hold"][0]
        self.assertEqual((held["id"], held["fields"]), (swap["key"], {"state": 1, "amount_0": 30}))
        looked = self.call("lookUpCommand", 200, key=changes[1]["key"], query="?arena=one", **title)
        self.assertEqual(looked.json["outcome"]["outcome"], "applied")

    def test_trades_that_come_to_nothing(self):
        game, _ = self.game()
        self.run_at(game, self.purse("one", 100), self.purse("two", 0), born("two", 99_990))
        gold = ("treasure", "t", "gold", 30)
        guards = {"entities": [{"kind": "treasure", "id": "t"}],
                  "guards": [{"is": "now<", "value": 1 << 60},
                             {"entity": 0, "field": "gold", "is": ">", "value": 500}]}
        version = guards | {"guards": [{"entity": 0, "is": "version", "value": 7}]}
        for outcome, where, wanted in (
                ("rejected", ("take", 0), leg("two", [gold])),
                ("rejected", ("take", 1), leg("two", [("boss", "b1", "hp", 1), gold])),
                ("rejected", ("give", 0), leg("two", (), [("boss", "b1", "hp", 11)])),
                ("rejected", ("guard", 1), leg("two", (), [gold], **guards)),
                ("version_mismatch", ("guard", 0), leg("two", (), [gold], **version))):
            told = self.trade_at(game, outcome, trade(leg("one", [gold]), wanted))
            self.assertEqual((told["leg"], told.get(where[0])), (1, where[1]), told)
            self.assertTrue(told["settled"])
            self.assertEqual(self.gold(game, "one"), 100)
        told = self.trade_at(game, "applied", trade(leg("one", [gold]),
                                                    leg("two", (), [("boss", "b1", "hp", 10)])))
        # A field that may not go below 5, though there is as much as would be taken.
        low = {"kinds": SCHEMA["kinds"] + [{"name": "low", "fields": [{"name": "n", "min": 5}]}]}
        self.call("putGameSchema", 200, headers=game.server, body=low, title=game.title)
        self.run_at(game, command("two", [("low", "l")], [
            {"entity": 0, "field": "n", "do": "set", "value": 8}]))
        told = self.trade_at(game, "invalid", trade(leg("one", [gold]),
                                                    leg("two", [("low", "l", "n", 4)])))
        self.assertEqual((told["leg"], told["settled"], self.gold(game, "one")), (1, True, 70))

    def test_requests_of_trades(self):
        game, admin = self.game()
        title = {"title": game.title, "headers": game.server}
        gold = ("treasure", "t", "gold", 1)
        fine = [leg("one", (), [gold]), leg("two", (), [gold])]
        entities = [{"kind": "treasure", "id": f"e{number}"} for number in range(17)]
        guard = {"entity": 0, "is": "absent"}
        many = [("treasure", f"m{number}", "gold", 1) for number in range(9)]

        def legs(*those):
            self.call("runTrade", 400, body=trade(*those), **title)

        for raw in (b"", b"{", b"[]", b"{}", b"null", b"\xff"):
            self.call("runTrade", 400, raw=raw, **title)
        for wrong in ({"key": "x"}, {"key": "0" * 36}, {"reason": "x" * 65}, {"reason": "\n"},
                      {"more": 1}, {"legs": {}}, {"legs": [1, 2]}):
            self.call("runTrade", 400, body=trade(*fine) | wrong, **title)
        legs()
        legs(fine[0])
        legs(fine[0], fine[0])
        legs(*(leg(f"a{number}", (), [gold]) for number in range(9)))
        for wrong in ({"arena": ""}, {"arena": "x" * 65}, {"arena": "\n"}, {"more": 1}, {"give": []},
                      {"entities": entities}, {"entities": entities[:1] * 2},
                      {"entities": [{"kind": "dragon", "id": "x"}]},
                      {"entities": [{"kind": "boss", "id": ""}]},
                      {"entities": [{"kind": "boss", "id": "x" * 65}]},
                      {"entities": entities[:16]},  # and what is given is one more
                      {"guards": [guard]}, {"entities": entities[:1], "guards": [guard] * 17},
                      {"entities": entities[:1], "guards": [{"is": "absent"}]},
                      {"entities": entities[:1], "guards": [guard | {"is": "has_room"}]},
                      {"entities": entities[:1], "guards": [guard | {"value": 1}]},
                      {"entities": entities[:1], "guards": [guard | {"is": "=="}]},
                      {"entities": entities[:1], "guards": [guard | {"is": "now<", "value": 1}]},
                      {"entities": entities[:1], "guards": [guard | {"is": "==", "value": 1}]}):
            legs(fine[0] | wrong, fine[1])
        for moves in (many, [gold, gold], [("treasure", "t", "gold", 0)], [("treasure", "t", "x", 1)],
                      [("treasure", "t", "gold", -1)], [("hold", "t", "state", 1)]):
            legs(leg("one", moves), fine[1])
            legs(leg("one", (), moves), fine[1])
        legs(leg("one", [gold], [gold]), fine[1])
        # All that there may be of it.
        most = [leg(f"a{number}", [], [("treasure", f"g{place}", "gold", 1) for place in range(8)],
                    entities=[{"kind": "treasure", "id": f"e{place}"} for place in range(8)],
                    guards=[{"entity": place % 8, "is": "absent"} for place in range(16)])
                for number in range(8)]
        self.trade_at(game, "applied", trade(*most, reason="x" * 64))
        for number in range(8):
            most[number]["take"] = most[number].pop("give")
            most[number]["give"] = leg("", (), [("treasure", f"e{place}", "gold", 1)
                                                for place in range(8)])["give"]
        self.trade_at(game, "applied", trade(*most))
        self.call("runTrade", 401, headers=game.server, body=trade(*fine))
        self.call("runTrade", 401, title=game.title, body=trade(*fine))
        player = game.player(self.mio.headers(self.server))
        both = game.server + player[1:]
        for headers in (player, both):
            self.call("runTrade", 403, headers=headers, title=game.title, body=trade(*fine))
            self.call("getTrade", 403, headers=headers, title=game.title, key=new_key())
        self.call("getTrade", 401, title=game.title, key=new_key())
        empty = self.server.request("POST", "/v1/titles", {"names": {"en": "x"}}, who=admin).json
        key = self.call("createTitleKey", 201, who=admin, title=empty["id"]).json["key"]
        self.call("runTrade", 404, title=empty["id"], body=trade(*fine),
                  headers=[("Authorization", f"Bearer {key}")])

    def test_trades_with_points(self):
        game, _, campaign, sink, player = self.shop()
        token = game.player(player.headers(self.server))
        mine, theirs = f"account:{player.id}", f"account:{self.mio.id}"
        before = self.balance(self.mio)[0]
        self.run_at(game, self.purse("one", 100))
        swap = trade(leg("one", [("treasure", "t", "gold", 30)]),
                     leg("two", (), [("treasure", "t", "gold", 30)]),
                     points_leg((mine, theirs, 40), (mine, f"spend:{sink}", 20),
                                (f"campaign:{campaign}", mine, 5)), reason="shop.buy")
        told = self.trade_at(game, "applied", swap, token)
        self.assertEqual((told["settled"], told["duplicate"]), (True, False))
        self.assertTrue(self.trade_at(game, "applied", swap, token)["duplicate"])
        found = self.call("getTrade", 200, key=swap["key"], headers=game.server, title=game.title).json
        self.assertEqual(found["outcome"], "applied")
        self.assertEqual(self.gold(game, "two"), 30)
        self.assertEqual(self.balance(player), (45, 0))
        self.assertEqual(self.balance(self.mio), (before + 40, 0))
        left = self.call("listCampaigns", 200, headers=game.server).json["campaigns"][0]
        self.assertEqual((left["left"], left["held"]), (895, 0))
        self.assertEqual(self.call("listSinks", 200, headers=game.server).json["sinks"][0]["spent"], 20)
        postings = self.call("listOwnPostings", 200, who=player).json["postings"]
        self.assertEqual([(one["amount"], one["held_after"], one["reason"]) for one in postings[:2]],
                         [(5, 0, "shop.buy"), (-60, 60, "shop.buy")])
        self.assertEqual({one["with"] for one in postings[:2]}, {f"hold:{swap['key']}@{game.title}"})
        self.assertEqual({one["by"] for one in postings[:2]}, {player.id})
        # Nothing of it where there is too little, wherever.
        other, admin = self.game()
        self.call("createSink", 201, who=admin, body={
            "key": new_key(), "name": name("stall"), "title": other.title})
        foreign = self.call("listSinks", 200, headers=other.server).json["sinks"][0]["name"]
        give = leg("two", (), [("treasure", "t", "gold", 1)])
        for wrong in ((mine, theirs, 45 + 1), (mine, f"spend:{foreign}", 1),
                      (f"campaign:{campaign}", mine, 895 + 1), (f"campaign:{name('c')}", mine, 1)):
            told = self.trade_at(game, "rejected", trade(give, points_leg((mine, theirs, 1), wrong)),
                                 token)
            self.assertEqual((told["leg"], told["settled"]), (1, True))
            self.assertIn(told["points"], (0, 1))
        self.trade_at(game, "rejected", trade(leg("one", [("treasure", "t", "gold", 71)]),
                                              points_leg((mine, theirs, 45))), token)
        self.assertEqual((self.balance(player), self.gold(game, "two")), ((45, 0), 30))
        # Without a player only the title's campaigns pay.
        self.trade_at(game, "applied", trade(give, points_leg((f"campaign:{campaign}", theirs, 895))))

    def test_requests_of_trades_with_points(self):
        game, _, campaign, sink, player = self.shop()
        token = game.player(player.headers(self.server))
        mine, theirs, shop = f"account:{player.id}", f"account:{self.mio.id}", f"spend:{sink}"
        give = leg("two", (), [("treasure", "t", "gold", 1)])
        title = {"title": game.title, "headers": game.server + token[1:]}
        fine = (mine, theirs, 1)
        for wrong in ((mine, theirs, 0), (mine, theirs, 10**12 + 1), (mine, mine, 1),
                      (shop, mine, 1), (mine, f"campaign:{campaign}", 1),
                      (f"campaign:{campaign}", shop, 1), ("source:issue", mine, 1), ("", mine, 1),
                      (mine, "account:x", 1), (mine, "spend:" + "x" * 24, 1), (mine, "x:y", 1)):
            self.call("runTrade", 400, body=trade(give, points_leg(wrong)), **title)
        for wrong in (points_leg(), points_leg(*[fine] * 7), points_leg(fine) | {"arena": "x"},
                      {"points": [{"from": mine, "to": theirs}]}, {"points": 1}):
            self.call("runTrade", 400, body=trade(give, wrong), **title)
        self.call("runTrade", 400, body=trade(points_leg(fine), points_leg(fine)), **title)
        self.call("runTrade", 400, body=trade(points_leg(fine)), **title)
        # Nobody else's; and whose they are shows who they are.
        someone = game.player(self.mio.headers(self.server))
        body = trade(give, points_leg(fine))
        self.call("runTrade", 403, body=body, title=game.title, headers=game.server)
        self.call("runTrade", 403, body=body, title=game.title, headers=game.server + someone[1:])
        self.call("runTrade", 403, body=body, title=game.title, headers=token)
        self.call("runTrade", 403, body=trade(give, points_leg((f"campaign:{campaign}", mine, 1))),
                  **title)
        self.call("runTrade", 404, body=trade(give, points_leg((mine, "account:9", 1))), **title)
        self.assertEqual(self.balance(player), (100, 0))
        # All that there may be of it: six at once, and an amount that nobody has.
        six = [(mine, theirs if number % 2 else shop, number + 1) for number in range(6)]
        self.trade_at(game, "applied", trade(give, points_leg(*six)), token)
        self.assertEqual(self.balance(player), (79, 0))
        self.trade_at(game, "rejected", trade(give, points_leg((mine, theirs, 10**12))), token)

    def test_holds_are_nobodys(self):
        game, admin = self.game()
        player = game.player(self.mio.headers(self.server))
        for step in ({"entity": 0, "field": "state", "do": "set", "value": 1},
                     {"entity": 0, "do": "remove"}):
            self.expect(game, "invalid", command("one", [("hold", new_key())], [step]))
        # A guard may look at one.
        look = command("one", [("hold", new_key()), ("boss", "b1")],
                       [{"entity": 1, "field": "hp", "do": "set", "value": 5}],
                       [{"entity": 0, "is": "absent"}])
        self.expect(game, "applied", look)
        self.expect(game, "invalid", look | {"key": new_key()}, who=player)
        place = {"title": game.title, "arena": "one", "kind": "hold", "id": "x"}
        self.call("getGameEntity", 404, headers=game.server, **place)
        # A player sees holds of a title that shows them every kind.
        self.call("getGameEntity", 403, headers=player, **place)
        open_schema = copy.deepcopy(SCHEMA)
        open_schema["kinds"][2]["players"] = {"which": "read"}
        self.call("putGameSchema", 200, headers=game.server, body=open_schema, title=game.title)
        self.call("getGameEntity", 404, headers=player, **place)
        named = {"kinds": SCHEMA["kinds"] + [{"name": "hold", "fields": [{"name": "x"}]}]}
        self.call("putGameSchema", 400, headers=game.server, body=named, title=game.title)
