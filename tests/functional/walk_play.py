"""The raid that `matsuri raid` makes, and who they are that play it."""

import time

from game_client import command, new_key
from support import Person
from walk import Walk

STANDS = {"entity": 0, "field": "hp", "is": ">", "value": 0}


class PlayWalk(Walk):
    def test_people(self):
        sora, yume = Person(self.server, "sora_p"), Person(self.server, "yume_p")

        def names(who, *ids):
            people = self.call("listPeople", 200, who=who, query=f"?id={','.join(ids)}").json["people"]
            return sorted(one["handle"] for one in people)

        both = (sora.id, yume.id)
        self.assertEqual(names(None, *both), ["sora_p", "yume_p"])
        self.assertEqual(names(sora, *both, *both, "999"), ["sora_p", "yume_p"])
        self.assertEqual(names(None, *[sora.id] * 51), ["sora_p"])
        many = [str(number) for number in range(1, 51)]
        self.assertEqual(names(None, *many), [])
        for query in ("", "?id=", "?id=x", "?id=1,,2", "?id=1,", f"?id={','.join(many)},51",
                      "?id=1&id=2"):
            self.call("listPeople", 400, query=query)
        self.call("blockAccount", 204, who=sora, handle="yume_p")
        for who, left in ((sora, ["sora_p"]), (yume, ["yume_p"]), (None, ["sora_p", "yume_p"])):
            self.assertEqual(names(who, *both), left)

    def test_the_raid(self):
        self.call("getPlay", 404)
        said = self.server.run("raid")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("/play shows title", said.stdout)
        self.assertEqual(self.server.run("raid").stdout, said.stdout)
        deadline = time.monotonic() + 20
        while self.server.request("GET", "/v1/play").status != 200:
            self.assertLess(time.monotonic(), deadline, "the server never hears of the title")
            time.sleep(0.05)
        play = self.call("getPlay", 200).json
        title = {"title": play["title"]["id"]}
        self.assertEqual(play["title"], self.call("getTitle", 200, **title).json)
        self.assertIn(play["title_key"], said.stdout)
        hana, kaze = (self.plays(play, Person(self.server, handle)) for handle in ("hana_p", "kaze_p"))

        # The rules are the server's: nobody is healed after death, nobody strikes a boss that fell.
        def run(player, steps, guards=(), entity=("raider", "7"), **more):
            wanted = command("raid-test", [entity], steps, guards, key=new_key(), **more)
            body = {"commands": [wanted]}
            told = self.call("runCommands", 200, headers=player, body=body, **title).json
            return told["outcomes"][0]["outcome"]

        def step(do, value, field="hp", **more):
            return [{"entity": 0, "field": field, "do": do, "value": value} | more]

        heal = step("add_clamp", 20, bound=100)
        self.assertEqual(run(hana, step("set_if_absent", 101)), "invalid")
        self.assertEqual(run(hana, step("set_if_absent", 100)), "applied")
        self.assertEqual(run(kaze, heal), "invalid")  # without the guard
        self.assertEqual(run(kaze, step("add_clamp", 20), [STANDS]), "invalid")  # without the bound
        self.assertEqual(run(kaze, step("add_clamp", 31, bound=100), [STANDS]), "invalid")
        self.assertEqual(run(kaze, step("sub_clamp", 40)), "invalid")
        self.assertEqual(run(kaze, step("sub_clamp", 41), [STANDS]), "invalid")
        for outcome in ("applied", "applied", "applied", "rejected"):
            self.assertEqual(run(kaze, step("sub_clamp", 40), [STANDS]), outcome)
        self.assertEqual(run(kaze, heal, [STANDS]), "rejected")
        self.assertEqual(run(hana, step("set_if_absent", 100)), "applied")  # and changes nothing
        self.assertEqual(run(hana, step("add", 5, "damage"), [STANDS]), "rejected")
        for wrong in (step("set", 100), step("add", 50), step("max", 100),
                      [{"entity": 0, "do": "remove"}]):
            self.assertEqual(run(hana, wrong, [STANDS]), "invalid")
        fallen = self.call("getGameEntity", 200, headers=hana, arena="raid-test", kind="raider",
                           id="7", **title).json["entity"]
        self.assertEqual(fallen["fields"], {"hp": 0})
        boss = ("boss", "catfish")
        self.assertEqual(run(hana, step("set_if_absent", 60), entity=boss), "applied")
        self.assertEqual(run(hana, step("sub_clamp", 60), entity=boss), "invalid")
        self.assertEqual(run(hana, step("sub_clamp", 61), [STANDS], boss), "invalid")
        for outcome in ("applied", "rejected"):
            self.assertEqual(run(hana, step("sub_clamp", 60), [STANDS], boss), outcome)

    def plays(self, play, person):
        session = self.call("openGameSession", 201, who=person, title=play["title"]["id"],
                            body={"title_key": play["title_key"]}).json
        return [("Authorization", f"Bearer {play['title_key']}"),
                ("Matsuri-Player", session["player_token"])]
