# The rules of docs/formats/import.md, line by line, written apart from the converters: tests hold
# every line against them that the importer is to take.

import datetime
import json
import re
import time
import unicodedata

LINE_SIZE_MAX = 262_144
TIME_MIN_MS = 1_262_304_000_000
COMMON = {"kind", "source", "id", "created_at"}
SAID = {"text", "drawing", "feeling", "spoiler", "tag", "language"}
# Of each kind: the fields that are needed, and those that may be there.
FIELDS = {
    "user": ({"name"}, {"handle", "bio", "face"}),
    "title": ({"names"}, {"platforms", "publisher", "crest"}),
    "community": ({"community_kind", "names"},
                  {"title", "owner", "description", "post_kinds", "who_posts"}),
    "post": ({"author"}, {"community", "in"} | SAID),
    "comment": ({"author", "post"}, SAID),
    "follow": ({"account"}, {"target", "in"}),
    "empathy": ({"account", "post"}, set()),
}
LANGUAGE = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
INKLESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f"
                     "\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")


def text_faults(text, points_max, newline):
    """What the product's cleaning would refuse or change."""
    faults = []
    if unicodedata.normalize("NFC", text) != text:
        faults.append("not NFC")
    if not 1 <= len(text) <= points_max or len(text.encode()) > 4 * points_max:
        faults.append("length")
    if any(unicodedata.category(c) == "Cc" and not (newline and c == "\n") for c in text):
        faults.append("control")
    if any(0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE for c in text):
        faults.append("noncharacter")
    if not newline and re.search("[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]",
                                 text):
        faults.append("mark in a line")
    if text.strip() != text:
        faults.append("white space at an end")
    if not any(unicodedata.category(c)[0] not in "ZC" and not INKLESS.match(c) for c in text):
        faults.append("nothing to see")
    return faults


def unix_ms(created_at):
    if isinstance(created_at, int):
        return created_at
    return datetime.datetime.fromisoformat(created_at).timestamp() * 1000


def names_faults(names):
    faults = [] if 1 <= len(names) <= 16 else ["names"]
    for language, name in names.items():
        faults += [] if LANGUAGE.fullmatch(language) else ["language"]
        faults += text_faults(name, 128, newline=False)
    return faults


