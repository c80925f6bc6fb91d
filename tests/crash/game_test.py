#!/usr/bin/env python3
"""Goal: kill -9 at full load neither loses nor doubles a command; what was not answered can be found
by its key, or was not executed; the feed has no hole and no repetition; nobody is healed after death.
Method: raiders hit and heal bosses and count it on themselves, in batches, over HTTP and many at once over
WebSockets, while the server is killed and started again, on SQLite and MariaDB; then everything is counted from the feed. A key that comes many
times at once. A backup that is restored beside the original.
"""

import collections
import http.client
import json
import os
import random
import threading
import time
import unittest

import support
from game_client import Game, attack, born, command, heal, new_key
from game_socket import Closed, GameSocket, outcomes_of

ROUND_COUNT = int(os.environ.get("MATSURI_KILL_ROUNDS", "8"))
BOSS_COUNT = 6
# Time for an answer that waits for commits of a machine that is busy elsewhere.
ANSWER_S = 30
PIPELINE_COUNT = 8


def sender(server, timeout_s=ANSWER_S):
    """The `send` that Game wants; NoAnswer where the connection breaks."""
    def send(method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
        try:
            raw = None if body is None else json.dumps(body, separators=(",", ":")).encode()
            lines = dict(headers) | ({"Content-Type": "application/json"} if raw else {})
            connection.request(method, path, raw, lines)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        except (OSError, http.client.HTTPException) as error:
            raise support.NoAnswer(str(error)) from error
        finally:
            connection.close()
    return send


def make_game(server, handle="gamemaster"):
    """A title on that server, and headers of an account there."""
    _, token = support.sign_up(server.port, handle)
    done = server.command("account", "role", handle, "admin")
    assert done.returncode == 0, done.stderr
    admin = [("Authorization", f"Bearer {token}")]
    send = sender(server)
    for _ in range(200):  # until the server has heard of it
        if send("PUT", f"/v1/accounts/{handle}/role", {"role": "admin"}, admin)[0] == 200:
            game = Game(send, admin)
            game.port = server.port
            return game
        time.sleep(0.05)
    raise AssertionError("the server does not hear of a role")


class Raider(threading.Thread):
    """Sends batches until it is told to end. `decided` has the outcome of each key that was answered;
    `open` the commands that were not, which are looked up as soon as somebody answers."""

    def __init__(self, game, name, seed):
        super().__init__(daemon=True)
        self.game, self.name, self.random = game, name, random.Random(seed)
        self.decided, self.sent, self.refused = {}, {}, set()
        self.broken = self.found = self.resent = 0
        self.failure = None
        self.is_over = threading.Event()

    def make(self):
        arena = f"raid-{self.random.randrange(BOSS_COUNT)}"
        made = self.random.choice((attack, heal))(arena, self.random.randrange(1, 40))
        made["entities"].append({"kind": "raider", "id": self.name})
        made["steps"].append({"entity": 1, "field": "damage", "do": "add", "value": 1})
        return made

    def make_batch(self):
        batch = [self.make() for _ in range(self.random.choice((1, 5, 40)))]
        self.sent |= {one["key"]: one for one in batch}
        return batch

    def run(self):
        try:
            while not self.is_over.is_set():
                self.send_some()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def send_some(self):
        batch = self.make_batch()
        try:
            self.take(batch)
        except support.NoAnswer:
            self.broken += 1
            self.settle(batch)

    def take(self, batch):
        self.took(batch, self.game.run(*batch)[0])

    def took(self, batch, outcomes):
        for one, told in zip(batch, outcomes):
            assert one["key"] == told["key"], "an outcome of another command"
            if told["outcome"] in ("applied", "rejected"):
                self.decided[told["key"]] = told
            else:
                assert told["outcome"] in ("overloaded", "not_owner", "unknown"), told
                if told["outcome"] == "unknown":
                    self.settle([one])
                else:
                    self.refused.add(told["key"])

    def settle(self, batch):
        """Each is looked up until somebody answers. Half of what was not executed is sent again."""
        deadline = time.monotonic() + 60
        for one in batch:
            while True:
                assert time.monotonic() < deadline, "nobody answers"
                try:
                    status, body = self.game.look_up(one["key"], one["arena"])
                    if status == 503:
                        time.sleep(0.05)
                        continue
                    if status == 200:
                        self.found += 1
                        self.decided[one["key"]] = body["outcome"]
                    else:
                        assert status == 404, body
                        if self.random.random() < 0.5:
                            self.resent += 1
                            self.take([one])
                        else:
                            self.refused.add(one["key"])
                    break
                except support.NoAnswer:
                    time.sleep(0.02)


class SocketRaider(Raider):
    """The same over a WebSocket, with many batches on their way at once."""

    def send_some(self):
        waiting = {}
        try:
            opened = GameSocket(self.game.port, self.game.path, self.game.server)
        except (OSError, Closed):
            time.sleep(0.02)
            return
        try:
            while waiting or not self.is_over.is_set():
                while len(waiting) < PIPELINE_COUNT and not self.is_over.is_set():
                    waiting[opened.last_id + 1] = batch = self.make_batch()
                    opened.send_commands(batch)
                response = opened.read()
                self.took(waiting.pop(response.id), outcomes_of(response))
        except (OSError, Closed):
            self.broken += 1
            for batch in waiting.values():
                self.settle(batch)
        finally:
            opened.close()


class Follower(threading.Thread):
    """Reads the changes from the first one on, through whatever happens to the server."""

    def __init__(self, game):
        super().__init__(daemon=True)
        self.game = game
        self.changes, self.failure = [], None
        self.is_over = threading.Event()

    def run(self):
        after = ""
        try:
            while True:
                ends = self.is_over.is_set()
                try:
                    status, page = self.game.changes(f"?after={after}&limit=200&wait_ms=200")
                except support.NoAnswer:
                    time.sleep(0.02)
                    continue
                if status == 503:
                    continue
                assert status == 200, page
                self.changes += page["changes"]
                after = page["next"]
                if ends and not page["changes"]:
                    return
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error


class GameTest(support.CrashTest):
    def raid(self, server):
        game = make_game(server)
        for number in range(BOSS_COUNT):
            game.one(born(f"raid-{number}", hp=1000))
        raiders = [kind(game, f"raider{number}", f"{support.SEED} {number}")
                   for number, kind in enumerate([Raider] * 4 + [SocketRaider] * 2)]
        follower = Follower(game)
        for thread in [*raiders, follower]:
            thread.start()
        return game, raiders, follower

    def finish(self, raiders, follower):
        for thread in [*raiders, follower]:
            thread.is_over.set()
            thread.join(timeout=90)
            self.assertFalse(thread.is_alive(), "does not end")
            if thread.failure:
                raise AssertionError(repr(thread.failure)) from thread.failure

    def check(self, game, raiders, follower):
        changes, _ = game.all_changes()
        per_arena = collections.defaultdict(list)
        for change in changes:
            per_arena[change["arena"]].append(change)
        # Each once, each arena in its order; and what was followed over the kills is the same.
        keys = [change["key"] for change in changes]
        self.assertEqual(len(keys), len(set(keys)))
        followed = collections.defaultdict(list)
        for change in follower.changes:
            followed[change["arena"]].append(change)
        self.assertEqual(followed, per_arena)
        for arena, of_arena in per_arena.items():
            seqs = [change["seq"] for change in of_arena]
            self.assertEqual(seqs, sorted(set(seqs)), arena)
            self.check_boss(of_arena)
        there = {change["key"]: change for change in changes}
        sent, damage = {}, collections.Counter()
        for raider in raiders:
            sent |= raider.sent
            for key, told in raider.decided.items():
                self.assertEqual(key in there, told["outcome"] == "applied", told)
                if key in there:
                    self.assertEqual(there[key]["seq"], told["seq"])
                    self.assertEqual(there[key]["entities"], told["entities"])
            self.assertEqual([key for key in raider.refused if key in there], [],
                             "executed, and told that it was not")
            missing = raider.sent.keys() - raider.decided.keys() - raider.refused
            self.assertEqual(missing, set(), "nobody knows what became of these")
        begun = [change for change in changes if change["reason"] == "raid.begin"]
        self.assertEqual(len(begun), BOSS_COUNT)
        self.assertLessEqual(there.keys() - {change["key"] for change in begun}, sent.keys())
        # Recount: what raiders have is what was applied.
        for key in there.keys() & sent.keys():
            for entity in sent[key]["entities"][1:]:
                damage[(sent[key]["arena"], entity["id"])] += 1
        for (arena, name), count in damage.items():
            for query in ("", "?consistency=any"):
                status, read = game.entity(arena, "raider", name, query)
                self.assertEqual((status, read["entity"]["fields"]["damage"]), (200, count))

    def check_boss(self, changes):
        """Versions without a gap, and no life after death."""
        versions = [change["entities"][0]["version"] for change in changes]
        self.assertEqual(versions, list(range(1, len(changes) + 1)))
        life = [change["entities"][0]["fields"]["hp"] for change in changes]
        if 0 in life:
            self.assertEqual(life.index(0), len(life) - 1, "something happened to the dead")

    def kill_under_load(self, config):
        server = self.server(config).start()
        game, raiders, follower = self.raid(server)
        for number in range(ROUND_COUNT):
            time.sleep(self.random.choice((0.05, 0.3, 1.0)))
            server.kill()
            server.start()
            # Bosses that fell make room for others, so that there is always something to decide.
            for boss in range(BOSS_COUNT):
                game.one(command(f"raid-{boss}", [("treasure", f"t{number}")],
                                 [{"entity": 0, "field": "gold", "do": "add", "value": 1}],
                                 reason="between"))
        self.finish(raiders, follower)
        self.assertGreater(sum(raider.broken for raider in raiders), 0)
        self.assertGreater(sum(len(raider.decided) for raider in raiders), 10 * ROUND_COUNT)
        print(f"{sum(len(raider.decided) for raider in raiders)} decided, "
              f"{sum(raider.broken for raider in raiders)} requests broke off, "
              f"{sum(raider.found for raider in raiders)} commands found by their keys, "
              f"{sum(raider.resent for raider in raiders)} sent again")
        self.drop_between(follower)
        self.check_without_between(game, raiders, follower)
        self.check_doctor(server)
        server.kill()
        self.check_doctor(server)
        server.start()
        self.check_without_between(game, raiders, follower)
        self.assertEqual(server.stop()[0], 0)

    def drop_between(self, follower):
        follower.changes = [change for change in follower.changes if change["reason"] != "between"]

    def check_without_between(self, game, raiders, follower):
        read_all = game.all_changes
        try:
            game.all_changes = lambda: ([change for change in read_all()[0]
                                         if change["reason"] != "between"], None)
            self.check(game, raiders, follower)
        finally:
            game.all_changes = read_all

    def test_kill_on_sqlite(self):
        self.kill_under_load("[game]\nshards = 3\n")

    def test_kill_on_mariadb(self):
        self.kill_under_load(self.start_mariadb().game_config("game_a", "game_b"))

    def test_a_key_many_times_at_once(self):
        game = make_game(self.server().start())
        game.one(born("raid"))
        for _ in range(20):
            hit, told = attack("raid", 1), []
            gate = threading.Barrier(8)

            def send():
                gate.wait()
                told.append(game.one(hit))

            threads = [threading.Thread(target=send) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual({one["outcome"] for one in told}, {"applied"})
            self.assertEqual(len({one["seq"] for one in told}), 1)
            self.assertEqual(sorted(one["duplicate"] for one in told), [False] + [True] * 7)
        _, read = game.entity("raid", "boss", "b1")
        self.assertEqual(read["entity"]["fields"]["hp"], 980)

    def test_no_heal_after_death(self):
        game = make_game(self.server().start())
        for round_number in range(5):
            arena = f"last-stand-{round_number}"
            game.one(born(arena, hp=400))
            outcomes = []

            def fight(make, arena=arena, outcomes=outcomes):
                for _ in range(25):
                    outcomes.extend(game.run(*[make(arena, 7) for _ in range(4)])[0])

            threads = [threading.Thread(target=fight, args=(make,))
                       for make in (attack, attack, attack, heal, heal)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            game.run(*[attack(arena, 50) for _ in range(200)])
            self.check_boss(game.all_changes(f"&arena={arena}")[0])
            told = game.one(heal(arena))
            self.assertEqual((told["outcome"], told["entities"][0]["fields"]), ("rejected", {"hp": 0}))

    def test_restored_beside_the_original(self):
        original = self.server("[game]\nshards = 2\n").start()
        game = make_game(original)
        for number in range(8):
            game.one(born(f"raid-{number}"))
        _, early = game.changes("?limit=3")
        to = self.folder / "backup"
        done = original.command("backup", "--to", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        # The original goes on: this future is lost to the copy.
        lost = [attack(f"raid-{number}") for number in range(8)]
        _, token = game.run(*lost)
        late = game.all_changes()[1]
        copy = self.server("[game]\nshards = 2\n", self.folder / "copy")
        done = copy.command("restore", "--from", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        copy.start()
        there = game.but(send=sender(copy))
        # Cursors and tokens of the original are none of the copy's.
        for after in (early["next"], late):
            self.assertEqual(there.changes(f"?after={after}")[0], 409)
        status, read = there.entity("raid-1", "boss", "b1", f"?consistency=at_least&token={token}")
        self.assertEqual((status, read["entity"]["fields"]["hp"]), (200, 1000))
        # What the copy never heard of, it runs, once.
        self.assertEqual(there.look_up(lost[1]["key"], "raid-1")[0], 404)
        self.assertEqual([(one["outcome"], one["duplicate"]) for one in there.run(*lost)[0]],
                         [("applied", False)] * 8)
        self.assertEqual([one["duplicate"] for one in there.run(*lost)[0]], [True] * 8)
        self.assertEqual(len(there.all_changes()[0]), 16)
        # And the original goes on as if nothing was.
        self.assertEqual([one["duplicate"] for one in game.run(*lost)[0]], [True] * 8)
        self.assertEqual(len(game.changes(f"?after={early['next']}")[1]["changes"]), 13)
        game.one(attack("raid-1", key=new_key()))
        for server in (original, copy):
            self.check_doctor(server)

    def test_backup_on_mariadb(self):
        original = self.server(self.start_mariadb().game_config("game_a", "game_b")).start()
        game = make_game(original)
        game.run(*[born(f"raid-{number}") for number in range(8)])
        done = original.command("backup", "--to", self.folder / "backup")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_doctor(original)
        copy = self.server(self.mariadb.game_config("copy_a", "copy_b"), self.folder / "copy")
        done = copy.command("restore", "--from", self.folder / "backup")
        self.assertEqual(done.returncode, 0, done.stderr)
        copy.start()
        there = game.but(send=sender(copy))
        self.assertEqual(there.changes(f"?after={game.all_changes()[1]}")[0], 409)
        self.assertEqual(len(there.all_changes()[0]), 8)
        self.assertEqual(there.one(attack("raid-5"))["outcome"], "applied")
        self.check_doctor(copy)


if __name__ == "__main__":
    support.main()
