# Goal: every line that convert.py writes is one that the importer takes (docs/formats/import.md).
# Method: its rules are checked here on made rows and, where the collections lie beside the
# project, on each row of them.
#
#   python3 tools/datasets/convert_test.py

import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unicodedata
import unittest

import convert

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("MATSURI_SHARED", ROOT.parent / "shared"))
NOW_MS = 1_700_000_000_000
COMMON = {"kind", "source", "id", "created_at"}
FIELDS = {"user": COMMON | {"name", "handle"},
          "post": COMMON | {"author", "community", "text", "language"}}

COLLECTIONS = {
    "steam-en": ("texts_steam_en/steam_reviews_en.ndjson.zst", 22044),
    "steam-multilang": ("texts_steam_multilang/steam_reviews_dev.ndjson.zst", 7000),
    "ja-tweets": ("texts_ja_tweets/koume_tweets_dev.ndjson.zst", 3028),
}


def row(text, **more):
    return {"id": 7, "author": 3, "lang": "english", "text": text, "created": 1_600_000_000, **more}


def run(rows, source="steam-en"):
    counts = collections.Counter()
    return list(convert.convert(convert.SOURCES[source], rows, NOW_MS, counts)), counts


def text_faults(text, points_max, newline):
    """What the product's cleaning would refuse or change."""
    faults = []
    if unicodedata.normalize("NFC", text) != text:
        faults.append("not NFC")
    if not 1 <= len(text) <= points_max or len(text.encode()) > 4 * points_max:
        faults.append("length")
    if any(unicodedata.category(c) == "Cc" and not (newline and c == "\n") for c in text):
        faults.append("control")
    if any(convert.noncharacter(ord(c)) for c in text):
        faults.append("noncharacter")
    if text.strip() != text:
        faults.append("white space at an end")
    if not convert.visible(text):
        faults.append("nothing to see")
    return faults


class Checker:
    """The rules of docs/formats/import.md, line by line, written apart from the converter."""

    def __init__(self):
        self.users, self.keys = set(), set()

    def faults(self, line):
        faults = [] if len(line) <= 65536 else ["line_too_long"]
        record = json.loads(line)
        kind = record["kind"]
        if not record.keys() <= FIELDS[kind] or not FIELDS[kind] - {"handle", "language"} <= record.keys():
            faults.append("fields")
        if not re.fullmatch("[a-z0-9-]{1,32}", record["source"]):
            faults.append("source")
        if not re.fullmatch("[!-~]{1,64}", record["id"]):
            faults.append("id")
        key = (record["source"], kind, record["id"])
        if key in self.keys:
            faults.append("key stands twice")
        self.keys.add(key)
        at = datetime.datetime.fromisoformat(record["created_at"].replace("Z", "+00:00"))
        if not datetime.datetime(2010, 1, 1, tzinfo=datetime.timezone.utc) <= at \
                <= datetime.datetime.now(datetime.timezone.utc):
            faults.append("time")
        if kind == "user":
            faults += text_faults(record["name"], 40, newline=False)
            if not re.fullmatch("[a-z][a-z0-9_]{2,19}", record["handle"]):
                faults.append("handle")
            self.users.add((record["source"], record["id"]))
            return faults
        faults += text_faults(record["text"], 280, newline=True)
        author = (record["source"], record["author"])
        if author not in self.users:
            faults.append("unknown_author")
        if not re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", record.get("language", "en")):
            faults.append("language")
        return faults


class Clean(unittest.TestCase):
    def test_composes_and_mends(self):
        self.assertEqual(convert.clean("\u3000 e\u0301\t1\r\n2\r3\u00854\u2028 \x00\x9f\ufdd0 "),
                         "é 1\n2\n3\n4")

    def test_keeps_emoji_and_joiners(self):
        family = "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e007f"
        self.assertEqual(convert.clean(family), family)

    def test_a_text_without_ink_is_skipped(self):
        for text in ["", " \n\t", "\u200b\u200d", "\u3164\u2800", "\U000e0021", "\ufeff\ufe0f"]:
            records, counts = run([row(text)])
            self.assertEqual((records, counts["skipped: nothing to see"]), ([], 1), ascii(text))


