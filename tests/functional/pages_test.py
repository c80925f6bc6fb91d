"""Goal: no page of a list skips or repeats what was there at the first one, while posts arrive, people
come and scores move.

Method: every list of api/openapi.yaml (an answer with `next`) is read whole, and then in pages of
three, between which things happen to that list: something comes on top, and what is still ahead of the
reader moves. A list that is not known here fails.
"""

import time
import unittest

from contract import Contract
from support import Person, Server

CONTRACT = Contract()
COUNT = 12


def lists():
    """Those that have an end: a feed of changes goes on for ever (tests/crash/game_test.py reads it)."""
    for name, operation in CONTRACT.operations.items():
        content = operation["responses"].get(200, {}).get("content", {}).get("application/json")
        following = content and CONTRACT.properties_of(content["schema"])[0].get("next")
        if following and "null" in CONTRACT.resolve(following)["type"]:
            yield name


class PagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.position = None
        cls.number = 0
        cls.star = Person(cls.server, "star").becomes_admin(cls.server)
        cls.people = [Person(cls.server, f"person_{number}") for number in range(COUNT)]
        cls.fresh = [Person(cls.server, f"fresh_{number}") for number in range(6)]
        cls.title = cls.send(cls.star, "POST", "/v1/titles", {"names": {"en": "T"}})["id"]
        cls.place = cls.make_place()
        cls.posts = [cls.post() for _ in range(COUNT)]
        cls.top = cls.posts[-1]
        cls.send(cls.people[0], "PUT", "/v1/accounts/me/follows/star")
        cls.send(cls.people[0], "PUT", f"/v1/communities/{cls.place}/follow")
        for number, person in enumerate(cls.people):
            cls.send(person, "PUT", "/v1/accounts/me/follows/star")
            cls.send(cls.star, "PUT", f"/v1/accounts/me/follows/{person.handle}")
            cls.feel(person, cls.top)
            cls.feel(cls.people[0], cls.posts[number])
            cls.comment(person)
            if number > 1:
                cls.send(cls.star, "POST", "/v1/titles", {"names": {"en": f"T{number}"}})

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    @classmethod
    def send(cls, who, method, target, body=None):
        headers = [("Matsuri-Position", cls.position)] if cls.position else []
        answer = cls.server.request(method, target, body, headers, who)
        assert answer.status in (200, 201), (method, target, answer)
        cls.position = answer.headers.get("matsuri-position", cls.position)
        return answer.json

    @classmethod
    def post(cls, who=None):
        cls.number += 1
        return cls.send(who or cls.star, "POST", f"/v1/communities/{cls.place}/posts",
                        {"text": f"post {cls.number}"})["id"]

    @classmethod
    def comment(cls, who):
        cls.number += 1
        cls.send(who, "POST", f"/v1/posts/{cls.top}/comments", {"text": f"comment {cls.number}"})

    @classmethod
    def feel(cls, who, post):
        cls.send(who, "PUT", f"/v1/posts/{post}/empathy")

    @classmethod
    def make_place(cls):
        cls.number += 1
        return cls.send(cls.star, "POST", "/v1/communities", {
            "title": cls.title, "name": f"Place {cls.number}", "kind": "official"})["id"]

    # What happens to each list before its page `number`, and whose eyes read it.

    def of_posts(self, number):
        self.post()
        self.post(self.people[number])

    def of_scores(self, number):
        self.of_posts(number)
        for person in self.people[1:6]:
            self.feel(person, self.posts[(number * 5) % COUNT])
            self.feel(person, self.posts[(number * 3 + 1) % COUNT])

    def of_notices(self, number):
        self.feel(self.fresh[number], self.posts[1])
        self.feel(self.people[1], self.post())

    def lists(self):
        place, star = f"/v1/communities/{self.place}/posts", "/v1/accounts/star"
        reader = self.people[0]
        return {
            "listAccountPosts": [(f"{star}/posts?", None, self.of_posts)],
            "listTitles": [("/v1/titles?", None, lambda number: self.send(
                self.star, "POST", "/v1/titles", {"names": {"en": f"Late {number}"}}))],
            "listCommunities": [("/v1/communities?", None, lambda number: self.make_place())],
            "listFollowers": [(f"{star}/followers?", None, lambda number: self.send(
                self.fresh[number], "PUT", "/v1/accounts/me/follows/star"))],
            "listFollowing": [(f"{star}/following?", None, lambda number: self.send(
                self.star, "PUT", f"/v1/accounts/me/follows/{self.fresh[number].handle}"))],
            "getTimeline": [("/v1/timeline?", reader, self.of_posts)],
            "listPosts": [(f"{place}?", None, self.of_posts),
                          (f"{place}?sort=hot&", None, self.of_scores),
                          (f"{place}?sort=popular&", None, self.of_scores)],
            "listComments": [(f"/v1/posts/{self.top}/comments?", None,
                              lambda number: self.comment(self.fresh[number]))],
            "listPostEmpathies": [(f"/v1/posts/{self.top}/empathies?", None,
                                   lambda number: self.feel(self.fresh[number], self.top))],
            "listAccountEmpathies": [(f"/v1/accounts/{reader.handle}/empathies?", None,
                                      lambda number: self.feel(reader, self.post()))],
            "listNotifications": [("/v1/notifications?", self.star, self.of_notices)],
        }

    def read(self, target, who):
        headers = [("Matsuri-Position", self.position)]
        answer = self.server.request("GET", target, headers=headers, who=who)
        self.assertEqual(answer.status, 200, target)
        page = answer.json
        things = next(value for value in page.values() if isinstance(value, list))
        # A notice that grows gets a new id: it is the same one by what it is about.
        return [one.get("handle") or (f"{one['kind']} {one['post'] and one['post']['id']}"
                                      if "kind" in one and "people" in one else one["id"])
                for one in things], page["next"]

    def whole(self, target, who):
        """The list once it stands still: some of it are facts of facts."""
        things = None
        for _ in range(100):
            before, things = things, self.read(f"{target}limit=100", who)[0]
            if things == before and len(things) > 9:
                return things
            time.sleep(0.1)
        raise AssertionError(f"{target} does not stand still: {things}")

    def check(self, name, target, who, happen):
        whole = self.whole(target, who)
        turn = "after" if name == "listComments" else "before"
        got, cursor, count = [], "", 0
        while cursor is not None and count < 20:
            page, cursor = self.read(f"{target}limit=3" + (f"&{turn}={cursor}" if cursor else ""), who)
            self.assertLessEqual(len(page), 3)
            got += page
            if count < 4:
                happen(count)
            count += 1
        self.assertGreaterEqual(count, 4, "there was but a page or two")
        self.assertEqual(len(got), len(set(got)), f"{target} repeats")
        if name == "listNotifications":
            # One that grows moves to the top, where the reader has been.
            moved = f"empathy {self.posts[1]}"
            self.assertIn(moved, whole[3:])
            whole, got = ([one for one in all_of if one != moved] for all_of in (whole, got))
        if name == "listComments":
            self.assertGreater(len(got), len(whole), "the newest are the last")
            got = got[:len(whole)]
        self.assertEqual(got, whole, target)

    def test_every_list_is_known(self):
        self.assertEqual(sorted(lists()), sorted(self.lists()))


for each in lists():
    def test(self, name=each):
        for target, who, happen in self.lists()[name]:
            with self.subTest(target):
                self.check(name, target, who, happen)
    setattr(PagesTest, f"test_{each}", test)


if __name__ == "__main__":
    unittest.main()
