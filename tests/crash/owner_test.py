#!/usr/bin/env python3
"""Goal: of two servers that own the same shards one after the other, with one that sleeps and wakes up as an
owner of the past, all that clients are told is one order: nothing acknowledged is lost or doubled, nobody
reads the past, nobody is healed after death, and what is moved from one purse to another stays the sum.
Method: two `matsuri serve` on one MariaDB; clients at both, over HTTP and WebSockets, write down when
they asked and what they were told, while the owner is stopped by SIGSTOP longer than its lease, and then
goes on; tests/one_order.py checks all of it. The checker itself has to refuse histories with one planted
fault each.
"""

import copy
import os
import random
import signal
import threading
import time
import unittest

import support
from game_client import attack, born, command, heal
from game_socket import Closed, GameSocket
from game_test import make_game, sender
from mariadb_server import Mariadb
from one_order import DECIDED, Model, Operation, Read, Wrong, check

ROUND_COUNT = int(os.environ.get("MATSURI_KILL_ROUNDS", "4"))
ARENA_COUNT = 4
PURSES = ("one", "two", "three")
GOLD = 1000
# Longer than any commit takes, and much shorter than a server sleeps here.
ANSWER_S = 3


def arena_of(number):
    return f"raid-{number}"


def rich(arena):
    return command(arena, [("treasure", purse) for purse in PURSES],
                   [{"entity": at, "field": "gold", "do": "set", "value": GOLD}
                    for at in range(len(PURSES))])


def move_gold(arena, giver, taker, value):
    return command(arena, [("treasure", giver), ("treasure", taker)],
                   [{"entity": 0, "field": "gold", "do": "sub", "value": value},
                    {"entity": 1, "field": "gold", "do": "add", "value": value}],
                   [{"entity": 0, "field": "gold", "is": ">=", "value": value}])


def any_command(choice):
    at = choice.randrange(ARENA_COUNT)
    what = choice.random()
    if what < 0.3:
        giver, taker = choice.sample(PURSES, 2)
        return move_gold(arena_of(at), giver, taker, choice.randrange(1, 700))
    # In half of the arenas the boss falls sooner or later.
    if what < (0.9 if at % 2 else 0.65):
        return attack(arena_of(at), choice.randrange(1, 30))
    return heal(arena_of(at), choice.randrange(1, 30))


class Client(threading.Thread):
    """Sends commands and reads entities, at one server or the other, until it is told to end."""

    def __init__(self, games, seed, by_socket):
        super().__init__(daemon=True)
        self.games, self.choice, self.by_socket = games, random.Random(seed), by_socket
        self.operations, self.reads, self.failure = [], [], None
        self.broken = self.decided = 0
        self.is_over = threading.Event()
        self.sockets = {}

    def run(self):
        try:
            while not self.is_over.is_set():
                if self.choice.random() < 0.25:
                    self.read()
                else:
                    self.work()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error
        for one in self.sockets.values():
            one.close()

    def ask(self, game, commands):
        """The outcomes, and the moment at which they were there."""
        if self.by_socket:
            outcomes = self.ask_by_socket(game, commands)
        else:
            outcomes = game.run(*commands)[0]
        return outcomes, time.monotonic()

    def ask_by_socket(self, game, commands):
        try:
            if game.port not in self.sockets:
                self.sockets[game.port] = GameSocket(game.port, game.path, game.server, ANSWER_S)
            return self.sockets[game.port].run(*commands)[0]
        except (OSError, Closed) as error:
            if game.port in self.sockets:
                self.sockets.pop(game.port).close()
            raise support.NoAnswer(str(error)) from error

    def work(self):
        """One batch, until all of it is decided; of what broke off, or was refused, some is left."""
        left = [Operation(any_command(self.choice), time.monotonic())
                for _ in range(self.choice.choice((1, 3, 12)))]
        self.operations += left
        is_open = False  # a request broke off, and may still be on its way
        deadline = time.monotonic() + 90
        while left:
            assert time.monotonic() < deadline, "nobody decides"
            try:
                outcomes, now = self.ask(self.choice.choice(self.games),
                                         [one.command for one in left])
            except support.NoAnswer:
                self.broken += 1
                is_open = True
                left = [one for one in left if self.choice.random() < 0.9]
                continue
            is_open |= any(told["outcome"] == "unknown" for told in outcomes)
            left = [one for one, told in zip(left, outcomes) if not self.take(one, told, now)]
            if left and not is_open and self.choice.random() < 0.05:
                for one in left:
                    one.refused = True
                return
            if left:
                time.sleep(0.02)

    def take(self, one, told, now):
        assert told["key"] == one.command["key"], "an outcome of another command"
        if told["outcome"] in DECIDED:
            told.pop("duplicate")
            one.told, one.returned = told, now
            self.decided += 1
            return True
        assert told["outcome"] in ("overloaded", "not_owner", "unknown"), told
        return False

    def read(self):
        """Whoever does not own the shard says so: then the other is asked."""
        for game in self.choice.sample(self.games, len(self.games)):
            if self.read_at(game):
                return

    def read_at(self, game):
        arena = arena_of(self.choice.randrange(ARENA_COUNT))
        kind, name = self.choice.choice([("boss", "b1")] + [("treasure", purse) for purse in PURSES])
        invoked = time.monotonic()
        try:
            status, body = game.entity(arena, kind, name)
        except support.NoAnswer:
            return False
        if status == 503:
            return False
        assert status == 200, body
        seen = body["entity"]
        self.reads.append(Read(arena, kind, name, invoked, time.monotonic(), seen["version"],
                               seen["fields"]))
        return True


