# Texts with an author, a time and a language: reviews of games, and one account's short posts.

from .lines import BUILT_IN_COMMUNITY, TIME_MIN_MS, counting, rfc3339
from .texts import TITLE_POINTS_MAX, clean, clean_line, cut, visible

STEAM_LANGUAGES = {
    "arabic": "ar", "brazilian": "pt-BR", "bulgarian": "bg", "czech": "cs", "danish": "da",
    "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hungarian": "hu", "indonesian": "id", "italian": "it", "japanese": "ja",
    "koreana": "ko", "latam": "es-419", "norwegian": "no", "polish": "pl", "portuguese": "pt",
    "romanian": "ro", "russian": "ru", "schinese": "zh-Hans", "spanish": "es", "swedish": "sv",
    "tchinese": "zh-Hant", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}
HAPPY, FRUSTRATED = 1, 4


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


def post_of(source, row, now_ms, counts):
    """(sort key, author, language, row, text), or None where the product would not take it."""
    counts["rows"] += 1
    text = clean(row["text"])
    at = row["created"] * 1000
    if not visible(text):
        counts["skipped: nothing to see"] += 1
        return None
    if not TIME_MIN_MS <= at <= now_ms:
        counts["skipped: time before 2010 or ahead"] += 1
        return None
    text, how = cut(text)
    if how != "whole":
        counts[f"cut at a {how}"] += 1
    app = (str(row["appid"]), row.get("game"), row.get("voted_up")) if "appid" in row else None
    return (at, row["id"]), str(row.get("author", "1")), source.language_of(row), app, text


def title_lines(app_id, game, common):
    name = clean_line(game or "", TITLE_POINTS_MAX)
    names = {"en": name if visible(name) else f"App {app_id}"}
    yield {"kind": "title", "id": app_id, **common, "names": names, "platforms": ["PC"]}
    yield {"kind": "community", "id": app_id, **common, "community_kind": "main",
           "title": app_id, "names": names}


@counting
def convert(source, rows, now_ms, with_titles, counts):
    """Yields the lines' objects: everybody and, where `with_titles`, every game before their first
    post, posts in order of time. Holds the whole collection: it is not sorted."""
    posts = [post for row in rows if (post := post_of(source, row, now_ms, counts))]
    posts.sort(key=lambda post: post[0])

    people, apps = set(), set()
    for (at, post_id), author, language, app, text in posts:
        common = {"source": source.name, "created_at": rfc3339(at)}
        if author not in people:
            people.add(author)
            yield {"kind": "user", "id": author, **common, "handle": source.handle(author),
                   "name": source.person(author)}
        place = {"community": BUILT_IN_COMMUNITY}
        if with_titles and app:
            app_id, game, voted_up = app
            if app_id not in apps:
                apps.add(app_id)
                yield from title_lines(app_id, game, common)
            place = {"in": app_id}
        post = {"kind": "post", "id": str(post_id), **common, "author": author, **place,
                "text": text}
        if with_titles and app:
            post["feeling"] = HAPPY if voted_up else FRUSTRATED
        if language:
            post["language"] = language
        yield post
