"""Points: campaigns and sinks, grants, spends and holds, and what is shown of them. The titles are those
of walk_game.py."""

import itertools
import time

from game_client import new_key
from support import Person
from walk import Walk

NUMBERS = itertools.count(1)
AMOUNT_MAX = 10**12
BUDGET_MAX = 10**15


def name(what):
    return f"{what}-{next(NUMBERS)}"


def spend(sink, amount, **more):
    return {"key": new_key(), "sink": sink, "amount": amount} | more


class PointsWalk(Walk):
    bodies = {
        "createCampaign": {"key": new_key(), "name": "nobody-s", "title": "9", "budget": 1},
        "topUpCampaign": {"key": new_key(), "amount": 1},
        "createSink": {"key": new_key(), "name": "nobody-s", "title": "9"},
        "grantPoints": {"event": "e", "campaign": "nobody-s", "account": "9", "amount": 1},
        "spendPoints": spend("nobody-s", 1),
        "holdPoints": spend("nobody-s", 1),
    }

    def shop(self, budget=1000):
        """A title with a campaign and a sink, an admin, and a player of its own with 100 points."""
        game, admin = self.game()
        campaign, sink = name("summer"), name("shop")
        made = self.call("createCampaign", 201, who=admin, body={
            "key": new_key(), "name": campaign, "title": game.title, "budget": budget}).json
        self.assertEqual(made, {"name": campaign, "title": game.title, "left": budget, "held": 0})
        self.call("createSink", 201, who=admin, body={
            "key": new_key(), "name": sink, "title": game.title})
        player = Person(self.server, f"pt{time.monotonic_ns() % 10**12}")
        told = self.grant(game, campaign, player, 100, "first").json
        self.assertEqual((told["outcome"], told["balance"], told["left"]), ("granted", 100, budget - 100))
        return game, admin, campaign, sink, player

    def grant(self, game, campaign, player, amount, event, status=200, **more):
        return self.call("grantPoints", status, headers=game.server, body={
            "event": event, "campaign": campaign, "account": player.id, "amount": amount} | more)

    def balance(self, player):
        now = self.call("getOwnPoints", 200, who=player).json
        return now["balance"], now["held"]

    def test_points_of_campaigns_and_sinks(self):
        game, admin, campaign, sink, _ = self.shop()
        for one, body in (("createCampaign", {"key": new_key(), "name": name("c"), "title": game.title,
                                              "budget": 1}),
                          ("createSink", {"key": new_key(), "name": name("s"), "title": game.title})):
            self.call(one, 403, who=self.mio, body=body)
            self.call(one, 404, who=admin, body=body | {"title": "9"})
            self.call(one, 404, who=admin, body=body | {"title": "1"})
            made = self.call(one, 201, who=admin, body=body).json
            self.assertEqual(self.call(one, 201, who=admin, body=body).json, made)
            self.call(one, 409, who=admin, body=body | {"key": new_key()})
            self.call(one, 409, who=admin, body=body | {"name": name("x")})
            for wrong in ({"name": ""}, {"name": "a" * 24}, {"name": "A"}, {"key": "x"},
                          {"key": new_key(int(time.time() * 1000) - 7 * 86400_000 - 2000)},
                          {"key": new_key(int(time.time() * 1000) + 60_000)}, {"title": 5}, {"more": 1}):
                self.call(one, 400, who=admin, body=body | wrong)
        for budget in (0, BUDGET_MAX + 1, 1.5, "1"):
            self.call("createCampaign", 400, who=admin, body={
                "key": new_key(), "name": name("c"), "title": game.title, "budget": budget})
        top_up = {"key": new_key(), "amount": 7}
        self.call("topUpCampaign", 403, who=self.mio, body=top_up, campaign=campaign)
        for other in ("no-such", "A"):
            self.call("topUpCampaign", 404, who=admin, body=top_up | {"key": new_key()}, campaign=other)
        for _ in range(2):
            left = self.call("topUpCampaign", 200, who=admin, body=top_up, campaign=campaign).json
            self.assertEqual(left, {"left": 907})
        self.call("topUpCampaign", 409, who=admin, body=top_up | {"amount": 8}, campaign=campaign)
        for amount in (0, BUDGET_MAX + 1):
            self.call("topUpCampaign", 400, who=admin, body={"key": new_key(), "amount": amount},
                      campaign=campaign)
        for one, key, entry in (("listCampaigns", "campaigns", {"name": campaign, "left": 907, "held": 0}),
                                ("listSinks", "sinks", {"name": sink, "spent": 0})):
            own = self.call(one, 200, headers=game.server).json
            self.assertIn(entry | {"title": game.title}, own[key])
            self.assertEqual({each["title"] for each in own[key]}, {game.title})
            self.assertIsNone(own["next"])
            page = self.call(one, 200, headers=game.server, query="?limit=1").json
            rest = self.call(one, 200, headers=game.server, query=f"?after={page['next']}").json
            self.assertEqual(page[key] + rest[key], own[key])
            self.assertLess(len(own[key]), len(self.call(one, 200, who=admin).json[key]) + 1)
            for wrong in ("?limit=0", "?limit=101", "?after=A"):
                self.call(one, 400, headers=game.server, query=wrong)
            self.call(one, 403, who=self.mio)
            self.call(one, 403, headers=game.player(self.mio.headers(self.server)))

    def test_points_are_granted_once(self):
        game, admin, campaign, _, player = self.shop()
        again = self.grant(game, campaign, player, 100, "first").json
        self.assertEqual(again["outcome"], "granted_before")
        self.grant(game, campaign, player, 101, "first", 409)
        self.grant(game, campaign, self.ken, 100, "first", 409)
        told = self.grant(game, campaign, player, 901, "second").json
        self.assertEqual((told["outcome"], told["left"]), ("budget_exhausted", 900))
        told = self.grant(game, campaign, player, 900, "second", reason="x" * 64).json
        self.assertEqual((told["outcome"], told["balance"], told["left"]), ("granted", 1000, 0))
        self.assertEqual(self.balance(player), (1000, 0))
        self.grant(game, "no-such", player, 1, "e", 404)
        other, _ = self.game()
        self.grant(other, campaign, player, 100, "first", 404)
        body = {"event": "e", "campaign": campaign, "account": player.id, "amount": 1}
        self.call("grantPoints", 404, headers=game.server, body=body | {"account": "9"})
        self.call("grantPoints", 403, who=player, body=body)
        self.call("grantPoints", 403, headers=game.player(player.headers(self.server)), body=body)
        self.call("grantPoints", 401, headers=[("Authorization", "Bearer mk_x")], body=body)
        self.assertEqual(self.call("grantPoints", 200, who=admin, body=body).json["outcome"],
                         "budget_exhausted")
        for wrong in ({"event": ""}, {"event": "x" * 41}, {"event": "a/b"}, {"campaign": "A"},
                      {"account": 5}, {"amount": 0}, {"amount": AMOUNT_MAX + 1}, {"amount": 2**63},
                      {"reason": "x" * 65}, {"reason": "a\n"}, {"key": new_key()}):
            self.call("grantPoints", 400, headers=game.server, body=body | wrong)
        rich, admin, campaign, _, player = self.shop(BUDGET_MAX)
        self.grant(rich, campaign, player, AMOUNT_MAX, "x" * 40)
        self.assertEqual(self.balance(player), (AMOUNT_MAX + 100, 0))

    def test_points_are_spent(self):
        game, _, _, sink, player = self.shop()
        wanted = spend(sink, 40, reason="shop.hat")
        told = self.call("spendPoints", 200, who=player, body=wanted).json
        self.assertEqual((told["outcome"], told["balance"], told["duplicate"]), ("spent", 60, False))
        again = self.call("spendPoints", 200, who=player, body=wanted).json
        self.assertEqual(again, told | {"duplicate": True})
        self.call("spendPoints", 409, who=player, body=wanted | {"amount": 41})
        self.call("spendPoints", 409, who=player, body=wanted | {"reason": "x"})
        told = self.call("spendPoints", 200, who=player, body=spend(sink, 61)).json
        self.assertEqual((told["outcome"], told["balance"]), ("insufficient", 60))
        plays = game.player(player.headers(self.server))
        told = self.call("spendPoints", 200, headers=plays, body=spend(sink, 10)).json
        self.assertEqual(told["balance"], 50)
        told = self.call("spendPoints", 200, headers=game.server + plays[1:], body=spend(sink, 10)).json
        self.assertEqual(told["balance"], 40)
        other, _ = self.game()
        for one in ("spendPoints", "holdPoints"):
            self.call(one, 403, headers=game.server, body=spend(sink, 1))
            self.call(one, 404, who=player, body=spend("no-such", 1))
            self.call(one, 404, headers=other.player(player.headers(self.server)), body=spend(sink, 1))
            for wrong in ({"sink": "A"}, {"amount": 0}, {"amount": AMOUNT_MAX + 1}, {"key": "x"},
                          {"reason": "x" * 65}, {"account": player.id}):
                self.call(one, 400, who=player, body=spend(sink, 1) | wrong)
        self.assertEqual(self.balance(player), (40, 0))

    def test_points_are_held(self):
        game, admin, campaign, sink, player = self.shop()
        wanted = spend(sink, 40, hold_ms=7 * 86400_000)
        told = self.call("holdPoints", 200, who=player, body=wanted).json
        self.assertEqual((told["outcome"], told["balance"], told["held"]), ("held", 60, 40))
        hold = told["hold"]
        self.assertEqual((hold["id"], hold["state"]), (f"{wanted['key']}.{sink}", "held"))
        self.assertEqual(self.call("holdPoints", 200, who=player, body=wanted).json,
                         told | {"duplicate": True})
        self.call("holdPoints", 409, who=player, body=wanted | {"hold_ms": 5})
        self.assertEqual(self.call("holdPoints", 200, who=player, body=spend(sink, 61)).json["outcome"],
                         "insufficient")
        for hold_ms in (0, 7 * 86400_000 + 1):
            self.call("holdPoints", 400, who=player, body=spend(sink, 1, hold_ms=hold_ms))
        plays = game.player(player.headers(self.server))
        place = {"hold": hold["id"]}
        for headers in (game.server, player.headers(self.server), plays, admin.headers(self.server)):
            self.assertEqual(self.call("getHold", 200, headers=headers, **place).json, hold)
        other, _ = self.game()
        for one in ("getHold", "commitHold", "voidHold"):
            self.call(one, 404, headers=other.server, **place)
            self.call(one, 404, who=self.ken, **place)
            self.call(one, 404, headers=game.server, hold="x")
            self.call(one, 404, headers=game.server, hold=f"{new_key()}.{sink}")
        for one in ("commitHold", "voidHold"):
            self.call(one, 403, who=player, **place)
            self.call(one, 403, headers=plays, **place)
        told = self.call("commitHold", 200, headers=game.server, **place).json
        self.assertEqual((told["outcome"], told["duplicate"], told["hold"]["state"]),
                         ("committed", False, "committed"))
        for one in ("commitHold", "voidHold"):
            self.assertEqual(self.call(one, 200, who=admin, **place).json, told | {"duplicate": True})
        self.assertEqual(self.balance(player), (60, 0))
        place = {"hold": self.call("holdPoints", 200, headers=plays, body=spend(sink, 60)).json["hold"]["id"]}
        self.assertEqual(self.call("voidHold", 200, headers=game.server, **place).json["outcome"], "void")
        self.assertEqual(self.balance(player), (60, 0))
        # One that nobody ends is voided by the server; until then its owner may, and nobody commits it.
        place = {"hold": self.call("holdPoints", 200, who=player,
                                   body=spend(sink, 1, hold_ms=1)).json["hold"]["id"]}
        time.sleep(0.01)
        told = self.call("commitHold", 200, headers=game.server, **place).json
        self.assertIn(told["outcome"], ("expired", "void"))
        self.assertEqual(self.call("voidHold", 200, who=player, **place).json["outcome"], "void")
        self.assertEqual(self.balance(player), (60, 0))

    def test_postings(self):
        game, admin, campaign, sink, player = self.shop()
        self.call("spendPoints", 200, who=player, body=spend(sink, 30, reason="shop.hat"))
        hold = self.call("holdPoints", 200, who=player, body=spend(sink, 20)).json["hold"]["id"]
        self.call("commitHold", 200, headers=game.server, hold=hold)
        page = self.call("listOwnPostings", 200, who=player).json
        self.assertEqual(
            [(one["amount"], one["balance_after"], one["held_after"], one["with"], one["reason"], one["by"])
             for one in page["postings"]],
            [(0, 50, 0, f"spend:{sink}", "hold.committed", None),
             (-20, 50, 20, f"hold:{hold}", "", player.id),
             (-30, 70, 0, f"spend:{sink}", "shop.hat", player.id),
             (100, 100, 0, f"campaign:{campaign}", "", None)])
        self.assertIsNone(page["next"])
        first = self.call("listOwnPostings", 200, who=player, query="?limit=3").json
        rest = self.call("listOwnPostings", 200, who=player, query=f"?before={first['next']}").json
        self.assertEqual(first["postings"] + rest["postings"], page["postings"])
        there = {"account": player.id}
        self.assertEqual(self.call("listPostings", 200, who=admin, **there).json, page)
        self.assertEqual(self.call("getPoints", 200, who=admin, **there).json, {"balance": 50, "held": 0})
        for query in ("?limit=0", "?limit=201", "?before=x"):
            self.call("listOwnPostings", 400, who=player, query=query)
            self.call("listPostings", 400, who=admin, query=query, **there)
        for one in ("getPoints", "listPostings"):
            self.call(one, 403, who=player, **there)
            for nobody in ("9", "x"):
                self.call(one, 404, who=admin, account=nobody)
        self.assertEqual(self.call("listOwnPostings", 200, who=self.mio).json,
                         {"postings": [], "next": None})

    def test_points_are_a_title_of_nobody(self):
        _, admin = self.game()
        for one in ("putGameSchema", "createTitleKey", "listTitleKeys", "getGameSchema"):
            self.call(one, 404, who=admin, title="1")
        self.call("runCommands", 401, title="1")
