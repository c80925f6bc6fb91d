# Who follows whom: one large directed graph, and five of mutual follows.
#
# Neither collection says when anybody followed. The k-th follow of a graph is given the k-th
# second after a fixed moment, so that all machines agree, and nothing needs to be remembered.

from .lines import TIME_MIN_MS, counting, rfc3339, unix_ms

DAY_MS = 86_400_000

# The Slashdot graph is from February 2009, before Matsuri's ids begin.
SLASHDOT_START_MS = unix_ms("2010-02-01")
# When the Twitch accounts had the age that their rows give.
TWITCH_START_MS = unix_ms("2018-05-01")
TWITCH_LANGUAGES = {"DE": "German", "ENGB": "English", "ES": "Spanish", "FR": "French",
                    "RU": "Russian"}


def follow(source, at_ms, account, target):
    return {"kind": "follow", "source": source, "id": f"{account}-{target}",
            "created_at": rfc3339(at_ms), "account": account, "target": target}


@counting
def convert_slashdot(edges, with_self_loops, counts):
    """Everybody before the first follow that names them; they keep their numbers."""
    seen = set()
    for edge_index, (account, target) in enumerate(edges):
        counts["rows"] += 1
        at_ms = SLASHDOT_START_MS + edge_index * 1000
        for person in (account, target):
            if person not in seen:
                seen.add(person)
                yield {"kind": "user", "source": "slashdot", "id": person,
                       "created_at": rfc3339(at_ms), "handle": f"slashdot_{person}",
                       "name": f"Reader {person}"}
        if account == target and not with_self_loops:
            counts["skipped: follow of oneself"] += 1
            continue
        yield follow("slashdot", at_ms, account, target)


def streamer(region, row, counts):
    number, days, mature, views, partner = row
    at_ms = TWITCH_START_MS - int(days) * DAY_MS
    if at_ms < TIME_MIN_MS:
        counts["older than 2010: taken as of its first day"] += 1
        at_ms = TIME_MIN_MS
    words = [f"Streams in {TWITCH_LANGUAGES[region]}", f"{views} views"]
    words += ["for grown-ups"] if mature == "True" else []
    words += ["partner"] if partner == "True" else []
    return {"kind": "user", "source": f"twitch-{region.lower()}", "id": number,
            "created_at": rfc3339(at_ms), "handle": f"tw_{region.lower()}_{number}",
            "name": f"Streamer {region} {number}", "bio": " · ".join(words)}


@counting
def convert_twitch(region, people, edges, counts):
    """All people of a region, then all follows: each edge is two, for they are mutual. An edge of
    somebody who is left out by a limit is left out too."""
    numbers = set()
    for row in people:
        counts["rows"] += 1
        numbers.add(row[0])
        yield streamer(region, row, counts)
    source = f"twitch-{region.lower()}"
    for edge_index, (one, other) in enumerate(edges):
        counts["rows"] += 1
        if one not in numbers or other not in numbers:
            counts["skipped: follow beyond the limit"] += 1
            continue
        at_ms = TWITCH_START_MS + edge_index * 1000
        yield follow(source, at_ms, one, other)
        yield follow(source, at_ms, other, one)
