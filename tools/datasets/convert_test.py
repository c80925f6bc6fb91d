# Goal: every line that convert.py writes is one that the importer takes (docs/formats/import.md).
# Method: its rules are checked here on made rows and, where the collections lie beside the
# project, on each row of them.
#
#   python3 tools/datasets/convert_test.py

import collections
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import convert
from checker import Checker, drawing_faults
from converters import burst, drawings, graphs, lines, reviews, texts, titles, videos

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("MATSURI_SHARED", ROOT.parent / "shared"))
NOW_MS = 1_700_000_000_000
REVIEWS = {
    "steam-en": ("texts_steam_en/steam_reviews_en.ndjson.zst", 22044),
    "steam-multilang": ("texts_steam_multilang/steam_reviews_dev.ndjson.zst", 7000),
    "ja-tweets": ("texts_ja_tweets/koume_tweets_dev.ndjson.zst", 3028),
}


def row(text, **more):
    return {"id": 7, "author": 3, "lang": "english", "text": text, "created": 1_600_000_000, **more}


def run(rows, source="steam-en"):
    counts = collections.Counter()
    return list(reviews.convert(reviews.SOURCES[source], rows, NOW_MS, False, counts)), counts


def gather(converter, *arguments):
    """Runs a converter, and holds each of its lines against the format."""
    counts, checker = collections.Counter(), Checker()
    records = list(converter(*arguments, counts))
    for record in records:
        line = lines.line_of(record).encode()
        faults = checker.faults(line)
        if faults:
            raise AssertionError(f"{faults}: {line.decode()}")
    return records, counts


def of_kind(records, kind):
    return [record for record in records if record["kind"] == kind]


class Clean(unittest.TestCase):
    def test_composes_and_mends(self):
        self.assertEqual(texts.clean("\u3000 e\u0301\t1\r\n2\r3\u00854\u2028 \x00\x9f\ufdd0 "),
                         "é 1\n2\n3\n4")

    def test_keeps_emoji_and_joiners(self):
        family = "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e007f"
        self.assertEqual(texts.clean(family), family)

    def test_a_text_without_ink_is_skipped(self):
        for text in ["", " \n\t", "\u200b\u200d", "\u3164\u2800", "\U000e0021", "\ufeff\ufe0f"]:
            records, counts = run([row(text)])
            self.assertEqual((records, counts["skipped: nothing to see"]), ([], 1), ascii(text))


