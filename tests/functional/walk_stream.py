"""What happens, while it happens."""

import json

from support import Person
from walk import CONTRACT, Walk


class StreamWalk(Walk):
    def test_the_stream(self):
        self.call("openStream", 200)
        self.call("openStream", 200, query="?community=1", who=self.mio)
        self.call("openStream", 400, query="?community=x")
        self.call("openStream", 404, query="?community=2")
        self.call("openStream", 200, query="?topic=timeline", who=self.mio)
        self.call("openStream", 401, query="?topic=timeline")
        self.call("openStream", 400, query="?topic=weather", who=self.mio)
        self.call("openStream", 400, query="?topic=timeline&community=1", who=self.mio)
        content = CONTRACT.operations["openStream"]["responses"][200]["content"]
        events = content["text/event-stream"]["x-events"]
        _, connection = self.server.stream(query="?community=1", last_event_id="unknown")
        person = Person(self.server, "speaker")
        def expect(*names):
            for name in names:
                event = connection.read_event()
                self.assertEqual(event["event"], name)
                data = json.loads(event["data"])
                self.assertEqual(CONTRACT.mismatches(events[name], data, name), [])
            return data

        made = person.post(self.server, "live", language="ja")
        self.assertEqual(made.status, 201)
        seen = [("Matsuri-Position", made.headers["matsuri-position"])]
        comment = self.call("createComment", 201, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("ready", "reset", "post", "post")["parent"], made.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 1)
        seen = [("Matsuri-Position", comment.headers["matsuri-position"])]
        self.call("editPost", 200, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("post_changed")["text"], "edited")
        self.call("deletePost", 200, who=person, post=comment.json["id"], headers=seen)
        self.assertEqual(expect("post_deleted")["post"], comment.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 0)
        connection.close()

    def test_a_timeline_is_live(self):
        fan, star = Person(self.server, "live_fan"), Person(self.server, "live_star")
        known = [("Matsuri-Position", star.position)]  # the timeline knows both by then
        _, connection = self.server.stream(who=fan, query="?topic=timeline")

        def expect(name):
            event = connection.read_event()
            self.assertEqual(event["event"], name)
            return json.loads(event["data"])

        expect("ready")
        star.post(self.server, "before anybody followed")
        followed = self.call("followAccount", 200, who=fan, handle="live_star", headers=known)
        # A post that was told of in the same moment as the follow may be heard before the reset.
        while connection.read_event()["event"] != "reset":
            pass
        seen = [("Matsuri-Position", followed.headers["matsuri-position"])]
        before = self.call("getTimeline", 200, who=fan, headers=seen).json["posts"]
        self.assertEqual([one["text"] for one in before], ["before anybody followed"])
        star.post(self.server, "for my fans")
        self.assertEqual(expect("post")["text"], "for my fans")
        connection.close()
