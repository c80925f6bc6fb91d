"""Posts and comments, written and drawn, and the feeds that show them."""

import contextlib
import re
import sqlite3
import time

from support import Person
from walk import Walk, path_of

LINE = {"strokes": [{"pen": 2, "points": [40, 40, 0, 400, 300, 16]}]}


class TimelineWalk(Walk):
    bodies = {
        "createPost": {"text": "hello"},
        "createComment": {"text": "hello"},
        "editPost": {"text": "edited"},
    }

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
        self.stay_in_one_day()
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
        # Other tests may have posted before midnight.
        days = sorted({post["created_at"][:10] for post in self.all_posts()})
        day_before = days[-2] if len(days) > 1 else None
        today = self.call("listPosts", 200, query=f"?sort=popular&day={day}").json
        self.assertEqual((today["day"], today["day_before"], today["day_after"]),
                         (day, day_before, None))
        old = self.call("listPosts", 200, query="?sort=popular&day=2011-01-01").json
        self.assertEqual(old, {"posts": [], "next": None, "day": "2011-01-01", "day_before": None,
                               "day_after": days[0]})

    def all_posts(self):
        posts, before = [], ""
        while before is not None:
            page = self.call("listPosts", 200, query="?limit=100" + before).json
            posts += page["posts"]
            before = page["next"] and "&before=" + page["next"]
        return posts

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
            late = self.server.request("GET", path_of("getPost", post=post),
                                       headers=self.after(given))
            self.assertEqual(self.note("getPost", late).status, 200)
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
