"""The table of docs/visibility.md, and a world in which each of its cells can be looked at."""

import dataclasses
import re

from game_client import Game, command, sender
from support import ROOT, Person, until_fresh
from waiting import wait_until

WORDS = {"shown", "hidden", "veiled", "wordless", "counted", "not counted", "401", "403", "404",
         "–"}
LINE = {"strokes": [{"pen": 2, "points": [40, 40, 0, 400, 300, 16]}]}


@dataclasses.dataclass
class Row:
    path: str  # as in api/openapi.yaml
    query: str
    what: str
    cells: dict  # situation to word

    @property
    def name(self):
        return f"{self.path}{self.query}: {self.what}"


class Table:
    def __init__(self):
        text = (ROOT / "docs/visibility.md").read_text(encoding="utf-8")
        self.rows, self.alone, self.situations = [], [], []
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if not cells or set(cells[0]) <= set("-"):
                continue
            if cells[0] == "path":
                self.situations = self.situations or cells[2:]
                continue
            path, query = re.fullmatch(r"`([^`?]+)(\?[^`]+)?`", cells[0]).groups()
            if len(cells) == 2:
                self.alone.append(path)
                continue
            assert len(cells) == 2 + len(self.situations), line
            words = [cell or cells[2] for cell in cells[2:]]
            assert set(words) <= WORDS, (line, set(words) - WORDS)
            self.rows.append(Row(path, query or "", cells[1], dict(zip(self.situations, words))))

    def paths(self):
        return {row.path for row in self.rows} | set(self.alone)


class World:
    """Three people in a community, before anything stands between them."""

    def __init__(self, server, title, number):
        self.server = server
        self.position = None
        self.me, self.they, self.another = (
            Person(server, f"{who}_{number}", f"Name of {who} {number}")
            for who in ("me", "they", "another"))
        made = self.send(self.they, "POST", "/v1/communities",
                         {"title": title, "name": f"Place {number}"})
        self.id = {"title": title, "community": made["id"]}
        self.texts = {"their community": f"Place {number}"}
        self.parents = {}
        for person in (self.me, self.they, self.another):
            for other in (self.me, self.they, self.another):
                if other is not person:
                    self.send(person, "PUT", f"/v1/accounts/me/follows/{other.handle}")
            if person is not self.another:
                self.send(person, "PUT", f"/v1/communities/{made['id']}/follow")
        for who, post in (("they", "their post"), ("they", "their other post"), ("me", "my post"),
                          ("another", "another's post")):
            self.say(who, post)
        for who, comment, post in (
                ("me", "my comment on their post", "their post"),
                ("another", "another's comment on their post", "their post"),
                ("me", "my comment on their other post", "their other post"),
                ("me", "my comment", "another's post"),
                ("they", "their comment", "another's post"),
                ("they", "their comment on my post", "my post")):
            self.say(who, comment, post)
        for who, post in (("me", "their post"), ("me", "their comment"), ("me", "another's post"),
                          ("me", "another's comment on their post"), ("another", "their post"),
                          ("they", "another's post"), ("another", "my post"), ("they", "my post")):
            self.feel(who, post)
        # The facts of facts: no position waits for them.
        assert wait_until(
            lambda: sorted(one["people_count"] for one in self.notices()) == [1, 1, 1, 2, 2]
            and self.empathy_count("another's post") == 2, 20), self.notices()

    def play(self, admin):
        """All three have a place on a board of the title."""
        self.game = Game(sender(self.server), admin.headers(self.server), title=self.id["title"])
        people = (self.me, self.they, self.another)
        self.game.run(*[command("raid", [("raider", person.id)],
                                [{"entity": 0, "field": "damage", "do": "add", "value": 5}])
                        for person in people])
        self.game.put_board("damage", kind="raider", field="damage", accounts=True, players=True)
        self.id |= {"board": "damage", "id": self.they.id}
        self.players = {person: self.game.player(person.headers(self.server)) for person in people}

    def send(self, who, method, target, body=None):
        answer = self.server.request(method, target, body, self.seen(), who)
        assert answer.status in (200, 201, 204), (method, target, answer)
        self.position = answer.headers.get("matsuri-position", self.position)
        return answer.json if answer.body else None

    def seen(self):
        return [("Matsuri-Position", self.position)] if self.position else []

    def get(self, target, who):
        """An answer that is not behind what was written, however slow the machine is."""
        headers = self.seen()
        if target.startswith("/v1/game/") and who is not None:
            headers, who = headers + self.players[who], None
        return until_fresh(lambda: self.server.request("GET", target, headers=headers, who=who))

    def say(self, who, name, parent=None, **more):
        """A post, or a comment, with words that nothing else has."""
        self.texts[name] = f"words {len(self.texts)} of {getattr(self, who).handle}."
        target = (f"/v1/posts/{self.id[parent]}/comments" if parent
                  else f"/v1/communities/{self.id['community']}/posts")
        made = self.send(getattr(self, who), "POST", target,
                         {"text": self.texts[name], "drawing": LINE} | more)
        self.id[name] = made["id"]
        self.parents[name] = parent

    def feel(self, who, name):
        self.send(getattr(self, who), "PUT", f"/v1/posts/{self.id[name]}/empathy")

    def edit(self, who, name, **change):
        self.send(getattr(self, who), "PATCH", f"/v1/posts/{self.id[name]}", change)

    def delete(self, who, name):
        self.send(getattr(self, who), "DELETE", f"/v1/posts/{self.id[name]}")

    def notices(self):
        return self.get("/v1/notifications?limit=100", self.me).json["notifications"]

    def empathy_count(self, name):
        return self.get(f"/v1/posts/{self.id[name]}", self.another).json["empathy_count"]


