# Lists of games: a title and its main community for each game of two consoles, under the names
# that it has in the regions.

import re
import unicodedata

from .lines import TIME_MIN_MS, counting, rfc3339, spread, unix_ms
from .texts import TITLE_POINTS_MAX, clean_line

PUBLISHER_POINTS_MAX = 80

# In the order in which a language takes its name: where two regions speak one, the first.
REGIONS_3DS = {"US": "en", "GB": "en", "JP": "ja", "KR": "ko", "TW": "zh-Hant"}
HARDWARE_3DS = {"CTR": "Nintendo 3DS", "KTR": "New Nintendo 3DS", "TWL": "Nintendo DSi"}
# The 3DS lists hold patches and films too.
NO_GAMES = {"更新データ", "Update Data", "Software Update", "업데이트 데이터", "更新資料",
            "Downloadable Video"}
# Where a row has no date of release: the years in which the console's shop was busiest.
SPAN_3DS = (unix_ms("2011-06-07"), unix_ms("2017-06-07"))
SPAN_WIIU = (unix_ms("2012-11-18"), unix_ms("2017-01-31"))
# The letter of a region in a Wii U id, in the order in which an English name is taken.
REGIONS_WIIU = "EPAXYZDFSIRJ"
DATE = re.compile(r"(\d{4}-\d{2})(-\d{2})?$")


def crest_of(names):
    """The first letter or digit of the first name: what a lantern can show."""
    for name in names.values():
        for c in name:
            if unicodedata.category(c)[0] in "LN":
                return {"crest": c}
    return {}


def title_lines(source, title_id, at_ms, names, platforms, publisher):
    common = {"source": source, "created_at": rfc3339(at_ms)}
    title = {"kind": "title", "id": title_id, **common, "names": names, "platforms": platforms,
             **crest_of(names)}
    if publisher:
        title["publisher"] = publisher
    yield title
    yield {"kind": "community", "id": title_id, **common, "community_kind": "main",
           "title": title_id, "names": names}


def released_ms(row):
    """None where the row has no date ("TBD")."""
    match = DATE.match(row["release_date"] or "")
    return unix_ms(match[1] + (match[2] or "-01")) if match else None


def grouped(rows, key_of, limit):
    """Rows of the same game, by key, in the order of the keys; the first `limit` games."""
    groups = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return [(key, groups[key]) for key in sorted(groups)][:limit]


@counting
def convert_3ds(rows, limit, counts):
    """A product code up to its last letter, which is the region's, is one game."""
    games = []
    for row in rows:
        counts["rows"] += 1
        if row["platform"] in NO_GAMES:
            counts["skipped: no game"] += 1
        else:
            games.append(row)
    for code, group in grouped(games, lambda row: row["product_code"][:-1], limit):
        group.sort(key=lambda row: (list(REGIONS_3DS).index(row["region"]), row["id"]))
        names = {}
        for row in group:
            name = clean_line(row["name"], TITLE_POINTS_MAX)
            if name:
                names.setdefault(REGIONS_3DS[row["region"]], name)
        times = [at_ms for row in group if (at_ms := released_ms(row)) is not None]
        if not times:
            counts["without a date: spread over 2011 to 2017"] += 1
            times = [spread(code, *SPAN_3DS)]
        if min(times) < TIME_MIN_MS:
            counts["older than 2010: taken as of its first day"] += 1
        publishers = (clean_line(row["publisher"] or "", PUBLISHER_POINTS_MAX) for row in group)
        yield from title_lines("titles-3ds", code, max(min(times), TIME_MIN_MS), names,
                               [HARDWARE_3DS[code[:3]]], next(filter(None, publishers), None))


@counting
def convert_wiiu(rows, limit, counts):
    """An id's first three letters are one game; the fourth is the region. The Japanese games'
    names are in Latin letters."""
    def counted():
        for row in rows:
            counts["rows"] += 1
            yield row
    for code, group in grouped(counted(), lambda row: row["game_id"][:3], limit):
        group.sort(key=lambda row: (REGIONS_WIIU.index(row["game_id"][3]), row["game_id"]))
        names = {"en": clean_line(group[0]["name_en"], TITLE_POINTS_MAX)}
        for row in group:
            name = clean_line(row["name_en"], TITLE_POINTS_MAX)
            if row["game_id"][3] == "J" and name != names["en"]:
                names.setdefault("ja-Latn", name)
        yield from title_lines("titles-wiiu", code, spread(code, *SPAN_WIIU), names, ["Wii U"],
                               None)
