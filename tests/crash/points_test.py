#!/usr/bin/env python3
"""Goal: points are neither lost nor doubled through kills: an event is granted once, no campaign grants more
than its budget, and every account has what its answers said, to the point.
Method: some players and a title's server that grant, spend, hold and end holds at once, many of them the
same events; kill -9 in a loop, and whatever was not answered is asked again, spends under their keys. Then
balances are compared with a plain sum of the answers, postings are folded, and the doctor looks. On SQLite,
and on MariaDB where it is installed. MATSURI_KILLS says how many.
"""

import collections
import os
import threading
import time
import unittest

import support
from game_client import new_key
from game_test import make_game

KILL_COUNT = int(os.environ.get("MATSURI_KILLS", "6"))
BUDGET = 20_000
WORDS = ("granted", "spent", "held", "committed", "void")


class Player(threading.Thread):
    """Does things with points until it is told to end; each is asked for until it is answered."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world = world
        self.random = support.random.Random(support.SEED + number)
        self.account, self.token = support.sign_up(world.game.port, f"player{number}")
        self.id = self.account["id"]
        self.own = [("Authorization", f"Bearer {self.token}")]
        self.balance = self.held = self.asked_again = 0
        self.outcomes = {}
        self.holds = []
        self.failure = None
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                self.random.choice([self.grant, self.grant, self.spend, self.hold, self.end])()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def ask(self, path, body, headers):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                status, told = self.world.game.send("POST", f"/v1/points/{path}", body, headers)
                if status == 200:
                    self.outcomes[told["outcome"]] = self.outcomes.get(told["outcome"], 0) + 1
                    return told
                if status != 503:
                    raise AssertionError(f"{path}: {status} {told}")
            except support.NoAnswer:
                pass
            self.asked_again += 1
            time.sleep(0.02)
        raise AssertionError("no answer within 90 s")

    def grant(self):
        """An event of everybody's. Whose it is, and how much, follows from its name."""
        number = self.random.randrange(100_000)
        whose = self.world.players[number % len(self.world.players)]
        event, amount = f"event-{number}", 1 + number % 50
        told = self.ask("grants", {"event": event, "campaign": "festival", "account": whose.id,
                                   "amount": amount, "reason": "test.grant"}, self.world.game.server)
        with self.world.lock:
            if told["outcome"] != "budget_exhausted":
                self.world.granted[event] = (whose, amount)

    def spend(self):
        amount = self.random.randrange(1, 60)
        told = self.ask("spends", {"key": new_key(), "sink": "shop", "amount": amount}, self.own)
        if told["outcome"] == "spent":
            self.balance -= amount

    def hold(self):
        amount = self.random.randrange(1, 60)
        told = self.ask("holds", {"key": new_key(), "sink": "shop", "amount": amount}, self.own)
        if told["outcome"] == "held":
            self.balance -= amount
            self.held += amount
            self.holds.append((told["hold"]["id"], amount))

    def end(self):
        if len(self.holds) < 3:  # some stay
            return
        hold, amount = self.holds.pop(self.random.randrange(len(self.holds)))
        word = self.random.choice(["commit", "void"])
        told = self.ask(f"holds/{hold}/{word}", None, self.world.game.server)
        assert told["outcome"] == {"commit": "committed", "void": "void"}[word], told
        self.held -= amount
        if word == "void":
            self.balance += amount


class PointsTest(support.CrashTest):
    def begin(self, config):
        self.server_ = self.server(config).start()
        self.game = make_game(self.server_)
        for path, more in (("campaigns", {"name": "festival", "budget": BUDGET}),
                           ("sinks", {"name": "shop"})):
            status, made = self.game.send("POST", f"/v1/points/{path}", {
                "key": new_key(), "title": self.game.title} | more, self.game.admin)
            self.assertEqual(status, 201, made)
        self.lock, self.granted, self.players = threading.Lock(), {}, []
        self.players += [Player(self, number) for number in range(6)]

    def kill_loop(self, config):
        self.begin(config)
        for player in self.players:
            player.start()
        for _ in range(KILL_COUNT):
            time.sleep(0.3 + self.random.random() * 1.2)
            self.server_.kill()
            self.server_.start()
        time.sleep(0.5)
        # However few there were of each on a slow machine.
        support.wait_until(lambda: all(self.outcomes().get(word, 0) > 5 for word in WORDS))
        for player in self.players:
            player.is_over.set()
        for player in self.players:
            player.join(timeout=120)
            self.assertFalse(player.is_alive() or player.failure, repr(player.failure))
        self.check()
        self.server_.kill()
        self.check_doctor(self.server_)
        done = self.server_.command("rebuild", "points")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_doctor(self.server_)
        self.server_.start()
        self.check()
        self.assertEqual(self.server_.metric("matsuri_points_faults_total"), 0)

    def get(self, path, headers):
        status, told = self.game.send("GET", f"/v1/points/{path}", None, headers)
        self.assertEqual(status, 200, told)
        return told

    def postings(self, player):
        found, before = [], ""
        while True:
            page = self.get(f"me/postings?limit=200{before}", player.own)
            found += page["postings"]
            if page["next"] is None:
                return found
            before = f"&before={page['next']}"

    def outcomes(self):
        return sum((collections.Counter(player.outcomes) for player in self.players),
                   collections.Counter())

    def check(self):
        outcomes = self.outcomes()
        print(f"{self.id()}: {dict(outcomes)}, {sum(p.asked_again for p in self.players)} asked again",
              flush=True)
        for word in WORDS:
            self.assertGreater(outcomes.get(word, 0), 5, word)
        points = 0
        for player in self.players:
            granted = sum(amount for whose, amount in self.granted.values() if whose is player)
            now = self.get("me", player.own)
            self.assertEqual(now, {"balance": granted + player.balance, "held": player.held})
            points += now["balance"] + now["held"]
            postings = self.postings(player)
            self.assertEqual(sum(one["amount"] for one in postings), now["balance"])
            self.assertEqual(len({one["key"] for one in postings}), len(postings))
            balance = 0
            for one in reversed(postings):
                balance += one["amount"]
                self.assertEqual(one["balance_after"], balance)
            of_grants = [one for one in postings if one["with"] == "campaign:festival"]
            self.assertEqual(len(of_grants), sum(whose is player for whose, _ in self.granted.values()))
        left = self.get("campaigns", self.game.server)["campaigns"][0]["left"]
        spent = self.get("sinks", self.game.server)["sinks"][0]["spent"]
        self.assertEqual(left + spent + points, BUDGET)

    def test_sqlite(self):
        self.kill_loop("[game]\nshards = 2\n")

    def test_mariadb(self):
        mariadb = self.start_mariadb()
        self.kill_loop(mariadb.config("main") + mariadb.game_config("game0", "game1"))


if __name__ == "__main__":
    support.main()
