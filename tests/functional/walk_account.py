"""People: who they are, what they say of themselves, their faces, sessions and tokens, whom they
block and mute."""

import xml.etree.ElementTree

from support import Person
from walk import Walk, path_of


class AccountWalk(Walk):
    bodies = {
        "createAccount": {"handle": "somebody_new", "name": "New", "password": "correct horse"},
        "updateMe": {"name": "New Name"},
        "setRole": {"role": "user"},
        "createSession": {"handle": "mio", "password": "correct horse"},
        "createToken": {"label": "bot"},
    }

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
        admin.becomes_admin(self.server)
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
        self.call("getAccount", 404, who=self.ken, handle="mio")
        self.call("getAccount", 200, who=self.mio, handle="ken")
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
