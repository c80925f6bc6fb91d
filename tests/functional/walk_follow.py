"""Whom and what somebody follows, and the timeline of that."""

from support import Person
from walk import Walk


class FollowWalk(Walk):
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
            for query in ("limit=0", "limit=101", "limit=x", "before=x", "before=0", "before=0-1"):
                self.call(name, 400, who=who, query=f"?{query}")
            newest = "9223372036854775807"
            if name != "getTimeline":
                newest += f"-{newest}"
            self.call(name, 200, who=who, query=f"?limit=100&before={newest}")
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
