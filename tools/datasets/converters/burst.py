# A week of one piece of news: who passed on, mentioned and answered whom, to the second.
#
# The rows tell of tweets without their words, so what people said is made of what the rows know:
#
#   RT a b   a feels empathy with a post of b, and follows b from the first time on. The n-th time
#            that a passes on b is b's n-th post, for nobody passes on the same words twice
#   MT a b   a posts "@b"
#   RE a b   a comments "@b" on b's latest post that is known by then
#
# A post that others refer to is known from the first time that they do, and has that time. All
# times are those of the rows.

from .lines import counting, rfc3339

SOURCE = "higgs"
COMMUNITY = "higgs"
NAMES = {"en": "Higgs, July 2012"}


def handle_of(person):
    return f"higgs_{person}"


class Burst:
    """What must be remembered of the rows before: bounded by people and pairs of them."""

    def __init__(self):
        self.people = set()
        self.heard = {}   # who -> how many posts of theirs are known
        self.passed = {}  # (who, whom) -> how often

    def lines(self, row_index, who, whom, at, kind):
        common = {"source": SOURCE, "created_at": at}
        event_id = f"{kind.lower()}{row_index}"
        for person in (who, whom):
            if person not in self.people:
                self.people.add(person)
                yield {"kind": "user", "id": person, **common, "handle": handle_of(person),
                       "name": f"Witness {person}"}
        if kind == "MT":
            yield {"kind": "post", "id": event_id, **common, "author": who, "in": COMMUNITY,
                   "text": f"@{handle_of(whom)}"}
        elif kind == "RE":
            yield from self.known(whom, max(self.heard.get(whom, 0), 1), common)
            yield {"kind": "comment", "id": event_id, **common, "author": who,
                   "post": f"{whom}-{self.heard[whom]}", "text": f"@{handle_of(whom)}"}
        elif who != whom:
            pair = (int(who), int(whom))
            self.passed[pair] = number = self.passed.get(pair, 0) + 1
            yield from self.known(whom, number, common)
            if number == 1:
                yield {"kind": "follow", "id": f"{who}-{whom}", **common, "account": who,
                       "target": whom}
            yield {"kind": "empathy", "id": event_id, **common, "account": who,
                   "post": f"{whom}-{number}"}

    def known(self, person, count, common):
        """The posts of `person` up to number `count` that were not known yet."""
        for number in range(self.heard.get(person, 0) + 1, count + 1):
            self.heard[person] = number
            yield {"kind": "post", "id": f"{person}-{number}", **common, "author": person,
                   "in": COMMUNITY, "text": f"Higgs, no. {number} by @{handle_of(person)}"}


@counting
def convert(rows, counts):
    burst = Burst()
    for row_index, (who, whom, seconds, kind) in enumerate(rows):
        counts["rows"] += 1
        at = rfc3339(int(seconds) * 1000)
        if row_index == 0:
            yield {"kind": "community", "source": SOURCE, "id": COMMUNITY, "created_at": at,
                   "community_kind": "official", "names": NAMES, "post_kinds": ["text"]}
        if kind == "RT" and who == whom:
            counts["skipped: passed on by oneself"] += 1
        yield from burst.lines(row_index, who, whom, at, kind)
