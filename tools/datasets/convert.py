#!/usr/bin/env python3
# Turns collections of what people really write, draw and do into the import format
# (docs/formats/import.md), so that benches, tests and demos run on it.
#
#   tools/datasets/convert.py steam-en INPUT.ndjson.zst > out.ndjson
#   tools/datasets/convert.py world DATA_FOLDER OUT_FOLDER
#
# Needs Python 3.11 and the zstd command, as Debian 12 has them. Rows of all kinds come in; what
# the product would refuse is mended here (long texts are cut, controls dropped) or skipped, and
# the summary on stderr counts every row.

import argparse
import collections
import datetime
import itertools
import pathlib
import sys

from converters import burst, drawings, graphs, reviews, titles, videos
from converters.lines import line_of, read_rows, read_table, read_words

REVIEW_FILES = {
    "steam-en": "texts_steam_en/steam_reviews_en.ndjson.zst",
    "steam-multilang": "texts_steam_multilang/steam_reviews_dev.ndjson.zst",
    "ja-tweets": "texts_ja_tweets/koume_tweets_dev.ndjson.zst",
}
# What `world` writes: each collection, in this order, from this file or folder.
COLLECTIONS = {
    "titles-3ds": "titles_nintendo/3ds_titles.tsv.zst",
    "titles-wiiu": "titles_nintendo/wiiu_titles_en.tsv.zst",
    **REVIEW_FILES,
    "niconico": "texts_ja_niconico/niconico_comments_dev.ndjson.zst",
    "quick-draw": "drawings_quickdraw/quickdraw_raw_dev.ndjson.zst",
    "twitch": "graph_twitch",
    "slashdot": "graph_slashdot_directed/slashdot0902_edges.csv.gz",
    "higgs": "higgs/higgs-activity_time.txt.gz",
}


def twitch(folder, limit, counts):
    for region in graphs.TWITCH_LANGUAGES:
        def read(what):
            path = pathlib.Path(folder, f"{region}_{what}.csv.gz")
            return itertools.islice(read_words(path, ",", head_count=1), limit)
        yield from graphs.convert_twitch(region, read("target"), read("edges"), counts)


def records(collection, path, options, counts):
    """The lines' objects of one collection, from at most `options.limit` of its rows (of the lists
    of titles: games; of each Twitch region: people, and follows)."""
    now_ms = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    limit = options.limit

    def first(rows):
        return itertools.islice(rows, limit)
    if collection in REVIEW_FILES:
        return reviews.convert(reviews.SOURCES[collection], first(read_rows(path)), now_ms,
                               options.titles, counts)
    return {
        "titles-3ds": lambda: titles.convert_3ds(read_table(path), limit, counts),
        "titles-wiiu": lambda: titles.convert_wiiu(read_table(path), limit, counts),
        "niconico": lambda: videos.convert(first(read_rows(path)), now_ms, counts),
        "quick-draw": lambda: drawings.convert(first(read_rows(path)), counts),
        "twitch": lambda: twitch(path, limit, counts),
        "slashdot": lambda: graphs.convert_slashdot(first(read_words(path, ",", head_count=1)),
                                                    options.self_loops, counts),
        "higgs": lambda: burst.convert(first(read_words(path)), counts),
    }[collection]()


def write(collection, path, options, out):
    counts = collections.Counter()
    for record in records(collection, path, options, counts):
        out.write(line_of(record).encode() + b"\n")
    out.flush()
    print(f"{collection}:", ", ".join(f"{n} {what}" for what, n in counts.items()),
          file=sys.stderr)


def write_world(options):
    """A file for each collection, numbered in the order in which they are to be imported."""
    options.output.mkdir(parents=True, exist_ok=True)
    for number, (collection, path) in enumerate(COLLECTIONS.items(), 1):
        with open(options.output / f"{number:02d}-{collection}.ndjson", "wb") as out:
            write(collection, options.input / path, options, out)


def arguments():
    parser = argparse.ArgumentParser(
        description="Converts collections to Matsuri's import format: one on stdout, or all.")
    commands = parser.add_subparsers(dest="collection", required=True)
    for name in (*COLLECTIONS, "world"):
        command = commands.add_parser(name)
        command.add_argument("input", type=pathlib.Path, help="the file or folder to read")
        if name == "world":
            command.add_argument("output", type=pathlib.Path, help="the folder to write to")
        command.add_argument("--limit", type=int, metavar="N",
                             help="only the first N rows of a collection")
        if name.startswith("steam"):
            command.add_argument("--titles", action="store_true",
                                 help="a title for each game, in place of community 1")
        if name == "slashdot":
            command.add_argument("--self-loops", action="store_true",
                                 help="keep follows of oneself, which the importer refuses")
        command.set_defaults(titles=name == "world", self_loops=False)
    return parser.parse_args()


def main():
    options = arguments()
    if options.collection == "world":
        write_world(options)
    else:
        write(options.collection, options.input, options, sys.stdout.buffer)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