@unittest.skipUnless(Mariadb.is_installed(), "mariadbd is not installed")
class OwnerTest(support.CrashTest):
    def setUp(self):
        super().setUp()
        self.start_mariadb()
        self.games = []

    def tearDown(self):
        for server in self.servers:
            if server.process:
                server.process.send_signal(signal.SIGCONT)
        super().tearDown()

    def two_servers(self):
        """The second knows the title from main, which they share."""
        shared = self.mariadb.config("main") + self.mariadb.game_config("game_a", "game_b")
        first = self.server("node = 1\n" + shared).start()
        game = make_game(first)
        second = self.server("node = 2\n" + shared, self.folder / "second").start()
        for server in (first, second):
            self.games.append(game.but(send=sender(server, ANSWER_S), port=server.port))
        return first, second

    def begin(self):
        made = []
        for number in range(ARENA_COUNT):
            for one in (born(arena_of(number), 400), rich(arena_of(number))):
                made.append(self.settle(one))
        return made

    def settle(self, one):
        """Asks either server until it is decided: after a slow start the second may be the owner."""
        invoked, is_open = time.monotonic(), False
        while time.monotonic() < invoked + 60:
            for game in self.games:
                try:
                    told = game.one(one)
                except support.NoAnswer:
                    is_open = True  # it may have been executed all the same
                    continue
                if told["outcome"] in DECIDED:
                    self.assertEqual(told["outcome"], "applied")
                    duplicate = told.pop("duplicate")
                    self.assertFalse(duplicate and not is_open)
                    return Operation(one, invoked, time.monotonic(), told)
                is_open |= told["outcome"] == "unknown"
            time.sleep(0.02)
        raise AssertionError("nobody decides")

    def wait_progress(self, clients):
        """Until more commands were decided, and entities read."""
        def progress():
            return (sum(client.decided for client in clients),
                    sum(len(client.reads) for client in clients))

        decided, read = progress()
        deadline = time.monotonic() + 60
        while progress()[0] < decided + 60 or progress()[1] < read + 6:
            self.assertLess(time.monotonic(), deadline, "nobody takes over")
            for client in clients:
                if client.failure:
                    raise AssertionError(repr(client.failure)) from client.failure
            time.sleep(0.02)

    def stop(self, owner):
        """By SIGSTOP, within a transaction if that can be: then it sleeps with the row's lock."""
        for _ in range(60):
            owner.process.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            [[count]] = self.mariadb.ask(
                "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0")
            if count != "0":
                return True
            owner.process.send_signal(signal.SIGCONT)
            time.sleep(self.random.random() * 0.1)
        owner.process.send_signal(signal.SIGSTOP)
        return False

    def test_an_owner_that_sleeps_and_wakes_up(self):
        servers = self.two_servers()
        operations = self.begin()
        clients = [Client(self.games, f"{support.SEED} {number}", number % 2 == 1)
                   for number in range(6)]
        for client in clients:
            client.start()
        within_count = 0
        for _ in range(ROUND_COUNT):
            self.wait_progress(clients)
            [[name]] = self.mariadb.ask("SELECT owner FROM game_a.shard")
            owner = servers[("node 0.1", "node 0.2").index(name)]
            within_count += self.stop(owner)
            self.wait_progress(clients)  # by the other
            owner.process.send_signal(signal.SIGCONT)
        self.wait_progress(clients)
        for client in clients:
            client.is_over.set()
        for client in clients:
            client.join(timeout=120)
            self.assertFalse(client.is_alive(), "does not end")
            if client.failure:
                raise AssertionError(repr(client.failure)) from client.failure
        operations += [one for client in clients for one in client.operations]
        reads = [one for client in clients for one in client.reads]
        changes = self.all_changes()
        models = check(operations, reads, changes)
        self.assertEqual(len(models), ARENA_COUNT)
        for arena, model in models.items():
            self.assertEqual(sum(model.entities[("treasure", purse)][1]["gold"]
                                 for purse in PURSES), GOLD * len(PURSES), arena)
            life = [entity["fields"]["hp"] for change in changes if change["arena"] == arena
                    for entity in change["entities"] if entity["kind"] == "boss"]
            if 0 in life:
                self.assertEqual(life.index(0), len(life) - 1, "something happened to the dead")
        takeovers = sum(server.log.read_text(errors="replace").count("owns the shard")
                        for server in servers)
        print(f"{len(operations)} commands, {len(reads)} reads, {len(changes)} applied, "
              f"{sum(client.broken for client in clients)} requests broke off, "
              f"{sum(one.told is None for one in operations)} never told, {takeovers} takeovers, "
              f"{within_count} times stopped within a transaction")
        self.assertGreaterEqual(takeovers, 2 + ROUND_COUNT)
        self.assertGreater(within_count, 0, "was never stopped within a transaction")
        for server in servers:
            self.check_doctor(server)

    def all_changes(self):
        for game in self.games * 20:
            try:
                return game.all_changes()[0]
            except support.NoAnswer:
                time.sleep(0.1)
        raise AssertionError("nobody tells the changes")


