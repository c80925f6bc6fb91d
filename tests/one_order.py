"""Is a history of game state one order? Clients note when they first sent a command and when they were first
told what became of it; the server says at which place of the order that was. So nothing is searched for:
the places are taken at their word, and each must fit the times (what was told before another was sent
comes before it) and the values (a model of its own makes the same of the same commands in that order).
"""

import collections
import dataclasses
import math

DECIDED = ("applied", "rejected", "version_mismatch")
COMPARES = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


class Wrong(Exception):
    """The history is none of one order."""


@dataclasses.dataclass
class Operation:
    command: dict
    invoked: float
    returned: float = math.inf  # when it was first told what is decided
    told: dict = None  # that
    refused: bool = False  # the last that was told: not executed, and it was not sent again


@dataclasses.dataclass
class Read:
    arena: str
    kind: str
    id: str
    invoked: float
    returned: float
    version: int  # 0, and no fields: there was none
    fields: dict


class Model:
    """What commands do, as openapi.yaml says it, as far as these tests want it. One arena."""

    def __init__(self):
        self.entities = collections.defaultdict(lambda: (0, {}))  # (kind, id) to (version, fields)

    def run(self, command, time_ms):
        names = [(entity["kind"], entity["id"]) for entity in command["entities"]]
        for index, guard in enumerate(command.get("guards", ())):
            if not self.holds(guard, names, time_ms):
                seen = [] if guard["is"] == "now<" else [self.shown(names[guard["entity"]])]
                name = "version_mismatch" if guard["is"] == "version" else "rejected"
                return {"outcome": name, "guard": index, "entities": seen}
        after = {}
        for step in command["steps"]:
            name = names[step["entity"]]
            fields = after.setdefault(name, dict(self.entities[name][1]))
            take(step, fields)
        for name, fields in after.items():
            self.entities[name] = (self.entities[name][0] + 1, fields)
        return {"outcome": "applied", "entities": [self.shown(name) for name in names]}

    def holds(self, guard, names, time_ms):
        if guard["is"] == "now<":
            return time_ms < guard["value"]
        version, fields = self.entities[names[guard["entity"]]]
        if guard["is"] == "version":
            return version == guard["value"]
        there = guard["field"] in fields if "field" in guard else bool(fields)
        if guard["is"] in ("exists", "absent"):
            return there == (guard["is"] == "exists")
        return there and COMPARES[guard["is"]](fields[guard["field"]], guard["value"])

    def shown(self, name):
        version, fields = self.entities[name]
        return {"kind": name[0], "id": name[1], "version": version, "fields": dict(fields)}


def take(step, fields):
    name, value = step["field"], step["value"]
    now = fields.get(name, 0)
    fields[name] = {
        "add": lambda: now + value, "sub": lambda: now - value,
        "add_clamp": lambda: max(now, min(now + value, step["bound"])),
        "sub_clamp": lambda: min(now, max(now - value, step.get("bound", 0))),
        "set": lambda: value}[step["do"]]()


def check(operations, reads, changes):
    """Raises Wrong. `changes` is all that the feed has, and all of it was sent by `operations`. Gives the
    model of each arena at its end."""
    by_key = {one.command["key"]: one for one in operations}
    if len(by_key) != len(operations):
        raise ValueError("an operation is one key")
    applied = {}
    for change in changes:
        if change["key"] in applied:
            raise Wrong(f"applied twice: {change}")
        if change["key"] not in by_key:
            raise Wrong(f"nobody sent this: {change}")
        applied[change["key"]] = change
    places = collections.defaultdict(dict)
    for one in operations:
        place = place_of(one, applied.get(one.command["key"]))
        if place is None:
            continue
        of_arena = places[one.command["arena"]]
        if place in of_arena:
            raise Wrong(f"two at place {place}: {one} {of_arena[place]}")
        of_arena[place] = one
    models = {}
    for arena, of_arena in places.items():
        ordered = [of_arena[place] for place in sorted(of_arena)]
        check_times(ordered)
        models[arena], states = replay(ordered, applied)
        check_reads([read for read in reads if read.arena == arena], states)
    for read in reads:
        if read.arena not in places and read.version != 0:
            raise Wrong(f"a read of what never was: {read}")
    return models


def place_of(one, change):
    """Where it stands in the order; None where it stands nowhere, as far as anybody knows."""
    if one.told is None:
        if change is not None and one.refused:
            raise Wrong(f"executed, and told that it was not: {one}")
        return None if change is None else change["seq"]
    if one.told["outcome"] not in DECIDED:
        raise ValueError(f"not decided: {one.told}")
    if (one.told["outcome"] == "applied") != (change is not None):
        raise Wrong(f"told {one.told['outcome']}, and the feed has {change}")
    if change is not None and (change["seq"], change["time_ms"], change["entities"]) != (
            one.told["seq"], one.told["time_ms"], one.told["entities"]):
        raise Wrong(f"told {one.told}, and the feed has {change}")
    return one.told["seq"]


def check_times(ordered):
    latest = -math.inf
    for one in ordered:
        if one.returned < latest:
            raise Wrong(f"was told before something was sent that came before it: {one}")
        latest = max(latest, one.invoked)


def replay(ordered, applied):
    """The model behind the last one, and each state of each entity with the operation that made it."""
    model, states = Model(), collections.defaultdict(list)
    for one in ordered:
        told = one.told or applied[one.command["key"]] | {"outcome": "applied"}
        wanted = model.run(one.command, told["time_ms"])
        for key, value in wanted.items():
            if told.get(key) != value:
                raise Wrong(f"{key} is {told.get(key)}, and should be {value}: {one}")
        if wanted["outcome"] == "applied":
            for entity in wanted["entities"]:
                of_entity = states[(entity["kind"], entity["id"])]
                if entity["version"] > len(of_entity):
                    of_entity.append((one, entity["fields"]))
    return model, states


def check_reads(reads, states):
    for name in {(read.kind, read.id) for read in reads}:
        made = states.get(name, [])
        sent_until, told_from = [-math.inf], [math.inf]
        for one, _ in made:
            sent_until.append(max(sent_until[-1], one.invoked))
        for one, _ in reversed(made):
            told_from.append(min(told_from[-1], one.returned))
        told_from.reverse()  # [v]: when somebody was first told of what came behind version v
        earlier = []
        for read in sorted((one for one in reads if (one.kind, one.id) == name),
                           key=lambda one: one.invoked):
            if read.version > len(made) or read.fields != (
                    made[read.version - 1][1] if read.version else {}):
                raise Wrong(f"a read of what never was: {read}")
            if sent_until[read.version] > read.returned:
                raise Wrong(f"a read of what was not sent yet: {read}")
            if told_from[read.version] < read.invoked:
                raise Wrong(f"a read of the past: {read}")
            if any(one.returned < read.invoked and one.version > read.version for one in earlier):
                raise Wrong(f"a read that is older than one before it: {read}")
            earlier.append(read)
