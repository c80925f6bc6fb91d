"""Goal: the WebSocket of a title does what HTTP does: the same outcomes under the same keys, for servers
and players, many requests at a time, each arena in the order of sending; who may no longer is sent away.
Method: a client of the tests with messages that protoc makes of api/game.proto.
"""

import time
import unittest

from support import Person, Server
from game_client import Game, attack, born, command, heal, new_key, sender
from game_socket import BINARY, Closed, GameSocket, frame, outcomes_of, pb, to_message

IN_FLIGHT_MAX = 64
SIZE_MAX = 262144


class SocketTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.admin = Person(cls.server, "gamemaster").becomes_admin(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def setUp(self):
        self.game = Game(sender(self.server), self.admin.headers(self.server))
        self.sockets = []

    def tearDown(self):
        for one in self.sockets:
            one.close()

    def open(self, headers=None, game=None):
        game = game or self.game
        opened = GameSocket(self.server.port, game.path, game.server if headers is None else headers)
        self.sockets.append(opened)
        return opened

    def assert_closed(self, opened, code):
        with self.assertRaises(Closed) as caught:
            opened.read()
        self.assertEqual(caught.exception.code, code)

    def test_outcomes_are_those_of_http(self):
        opened = self.open()
        hit = attack("raid", 300)
        dead = [{"entity": 0, "field": "hp", "is": "<", "value": 0}]
        put = {"entity": 0, "field": "gold", "do": "set", "value": -2**63}
        sent = [born("raid"), hit, attack("raid") | {"guards": dead}, hit | {"reason": "another"},
                attack("raid", linked=True), attack("raid") | {"guards": dead},
                attack("raid") | {"guards": [{"entity": 0, "is": "version", "value": 1}]},
                attack("raid", key=new_key(0)), attack("raid", deadline_ms=60_001),
                command("raid", [("treasure", "t"), ("boss", "b1")],
                        [put, {"entity": 1, "field": "hp", "do": "add", "value": 1}]),
                command("raid", [("dragon", "d")], [])]
        told, token = opened.run(*sent)
        self.assertEqual([one["outcome"] for one in told],
                         ["applied", "applied", "rejected", "key_reuse", "linked_failed", "rejected",
                          "version_mismatch", "key_too_old", "invalid", "applied", "invalid"])
        again, _ = self.game.run(*sent)
        self.assertEqual(again, [one | {"duplicate": True} if "duplicate" in one else one
                                 for one in told])
        self.assertEqual(opened.run(*sent)[0], again)
        status, read = self.game.entity("raid", "boss", "b1", f"?consistency=at_least&token={token}")
        self.assertEqual((status, read["entity"]["fields"]), (200, {"hp": 701}))
        for one in told:
            status, found = self.game.look_up(one["key"], "raid")
            self.assertEqual(status, 200 if "duplicate" in one or one["key"] == hit["key"] else 404)
        # And what HTTP did first is known here.
        there = [born("other"), heal("other", 5)]
        first, _ = self.game.run(*there)
        self.assertEqual(opened.run(*there)[0], [one | {"duplicate": True} for one in first])

    def test_many_requests_at_a_time_each_arena_in_its_order(self):
        opened = self.open()
        arenas = [f"raid-{number}" for number in range(4)]
        sent = {}
        for number in range(IN_FLIGHT_MAX):
            batch = [command(arena, [("treasure", "t")],
                             [{"entity": 0, "field": "gold", "do": "set", "value": number}])
                     for arena in arenas]
            sent[opened.send_commands(batch)] = batch
        told = {}
        while len(told) < IN_FLIGHT_MAX:
            response = opened.read()
            told[response.id] = outcomes_of(response)
        self.assertEqual(told.keys(), sent.keys())
        for at, arena in enumerate(arenas):
            in_order = [told[one][at] for one in sorted(told)]
            self.assertEqual([one["key"] for one in in_order],
                             [sent[one][at]["key"] for one in sorted(sent)])
            self.assertEqual([one["outcome"] for one in in_order], ["applied"] * IN_FLIGHT_MAX)
            seqs = [one["seq"] for one in in_order]
            self.assertEqual(seqs, sorted(seqs), arena)
            self.assertEqual(self.game.entity(arena, "treasure", "t")[1]["entity"]["fields"],
                             {"gold": IN_FLIGHT_MAX - 1})

    def test_more_than_may_wait_is_overloaded_and_may_come_again(self):
        opened = self.open()
        self.game.one(born("raid", 100_000))
        batches, answers = {}, {}
        # All at once, so that some wait behind the limit whatever the machine does meanwhile.
        raw = b""
        for number in range(400):
            batch = [attack("raid", 1) for _ in range(20)]
            request = pb.Request(id=number, commands=pb.Commands(
                commands=[to_message(one) for one in batch]))
            raw += frame(BINARY, request.SerializeToString())
            batches[number] = batch
        opened.send_raw(raw)
        while len(answers) < len(batches):
            response = opened.read()
            answers[response.id] = outcomes_of(response)
        kinds = {number: {one["outcome"] for one in told} for number, told in answers.items()}
        self.assertLessEqual({frozenset(kind) for kind in kinds.values()},
                             {frozenset({"applied"}), frozenset({"overloaded"})})
        late = [number for number, kind in kinds.items() if kind == {"overloaded"}]
        self.assertGreater(len(late), 0)
        for number in late:
            told, _ = opened.run(*batches[number])
            self.assertEqual({(one["outcome"], one["duplicate"]) for one in told},
                             {("applied", False)})
        _, read = self.game.entity("raid", "boss", "b1")
        self.assertEqual(read["entity"]["fields"]["hp"], 100_000 - 400 * 20)

    def test_players_and_who_counts_no_longer(self):
        mio = Person(self.server, f"p{time.monotonic_ns() % 10**12}")
        headers = self.game.player(mio.headers(self.server))
        key, token = self.game.client_key["key"], headers[1][1]
        self.game.one(born("raid"))
        by_headers, by_message = self.open(headers), self.open([])
        self.assertTrue(by_message.sign_in(key, token).HasField("signed_in"))
        for opened in (by_headers, by_message):
            told, _ = opened.run(attack("raid", 50), attack("raid", 51), born("raid"))
            self.assertEqual([one["outcome"] for one in told], ["applied", "invalid", "invalid"])
        # From here on the title's own server asks.
        self.assertTrue(by_message.sign_in(self.game.server_key["key"]).HasField("signed_in"))
        self.assertEqual(by_message.run(born("raid"))[0][0]["outcome"], "applied")
        # All sessions closed: the epoch moves, and the token is over, also on a socket that is open.
        assert self.server.request("DELETE", "/v1/sessions", who=mio).status == 204
        by_headers.send_commands([attack("raid")])
        self.assertEqual(by_headers.read().error.code, "unauthenticated")
        self.assert_closed(by_headers, 1008)
        for title_key, player_token in ((key, token), (key, ""), ("", ""), ("mk_x", "mp_x")):
            opened = self.open([])
            self.assertEqual(opened.sign_in(title_key, player_token).error.code, "unauthenticated")
            self.assert_closed(opened, 1008)
        stranger = self.open([])
        stranger.send_commands([attack("raid")])
        self.assertEqual(stranger.read().error.code, "unauthenticated")
        self.assert_closed(stranger, 1008)

    def test_requests_that_are_wrong(self):
        opened = self.open()
        for what in ({}, {"commands": pb.Commands()},
                     {"commands": pb.Commands(commands=[pb.Command()] * 1025)}):
            sent = opened.send(**what)
            response = opened.read()
            self.assertEqual((response.id, response.error.code), (sent, "invalid"))
        opened.send(commands=pb.Commands(commands=[pb.Command()] * 1024))
        self.assertEqual({one["outcome"] for one in outcomes_of(opened.read())}, {"invalid"})
        # As large as may be, and one more.
        request = pb.Request(id=9, commands=pb.Commands(commands=[pb.Command(reason="r")]))
        request.commands.commands[0].reason = "r" * (SIZE_MAX - request.ByteSize() - 8)
        while request.ByteSize() < SIZE_MAX:
            request.commands.commands[0].reason += "r"
        self.assertEqual(request.ByteSize(), SIZE_MAX)
        opened.send_raw(frame(BINARY, request.SerializeToString()))
        self.assertEqual(outcomes_of(opened.read())[0]["outcome"], "invalid")
        request.commands.commands[0].reason += "r"
        opened.send_raw(frame(BINARY, request.SerializeToString()))
        self.assert_closed(opened, 1009)
        for payload, code, opcode in ((b"\xff", 1007, BINARY), (b"{}", 1003, 1)):
            opened = self.open()
            opened.send_raw(frame(opcode, payload))
            self.assert_closed(opened, code)
        status, title = self.game.send("POST", "/v1/titles", {"names": {"en": "None"}},
                                       self.admin.headers(self.server))
        self.assertEqual(status, 201, title)
        bare = self.game.but(path=f"/v1/game/{title['id']}")
        key = bare.make_key("server", self.admin.headers(self.server))["key"]
        opened = self.open([("Authorization", f"Bearer {key}")], bare)
        opened.send_commands([attack("raid")])
        self.assertEqual(opened.read().error.code, "not_found")

    def test_rates_are_those_of_commands(self):
        rates = "[limits.address_game]\nper_minute = 60\nburst = 6\n"
        server = Server(rates)
        try:
            admin = Person(server, "gamemaster").becomes_admin(server)
            game = Game(sender(server), admin.headers(server))
            opened = GameSocket(server.port, game.path, game.server)
            errors = []
            for _ in range(12):
                opened.send_commands([attack("raid")])
                errors.append(opened.read().error)
            refused = [error for error in errors if error.code]
            self.assertEqual({error.code for error in refused}, {"exhausted"})
            self.assertGreaterEqual(refused[-1].retry_after_s, 1)
            self.assertEqual(errors[0].code, "")
            opened.close()
        finally:
            server.remove()

    def test_a_server_that_stops_answers_what_it_took(self):
        server = Server()
        try:
            admin = Person(server, "gamemaster").becomes_admin(server)
            game = Game(sender(server), admin.headers(server))
            game.one(born("raid", 100_000))
            opened = GameSocket(server.port, game.path, game.server)
            sent, told, end = {}, {}, None
            for _ in range(30):
                batch = [attack("raid", 1) for _ in range(50)]
                sent[opened.send_commands(batch)] = batch
            server.process.terminate()
            try:
                while True:
                    response = opened.read()
                    told[response.id] = outcomes_of(response)
            except Closed as closed:
                end = closed.code
            self.assertEqual(end, 1001)
            self.assertEqual(server.process.wait(timeout=20), 0)
            opened.close()
            server.start()
            changes = game.but(send=sender(server))
            there = {change["key"] for change in changes.all_changes()[0]}
            for number, batch in sent.items():
                keys = {one["key"] for one in batch}
                if number in told:
                    self.assertEqual({one["outcome"] for one in told[number]}, {"applied"})
                    self.assertLessEqual(keys, there)
                else:  # not answered, so not executed
                    self.assertEqual(keys & there, set())
        finally:
            server.remove()

    def test_it_is_on_metrics(self):
        def metric(name):
            text = self.server.request("GET", "/metrics").body.decode()
            return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                       if line.startswith(name))

        before = metric("matsuri_http_socket_messages_total")
        opened = self.open()
        opened.run(born("raid"))
        self.assertEqual(metric("matsuri_http_socket_messages_total"), before + 1)
        self.assertGreaterEqual(metric("matsuri_http_sockets "), 1)
        metrics = self.server.request("GET", "/metrics").body.decode()
        wanted = 'route="/v1/game/{title}/socket",status="1xx"'
        self.assertIn(wanted, metrics)


if __name__ == "__main__":
    unittest.main(verbosity=2)