class Cut(unittest.TestCase):
    def test_what_fits_is_whole(self):
        for text in ["x" * 280, "祭" * 280, "\U0001f3ee" * 280]:
            self.assertEqual(texts.cut(text), (text, "whole"))

    def test_ends_with_a_sentence(self):
        head = "One lantern. Two! " * 15 + "Really?"
        self.assertEqual(texts.cut(head + " " + "tail " * 20), (head, "sentence"))
        self.assertEqual(texts.cut("「祭りだ。」" * 60), ("「祭りだ。」" * 46, "sentence"))
        self.assertEqual(texts.cut("v1.5" * 80 + " x")[1], "character")

    def test_a_sentence_ends_exactly_at_the_limit(self):
        head = "a" * 279 + "."
        self.assertEqual(texts.cut(head + " b"), (head, "sentence"))
        self.assertEqual(texts.cut("a" * 280 + ". b"), ("a" * 280, "character"))

    def test_ends_with_a_word(self):
        self.assertEqual(texts.cut("lantern " * 40), (("lantern " * 35)[:-1], "word"))

    def test_a_full_stop_keeps_its_variation_selector(self):
        text = "祭" * 200 + "。\ufe01" + "祭" * 200
        self.assertEqual(texts.cut(text)[1], "character")

    def test_a_sentence_too_early_is_no_place_to_cut(self):
        self.assertEqual(texts.cut("No. " + "word " * 80)[1], "word")

    def test_never_inside_a_character(self):
        for cluster in ["\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f44b\U0001f3fd",
                        "\U0001f1ef\U0001f1f5", "か\u3099", "q\u0323\u0307"]:
            for lead in range(8):
                head, _ = texts.cut("x" * lead + cluster * 200)
                rest = head[lead:]
                self.assertEqual(rest, cluster * (len(rest) // len(cluster)), ascii(cluster))
                self.assertGreater(len(head), 240)

    def test_one_endless_cluster_is_cut_all_the_same(self):
        self.assertEqual(len(texts.cut("a" + "\u0301" * 400)[0]), 280)


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


class Titles(unittest.TestCase):
    def test_reviews_may_bring_their_games(self):
        rows = [row("Fun", id=1, appid=20, game="Lantern Road", voted_up=1),
                row("No", id=2, appid=30, author=4, voted_up=0), row("Hm", id=3, appid=20)]
        records, counts = gather(reviews.convert, reviews.SOURCES["steam-en"], rows, NOW_MS, True)
        self.assertEqual([t["names"]["en"] for t in of_kind(records, "title")],
                         ["Lantern Road", "App 30"])
        self.assertEqual([(p["in"], p["feeling"]) for p in of_kind(records, "post")],
                         [("20", 1), ("30", 4), ("20", 4)])
        self.assertEqual((counts["titles"], counts["communities"]), (2, 2))

    def row(self, region, number, code, name, platform="x", date="2014-10-08"):
        return {"region": region, "id": number, "product_code": code, "name": name,
                "platform": platform, "publisher": f"P{region}", "release_date": date}

    def test_a_game_has_its_names_of_all_regions(self):
        rows = [self.row("JP", "1", "CTR-N-JKVJ", "うさぎ"),
                self.row("GB", "2", "CTR-N-JKVP", "Rabbit!"),
                self.row("US", "3", "CTR-N-JKVE", "Rab\u200ebit", date="2014-02"),
                self.row("US", "4", "CTR-U-JKVE", "Rabbit Ver. 2", "Software Update"),
                self.row("KR", "5", "TWL-N-AAAK", "토끼", date="TBD"),
                self.row("US", "6", "TWL-N-BBBE", "x" * 200, date="2009-12-31")]
        records, counts = gather(titles.convert_3ds, rows, None)
        rabbit, undated, old = of_kind(records, "title")
        self.assertEqual((rabbit["names"], rabbit["publisher"], rabbit["crest"]),
                         ({"en": "Rabbit", "ja": "うさぎ"}, "PUS", "R"))
        self.assertEqual(rabbit["created_at"], "2014-02-01T00:00:00.000Z")
        self.assertEqual((undated["names"], undated["platforms"]), ({"ko": "토끼"}, ["nintendo-dsi"]))
        self.assertRegex(undated["created_at"], "^201[1-7]-")
        self.assertEqual((old["names"]["en"], old["created_at"][:10]),
                         ("x" * 39 + "…", "2010-01-01"))
        self.assertEqual(counts["skipped: no game"], 1)

    def test_japanese_names_in_latin_letters_say_so(self):
        rows = [{"game_id": i, "name_en": n} for i, n in
                [("AALJ01", "Doubutsu"), ("AALP01", "Animals"), ("BBBJ", "Only"),
                 ("BBBJ01", "Only")]]
        records, _ = gather(titles.convert_wiiu, rows, None)
        self.assertEqual([t["names"] for t in of_kind(records, "title")],
                         [{"en": "Animals", "ja-Latn": "Doubutsu"}, {"en": "Only"}])
        self.assertEqual(len(gather(titles.convert_wiiu, rows, 1)[0]), 2)

    def test_a_table_with_quotes_over_two_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            plain = pathlib.Path(folder, "t.tsv")
            plain.write_text('a\tb\n1\t"x\ny"\n2\t"say ""hi"""\n')
            subprocess.run(["zstd", "-q", plain], check=True)
            self.assertEqual([r["b"] for r in lines.read_table(f"{plain}.zst")],
                             ["x\ny", 'say "hi"'])


class Drawings(unittest.TestCase):
    def row(self, strokes, **more):
        return {"word": "cat", "countrycode": "JP", "timestamp": "2017-03-19 14:22:16.79 UTC",
                "recognized": True, "key_id": "9", "drawing": strokes, **more}

    def test_fits_the_canvas_and_keeps_the_times(self):
        rows = [self.row([[[-1000, 2000], [0, 100], [5, 25]],
                          [[0, 0, 0], [50, 50, 100], [1025, 1030, 1045]]]),
                self.row([[[7], [7], [0]]], key_id="10", recognized=False, word="dot")]
        records, counts = gather(drawings.convert, rows)
        first, dot = of_kind(records, "post")
        self.assertEqual([s["points"] for s in first["drawing"]["strokes"]],
                         [[32, 220, 0, 1248, 260, 20], [437, 240, 1000, 437, 260, 20]])
        self.assertEqual(dot["drawing"]["strokes"], [{"pen": 2, "points": [640, 240, 0]}])
        self.assertEqual((first["feeling"], dot["feeling"], dot["tag"]), (1, 5, "dot"))
        self.assertEqual((counts["communities"], counts["users"], counts["posts"]), (3, 1, 2))

    def test_times_that_run_back_or_rest_too_long_are_bounded(self):
        strokes = drawings.drawing_of([[[0, 9, 18, 27], [0, 9, 0, 9],
                                        [100, 50, 120, 99_999]]])["strokes"]
        self.assertEqual(strokes[0]["points"][2::3], [0, 0, 20, 60_000])
        self.assertEqual(drawing_faults({"strokes": strokes}), [])

    def test_the_checker_sees_what_is_no_drawing(self):
        for strokes in [[], [{"pen": 4, "points": [0, 0, 0]}], [{"pen": 1, "points": [0, 0]}],
                        [{"pen": 1, "points": [1281, 0, 0]}], [{"pen": 1, "points": [0, 0, -1]}],
                        [{"pen": 1, "points": [0.5, 0, 0]}],
                        [{"pen": 1, "eraser": True, "points": [0, 0, 0]}],
                        [{"pen": 1, "points": [9, 9, 1] * 30_000}]]:
            self.assertNotEqual(drawing_faults({"strokes": strokes}), [], strokes[:1])


class Graphs(unittest.TestCase):
    def test_numbers_are_kept_and_self_loops_are_not(self):
        edges = [["1", "1"], ["1", "2"], ["3", "1"]]
        records, counts = gather(graphs.convert_slashdot, edges, False)
        self.assertEqual([(r["account"], r["target"]) for r in of_kind(records, "follow")],
                         [("1", "2"), ("3", "1")])
        self.assertEqual(records[0]["handle"], "slashdot_1")
        self.assertEqual((counts["users"], counts["skipped: follow of oneself"]), (3, 1))
        kept = list(graphs.convert_slashdot(edges, True, collections.Counter()))
        self.assertEqual(len(of_kind(kept, "follow")), 3)

    def test_mutual_follows_are_two(self):
        people = [["0", "1449", "False", "629", "False"], ["1", "9999", "True", "7", "True"]]
        records, counts = gather(graphs.convert_twitch, "DE", people, [["0", "1"], ["0", "5"]])
        self.assertEqual([r["id"] for r in of_kind(records, "follow")], ["0-1", "1-0"])
        self.assertEqual(records[0]["created_at"], "2014-05-13T00:00:00.000Z")
        self.assertEqual(records[1]["created_at"], "2010-01-01T00:00:00.000Z")
        self.assertEqual(records[1]["bio"], "Streams in German · 7 views · for grown-ups · partner")
        self.assertEqual(counts["skipped: follow beyond the limit"], 1)


class Videos(unittest.TestCase):
    def test_a_video_is_a_title_and_a_device_is_somebody(self):
        base = {"video": 3, "no": 1, "created": 1_600_000_000, "usec": 18663, "mail": ["184"]}
        rows = [{**base, "text": "うぽつ"}, {**base, "text": "\u200b"},
                {**base, "text": "3DSから", "mail": ["big", "device:3DS"]}]
        records, counts = gather(videos.convert, rows, NOW_MS)
        self.assertEqual([(p["id"], p["author"]) for p in of_kind(records, "post")],
                         [("3-1", "3-pc"), ("3-1-2", "3-3ds")])
        self.assertEqual(of_kind(records, "post")[0]["created_at"], "2020-09-13T12:26:40.018Z")
        self.assertEqual((counts["titles"], counts["skipped: nothing to see"]), (1, 1))


class Burst(unittest.TestCase):
    def test_each_row_becomes_what_it_tells_of(self):
        rows = [r.split() for r in ["1 2 1341100972 MT", "1 2 1341100972 RE", "3 2 1341100973 RT",
                                    "3 2 1341100974 RT", "1 2 1341100975 RE", "2 2 1341100976 RT",
                                    "2 2 1341100977 RE", "4 5 1341100978 RT"]]
        records, counts = gather(burst.convert, rows)
        self.assertEqual([(r["id"], r["author"]) for r in of_kind(records, "post")],
                         [("mt0", "1"), ("2-1", "2"), ("2-2", "2"), ("5-1", "5")])
        self.assertEqual([(r["author"], r["post"]) for r in of_kind(records, "comment")],
                         [("1", "2-1"), ("1", "2-2"), ("2", "2-2")])
        self.assertEqual([(r["account"], r["post"]) for r in of_kind(records, "empathy")],
                         [("3", "2-1"), ("3", "2-2"), ("4", "5-1")])
        self.assertEqual([r["id"] for r in of_kind(records, "follow")], ["3-2", "4-5"])
        self.assertEqual(of_kind(records, "empathy")[1]["created_at"], "2012-07-01T00:02:54.000Z")
        self.assertEqual(counts["skipped: passed on by oneself"], 1)


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
        for source, (path, rows) in REVIEWS.items():
            with self.subTest(source):
                records, counts = run(lines.read_rows(SHARED / "data" / path), source)
                self.assertEqual(counts["rows"], rows)
                skipped = sum(n for what, n in counts.items() if what.startswith("skipped"))
                self.assertEqual(counts["posts"] + skipped, rows)
                self.assertLess(skipped, rows // 500)
                self.assertEqual(len(records), counts["posts"] + counts["users"])
                for record in records:
                    line = lines.line_of(record).encode()
                    self.assertEqual(checker.faults(line), [], line)
                rows_total += rows
                posts_total += counts["posts"]
        self.assertEqual((rows_total, posts_total), (32072, 32056))


class World(unittest.TestCase):
    """What `world` writes of the first rows of each collection, in its order."""

    COUNTS = {"title": 1000, "community": 1000, "user": 2000, "post": 1000, "comment": 20,
              "follow": 500, "empathy": 100}

    def test_the_files_can_be_imported_in_their_order(self):
        if not (SHARED / "data").is_dir():
            self.skipTest(f"{SHARED / 'data'} is not there")
        checker, kinds = Checker(), collections.Counter()
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([pathlib.Path(convert.__file__), "world", SHARED / "data", folder,
                            "--limit", "400"], check=True, capture_output=True)
            files = sorted(pathlib.Path(folder).iterdir())
            self.assertEqual(len(files), len(convert.COLLECTIONS))
            for file in files:
                for line in file.read_bytes().splitlines():
                    self.assertEqual(checker.faults(line), [], line)
                    kinds[json.loads(line)["kind"]] += 1
        for kind, least in self.COUNTS.items():
            self.assertGreater(kinds[kind], least, kinds)


class Demo(unittest.TestCase):
    def test_the_world_of_the_first_run_can_be_imported(self):
        checker, kinds = Checker(), collections.Counter()
        for line in (ROOT / "demo" / "festival.ndjson").read_bytes().splitlines():
            self.assertEqual(checker.faults(line), [], line.decode())
            kinds[json.loads(line)["kind"]] += 1
        self.assertGreaterEqual(kinds["user"], 12)
        self.assertGreaterEqual(kinds["post"], 40)


if __name__ == "__main__":
    unittest.main()