THEIRS = ("their post", "their other post", "their comment", "their comment on my post")


def deleted(world):
    for name in THEIRS:
        world.delete("they", name)
    assert wait_until(lambda: len(world.notices()) == 2, 20), world.notices()


def spoiler(world):
    for name in THEIRS:
        world.edit("they", name, spoiler=True)


def relation(who, kind, whom):
    return lambda world: world.send(getattr(world, who), "PUT",
                                    f"/v1/accounts/me/{kind}/{getattr(world, whom).handle}")


def privacy(what):
    return lambda world: world.send(world.they, "PATCH", "/v1/accounts/me",
                                    {"privacy": {what: "nobody"}})


# What makes each situation of the table.
SITUATIONS = {
    "nothing": lambda world: None,
    "visitor": lambda world: None,
    "I block": relation("me", "blocks", "they"),
    "block me": relation("they", "blocks", "me"),
    "I mute": relation("me", "mutes", "they"),
    "mute me": relation("they", "mutes", "me"),
    "follows": privacy("follows"),
    "empathies": privacy("empathies"),
    "deleted": deleted,
    "spoiler": spoiler,
}


class Thing:
    """Something that an answer may show: a post by its words, a person by their name."""

    def __init__(self, sign, **of):
        self.sign = sign
        self.of = of  # what stands in the place of the path's parameters

    def signs(self, world):
        if self.sign in ("me", "they", "another"):
            return {getattr(world, self.sign).handle}
        return {world.texts[self.sign]}

    def word(self, world, answer, path):
        if re.search(r"/drawing(\.\w+)?$", path):
            return "shown"
        (sign,) = self.signs(world)
        if f'"{sign}"' not in answer.body.decode():
            return "hidden"
        post = next((one for one in posts_in(answer.json) if one["text"] == sign), {})
        return "veiled" if post.get("spoiler") else "shown"


class Count:
    """A number that counts something, or not: `all_count` with it, `rest_count` without."""

    def __init__(self, field, all_count, rest_count, **of):
        self.field, self.all_count, self.rest_count, self.of = field, all_count, rest_count, of

    def signs(self, world):
        return set()

    def word(self, world, answer, path):
        number = answer.json[self.field]
        return {self.all_count: "counted", self.rest_count: "not counted"}.get(number, str(number))


