# Goal: the demo world is one that the importer takes whole, and the one that the program makes.
# Method: each line of the committed file against the format, and against what the program makes
# now; each drawing against what a hand can do.
#
#   python3 tools/demo/make_world_test.py

import collections
import copy
import json
import pathlib
import sys
import unittest

import make_world
import pictures
from hand import Hand

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "datasets"))
from checker import Checker, drawing_faults  # noqa: E402 (its folder is known only now)

FESTIVAL = ROOT / "demo" / "festival.ndjson"
DEMO_SIZE_MAX = 600_000
END_MS = make_world.unix_ms(2026, 11, 25)


def without_points(record):
    """Sines differ in their last bits between machines: a point may be a quarter pixel aside."""
    record = copy.deepcopy(record)
    for stroke in record.get("drawing", {"strokes": []})["strokes"]:
        del stroke["points"]
    return record


class World(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = FESTIVAL.read_bytes().splitlines()
        cls.records = [json.loads(line) for line in cls.lines]

    def of_kind(self, *kinds):
        return [record for record in self.records if record["kind"] in kinds]

    def test_every_line_is_one_that_the_importer_takes(self):
        checker = Checker()
        for line in self.lines:
            self.assertEqual(checker.faults(line), [], line.decode())

    def test_the_program_makes_it(self):
        self.assertEqual([without_points(r) for r in make_world.world()],
                         [without_points(r) for r in self.records])

    def test_the_first_world_is_part_of_it_under_the_same_keys(self):
        made = {(r["kind"], r["id"]): r for r in self.records}
        for line in make_world.FIRST_WORLD.read_bytes().splitlines():
            record = json.loads(line)
            same = made[record["kind"], record["id"]]
            for field in ("name", "handle", "text", "author", "community"):
                self.assertEqual(same.get(field), record.get(field))

    def test_there_is_enough_of_everything(self):
        kinds = collections.Counter(record["kind"] for record in self.records)
        self.assertEqual(kinds, {"user": 40, "title": 13, "community": 21, "post": 241,
                                 "comment": 300, "follow": 590, "empathy": 1500})
        drawn = [r for r in self.of_kind("post") if "drawing" in r]
        self.assertGreaterEqual(len(drawn), 80)
        self.assertGreaterEqual(sum(r.get("spoiler", False) for r in self.of_kind("post")), 5)
        said = self.of_kind("post", "comment")
        self.assertEqual({r.get("feeling", 0) for r in said}, set(range(6)))
        languages = collections.Counter(r.get("language") for r in said)
        self.assertGreater(min(languages["en"], languages["ja"]), 200)

    def test_a_few_are_liked_by_most_and_most_by_a_few(self):
        counts = sorted(collections.Counter(r["post"] for r in self.of_kind("empathy")).values())
        self.assertGreater(counts[-1], 20)
        self.assertLess(counts[len(counts) // 2], 6)

    def test_it_is_small_and_over_before_the_release(self):
        size = sum(p.stat().st_size for p in (ROOT / "demo").rglob("*") if p.is_file())
        self.assertLess(size, DEMO_SIZE_MAX)
        times = [r["created_at"] for r in self.records if isinstance(r["created_at"], int)]
        self.assertLess(max(times), END_MS)


class Drawings(unittest.TestCase):
    def test_each_picture_is_a_drawing_that_a_hand_makes_in_its_time(self):
        for name, function in pictures.PICTURES.items():
            for seed in range(5):
                hand = Hand(f"{name}/{seed}")
                function(hand)
                drawing = hand.drawing()
                self.assertEqual(drawing_faults(drawing), [], name)
                took_ms = sum(sum(s["points"][2::3]) for s in drawing["strokes"])
                self.assertTrue(2_000 < took_ms < 90_000 or name == "kanji", (name, took_ms))
                again = Hand(f"{name}/{seed}")
                function(again)
                self.assertEqual(again.drawing(), drawing, name)

    def test_what_leaves_the_canvas_stays_at_its_edge(self):
        hand = Hand(1)
        hand.line((-50, 60), (400, 200))
        self.assertEqual(drawing_faults(hand.drawing()), [])


class Script(unittest.TestCase):
    def test_marks(self):
        said = make_world.parse_said("suzu 5 ! #a_tag %kanji:祭:2 | one / two", "here")
        self.assertEqual((said.who, said.feeling, said.spoiler, said.tag, said.picture, said.text),
                         ("suzu", 5, True, "a tag", ("kanji", "祭", "2"), "one\ntwo"))
        with self.assertRaises(SystemExit):
            make_world.parse_said("suzu ? | what", "here")


if __name__ == "__main__":
    unittest.main()
