"""Game state: schemas and keys of titles, players, commands, look-ups, entities, changes."""

import copy
import json
import time

from game_client import SCHEMA, Game, attack, born, command, heal, new_key, sender
from game_socket import opening
from support import Person, to_bytes
from walk import CONTRACT, Walk

STREAM = [("Accept", "text/event-stream")]


class GameWalk(Walk):
    bodies = {
        "createTitleKey": {"kind": "server", "name": "A key"},
        "putGameSchema": SCHEMA,
        "openGameSession": {"title_key": "mk_x"},
        "runCommands": {"commands": []},
    }

    def game(self):
        """A title of one's own, and an admin."""
        admin = Person(self.server, f"gm{time.monotonic_ns() % 10**12}").becomes_admin(self.server)
        return Game(sender(self.server), admin.headers(self.server)), admin

    def run_at(self, game, *commands, who=None):
        raw = json.dumps({"commands": list(commands)}, separators=(",", ":")).encode()
        return self.call("runCommands", 200, raw=raw, headers=who or game.server,
                         title=game.title).json["outcomes"]

    def expect(self, game, outcome, wanted, who=None):
        told = self.run_at(game, wanted, who=who)[0]
        self.assertEqual(told["outcome"], outcome, told)
        return told

    def test_title_keys(self):
        game, admin = self.game()
        title = {"title": game.title}
        for name in ("listTitleKeys", "createTitleKey"):
            self.call(name, 403, who=self.mio, **title)
            self.call(name, 404, who=admin)
            self.call(name, 404, who=admin, title="x")
        self.call("revokeTitleKey", 403, who=self.mio, key=1, **title)
        self.call("revokeTitleKey", 404, who=admin, key=1, **title)
        self.call("revokeTitleKey", 404, who=admin, key="x", **title)
        for body in ({"kind": "server"}, {"name": "x"}, {"kind": "king", "name": "x"},
                     {"kind": "server", "name": ""}, {"kind": "server", "name": "x" * 41},
                     {"kind": "server", "name": "x", "id": "5"}):
            self.call("createTitleKey", 400, who=admin, body=body, **title)
        made = [self.call("createTitleKey", 201, who=admin, **title,
                          body={"kind": "client", "name": "x" * 40}).json for _ in range(6)]
        self.assertEqual(self.call("createTitleKey", 429, who=admin, **title).code, "exhausted")
        keys = self.call("listTitleKeys", 200, who=admin, **title).json["keys"]
        self.assertEqual([key["id"] for key in keys[2:]], [key["id"] for key in made])
        self.assertNotIn("key", keys[0])
        self.call("revokeTitleKey", 204, who=admin, key=made[0]["id"], **title)
        self.call("revokeTitleKey", 404, who=admin, key=made[0]["id"], **title)
        self.call("createTitleKey", 201, who=admin, **title)

    def test_schemas(self):
        game, admin = self.game()
        title = {"title": game.title}
        shown = self.call("getGameSchema", 200, headers=game.server, **title).json
        self.assertEqual([kind["name"] for kind in shown["kinds"]],
                         ["boss", "raider", "treasure", "sign"])
        self.assertEqual(self.call("putGameSchema", 200, who=admin, body=shown, **title).json, shown)
        self.call("getGameSchema", 200, who=admin, **title)
        player = game.player(self.mio.headers(self.server))
        self.call("getGameSchema", 200, headers=player, **title)
        self.call("putGameSchema", 403, headers=player, **title)
        for name in ("getGameSchema", "putGameSchema"):
            self.call(name, 403, who=self.mio, **title)
            self.call(name, 404, who=admin)
        empty = self.server.request("POST", "/v1/titles", {"names": {"en": "x"}}, who=admin).json
        self.call("getGameSchema", 404, who=admin, title=empty["id"])

        def changed(change):
            other = copy.deepcopy(SCHEMA)
            change(other["kinds"])
            return other

        for change in (lambda kinds: kinds.reverse(), lambda kinds: kinds.pop(),
                       lambda kinds: kinds[0]["fields"].insert(0, {"name": "x"}),
                       lambda kinds: kinds[0]["fields"][0].update(max=99999)):
            self.call("putGameSchema", 409, headers=game.server, body=changed(change), **title)
        rule = SCHEMA["kinds"][0]["players"]
        for rules in ({"which": "some"}, {"which": "any", "steps": [{"do": "add", "value_max": 1}]},
                      {"which": "any", "steps": [{"field": "mana", "do": "add", "value_max": 1}]},
                      {"which": "any", "steps": [{"field": "hp", "do": "add"}]},
                      {"which": "any", "steps": [{"field": "hp", "do": "add", "value_max": 1,
                                                  "bound": 1}]},
                      {"which": "any", "steps": rule["steps"] * 17},
                      {"which": "any", "guards": rule["guards"] * 17},
                      {"which": "any", "guards": [{"is": "version", "value": 1}]},
                      {"which": "read", "steps": rule["steps"]}):
            self.call("putGameSchema", 400, headers=game.server, **title,
                      body=changed(lambda kinds, r=rules: kinds[0].update(players=r)))
        fields = [{"name": f"f{number}"} for number in range(65)]
        for wrong in ({"kinds": []}, {"kinds": [{"name": "x", "fields": []}]},
                      {"kinds": [{"name": "X", "fields": fields[:1]}]},
                      {"kinds": [{"name": "x", "fields": fields}]},
                      {"kinds": [{"name": "x" * 33, "fields": fields[:1]}]},
                      {"kinds": [{"name": f"k{number}", "fields": fields[:1]}
                                 for number in range(65)]}, {"kinds": 1}, {"kinds": [1]}, {}):
            self.call("putGameSchema", 400, who=admin, body=wrong, title=empty["id"])
        most = {"kinds": [{"name": "k" * 30 + f"{number:02}", "fields": fields[:64]}
                          for number in range(64)]}
        self.call("putGameSchema", 200, who=admin, body=most, title=empty["id"])

    def test_players_and_their_tokens(self):
        game, admin = self.game()
        title = {"title": game.title}
        other, _ = self.game()
        self.call("openGameSession", 401, who=self.mio, **title)
        self.call("openGameSession", 401, who=self.mio, **title,
                  body={"title_key": other.client_key["key"]})
        self.call("openGameSession", 400, who=self.mio, body={}, **title)
        mio = Person(self.server, f"p{time.monotonic_ns() % 10**12}")
        opened = self.call("openGameSession", 201, who=mio, **title,
                           body={"title_key": game.client_key["key"]}).json
        self.assertEqual(opened["player"], mio.id)
        self.assertLess(abs(opened["server_time_ms"] - time.time() * 1000), 60_000)
        client = ("Authorization", f"Bearer {game.client_key['key']}")
        token = opened["player_token"]
        good = [client, ("Matsuri-Player", token)]
        run = {"raw": json.dumps({"commands": [born("x")]}).encode(), **title}
        self.call("runCommands", 200, headers=good, **run)
        forged = token[:20] + ("B" if token[20] == "A" else "A") + token[21:]
        foreign = other.player(mio.headers(self.server))[1]
        for headers in ([client], [client, ("Matsuri-Player", forged)], [client, foreign],
                        [client, ("Matsuri-Player", "mp_")], [client, ("Matsuri-Player", token[:-1])],
                        [("Matsuri-Player", token)], other.server,
                        [("Authorization", f"Bearer {game.client_key['key'][:-2]}AA"), good[1]]):
            self.call("runCommands", 401, headers=headers, **run)
        for name in ("lookUpCommand", "getGameEntity", "getGameChanges", "getGameSchema"):
            self.call(name, 401, headers=[client], arena="x", kind="boss", id="b", key=new_key(),
                      query="?arena=x", **title)
        self.call("runCommands", 200, headers=good, **run)
        # All sessions closed: the epoch moves, and the token is over.
        assert self.server.request("DELETE", "/v1/sessions", who=mio).status == 204
        self.call("runCommands", 401, headers=good, **run)
        # The key revoked: so are the tokens that it gave.
        good = game.player(self.ken.headers(self.server))
        second = game.make_key("client", admin.headers(self.server))
        self.call("runCommands", 200, headers=good, **run)
        self.call("revokeTitleKey", 204, who=admin, key=game.client_key["id"], **title)
        self.call("runCommands", 401, headers=good, **run)
        self.call("runCommands", 401, **run,
                  headers=[("Authorization", f"Bearer {second['key']}"), good[1]])

    def test_requests_of_commands(self):
        game, admin = self.game()
        title = {"title": game.title}
        self.call("runCommands", 401, headers=game.server)
        for raw in (b"", b"{", b"[]", b"{}", b"null", b"\xff", b'{"commands":[]}',
                    b'{"commands":{}}', b'{"commands":[{}],"more":1}',
                    b'{"commands":[' + b",".join([b"{}"] * 1025) + b"]}",
                    b'{"commands":[{"key":18446744073709551616}]}',
                    b'{"commands":[' + b"[" * 20 + b"]" * 20 + b"]}"):
            self.call("runCommands", 400, headers=game.server, raw=raw, **title)
        self.call("runCommands", 413, headers=game.server, raw=b" " * 262145, **title)
        most = b'{"commands":[' + b",".join([b"{}"] * 1024) + b"]}"
        told = self.call("runCommands", 200, headers=game.server, raw=most.ljust(262144), **title)
        self.assertEqual({outcome["outcome"] for outcome in told.json["outcomes"]}, {"invalid"})
        empty = self.server.request("POST", "/v1/titles", {"names": {"en": "x"}}, who=admin).json
        key = self.call("createTitleKey", 201, who=admin, title=empty["id"]).json["key"]
        none = {"title": empty["id"], "headers": [("Authorization", f"Bearer {key}")]}
        self.call("runCommands", 404, raw=most, **none)
        self.call("getGameSchema", 404, **none)
        self.call("getGameChanges", 404, **none)

    def test_outcomes(self):
        game, _ = self.game()
        begun = self.expect(game, "applied", born("raid"))
        self.assertEqual(begun["entities"], [{"kind": "boss", "id": "b1", "version": 1,
                                              "fields": {"hp": 1000}}])
        first = attack("raid", 300)
        hit = self.expect(game, "applied", first)
        self.assertEqual((hit["duplicate"], hit["entities"][0]["fields"]), (False, {"hp": 700}))
        self.assertEqual(self.expect(game, "applied", first), hit | {"duplicate": True})
        # Another deadline is no other command; another value, reason or link is.
        self.assertTrue(self.expect(game, "applied", first | {"deadline_ms": 9})["duplicate"])
        for other in (attack("raid", 301, key=first["key"]), first | {"reason": "x"},
                      first | {"guards": []}, first | {"entities": [{"kind": "boss", "id": "b2"}]}):
            self.expect(game, "key_reuse", other)
        now = int(time.time() * 1000)
        self.expect(game, "key_too_old", attack("raid", key=new_key(now - 7 * 86400_000 - 2000)))
        self.expect(game, "key_from_future", attack("raid", key=new_key(now + 60_000)))
        late = [{"is": "now<", "value": now - 1}]
        self.assertEqual(self.expect(game, "rejected", attack("raid") | {"guards": late})["guard"], 0)
        old = [{"entity": 0, "is": "version", "value": 1}]
        told = self.expect(game, "version_mismatch", attack("raid") | {"guards": old})
        self.assertEqual(told["entities"][0]["version"], 2)
        # A chain: all or none.
        dead = [{"entity": 0, "field": "hp", "is": "<", "value": 0}]
        told = self.run_at(game, attack("raid", linked=True), attack("raid") | {"guards": dead})
        self.assertEqual([(one["outcome"], one.get("linked")) for one in told],
                         [("linked_failed", 1), ("rejected", None)])
        told = self.run_at(game, attack("raid", linked=True), attack("raid"), attack("other"))
        self.assertEqual([one["outcome"] for one in told], ["applied", "applied", "rejected"])
        told = self.run_at(game, attack("raid", linked=True), attack("raid") | {"steps": 5},
                           attack("raid"), attack("raid", linked=True))
        self.assertEqual([one["outcome"] for one in told],
                         ["invalid", "invalid", "applied", "invalid"])
        chain = [attack("raid", 0, linked=True) for _ in range(63)] + [attack("raid", 0)]
        self.assertEqual({one["outcome"] for one in self.run_at(game, *chain)}, {"applied"})
        chain = [attack("raid", 0, linked=True) for _ in range(64)] + [attack("raid", 0)]
        self.assertEqual({one["outcome"] for one in self.run_at(game, *chain)}, {"invalid"})
        self.expect(game, "applied", attack("raid", 1000))
        self.expect(game, "rejected", heal("raid"))
        # The world's end: 64 bits.
        gold = ("treasure", "t")
        most = 2**63 - 1
        put = {"entity": 0, "field": "gold", "do": "set", "value": most}
        self.expect(game, "applied", command("raid", [gold], [put]))
        self.expect(game, "invalid", command("raid", [gold], [put | {"do": "add", "value": 1}]))
        self.expect(game, "invalid", command("raid", [gold], [put | {"value": most + 1}]))
        self.expect(game, "invalid", born("raid", 100001))

    def test_commands_that_are_wrong(self):
        game, _ = self.game()
        good = attack("raid")
        guard, step = good["guards"][0], good["steps"][0]

        def less(name):
            return {key: value for key, value in good.items() if key != name}

        wrong = [
            [], 5, "x", None, {}, less("key"), less("arena"), less("entities"),
            good | {"key": "x"}, good | {"key": 5}, good | {"colour": "red"},
            good | {"key": "00000000-0000-4000-8000-000000000000"}, good | {"arena": ""},
            good | {"arena": "x" * 65}, good | {"arena": "a\nb"}, good | {"arena": 5},
            good | {"reason": "x" * 65}, good | {"reason": "\x00"}, good | {"reason": 5},
            good | {"deadline_ms": 0}, good | {"deadline_ms": 60_001}, good | {"deadline_ms": "5"},
            good | {"linked": 1}, good | {"entities": {}}, good | {"guards": 5},
            good | {"entities": [{"kind": "dragon", "id": "b1"}]},
            good | {"entities": [{"kind": "boss", "id": ""}]},
            good | {"entities": [{"kind": "boss", "id": "x" * 65}]},
            good | {"entities": [{"kind": "boss", "id": 5}]},
            good | {"entities": [{"kind": "boss", "id": "b1", "arena": "x"}]},
            good | {"entities": [{"kind": "boss", "id": "b1"}] * 2},
            good | {"entities": [{"kind": "boss", "id": f"b{n}"} for n in range(17)]},
            good | {"guards": [guard] * 17}, good | {"steps": [step] * 33},
        ]
        for more in ({"entity": 1}, {"entity": -1}, {"entity": "0"}, {"field": "mana"},
                     {"field": 0}, {"is": "~"}, {"is": 5}, {"value": 1.5}, {"value": "5"},
                     {"value": 2**63}, {"colour": 1}, {"is": "exists"}, {"is": "version"},
                     {"is": "now<"}):
            wrong.append(good | {"guards": [guard | more]})
        for more in ({"entity": 1}, {"field": "mana"}, {"do": "steal"}, {"value": -1},
                     {"value": 1.5}, {"value": None}, {"do": "remove"}, {"do": "set", "bound": 1},
                     {"bound": 1, "bound_field": "hp"}, {"bound_field": "mana"}, {"colour": 1}):
            wrong.append(good | {"steps": [step | more]})
        for one in wrong:
            told = self.run_at(game, one)[0]
            self.assertEqual(told["outcome"], "invalid", one)
            self.assertTrue(told["message"], one)
        twice = json.dumps(good)[:-1] + ',"arena":"other"}'
        told = self.call("runCommands", 200, headers=game.server, title=game.title,
                         raw=b'{"commands":[' + twice.encode() + b"]}").json["outcomes"]
        self.assertEqual(told[0]["outcome"], "invalid")
        # At every limit, all at once.
        full = {"key": new_key(), "arena": "x" * 64, "reason": "r" * 64, "deadline_ms": 60_000,
                "entities": [{"kind": "boss", "id": f"{n:064}"} for n in range(16)],
                "guards": [{"entity": 0, "is": "absent"}] * 16,
                "steps": [{"entity": n % 16, "field": "hp", "do": "add", "value": n}
                          for n in range(32)]}
        self.assertEqual(len(self.expect(game, "applied", full)["entities"]), 16)
        upper = attack("raid", 0) | {"guards": []}
        told = self.expect(game, "applied", upper | {"key": upper["key"].upper()})
        self.assertEqual(told["key"], upper["key"])

    def test_what_players_may_do(self):
        game, _ = self.game()
        player = game.player(self.mio.headers(self.server))
        own, other = ("raider", self.mio.id), ("raider", self.ken.id)
        self.expect(game, "applied", born("raid"))
        both = attack("raid", 50)
        both["entities"].append({"kind": "raider", "id": self.mio.id})
        both["steps"].append({"entity": 1, "field": "damage", "do": "add", "value": 50})
        self.expect(game, "applied", both, who=player)
        self.expect(game, "applied", heal("raid", 50), who=player)
        damage = {"entity": 0, "field": "damage", "do": "add", "value": 1}
        for wanted, why in (
                (attack("raid", 51), "players may give 0 to 50"),
                (attack("raid") | {"guards": []}, "a player's step on boss needs the guard hp > 0"),
                (born("raid"), "players may not do that to boss"),
                (command("raid", [("boss", "b1")], [heal("raid")["steps"][0] | {"bound": 2000}],
                         heal("raid")["guards"]), "players may not do that to boss"),
                (command("raid", [other], [damage]), "their own raider"),
                (command("raid", [own], [damage | {"value": 51}]), "players may give 0 to 50"),
                (command("raid", [own], [damage, damage]), "once in a command"),
                (command("raid", [own], [damage | {"field": "hp"}]), "may not do that to raider"),
                (command("raid", [("treasure", "t")], []), "players may not see treasure"),
                (command("raid", [("sign", "s")], [{"entity": 0, "field": "number", "do": "add",
                                                    "value": 1}]), "players may not change sign")):
            told = self.expect(game, "invalid", wanted, who=player)
            self.assertIn(why, told["message"])
        told = self.expect(game, "applied", command("raid", [own, other, ("sign", "s")], []),
                           who=player)
        self.assertEqual(told["entities"][0]["fields"], {"damage": 50})
        # With a server's key beside it a player is a player, too.
        as_server = game.server + [player[1]]
        self.expect(game, "invalid", born("raid"), who=as_server)
        # Another's key is no key of mine.
        hit = attack("raid", 1)
        self.expect(game, "applied", hit, who=player)
        self.expect(game, "key_reuse", hit, who=game.player(self.ken.headers(self.server)))

    def test_look_ups(self):
        game, _ = self.game()
        other, _ = self.game()
        player = game.player(self.mio.headers(self.server))
        title = {"title": game.title}
        told = self.expect(game, "applied", born("raid"))
        look = {"key": told["key"], **title}
        found = self.call("lookUpCommand", 200, headers=game.server, query="?arena=raid", **look)
        self.assertEqual(found.json["outcome"], told | {"duplicate": True})
        for query in ("", "?arena=", "?arena=" + "x" * 65, "?arena=a&arena=b"):
            self.call("lookUpCommand", 400, headers=game.server, query=query, **look)
        self.call("lookUpCommand", 404, headers=game.server, query="?arena=elsewhere", **look)
        self.call("lookUpCommand", 404, headers=player, query="?arena=raid", **look)
        self.call("lookUpCommand", 404, headers=other.server, query="?arena=raid",
                  key=told["key"], title=other.title)
        for key in (new_key(), "x"):
            self.call("lookUpCommand", 404, headers=game.server, query="?arena=raid", key=key,
                      **title)
        refused = self.expect(game, "rejected", attack("raid", boss="nobody"), who=player)
        found = self.call("lookUpCommand", 200, headers=player, query="?arena=raid",
                          key=refused["key"], **title)
        self.assertEqual(found.json["outcome"], refused | {"duplicate": True})

    def test_entities(self):
        game, _ = self.game()
        player = game.player(self.mio.headers(self.server))
        place = {"title": game.title, "arena": "raid", "kind": "boss", "id": "b1"}
        self.call("getGameEntity", 404, headers=game.server, **place)
        _, token = game.run(born("raid"))
        for query in ("", "?consistency=linearizable", f"?consistency=at_least&token={token}",
                      f"?token={token}", "?consistency=any"):
            read = self.call("getGameEntity", 200, headers=game.server, query=query, **place).json
            self.assertEqual(read["entity"], {"kind": "boss", "id": "b1", "version": 1,
                                              "fields": {"hp": 1000}})
            self.assertEqual(read["stale"], query.endswith("any"))
        self.call("getGameEntity", 200, headers=player, **place)
        for query in ("?consistency=strong", "?consistency=at_least", "?token=x",
                      f"?consistency=at_least&token={token[:-1]}", "?token=g" + "A" * 3000):
            self.call("getGameEntity", 400, headers=game.server, query=query, **place)
        self.call("getGameEntity", 403, headers=player, **place | {"kind": "treasure"})
        for other in ({"kind": "dragon"}, {"id": "b2"}, {"arena": "other"}, {"arena": "x" * 65},
                      {"id": "x" * 65}):
            self.call("getGameEntity", 404, headers=game.server, **place | other)
        gone = command("raid", [("boss", "b1")], [{"entity": 0, "do": "remove"}])
        self.expect(game, "applied", gone)
        for query in ("", "?consistency=any"):
            self.call("getGameEntity", 404, headers=game.server, query=query, **place)
        self.assertEqual(self.expect(game, "applied", born("raid"))["entities"][0]["version"], 3)

    def test_changes(self):
        game, _ = self.game()
        other, _ = self.game()
        title = {"title": game.title, "headers": game.server}
        player = game.player(self.mio.headers(self.server))
        self.run_at(game, born("one"), born("two"), attack("one", boss="nobody"), attack("two"))
        self.run_at(other, born("one"))
        self.run_at(game, command("one", [("treasure", "t"), ("sign", "s")], [
            {"entity": n, "field": field, "do": "set", "value": 5}
            for n, field in ((0, "gold"), (1, "number"))]))

        def page(query, **more):
            return self.call("getGameChanges", 200, query=query, **title | more).json

        everything = page("")
        self.assertEqual([change["arena"] for change in everything["changes"]],
                         ["one", "two", "two", "one"])
        self.assertEqual(page(f"?after={everything['next']}")["changes"], [])
        self.assertEqual(len(page("?arena=one")["changes"]), 2)
        self.assertEqual(len(page("?limit=1000")["changes"]), 4)
        seen, after = [], ""
        for _ in range(4):
            one = page(f"?limit=1&after={after}")
            seen += one["changes"]
            after = one["next"]
        self.assertEqual(seen, everything["changes"])
        mine = page("", headers=player)["changes"]
        self.assertEqual([entity["kind"] for entity in mine[3]["entities"]], ["sign"])
        for query in ("?limit=0", "?limit=1001", "?wait_ms=20001", "?wait_ms=x", "?after=x",
                      "?arena=", "?after=c" + "A" * 6000):
            self.call("getGameChanges", 400, query=query, **title)
            self.call("getGameChanges", 400, query=query, **title | {"headers": game.server + STREAM}
                      ) if "wait" not in query else None
        # The world is the first thing that a cursor says.
        restored = "cAAAA" + everything["next"][5:]
        self.call("getGameChanges", 409, query=f"?after={restored}", **title)
        self.call("getGameChanges", 409, query=f"?after={restored}",
                  **title | {"headers": game.server + STREAM})
        begun = time.monotonic()
        self.assertEqual(page("?after=now&wait_ms=300")["changes"], [])
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)
        self.check_waiting(game, everything["next"])
        self.check_streams(game, everything)

    def test_opening_a_socket(self):
        game, _ = self.game()
        path = f"/v1/game/{game.title}"

        def open_with(*headers, **changed):
            connection = self.server.connect()
            request = opening(f"{path}/socket", self.server.port, headers)
            for old, new in changed.items():
                request = request.replace(b"Sec-WebSocket-" + old.encode(), new)
            connection.send(request)
            answer = connection.read_head()
            if answer.status != 101:
                answer.body = connection.read_rest(int(answer.headers["content-length"]))
            connection.close()
            return self.note("openGameSocket", answer)

        self.assertEqual(open_with(*game.server).status, 101)
        self.assertEqual(open_with(*game.player(self.mio.headers(self.server))).status, 101)
        self.assertEqual(open_with().status, 101)  # it may still sign in
        other, _ = self.game()
        client = ("Authorization", f"Bearer {game.client_key['key']}")
        for headers in (other.server, [client], [client, ("Matsuri-Player", "mp_x")],
                        [("Matsuri-Player", game.player(self.mio.headers(self.server))[1][1])]):
            self.assertEqual(open_with(*headers).status, 401)
        self.call("openGameSocket", 426, headers=game.server, title=game.title)
        self.assertEqual(open_with(Version=b"X").status, 426)
        self.assertEqual(open_with(Key=b"X").status, 400)

    def check_waiting(self, game, after):
        connection = self.server.connect()
        target = f"/v1/game/{game.title}/changes?wait_ms=20000&after={after}"
        connection.send(to_bytes("GET", target, [("Host", "x"), *game.server], b""))
        time.sleep(0.2)
        self.run_at(game, attack("two", 1))
        begun = time.monotonic()
        answer = self.note("getGameChanges", connection.read_answer())
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(len(answer.json["changes"]), 1)
        connection.close()

    def check_streams(self, game, everything):
        events = CONTRACT.operations["getGameChanges"]["responses"][200]["content"][
            "text/event-stream"]["x-events"]

        def stream(*headers, query=""):
            connection = self.server.connect()
            target = f"/v1/game/{game.title}/changes{query}"
            connection.send(to_bytes("GET", target, [("Host", "x"), *game.server, *STREAM, *headers],
                                     b""))
            self.note("getGameChanges", connection.read_head())
            return connection

        connection = stream()
        got = [connection.read_event() for _ in range(6)]
        self.assertEqual([event["event"] for event in got], ["change"] * 5 + ["ready"])
        for event in got:
            self.assertEqual(CONTRACT.mismatches(events[event["event"]], json.loads(event["data"]),
                                                 "event"), [])
        self.assertEqual([json.loads(event["data"]) for event in got[:4]], everything["changes"])
        self.run_at(game, attack("two", 1))
        self.assertEqual(connection.read_event()["event"], "change")
        connection.close()
        resumed = stream(("Last-Event-ID", got[2]["id"]))
        self.assertEqual(json.loads(resumed.read_event()["data"]), everything["changes"][3])
        resumed.close()
        fresh = stream(query="?after=now")
        self.assertEqual(fresh.read_event()["event"], "ready")
        fresh.close()
