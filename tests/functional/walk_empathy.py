"""Feeling with what others say."""

from support import Person
from walk import Walk


class EmpathyWalk(Walk):
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
            for query in ("limit=0", "limit=101", "limit=x", "before=x", "before=1", "before=0-1"):
                self.call(name, 400, query=f"?{query}", post=post, handle="reader")
            self.call(name, 200, query="?limit=100&before=" + "-".join(["9223372036854775807"] * 2), post=post,
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
