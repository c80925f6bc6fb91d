"""Goal: api/openapi.yaml tells the truth. Each operation and each error that it documents has a live
request here, every answer is checked against its schema, and what is not documented fails.

Method: errors that all operations have in common are provoked for each of them by one rule; all else
by a request of its own. A documented pair of operation and status that no request met is an error.
"""

import contextlib
import json
import re
import sqlite3
import time
import unittest
import xml.etree.ElementTree

from contract import Contract
from support import Person, Server, to_bytes

CONTRACT = Contract()

# Address buckets of two at once, and a client whose address a trusted proxy names: so that each
# operation can meet its rate without touching another's.
TIGHT_RATES = 'trusted_proxies = ["127.0.0.1"]\n' + "\n".join(
    f"[limits.address_{cost}]\nper_minute = 0.5\nburst = 2\n"
    f"[limits.account_{cost}]\nper_minute = 60000\nburst = 1000"
    for cost in ("read", "write", "sign_in", "picture"))

BODIES = {
    "createAccount": {"handle": "somebody_new", "name": "New", "password": "correct horse"},
    "updateMe": {"name": "New Name"},
    "setRole": {"role": "user"},
    "createSession": {"handle": "mio", "password": "correct horse"},
    "createToken": {"label": "bot"},
    "createTitle": {"names": {"en": "A Title"}},
    "updateTitle": {"crest": "x"},
    "createCommunity": {"title": "1", "name": "Maps"},
    "updateCommunity": {"description": "about maps"},
    "createPost": {"text": "hello"},
    "markNotificationsRead": {"up_to": "1"},
    "setNotificationSettings": {"empathy": True, "comment": True, "thread": True, "follow": True},
    "createComment": {"text": "hello"},
    "editPost": {"text": "edited"},
}

LINE = {"strokes": [{"pen": 2, "points": [40, 40, 0, 400, 300, 16]}]}


def path_of(name, **parameters):
    path = CONTRACT.operations[name]["path"]
    values = {"handle": "ken", "community": "1", "title": "1", "post": "1", "session": "1",
              "token": "1", "position": "0.1.0000000000000000.1",
              "genome": "0123456789abcdef", "feeling": "0"} | parameters
    for key, value in values.items():
        path = path.replace("{" + key + "}", str(value))
    return path


class OpenapiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
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
            body = BODIES.get(name) if raw is None else None
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
            answer = server.request(operation["method"], target, body, headers, who, raw=raw)
        self.note(name, answer)
        self.assertEqual(answer.status, status, f"{name}: {answer.body[:300]!r}")
        return answer

    # One rule for many operations.

    def test_those_that_need_an_account_say_401_without_one(self):
        for name in CONTRACT.operations:
            if CONTRACT.needs_account(name):
                self.call(name, 401)
                self.call(name, 401, headers=[("Cookie", "matsuri_session=AAAA")])
                self.call(name, 401, headers=[("Authorization", "Bearer mt_AAAA")])

    def test_writes_by_cookie_from_another_site_are_403(self):
        for name, operation in CONTRACT.operations.items():
            if operation["method"] == "GET":
                continue
            for header in (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"),
                           ("X-Other", "neither of the two")):
                self.call(name, 403, headers=[("Cookie", self.mio.cookie), header])

    def test_bodies_are_bounded_and_json(self):
        program = self.ken.as_program(self.server)
        for name, operation in CONTRACT.operations.items():
            if "requestBody" not in operation:
                continue
            size_max = 262144 if name in ("createPost", "createComment") else 16384
            self.call(name, 413, raw=b" " * (size_max + 1), who=program)
            self.call(name, 415, raw=b"{}", headers=[("Content-Type", "text/plain")], who=program)
            if name == "setRole":
                continue  # only an admin's body is looked at
            for raw in (b"", b"{", b"[]", b"{}", b'{"text":1}', b"\xff",
                        b'{"unknown":"field"}', b"null"):
                self.call(name, 400, raw=raw, who=program)

    def test_every_operation_of_v1_has_a_rate(self):
        server = Server(TIGHT_RATES)
        try:
            person = Person(server, "mio")
            program = person.as_program(server)
            for index, name in enumerate(CONTRACT.operations):
                if "x-rate-limit" not in CONTRACT.operations[name]:
                    continue
                address = [("X-Forwarded-For", f"10.0.0.{index + 1}")]
                who = program if CONTRACT.needs_account(name) else None
                for count in range(2):
                    # Whatever they answer; but without an account or a body they do no harm.
                    operation = CONTRACT.operations[name]
                    raw = b"{" if "requestBody" in operation else None
                    if name == "openStream":
                        self.call(name, 200, headers=address, server=server)
                        continue
                    answer = server.request(operation["method"], path_of(name), None, address, who,
                                            raw=raw)
                    self.note(name, answer)
                    self.assertNotEqual(answer.status, 429, (name, count))
                refused = self.call(name, 429, headers=address, who=who, server=server)
                self.assertEqual(refused.headers["ratelimit-remaining"], "0")
                self.assertGreaterEqual(int(refused.headers["retry-after"]), 1)
        finally:
            server.remove()

    def test_rates_are_the_documented_ones(self):
        server = Server("")
        try:
            program = Person(server, "mio").as_program(server)
            for name, operation in CONTRACT.operations.items():
                if "x-rate-limit" not in operation or name == "openStream":
                    continue
                rate = CONTRACT.document["x-rate-limits"][operation["x-rate-limit"]]
                raw = b"{" if "requestBody" in operation else None
                for who, per in ((None, "address"), (program, "account")):
                    answer = server.request(operation["method"], path_of(name), who=who, raw=raw)
                    self.note(name, answer)
                    self.assertEqual(int(answer.headers["ratelimit-limit"]), rate[per]["at_once"],
                                     (name, per))
                # How long one token takes to come back: the bucket lacks at least the one just taken.
                self.assertGreaterEqual(int(answer.headers["ratelimit-reset"]), 1)
        finally:
            server.remove()

    # Each operation by itself.

    def test_accounts(self):
        answer = self.call("createAccount", 201, body={
            "handle": "rin", "name": "凛", "password": "correct horse"})
        self.assertTrue(answer.headers["matsuri-position"])
        self.assertEqual(answer.json["role"], "user")
        self.call("createAccount", 409, body={
            "handle": "rin", "name": "R", "password": "correct horse"})
        me = self.call("getMe", 200, who=self.mio)
        self.assertEqual(me.json["handle"], "mio")
        self.assertEqual(self.call("updateMe", 200, who=self.mio).json["name"], "New Name")
        self.assertEqual(self.call("getAccount", 200).json["handle"], "ken")
        self.call("getAccount", 404, handle="nobody")
        self.call("getAccount", 404, handle="Not%20One")

    def test_roles(self):
        admin = Person(self.server, "boss")
        self.call("setRole", 403, who=admin)
        given = self.server.run("account", "role", "boss", "admin")
        self.assertEqual(given.returncode, 0, given.stderr)
        # The command wrote beside the server, which looks for that several times a second.
        for _ in range(200):
            if self.server.request("PUT", path_of("setRole"), {"role": "user"},
                                   who=admin).status == 200:
                break
            time.sleep(0.05)
        self.assertEqual(self.call("setRole", 200, who=admin,
                                   body={"role": "moderator"}).json["role"], "moderator")
        self.call("setRole", 200, who=admin)
        self.call("setRole", 404, who=admin, handle="nobody")
        for raw in (b"{", b'{"role":"king"}', b'{"role":"user","x":1}'):
            self.call("setRole", 400, who=admin, raw=raw)

    def test_blocks(self):
        self.call("blockAccount", 204, who=self.mio)
        self.assertEqual(self.call("listBlocks", 200, who=self.mio).json["blocks"][0]["handle"],
                         "ken")
        self.call("blockAccount", 400, who=self.mio, handle="mio")
        self.call("blockAccount", 404, who=self.mio, handle="nobody")
        self.call("unblockAccount", 204, who=self.mio)
        self.call("unblockAccount", 404, who=self.mio, handle="nobody")
        self.assertEqual(self.call("listBlocks", 200, who=self.mio).json["blocks"], [])

    def test_mutes(self):
        self.call("muteAccount", 204, who=self.mio)
        self.assertEqual(self.call("listMutes", 200, who=self.mio).json["mutes"][0]["handle"],
                         "ken")
        self.call("muteAccount", 400, who=self.mio, handle="mio")
        self.call("muteAccount", 404, who=self.mio, handle="nobody")
        self.call("unmuteAccount", 204, who=self.mio)
        self.call("unmuteAccount", 404, who=self.mio, handle="nobody")
        self.assertEqual(self.call("listMutes", 200, who=self.mio).json["mutes"], [])

    def test_profiles(self):
        first = self.call("getMe", 200, who=self.ken).json
        self.assertEqual(first["privacy"], {"follows": "everyone", "empathies": "everyone"})
        changed = self.call("updateMe", 200, who=self.ken, body={
            "bio": "  one\r\ntwo ", "face": "fedcba9876543210",
            "privacy": {"follows": "nobody"}}).json
        self.assertEqual((changed["bio"], changed["face"], changed["privacy"]),
                         ("one\ntwo", "fedcba9876543210",
                          {"follows": "nobody", "empathies": "everyone"}))
        shown = self.call("getAccount", 200, handle="ken").json
        self.assertEqual((shown["bio"], shown["face"]), ("one\ntwo", "fedcba9876543210"))
        self.assertNotIn("privacy", shown)
        for body in ({}, {"bio": "x" * 161}, {"face": "fedcba987654321"},
                     {"face": "FEDCBA9876543210"}, {"privacy": {"follows": "friends"}},
                     {"privacy": {"posts": "nobody"}}, {"privacy": 1}, {"privacy": {}},
                     {"privacy": None}, {"name": None, "bio": "x"}, {"bio": None, "name": "x"},
                     {"face": None, "bio": "x"}, {"privacy": {"follows": None}, "bio": "x"}):
            self.call("updateMe", 400, who=self.ken, body=body)
        self.call("updateMe", 200, who=self.ken, body={"bio": "祭" * 160})
        back = self.call("updateMe", 200, who=self.ken, body={
            "bio": "", "face": "0" * 16, "privacy": {"follows": "everyone"}}).json
        self.assertEqual(back["face"], first["face"])

    def test_faces(self):
        one = self.call("getFace", 200)
        # Opened by itself, it is a document of our origin that may do nothing at all.
        self.assertIn("default-src 'none'", one.headers["content-security-policy"])
        self.assertEqual(one.headers["x-content-type-options"], "nosniff")
        root = xml.etree.ElementTree.fromstring(one.body)
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertNotEqual(self.call("getFace", 200, feeling=5).body, one.body)
        for wrong in ({"genome": "0"}, {"genome": "0123456789ABCDEF"}, {"feeling": "6"},
                      {"feeling": "00"}, {"feeling": "-1"}, {"genome": "0" * 15 + "g"},
                      {"genome": "0" * 15 + "%20"}, {"feeling": ""}):
            self.call("getFace", 404, **wrong)
        figure = self.call("getFaceFigure", 200)
        self.assertNotEqual(figure.body, one.body)
        xml.etree.ElementTree.fromstring(figure.body)
        for wrong in ({"genome": "0"}, {"feeling": "6"}, {"feeling": "-1"}):
            self.call("getFaceFigure", 404, **wrong)
        for name in ("0", "0.png", "0.SVG", "0.svg.svg", "figure.svg", "0-figure", "0-figures.svg"):
            target = f"/faces/0123456789abcdef/{name}"
            self.assertEqual(self.server.request("GET", target).status, 404, name)
        head = self.server.request("HEAD", path_of("getFace"))
        self.assertEqual((head.status, head.body), (200, b""))

    def test_sessions(self):
        person = Person(self.server, "traveller")
        login = {"handle": "traveller", "password": "correct horse"}
        self.call("createSession", 401, body=login | {"password": "wrong password"})
        self.call("createSession", 401, body=login | {"handle": "nobody"})
        other = self.call("createSession", 201, body=login)
        sessions = self.call("listSessions", 200, who=person).json["sessions"]
        self.assertEqual([one["current"] for one in sessions].count(True), 1)
        not_current = [one["id"] for one in sessions if not one["current"]]
        self.call("deleteSession", 404, who=person)
        self.call("deleteSession", 404, who=person, session="x")
        self.call("deleteSession", 204, who=person, session=not_current[0])
        self.call("getMe", 401, headers=[("Cookie", other.cookies[0].split(";")[0])])
        self.call("deleteCurrentSession", 404, who=person.as_program(self.server))
        gone = self.call("deleteCurrentSession", 204, who=person)
        self.assertIn("Max-Age=0", gone.cookies[0])
        self.call("listSessions", 401, who=person)
        person.take(self.call("createSession", 201, body=login))
        self.call("deleteSessions", 204, who=person)
        self.call("listSessions", 401, who=person)

    def test_tokens(self):
        made = self.call("createToken", 201, who=self.ken)
        tokens = self.call("listTokens", 200, who=self.ken).json["tokens"]
        self.assertIn(made.json["id"], [one["id"] for one in tokens])
        by_token = [("Authorization", f"Bearer {made.json['token']}")]
        self.call("getMe", 200, headers=by_token)
        self.call("deleteToken", 404, who=self.mio, token=made.json["id"])
        self.call("deleteToken", 204, who=self.ken, token=made.json["id"])
        self.call("deleteToken", 404, who=self.ken, token=made.json["id"])
        self.call("getMe", 401, headers=by_token)

    def make_admin(self, handle):
        """Somebody who is one, as far as the running server knows."""
        person = Person(self.server, handle)
        self.assertEqual(self.server.run("account", "role", handle, "admin").returncode, 0)
        for _ in range(200):
            if self.server.request("PUT", path_of("setRole"), {"role": "user"},
                                   who=person).status == 200:
                break
            time.sleep(0.05)
        return person

    def test_titles(self):
        admin = self.make_admin("librarian")
        self.call("createTitle", 403, who=self.mio)
        names = {"en": "Lantern Quest", "ja": "提灯クエスト", "zh-Hant": "x" * 128}
        made = self.call("createTitle", 201, who=admin, body={
            "names": names, "platforms": ["PC"], "publisher": "Us", "crest": "提"})
        title = made.json
        self.assertEqual(made.headers["location"], f"/v1/titles/{title['id']}")
        self.assertTrue(made.headers["matsuri-position"])
        self.assertEqual(title["names"], names)
        self.assertEqual(self.call("getTitle", 200, title=title["id"]).json, title)
        main = self.call("getCommunity", 200, community=title["main_community"]).json
        self.assertEqual((main["kind"], main["title"], main["owner"], main["names"]),
                         ("main", title["id"], None, names))
        for body in ({"names": {}}, {"names": {"english": "x"}}, {"names": {"en": ""}},
                     {"names": {"en": "x" * 129}}, {"names": {"en": 1}}, {"names": ["x"]},
                     {"names": {"en": "x", "EN": "y"}}, {"crest": "x"},
                     {"names": {f"a{chr(97 + count)}": "x" for count in range(17)}},
                     {"names": names, "platforms": ["x"] * 17},
                     {"names": names, "platforms": ["x" * 41]},
                     {"names": names, "platforms": [1]}, {"names": names, "platforms": "PC"},
                     {"names": names, "publisher": "x" * 81}, {"names": names, "crest": "xy"},
                     {"names": names, "id": "5"}):
            self.call("createTitle", 400, who=admin, body=body)
        self.call("getTitle", 404)
        self.call("getTitle", 404, title="x")

        self.call("updateTitle", 403, who=self.mio, title=title["id"])
        changed = self.call("updateTitle", 200, who=admin, title=title["id"]).json
        self.assertEqual(changed, title | {"crest": "x"})
        self.call("updateTitle", 200, who=admin, title=title["id"], body={
            "names": {"en": "New"}, "platforms": [], "publisher": "", "crest": ""})
        self.call("updateTitle", 404, who=admin)
        self.call("updateTitle", 404, who=admin, title="x")
        self.call("updateTitle", 400, who=admin, title=title["id"], body={"crest": "xy"})

        key = [("Idempotency-Key", "t1")]
        second = self.call("createTitle", 201, who=admin, headers=key).json
        self.call("updateTitle", 200, who=admin, title=second["id"])
        self.assertEqual(self.call("createTitle", 201, who=admin, headers=key).json, second)
        self.call("createTitle", 422, who=admin, headers=key, body={"names": {"en": "Other"}})
        page = self.call("listTitles", 200, query="?limit=1").json
        self.assertEqual([one["id"] for one in page["titles"]], [second["id"]])
        rest = self.call("listTitles", 200, query=f"?before={page['next']}").json
        self.assertEqual(rest["titles"][0]["id"], title["id"])
        for query in ("limit=0", "limit=101", "before=x", "limit=1&limit=1"):
            self.call("listTitles", 400, query=f"?{query}")

    def test_communities(self):
        plaza = self.call("getCommunity", 200).json
        self.assertEqual(plaza, {
            "id": "1", "title": None, "kind": "main", "owner": None,
            "names": {"en": "Plaza", "ja": "広場"}, "description": "",
            "post_kinds": ["text", "drawing"], "who_posts": "everyone",
            "created_at": "2010-01-01T00:00:00.000Z"})
        self.call("getCommunity", 404, community=2)
        self.call("getCommunity", 404, community="x")

        admin = self.make_admin("caretaker")
        title = self.call("createTitle", 201, who=admin).json["id"]
        wanted = {"title": title, "name": " Maps "}
        key = [("Idempotency-Key", "c1")]
        made = self.call("createCommunity", 201, who=self.mio, body=wanted, headers=key)
        mine = made.json
        again = self.call("createCommunity", 201, who=self.mio, body=wanted, headers=key)
        self.assertEqual(again.json, mine)
        self.call("createCommunity", 422, who=self.mio, body=wanted | {"name": "x"}, headers=key)
        self.assertEqual(made.headers["location"], f"/v1/communities/{mine['id']}")
        self.assertEqual((mine["kind"], mine["names"], mine["owner"]["handle"]),
                         ("user", {"und": "Maps"}, "mio"))
        self.assertEqual(mine["owner"]["face"],
                         self.call("getMe", 200, who=self.mio).json["face"])
        self.assertEqual(self.call("getCommunity", 200, community=mine["id"]).json, mine)
        for name in ("Two", "Three", "Four"):
            self.call("createCommunity", 201, who=self.mio, body=wanted | {"name": name})
        fifth = self.call("createCommunity", 429, who=self.mio, body=wanted)
        self.assertEqual(fifth.code, "exhausted")
        self.call("createCommunity", 403, who=self.ken, body=wanted | {"kind": "official"})
        self.call("createCommunity", 404, who=self.ken, body=wanted | {"title": "5"})
        news = self.call("createCommunity", 201, who=admin, body={
            "title": title, "names": {"en": "News"}, "kind": "announcement",
            "description": "a\nb", "post_kinds": ["text"]}).json
        self.assertEqual((news["who_posts"], news["post_kinds"], news["owner"]),
                         ("staff", ["text"], None))
        for more in ({"title": "x"}, {"title": None}, {"title": 5}, {"name": ""}, {"name": None},
                     {"name": "x" * 129}, {"names": {"en": "x"}}, {"description": "x" * 501},
                     {"kind": "main"}, {"kind": "king"}, {"post_kinds": []},
                     {"post_kinds": ["text", "text"]}, {"post_kinds": ["photo"]},
                     {"post_kinds": "text"}, {"who_posts": "nobody"}, {"owner": "5"}):
            self.call("createCommunity", 400, who=self.ken, body=wanted | more)
        self.check_changes_of_communities(admin, mine, news)
        self.check_lists_of_communities(title, mine, news)

    def check_changes_of_communities(self, admin, mine, news):
        changed = self.call("updateCommunity", 200, who=self.mio, community=mine["id"], body={
            "name": "Ours", "description": "d", "post_kinds": ["drawing"], "who_posts": "owner"})
        self.assertEqual(changed.json, mine | {
            "names": {"und": "Ours"}, "description": "d", "post_kinds": ["drawing"],
            "who_posts": "owner"})
        self.assertTrue(changed.headers["matsuri-position"])
        self.call("updateCommunity", 403, who=self.ken, community=mine["id"])
        self.call("updateCommunity", 403, who=self.mio, community=news["id"])
        self.call("updateCommunity", 403, who=self.mio)
        self.call("updateCommunity", 200, who=admin, community=news["id"],
                  body={"names": {"en": "News", "ja": "知らせ"}})
        self.call("updateCommunity", 404, who=self.mio, community=2)
        self.call("updateCommunity", 404, who=self.mio, community="x")
        for body in ({"name": "x", "names": {"en": "x"}}, {"title": "1"}, {"kind": "user"},
                     {"description": "x" * 501}):
            self.call("updateCommunity", 400, who=self.mio, community=mine["id"], body=body)

    def check_lists_of_communities(self, title, mine, news):
        def ids(query):
            page = self.call("listCommunities", 200, query=f"?{query}").json
            return [one["id"] for one in page["communities"]], page["next"]

        self.assertEqual(ids(f"title={title}&limit=1"), ([news["id"]], news["id"]))
        of_users, end = ids(f"title={title}&kind=user")
        self.assertEqual((len(of_users), of_users[-1], end), (4, mine["id"], None))
        self.assertEqual(ids(f"title={title}&kind=official"), ([], None))
        self.assertEqual(ids("before=2"), (["1"], None))
        for query in ("limit=0", "limit=101", "before=x", "title=x", "title=", "kind=king",
                      "kind=user&kind=main"):
            self.call("listCommunities", 400, query=f"?{query}")

    def test_posts(self):
        key = [("Idempotency-Key", "k1")]
        made = self.call("createPost", 201, who=self.ken, headers=key)
        self.assertEqual(made.headers["location"], f"/v1/posts/{made.json['id']}")
        self.ken.position = made.headers["matsuri-position"]
        again = self.call("createPost", 201, who=self.ken, headers=key)
        self.assertEqual(again.json["id"], made.json["id"])
        self.call("createPost", 422, who=self.ken, headers=key, body={"text": "other"})
        self.call("createPost", 409, who=self.ken)
        self.call("createPost", 404, who=self.ken, community=2)
        self.call("createPost", 404, who=self.ken, community="x")
        for body in ({"text": ""}, {"text": "x" * 281}, {"text": "a\u0000b"},
                     {"text": "a", "language": "english"}, {"text": "a", "language": ""},
                     {"text": "a", "community": "1"}, {"text": None}, {"text": "a", "feeling": 6},
                     {"text": "a", "feeling": -1}, {"text": "a", "feeling": "1"},
                     {"text": "a", "spoiler": 1}, {"text": "a", "tag": "x" * 51},
                     {"text": "a", "tag": "a\nb"}, {"text": "a", "tag": ""},
                     {"text": "a", "drawing": {"strokes": []}}, {"drawing": {}},
                     {"drawing": {"strokes": [{"pen": 4, "points": [1, 1, 0]}]}},
                     {"drawing": {"strokes": [{"pen": 1, "points": [1, 1, 60001]}]}},
                     {"drawing": {"strokes": [{"pen": 1, "points": [1, 1]}]}},
                     {"drawing": {"strokes": [{"pen": 3, "eraser": True, "points": [9, 9, 0]}]}}):
            self.call("createPost", 400, who=self.ken, body=body)
        self.call("createPost", 400, who=self.ken, headers=[("Idempotency-Key", "x" * 65)])

        seen = [("Matsuri-Position", self.ken.position)]
        page = self.call("listPosts", 200, headers=seen)
        self.assertNotIn("matsuri-stale", page.headers)
        self.assertEqual(page.json["posts"][0]["id"], made.json["id"])
        self.call("listPosts", 404, community=2)
        for query in ("limit=0", "limit=101", "limit=x", "limit=1&limit=1", "before=x", "before=0",
                      "limit=%ff", "limit=", "sort=best", "sort=hot&before=x", "sort=hot&before=",
                      "sort=popular&day=2026-1-1", "sort=popular&day=2026-02-30",
                      "sort=hot&day=2026-01-01", "day=2026-01-01"):
            self.call("listPosts", 400, query=f"?{query}")
        self.call("listPosts", 200, query="?limit=100&before=9223372036854775807&other=x")
        post = self.call("getPost", 200, post=made.json["id"], headers=seen)
        self.assertEqual(post.json["text"], "hello")
        self.call("getPost", 404)
        self.call("getPost", 404, post="x")
        self.call("getPost", 400, headers=[("Matsuri-Position", "!")])

        position = made.json["position"]
        status = self.call("getCommand", 200, who=self.ken, position=position, headers=seen)
        self.assertEqual(status.json, {"status": "applied"})
        self.call("getCommand", 200, who=self.ken)
        self.call("getCommand", 404, who=self.ken, position="x")
        self.call("getCommand", 400, who=self.ken, headers=[("Matsuri-Position", "!")])

    def after(self, answer):
        return [("Matsuri-Position", answer.headers["matsuri-position"])]

    def test_empathy(self):
        author, reader = Person(self.server, "author"), Person(self.server, "reader")
        made = author.post(self.server, "feel with me")
        post = made.json["id"]
        given = self.call("giveEmpathy", 200, who=reader, post=post, headers=self.after(made))
        self.assertTrue(given.json["empathized"])
        again = self.call("giveEmpathy", 200, who=reader, post=post)
        self.call("giveEmpathy", 403, who=author, post=post)
        self.call("takeEmpathyBack", 403, who=author, post=post)
        for name in ("giveEmpathy", "takeEmpathyBack"):
            self.call(name, 404, who=reader)
            self.call(name, 404, who=reader, post="x")
        people = self.call("listPostEmpathies", 200, post=post, headers=self.after(again))
        self.assertEqual([one["handle"] for one in people.json["people"]], ["reader"])
        self.call("listPostEmpathies", 404)
        self.call("listPostEmpathies", 404, post="x")
        posts = self.call("listAccountEmpathies", 200, who=author, handle="reader",
                          headers=self.after(again))
        self.assertEqual([one["id"] for one in posts.json["posts"]], [post])
        mine = self.call("listAccountEmpathies", 200, who=reader, handle="reader")
        self.assertTrue(mine.json["posts"][0]["empathized"])
        self.call("listAccountEmpathies", 404, handle="nobody")
        for name in ("listPostEmpathies", "listAccountEmpathies"):
            for query in ("limit=0", "limit=101", "limit=x", "before=x", "before=0"):
                self.call(name, 400, query=f"?{query}", post=post, handle="reader")
            self.call(name, 200, query="?limit=100&before=9223372036854775807", post=post,
                      handle="reader")
        blocked = self.call("blockAccount", 204, who=reader, handle="author")
        self.call("listAccountEmpathies", 403, who=author, handle="reader",
                  headers=self.after(blocked))
        self.call("giveEmpathy", 404, who=reader, post=post, headers=self.after(blocked))
        freed = self.call("unblockAccount", 204, who=reader, handle="author")
        back = self.call("takeEmpathyBack", 200, who=reader, post=post, headers=self.after(freed))
        self.assertFalse(back.json["empathized"])
        people = self.call("listPostEmpathies", 200, post=post, headers=self.after(back))
        self.assertEqual(people.json["people"], [])

    def test_notifications(self):
        author, reader = Person(self.server, "writer"), Person(self.server, "visitor")
        made = author.post(self.server, "tell me")
        post = made.json["id"]
        self.call("markNotificationsRead", 400, who=author)  # there is none yet
        self.call("giveEmpathy", 200, who=reader, post=post, headers=self.after(made))
        for _ in range(200):  # the fact of a fact: no position waits for it
            page = self.call("listNotifications", 200, who=author)
            if page.json["notifications"]:
                break
            time.sleep(0.05)
        notice = page.json["notifications"][0]
        self.assertEqual((notice["kind"], notice["people_count"], notice["unread"]),
                         ("empathy", 1, True))
        self.assertEqual(notice["people"][0]["handle"], "visitor")
        self.assertEqual(notice["post"]["text"], "tell me")
        self.assertEqual(page.json["unread_count"], 1)
        self.call("markNotificationsRead", 400, who=author, body={"up_to": "9"})
        marked = self.call("markNotificationsRead", 200, who=author, body={"up_to": notice["id"]})
        page = self.call("listNotifications", 200, who=author, headers=self.after(marked))
        self.assertEqual(page.json["unread_count"], 0)
        self.assertFalse(page.json["notifications"][0]["unread"])
        self.call("createComment", 201, who=reader, post=post)
        for _ in range(200):
            two = self.call("listNotifications", 200, who=author).json["notifications"]
            if len(two) == 2:
                break
            time.sleep(0.05)
        self.assertEqual([(one["kind"], one["post"]["text"]) for one in two],
                         [("comment", "tell me"), ("empathy", "tell me")])
        for query in ("limit=0", "limit=101", "before=x"):
            self.call("listNotifications", 400, who=author, query=f"?{query}")
        self.assertTrue(all(self.call("getNotificationSettings", 200, who=author).json.values()))
        off = {"empathy": False, "comment": True, "thread": True, "follow": True}
        self.call("setNotificationSettings", 200, who=author, body=off)
        self.assertEqual(self.call("getNotificationSettings", 200, who=author).json, off)
        for body in (off | {"follow": None}, off | {"other": True}, {"empathy": True}):
            self.call("setNotificationSettings", 400, who=author, body=body)

    def test_drawings(self):
        person = Person(self.server, "painter")
        made = self.call("createPost", 201, who=person, body={
            "drawing": LINE, "feeling": 5, "spoiler": True, "tag": "x" * 50, "text": ""})
        seen = [("Matsuri-Position", made.headers["matsuri-position"])]
        post = self.call("getPost", 200, post=made.json["id"], headers=seen, who=person).json
        for answer in (made.json, post):
            self.assertEqual([answer[key] for key in ("text", "feeling", "spoiler", "tag", "mine")],
                             ["", 5, True, "x" * 50, True])
        place = post["id"]
        strokes = self.call("getDrawing", 200, post=place, headers=seen).json["strokes"]
        self.assertEqual(strokes, [LINE["strokes"][0] | {"eraser": False}])
        self.assertTrue(self.call("getDrawingSvg", 200, post=place).body.startswith(b"<svg"))
        self.assertTrue(self.call("getDrawingPng", 200, post=place).body.startswith(b"\x89PNG"))
        self.assertEqual(post["drawing"], {
            "svg": path_of("getDrawingSvg", post=place), "png": path_of("getDrawingPng", post=place),
            "strokes": path_of("getDrawing", post=place)})
        self.assertEqual(self.server.request("GET", post["drawing"]["svg"]).status, 200)
        plain = self.call("createPost", 201, who=person, body={"text": "no drawing"}, headers=seen)
        for name in ("getDrawing", "getDrawingSvg", "getDrawingPng"):
            self.call(name, 404, post="x")
            self.call(name, 404, post=plain.json["id"])
            self.call(name, 400, headers=[("Matsuri-Position", "!")])
        # Only the posts with a drawing.
        page = self.call("listAccountPosts", 200, handle="painter", query="?kind=drawing&limit=1",
                         headers=[("Matsuri-Position", plain.headers["matsuri-position"])])
        self.assertEqual([one["id"] for one in page.json["posts"]], [place])
        self.assertIsNone(page.json["next"])
        page = self.call("listAccountPosts", 200, handle="painter", query="?limit=1")
        self.assertEqual(page.json["posts"][0]["id"], plain.json["id"])
        page = self.call("listAccountPosts", 200, handle="painter",
                         query="?limit=1&before=" + page.json["next"])
        self.assertEqual(page.json["posts"][0]["id"], place)
        for query in ("kind=text", "limit=0", "before=x"):
            self.call("listAccountPosts", 400, handle="painter", query=f"?{query}")
        self.call("listAccountPosts", 404, handle="nobody")

    def test_comments(self):
        person, other = Person(self.server, "host"), Person(self.server, "guest")
        made = self.call("createPost", 201, who=person, body={"text": "come in"})
        place, seen = made.json["id"], [("Matsuri-Position", made.headers["matsuri-position"])]
        key = [("Idempotency-Key", "c1")]
        first = self.call("createComment", 201, who=other, post=place, headers=seen + key,
                          body={"text": "thank you", "drawing": LINE})
        self.assertEqual(first.json["parent"], place)
        self.assertEqual(first.headers["location"], f"/v1/posts/{first.json['id']}")
        again = self.call("createComment", 201, who=other, post=place, headers=key,
                          body={"text": "thank you", "drawing": LINE})
        self.assertEqual(again.json["id"], first.json["id"])
        self.call("createComment", 422, who=other, post=place, headers=key)
        self.call("createComment", 409, who=other, post=place,
                  body={"text": "thank you", "drawing": LINE})
        seen = [("Matsuri-Position", first.headers["matsuri-position"])]
        second = self.call("createComment", 201, who=person, post=place, headers=seen)
        seen = [("Matsuri-Position", second.headers["matsuri-position"])]
        page = self.call("listComments", 200, post=place, query="?limit=1", headers=seen).json
        self.assertEqual(page["posts"][0]["id"], first.json["id"])
        page = self.call("listComments", 200, post=place, query="?after=" + page["next"]).json
        self.assertEqual([one["id"] for one in page["posts"]], [second.json["id"]])
        self.assertIsNone(page["next"])
        self.assertEqual(self.call("getPost", 200, post=place).json["comment_count"], 2)
        # No comments on comments, and none among the posts.
        self.call("createComment", 400, who=person, post=first.json["id"])
        listed = self.call("listPosts", 200).json["posts"]
        self.assertNotIn(first.json["id"], [one["id"] for one in listed])
        for query in ("limit=0", "after=x"):
            self.call("listComments", 400, post=place, query=f"?{query}")
        self.call("listComments", 404)
        self.call("createComment", 404, who=person, post="x")
        self.call("createComment", 404, who=person)

    def test_edits_and_deletions(self):
        person = Person(self.server, "editor")
        made = self.call("createPost", 201, who=person, body={"text": "frist", "tag": "a"})
        place, seen = made.json["id"], [("Matsuri-Position", made.headers["matsuri-position"])]
        edited = self.call("editPost", 200, who=person, post=place, headers=seen,
                           body={"text": "first", "tag": None, "spoiler": True, "feeling": 3})
        seen = [("Matsuri-Position", edited.headers["matsuri-position"])]
        post = self.call("getPost", 200, post=place, headers=seen).json
        for answer in (edited.json, post):
            self.assertEqual([answer[key] for key in ("text", "tag", "spoiler", "feeling")],
                             ["first", None, True, 3])
            self.assertIsNotNone(answer["edited_at"])
        for body in ({}, {"text": ""}, {"text": "x" * 281}, {"feeling": 6}, {"tag": ""},
                     {"tag": "x" * 51}, {"drawing": LINE}, {"text": "a", "spoiler": "no"}):
            self.call("editPost", 400, who=person, post=place, body=body)
        for name in ("editPost", "deletePost"):
            self.call(name, 403, who=self.mio, post=place)
            self.call(name, 404, who=person)
            self.call(name, 404, who=person, post="x")
        self.call("deletePost", 400, who=person, post=place, headers=[("Matsuri-Position", "!")])
        gone = self.call("deletePost", 200, who=person, post=place)
        self.assertEqual(gone.json["post"], place)
        seen = [("Matsuri-Position", gone.headers["matsuri-position"])]
        self.call("getPost", 404, post=place, headers=seen)
        self.call("listComments", 404, post=place)
        self.call("createComment", 404, who=person, post=place)
        self.call("editPost", 404, who=person, post=place)
        self.call("deletePost", 404, who=person, post=place)

    def test_rankings(self):
        person = Person(self.server, "climber")
        for number in range(3):
            made = self.call("createPost", 201, who=person, body={"text": f"rank {number}"})
        seen = [("Matsuri-Position", made.headers["matsuri-position"])]
        for sort in ("hot", "popular"):
            page = self.call("listPosts", 200, query=f"?sort={sort}&limit=2", headers=seen).json
            self.assertEqual(len(page["posts"]), 2)
            more = self.call("listPosts", 200, query=f"?sort={sort}&before={page['next']}").json
            both = [one["id"] for one in page["posts"] + more["posts"]]
            self.assertEqual(len(both), len(set(both)))
            self.call("listPosts", 409, query=f"?sort={sort}&before=0000000000000000.2")
        day = made.json["created_at"][:10]
        self.assertEqual(page["day"], day)
        today = self.call("listPosts", 200, query=f"?sort=popular&day={day}").json
        self.assertEqual((today["day"], today["day_before"], today["day_after"]), (day, None, None))
        old = self.call("listPosts", 200, query="?sort=popular&day=2011-01-01").json
        self.assertEqual(old, {"posts": [], "next": None, "day": "2011-01-01", "day_before": None,
                               "day_after": day})

    def test_follows(self):
        fan, star = Person(self.server, "fan"), Person(self.server, "star")
        fan.position = star.position  # the timeline knows both by then

        def seen():
            return [("Matsuri-Position", fan.position)]

        for name, parameters in (("followAccount", {"handle": "star"}), ("followCommunity", {})):
            for _ in range(2):  # once more is no error
                answer = self.call(name, 200, who=fan, headers=seen(), **parameters)
                self.assertTrue(answer.json["followed"])
                fan.position = answer.headers["matsuri-position"]
        self.call("followAccount", 400, who=fan, handle="fan")
        for name in ("followAccount", "unfollowAccount"):
            self.call(name, 404, who=fan, handle="nobody")
        for name in ("followCommunity", "unfollowCommunity", "getCommunityRelation"):
            for community in ("9", "x"):
                self.call(name, 404, who=fan, community=community)
        made = star.post(self.server, "of a star")
        fan.position = made.headers["matsuri-position"]
        page = self.call("getTimeline", 200, who=fan, headers=seen()).json
        self.assertEqual(page["posts"][0]["id"], made.json["id"])
        page = self.call("getTimeline", 200, who=fan, query="?limit=1").json
        for post in self.call("getTimeline", 200, who=fan,
                              query=f"?before={page['posts'][0]['id']}").json["posts"]:
            self.assertLess(int(post["id"]), int(page["posts"][0]["id"]))
        people = self.call("listFollowers", 200, handle="star").json
        self.assertEqual([one["handle"] for one in people["people"]], ["fan"])
        people = self.call("listFollowing", 200, handle="fan").json
        self.assertEqual([one["handle"] for one in people["people"]], ["star"])
        for name, who in (("getTimeline", fan), ("listFollowers", None), ("listFollowing", None)):
            for query in ("limit=0", "limit=101", "limit=x", "before=x", "before=0"):
                self.call(name, 400, who=who, query=f"?{query}")
            self.call(name, 200, who=who, query="?limit=100&before=9223372036854775807")
        relation = self.call("getRelation", 200, who=fan, handle="star").json
        self.assertEqual(relation, {"post_count": 1, "follower_count": 1, "following_count": 0,
                                    "followed": True, "follows_me": False})
        relation = self.call("getCommunityRelation", 200, who=fan).json
        self.assertTrue(relation["followed"])
        self.assertGreaterEqual(relation["post_count"], 1)
        communities = self.call("listMyCommunities", 200, who=fan).json["communities"]
        self.assertEqual(communities, ["1"])
        for name in ("listFollowers", "listFollowing", "getRelation"):
            self.call(name, 404, handle="nobody")

        hidden = self.server.request("PATCH", "/v1/accounts/me",
                                     {"privacy": {"follows": "nobody"}}, who=star)
        self.assertEqual(hidden.status, 200, hidden.body)
        fan.position = hidden.headers["matsuri-position"]
        for name in ("listFollowers", "listFollowing"):
            self.call(name, 403, who=fan, handle="star", headers=seen())
            self.call(name, 200, who=star, handle="star", headers=seen())

        blocked = self.call("blockAccount", 204, who=star, handle="fan")
        fan.position = blocked.headers["matsuri-position"]
        self.call("followAccount", 403, who=fan, handle="star", headers=seen())
        for name in ("listFollowers", "listFollowing", "getRelation"):
            self.call(name, 404, who=fan, handle="star", headers=seen())
        page = self.call("getTimeline", 200, who=fan, headers=seen()).json
        self.assertNotIn(made.json["id"], [post["id"] for post in page["posts"]])
        for name, parameters in (("unfollowAccount", {"handle": "star"}),
                                 ("unfollowCommunity", {})):
            answer = self.call(name, 200, who=fan, headers=seen(), **parameters)
            self.assertFalse(answer.json["followed"])
            fan.position = answer.headers["matsuri-position"]
        self.assertEqual(self.call("listMyCommunities", 200, who=fan, headers=seen()).json,
                         {"communities": []})

    def plaza_title(self, title, is_there, who=None, headers=()):
        """The title's entry of the plaza, once it is as it is wanted: a scene is shared for a second."""
        for _ in range(200):
            plaza = self.call("getPlaza", 200, who=who, headers=headers, query="?limit=24").json
            entry = next((one for one in plaza["titles"] if one["title"]["id"] == title["id"]), None)
            if entry and is_there(entry):
                return plaza, entry
            time.sleep(0.05)
        self.fail(f"the plaza never came to show it: {entry}")

    def test_the_plaza(self):
        admin = self.make_admin("lamplighter")
        title = self.call("createTitle", 201, who=admin, body={
            "names": {"en": "Lamps", "ja": "灯"}, "crest": "灯"}).json
        event_of = CONTRACT.operations["openStream"]["responses"][200]["content"][
            "text/event-stream"]["x-events"]
        _, connection = self.server.stream(query="?topic=plaza")
        self.assertEqual(connection.read_event()["event"], "ready")
        singer, poet = Person(self.server, "singer"), Person(self.server, "poet")
        main = title["main_community"]
        maps = self.call("createCommunity", 201, who=singer, body={
            "title": title["id"], "name": "Maps"}).json
        singer.post(self.server, "of no title")
        song = singer.post(self.server, "a song", community=main)
        sent = connection.read_event()
        self.assertEqual(sent["event"], "plaza_post")
        data = json.loads(sent["data"])
        self.assertEqual(CONTRACT.mismatches(event_of["plaza_post"], data, "plaza_post"), [])
        self.assertEqual((data["title"], data["id"], data["mine"]),
                         (title["id"], song.json["id"], False))
        poem = poet.post(self.server, "a poem", community=maps["id"])
        veiled = self.call("createPost", 201, who=poet, community=main,
                           body={"text": "the end", "spoiler": True})
        self.call("createComment", 201, who=poet, post=song.json["id"], headers=self.after(song))

        plaza, entry = self.plaza_title(title, lambda one: len(one["posts"]) == 2)
        self.assertEqual((entry["title"], entry["community"], entry["people_count"]),
                         (title, main, 2))
        self.assertEqual([post["text"] for post in entry["posts"]], ["a poem", "a song"])
        self.assertEqual([one["handle"] for one in entry["people"]], ["poet", "singer"])
        self.assertGreaterEqual(plaza["titles_count"], 1)
        self.assertGreaterEqual(plaza["people_count"], 2)
        _, entry = self.plaza_title(title, lambda one: True, who=singer)
        self.assertEqual([post["mine"] for post in entry["posts"]], [False, True])
        self.assertNotIn(veiled.json["id"], [post["id"] for post in entry["posts"]])

        blocked = self.call("blockAccount", 204, who=singer, handle="poet")
        for who, text in ((singer, "a song"), (poet, "a poem")):
            _, entry = self.plaza_title(title, lambda one: True, who, self.after(blocked))
            self.assertEqual([post["text"] for post in entry["posts"]], [text])
            self.assertEqual([one["handle"] for one in entry["people"]], [who.handle])
        gone = self.call("deletePost", 200, who=poet, post=poem.json["id"])
        _, entry = self.plaza_title(title, lambda one: True, headers=self.after(gone))
        self.assertEqual([post["text"] for post in entry["posts"]], ["a song"])
        while sent["event"] != "post_deleted":  # the poem itself may have been one too many
            sent = connection.read_event()
        self.assertEqual(json.loads(sent["data"])["post"], poem.json["id"])
        connection.close()

        self.assertLessEqual(len(self.call("getPlaza", 200, query="?limit=1").json["titles"]), 1)
        self.call("getPlaza", 200)
        for query in ("limit=0", "limit=25", "limit=x", "limit=1&limit=1"):
            self.call("getPlaza", 400, query=f"?{query}")
        for query in ("topic=x", "topic=", "topic=plaza&community=1"):
            self.call("openStream", 400, query=f"?{query}")

    def test_a_refused_command_is_its_authors_alone(self):
        person = Person(self.server, "twice")
        self.assertEqual(person.post(self.server, "gg").status, 201)
        self.server.restart()  # what memory knew of texts is gone: apply decides
        second = person.post(self.server, "gg")
        self.assertEqual(second.status, 201)
        seen = [("Matsuri-Position", person.position)]
        answer = self.call("getCommand", 200, who=person, position=second.json["position"],
                           headers=seen)
        self.assertEqual(answer.json["status"], "refused")
        self.assertEqual(answer.json["code"], "conflict")
        self.call("getCommand", 404, who=self.mio, position=second.json["position"])

    def test_a_command_is_pending_while_its_view_is_late(self):
        """The view of empathies cannot write while somebody else holds its database's lock."""
        author, fan = Person(self.server, "author_of_it"), Person(self.server, "fan_of_it")
        post = author.post(self.server, "wait for it").json["id"]
        seen = [("Matsuri-Position", author.position)]
        database = sqlite3.connect(f"{self.server.data}/db/empathy.sqlite", isolation_level=None)

        def waiting(view):
            metrics = self.server.request("GET", "/metrics").body.decode()
            return sum(int(re.search(f'matsuri_applier_{name}{{view="{view}"}} (\\d+)', metrics)[1])
                       for name in ("lag", "in_flight"))

        def status(answer):
            return self.call("getCommand", 200, who=fan,
                             position=answer.json["position"]).json["status"]

        with contextlib.closing(database):
            database.execute("BEGIN IMMEDIATE")
            given = self.call("giveEmpathy", 200, who=fan, headers=seen, post=post)
            # A read that waits for all views is late too, and says so; but it is answered.
            late = self.call("getPost", 200, post=post, headers=[
                ("Matsuri-Position", given.headers["matsuri-position"])])
            self.assertEqual(late.headers["matsuri-stale"], "1")
            self.assertEqual(status(given), "pending")
            self.wait_until(lambda: waiting("empathy") > 0 and waiting("timeline") == 0)
            database.execute("ROLLBACK")
        self.wait_until(lambda: status(given) == "applied" and waiting("empathy") == 0)

    def wait_until(self, condition):
        for _ in range(400):
            if condition():
                return
            time.sleep(0.05)
        self.fail("it does not come")

    def test_the_stream(self):
        self.call("openStream", 200)
        self.call("openStream", 200, query="?community=1", who=self.mio)
        self.call("openStream", 400, query="?community=x")
        self.call("openStream", 404, query="?community=2")
        self.call("openStream", 200, query="?topic=timeline", who=self.mio)
        self.call("openStream", 401, query="?topic=timeline")
        self.call("openStream", 400, query="?topic=weather", who=self.mio)
        self.call("openStream", 400, query="?topic=timeline&community=1", who=self.mio)
        content = CONTRACT.operations["openStream"]["responses"][200]["content"]
        events = content["text/event-stream"]["x-events"]
        _, connection = self.server.stream(query="?community=1", last_event_id="unknown")
        person = Person(self.server, "speaker")
        def expect(*names):
            for name in names:
                event = connection.read_event()
                self.assertEqual(event["event"], name)
                data = json.loads(event["data"])
                self.assertEqual(CONTRACT.mismatches(events[name], data, name), [])
            return data

        made = person.post(self.server, "live", language="ja")
        self.assertEqual(made.status, 201)
        seen = [("Matsuri-Position", made.headers["matsuri-position"])]
        comment = self.call("createComment", 201, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("ready", "reset", "post", "post")["parent"], made.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 1)
        seen = [("Matsuri-Position", comment.headers["matsuri-position"])]
        self.call("editPost", 200, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("post_changed")["text"], "edited")
        self.call("deletePost", 200, who=person, post=comment.json["id"], headers=seen)
        self.assertEqual(expect("post_deleted")["post"], comment.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 0)
        connection.close()

    def test_a_timeline_is_live(self):
        fan, star = Person(self.server, "live_fan"), Person(self.server, "live_star")
        _, connection = self.server.stream(who=fan, query="?topic=timeline")

        def expect(name):
            event = connection.read_event()
            self.assertEqual(event["event"], name)
            return json.loads(event["data"])

        expect("ready")
        star.post(self.server, "before anybody followed")
        followed = self.call("followAccount", 200, who=fan, handle="live_star")
        expect("reset")
        seen = [("Matsuri-Position", followed.headers["matsuri-position"])]
        before = self.call("getTimeline", 200, who=fan, headers=seen).json["posts"]
        self.assertEqual([one["text"] for one in before], ["before anybody followed"])
        star.post(self.server, "for my fans")
        self.assertEqual(expect("post")["text"], "for my fans")
        connection.close()

    def test_operation(self):
        for name in ("getLivez", "getReadyz", "getMetrics", "getDocs", "getOpenapi"):
            self.call(name, 200)

    # What no operation has of its own.

    def test_a_broken_disk_is_503_and_stays_it(self):
        server = Server()
        try:
            person = Person(server, "mio")
            server.limit_file_size(4096)
            answers = [server.request("POST", "/v1/communities/1/posts", {"text": f"text {number}"},
                                      who=person) for number in range(40)]
            for answer in answers:
                self.note("createPost", answer)
            self.assertEqual(answers[-1].status, 503)
            self.assertGreaterEqual(int(answers[-1].headers["retry-after"]), 1)
            self.call("getReadyz", 503, server=server)
            self.call("getLivez", 200, server=server)
            self.anywhere.add(503)
        finally:
            server.limit_file_size(1 << 40)  # so that it can end as it should
            server.remove()

    def test_what_any_operation_may_answer(self):
        def expect(status, method, target, headers=(), raw=None):
            connection = self.server.connect()
            answer = self.server.request(method, target, headers=headers, raw=raw,
                                         connection=connection)
            connection.close()
            self.assertEqual(answer.status, status, (method, target[:80]))
            self.assertEqual(CONTRACT.check_problem(answer), [])
            self.assertEqual(answer.code, CONTRACT.anywhere[status]["code"])
            self.anywhere.add(status)
            return answer

        expect(400, "GET", "/v1/accounts/ken", [("Matsuri-Position", "AAAA")])
        refused = expect(400, "POST", "/v1/sessions", [("Idempotency-Key", "a b")], raw=b"{}")
        self.assertIn("Idempotency-Key", refused.json["detail"])
        expect(400, "GET", "/v1/%zz")
        for method, target in (("DELETE", "/livez"), ("POST", "/docs"), ("HEAD", "/v1/stream"),
                               ("PUT", "/v1/posts/1"), ("PATCH", "/")):
            if method == "HEAD":
                answer = self.server.request(method, target)
                self.assertEqual(answer.status, 405)
            else:
                answer = expect(405, method, target)
            self.assertIn("GET", answer.headers["allow"])
            self.assertNotIn(method, answer.headers["allow"].split(", "))
        expect(413, "GET", "/v1/accounts/ken", raw=b" " * 16385)
        expect(414, "GET", "/" + "x" * 8192)
        expect(417, "GET", "/livez", [("Expect", "the unexpected")])
        expect(431, "GET", "/livez", [("X-Long", "x" * 16384)])
        expect(431, "GET", "/livez", [(f"X-{number}", "x") for number in range(200)])
        expect(501, "BREW", "/livez")

    def test_a_request_that_does_not_end_is_408(self):
        connection = self.server.connect(timeout_s=40)
        connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        late = connection.read_answer()
        connection.close()
        self.assertEqual(late.status, 408)
        self.assertEqual(CONTRACT.check_problem(late), [])
        self.anywhere.add(408)

    def test_z_every_documented_pair_was_met(self):
        """Last by its name. What is missing here is documented and not tested, or not true."""
        self.assertEqual(sorted(CONTRACT.pairs() - self.seen.keys()), [])
        self.assertEqual(sorted(CONTRACT.anywhere.keys() - self.anywhere), [])