class CheckerTest(unittest.TestCase):
    """A checker that refuses nothing proves nothing."""

    def history(self, seed):
        """One that is right: six clients whose commands take a while, and are decided within it."""
        choice, models, clock = random.Random(seed), {}, 0.0
        operations, reads, changes = [], [], []
        for number in range(ARENA_COUNT):
            models[arena_of(number)] = Model()
        sent = [one for number in range(ARENA_COUNT)
                for one in (born(arena_of(number), 400), rich(arena_of(number)))]
        sent += [any_command(choice) for _ in range(400)]
        for seq, one in enumerate(sent, 1):
            clock += 1
            told = models[one["arena"]].run(one, seq) | {
                "key": one["key"], "seq": seq, "time_ms": seq}
            if told["outcome"] == "applied":
                changes.append({name: told[name] for name in ("key", "seq", "time_ms", "entities")} |
                               {"arena": one["arena"]})
            operations.append(Operation(one, clock - choice.random() * 6,
                                        clock + choice.random() * 6, told))
            if choice.random() < 0.5:
                seen = models[one["arena"]].shown(("boss", "b1"))
                reads.append(Read(one["arena"], "boss", "b1", clock - choice.random() * 3 + 0.01,
                                  clock + choice.random() * 3, seen["version"], seen["fields"]))
        # Of some nobody heard.
        for one in choice.sample(operations, 40):
            one.told, one.returned = None, float("inf")
        return operations, reads, changes

    def test_right_ones_are_taken(self):
        for seed in range(20):
            models = check(*self.history(seed))
            self.assertEqual(len(models), ARENA_COUNT)

    def refuse(self, plant, words):
        for seed in range(5):
            operations, reads, changes = copy.deepcopy(self.history(seed))
            plant(operations, reads, changes)
            with self.assertRaisesRegex(Wrong, words):
                check(operations, reads, changes)

    @staticmethod
    def applied(operations, at=20):
        return [one for one in operations if one.told and one.told["outcome"] == "applied"][at]

    def test_lost(self):
        def plant(operations, _, changes):
            key = self.applied(operations).command["key"]
            changes[:] = [change for change in changes if change["key"] != key]
        self.refuse(plant, "told applied, and the feed has None")

    def test_doubled(self):
        def plant(operations, _, changes):
            key = self.applied(operations).command["key"]
            again = next(change for change in changes if change["key"] == key)
            changes.append(again | {"seq": 10_000})
        self.refuse(plant, "applied twice")

    def test_decided_twice_and_told_of_both(self):
        def plant(operations, _, __):
            one = self.applied(operations)
            one.told = one.told | {"seq": 10_000}
        self.refuse(plant, "the feed has")

    def test_executed_though_it_was_refused(self):
        def plant(operations, _, changes):
            keys = {change["key"] for change in changes}
            one = next(one for one in operations if one.told is None and one.command["key"] in keys)
            one.refused = True
        self.refuse(plant, "told that it was not")

    def test_from_nowhere(self):
        def plant(operations, _, changes):
            gone = self.applied(operations)
            operations.remove(gone)
        self.refuse(plant, "nobody sent this")

    def test_told_before_what_came_before_it_was_sent(self):
        def plant(operations, _, __):
            one = self.applied(operations)
            later = next(other for other in operations if other.told and
                         other.command["arena"] == one.command["arena"] and
                         other.told["seq"] > one.told["seq"] + 40)
            one.invoked, one.returned = later.returned + 1, later.returned + 2
        self.refuse(plant, "was told before")

    def test_two_at_one_place(self):
        def plant(operations, _, changes):
            one = self.applied(operations)
            other = next(other for other in operations if other.told and other is not one and
                         other.told["outcome"] == "rejected" and
                         other.command["arena"] == one.command["arena"])
            other.told = other.told | {"seq": one.told["seq"]}
        self.refuse(plant, "two at place")

    def test_no_guard_looked_at(self):
        """A heal after death, as a server that forgets guards would do it."""
        def plant(operations, reads, changes):
            one = next(one for one in operations if one.told and one.told["outcome"] == "rejected")
            one.told = {"key": one.command["key"], "outcome": "applied", "seq": one.told["seq"],
                        "time_ms": one.told["time_ms"], "entities": one.told["entities"]}
            changes.append({name: one.told[name] for name in ("key", "seq", "time_ms", "entities")} |
                           {"arena": one.command["arena"]})
        self.refuse(plant, "outcome is applied, and should be rejected")

    def test_a_write_that_was_overwritten(self):
        """Two owners that decided from the same state."""
        def plant(operations, _, changes):
            one = self.applied(operations, 60)
            one.told = copy.deepcopy(one.told)
            name = next(iter(one.told["entities"][0]["fields"]))
            one.told["entities"][0]["fields"][name] += 1
            for change in changes:
                if change["key"] == one.command["key"]:
                    change["entities"] = one.told["entities"]
        self.refuse(plant, "entities is")

    def test_a_read_of_the_past(self):
        def plant(operations, reads, _):
            last = [one for one in operations if one.told and one.told["outcome"] == "applied"
                    and one.command["entities"][0]["kind"] == "boss"][-1]
            arena = last.command["arena"]
            first = next(read for read in reads if read.arena == arena and read.version > 0)
            reads.append(Read(arena, "boss", "b1", last.returned + 10, last.returned + 11,
                              first.version, first.fields))
        self.refuse(plant, "a read of the past")

    def test_a_read_of_the_future(self):
        def plant(_, reads, __):
            last = max(reads, key=lambda read: read.version)
            last.invoked = last.returned = 0.5
        self.refuse(plant, "a read of what was not sent yet")

    def test_a_read_of_another_value(self):
        def plant(_, reads, __):
            read = next(read for read in reads if read.version > 0)
            read.fields = {"hp": 399_999}
        self.refuse(plant, "a read of what never was")

    def test_reads_that_go_back(self):
        def plant(operations, reads, changes):
            # The last of a boss was never told to anybody: so only the reads know.
            keys = {change["key"] for change in changes}
            last = [one for one in operations if one.command["key"] in keys and
                    one.command["entities"][0]["kind"] == "boss"][-1]
            arena, told = last.command["arena"], last.told or next(
                change for change in changes if change["key"] == last.command["key"])
            after = told["entities"][0]
            last.told, last.returned = None, float("inf")
            before = next(change for change in reversed(changes) if change["arena"] == arena and
                          change["key"] != last.command["key"] and
                          change["entities"][0]["kind"] == "boss")["entities"][0]
            reads.append(Read(arena, "boss", "b1", 5000, 5001, after["version"], after["fields"]))
            reads.append(Read(arena, "boss", "b1", 5002, 5003, before["version"], before["fields"]))
        self.refuse(plant, "older than one before it")


if __name__ == "__main__":
    support.main()
