#!/usr/bin/env python3
# Makes the demo world: people with faces, titles, communities, and a week of what they say, draw,
# follow and feel, in the import format (docs/formats/import.md).
#
#   tools/demo/make_world.py > demo/festival.ndjson
#
# festival.txt is what they say, people.py who they are, pictures.py and scenes.py what they draw.
# The same sources give the same bytes. The lines of tools/demo/first.ndjson are part of the world, under
# the same keys, so whoever imports both has each once.

import collections
import datetime
import json
import pathlib
import random
import re
import sys

import pictures
import scenes  # noqa: F401 (its pictures enter the list of all)
from hand import MIDDLE, THIN, Hand
from people import COMMUNITIES, PEOPLE, TITLES

FOLDER = pathlib.Path(__file__).resolve().parent
FIRST_WORLD = FOLDER / "first.ndjson"
SOURCE = "demo"
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def unix_ms(*when):
    moment = datetime.datetime(*when, tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


OPENED_MS = unix_ms(2026, 11, 16, 12)     # titles and communities
TALK_FIRST_MS = unix_ms(2026, 11, 18, 7)  # the first post of a community, at the earliest
TALK_LAST_MS = unix_ms(2026, 11, 24, 20)  # its last one
END_MS = unix_ms(2026, 11, 24, 23, 30)    # the last of anything
# How much is said in each hour of a day, in UTC: two evenings, for people live in two places.
HOURS = (2, 1, 1, 1, 1, 2, 3, 4, 5, 7, 9, 10, 11, 9, 6, 4, 4, 5, 7, 9, 10, 9, 6, 3)

# Who presses harder, and which pictures nobody draws the other way round.
BOLD_HANDS = {"haruko", "tern", "gohan", "old_drum", "yuzu", "kenta_3", "dot_dot", "kumo"}
UPRIGHT = {"kanji", "dungeon_map", "board", "cat_asleep"}

COMMENT_COUNT = 300
FOLLOW_COUNT = 420
EMPATHY_COUNT = 1500
COMMUNITY_FOLLOW_COUNT = 170

# What people say when they only want to say that they were here.
SHORT_COMMENTS = {
    "en": ("Oh, I love this.", "Saving this one.", "Same here!", "You made my evening.", "Ha! Yes.",
           "Every single time.", "Tell us more?", "I needed that today.", "This is so you.",
           "Coming right over.", "Beautiful.", "Look at that little detail!",
           "I am smiling at a screen.",
           "More of these, please.", "Who else just said 'aww' out loud?", "Noted for tonight."),
    "ja": ("すてき!", "わかる〜", "これ好きです。", "ほっこりしました。", "わたしもです!", "おつかれさまです。",
           "見に行きます。", "笑いました。", "きょう一番よかった。", "うまい!", "つづきが気になる…", "おなじく!",
           "やさしい世界。", "今夜やってみます。", "ありがとうございます!", "おお〜"),
}
DRAWING_COMMENTS = {
    "en": ("The lines!", "You can see how quickly that hand moved.", "Teach me.",
           "I replayed this three times.",
           "Framing it."),
    "ja": ("線がいい!", "三回再生しました。", "かわいい〜!", "飾りたいです。", "描くの速い!"),
}

# One `HANDLE [MARKS] | TEXT` of festival.txt.
Said = collections.namedtuple("Said", "who feeling spoiler tag picture text comments community")


def parse_said(line, community):
    head, _, text = line.partition("|")
    who, *marks = head.split()
    said = {"feeling": 0, "spoiler": False, "tag": "", "picture": ()}
    for mark in marks:
        if mark.isdigit():
            said["feeling"] = int(mark)
        elif mark == "!":
            said["spoiler"] = True
        elif mark[0] == "#":
            said["tag"] = mark[1:].replace("_", " ")
        elif mark[0] == "%":
            said["picture"] = tuple(mark[1:].split(":"))
        else:
            raise SystemExit(f"make_world.py: what is {mark!r} in: {line}")
    return Said(who, text=text.strip().replace(" / ", "\n"), comments=[], community=community,
                **said)


def read_script(path):
    posts, community = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            community = line[2:].strip()
        elif line.startswith("> "):
            posts[-1].comments.append(parse_said(line[2:], community))
        elif line and not line.startswith("#"):
            posts.append(parse_said(line, community))
    return posts


def language_of(text):
    return "ja" if re.search("[\u3040-\u30ff\u4e00-\u9fff]", text) else "en"


def draw(who, picture, seed):
    """Nobody sits before the paper like another: a picture is a little aside, larger or smaller,
    and some draw it the other way round. What is written or counted stays as it is."""
    name, *arguments = picture
    hand = Hand(seed)
    hand.pen = MIDDLE if who in BOLD_HANDS else THIN
    turned = name not in UPRIGHT and hand.rng.random() < 0.45
    scale = hand.rng.uniform(0.88, 1.03)
    with hand.at(hand.around(160, 10), hand.around(60, 2), scale, turned), hand.at(-160, -60):
        pictures.PICTURES[name](hand, *(int(a) if a.isdigit() else a for a in arguments))
    return hand.drawing()


def said_fields(said, seed):
    """What posts and comments have in common."""
    fields = {"author": said.who}
    if said.text:
        fields["text"] = said.text
    if said.picture:
        fields["drawing"] = draw(said.who, said.picture, seed)
    if said.feeling:
        fields["feeling"] = said.feeling
    if said.spoiler:
        fields["spoiler"] = True
    if said.tag:
        fields["tag"] = said.tag
    if said.text:
        fields["language"] = language_of(said.text)
    return fields


def lively(at_ms, rng):
    """Moves a time to an hour of its day in which people are awake."""
    day = at_ms - at_ms % DAY_MS
    hour = rng.choices(range(24), HOURS)[0]
    return day + hour * HOUR_MS + rng.randrange(HOUR_MS)


def line(kind, line_id, at_ms, **fields):
    return {"kind": kind, "source": SOURCE, "id": line_id, "created_at": at_ms, **fields}


def person_lines(rng):
    first = {}
    for record in map(json.loads, FIRST_WORLD.read_text(encoding="utf-8").splitlines()):
        if record["kind"] == "user":
            first[record["id"]] = record["created_at"]
    for index, (handle, (name, _, bio)) in enumerate(PEOPLE.items()):
        at = first.get(handle, OPENED_MS + HOUR_MS * index + rng.randrange(HOUR_MS))
        yield line("user", handle, at, handle=handle, name=name, bio=bio,
                   face=f"{rng.getrandbits(60):016x}")


def place_lines():
    for index, (title, (names, platforms, publisher, crest)) in enumerate(TITLES.items()):
        yield line("title", title, OPENED_MS + index * MINUTE_MS, names=names,
                   platforms=platforms, publisher=publisher, crest=crest)
    for index, (community, about) in enumerate(COMMUNITIES.items()):
        title, kind, owner, names, description, post_kinds, who_posts = about
        fields = {"community_kind": kind, "title": title, "owner": owner,
                  "names": names or TITLES[title][0], "description": description,
                  "post_kinds": post_kinds, "who_posts": who_posts}
        yield line("community", community, OPENED_MS + (20 + index) * MINUTE_MS,
                   **{name: value for name, value in fields.items() if value is not None})


def timed_posts(script, rng):
    """(time, said) for all posts: in each community in the order of the script."""
    by_community = collections.defaultdict(list)
    for said in script:
        by_community[said.community].append(said)
    for posts in by_community.values():
        span = (TALK_LAST_MS - TALK_FIRST_MS) / len(posts)
        times = sorted(lively(int(TALK_FIRST_MS + span * (k + rng.random())), rng)
                       for k in range(len(posts)))
        yield from zip(times, posts)


def more_comments(posts, rng):
    """Adds short comments under posts, mostly of others of their language, up to the count."""
    missing = COMMENT_COUNT - sum(len(said.comments) for said in posts)
    texts = [said for said in posts
             if COMMUNITIES[said.community][5] is None or "text" in COMMUNITIES[said.community][5]]
    for said in rng.choices(texts, k=missing):
        taken = {said.who, *(comment.who for comment in said.comments)}
        spoken = PEOPLE[said.who][1] if rng.random() < 0.7 else rng.choice(("en", "ja"))
        who = rng.choice([p for p in PEOPLE if p not in taken and PEOPLE[p][1] == spoken])
        pool = SHORT_COMMENTS[spoken] + (DRAWING_COMMENTS[spoken] * 2 if said.picture else ())
        said.comments.append(Said(who, rng.choice((0, 0, 1, 1, 2)), said.spoiler, "", (),
                                  rng.choice(pool), [], said.community))


def talk_lines(rng):
    """Posts and comments, and what is known of the posts: (id, author, time)."""
    script = read_script(FOLDER / "festival.txt")
    timed = sorted(timed_posts(script, rng), key=lambda pair: pair[0])
    more_comments([said for _, said in timed], rng)
    lines, posts, comment_count = [], [], 0
    for index, (at_ms, said) in enumerate(timed, 1):
        # The seed is of the post itself: more posts elsewhere leave its picture as it was.
        seed = f"{said.community}/{said.who}/{':'.join(said.picture)}"
        lines.append(line("post", f"f{index}", at_ms, **{"in": said.community},
                          **said_fields(said, seed)))
        posts.append((f"f{index}", said.who, at_ms))
        for comment in said.comments:
            at_ms = min(at_ms + round(rng.expovariate(1 / (50 * MINUTE_MS))) + 20_000, END_MS)
            comment_count += 1
            lines.append(line("comment", f"c{comment_count}", at_ms, post=f"f{index}",
                              **said_fields(comment, f"{seed}/{comment.who}")))
    return lines, posts


def first_world():
    """The posts of the first world as they are."""
    for record in map(json.loads, FIRST_WORLD.read_text(encoding="utf-8").splitlines()):
        if record["kind"] == "post":
            yield record


def ranked(things, rng):
    """Weights that follow a power law over a shuffled order."""
    order = list(things)
    rng.shuffle(order)
    weight = {thing: 1 / (rank + 1) ** 0.8 for rank, thing in enumerate(order)}
    return [weight[thing] for thing in things]


def pairs(left, right, weights, count, allowed, rng):
    """`count` different pairs, the right one drawn by weight."""
    taken = {}
    while len(taken) < count:
        pair = rng.choice(left), rng.choices(right, weights)[0]
        if allowed(*pair):
            taken.setdefault(pair)
    return list(taken)


def follow_lines(rng):
    people, places = list(PEOPLE), list(COMMUNITIES)
    span = TALK_LAST_MS - TALK_FIRST_MS
    chosen = [("target", pair) for pair in
              pairs(people, people, ranked(people, rng), FOLLOW_COUNT, lambda a, b: a != b, rng)]
    chosen += [("in", pair) for pair in pairs(people, places, ranked(places, rng),
                                              COMMUNITY_FOLLOW_COUNT, lambda a, b: True, rng)]
    for index, (field, (who, whom)) in enumerate(chosen, 1):
        yield line("follow", f"w{index}", lively(TALK_FIRST_MS + rng.randrange(span), rng),
                   account=who, **{field: whom})


def empathy_lines(posts, rng):
    people = list(PEOPLE)
    authors = {post: (author, at_ms) for post, author, at_ms in posts}
    ids = list(authors)
    felt = pairs(people, ids, ranked(ids, rng), EMPATHY_COUNT,
                 lambda who, post: who != authors[post][0], rng)
    for index, (who, post) in enumerate(felt, 1):
        at_ms = authors[post][1] + round(rng.expovariate(1 / (3 * HOUR_MS))) + 15_000
        yield line("empathy", f"e{index}", min(at_ms, END_MS), account=who, post=post)


def world():
    rng = random.Random("matsuri")
    yield from person_lines(rng)
    yield from place_lines()
    talk, posts = talk_lines(rng)
    first = list(first_world())
    posts += [(record["id"], record["author"],
               round(datetime.datetime.fromisoformat(record["created_at"]).timestamp() * 1000))
              for record in first]
    yield from first
    yield from talk
    yield from follow_lines(rng)
    yield from empathy_lines(posts, rng)


def main():
    for record in world():
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        sys.stdout.buffer.write(text.encode() + b"\n")


if __name__ == "__main__":
    main()
