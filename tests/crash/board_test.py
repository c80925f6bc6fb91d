#!/usr/bin/env python3
"""Goal: kill -9 at any moment leaves no board that says another thing than the entities do: nothing is
counted twice or left out, also where the kill met a board that was being filled.
Method: raiders hit in many arenas of several shards, and are removed, while the server is killed in a
loop and boards are defined; then every board is compared with what the changes made of each entity. On
SQLite, and on MariaDB. A backup, which has no boards, is restored, and they are there.
"""

import os
import threading
import time
import unittest

import support
from game_client import command
from game_test import make_game, sender

ROUND_COUNT = int(os.environ.get("MATSURI_KILL_ROUNDS", "6"))
RAIDER_COUNT = 40
BOARDS = {
    "sum": {"combine": "sum"},
    "best": {"combine": "best"},
    "least": {"combine": "best", "order": "low"},
    "one": {"arena": "raid-1"},
}


class Hitter(threading.Thread):
    """Sends batches until it is told to end, whatever comes back."""

    def __init__(self, game, chance):
        super().__init__(daemon=True)
        self.game, self.chance = game, chance
        self.answered = self.broken = 0
        self.failure = None
        self.is_over = threading.Event()

    def any_command(self):
        arena, raider = f"raid-{self.chance.randrange(6)}", f"r{self.chance.randrange(RAIDER_COUNT)}"
        step = ({"entity": 0, "do": "remove"} if self.chance.random() < 0.1 else
                {"entity": 0, "field": "damage", "do": "add", "value": self.chance.randrange(5)})
        return command(arena, [("raider", raider)], [step])

    def run(self):
        try:
            while not self.is_over.is_set():
                try:
                    self.game.run(*[self.any_command() for _ in range(20)])
                    self.answered += 1
                except support.NoAnswer:
                    self.broken += 1
                    time.sleep(0.02)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error


def ranked(board, entities):
    """[(rank, id, value)] of a board, of the newest fields of each (arena, id); equal ones by id."""
    low, values = board.get("order") == "low", {}
    for (arena, raider), fields in entities.items():
        if "damage" not in fields or board.get("arena", arena) != arena:
            continue
        value, old = fields["damage"], values.get(raider)
        values[raider] = value if old is None else (
            old + value if board.get("combine") == "sum" else (min if low else max)(old, value))
    sign = 1 if low else -1
    order = sorted(values.items(), key=lambda one: (sign * one[1], one[0]))
    places = [value for _, value in order]
    return [(places.index(value) + 1, raider, value) for raider, value in order]


class BoardTest(support.CrashTest):
    def define(self, game, name, **board):
        while True:
            try:
                status, put = game.send("PUT", f"{game.path}/boards/{name}",
                                        {"kind": "raider", "field": "damage"} | board, game.server)
                self.assertEqual(status, 200, put)
                return
            except support.NoAnswer:
                time.sleep(0.02)

    def list_of(self, game, name, token):
        """All pages, once the board has come to the token."""
        deadline = time.monotonic() + 60
        entries, query = [], f"token={token}"
        while True:
            status, page = game.board(f"{name}?limit=7&after={len(entries)}&{query}")
            if status == 503 or page["stale"]:
                self.assertLess(time.monotonic(), deadline, f"{name} does not come to an end")
                time.sleep(0.05)
                continue
            entries += page["entries"]
            if not page["entries"]:
                return [(one["rank"], one["id"], one["value"]) for one in entries]

    def check_boards(self, game, boards):
        token = game.run(command("raid-0", [("raider", "r0")],
                                 [{"entity": 0, "field": "damage", "do": "add", "value": 1}]))[1]
        # Shards that nobody named here have to be read, too.
        for arena in range(6):
            game.run(command(f"raid-{arena}", [("raider", "last")],
                             [{"entity": 0, "field": "damage", "do": "add", "value": 1}]))
            token = game.run(command(f"raid-{arena}", [("raider", "last")],
                                     [{"entity": 0, "do": "remove"}]))[1]
            self.list_of(game, "sum", token)
        entities = {}
        for change in game.all_changes()[0]:
            for entity in change["entities"]:
                entities[(change["arena"], entity["id"])] = entity["fields"]
        for name, board in boards.items():
            listed = self.list_of(game, name, token)
            self.assertEqual(sorted(listed), sorted(ranked(board, entities)), name)
            self.assertEqual([one[0] for one in listed], [one[0] for one in ranked(board, entities)])

    def kill_under_load(self, config):
        server = self.server(config).start()
        game = make_game(server)
        boards = dict(BOARDS)
        for name, board in boards.items():
            self.define(game, name, **board)
        hitters = [Hitter(game, self.random) for _ in range(4)]
        for hitter in hitters:
            hitter.start()
        for number in range(ROUND_COUNT):
            time.sleep(self.random.choice((0.05, 0.3, 0.8)))
            # Killed while it is filled, more often than not.
            boards[f"late_{number}"] = {"combine": self.random.choice(("sum", "best"))}
            self.define(game, f"late_{number}", **boards[f"late_{number}"])
            server.kill()
            server.start()
        for hitter in hitters:
            hitter.is_over.set()
            hitter.join(timeout=60)
            if hitter.failure:
                raise AssertionError(repr(hitter.failure)) from hitter.failure
        self.assertGreater(sum(hitter.broken for hitter in hitters), 0)
        print(f"{sum(hitter.answered for hitter in hitters)} requests answered, "
              f"{sum(hitter.broken for hitter in hitters)} broke off, {len(boards)} boards")
        self.check_boards(game, boards)
        self.check_doctor(server)
        server.kill()
        server.start()
        self.check_boards(game, boards)
        self.assertEqual(server.stop()[0], 0)

    def test_kill_on_sqlite(self):
        self.kill_under_load("[game]\nshards = 3\n")

    def test_kill_on_mariadb(self):
        mariadb = self.start_mariadb()
        self.kill_under_load(
            mariadb.game_config("game_a", "game_b") +
            f'{mariadb.server_config("database.board")}engine = "mariadb"\n')

    def test_restored_from_a_backup_that_has_none(self):
        original = self.server("[game]\nshards = 2\n").start()
        game = make_game(original)
        for name, board in BOARDS.items():
            self.define(game, name, **board)
        hitter = Hitter(game, self.random)
        for _ in range(10):
            game.run(*[hitter.any_command() for _ in range(20)])
        to = self.folder / "backup"
        done = original.command("backup", "--to", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in to.glob("**/*board*")], [])
        game.run(*[hitter.any_command() for _ in range(50)])  # lost to the copy
        copy = self.server("[game]\nshards = 2\n", self.folder / "copy")
        done = copy.command("restore", "--from", to)
        self.assertEqual(done.returncode, 0, done.stderr)
        copy.start()
        there = game.but(send=sender(copy))
        self.check_boards(there, BOARDS)
        self.check_boards(game, BOARDS)
        for server in (original, copy):
            self.check_doctor(server)

    def test_a_lost_database_of_boards_is_made_again(self):
        server = self.server().start()
        game = make_game(server)
        for name, board in BOARDS.items():
            self.define(game, name, **board)
        hitter = Hitter(game, self.random)
        for _ in range(5):
            game.run(*[hitter.any_command() for _ in range(20)])
        self.assertEqual(server.stop()[0], 0)
        for path in (server.data / "db").glob("board.sqlite*"):
            path.unlink()
        server.start()
        self.check_boards(game, BOARDS)


if __name__ == "__main__":
    support.main()
