"""Goal: no page of a list skips or repeats what was there at the first one, while posts arrive, people
come and scores move.

Method: every list of api/openapi.yaml (an answer with `next`) is read whole, and then in pages of
three, between which things happen to that list: something comes on top, and what is still ahead of the
reader moves. A list that is not known here fails.
"""

import os
import time
import unittest

from contract import Contract
from game_client import Game, attack, born, command, new_key, sender
from inbox import append, attempt
from support import Person, Server, until_fresh

CONTRACT = Contract()
COUNT = 12


def lists():
    """Those that have an end: a feed of changes goes on for ever (tests/crash/game_test.py reads it)."""
    for name, operation in CONTRACT.operations.items():
        content = operation["responses"].get(200, {}).get("content", {}).get("application/json")
        following = content and CONTRACT.properties_of(content["schema"])[0].get("next")
        if following and is_nullable(CONTRACT.resolve(following)):
            yield name


def is_nullable(schema):
    return "null" in schema.get("type", ()) or any(
        CONTRACT.resolve(way).get("type") == "null" for way in schema.get("oneOf", ()))


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
        cls.game = Game(sender(cls.server), cls.star.headers(cls.server), title=cls.title)
        cls.game.one(born("raid"))
        for number in range(COUNT):
            cls.game.one(attack("raid"))
            cls.damage(f"raid-{number:02}")
            cls.found("campaigns", f"c-{number:02}", budget=1000)
            cls.found("sinks", f"s-{number:02}")
            cls.grant(number)
            cls.check_in(number + 1)

    @classmethod
    def damage(cls, arena):
        cls.game.one(command(arena, [("raider", cls.people[0].id)],
                             [{"entity": 0, "field": "damage", "do": "add", "value": 1}]))

    @classmethod
    def found(cls, what, name, **more):
        cls.send(cls.star, "POST", f"/v1/points/{what}",
                 {"key": new_key(), "name": name, "title": cls.title} | more)

    @classmethod
    def grant(cls, event):
        cls.send(cls.star, "POST", "/v1/points/grants", {
            "event": str(event), "campaign": "c-00", "account": cls.people[0].id, "amount": 1})

    @classmethod
    def check_in(cls, window):
        """Answered when it is there: pages are of what is."""
        append(f"{cls.server.inbox}/show.inbox", attempt(
            cls.people[0].id, os.urandom(16), programme=f"show-{window // 8}", window=window))
        while not any(one["window"] == window for one in cls.send(
                cls.people[0], "GET", "/v1/checkin/me")["checkins"]):
            time.sleep(0.05)

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

    def of_damage(self, number):
        # Of the past, behind the reader; and where the reader has not been.
        self.damage(f"a-{number}")
        self.damage(f"raid-{COUNT - 1:02}")

    def lists(self):
        history = f"/v1/game/{self.title}/history"
        player = self.people[0].id
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
            "listSupportPosts": [(f"/v1/support/players/{self.star.id}/posts?", self.star,
                                  self.of_posts)],
            "getGameHistory": [(f"{history}?entity=raid/boss/b1&", self.star,
                                lambda number: self.game.one(attack("raid"))),
                               (f"{history}?player={player}&", self.star,
                                lambda number: self.damage("raid-00"))],
            "getPlayerEntities": [(f"/v1/game/{self.title}/players/{player}/entities?", self.star,
                                   self.of_damage)],
            "listCampaigns": [("/v1/points/campaigns?", self.star, lambda number: self.found(
                "campaigns", f"a-{number}", budget=1))],
            "listSinks": [("/v1/points/sinks?", self.star,
                           lambda number: self.found("sinks", f"a-{number}"))],
            "listOwnPostings": [("/v1/points/me/postings?", reader,
                                 lambda number: self.grant(f"own-{number}"))],
            "listOwnCheckins": [("/v1/checkin/me?", reader, lambda number: self.check_in(100 + number))],
            "listPostings": [(f"/v1/points/accounts/{player}/postings?", self.star,
                              lambda number: self.grant(f"their-{number}"))],
        }

    def read(self, target, who):
        headers = [("Matsuri-Position", self.position)]
        answer = until_fresh(lambda: self.server.request("GET", target, headers=headers, who=who))
        self.assertEqual(answer.status, 200, target)
        page = answer.json
        things = next(value for value in page.values() if isinstance(value, list))
        return [self.name_of(one) for one in things], page["next"]

    @staticmethod
    def name_of(one):
        # A notice that grows gets a new id: it is the same one by what it is about.
        if "people" in one:
            return f"{one['kind']} {one['post'] and one['post']['id']}"
        return next(one[field] for field in ("handle", "key", "arena", "id", "name") if field in one)

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
        ascends = name in ("listComments", "getPlayerEntities", "listCampaigns", "listSinks")
        turn = "after" if ascends else "before"
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
