"""Where people gather."""

import json
import time

from support import Person
from walk import CONTRACT, Walk


class PlazaWalk(Walk):
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
        admin = Person(self.server, "lamplighter").becomes_admin(self.server)
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
