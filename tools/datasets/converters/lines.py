# What all converters share: how rows are read, how lines are written, and where times come from.
# docs/formats/import.md is the contract.

import csv
import datetime
import functools
import gzip
import json
import subprocess
import zlib

LINE_SIZE_MAX = 262_144
TIME_MIN_MS = 1_262_304_000_000
BUILT_IN_COMMUNITY = "1"
PLURALS = {"user": "users", "title": "titles", "community": "communities", "post": "posts",
           "comment": "comments", "follow": "follows", "empathy": "empathies"}


def rfc3339(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def unix_ms(text):
    """Of a date or a time in UTC, as in 2017-03-11 or 2017-03-11 14:47:44.052."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


def spread(key, first_ms, last_ms):
    """A time for what has none: anywhere between the two, and always the same for a key."""
    return first_ms + (zlib.crc32(key.encode()) * 1_000_003) % (last_ms - first_ms + 1)


def line_of(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def counting(converter):
    """Counts the lines of a converter by kind; `counts` is the last of its arguments."""
    @functools.wraps(converter)
    def counted(*arguments, **options):
        for record in converter(*arguments, **options):
            arguments[-1][PLURALS[record["kind"]]] += 1
            yield record
    return counted


def unpacked(path):
    """The lines of a file packed by zstd, one after the other."""
    with subprocess.Popen(["zstd", "-dcq", "--", path], stdout=subprocess.PIPE) as zstd:
        yield from zstd.stdout
    if zstd.returncode != 0:
        raise SystemExit(f"convert.py: zstd could not read {path}")


def read_rows(path):
    return map(json.loads, unpacked(path))


def read_table(path):
    """The rows of a .tsv.zst, below its head. A field in quotes may go over several lines."""
    lines = (line.decode() for line in unpacked(path))
    return csv.DictReader(lines, delimiter="\t")


def read_words(path, separator=None, head_count=0):
    """The words of each line of a .gz, below its head."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        for index, line in enumerate(file):
            if index >= head_count:
                yield line.rstrip("\n").split(separator)
