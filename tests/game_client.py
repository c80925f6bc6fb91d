"""A title with game state, as tests of several folders want it: schema, keys, and commands."""

import copy
import json
import os
import time

SCHEMA = {"kinds": [
    {"name": "boss", "fields": [{"name": "hp", "min": 0, "max": 100000}],
     "players": {"which": "any",
                 "steps": [{"field": "hp", "do": "sub_clamp", "value_max": 50},
                           {"field": "hp", "do": "add_clamp", "value_max": 50, "bound": 1000}],
                 "guards": [{"field": "hp", "is": ">", "value": 0}]}},
    {"name": "raider", "fields": [{"name": "hp", "min": 0}, {"name": "damage", "min": 0}],
     "players": {"which": "own", "steps": [{"field": "damage", "do": "add", "value_max": 50}],
                 "guards": []}},
    {"name": "treasure", "fields": [{"name": "gold"}]},
    {"name": "sign", "fields": [{"name": "number"}], "players": {"which": "read"}}]}


def new_key(unix_ms=None):
    """A UUIDv7 of now, or of another moment."""
    now = int(time.time() * 1000) if unix_ms is None else unix_ms
    digits = f"{now:012x}7{os.urandom(2).hex()[1:]}{0x8 | os.urandom(1)[0] & 3:x}{os.urandom(8).hex()[1:]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def command(arena, entities, steps, guards=(), key=None, **more):
    return {"key": key or new_key(), "arena": arena,
            "entities": [{"kind": kind, "id": entity} for kind, entity in entities],
            "guards": list(guards), "steps": list(steps)} | more


def born(arena, hp=1000, boss="b1", **more):
    return command(arena, [("boss", boss)], [{"entity": 0, "field": "hp", "do": "set", "value": hp}],
                   reason="raid.begin", **more)


def attack(arena, value=10, boss="b1", **more):
    return command(arena, [("boss", boss)],
                   [{"entity": 0, "field": "hp", "do": "sub_clamp", "value": value}],
                   [{"entity": 0, "field": "hp", "is": ">", "value": 0}], reason="raid.attack", **more)


def heal(arena, value=10, boss="b1", **more):
    return command(arena, [("boss", boss)],
                   [{"entity": 0, "field": "hp", "do": "add_clamp", "value": value, "bound": 1000}],
                   [{"entity": 0, "field": "hp", "is": ">", "value": 0}], reason="raid.heal", **more)


def leg(arena, take=(), give=(), **more):
    """A leg of a trade; what it takes and gives as (kind, id, field, value)."""
    def moves(those):
        return [dict(zip(("kind", "id", "field", "value"), move)) for move in those]
    return {"arena": arena, "take": moves(take), "give": moves(give)} | more


def points_leg(*moves):
    """The leg of points of a trade; what changes hands as (from, to, amount)."""
    return {"points": [dict(zip(("from", "to", "amount"), move)) for move in moves]}


def trade(*legs, key=None, **more):
    return {"key": key or new_key(), "legs": list(legs)} | more


class Game:
    """What `send(method, path, body, headers)` -> (status, parsed body) does to one title."""

    def __init__(self, send, admin_headers, schema=None, title=None):
        self.send = send
        self.admin = admin_headers
        if title is None:
            status, made = send("POST", "/v1/titles", {"names": {"en": "A Game"}}, admin_headers)
            assert status == 201, made
            title = made["id"]
        self.title = title
        self.path = f"/v1/game/{self.title}"
        self.server_key = self.make_key("server", admin_headers)
        self.client_key = self.make_key("client", admin_headers)
        self.server = [("Authorization", f"Bearer {self.server_key['key']}")]
        status, put = send("PUT", f"{self.path}/schema", schema or SCHEMA, self.server)
        assert status == 200, put

    def but(self, **changed):
        """The same title and keys, reached in another way."""
        other = copy.copy(self)
        other.__dict__.update(changed)
        return other

    def make_key(self, kind, admin_headers):
        status, made = self.send("POST", f"{self.path}/keys", {"kind": kind, "name": kind},
                                 admin_headers)
        assert status == 201, made
        return made

    def player(self, account_headers):
        """Headers of somebody who plays."""
        status, made = self.send("POST", f"{self.path}/sessions",
                                 {"title_key": self.client_key["key"]}, account_headers)
        assert status == 201, made
        return [("Authorization", f"Bearer {self.client_key['key']}"),
                ("Matsuri-Player", made["player_token"])]

    def run(self, *commands, who=None, send=None):
        """The outcomes, and the token."""
        status, body = (send or self.send)("POST", f"{self.path}/commands",
                                           {"commands": list(commands)}, who or self.server)
        assert status == 200, (status, body)
        return body["outcomes"], body["token"]

    def one(self, wanted, who=None):
        return self.run(wanted, who=who)[0][0]

    def entity(self, arena, kind, entity, query="", who=None):
        return self.send("GET", f"{self.path}/entities/{arena}/{kind}/{entity}{query}", None,
                         who or self.server)

    def look_up(self, key, arena, who=None):
        return self.send("GET", f"{self.path}/commands/{key}?arena={arena}", None,
                         who or self.server)

    def trade(self, wanted, player=()):
        """(status, body); with the headers of a player whose points it may take."""
        return self.send("POST", f"{self.path}/trades", wanted, self.server + list(player[1:]))

    def find_trade(self, key):
        return self.send("GET", f"{self.path}/trades/{key}", None, self.server)

    def put_board(self, name, **board):
        """Defines it, and waits until it is filled."""
        status, put = self.send("PUT", f"{self.path}/boards/{name}", board, self.server)
        assert status == 200, put
        deadline = time.monotonic() + 60
        while self.board(name)[0] == 503:
            assert time.monotonic() < deadline, "a board is not filled"
            time.sleep(0.02)
        return put

    def board(self, rest, who=None):
        """(status, page) of what is behind /boards/."""
        return self.send("GET", f"{self.path}/boards/{rest}", None, who or self.server)

    def changes(self, query="", who=None):
        return self.send("GET", f"{self.path}/changes{query}", None, who or self.server)

    def all_changes(self, query=""):
        """Every change there is, page by page, and where that ends."""
        found, after = [], ""
        while True:
            status, page = self.changes(f"?limit=1000&after={after}{query}")
            assert status == 200, page
            found += page["changes"]
            if not page["changes"]:
                return found, page["next"]
            after = page["next"]


def sender(server):
    """The `send` of a functional Server."""
    def send(method, path, body, headers):
        raw = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        answer = server.request(method, path, headers=headers, raw=raw)
        return answer.status, json.loads(answer.body) if answer.body else None
    return send
