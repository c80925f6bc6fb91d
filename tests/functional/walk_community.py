"""Titles and communities."""

from support import Person
from walk import Walk


class CommunityWalk(Walk):
    bodies = {
        "createTitle": {"names": {"en": "A Title"}},
        "updateTitle": {"crest": "x"},
        "createCommunity": {"title": "1", "name": "Maps"},
        "updateCommunity": {"description": "about maps"},
    }

    def test_titles(self):
        admin = Person(self.server, "librarian").becomes_admin(self.server)
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
            "names": {"en": "Common ground", "ja": "みんなの集い"}, "description": "",
            "post_kinds": ["text", "drawing"], "who_posts": "everyone",
            "created_at": "2010-01-01T00:00:00.000Z"})
        self.call("getCommunity", 404, community=2)
        self.call("getCommunity", 404, community="x")

        admin = Person(self.server, "caretaker").becomes_admin(self.server)
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
