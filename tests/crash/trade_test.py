#!/usr/bin/env python3
"""Goal: trades between shards are all or nothing through kills: after the last start everything settles
by itself, what there is in all is what there was, of points to each account, and no hold is left.
Method: two shards, some traders that swap gold and gems between many arenas, and buy gold for points, and
kill -9 in a loop; whatever was not answered is asked again under its key. The doctor looks at what is half
done. On SQLite, and on MariaDB where it is installed. MATSURI_KILLS says how many.
"""

import os
import threading
import time
import unittest

import support
from game_client import SCHEMA, command, leg, new_key, points_leg, trade
from game_test import make_game

KILL_COUNT = int(os.environ.get("MATSURI_KILLS", "6"))
ARENA_COUNT = 12
GOLD, GEMS = 10_000, 1_000
TRADER_COUNT = 6
BUDGET, POINTS = 40_000, 3_000


def schema(gold_max):
    fields = [{"name": "gold", "min": 0, "max": gold_max}, {"name": "gems", "min": 0}]
    purse = {"name": "purse", "players": {"which": "read"}, "fields": fields}
    return {"kinds": [*SCHEMA["kinds"], purse]}


def place_of(number):
    return f"player-{number}"


class Trader(threading.Thread):
    """Trades with everybody until it is told to end; `told` has each trade and its answer."""

    def __init__(self, game, number, admin):
        super().__init__(daemon=True)
        self.game = game
        self.random = support.random.Random(support.SEED + number)
        account, token = support.sign_up(game.port, f"trader{number}")
        self.account = f"account:{account['id']}"
        self.own = [("Authorization", f"Bearer {token}")]
        self.player = game.player(self.own)
        status, told = game.send("POST", "/v1/points/grants", {
            "event": f"begin-{number}", "campaign": "festival", "account": account["id"],
            "amount": POINTS}, admin)
        assert (status, told["outcome"]) == (200, "granted"), told
        self.others = []
        self.told = []
        self.unanswered = 0
        self.failure = None
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                wanted = self.any_trade()
                self.told.append((wanted, self.ask(wanted)))
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def any_trade(self):
        return self.purchase() if self.random.randrange(2) else self.swap()

    def purchase(self):
        """Gold for points: some to whoever has it, some to the shop, and now and then a bonus."""
        one, other = self.random.sample(range(ARENA_COUNT), 2)
        gold, price = self.random.randrange(1, 600), self.random.randrange(1, 120)
        moves = [(self.account, self.random.choice(self.others), price)]
        if self.random.randrange(2):
            moves.append((self.account, "spend:shop", 1 + price // 10))
        if self.random.randrange(2):
            moves.append(("campaign:festival", self.account, 1 + price // 5))
        return trade(leg(place_of(one), [("purse", "p", "gold", gold)]), points_leg(*moves),
                     leg(place_of(other), (), [("purse", "p", "gold", gold)]), reason="buy")

    def swap(self):
        one, other, third = self.random.sample(range(ARENA_COUNT), 3)
        gold, gems = self.random.randrange(1, 600), self.random.randrange(1, 150)
        return trade(leg(place_of(one), [("purse", "p", "gold", gold)], [("purse", "p", "gems", gems)]),
                     leg(place_of(other), [("purse", "p", "gems", gems)]),
                     leg(place_of(third), (), [("purse", "p", "gold", gold)]), reason="swap")

    def send(self, wanted):
        return self.game.trade(wanted, self.player if wanted["reason"] == "buy" else ())

    def ask(self, wanted):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                status, told = self.send(wanted)
                if status == 200:
                    return told
                if status != 503:
                    raise AssertionError(f"trade: {status} {told}")
            except support.NoAnswer:
                pass
            self.unanswered += 1
            time.sleep(0.02)
        raise AssertionError("no answer within 90 s")


class TradeTest(support.CrashTest):
    def begin(self, server):
        game = make_game(server)
        self.put_schema(game, 11_000)
        for number in range(ARENA_COUNT):
            told = game.one(command(place_of(number), [("purse", "p")], [
                {"entity": 0, "field": field, "do": "set", "value": value}
                for field, value in (("gold", GOLD), ("gems", GEMS))]))
            self.assertEqual(told["outcome"], "applied")
        for path, more in (("campaigns", {"name": "festival", "budget": BUDGET}),
                           ("sinks", {"name": "shop"})):
            status, made = game.send("POST", f"/v1/points/{path}", {
                "key": new_key(), "title": game.title} | more, game.admin)
            self.assertEqual(status, 201, made)
        return game

    def put_schema(self, game, gold_max):
        status, put = game.send("PUT", f"{game.path}/schema", schema(gold_max), game.server)
        self.assertEqual(status, 200, put)

    def kill_loop(self, config):
        server = self.server(config).start()
        game = self.begin(server)
        traders = [Trader(game, number, game.server) for number in range(TRADER_COUNT)]
        for trader in traders:
            trader.others = [other.account for other in traders if other is not trader]
            trader.start()
        for _ in range(KILL_COUNT):
            time.sleep(0.3 + self.random.random() * 1.2)
            server.kill()
            server.start()
        time.sleep(0.5)
        support.wait_until(lambda: self.has_enough(traders))
        # The last one leaves them all on their way, and nobody asks again.
        for trader in traders:
            trader.is_over.set()
        for trader in traders:
            trader.join(timeout=120)
            self.assertFalse(trader.is_alive() or trader.failure, repr(trader.failure))
        left = self.leave_some(server, traders)
        self.check_doctor(server)
        server.start()
        # Some wait for room that others took: there is enough from now on.
        self.put_schema(game, GOLD * ARENA_COUNT)
        self.settles(server)
        self.check(game, traders)
        self.check_points(game, traders, left)
        self.assertEqual(server.metric("matsuri_points_faults_total"), 0)
        self.check_doctor(server)

    def has_enough(self, traders):
        """Whether there is what check() wants, however few a slow machine took between the kills."""
        told = [one for trader in traders for one in list(trader.told)]
        applied = [wanted for wanted, answer in told if answer["outcome"] == "applied"]
        moves = sum(len(leg_.get("points", ())) for wanted in applied for leg_ in wanted["legs"])
        return len(told) > 20 and len(applied) > 10 and moves > 20

    def leave_some(self, server, traders):
        """Trades whose server dies, and that nobody asks for any more."""
        def ask(trader, wanted):
            try:
                trader.send(wanted)
            except support.NoAnswer:
                pass
        left = [(traders[number % len(traders)], traders[number % len(traders)].any_trade())
                for number in range(64)]
        threads = [threading.Thread(target=ask, args=one) for one in left]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        server.kill()
        for thread in threads:
            thread.join()
        return [wanted for _, wanted in left]

    def settles(self, server, timeout_s=60):
        """Until there is nothing left to do: it has looked, and found nothing."""
        deadline = time.monotonic() + timeout_s
        calm = 0
        while time.monotonic() < deadline and calm < 50:
            calm = calm + 1 if server.metric("matsuri_game_trades_active") == 0 else 0
            time.sleep(0.1)
        self.assertEqual(calm, 50, server.tail())

    def check(self, game, traders):
        changes, _ = game.all_changes()
        now, holds, ended = {}, {}, set()
        for change in changes:
            for entity in change["entities"]:
                if entity["kind"] == "purse":
                    now[change["arena"]] = entity["fields"]
                elif entity["fields"].get("state") == 1:
                    holds[(change["arena"], entity["id"])] = entity["fields"]
                else:
                    holds.pop((change["arena"], entity["id"]), None)
                    ended.add(entity["id"])
        self.assertEqual(holds, {}, "holds are left")
        told = [one for trader in traders for one in trader.told]
        print(f"{self.id()}: {len(told)} trades, {sum(t.unanswered for t in traders)} asked again, "
              f"{len(changes)} changes", flush=True)
        self.assertGreater(len(told), 20)
        outcomes = {}
        for asked, answer in told:
            found = game.find_trade(asked["key"])
            self.assertEqual((found[0], found[1]["outcome"]), (200, answer["outcome"]))
            outcomes.setdefault(answer["outcome"], []).append(asked)
        self.assertLessEqual(set(outcomes), {"applied", "rejected", "expired"})
        self.assertGreater(len(outcomes["applied"]), 10)
        for field, each in (("gold", GOLD), ("gems", GEMS)):
            self.assertEqual(sum(fields[field] for fields in now.values()), each * ARENA_COUNT, field)
        # Whatever was held at any time has come to an end, also where nobody asked for it again.
        for key in ended:
            status, found = game.find_trade(key)
            self.assertEqual((status, found["settled"]), (200, True))

    def check_points(self, game, traders, left):
        """Everybody has what was granted, and what the moves of applied trades made of it."""
        has = dict.fromkeys((trader.account for trader in traders), POINTS)
        has |= {"campaign:festival": BUDGET - POINTS * len(traders), "spend:shop": 0}
        asked = left + [wanted for trader in traders for wanted, _ in trader.told]
        count = 0
        for wanted in asked:
            status, found = game.find_trade(wanted["key"])
            if status == 404 or found["outcome"] != "applied":
                continue
            for move in (move for leg_ in wanted["legs"] for move in leg_.get("points", ())):
                has[move["from"]] -= move["amount"]
                has[move["to"]] += move["amount"]
                count += 1
        print(f"{self.id()}: points moved {count} times", flush=True)
        self.assertGreater(count, 20)
        now = {}
        for trader in traders:
            status, own = game.send("GET", "/v1/points/me", None, trader.own)
            self.assertEqual((status, own["held"]), (200, 0))
            now[trader.account] = own["balance"]
        _, listed = game.send("GET", "/v1/points/campaigns", None, game.server)
        self.assertEqual(listed["campaigns"][0]["held"], 0)
        now["campaign:festival"] = listed["campaigns"][0]["left"]
        _, listed = game.send("GET", "/v1/points/sinks", None, game.server)
        now["spend:shop"] = listed["sinks"][0]["spent"]
        self.assertEqual(now, has)
        self.assertEqual(sum(now.values()), BUDGET)

    def test_sqlite(self):
        self.kill_loop("[game]\nshards = 2\n")

    def test_mariadb(self):
        mariadb = self.start_mariadb()
        self.kill_loop(mariadb.config("main") + mariadb.game_config("game0", "game1"))


if __name__ == "__main__":
    support.main()
