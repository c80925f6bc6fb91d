"""What staff see of a player: who may look, what they see, and that the log says who looked."""

import json
import re
import time

from game_client import Game, command, new_key, sender
from support import Person
from walk import Walk


class SupportWalk(Walk):
    def staff(self, role):
        """Somebody who got the role by the operator's command, once the server knows it."""
        person = Person(self.server, f"{role[:2]}{time.monotonic_ns() % 10**12}")
        self.assertEqual(self.server.run("account", "role", person.handle, role).returncode, 0)
        deadline = time.monotonic() + 20
        while self.server.request("GET", "/v1/accounts/" + person.handle).json["role"] != role or (
                role != "moderator" and self.server.request(
                    "GET", "/v1/support/players/1", who=person).status == 403):
            self.assertLess(time.monotonic(), deadline, "the server does not hear of a role")
            time.sleep(0.05)
        return person

    def looks(self, staff, player):
        """What the log says that they looked at."""
        return re.findall(rf"support: a player was looked at staff={staff.id} player={player.id} "
                          r"what=(\S+)", self.server.log())

    def test_a_player(self):
        helper, watcher = self.staff("support"), self.staff("moderator")
        boss = Person(self.server, f"bo{time.monotonic_ns() % 10**12}").becomes_admin(self.server)
        sora = Person(self.server, "sora_s", "Sora")
        for name in ("getSupportPlayer", "listSupportPosts"):
            for who in (self.mio, sora, watcher):
                self.call(name, 403, who=who, player=sora.id)
            for nobody in ("9", "0", "x", "no_such_handle", "@sora_s", "9" * 20):
                if name == "getSupportPlayer" or not nobody.isdigit() or nobody == "0":
                    self.call(name, 404, who=helper, player=nobody)
        self.assertEqual(self.looks(helper, sora), [])
        for who in (helper, boss, helper.as_program(self.server)):
            for player in (sora.id, sora.handle):
                seen = self.call("getSupportPlayer", 200, who=who, player=player).json
                self.assertEqual(seen["account"]["id"], sora.id)
                self.assertEqual((seen["has_password"], seen["titles"]), (True, []))
                self.assertEqual(len(seen["sessions"]), 1)
        self.assertEqual(self.looks(helper, sora), ["account"] * 4)
        self.assertEqual(self.looks(boss, sora), ["account"] * 2)
        # A block hides nothing from staff.
        self.call("blockAccount", 204, who=sora, handle=helper.handle)
        self.call("getAccount", 404, who=helper, handle=sora.handle)
        self.call("getSupportPlayer", 200, who=helper, player=sora.handle)
        # The role is that of the moment.
        self.call("setRole", 200, who=boss, handle=helper.handle, body={"role": "user"})
        self.call("getSupportPlayer", 403, who=helper, player=sora.id)

    def test_what_a_player_wrote(self):
        helper, sora = self.staff("support"), Person(self.server, "yume_s", "Yume")
        self.call("blockAccount", 204, who=sora, handle=helper.handle)

        first = self.call("createPost", 201, who=sora, body={
            "text": "first", "language": "ja", "spoiler": True, "tag": "hint"})
        comment = self.call("createComment", 201, who=sora, headers=self.after(first),
                            post=first.json["id"], body={"text": "a comment"}).json["id"]
        first = first.json["id"]
        gone = self.call("createPost", 201, who=sora, body={"text": "gone soon"})
        seen, gone = self.after(gone), gone.json["id"]
        self.call("deletePost", 200, who=sora, headers=seen, post=gone)

        def pages(limit):
            posts, before = [], ""
            while True:
                page = self.call("listSupportPosts", 200, who=helper, player=sora.id,
                                 query=f"?limit={limit}{before}").json
                posts += page["posts"]
                if page["next"] is None:
                    return posts
                before = "&before=" + page["next"]

        deadline = time.monotonic() + 20
        while not any(post["deleted"] for post in pages(100)):
            self.assertLess(time.monotonic(), deadline, "the deletion does not arrive")
            time.sleep(0.05)
        posts = pages(100)
        self.assertEqual([(post["id"], post["text"], post["parent"], post["deleted"]) for post in posts],
                         [(gone, "", None, True), (comment, "a comment", first, False),
                          (first, "first", None, False)])
        self.assertEqual([posts[2][name] for name in ("language", "spoiler", "tag")], ["ja", True, "hint"])
        self.assertEqual(pages(1), posts)
        self.assertEqual(pages(2), posts)
        self.assertEqual(set(self.looks(helper, sora)), {"posts"})
        for query in ("?limit=0", "?limit=101", "?limit=x", "?before=x", "?before=1&before=2"):
            self.call("listSupportPosts", 400, who=helper, player=sora.id, query=query)
        self.assertEqual(self.call("listSupportPosts", 200, who=helper, player="9").json["posts"], [])

    def test_every_look_is_logged(self):
        helper, sora = self.staff("support"), Person(self.server, "kumo_s", "Kumo")
        boss = Person(self.server, f"lo{time.monotonic_ns() % 10**12}").becomes_admin(self.server)
        game = Game(sender(self.server), boss.headers(self.server))
        for name, more, what in (
                ("getSupportPlayer", {"player": sora.id}, "account"),
                ("listSupportPosts", {"player": sora.id}, "posts"),
                ("getGameHistory", {"query": f"?player={sora.id}"}, "history"),
                ("getGameHistory", {"query": f"?entity=town/raider/{sora.id}"}, "history"),
                ("getPlayerEntities", {"account": sora.id}, "entities"),
                ("getPoints", {"account": sora.id}, "points"),
                ("listPostings", {"account": sora.id}, "points")):
            before = self.looks(helper, sora)
            self.call(name, 200, who=helper, title=game.title, **more)
            self.assertEqual(self.looks(helper, sora), before + [what], name)
        # The title's own servers are no staff.
        self.call("getGameHistory", 200, headers=game.server, title=game.title, query=f"?player={sora.id}")
        self.assertEqual(len(re.findall(rf"player={sora.id} ", self.server.log())), 7)

    def test_titles_that_a_player_touched(self):
        helper = self.staff("support")
        boss = Person(self.server, f"ga{time.monotonic_ns() % 10**12}").becomes_admin(self.server)
        games = [Game(sender(self.server), boss.headers(self.server)) for _ in range(3)]
        titles = [game.title for game in games]
        hana = Person(self.server, "hana_s", "Hana")

        def touched():
            seen = self.call("getSupportPlayer", 200, who=helper, player=hana.id).json
            self.assertTrue(seen["titles_whole"])
            for one in seen["titles"]:
                self.assertEqual(one["title"], self.call("getTitle", 200, title=one["id"]).json)
            return [one["id"] for one in seen["titles"]]

        self.assertEqual(touched(), [])
        # An entity that the title's server made for them, and a command that they gave.
        games[1].one(command("town", [("raider", hana.id)],
                             [{"entity": 0, "field": "hp", "do": "set", "value": 5}], key=new_key()))
        self.assertEqual(touched(), [titles[1]])
        games[2].one(command("town", [("boss", "b1")],
                             [{"entity": 0, "field": "hp", "do": "set", "value": 5}], key=new_key()))
        self.assertEqual(touched(), [titles[1]])
        stands = [{"entity": 0, "field": "hp", "is": ">", "value": 0}]
        told = games[2].one(command("town", [("boss", "b1")],
                                    [{"entity": 0, "field": "hp", "do": "sub_clamp", "value": 1}],
                                    stands, key=new_key()), who=games[2].player(hana.headers(self.server)))
        self.assertEqual(told["outcome"], "applied", told)
        self.assertEqual(touched(), [titles[2], titles[1]])
        # Support reads what the kinds of a title are; who is not staff does not.
        shown = self.call("getGameSchema", 200, who=helper, title=titles[1]).json
        self.assertIn("raider", json.dumps(shown))
        self.call("getGameSchema", 403, who=hana, title=titles[1])
        self.call("getGameSchema", 404, who=helper, title="9")
