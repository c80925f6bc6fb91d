#!/usr/bin/env python3
"""Goal: trades between shards are all or nothing through kills: after the last start everything settles
by itself, what there is in all is what there was, and no hold is left.
Method: two shards, some traders that swap gold and gems between many arenas, and kill -9 in a loop;
whatever was not answered is asked again under its key. On SQLite, and on MariaDB where it is
installed. MATSURI_KILLS says how many.
"""

import os
import threading
import time
import unittest

import support
from game_client import SCHEMA, command, leg, trade
from game_test import make_game

KILL_COUNT = int(os.environ.get("MATSURI_KILLS", "6"))
ARENA_COUNT = 12
GOLD, GEMS = 10_000, 1_000


def schema(gold_max):
    fields = [{"name": "gold", "min": 0, "max": gold_max}, {"name": "gems", "min": 0}]
    purse = {"name": "purse", "players": {"which": "read"}, "fields": fields}
    return {"kinds": [*SCHEMA["kinds"], purse]}


def place_of(number):
    return f"player-{number}"


class Trader(threading.Thread):
    """Trades with everybody until it is told to end; `told` has each trade and its answer."""

    def __init__(self, game, random):
        super().__init__(daemon=True)
        self.game = game
        self.random = random
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
        one, other, third = self.random.sample(range(ARENA_COUNT), 3)
        gold, gems = self.random.randrange(1, 600), self.random.randrange(1, 150)
        return trade(leg(place_of(one), [("purse", "p", "gold", gold)], [("purse", "p", "gems", gems)]),
                     leg(place_of(other), [("purse", "p", "gems", gems)]),
                     leg(place_of(third), (), [("purse", "p", "gold", gold)]), reason="swap")

    def ask(self, wanted):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                status, told = self.game.trade(wanted)
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
        return game

    def put_schema(self, game, gold_max):
        status, put = game.send("PUT", f"{game.path}/schema", schema(gold_max), game.server)
        self.assertEqual(status, 200, put)

    def kill_loop(self, config):
        server = self.server(config).start()
        game = self.begin(server)
        traders = [Trader(game, support.random.Random(support.SEED + number)) for number in range(6)]
        for trader in traders:
            trader.start()
        for _ in range(KILL_COUNT):
            time.sleep(0.3 + self.random.random() * 1.2)
            server.kill()
            server.start()
        time.sleep(0.5)
        # The last one leaves them all on their way, and nobody asks again.
        for trader in traders:
            trader.is_over.set()
        for trader in traders:
            trader.join(timeout=120)
            self.assertFalse(trader.is_alive() or trader.failure, repr(trader.failure))
        self.leave_some(server, game)
        server.start()
        # Some wait for room that others took: there is enough from now on.
        self.put_schema(game, GOLD * ARENA_COUNT)
        self.settles(server)
        self.check(game, traders)
        self.check_doctor(server)

    def leave_some(self, server, game):
        """Trades whose server dies, and that nobody asks for any more."""
        def ask(wanted):
            try:
                game.trade(wanted)
            except support.NoAnswer:
                pass
        threads = [threading.Thread(target=ask, args=(Trader(game, self.random).any_trade(),))
                   for _ in range(64)]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        server.kill()
        for thread in threads:
            thread.join()

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

    def test_sqlite(self):
        self.kill_loop("[game]\nshards = 2\n")

    def test_mariadb(self):
        mariadb = self.start_mariadb()
        self.kill_loop(mariadb.config("main") + mariadb.game_config("game0", "game1"))


if __name__ == "__main__":
    support.main()
