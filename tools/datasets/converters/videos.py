# Comments that fly over videos: each video is a title, each comment a post in its main community.

from .lines import TIME_MIN_MS, counting, rfc3339
from .texts import clean, cut, visible

SOURCE = "niconico"
# The rows name nobody, but some say what they were typed on.
DEVICES = {"device:3DS": ("3ds", "3DSの人"), "device:Switch": ("switch", "Switchの人")}
ELSEWHERE = ("pc", "名無しさん")


def device_of(row):
    for command in row["mail"]:
        if command in DEVICES:
            return DEVICES[command]
    return ELSEWHERE


@counting
def convert(rows, now_ms, counts):
    people, videos, ids = set(), set(), {}
    for row in rows:
        counts["rows"] += 1
        video = str(row["video"])
        at_ms = row["created"] * 1000 + row["usec"] // 1000
        text = clean(row["text"])
        if not visible(text):
            counts["skipped: nothing to see"] += 1
            continue
        if not TIME_MIN_MS <= at_ms <= now_ms:
            counts["skipped: time before 2010 or ahead"] += 1
            continue
        common = {"source": SOURCE, "created_at": rfc3339(at_ms)}
        if video not in videos:
            videos.add(video)
            names = {"ja": f"動画{video}", "en": f"Video {video}"}
            yield {"kind": "title", "id": video, **common, "names": names, "crest": "動"}
            yield {"kind": "community", "id": video, **common, "community_kind": "main",
                   "title": video, "names": names, "post_kinds": ["text"]}
        device, name = device_of(row)
        author = f"{video}-{device}"
        if author not in people:
            people.add(author)
            yield {"kind": "user", "id": author, **common, "handle": f"nico_{video}_{device}",
                   "name": f"{name} (動画{video})"}
        text, how = cut(text)
        if how != "whole":
            counts[f"cut at a {how}"] += 1
        # Numbers come twice where a video's comments are of several threads.
        post_id = f"{video}-{row['no']}"
        ids[post_id] = ids.get(post_id, 0) + 1
        if ids[post_id] > 1:
            post_id += f"-{ids[post_id]}"
        yield {"kind": "post", "id": post_id, **common, "author": author, "in": video,
               "text": text, "language": "ja"}