class Notice:
    """One notice, by its kind, the post that it is about, and who is in it."""

    def __init__(self, kind, post, who, wordless_max=0):
        self.kind, self.post, self.who, self.of = kind, post, who, {}
        self.wordless_max = wordless_max  # so many like it, without a post, are others

    def signs(self, world):
        post = {world.texts[self.post]} if self.post else set()
        return {getattr(world, self.who).handle} | post

    def word(self, world, answer, path):
        handle = getattr(world, self.who).handle
        wordless = 0
        for notice in answer.json["notifications"]:
            people, post = [one["handle"] for one in notice["people"]], notice["post"]
            if notice["kind"] != self.kind or handle not in people:
                continue
            if self.post is None:
                return "shown"
            if post is None:
                wordless += 1
            elif post["id"] == world.id[self.post]:
                return "shown" if post["text"] == world.texts[self.post] else "wordless"
        return "wordless" if wordless > self.wordless_max else "hidden"


class PeopleCount(Notice):
    def word(self, world, answer, path):
        for notice in answer.json["notifications"]:
            if notice["kind"] == self.kind and notice["post"]["id"] == world.id[self.post]:
                return {2: "counted", 1: "not counted"}.get(notice["people_count"], "?")
        return "hidden"


class UnreadCount:
    """Whether the number says what the list shows."""

    of = {}

    def signs(self, world):
        return set()

    def word(self, world, answer, path):
        page = answer.json
        unread = sum(one["unread"] for one in page["notifications"])
        told = page["unread_count"]
        return "counted" if unread == told else f"{told}, of {unread}"


def posts_in(value):
    if isinstance(value, dict):
        if "text" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from posts_in(one)


# How each `of what` of the table is asked for and found, but for those of the stream.
WHATS = {
    "they, in the crowd": Thing("they"),
    "their post": Thing("their post", post="their post", handle="they", player="they"),
    "their comment": Thing("their comment", post="their comment"),
    "another's comment on their post": Thing("another's comment on their post",
                                             post="another's comment on their post"),
    "my comment on their post": Thing("my comment on their post", post="my comment on their post"),
    "their post, with which I feel": Thing("their post", handle="me"),
    "their comment, with which I feel": Thing("their comment", handle="me"),
    "another's comment on their post, with which I feel": Thing(
        "another's comment on their post", handle="me"),
    "another's post, with which they feel": Thing("another's post", handle="they"),
    "they, with another's post": Thing("they", post="another's post"),
    "they, with my post": Thing("they", post="my post"),
    "another, with their post": Thing("another", post="their post"),
    "they": Thing("they", handle="they", player="they"),
    "they, ranked": Thing("they"),
    "another, among theirs": Thing("another", handle="they"),
    "they, among another's": Thing("they", handle="another"),
    "they, among mine": Thing("they", handle="me"),
    "their community": Thing("their community"),
    "they, as the owner": Thing("they"),
    "their empathy with my post": Notice("empathy", "my post", "they"),
    "their comment on my post": Notice("comment", "my post", "they"),
    "their comment where I commented": Notice("thread", "another's post", "they"),
    "another's comment on their post, where I commented": Notice("thread", "their post", "another"),
    "another's comment on their post, later": Notice("thread", "their other post", "another", 1),
    "that they follow me": Notice("follow", None, "they"),
    "their empathy, in people_count": PeopleCount("empathy", "my post", "they"),
    "what is listed, in unread_count": UnreadCount(),
    "their posts, in post_count": Count("post_count", 2, 0, handle="they"),
    "their posts, in the community's": Count("post_count", 4, 2),
    "they, in another's follower_count": Count("follower_count", 2, 1, handle="another"),
    "they, in another's following_count": Count("following_count", 2, 1, handle="another"),
    "another, in their follower_count": Count("follower_count", 2, 1, handle="they"),
    "another, in their following_count": Count("following_count", 2, 1, handle="they"),
    "they, in follower_count": Count("follower_count", 2, 1),
    "their comment, in comment_count": Count("comment_count", 2, 1, post="another's post"),
    "their empathy, in empathy_count": Count("empathy_count", 2, 1, post="another's post"),
}