class Cut(unittest.TestCase):
    def test_what_fits_is_whole(self):
        for text in ["x" * 280, "祭" * 280, "\U0001f3ee" * 280]:
            self.assertEqual(convert.cut(text), (text, "whole"))

    def test_ends_with_a_sentence(self):
        head = "One lantern. Two! " * 15 + "Really?"
        self.assertEqual(convert.cut(head + " " + "tail " * 20), (head, "sentence"))
        self.assertEqual(convert.cut("「祭りだ。」" * 60), ("「祭りだ。」" * 46, "sentence"))
        self.assertEqual(convert.cut("v1.5" * 80 + " x")[1], "character")

    def test_a_sentence_ends_exactly_at_the_limit(self):
        head = "a" * 279 + "."
        self.assertEqual(convert.cut(head + " b"), (head, "sentence"))
        self.assertEqual(convert.cut("a" * 280 + ". b"), ("a" * 280, "character"))

    def test_ends_with_a_word(self):
        self.assertEqual(convert.cut("lantern " * 40), (("lantern " * 35)[:-1], "word"))

    def test_a_full_stop_keeps_its_variation_selector(self):
        text = "祭" * 200 + "。\ufe01" + "祭" * 200
        self.assertEqual(convert.cut(text)[1], "character")

    def test_a_sentence_too_early_is_no_place_to_cut(self):
        self.assertEqual(convert.cut("No. " + "word " * 80)[1], "word")

    def test_never_inside_a_character(self):
        for cluster in ["\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f44b\U0001f3fd",
                        "\U0001f1ef\U0001f1f5", "か\u3099", "q\u0323\u0307"]:
            for lead in range(8):
                head, _ = convert.cut("x" * lead + cluster * 200)
                rest = head[lead:]
                self.assertEqual(rest, cluster * (len(rest) // len(cluster)), ascii(cluster))
                self.assertGreater(len(head), 240)

    def test_one_endless_cluster_is_cut_all_the_same(self):
        self.assertEqual(len(convert.cut("a" + "\u0301" * 400)[0]), 280)


class Rows(unittest.TestCase):
    def test_lines_follow_the_format(self):
        records, counts = run([row("Second", id=2, created=1_600_000_100),
                               row("First", id=1, lang="tchinese")])
        self.assertEqual([(r["kind"], r["id"]) for r in records],
                         [("user", "3"), ("post", "1"), ("post", "2")])
        self.assertEqual(records[0], {
            "kind": "user", "id": "3", "source": "steam-en", "name": "Player 3",
            "handle": "steam_en_3", "created_at": "2020-09-13T12:26:40.000Z"})
        self.assertEqual(records[1]["language"], "zh-Hant")
        self.assertEqual((counts["rows"], counts["users"], counts["posts"]), (2, 1, 2))

    def test_times_out_of_range_are_skipped(self):
        records, counts = run([row("a", created=1_262_303_999), row("b", created=1_262_304_000),
                               row("c", created=1_700_000_001)])
        self.assertEqual([r["text"] for r in records if r["kind"] == "post"], ["b"])
        self.assertEqual(counts["skipped: time before 2010 or ahead"], 2)

    def test_repeats_are_kept(self):
        records, counts = run([row("x", id=i, created=1_600_000_000 + i) for i in range(3)])
        self.assertEqual([r["id"] for r in records if r["kind"] == "post"], ["0", "1", "2"])
        self.assertEqual(counts["posts"], 3)

    def test_one_account_needs_no_author_column(self):
        tweet = {"id": 5, "lang": "und", "text": "!", "created": 1_600_000_000}
        records, _ = run([tweet], "ja-tweets")
        self.assertEqual(records[1]["author"], records[0]["id"])
        self.assertNotIn("language", records[1])


class Program(unittest.TestCase):
    def test_reads_zstd_and_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            plain = pathlib.Path(folder, "rows.ndjson")
            plain.write_text("".join(json.dumps(row(t)) + "\n" for t in ["祭り", " "]))
            subprocess.run(["zstd", "-q", plain], check=True)
            got = subprocess.run([pathlib.Path(convert.__file__), "steam-en", f"{plain}.zst"],
                                 check=True, capture_output=True)
        self.assertEqual([json.loads(line).get("text") for line in got.stdout.splitlines()],
                         [None, "祭り"])
        self.assertIn(b"2 rows, 1 skipped: nothing to see, 1 users, 1 posts", got.stderr)

    def test_says_where_a_file_is_damaged(self):
        got = subprocess.run([pathlib.Path(convert.__file__), "steam-en", __file__],
                             capture_output=True, check=False)
        self.assertNotEqual(got.returncode, 0)
        self.assertIn(b"could not read", got.stderr)


class Collections(unittest.TestCase):
    def test_every_line_is_one_that_the_importer_takes(self):
        if not (SHARED / "data").is_dir():
            self.skipTest(f"{SHARED / 'data'} is not there")
        checker, rows_total, posts_total = Checker(), 0, 0
        for source, (path, rows) in COLLECTIONS.items():
            with self.subTest(source):
                records, counts = run(convert.read_rows(SHARED / "data" / path), source)
                self.assertEqual(counts["rows"], rows)
                skipped = sum(n for what, n in counts.items() if what.startswith("skipped"))
                self.assertEqual(counts["posts"] + skipped, rows)
                self.assertLess(skipped, rows // 500)
                self.assertEqual(len(records), counts["posts"] + counts["users"])
                for record in records:
                    line = convert.line_of(record).encode()
                    self.assertEqual(checker.faults(line), [], line)
                rows_total += rows
                posts_total += counts["posts"]
        self.assertEqual((rows_total, posts_total), (32072, 32056))


class Demo(unittest.TestCase):
    def test_the_world_of_the_first_run_can_be_imported(self):
        checker, kinds = Checker(), collections.Counter()
        for line in (ROOT / "demo" / "world.ndjson").read_bytes().splitlines():
            self.assertEqual(checker.faults(line), [], line.decode())
            kinds[json.loads(line)["kind"]] += 1
        self.assertEqual(kinds["user"], 12)
        self.assertGreaterEqual(kinds["post"], 40)


if __name__ == "__main__":
    unittest.main()
