"""Analytics: what games did, counted by day. The titles are those of walk_game.py."""

import datetime
import time

from game_client import command
from support import Person
from walk import Walk

DAY_COUNT_MAX = 92


def day(text, later=0):
    return (datetime.date.fromisoformat(text) + datetime.timedelta(days=later)).isoformat()


class AnalyticsWalk(Walk):
    def count_now(self, admin):
        """Asks for a run, and gives it when it has ended."""
        before = self.call("listAnalyticsRuns", 200, who=admin).json
        newest = max((int(run["id"]) for run in before["runs"]), default=0)
        for _ in range(400):
            # Where one was on its way already, it may have begun before what is to be counted.
            self.call("askForAnalyticsRun", 202, who=admin)
            told = self.call("listAnalyticsRuns", 200, who=admin).json
            ended = [run for run in told["runs"] if int(run["id"]) > newest and run["state"] == "done"]
            if ended:
                return ended[-1]
            time.sleep(0.05)
        raise AssertionError(told)

    def report(self, game, admin, query=""):
        return self.call("getAnalytics", 200, who=admin, title=game.title, query=query).json

    def test_a_title_is_counted(self):
        self.stay_in_one_day()
        game, admin = self.game()
        player = game.player(self.mio.headers(self.server))
        gold = [{"entity": 0, "field": "gold", "do": "add", "value": 70}]
        hit = command("raid-1", [("raider", self.mio.id)], reason="raid.hit", steps=[
            {"entity": 0, "field": "damage", "do": "add", "value": 30}])
        lost = command("raid-1", [("treasure", "t")], reason="shop.buy", steps=[
            {"entity": 0, "field": "gold", "do": "sub", "value": 25}], guards=[
            {"entity": 0, "field": "gold", "is": ">=", "value": 60}])
        self.run_at(game, command("raid-1", [("treasure", "t")], gold, reason="shop.mint"), lost,
                    lost | {"key": command("x", (), ())["key"]})
        self.run_at(game, hit, who=player)
        run = self.count_now(admin)
        self.assertEqual((run["state"], run["asked_by"], run["error"]), ("done", "admin", None))
        self.assertEqual(run["done"], run["total"])

        told = self.report(game, admin)
        self.assertEqual((len(told["days"]), told["zone"]), (28, "UTC"))
        self.assertEqual(told["from"], day(told["to"], -27))
        self.assertGreaterEqual(told["as_of_ms"], run["started_ms"])
        today = told["days"][-1]
        self.assertEqual((today["active"], today["first_time"], today["raids"]), (1, 1, 1))
        self.assertEqual(today["commands"], {"applied": 3, "rejected": 1, "version_mismatch": 0,
                                             "linked_failed": 0})
        self.assertEqual(told["retention"], [{"cohort": told["to"], "accounts": 1, "day_1": None,
                                              "day_7": None, "day_30": None}])
        reasons = {one["reason"]: (one["applied"], one["rejected"]) for one in told["reasons"]}
        self.assertEqual(reasons, {"shop.mint": (1, 0), "shop.buy": (1, 1), "raid.hit": (1, 0)})
        fields = {(one["kind"], one["field"]): one for one in told["economy"]}
        self.assertEqual(set(fields), {("treasure", "gold"), ("raider", "damage")})
        gold = fields["treasure", "gold"]
        self.assertEqual((gold["in"], gold["out"], gold["days"][-1]), (70, 25, {"in": 70, "out": 25}))
        self.assertEqual({one["reason"]: (one["in"], one["out"]) for one in gold["reasons"]},
                         {"shop.mint": (70, 0), "shop.buy": (0, 25)})
        raid = told["raids"][0]
        self.assertEqual((raid["arena"], raid["participants"], raid["applied"], raid["refused"]),
                         ("raid-1", 1, 3, 1))
        listed = self.call("listAnalyticsTitles", 200, who=admin).json["titles"]
        mine = [one for one in listed if one["title"]["id"] == game.title]
        self.assertEqual([(one["commands"], one["last_day"]) for one in mine], [(4, told["to"])])
        # What comes later is added to it, once.
        self.run_at(game, command("raid-2", [("treasure", "t")], reason="shop.mint", steps=[
            {"entity": 0, "field": "gold", "do": "set", "value": -4}]))
        self.count_now(admin)
        self.count_now(admin)
        gold = self.report(game, admin)["economy"][0]
        self.assertEqual((gold["in"], gold["out"]), (70, 29))

    def test_days_of_a_report(self):
        game, admin = self.game()
        title = {"title": game.title, "who": admin}
        told = self.report(game, admin, "?from=2026-02-01&to=2026-02-28")
        self.assertEqual([one["day"] for one in told["days"]], [day("2026-02-01", later) for later in range(28)])
        self.assertEqual((told["retention"], told["economy"], told["raids"]), ([], [], []))
        most = day("2026-01-01", DAY_COUNT_MAX - 1)
        self.assertEqual(len(self.report(game, admin, f"?from=2026-01-01&to={most}")["days"]),
                         DAY_COUNT_MAX)
        for query in (f"?from=2026-01-01&to={day(most, 1)}", "?from=2026-02-02&to=2026-02-01",
                      "?from=2026-02-29", "?to=tomorrow", "?to=", "?from=1969-12-31",
                      "?to=2100-01-01", "?from=2026-01-01&from=2026-01-02"):
            self.call("getAnalytics", 400, query=query, **title)
        self.assertEqual(len(self.report(game, admin, "?to=2026-01-01")["days"]), 28)
        tomorrow = day(self.report(game, admin)["to"], 1)
        self.assertEqual(len(self.report(game, admin, f"?from={tomorrow}")["days"]), 1)

    def test_who_sees_analytics(self):
        game, admin = self.game()
        helper = Person(self.server, f"as{time.monotonic_ns() % 10**12}")
        asked = {"title": game.title}
        for name in ("listAnalyticsTitles", "listAnalyticsRuns", "askForAnalyticsRun"):
            self.call(name, 403, who=helper)
        self.call("getAnalytics", 403, who=helper, **asked)
        for role, status in (("moderator", 403), ("support", 200)):
            self.call("setRole", 200, who=admin, handle=helper.handle, body={"role": role})
            self.call("getAnalytics", status, who=helper, **asked)
            self.call("listAnalyticsTitles", status, who=helper)
            self.call("listAnalyticsRuns", status, who=helper)
            self.call("askForAnalyticsRun", 403, who=helper)
        self.call("getAnalytics", 404, who=admin)
        self.call("getAnalytics", 404, who=admin, title="x")
        self.call("getAnalytics", 200, headers=game.server, **asked)
        self.call("getAnalytics", 403, headers=game.player(self.mio.headers(self.server)), **asked)
        other, _ = self.game()
        self.call("getAnalytics", 401, headers=other.server, **asked)
        self.call("getAnalytics", 401, **asked)
