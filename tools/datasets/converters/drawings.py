# Doodles with the times of the hand: each becomes a handwritten post.

from .lines import counting, rfc3339, unix_ms

SOURCE = "quick-draw"
TITLE = "quick-draw"
NAMES = {"en": "Quick, Draw!"}

# The canvas in quarters of a pixel, and the paper that stays free around a doodle.
WIDTH, HEIGHT, MARGIN = 1280, 480, 32
TIME_MS_MAX = 60_000
# From how many points on a doodle is so rich that the thin pen suits it.
RICH_POINT_COUNT = 150
HAPPY, PUZZLED = 1, 5


def placed(strokes):
    """A function that moves a point into the canvas: all of the doodle fits, centred."""
    xs = [x for stroke in strokes for x in stroke[0]]
    ys = [y for stroke in strokes for y in stroke[1]]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    scale = min((WIDTH - 2 * MARGIN) / max(right - left, 1),
                (HEIGHT - 2 * MARGIN) / max(bottom - top, 1))

    def place(x, y):
        return (round(WIDTH / 2 + (x - (left + right) / 2) * scale),
                round(HEIGHT / 2 + (y - (top + bottom) / 2) * scale))
    return place


def stroke_points(stroke, place, before_ms):
    """[x, y, t, ...] of a stroke, without points in which the hand stood still: their time goes
    to the next one. Gives (points, when it ended)."""
    points, last = [], None
    for x, y, at in zip(*stroke):
        spot = place(x, y)
        if spot == last:
            continue
        points += [*spot, min(max(round(at) - before_ms, 0), TIME_MS_MAX)]
        last, before_ms = spot, max(round(at), before_ms)
    return points, before_ms


def drawing_of(strokes):
    place = placed(strokes)
    pen = 1 if sum(len(stroke[0]) for stroke in strokes) >= RICH_POINT_COUNT else 2
    out, now = [], round(strokes[0][2][0])
    for stroke in strokes:
        points, now = stroke_points(stroke, place, now)
        out.append({"pen": pen, "points": points})
    return {"strokes": out}


@counting
def convert(rows, counts):
    """One title; a community for each word; an author for each country, as the rows name no
    other."""
    words, countries = {}, set()
    for row in rows:
        counts["rows"] += 1
        common = {"source": SOURCE,
                  "created_at": rfc3339(unix_ms(row["timestamp"].removesuffix(" UTC")))}
        if not words:
            yield {"kind": "title", "id": TITLE, **common, "names": NAMES}
            yield {"kind": "community", "id": TITLE, **common, "community_kind": "main",
                   "title": TITLE, "names": NAMES}
        word, country = row["word"], row["countrycode"] or "ZZ"
        if word not in words:
            words[word] = f"word-{len(words) + 1}"
            yield {"kind": "community", "id": words[word], **common,
                   "community_kind": "official", "title": TITLE,
                   "names": {"en": f"Draw: {word}"}, "post_kinds": ["drawing"]}
        if country not in countries:
            countries.add(country)
            yield {"kind": "user", "id": country, **common,
                   "handle": f"draws_{country.lower()}", "name": f"Hands from {country}"}
        strokes = [stroke for stroke in row["drawing"] if stroke[0]]
        if not strokes:
            counts["skipped: nothing drawn"] += 1
            continue
        yield {"kind": "post", "id": row["key_id"], **common, "author": country,
               "in": words[word], "drawing": drawing_of(strokes),
               "feeling": HAPPY if row["recognized"] else PUZZLED, "tag": word}
