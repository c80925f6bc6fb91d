"""A walk over api/openapi.yaml: a live server, and requests whose answers are checked against the
document and remembered. Each walk_*.py has those of one domain; openapi_test.py walks them all.
"""

import time

from contract import Contract
from support import Person, Server, to_bytes, until_fresh

CONTRACT = Contract()


def path_of(name, **parameters):
    path = CONTRACT.operations[name]["path"]
    values = {"handle": "ken", "community": "1", "title": "1", "post": "1", "session": "1",
              "token": "1", "position": "0.1.0000000000000000.1",
              "genome": "0123456789abcdef", "feeling": "0", "key": "1", "arena": "x",
              "kind": "x", "id": "x", "campaign": "x", "hold": "x", "account": "1",
              "board": "x", "player": "1", "programme": "1"} | parameters
    for key, value in values.items():
        path = path.replace("{" + key + "}", str(value))
    return path


class Walk:
    """What the walks have in common. One server and one set of people serve all of them."""

    bodies = {}  # operation to what it takes where a test says nothing else; of each walk its own

    @classmethod
    def setUpClass(cls):
        cls.bodies = {name: body for walk in cls.__mro__
                      for name, body in vars(walk).get("bodies", {}).items()}
        cls.server = Server()
        cls.seen = {}  # (operation, status) to how often
        cls.anywhere = set()
        cls.mio = Person(cls.server, "mio")
        cls.ken = Person(cls.server, "ken")

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def note(self, name, answer):
        """Checks an answer against the document, and remembers that it was there."""
        wrong = CONTRACT.check(name, answer)
        self.assertEqual(wrong, [], f"{name} {answer.status}: {answer.body[:300]!r}")
        key = (name, answer.status)
        self.seen[key] = self.seen.get(key, 0) + 1
        return answer

    def call(self, name, status, *, body="default", who=None, headers=(), query="", raw=None,
             server=None, **parameters):
        operation = CONTRACT.operations[name]
        server = server or self.server
        if body == "default":
            body = self.bodies.get(name) if raw is None else None
        target = path_of(name, **parameters) + query
        if name == "openStream":
            lines = [("Host", "localhost")] + (who.headers(server) if who else []) + list(headers)
            connection = server.connect()
            connection.send(to_bytes("GET", target, lines, b""))
            answer = connection.read_head()
            if answer.status != 200:
                while len(connection.rest) < int(answer.headers["content-length"]):
                    connection._more()
                answer.body = connection.rest
            connection.close()
        else:
            # What was written is not written again.
            answer = until_fresh(
                lambda: server.request(operation["method"], target, body, headers, who, raw=raw),
                lambda answer: operation["method"] != "GET" and answer.status == status)
        self.note(name, answer)
        self.assertEqual(answer.status, status, f"{name}: {answer.body[:300]!r}")
        return answer

    def stay_in_one_day(self):
        """For what is told by day: goes on behind midnight where that is near."""
        left_s = 86_400 - time.time() % 86_400
        if left_s < 60:
            time.sleep(left_s + 1)

    def after(self, answer):
        return [("Matsuri-Position", answer.headers["matsuri-position"])]