class ContractTest(unittest.TestCase):
    """A check that can't fail would prove nothing: answers with one planted fault each."""

    def test_planted_faults_are_found(self):
        schema = {"$ref": "#/components/schemas/CreatedPost"}
        good = {"id": "5", "community": "1", "parent": None,
                "author": {"id": "6", "handle": "mio", "name": "M", "face": "0123456789abcdef"},
                "text": "a", "drawing": None, "feeling": 0, "spoiler": False, "tag": None,
                "language": None, "created_at": "2026-11-21T22:30:00.123Z", "edited_at": None,
                "comment_count": 0, "empathy_count": 0, "empathized": False, "mine": True,
                "durability": "local", "position": "0.1.89abcdef01234567.42"}
        self.assertEqual(CONTRACT.mismatches(schema, good, "body"), [])
        for fault in ({"id": 5}, {"id": "05"}, {"language": "english"}, {"feeling": 6},
                      {"text": "x" * 281}, {"created_at": "yesterday"}, {"durability": "none"},
                      {"more": 1}, {"author": {"id": "6", "handle": "mio"}},
                      {"author": good["author"] | {"password": "x"}}, {"position": "42"}):
            self.assertNotEqual(CONTRACT.mismatches(schema, good | fault, "body"), [], fault)
        for key in good:
            if key == "position":
                continue
            less = {name: value for name, value in good.items() if name != key}
            self.assertNotEqual(CONTRACT.mismatches(schema, less, "body"), [], key)

    def test_planted_faults_in_maps_are_found(self):
        schema = {"$ref": "#/components/schemas/Names"}
        self.assertEqual(CONTRACT.mismatches(schema, {"en": "x", "ja": "y"}, "names"), [])
        for fault in ({}, {"en": 5}, {"en": ""}, {"en": "x" * 129},
                      {str(number): "x" for number in range(17)}):
            self.assertNotEqual(CONTRACT.mismatches(schema, fault, "names"), [], fault)


if __name__ == "__main__":
    unittest.main()
