#!/usr/bin/env python3
# Turns collections of real texts into the import format (docs/formats/import.md), so that benches,
# tests and demos run on what people really write.
#
#   tools/datasets/convert.py steam-en INPUT.ndjson.zst > out.ndjson
#
# Needs Python 3.11 and the zstd command, as Debian 12 has them. Rows of all kinds come in; what
# the product would refuse is mended here (long texts are cut, controls dropped) or skipped, and
# the summary on stderr counts every row.

import argparse
import collections
import datetime
import json
import re
import subprocess
import sys
import unicodedata

# The product's limits, from docs/formats/import.md.
TEXT_POINTS_MAX = 280
TEXT_SIZE_MAX = 1120
LINE_SIZE_MAX = 65536
TIME_MIN_MS = 1_262_304_000_000
COMMUNITY = "1"

# A cut further left than a quarter of what fits would lose more than it tidies.
CUT_SHARE_MIN = 4

STEAM_LANGUAGES = {
    "arabic": "ar", "brazilian": "pt-BR", "bulgarian": "bg", "czech": "cs", "danish": "da",
    "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hungarian": "hu", "indonesian": "id", "italian": "it", "japanese": "ja",
    "koreana": "ko", "latam": "es-419", "norwegian": "no", "polish": "pl", "portuguese": "pt",
    "romanian": "ro", "russian": "ru", "schinese": "zh-Hans", "spanish": "es", "swedish": "sv",
    "tchinese": "zh-Hant", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}

# Unicode's White_Space without the controls, which are gone when this is used.
SPACES = "\n \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" \
         "\u2028\u2029\u202f\u205f\u3000"
BREAKS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
SENTENCE_END = re.compile(r"\n|[.!?…]+[\"'”’)\]]*(?=\s)|[。！？｡]+[」』）”’]*")
FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
# What draws no ink though it is no white space: the product calls a text of these alone empty.
INKLESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f"
                     "\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")


class Source:
    """How one collection names its people, and where its rows keep what we need."""

    def __init__(self, name, handle, person, language_of):
        self.name = name
        self.handle = handle          # author -> handle
        self.person = person          # author -> name to show
        self.language_of = language_of


def steam_language(row):
    return STEAM_LANGUAGES.get(row["lang"])


def tweet_language(row):
    return None if row["lang"] == "und" else row["lang"]


SOURCES = {
    "steam-en": Source("steam-en", lambda a: f"steam_en_{a}", lambda a: f"Player {a}",
                       steam_language),
    "steam-multilang": Source("steam-multilang", lambda a: f"steam_ml_{a}",
                              lambda a: f"Player {a}", steam_language),
    "ja-tweets": Source("ja-tweets", lambda a: "tsubuyaki", lambda a: "つぶやきさん",
                        tweet_language),
}


def noncharacter(point):
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def clean(text):
    """Brings a text to what the product takes, without its limits of length."""
    text = BREAKS.sub("\n", text).replace("\t", " ")
    text = "".join(c for c in text
                   if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs")
                                    and not noncharacter(ord(c))))
    return unicodedata.normalize("NFC", text.strip(SPACES))


def visible(text):
    return any(not (unicodedata.category(c) in ("Cf", "Zs", "Zl", "Zp", "Cc") or INKLESS.match(c))
               for c in text)


def joins(text, border):
    """True where the border lies in a grapheme cluster, or may: says so rather too often."""
    before, after = text[border - 1], text[border]
    if unicodedata.category(after) in ("Mn", "Me", "Mc") or after in "\u200c\u200d":
        return True
    b = ord(after)
    modifier = 0x1F3FB <= b <= 0x1F3FF or 0xE0020 <= b <= 0xE007F
    head = text[:border]
    letters = border - len(head.rstrip(FLAG_LETTERS))  # Two of them make a flag.
    flag = after in FLAG_LETTERS and letters % 2 == 1
    jamo = 0x1100 <= b <= 0x11FF or 0xD7B0 <= b <= 0xD7FB or 0xA960 <= b <= 0xA97C
    return before == "\u200d" or modifier or flag or jamo


def fitting(text):
    """How many code points of the text fit into the limits."""
    size = 0
    for count, c in enumerate(text):
        size += len(c.encode())
        if count == TEXT_POINTS_MAX or size > TEXT_SIZE_MAX:
            return count
    return len(text)


def cut(text):
    """The text itself where it fits; else the longest head of it that ends with a sentence, or
    with a word, or at least not inside a character as people see it. Gives (head, how)."""
    limit = fitting(text)
    if limit == len(text):
        return text, "whole"
    least = limit // CUT_SHARE_MIN
    ends = [m.end() for m in SENTENCE_END.finditer(text, 0, limit + 1)
            if m.end() <= limit and not joins(text, m.end())]
    if ends and len(text[:ends[-1]].rstrip(SPACES)) >= least:
        return text[:ends[-1]].rstrip(SPACES), "sentence"
    spaces = [i for i in range(least, limit + 1) if text[i] in SPACES]
    if spaces:
        return text[:spaces[-1]].rstrip(SPACES), "word"
    end = limit
    while end > 1 and joins(text, end):
        end -= 1
    # A cluster longer than the limit has no border inside it: it is cut where it must be.
    return text[:end if end > 1 else limit].rstrip(SPACES), "character"


def rfc3339(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def convert(source, rows, now_ms, counts):
    """Yields the lines' objects: everybody before their first post, posts in order of time."""
    posts = []
    for row in rows:
        counts["rows"] += 1
        text = clean(row["text"])
        at = row["created"] * 1000
        if not visible(text):
            counts["skipped: nothing to see"] += 1
        elif not TIME_MIN_MS <= at <= now_ms:
            counts["skipped: time before 2010 or ahead"] += 1
        else:
            text, how = cut(text)
            if how != "whole":
                counts[f"cut at a {how}"] += 1
            posts.append((at, row["id"], str(row.get("author", "1")), text,
                          source.language_of(row)))
    posts.sort(key=lambda post: post[:2])

    seen = set()
    for at, post_id, author, text, language in posts:
        common = {"source": source.name, "created_at": rfc3339(at)}
        if author not in seen:
            seen.add(author)
            counts["users"] += 1
            yield {"kind": "user", "id": author, **common, "handle": source.handle(author),
                   "name": source.person(author)}
        counts["posts"] += 1
        post = {"kind": "post", "id": str(post_id), **common, "author": author,
                "community": COMMUNITY, "text": text}
        if language:
            post["language"] = language
        yield post


def read_rows(path):
    with subprocess.Popen(["zstd", "-dcq", "--", path], stdout=subprocess.PIPE) as zstd:
        for line in zstd.stdout:
            yield json.loads(line)
    if zstd.returncode != 0:
        raise SystemExit(f"convert.py: zstd could not read {path}")


def line_of(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(
        description="Converts a collection of texts to Matsuri's import format, on stdout.")
    parser.add_argument("source", choices=sorted(SOURCES))
    parser.add_argument("input", metavar="INPUT.ndjson.zst")
    options = parser.parse_args()

    now_ms = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    counts = collections.Counter()
    for record in convert(SOURCES[options.source], read_rows(options.input), now_ms, counts):
        sys.stdout.buffer.write(line_of(record).encode() + b"\n")
    sys.stdout.buffer.flush()
    print(f"{options.source}:", ", ".join(f"{n} {what}" for what, n in counts.items()),
          file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