def varint_size(value):
    return max(1, (value.bit_length() + 6) // 7)


def drawing_faults(drawing):
    """The form, the bounds of the canvas and the size; not whether all of it is ink."""
    faults, size, inked = [], 8, False
    if drawing.keys() != {"strokes"} or not drawing["strokes"]:
        return ["strokes"]
    for stroke in drawing["strokes"]:
        points = stroke["points"]
        if not {"pen", "points"} <= stroke.keys() <= {"pen", "points", "eraser"}:
            faults.append("stroke")
        if stroke["pen"] not in (1, 2, 3) or not points or len(points) % 3:
            faults.append("pen or points")
        if any(not isinstance(number, int) for number in points):
            return faults + ["number"]
        if not all(0 <= x <= 1280 for x in points[0::3]) \
                or not all(0 <= y <= 480 for y in points[1::3]) \
                or not all(0 <= t <= 60_000 for t in points[2::3]):
            faults.append("out of range")
        inked |= not stroke.get("eraser", False)
        size += 4 + sum(map(varint_size, points[2::3]))
        for numbers in (points[0::3], points[1::3]):
            steps = (b - a for a, b in zip([0, *numbers], numbers))
            size += sum(varint_size(2 * abs(step)) for step in steps)
    if size > 65_536:
        faults.append("too large")
    return faults if inked else faults + ["no ink"]


class Checker:
    """Remembers what was taken, so that it knows what a line may name."""

    def __init__(self):
        self.keys, self.pairs, self.mains, self.owned = set(), set(), set(), {}
        self.post_authors, self.rules = {}, {}

    def faults(self, line):
        faults = [] if len(line) <= LINE_SIZE_MAX else ["line_too_long"]
        record = json.loads(line)
        kind, source = record["kind"], record["source"]
        needed, allowed = FIELDS[kind]
        if not COMMON | needed <= record.keys() <= COMMON | needed | allowed:
            faults.append("fields")
        if not re.fullmatch("[a-z0-9-]{1,32}", source):
            faults.append("source")
        if not re.fullmatch("[!-~]{1,64}", record["id"]):
            faults.append("id")
        if (source, kind, record["id"]) in self.keys:
            faults.append("key stands twice")
        if not TIME_MIN_MS <= unix_ms(record["created_at"]) <= time.time() * 1000:
            faults.append("time")
        for field, named in (("author", "user"), ("account", "user"), ("owner", "user"),
                             ("title", "title"), ("in", "community"), ("post", "post"),
                             ("target", "user")):
            if field in record and (source, named, record[field]) not in self.keys:
                faults.append(f"unknown {field}")
        faults += getattr(self, kind + "_faults")(source, record)
        # Follows and empathies are known by what they say.
        if kind not in ("follow", "empathy"):
            self.keys.add((source, kind, record["id"]))
        return faults

    def user_faults(self, source, record):
        faults = text_faults(record["name"], 40, newline=False)
        if not re.fullmatch("[a-z][a-z0-9_]{2,19}", record["handle"]):
            faults.append("handle")
        if "bio" in record:
            faults += text_faults(record["bio"], 160, newline=True)
        if not re.fullmatch("[0-9a-f]{16}", record.get("face", "0" * 16)):
            faults.append("face")
        return faults

    def title_faults(self, source, record):
        faults = names_faults(record["names"])
        for text, most in [(p, 40) for p in record.get("platforms", [])] \
                + [(record.get("publisher", "x"), 80)]:
            faults += text_faults(text, most, newline=False)
        if len(record.get("platforms", [])) > 16 or len(record.get("crest", "x").encode()) > 64:
            faults.append("platforms or crest")
        return faults

    def community_faults(self, source, record):
        faults = names_faults(record["names"])
        kind, title = record["community_kind"], (source, record.get("title"))
        who = record.get("who_posts", "everyone")
        if kind not in ("main", "official", "user", "announcement") \
                or who not in ("everyone", "staff", "owner"):
            faults.append("word")
        if kind == "main" and (title[1] is None or title in self.mains):
            faults.append("main")
        if (kind == "user" or who == "owner") and "owner" not in record:
            faults.append("owner")
        if kind == "main":
            self.mains.add(title)
        if kind == "user":
            owned = (*title, record.get("owner"))
            self.owned[owned] = self.owned.get(owned, 0) + 1
            faults += ["five of one owner"] if self.owned[owned] > 4 else []
        if "description" in record:
            faults += text_faults(record["description"], 500, newline=True)
        kinds = record.get("post_kinds", ["text", "drawing"])
        if not kinds or not set(kinds) <= {"text", "drawing"} or len(set(kinds)) != len(kinds):
            faults.append("post_kinds")
        poster = {"everyone": None, "staff": "nobody here", "owner": record.get("owner")}.get(who)
        self.rules[source, record["id"]] = set(kinds), poster
        return faults

    def said_faults(self, record, rule):
        kinds, poster = rule
        said = record.keys() & {"text", "drawing"}
        faults = [] if said else ["neither text nor drawing"]
        if not said <= kinds or poster not in (None, record["author"]):
            faults.append("not_allowed")
        if "text" in record:
            faults += text_faults(record["text"], 280, newline=True)
        if "drawing" in record:
            faults += drawing_faults(record["drawing"])
        if "tag" in record:
            faults += text_faults(record["tag"], 50, newline=False)
        if record.get("feeling", 0) not in range(6) \
                or not isinstance(record.get("spoiler", False), bool):
            faults.append("feeling or spoiler")
        if not LANGUAGE.fullmatch(record.get("language", "en")):
            faults.append("language")
        return faults

    def post_faults(self, source, record):
        everything = {"text", "drawing"}, None
        rule = self.rules.get((source, record.get("in")), everything)
        self.post_authors[source, record["id"]] = record["author"], rule[0]
        place = [] if len(record.keys() & {"community", "in"}) == 1 else ["place"]
        if record.get("community", "1") != "1":
            place.append("unknown community")
        return place + self.said_faults(record, rule)

    def comment_faults(self, source, record):
        kinds = self.post_authors.get((source, record["post"]), (None, set()))[1]
        return self.said_faults(record, (kinds, None))

    def follow_faults(self, source, record):
        faults = [] if len(record.keys() & {"target", "in"}) == 1 else ["whom"]
        if record["account"] == record.get("target"):
            faults.append("follow of oneself")
        return faults + self.pair_faults("follow", source, record["account"],
                                         record.get("target"), record.get("in"))

    def empathy_faults(self, source, record):
        author, _ = self.post_authors.get((source, record["post"]), (None, None))
        faults = ["empathy with one's own"] if author == record["account"] else []
        return faults + self.pair_faults("empathy", source, record["account"], record["post"])

    def pair_faults(self, *pair):
        faults = ["pair stands twice"] if pair in self.pairs else []
        self.pairs.add(pair)
        return faults
