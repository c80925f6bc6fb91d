#!/usr/bin/env python3
"""Goal: a viewer who films the broadcast gets the points, and nobody else does; whatever happens to the
closure, to the server and to both, what was answered ok is granted once.
"""

import os
import pathlib
import shutil
import signal
import tempfile
import time
import unittest

import support
from checkin_client import Viewer, broadcast_at, build_programme, closure_of, make_video, pictures_of
from game_client import new_key

SECONDS = 60
POINTS = 120
WINDOWS = f'[[window]]\nstart = 1\nend = {SECONDS - 1}\ncampaign = "evening"\npoints = {POINTS}\n'


class Programme:
    """Built once for all tests: a video with its closure, and another channel."""

    @classmethod
    def build(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="matsuri_programme_"))
        video = make_video(folder / "show.mp4", SECONDS, 7)
        cls.pictures = pictures_of(video)
        cls.other_pictures = pictures_of(make_video(folder / "else.mp4", SECONDS, 8))
        cls.closure = build_programme(support.BINARY, folder, video, WINDOWS)
        cls.folder = folder


def setUpModule():  # unittest's name
    if shutil.which("ffmpeg") is None:
        support.skip_program("ffmpeg, which makes the broadcast, is not there")
    Programme.build()


def tearDownModule():
    shutil.rmtree(Programme.folder)


def runs(process):
    """Whether it has not ended. A zombie has: not every process 1 takes up those of the dead."""
    try:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


class CheckinTest(unittest.TestCase):
    def setUp(self):
        self.server = support.Server()
        self.addCleanup(self.server.remove)
        self.admin = support.Person(self.server, "studio").becomes_admin(self.server)
        title = self.server.request("POST", "/v1/titles", {"names": {"en": "Evening"}},
                                    who=self.admin).json["id"]
        made = self.server.request("POST", "/v1/points/campaigns", {
            "key": new_key(), "name": "evening", "title": title, "budget": 100 * POINTS}, who=self.admin)
        self.assertEqual(made.status, 201, made)
        added = self.server.run("program", "add", str(Programme.closure))
        self.assertEqual(added.returncode, 0, added.stderr)
        self.programme = self.wait_until_serving()
        self.start_ms = int(time.time() * 1000) - 3000
        self.broadcast(self.start_ms)

    def programmes(self):
        return self.server.request("GET", "/v1/checkin/programmes").json["programmes"]

    def wait_until_serving(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for one in self.programmes():
                if one["state"] == "serving":
                    return one["id"]
            time.sleep(0.05)
        raise AssertionError(self.server.log()[-3000:])

    def broadcast(self, start_ms):
        changed = self.server.request("PUT", f"/v1/checkin/programmes/{self.programme}",
                                      broadcast_at(start_ms), who=self.admin)
        self.assertEqual(changed.status, 200, changed)

    def viewer(self, person):
        def ask(method, path, body):
            answer = self.server.request(method, path, body, who=person)
            self.assertEqual(answer.status, 200, answer)
            return answer.json
        return Viewer(ask, self.programme, Programme.pictures, self.start_ms)

    def own(self, person):
        return self.server.request("GET", "/v1/checkin/me", who=person).json["checkins"]

    def wait_until_settled(self, person):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            checkins = self.own(person)
            if checkins and checkins[0]["status"] != "pending":
                return checkins
            time.sleep(0.05)
        raise AssertionError(f"{self.own(person)}\n{self.server.log()[-3000:]}")

    def balance(self, person):
        return self.server.request("GET", "/v1/points/me", who=person).json["balance"]

    def closure_process(self):
        return closure_of(self.server.process.pid)

    def test_who_films_the_broadcast_gets_the_points_once(self):
        person = support.Person(self.server, "viewer")
        viewer = self.viewer(person)
        self.assertEqual(viewer.check_in(), {"answer": "ok", "window": 1, "campaign": "evening",
                                             "points": POINTS})
        settled = self.wait_until_settled(person)
        self.assertEqual([(one["window"], one["status"], one["points"]) for one in settled],
                         [(1, "granted", POINTS)])
        self.assertEqual(self.balance(person), POINTS)
        # The same window once more is the same check-in.
        self.assertEqual(viewer.check_in()["answer"], "ok")
        self.server.restart()
        self.wait_until_serving()
        self.assertEqual(len(self.own(person)), 1)
        self.assertEqual(self.balance(person), POINTS)

    def test_who_films_something_else_does_not(self):
        person = support.Person(self.server, "elsewhere")
        answer = self.viewer(person).check_in(Programme.other_pictures)
        self.assertEqual(answer["answer"], "retry")
        self.assertNotIn("score", answer)
        self.assertEqual(self.own(person), [])

    def test_a_closure_that_is_killed_comes_back_and_loses_nothing(self):
        people = [support.Person(self.server, f"killed{i}") for i in range(3)]
        for person in people:
            self.assertEqual(self.viewer(person).check_in()["answer"], "ok")
            os.kill(self.closure_process(), signal.SIGKILL)
            deadline = time.monotonic() + 30
            while self.programmes()[0]["state"] == "serving" and time.monotonic() < deadline:
                time.sleep(0.01)
            self.wait_until_serving()
        for person in people:
            self.assertEqual(self.wait_until_settled(person)[0]["status"], "granted")
            self.assertEqual(self.balance(person), POINTS)

    def test_a_server_that_is_killed_takes_its_closure_along(self):
        person = support.Person(self.server, "survivor")
        self.assertEqual(self.viewer(person).check_in()["answer"], "ok")
        closure = self.closure_process()
        self.server.stop(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while runs(closure) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(runs(closure))
        self.server.start()
        self.wait_until_serving()
        self.assertEqual(self.wait_until_settled(person)[0]["status"], "granted")
        self.assertEqual(self.balance(person), POINTS)
        closure = self.closure_process()
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(pathlib.Path(f"/proc/{closure}").exists())

    def test_before_the_programme_nobody_checks_in(self):
        self.broadcast(int(time.time() * 1000) + 3_600_000)
        person = support.Person(self.server, "early")
        answer = self.server.request("GET", f"/v1/checkin/{self.programme}/ticket", who=person).json
        self.assertEqual(answer["answer"], "not_now")
        self.assertGreater(answer["retry_in_ms"], 3_500_000)

    def test_what_is_no_closure_is_not_added(self):
        notes = pathlib.Path(self.server.folder) / "notes.checkin"
        notes.write_text("no programme\n", encoding="utf-8")
        refused = self.server.run("program", "add", str(notes))
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("has no programme in it that is whole", refused.stderr)
        self.assertEqual(len(self.programmes()), 1)


if __name__ == "__main__":
    unittest.main()
